"""Two companies with two apps each, and people with every role for every part of them."""

import datetime as dt
from dataclasses import dataclass, field

from flask import Flask
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.db.engine import transaction
from hub.models import (
    ConnectedCompany,
    Installation,
    Posting,
    Run,
    RunLine,
    SeenCode,
    SourceDocument,
    StoredFile,
    User,
)
from hub.security import api_tokens, people, rights
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import (
    PASSWORD,
    Story,
    add_company,
    add_document,
    add_installation,
    add_records,
)
from tests.support.rows.stored_cases import open_stored_case

COMPANIES = ("Alfaborg", "Bravovik")
APPS = ("costtracker", "ion")
ROLES = ("viewer", "operator", "app-owner", "owner")
ANYONE, NOBODY, MIXED = "", "nobody", "mixed"


Owner = tuple[str | None, str | None]


@dataclass(frozen=True)
class Grant:
    """A role of a person; None stands for all companies, or all apps."""

    role: str
    company: str | None = None
    app: str | None = None


@dataclass(frozen=True)
class RouteRow:
    """The rows that routes refer to: their arguments, and the company and app of each.

    None stands for a whole company, or for an app at all companies. A missing row has no owner.
    """

    values: dict[str, int | str]
    owners: tuple[Owner, ...]


@dataclass
class RouteRows:
    """All rows of the database, by the arguments of routes."""

    people: dict[str, tuple[Grant, ...]] = field(default_factory=dict)
    companies: dict[str, int] = field(default_factory=dict)
    installations: dict[tuple[str, str], int] = field(default_factory=dict)
    by_kind: dict[str, list[RouteRow]] = field(default_factory=dict)

    def add(
        self,
        kind: str,
        values: dict[str, int | str],
        company: str | None = None,
        app: str | None = None,
    ) -> None:
        """Add a row for routes of this kind."""
        self.by_kind.setdefault(kind, []).append(RouteRow(values, ((company, app),)))

    def arguments_of(
        self, kind: str, company: str | None, app: str | None = None
    ) -> dict[str, int | str]:
        """Return the arguments of the row of a company and app."""
        return next(row.values for row in self.by_kind[kind] if row.owners == ((company, app),))


@dataclass
class TwoCompanies:
    """A hub with the rows of a world; each person logs in once."""

    app: Flask
    rows: RouteRows
    _visitors: dict[str, Visitor] = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict)

    def visitor(self, name: str) -> Visitor:
        """Return the browser of a person, logged in unless the name is empty."""
        if name not in self._visitors:
            visitor = Visitor(self.app, Story(0, 0))
            if name != ANYONE:
                assert visitor.log_in(name).status_code == 302, name
            self._visitors[name] = visitor
        return self._visitors[name]

    def token(self, name: str) -> str:
        """Return an API token of a person, with every scope."""
        if name not in self._tokens:
            with self.app.app_context(), transaction() as session:
                person = people.get(session, name)
                scopes = api_tokens.SCOPES
                self._tokens[name] = api_tokens.create(session, person, "all", scopes, who=name)
        return self._tokens[name]


def canary(company: str | None, app: str | None = None) -> str:
    """Return the name contained in every text of a company and app, and nowhere else."""
    return f"{company or 'Hubwide'}-{app or 'all'}-canary"


def grants() -> dict[str, tuple[Grant, ...]]:
    """Return the rights of each person by name: every role for every part, and some others."""
    people: dict[str, tuple[Grant, ...]] = {NOBODY: ()}
    for role in ROLES:
        for company in (None, COMPANIES[0]):
            for app in (None, APPS[0]):
                name = f"{role}/{company or 'every company'}/{app or 'every app'}"
                people[name] = (Grant(role, company, app),)
    people[MIXED] = (Grant("operator", COMPANIES[0]), Grant("viewer", COMPANIES[1], APPS[1]))
    return people


def add_two_companies(session: Session) -> RouteRows:
    """Add two companies with two apps each, and rows for every route."""
    rows = RouteRows(grants())
    for place, name in enumerate(COMPANIES):
        company = add_company(session, f"913000{place}", f"{name} {canary(name)}")
        add_records(session, company, "item", (canary(name),))
        rows.companies[name] = company.id
        rows.add("company", {"company_id": company.id}, name)
        _add_case_and_run(session, rows, name, company)
        for app in APPS:
            _add_app(session, rows, name, company, app)
    _add_case_and_run(session, rows, None, None)
    for app in APPS:
        rows.add("app", {"slug": app}, app=app)
    _add_people(session, rows)
    for kind in ("case", "document"):
        rows.by_kind[f"{kind} and posting"] += _pair_with_foreign_postings(rows, kind)
    rows.by_kind["file"] += _pair_files_with_foreign_installations(rows)
    for kind in ("installation", "document", "posting", "case", "run", "company"):
        absent: dict[str, int | str] = {f"{kind}_id": 999_999}
        rows.by_kind[kind].append(RouteRow(absent, ()))
    absent = {"installation_id": 999_999, "file_id": 999_999}
    rows.by_kind["file"].append(RouteRow(absent, ()))
    return rows


