"""The people to whom a case can be assigned: those who may act on it."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from hub.errors import NotFound
from hub.models import User
from hub.security import people
from hub.security.rights import ACTIVE, Scope, rights_of, scope_of
from hub.web.access import rights_scope

MAX_PEOPLE = 200  # that the menu offers


def names(session: Session) -> list[str]:
    """Return the people who may act on something that the person may act on, by name."""
    own = rights_scope("operator")
    query: Any = select(User).where(ACTIVE).options(selectinload(User.assignments))
    offered = []
    for person in session.scalars(query.order_by(User.username).limit(MAX_PEOPLE)):
        if _shares_company(person, own):
            offered.append(str(person.username or person.email))
    return offered


def _shares_company(person: User, own: Scope) -> bool:
    """Tell whether a person may act in a company in which one may act oneself."""
    rights = rights_of(person).with_role("operator")
    companies = {right.subject.company_id for right in rights}
    if not companies:
        return False
    if own.is_everything or None in companies:
        return True
    return not companies.isdisjoint(own.company_ids)


def scope_of_person(session: Session, name: str) -> Scope:
    """Return the rows on which a person may act; raise NotFound if nobody has the name."""
    person = people.find(session, name)
    if person is None or not person.active:
        raise NotFound("person", name)
    return scope_of(session, rights_of(person), "operator")
