"""The people who may log in, as the commands add, list and change them."""

from typing import Any

import click

from hub.cli.terminal import say, who


def add_person(
    name: str, role: str, password: str | None, *, must_change_password: bool = False
) -> None:
    """Add a person, asking for a password if none is given.

    Set `must_change_password` if it is not the person who chooses it.
    """
    from hub.db.engine import transaction
    from hub.security import audit, people

    if password is None:
        password = click.prompt("Password", hide_input=True, confirmation_prompt="The same again")
    with transaction() as session:
        person = people.add(
            session, name, password or "", role, must_change_password=must_change_password
        )
        address = str(person.username)
        audit.record(session, who(), "person added", address, role=role)
    say(f"{address} can log in as {role}.")
    if must_change_password:
        say("At the first log-in the hub asks for a password of their own.")


def people() -> list[dict[str, Any]]:
    """Return everyone, oldest first."""
    from sqlalchemy import select

    from hub.db.engine import reading
    from hub.models import User

    with reading() as session:
        everyone = session.scalars(select(User).order_by(User.id))
        return [_description(person) for person in everyone]


def change_role(name: str, role: str) -> dict[str, Any]:
    """Give a person another role; return who it is."""
    from hub.db.engine import transaction
    from hub.security import audit
    from hub.security import people as stored
    from hub.security.rights import assign

    with transaction() as session:
        person = stored.get(session, name)
        assign(session, person, role)
        audit.record(session, who(), "role changed", str(person.username), role=role)
        return _description(person)


def change_active(name: str, *, active: bool) -> dict[str, Any]:
    """Disable or enable a person; return who it is."""
    from hub.db.engine import transaction
    from hub.security import audit
    from hub.security import people as stored

    with transaction() as session:
        person = stored.get(session, name)
        stored.change_active(session, person, active=active)
        action = "person enabled" if active else "person disabled"
        audit.record(session, who(), action, str(person.username))
        return _description(person)


def _description(person: Any) -> dict[str, Any]:
    """Return what the commands print of a person."""
    from hub.security.people import last_login_at
    from hub.security.rights import rights_of

    return {
        "name": str(person.username or person.email),
        "role": rights_of(person).role(),
        "active": bool(person.active),
        "last_login_at": last_login_at(person),
        "must_change_password": bool(person.must_change_password),
    }
