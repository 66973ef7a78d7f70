"""Names and addresses of what entries of the audit log are about, instead of their ids."""

from collections.abc import Iterable
from typing import Any

from flask import url_for
from sqlalchemy import or_, select
from sqlalchemy.orm import Session, defer, joinedload

from hub.models import (
    AuditEntry,
    Case,
    ConnectedCompany,
    Installation,
    Posting,
    SourceDocument,
    User,
)
from hub.web.audit_codes import OF_CODES, AuditedCodes, SubjectLink
from hub.web.layout import app_name, document_title, kind_label
from hub.web.recorded_settings import RecordedSettings
from hub.web.row_ids import MAX_ROW_ID

MAX_LINKS = 5  # of an entry about many postings
# Acts on postings name them by their ids.
OF_POSTINGS = frozenset(
    {
        "first approval given",
        "match rejected",
        "not this one",  # before it was called "match rejected"
        "posting adopted",
        "posting approved",
        "posting put back",
        "posting retried",
        "posting skipped",
        "postings undone",
    }
)
# Details that the sentence of an entry has already, or that people need not read.
NOT_SHOWN = frozenset({"seal", "quickbooks_ids", "installation", "record_name"})
# What an entry shows for the choices of a code that are no record.
CHOICES = {"+": "a new record", "": "no record"}
# Acts on cases name them as "case 12".
OF_CASES = frozenset({"case assigned", "case note added", "case snoozed", "case woken"})


class Subjects:
    """The things that some entries are about, read together."""

    def __init__(self, session: Session, entries: Iterable[AuditEntry]) -> None:
        """Read what these entries name."""
        entries = list(entries)
        self._postings = _postings(session, entries)
        subjects = {entry.subject for entry in entries}
        companies = select(ConnectedCompany).where(ConnectedCompany.realm.in_(subjects))
        self._companies = {row.realm: row for row in session.scalars(companies)}
        self._installations = _installations(session, subjects)
        self._settings = RecordedSettings(session, entries, self._installations)
        names = subjects | {entry.who for entry in entries}
        query: Any = select(User.username).where(User.username.in_(names))
        self._people: set[str] = set(session.scalars(query))
        self._codes: AuditedCodes = AuditedCodes(session, entries)
        self._cases: dict[str, int] = _cases(session, entries)
        self._titles: dict[str, SubjectLink] = _titles(session, entries)

    def of(self, entry: AuditEntry) -> list[SubjectLink]:
        """Return the names and links of what an entry is about."""
        if entry.what in OF_POSTINGS:
            ids = _ids(entry.subject)
            links = [self._posting(id) for id in ids[:MAX_LINKS]]
            if len(ids) > MAX_LINKS:
                links.append(SubjectLink(f"{len(ids) - MAX_LINKS:,} more"))
            return links
        if entry.what in OF_CODES:
            return [self._codes.link(entry)]
        return [self._describe_subject(entry.subject)]

    def changes(self, entry: AuditEntry) -> list[str]:
        """Return a sentence for each setting that an entry changed."""
        return self._settings.changes(entry)

    def details(self, entry: AuditEntry) -> dict[str, Any]:
        """Return the details of an entry for people, by their names, without its changes."""
        if self.changes(entry):
            address = entry.detail.get("address")
            return {} if address is None else {"address": address}
        details = {name: value for name, value in entry.detail.items() if name not in NOT_SHOWN}
        if "record" in details and entry.what in OF_CODES:
            return _with_record_name(entry, details)
        return details

    def person(self, name: str) -> SubjectLink:
        """Return the name of a person, with the page of the people if it is one."""
        return SubjectLink(name, url_for("people.index") if name in self._people else "")

    def _posting(self, id: int) -> SubjectLink:
        row = self._postings.get(id)
        if row is None:
            return SubjectLink(f"posting {id}")
        document = row.document
        name = f"{kind_label(row.kind).lower()} {document_title(document)}"
        if document.party and document.party not in name:
            name += f" ({document.party})"
        url = url_for("documents.one", document_id=document.id, _anchor=f"posting-{id}")
        return SubjectLink(name, url)

    def _describe_subject(self, subject: str) -> SubjectLink:
        """Return an app at a company, a company, a person or a case; else the subject itself."""
        if subject in self._installations:
            return _app(self._installations[subject])
        if subject in self._companies:
            company = self._companies[subject]
            return SubjectLink(company.name or subject, url_for("companies.index"))
        if subject in self._people:
            return self.person(subject)
        if subject in self._cases:
            return SubjectLink(subject, url_for("inbox.one", case_id=self._cases[subject]))
        if subject in self._titles:
            return self._titles[subject]
        slug, _, rest = subject.partition(" ")
        return SubjectLink(f"{app_name(slug)} {rest}".strip())


