"""The people who may log in, as the commands add and list them."""

from typing import Any

import click

from hub.cli.terminal import say, who


def add_person(name: str, role: str, password: str | None) -> None:
    """Add a person, asking for a password if none is given."""
    from hub.db.engine import transaction
    from hub.security import audit
    from hub.web import people

    if password is None:
        password = click.prompt("Password", hide_input=True, confirmation_prompt="The same again")
    with transaction() as session:
        people.add(session, name, password or "", role)
        audit.record(session, who(), "person added", name, role=role)
    say(f"{name} can log in as {role}.")


def people() -> list[tuple[str, str, bool]]:
    """Return everyone: name, role, whether they may log in now."""
    from sqlalchemy import select

    from hub.db.engine import reading
    from hub.models import User

    everyone = []
    with reading() as session:
        for user in session.scalars(select(User).order_by(User.id)):
            name = str(user.username or user.email)
            everyone.append((name, _roles(user), bool(user.active)))
    return everyone


def _roles(user: Any) -> str:
    """Return the roles of a person, separated by commas."""
    from hub.security.rights import rights_of

    return rights_of(user).role()
