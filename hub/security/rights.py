"""Roles and rights: which role a person has for which companies and apps."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, exists, func, inspect, or_, select, true
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.contract.app_lookup import build_missing_error
from hub.errors import NotFound, NotNow, Sentence
from hub.models import (
    Case,
    ConnectedCompany,
    Installation,
    Posting,
    RoleAssignment,
    Run,
    SourceDocument,
    User,
)

ROLES = ("viewer", "operator", "app-owner", "owner")  # each may do what those before it may
MAX_LOOKUPS = 50  # installations or companies whose rows are looked up by an index
Condition = tuple[ColumnElement[bool], ...]


class Subject(NamedTuple):
    """The subject of a right: an app of a company. None means all companies, or all apps."""

    company_id: int | None = None
    slug: str | None = None


WHOLE_HUB = Subject()


class Right(NamedTuple):
    """A role for a subject; without one it is for everything."""

    role: str
    subject: Subject = WHOLE_HUB

    def covers(self, subject: Subject) -> bool:
        """Return whether the right is for all of a subject."""
        return _covers(self.subject.company_id, subject.company_id) and _covers(
            self.subject.slug, subject.slug
        )

    def touches(self, subject: Subject) -> bool:
        """Return whether the right is for a part of a subject, or for all of it."""
        return _overlaps(self.subject.company_id, subject.company_id) and _overlaps(
            self.subject.slug, subject.slug
        )


@dataclass(frozen=True)
class Rights:
    """All rights of a person."""

    rights: tuple[Right, ...] = ()

    def role(self, subject: Subject = WHOLE_HUB) -> str:
        """Return the highest role for all of a subject, "" for none."""
        return _find_highest_role(right.role for right in self.rights if right.covers(subject))

    def role_within(self, subject: Subject = WHOLE_HUB) -> str:
        """Return the highest role for a part of a subject, "" for none."""
        return _find_highest_role(right.role for right in self.rights if right.touches(subject))

    def may(self, least: str, subject: Subject = WHOLE_HUB) -> bool:
        """Return whether the person has at least this role for all of a subject."""
        return is_enough(self.role(subject), least)

    def may_configure(self, subject: Subject, owner: str, name: str, *, is_personal: bool) -> bool:
        """Return whether the person of this name may change the settings of an app.

        App owners may change their own settings, and owners all that are not personal.
        """
        if owner in ("", name):
            return self.may("app-owner", subject)
        return self.may("owner", subject) and not is_personal

    def with_role(self, least: str) -> tuple[Right, ...]:
        """Return the rights that give at least this role."""
        return tuple(right for right in self.rights if is_enough(right.role, least))


@dataclass(frozen=True)
class Scope:
    """The rows that rights cover; with `is_everything` no condition is added to a query.

    `company_ids` are the companies of which the person may see at least one app, and
    `whole_company_ids` those of which they may see everything.
    """

    is_everything: bool = False
    installation_ids: frozenset[int] = frozenset()
    company_ids: frozenset[int] = frozenset()
    whole_company_ids: frozenset[int] = frozenset()

    def companies(self) -> Condition:
        """Return the condition of the companies that are listed."""
        return () if self.is_everything else (ConnectedCompany.id.in_(self.company_ids),)

    def installations(self) -> Condition:
        """Return the condition of the installations."""
        return () if self.is_everything else (Installation.id.in_(self.installation_ids),)

    def documents(self) -> Condition:
        """Return the condition of the documents."""
        if self.is_everything:
            return ()
        return (_is_one_of(SourceDocument.installation_id, self.installation_ids),)

    def postings(self) -> Condition:
        """Return the condition of the postings."""
        if self.is_everything:
            return ()
        return (_is_one_of(Posting.installation_id, self.installation_ids),)

    def cases(self) -> Condition:
        """Return the condition of the cases."""
        return () if self.is_everything else (self._is_owned_by(Case),)

    def runs(self) -> Condition:
        """Return the condition of the runs."""
        return () if self.is_everything else (self._is_owned_by(Run),)

    def has_installation(self, installation_id: int | None) -> bool:
        """Return whether an installation is covered."""
        return self.is_everything or installation_id in self.installation_ids

    def has_company(self, company_id: int | None) -> bool:
        """Return whether a company is covered with all of its apps."""
        return self.is_everything or company_id in self.whole_company_ids

    def has(self, row: Case | Run | None) -> bool:
        """Return whether a case or run is covered: it belongs to an app, or to a whole company."""
        if row is None:
            return False
        if row.installation_id is not None:
            return self.has_installation(row.installation_id)
        return self.has_company(row.company_id)

    def _is_owned_by(self, model: type[Case] | type[Run]) -> ColumnElement[bool]:
        """Return the condition of rows that belong to an app, or else to a whole company."""
        of_app = _is_one_of(model.installation_id, self.installation_ids)
        if not self.whole_company_ids:
            return of_app
        of_company = _is_one_of(model.company_id, self.whole_company_ids)
        return or_(of_app, and_(model.installation_id.is_(None), of_company))


def _is_one_of(column: Any, ids: Collection[int]) -> ColumnElement[bool]:
    """Return the condition that a row belongs to one of some installations or companies.

    The rows of a few are looked up by their index. For many, the index is hidden from the database:
    looking up and sorting all of their rows would take longer than testing the newest rows one
    after the other until a page is full.
    """
    if len(ids) > MAX_LOOKUPS:
        column = func.coalesce(column, 0)
    is_one: ColumnElement[bool] = column.in_(ids)
    return is_one


def is_enough(role: str, least: str) -> bool:
    """Return whether a role is at least another one; "" is no role and never enough."""
    return bool(role) and ROLES.index(role) >= ROLES.index(least)


def get_rights(person: User) -> Rights:
    """Return the rights of a person."""
    rights = []
    for assignment in person.assignments:
        if assignment.role in ROLES:
            subject = Subject(assignment.company_id, assignment.slug)
            rights.append(Right(assignment.role, subject))
    return Rights(tuple(rights))


def build_scope(session: Session, rights: Rights, least: str = "viewer") -> Scope:
    """Return the rows for which a person has at least a role.

    The installations of the companies and apps that the rights name are read once; a person with
    the role for everything needs no query.
    """
    sufficient = rights.with_role(least)
    if any(right.subject == WHOLE_HUB for right in sufficient):
        return Scope(is_everything=True)
    if not sufficient:
        return Scope()
    query: Any = select(ConnectedCompany.id, Installation.id, Installation.slug).outerjoin(
        Installation, Installation.company_id == ConnectedCompany.id
    )
    installation_ids, company_ids, whole_company_ids = set(), set(), set()
    for company_id, installation_id, slug in session.execute(query.where(_is_named_by(sufficient))):
        company = Subject(company_id)
        if any(right.touches(company) for right in sufficient):
            company_ids.add(company_id)
        if _are_covering(sufficient, company):
            whole_company_ids.add(company_id)
        if installation_id and _are_covering(sufficient, Subject(company_id, slug)):
            installation_ids.add(installation_id)
    return Scope(
        installation_ids=frozenset(installation_ids),
        company_ids=frozenset(company_ids),
        whole_company_ids=frozenset(whole_company_ids),
    )


def _are_covering(rights: Iterable[Right], subject: Subject) -> bool:
    """Return whether one of these rights covers all of a subject."""
    return any(right.covers(subject) for right in rights)


def narrow_to_company(session: Session, scope: Scope, company_id: int) -> Scope:
    """Return the rows of one company among those that a scope covers."""
    of_company = select(Installation.id).where(Installation.company_id == company_id)
    installation_ids = frozenset(session.scalars(of_company))
    only = frozenset({company_id})
    if scope.is_everything:
        return Scope(installation_ids=installation_ids, company_ids=only, whole_company_ids=only)
    return Scope(
        installation_ids=scope.installation_ids & installation_ids,
        company_ids=scope.company_ids & only,
        whole_company_ids=scope.whole_company_ids & only,
    )


def assign(session: Session, person: User, role: str, subject: Subject = WHOLE_HUB) -> None:
    """Give a person a role for a subject, in place of the role that they had for it.

    Raise NotFound for an unknown role, NotNow for the last owner of the hub.
    """
    if role not in ROLES:
        raise NotFound("role", role, ROLES)
    if subject == WHOLE_HUB and role != "owner":
        check_not_last_owner(session, person)
    _lock_assignments(session, person)
    remaining = _list_other_assignments(person, subject)
    assignment = RoleAssignment(role=role, company_id=subject.company_id, slug=subject.slug)
    person.assignments = [*remaining, assignment]


def withdraw(session: Session, person: User, subject: Subject) -> bool:
    """Take away the role that a person has for a subject; return whether there was one.

    Raise NotNow for the last owner of the hub.
    """
    if subject == WHOLE_HUB:
        check_not_last_owner(session, person)
    _lock_assignments(session, person)
    remaining = _list_other_assignments(person, subject)
    has_changed = len(remaining) < len(person.assignments)
    person.assignments = remaining
    return has_changed


def _lock_assignments(session: Session, person: User) -> None:
    """Read the assignments of a person anew, and let nobody else change them now.

    Of two roles that are given for one subject at the same moment, the later one would otherwise
    stand beside the other. Nobody else knows a person who is not stored yet.
    """
    if inspect(person).persistent:
        query = select(User.id).where(User.id == person.id)
        session.execute(query.with_for_update(key_share=True))
        session.refresh(person, ["assignments"])


def _list_other_assignments(person: User, subject: Subject) -> list[RoleAssignment]:
    """Return the assignments of a person for other subjects than this one."""
    assignments = person.assignments
    return [other for other in assignments if _get_assignment_subject(other) != subject]


def check_exists(session: Session, right: Right) -> None:
    """Raise NotFound for a role, company or app that does not exist."""
    if right.role not in ROLES:
        raise NotFound("role", right.role, ROLES)
    company_id, slug = right.subject
    known_apps = _list_known_apps(session)
    if slug is not None and slug not in known_apps:
        raise build_missing_error(current_hub().plugins, slug, known_apps)
    if company_id is not None and session.get(ConnectedCompany, company_id) is None:
        raise NotFound("company", str(company_id))


def describe(session: Session, right: Right) -> str:
    """Return a right in words, as "operator of CostTracker in Nordvik Bygg AS"."""
    company_id, slug = right.subject
    if right.subject == WHOLE_HUB:
        return Sentence("%(role)s of everything", role=Sentence(right.role))
    app_name: str = Sentence("every app")
    if slug is not None:
        app = current_hub().plugins.apps.get(slug)
        app_name = app.name if app else slug
    if company_id is None:
        return Sentence(
            "%(role)s of %(app)s in every company", role=Sentence(right.role), app=app_name
        )
    company = session.get(ConnectedCompany, company_id)
    company_name = company.display_name if company else str(company_id)
    return Sentence(
        "%(role)s of %(app)s in %(company)s",
        role=Sentence(right.role),
        app=app_name,
        company=company_name,
    )


def audit_detail(session: Session, rights: Sequence[Right]) -> dict[str, str]:
    """Return rights as an entry of the audit log holds them: a role for everything, or in words."""
    if len(rights) == 1 and rights[0].subject == WHOLE_HUB:
        return {"role": rights[0].role}
    return {"rights": ", ".join(describe(session, right) for right in rights)}


def _list_known_apps(session: Session) -> list[str]:
    """Return the apps that are installed or enabled anywhere."""
    enabled_apps = session.scalars(select(Installation.slug).distinct())
    return sorted({*current_hub().plugins.apps, *enabled_apps})


def check_not_last_owner(session: Session, person: User) -> None:
    """Raise NotNow if the person is the only owner who may log in; let no other owner go now."""
    if not get_rights(person).may("owner"):
        return
    owners = select(User.id).where(User.active, is_owner()).order_by(User.id)
    session.execute(owners.with_for_update(of=User, key_share=True))
    if set(session.scalars(owners)) <= {person.id}:
        raise NotNow(
            "%(name)s is the only owner. Make someone else owner first.",
            name=person.name,
        )


def is_owner() -> ColumnElement[bool]:
    """Return the condition that a person is an owner of everything."""
    return exists().where(
        RoleAssignment.user_id == User.id,
        RoleAssignment.role == "owner",
        RoleAssignment.company_id.is_(None),
        RoleAssignment.slug.is_(None),
    )


def _is_named_by(rights: Iterable[Right]) -> ColumnElement[bool]:
    """Return the condition of the companies that rights name; a right for one app names all."""
    company_ids = {right.subject.company_id for right in rights}
    if None in company_ids:
        return true()
    return ConnectedCompany.id.in_(company_ids)


def _get_assignment_subject(assignment: RoleAssignment) -> Subject:
    """Return the subject of an assignment."""
    return Subject(assignment.company_id, assignment.slug)


def _find_highest_role(roles: Iterable[str]) -> str:
    """Return the highest of some roles, "" for none."""
    return max(roles, key=ROLES.index, default="")


def _covers(assigned_part: int | str | None, part: int | str | None) -> bool:
    """Return whether a company or app of a right includes all of another one."""
    return assigned_part is None or assigned_part == part


def _overlaps(assigned_part: int | str | None, part: int | str | None) -> bool:
    """Return whether a company or app of a right and another one have something in common."""
    return assigned_part is None or part is None or assigned_part == part