def _ids(subject: str) -> list[int]:
    """Return the ids that a subject lists; one that was cut off does not count."""
    parts = [part.strip() for part in subject.split(",")]
    if len(subject) == 300 and len(parts) > 1:
        parts.pop()
    return [int(part) for part in parts if part.isdecimal() and int(part) <= MAX_ROW_ID]


def _postings(session: Session, entries: Iterable[AuditEntry]) -> dict[int, Posting]:
    """Return the postings that entries name, with their documents."""
    ids: set[int] = set()
    for entry in entries:
        if entry.what in OF_POSTINGS:
            ids.update(_ids(entry.subject)[:MAX_LINKS])
    document = joinedload(Posting.document).defer(SourceDocument.body)
    query = select(Posting).where(Posting.id.in_(ids)).options(document, defer(Posting.payload))
    return {row.id: row for row in session.scalars(query)}


def _installations(session: Session, subjects: Iterable[str]) -> dict[str, Installation]:
    """Return each installation that subjects name, by the name that they give it."""
    slugs, companies = set(), set()
    for subject in subjects:
        slug, _, company_name = subject.partition(" for ")
        slugs.add(slug)
        companies.add(company_name)
    query = (
        select(Installation)
        .join(ConnectedCompany, ConnectedCompany.id == Installation.company_id)
        .where(Installation.slug.in_(slugs))
        .where(or_(ConnectedCompany.name.in_(companies), ConnectedCompany.realm.in_(companies)))
    )
    rows = {}
    for row in session.scalars(query):
        company = row.company.name or row.company.realm
        rows[f"{row.slug} for {company}"] = row
        rows[f"{row.slug} for {row.company.realm}"] = row
    return rows


def _app(row: Installation) -> SubjectLink:
    """Return an app at a company."""
    company = row.company.name or row.company.realm
    name = f"{app_name(row.slug)} for {company}"
    return SubjectLink(name, url_for("installation.show", installation_id=row.id))


def _cases(session: Session, entries: Iterable[AuditEntry]) -> dict[str, int]:
    """Return the ids of closed cases by their titles."""
    causes = {
        str(entry.detail.get("cause")): entry.subject
        for entry in entries
        if entry.what == "case closed"
    }
    if not causes:
        return {}
    query = select(Case.cause, Case.id).where(Case.cause.in_(causes)).order_by(Case.id)
    return {causes[cause]: id for cause, id in session.execute(query)}


def _titles(session: Session, entries: Iterable[AuditEntry]) -> dict[str, SubjectLink]:
    """Return the titles of the cases that entries name by their ids."""
    ids = set()
    for entry in entries:
        number = entry.subject.removeprefix("case ")
        if entry.what in OF_CASES and number.isdecimal() and int(number) <= MAX_ROW_ID:
            ids.add(int(number))
    links = {}
    for case in session.scalars(select(Case).where(Case.id.in_(ids))):
        links[f"case {case.id}"] = SubjectLink(case.title, url_for("inbox.one", case_id=case.id))
    return links


def _with_record_name(entry: AuditEntry, details: dict[str, Any]) -> dict[str, Any]:
    """Return the details of a match with the name of its record first, in place of the id."""
    record = details.pop("record")
    name = entry.detail.get("record_name") or CHOICES.get(record, record)
    label = "matched to" if entry.what == "code matched" else "was"
    return {label: name, **details}
