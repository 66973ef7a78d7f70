"""The role that each command needs for a person, and its subjects, as on the pages.

A command that has no entry here is refused for a person.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from hub.cli import person
from hub.cli.selection import MAX_ROW_ID, find_company
from hub.errors import NotFound, Refused

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from hub.models import Installation
    from hub.security.rights import Subject


class NotForPerson(Refused):
    """A command was called with `--as` that cannot be done with the rights of a person."""

    def __init__(self, command: str) -> None:
        super().__init__(
            "`%(command)s` cannot be done with the rights of one person. Leave --as out.",
            command=command,
        )


class NamedSubject(NamedTuple):
    """A subject of a command, with its name for a sentence."""

    name: str
    subject: "Subject"


Options = Mapping[str, Any]
Subjects = Callable[["Session", Options], Iterator[NamedSubject]]


class Requirement(NamedTuple):
    """The least role of a command, and the function that reads its subjects from its options.

    Without `subjects` the command works on what the person may see, so that any right is enough.
    """

    role: str
    subjects: Subjects | None = None


def _iter_hub_target(session: "Session", options: Options) -> Iterator[NamedSubject]:
    """Yield the hub as a whole."""
    from hub.security.rights import WHOLE_HUB

    yield NamedSubject("everything", WHOLE_HUB)


def _iter_company_target(session: "Session", options: Options) -> Iterator[NamedSubject]:
    """Yield the company of the realm; nothing for a command that goes through all of them."""
    from hub.security.rights import Subject

    if options["realm"] is None:
        return
    row = find_company(options["realm"])
    yield NamedSubject(row.display_name, Subject(row.id))


def _iter_app_target(session: "Session", options: Options) -> Iterator[NamedSubject]:
    """Yield the app at the company of the realm, or at the only company."""
    from hub.security.rights import Subject

    row = find_company(options["realm"])
    slug = options["slug"]
    yield NamedSubject(f"{slug} in {row.display_name}", Subject(row.id, slug))


def _iter_enabled_apps(session: "Session", options: Options) -> Iterator[NamedSubject]:
    """Yield the app at each company that it is enabled for; nothing without the name of an app."""
    from sqlalchemy import select

    from hub.models import ConnectedCompany, Installation
    from hub.security.rights import Subject

    slug, realm = options["slug"], options["realm"]
    if slug is None:
        return
    query = select(Installation).join(ConnectedCompany).where(Installation.slug == slug)
    query = query.where(*person.visible_rows("viewer").installations())
    if realm is not None:
        query = query.where(ConnectedCompany.realm == realm)
    for row in session.scalars(query):
        company_name = row.company.display_name
        yield NamedSubject(f"{slug} in {company_name}", Subject(row.company_id, slug))


def _iter_posting_targets(session: "Session", options: Options) -> Iterator[NamedSubject]:
    """Yield the postings of the ids."""
    for id_ in options.get("ids") or (options["id_"],):
        yield _select_target(session, "posting", id_)


def _iter_run_target(session: "Session", options: Options) -> Iterator[NamedSubject]:
    """Yield the run of the id; nothing for the list of runs."""
    if options["run_id"] is not None:
        yield _select_target(session, "run", options["run_id"])


def _iter_posting_or_run(session: "Session", options: Options) -> Iterator[NamedSubject]:
    """Yield the posting, or the run whose postings the command names.

    The command checks the form.
    """
    kind, _, number = options["target"].rpartition(":")
    if kind in ("", "run") and number.isdecimal() and 0 < int(number) <= MAX_ROW_ID:
        yield _select_target(session, kind or "posting", int(number))


def _select_target(session: "Session", kind: str, id_: int) -> NamedSubject:
    """Return the app or company of a posting or run.

    Raise NotFound for one that the person may not see, as for one that does not exist.
    """
    from hub.security import subjects

    targets = subjects.resolve(session, {f"{kind}_id": id_})
    if targets is None or not targets[0].is_visible_to(person.load_rights()):
        raise NotFound(kind, str(id_))
    return NamedSubject(f"{kind} {id_}", targets[0].subject)


# The requirement of each command, by its words.
REQUIREMENTS: Mapping[str, Requirement] = {
    "users add": Requirement("owner", _iter_hub_target),
    "users list": Requirement("owner", _iter_hub_target),
    "users role": Requirement("owner", _iter_hub_target),
    "users disable": Requirement("owner", _iter_hub_target),
    "users enable": Requirement("owner", _iter_hub_target),
    "users reset-factor": Requirement("owner", _iter_hub_target),
    "users reset": Requirement("owner", _iter_hub_target),
    "tokens create": Requirement("owner", _iter_hub_target),
    "tokens list": Requirement("owner", _iter_hub_target),
    "tokens revoke": Requirement("owner", _iter_hub_target),
    "companies add": Requirement("owner", _iter_hub_target),
    "companies list": Requirement("viewer"),
    "companies check": Requirement("operator", _iter_company_target),
    "companies batches": Requirement("owner", _iter_company_target),
    "companies disconnect": Requirement("owner", _iter_company_target),
    "companies remove": Requirement("owner", _iter_company_target),
    "apps list": Requirement("viewer"),
    "apps enable": Requirement("app-owner", _iter_app_target),
    "apps set": Requirement("app-owner", _iter_app_target),
    "apps disable": Requirement("app-owner", _iter_app_target),
    "apps matches": Requirement("viewer", _iter_app_target),
    "sync": Requirement("operator", _iter_enabled_apps),
    "read": Requirement("app-owner", _iter_enabled_apps),
    "outbox": Requirement("viewer"),
    "cases": Requirement("viewer"),
    "retry": Requirement("operator", _iter_posting_targets),
    "adopt": Requirement("operator", _iter_posting_targets),
    "not-this": Requirement("operator", _iter_posting_targets),
    "overwrite": Requirement("operator", _iter_posting_targets),
    "skip": Requirement("operator", _iter_posting_targets),
    "approve": Requirement("operator", _iter_posting_targets),
    "undo": Requirement("operator", _iter_posting_or_run),
    "reconcile": Requirement("operator", _iter_company_target),
    "runs": Requirement("viewer", _iter_run_target),
}


def check() -> None:
    """Raise an error if the person may not do this command; the hub must be open."""
    if person.name():
        require(_get_requirement().role)


def require(role: str) -> None:
    """Raise RoleNeeded unless the person has a role for all subjects of the command.

    Raise NotFound for a subject that the person may not see, as for one that does not exist.
    """
    from hub.db.engine import read_only_session

    if not person.name():
        return
    rights = person.load_rights()
    if not rights.role_within():
        raise person.refusal(role, "a company or an app")
    subjects = _get_requirement().subjects
    if subjects is None:
        return
    options = click.get_current_context().params
    with read_only_session() as session:
        for name, subject in subjects(session, options):
            if not rights.may(role, subject):
                raise person.refusal(role, name)


def require_settings(row: "Installation", answers: Mapping[str, Any] | None = None) -> None:
    """Raise RoleNeeded unless the person may change the settings of an app, as on its page.

    Raise SettingsInvalid if `answers` raise the limit of one approval, and that takes an owner.
    """
    from hub.context import current_hub
    from hub.db.engine import read_only_session
    from hub.installations import approval_changes
    from hub.security import people
    from hub.security.rights import Subject

    if not person.name():
        return
    app = current_hub().plugins.apps.get(row.slug)
    subject = Subject(row.company_id, row.slug)
    is_personal = app is not None and app.owner_only
    if is_personal:
        with read_only_session() as session:
            is_personal = people.may_configure_own(session, row.owner, subject)
    if not person.load_rights().may_configure(
        subject, row.owner, person.name(), is_personal=is_personal
    ):
        raise person.refusal("owner", f"{row.slug}, which {row.owner} set up")
    is_owner = person.load_rights().may("owner", subject)
    if app is not None and answers and not is_owner and not is_personal:
        approval_changes.refuse_higher_limit(app, row, answers)


def _get_requirement() -> Requirement:
    """Return the requirement of the command; raise NotForPerson if it has no entry."""
    words = person.command_words()
    if words not in REQUIREMENTS:
        raise NotForPerson(f"hub {words}")
    return REQUIREMENTS[words]
