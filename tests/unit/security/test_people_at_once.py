"""What two people do to the accounts of people at the same moment."""

import threading
from contextlib import suppress

import pytest

from hub.db.engine import read_only_session, transaction
from hub.errors import NotNow, Refused
from hub.security import people, rights
from hub.security.rights import WHOLE_HUB, Right
from tests.support.servers.blocked_transactions import wait_until_blocked

NAMES = ("kari@example.com", "ola@example.com")
ACTS = {
    "withdraw": lambda session, person: rights.withdraw(session, person, WHOLE_HUB),
    "assign": lambda session, person: rights.assign(session, person, "viewer"),
    "disable": lambda session, person: people.change_active(session, person, active=False),
}


@pytest.mark.parametrize("act", ACTS)
def test_two_owners_who_demote_each_other_leave_one(pg_app, act):
    with transaction() as session:
        for name in NAMES:
            people.insert(session, name, "x", [Right("owner")])
    refusals = []

    def demote_the_other():
        with pg_app.app_context(), transaction() as session:
            try:
                ACTS[act](session, people.get(session, NAMES[1]))
            except NotNow as error:
                refusals.append(error.text)

    other = threading.Thread(target=demote_the_other)
    with transaction() as session:
        ACTS[act](session, people.get(session, NAMES[0]))
        session.flush()
        other.start()
        other.join(0.2)  # it waits for this transaction
    other.join()
    assert refusals == [f"{NAMES[1]} is the only owner. Make someone else owner first."]
    with read_only_session() as session:
        assert rights.get_rights(people.get(session, NAMES[1])).may("owner")


def test_a_person_who_is_added_twice_at_the_same_moment_is_added_once(pg_app):
    new = people.NewPerson(NAMES[0], "x")
    refusals = []

    def add_again():
        with pg_app.app_context(), suppress(Refused), transaction() as session:
            try:
                people.add(session, new, "viewer")
            except Refused as error:
                refusals.append(error.text)
                raise

    other = threading.Thread(target=add_again)
    with transaction() as session:
        people.add(session, new, "owner")
        session.flush()
        other.start()
        wait_until_blocked(session)
    other.join()
    assert refusals == [f"There is already a person named {NAMES[0]}."]
    with read_only_session() as session:
        assert rights.get_rights(people.get(session, NAMES[0])).may("owner")
