"""The last owner of the hub stays one, also if two owners are demoted at the same time."""

import threading

import pytest

from hub.db.engine import read_only_session, transaction
from hub.errors import NotNow
from hub.security import people, rights
from hub.security.rights import WHOLE_HUB, Right

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
        assert rights.rights_of(people.get(session, NAMES[1])).may("owner")
