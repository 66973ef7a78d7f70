"""The people to whom a case can be assigned: those who may act on it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from hub.db.text_search import contains_text
from hub.errors import NotFound
from hub.models import Case, Installation, RoleAssignment, User
from hub.security import people
from hub.security.rights import ROLES, Scope, build_scope, get_rights
from hub.web.authentication.access import load_rights_scope

MAX_PEOPLE = 50  # people in the menu; beyond that, some are suggested for what a person types
MAX_SUGGESTED = 10
MAX_QUERY_LENGTH = 100


@dataclass(frozen=True)
class AssigneeChoices:
    """The people of a menu; with `has_more` there are more than it holds, and a name is typed."""

    names: tuple[str, ...]
    has_more: bool = False


def list_choices(session: Session, case: Case | None = None) -> AssigneeChoices:
    """Return the people to whom the person can assign this case, or some of a list, by name."""
    conditions = _build_shared_company_conditions()
    if case is not None:
        conditions += _build_case_conditions(session, case)
    names = _load_names(session, conditions, MAX_PEOPLE + 1)
    if len(names) > MAX_PEOPLE:
        return AssigneeChoices((), has_more=True)
    return AssigneeChoices(names)


def suggest(session: Session, text: str) -> tuple[str, ...]:
    """Return the first people whose name contains a text; without a text none."""
    text = text.strip()[:MAX_QUERY_LENGTH]
    if not text:
        return ()
    return _load_names(session, _build_shared_company_conditions(), MAX_SUGGESTED, text)


def find(session: Session, name: str) -> tuple[str, Scope]:
    """Return the name of a person as the hub spells it, and the rows on which they may act.

    Raise NotFound if nobody has the name, and for somebody who sees no company in which the person
    acts who is logged in: who works in other companies is not to be learned.
    """
    person = people.find(session, name)
    if person is None or not person.active or not _has_common_company(session, person):
        raise NotFound("person", name)
    own_name = person.name
    return own_name, build_scope(session, get_rights(person), "operator")


def _load_names(
    session: Session, conditions: Sequence[ColumnElement[bool]], limit: int, text: str = ""
) -> tuple[str, ...]:
    """Return the active people who have a right that meets the conditions."""
    name = func.coalesce(User.username, User.email)
    may_act = select(RoleAssignment.user_id).where(*conditions)
    query = select(name).where(User.active, User.id.in_(may_act)).order_by(name).limit(limit)
    if text:
        query = query.where(contains_text(name, text))
    return tuple(session.scalars(query))


def _has_common_company(session: Session, other: User) -> bool:
    """Return whether another person has a role in a company that the person acts in."""
    if load_rights_scope("operator").is_everything:
        return True
    query = select(RoleAssignment.id).where(
        RoleAssignment.user_id == other.id, *_build_company_conditions()
    )
    return session.scalar(query.limit(1)) is not None


def _build_case_conditions(session: Session, case: Case) -> list[ColumnElement[bool]]:
    """Return the conditions of rights for the app of a case, or else for its whole company."""
    of_installation = select(Installation.slug).where(Installation.id == case.installation_id)
    slug = session.scalar(of_installation) if case.installation_id else None
    return [
        or_(RoleAssignment.company_id.is_(None), RoleAssignment.company_id == case.company_id),
        or_(RoleAssignment.slug.is_(None), RoleAssignment.slug == slug),
    ]


def _build_shared_company_conditions() -> list[ColumnElement[bool]]:
    """Return the conditions of rights to act in a company that the person acts in."""
    acting_roles = ROLES[ROLES.index("operator") :]
    return [RoleAssignment.role.in_(acting_roles), *_build_company_conditions()]


def _build_company_conditions() -> list[ColumnElement[bool]]:
    """Return the conditions of rights in a company that the person acts in."""
    own = load_rights_scope("operator")
    if own.is_everything:
        return []
    is_everywhere = RoleAssignment.company_id.is_(None)
    is_shared = RoleAssignment.company_id.in_(own.company_ids)
    return [or_(is_everywhere, is_shared)]