def _pair_with_foreign_postings(rows: RouteRows, kind: str) -> list[RouteRow]:
    """Return pairs of the case or document of one app with the posting of another one."""
    pairs = []
    first, *others = rows.installations
    arguments = rows.arguments_of(kind, *first)
    for other in others:
        posting = rows.arguments_of("posting", *other)
        pairs.append(RouteRow(arguments | posting, (first, other)))
    return pairs


def _pair_files_with_foreign_installations(rows: RouteRows) -> list[RouteRow]:
    """Return pairs of the file of one app with the installation of another one."""
    pairs = []
    first, *others = rows.installations
    file = rows.arguments_of("file", *first)
    for other in others:
        installation = rows.arguments_of("installation", *other)
        pairs.append(RouteRow({**file, **installation}, (first, other)))
    return pairs


def _add_app(
    session: Session, rows: RouteRows, name: str, company: ConnectedCompany, app: str
) -> None:
    """Enable an app for a company, and add a row of every kind to it."""
    text = canary(name, app)
    installation = add_installation(
        session, company, slug=app, tenant=text, tenant_name=text, owner=""
    )
    rows.installations[name, app] = installation.id
    rows.add("installation", {"installation_id": installation.id}, name, app)
    rows.add("app at company", {"slug": app, "company_id": company.id}, name, app)
    for place, state in enumerate(("posted", "held", "review", "missing")):
        document, posting = _add_document(session, installation, state, place, text)
    posting_id = {"posting_id": posting.id}
    document_id = {"document_id": document.id}
    rows.add("document", document_id, name, app)
    rows.add("posting", posting_id, name, app)
    rows.add("document and posting", document_id | posting_id, name, app)
    case = _add_case_and_run(session, rows, name, company, installation, posting)
    rows.add("case and posting", case | posting_id, name, app)
    now = current_hub().clock.now()
    file = StoredFile(
        installation_id=installation.id,
        name=text,
        digest=f"{installation.id:064}",
        size=1,
        content=b"1",
        received_at=now,
        received_by="olga",
        way="upload",
        state="unmapped",
    )
    session.add(file)
    session.flush()
    rows.add("file", {"installation_id": installation.id, "file_id": file.id}, name, app)
    code = SeenCode(
        installation_id=installation.id, field="supplier", code=text, name=text, seen_at=now
    )
    session.add(code)


def _add_document(
    session: Session, installation: Installation, state: str, place: int, text: str
) -> tuple[SourceDocument, Posting]:
    """Add a document whose texts name its company and app."""
    number = 10 * installation.id + place
    stored = "posted" if state == "missing" else state
    document, posting = add_document(session, installation, stored, number)
    document.number = posting.number = document.party = text
    document.body = document.body | {"number": text}
    document.date = dt.date(2026, 3, 6)
    return document, posting


def _add_case_and_run(
    session: Session,
    rows: RouteRows,
    name: str | None,
    company: ConnectedCompany | None,
    installation: Installation | None = None,
    posting: Posting | None = None,
) -> dict[str, int | str]:
    """Add a case and a run of an app, of a company or of the hub; return the case's argument."""
    app = installation.slug if installation else None
    text = canary(name, app)
    owner = {
        "company_id": company.id if company else None,
        "installation_id": installation.id if installation else None,
    }
    case = open_stored_case(
        session,
        f"test:{text}",
        title=text,
        action="retry",
        reason=text,
        postings=[posting] if posting else [],
        **owner,
    )
    now = current_hub().clock.now()
    run = Run(
        kind="sync" if installation else "lists",
        requested_by=text,
        started_at=now,
        ended_at=now,
        outcome="stopped",
        error=text,
        **owner,
    )
    session.add(run)
    session.flush()
    session.add(RunLine(run_id=run.id, at=now, level="info", text=text))
    if posting:
        posting.run_id = run.id
    case_id: dict[str, int | str] = {"case_id": case.id}
    rows.add("case", case_id, name, app)
    rows.add("run", {"run_id": run.id}, name, app)
    return case_id


def _add_people(session: Session, rows: RouteRows) -> None:
    """Add all people with the same password, whose hash is computed once."""
    template = people.insert(session, NOBODY, people.hash_new(PASSWORD), [rights.Right("viewer")])
    session.flush()
    rows.add("person", {"person_id": template.id})
    for place, (name, their_grants) in enumerate(rows.people.items()):
        person = template if name == NOBODY else _copy(template, name, place)
        session.add(person)
        person.assignments = []
        for grant in their_grants:
            company_id = rows.companies[grant.company] if grant.company else None
            rights.assign(session, person, grant.role, rights.Subject(company_id, grant.app))
    session.flush()


def _copy(template: User, name: str, place: int) -> User:
    """Return another person with the same password."""
    skipped = {
        "id",
        "username",
        "normalized_name",
        "email",
        "fs_uniquifier",
        "fs_webauthn_user_handle",
    }
    columns = [column.key for column in User.__table__.columns if column.key not in skipped]
    values = {column: getattr(template, column) for column in columns}
    unique = {"username": name, "email": f"person{place}@hub.invalid", "fs_uniquifier": str(place)}
    return User(**values, **unique)
