"""What two people do to the accounts of people at the same moment."""

import threading
from contextlib import suppress

import pytest
from sqlalchemy import delete

from hub.db.engine import read_only_session, transaction
from hub.errors import NotNow, Refused
from hub.models import ConnectedCompany
from hub.security import invitations, people, person_changes, rights
from hub.security.rights import WHOLE_HUB, Right, Subject
from tests.support.servers.blocked_transactions import wait_until_blocked

COMPANY = Subject(901)
NAMES = ("kari@example.com", "ola@example.com")
ACTS = {
    "withdraw": lambda session, person: rights.withdraw(session, person, WHOLE_HUB),
    "assign": lambda session, person: rights.assign(session, person, "viewer"),
    "disable": lambda session, person: person_changes.change_active(
        session, person, active=False, who="olga"
    ),
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


@pytest.mark.parametrize(
    ("later", "roles"),
    [
        (lambda session, person: rights.assign(session, person, "operator", COMPANY), ["operator"]),
        (lambda session, person: rights.withdraw(session, person, COMPANY), []),
    ],
)
def test_a_person_has_one_role_for_a_subject_after_two_changes_at_once(pg_app, later, roles):
    now = pg_app.extensions["hub"].clock.now()
    with transaction() as session:
        session.add(ConnectedCompany(id=COMPANY.company_id, realm="901", name="", connected_at=now))
        people.insert(session, NAMES[0], "x", [])

    def change_too():
        with pg_app.app_context(), transaction() as session:
            later(session, people.get(session, NAMES[0]))

    other = threading.Thread(target=change_too)
    with transaction() as session:
        rights.assign(session, people.get(session, NAMES[0]), "viewer", COMPANY)
        session.flush()
        other.start()
        wait_until_blocked(session)
    other.join()
    with read_only_session() as session:
        assigned = rights.get_rights(people.get(session, NAMES[0])).rights
        assert assigned == tuple(Right(role, COMPANY) for role in roles)


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


def test_an_address_that_is_invited_twice_at_the_same_moment_has_one_invitation(pg_app):
    refusals = []

    def invite_again():
        with pg_app.app_context(), suppress(Refused), transaction() as session:
            try:
                invitations.invite(session, NAMES[0], [Right("owner")], "ola")
            except Refused as error:
                refusals.append(error.text)
                raise

    other = threading.Thread(target=invite_again)
    with transaction() as session:
        invitations.invite(session, NAMES[0], [Right("viewer")], "kari")
        other.start()
        wait_until_blocked(session)
    other.join()
    assert refusals == [
        f"Somebody else invited {NAMES[0]} at the same moment. Check the rights of that invitation."
    ]
    with read_only_session() as session:
        assert invitations.find(session, NAMES[0]).role == "viewer"


def test_an_invitation_to_a_company_that_is_removed_at_the_same_moment_is_refused(pg_app):
    with transaction() as session:
        people.insert(session, NAMES[1], "x", [Right("owner")])
        now = pg_app.extensions["hub"].clock.now()
        company = ConnectedCompany(realm="901", name="Alta Bygg AS", connected_at=now)
        session.add(company)
        session.flush()
        company_id = company.id
        right = Right("viewer", Subject(company_id))
        invitation, _ = invitations.invite(session, NAMES[0], [right], NAMES[1])
    refusals = []

    def accept():
        with pg_app.app_context(), suppress(Refused), transaction() as session:
            try:
                invitations.accept(session, invitation, "y")
            except Refused as error:
                refusals.append(error.text)
                raise

    other = threading.Thread(target=accept)
    with transaction() as session:
        session.execute(delete(ConnectedCompany).where(ConnectedCompany.id == company_id))
        other.start()
        wait_until_blocked(session)
    other.join()
    (refusal,) = refusals
    assert refusal.startswith("This invitation was used, renewed or withdrawn a moment ago.")
    with read_only_session() as session:
        assert people.find(session, NAMES[0]) is None
