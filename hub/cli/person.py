"""The person of the hub for whom a command acts, given by `hub --as NAME`.

A command without `--as` acts with the keys of the data folder and may do everything.
"""

from typing import TYPE_CHECKING

import click

from hub.errors import Refused

if TYPE_CHECKING:
    from hub.security.rights import Rights, Scope

# Keys in the context of the command: the name of the person as the hub spells it, and the rights of
# the person, once they are read.
PERSON_KEY = "hub.person"
RIGHTS_KEY = "hub.rights"


class RoleNeeded(Refused):
    """The person of `--as` lacks the role that a command needs."""

    def __init__(self, person: str, command: str, role: str, subject: str) -> None:
        super().__init__(
            "%(person)s may not do `%(command)s`: it needs the role %(role)s for %(subject)s. An"
            " owner can give it with `hub users role`.",
            person=person,
            command=command,
            role=role,
            subject=subject,
        )


def name() -> str:
    """Return the name of the person that the command acts for, "" for nobody in particular."""
    context = click.get_current_context(silent=True)
    if context is None:
        return ""
    person = context.find_root().params.get("person")
    return str(context.meta.get(PERSON_KEY) or person or "")


def load_rights() -> "Rights":
    """Return the rights of the person, which are read once.

    Raise NotFound for an unknown person, and Refused for one who is disabled.
    """
    from hub.db.engine import read_only_session
    from hub.security import people
    from hub.security.rights import get_rights

    meta = click.get_current_context().meta
    if RIGHTS_KEY not in meta:
        with read_only_session() as session:
            user = people.get(session, name())
            if not user.active:
                raise Refused(f"{name()} is disabled; `hub users enable` undoes that.")
            meta[PERSON_KEY] = user.name
            meta[RIGHTS_KEY] = get_rights(user)
    rights: Rights = meta[RIGHTS_KEY]
    return rights


def visible_rows(role: str) -> "Scope":
    """Return the rows for which the person has a role; without a person these are all rows."""
    from hub.db.engine import read_only_session
    from hub.security.rights import Scope, build_scope

    if not name():
        return Scope(is_everything=True)
    with read_only_session() as session:
        return build_scope(session, load_rights(), role)


def refusal(role: str, subject: str) -> RoleNeeded:
    """Return the error for a role that the person lacks, and record that it was refused."""
    from hub.security import refusals

    command = f"hub {command_words()}"
    refusals.note("request refused", name(), command)
    return RoleNeeded(name(), command, role, subject)


def command_words() -> str:
    """Return the words of the command after `hub`, like "users add"."""
    names: list[str] = []
    context: click.Context | None = click.get_current_context()
    while context is not None and context.parent is not None:
        names.insert(0, context.info_name or "")
        context = context.parent
    return " ".join(names)
