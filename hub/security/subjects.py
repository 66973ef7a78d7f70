"""The subjects of a request: the companies and apps to which the ids in its address belong."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.models import (
    Case,
    ConnectedCompany,
    Installation,
    Posting,
    Run,
    SourceDocument,
    StoredFile,
)
from hub.security.rights import WHOLE_HUB, Rights, Subject, is_enough

# What a route without ids in its address may be about, and what the ids of another one mean.
HUB = "hub"  # the hub as a whole: the role must be for everything
ANYWHERE = "anywhere"  # a list: the role may be for any company or app, and the list is filtered
OWN = "own"  # the person's own account: any role or none


class Target(NamedTuple):
    """A company or app that a request is about.

    A shared one is visible to everybody who has a role for a part of it.
    """

    subject: Subject
    is_shared: bool = False

    def is_visible_to(self, rights: Rights) -> bool:
        """Return whether a person may know that it exists."""
        if self.is_shared:
            return bool(rights.role_within(self.subject))
        return bool(rights.role(self.subject))

    def allows(self, rights: Rights, least: str) -> bool:
        """Return whether a person has the role that a request needs."""
        if least == "viewer":
            return self.is_visible_to(rights)
        return is_enough(rights.role(self.subject), least)


Targets = tuple[Target, ...]
Arguments = Mapping[str, Any]


def _find_installation_target(session: Session, arguments: Arguments) -> Target | None:
    """Return the app of an installation."""
    query = select(Installation.company_id, Installation.slug)
    return _find_first_app(session, query.where(Installation.id == arguments["installation_id"]))


def _find_document_target(session: Session, arguments: Arguments) -> Target | None:
    """Return the app of a document."""
    query = select(SourceDocument.company_id, SourceDocument.slug)
    return _find_first_app(session, query.where(SourceDocument.id == arguments["document_id"]))


def _find_posting_target(session: Session, arguments: Arguments) -> Target | None:
    """Return the app of a posting."""
    query = select(Installation.company_id, Installation.slug).join(
        Posting, Posting.installation_id == Installation.id
    )
    return _find_first_app(session, query.where(Posting.id == arguments["posting_id"]))


def _find_file_target(session: Session, arguments: Arguments) -> Target | None:
    """Return the app that received a file."""
    query = select(Installation.company_id, Installation.slug).join(
        StoredFile, StoredFile.installation_id == Installation.id
    )
    return _find_first_app(session, query.where(StoredFile.id == arguments["file_id"]))


def _find_case_target(session: Session, arguments: Arguments) -> Target | None:
    """Return the app of a case, its company, or the whole hub."""
    query = select(Case.company_id, Installation.company_id, Installation.slug).outerjoin(
        Installation, Installation.id == Case.installation_id
    )
    return _find_owner_target(session, query.where(Case.id == arguments["case_id"]))


def _find_run_target(session: Session, arguments: Arguments) -> Target | None:
    """Return the app of a run, its company, or the whole hub."""
    query = select(Run.company_id, Installation.company_id, Installation.slug).outerjoin(
        Installation, Installation.id == Run.installation_id
    )
    return _find_owner_target(session, query.where(Run.id == arguments["run_id"]))


def _find_company_target(session: Session, arguments: Arguments) -> Target | None:
    """Return a company."""
    company_id = session.scalar(
        select(ConnectedCompany.id).where(ConnectedCompany.id == arguments["company_id"])
    )
    return None if company_id is None else Target(Subject(company_id), is_shared=True)


def _find_app_target(session: Session, arguments: Arguments) -> Target:
    """Return an app at all companies; the view knows whether its plugin is installed."""
    return Target(Subject(slug=arguments["slug"]), is_shared=True)


def _find_app_at_company(session: Session, arguments: Arguments) -> Target | None:
    """Return an app at a company, whether it is enabled there or not."""
    company = _find_company_target(session, arguments)
    if company is None:
        return None
    return Target(Subject(company.subject.company_id, arguments["slug"]))


def _find_hub_target(session: Session, arguments: Arguments) -> Target:
    """Return the hub as a whole."""
    return Target(WHOLE_HUB)


Resolver = Callable[[Session, Arguments], Target | None]
# By the names of the arguments in an address: the functions that find company and app of each.
RESOLVERS: Mapping[frozenset[str], tuple[Resolver, ...]] = {
    frozenset({"installation_id"}): (_find_installation_target,),
    frozenset({"installation_id", "file_id"}): (_find_installation_target, _find_file_target),
    frozenset({"document_id"}): (_find_document_target,),
    frozenset({"document_id", "posting_id"}): (_find_document_target, _find_posting_target),
    frozenset({"posting_id"}): (_find_posting_target,),
    frozenset({"case_id"}): (_find_case_target,),
    frozenset({"case_id", "posting_id"}): (_find_case_target, _find_posting_target),
    frozenset({"run_id"}): (_find_run_target,),
    frozenset({"company_id"}): (_find_company_target,),
    frozenset({"slug"}): (_find_app_target,),
    frozenset({"slug", "company_id"}): (_find_app_at_company,),
    frozenset({"person_id"}): (_find_hub_target,),
}


def is_subject_known(of: str, names: Collection[str]) -> bool:
    """Return whether the hub can find the subject of a route: by `of`, or by these arguments."""
    return bool(of) or not names or frozenset(names) in RESOLVERS


def resolve(session: Session, arguments: Arguments) -> Targets | None:
    """Return the companies and apps of the ids in an address; None if there is no such row."""
    targets = []
    for find in RESOLVERS[frozenset(arguments)]:
        target = find(session, arguments)
        if target is None:
            return None
        targets.append(target)
    return tuple(targets)


def _find_first_app(session: Session, query: Any) -> Target | None:
    """Return the app that a query finds by company and slug."""
    row = session.execute(query).one_or_none()
    return None if row is None else Target(Subject(*row))


def _find_owner_target(session: Session, query: Any) -> Target | None:
    """Return the app of a row, or else its company; None if there is no row."""
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    company_id, company_of_app, slug = row
    if company_of_app is None:
        return Target(Subject(company_id))
    return Target(Subject(company_of_app, slug))
