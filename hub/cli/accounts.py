"""The people who may log in, as the commands add, list and change them."""

import sys
from typing import TYPE_CHECKING, Any

import click

from hub.cli import person as caller
from hub.cli.terminal import get_account_name, say

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from hub.models import User


def add_person(
    name: str,
    role: str,
    password: str | None,
    subject: tuple[int | None, str | None] = (None, None),
    *,
    must_change_password: bool = False,
) -> None:
    """Add a person, asking for a password if none is given.

    Without a terminal the password is the next line of standard input, which is not shown anyway.

    `subject` is the company and the app that the role is for; None stands for all. Set
    `must_change_password` if it is not the person who chooses it.
    """
    from hub.db.engine import transaction
    from hub.security import audit, people, person_changes, rights

    if password is None and not sys.stdin.isatty():
        password = sys.stdin.readline().strip()
    if password is None:
        password = click.prompt("Password", hide_input=True, confirmation_prompt="The same again")
    new = people.prepare(name, password or "")
    with transaction() as session:
        person = people.add(session, new, role, must_change_password=must_change_password)
        address = str(person.username)
        text = role
        if subject == rights.WHOLE_HUB:
            audit.record(session, get_account_name(), "person added", address, role=role)
        else:
            person.assignments = []
            audit.record(session, get_account_name(), "person added", address)
            text = person_changes.assign_in_words(
                session, person, role, rights.Subject(*subject), who=get_account_name()
            )
    say(f"{address} can log in as {text}.")
    if must_change_password:
        say("At the first log-in the hub asks for a password of their own.")


def list_people() -> list[dict[str, Any]]:
    """Return all people as the commands print them, oldest first."""
    from sqlalchemy import select

    from hub.db.engine import read_only_session
    from hub.models import User

    with read_only_session() as session:
        people = session.scalars(select(User).order_by(User.id))
        return [_describe_person(session, person) for person in people]


def change_role(
    name: str, role: str, subject: tuple[int | None, str | None]
) -> tuple[dict[str, Any], str]:
    """Give a person a role for a company and app, or take it away; "" is no role.

    Return the person and the right in words.
    """
    from hub.db.engine import transaction
    from hub.security import people as stored
    from hub.security import person_changes, rights

    with transaction() as session:
        person = stored.get(session, name)
        right_subject = rights.Subject(*subject)
        if role:
            text = person_changes.assign_in_words(
                session, person, role, right_subject, who=get_account_name()
            )
        else:
            text = person_changes.withdraw_in_words(
                session, person, right_subject, who=get_account_name()
            )
        return _describe_person(session, person), text


def change_active(name: str, *, active: bool) -> dict[str, Any]:
    """Disable or enable a person; return the person."""
    from hub.db.engine import transaction
    from hub.security import people as stored
    from hub.security import person_changes

    with transaction() as session:
        person = stored.get(session, name)
        person_changes.change_active(session, person, active=active, who=get_account_name())
        return _describe_person(session, person)


def reset_second_factor(name: str) -> dict[str, Any]:
    """Remove the second factors of a person and end their sessions; return the person."""
    from hub.db.engine import transaction
    from hub.security import people as stored
    from hub.security import second_factor

    with transaction() as session:
        person = stored.get(session, name)
        second_factor.reset_lost(session, person, get_account_name())
        return _describe_person(session, person)


def issue_code(name: str) -> dict[str, Any]:
    """Return a code with which a person may set a new password."""
    from hub.context import current_hub
    from hub.db.engine import transaction
    from hub.security import one_time_codes, password_resets, provider_accounts
    from hub.security import people as stored
    from hub.web.authentication import identity_provider

    code = one_time_codes.generate()
    validity = password_resets.OWNERS_CODE_LIFETIME
    with transaction() as session:
        person = stored.get(session, name)
        password_resets.store_code(
            session, person, code, validity, get_account_name(), issued_by=caller.name()
        )
        return {
            "name": str(person.username),
            "code": code,
            "page": f"{current_hub().config.public_url}/new-password",
            "expires_at": current_hub().clock.now() + validity,
            "note": provider_accounts.explain_new_password(
                session, person, identity_provider.get_name()
            ),
        }


def _describe_person(session: "Session", person: "User") -> dict[str, Any]:
    """Return a person as the commands print them."""
    from hub.security.people import get_last_login
    from hub.security.rights import describe, get_rights

    rights = get_rights(person)
    return {
        "name": person.name,
        "role": rights.role(),
        "rights": [describe(session, right) for right in rights.rights],
        "active": bool(person.active),
        "last_login_at": get_last_login(person),
        "must_change_password": bool(person.must_change_password),
    }
