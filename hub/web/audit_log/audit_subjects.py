"""The subjects of entries of the audit log, as names and links in place of ids."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import url_for
from sqlalchemy import or_, select
from sqlalchemy.orm import Session, defer, joinedload

from hub.installations import act_log
from hub.models import (
    AuditEntry,
    Case,
    ConnectedCompany,
    Installation,
    Posting,
    SourceDocument,
    User,
)
from hub.security.audit import MAX_SUBJECT_LENGTH
from hub.translations.messages import gettext, gettext_noop, ngettext
from hub.web.audit_log import audit_details, audit_exports
from hub.web.audit_log.audit_codes import CODE_ACTIONS, AuditedCodes, SubjectLink
from hub.web.audit_log.audit_details import DetailText
from hub.web.audit_log.recorded_settings import RecordedSettings
from hub.web.codes import code_lookup
from hub.web.frame import viewer
from hub.web.frame.kind_labels import kind_label
from hub.web.frame.names import app_name, document_title
from hub.web.frame.viewer import translate_for_app
from hub.web.request.row_ids import MAX_ROW_ID

MAX_LINKS_PER_ENTRY = 5
LIST_ACTION = "postings undone"  # names several postings at once
# Acts on postings name them by their ids.
POSTING_ACTIONS = frozenset(
    {
        "document posted again",
        "first approval given",
        "match rejected",
        "not this one",  # before it was called "match rejected"
        "overwrite permitted",
        "posting adopted",
        "posting approved",
        "posting put back",
        "posting retried",
        "posting skipped",
        LIST_ACTION,
        "removal confirmed",
        "skip taken back",
    }
)
# Details that the sentence of an entry contains already, or that people need not read.
HIDDEN_DETAILS = frozenset({"seal", "quickbooks_ids", "installation", "record_name", "cause"})
# Details of a download that its sentence names.
EXPORT_SENTENCE_DETAILS = ("app", "company", "format")
# What an entry shows for the choices of a code that are not a record.
RECORD_CHOICES = {"+": gettext_noop("a new record"), "": gettext_noop("no record")}
# Acts on cases name them as "case 12".
CASE_ACTIONS = frozenset({"case assigned", "case note added", "case snoozed", "case woken"})


class EntrySubjects:
    """The subjects of some entries, loaded together."""

    def __init__(self, session: Session, entries: Iterable[AuditEntry]) -> None:
        """Load the rows that these entries name."""
        entries = list(entries)
        self._postings = _load_postings(session, entries)
        subjects = {entry.subject for entry in entries}
        companies = select(ConnectedCompany).where(ConnectedCompany.realm.in_(subjects))
        self._companies = {row.realm: row for row in session.scalars(companies)}
        self._installations = _load_installations(session, subjects)
        self._settings = RecordedSettings(session, entries, self._installations)
        names = subjects | {entry.who for entry in entries}
        query = select(User.username).where(User.username.in_(names))
        self._people: set[str] = set(session.scalars(query))
        self._codes: AuditedCodes = AuditedCodes(session, entries)
        self._closed_cases: dict[str, SubjectLink] = _load_closed_cases(session, entries)
        self._case_titles: dict[str, SubjectLink] = _load_case_titles(session, entries)

    def list_links(self, entry: AuditEntry) -> list[SubjectLink]:
        """Return the subjects of an entry: one, or several postings."""
        if entry.what in POSTING_ACTIONS:
            ids = _parse_ids(entry.subject)
            links = [self._link_posting(id) for id in ids[:MAX_LINKS_PER_ENTRY]]
            if len(ids) > MAX_LINKS_PER_ENTRY:
                links.append(
                    SubjectLink(gettext("%(count)s more", count=len(ids) - MAX_LINKS_PER_ENTRY))
                )
            return links
        if entry.what in CODE_ACTIONS:
            return [self._codes.link(entry)]
        if entry.what == audit_exports.EXPORT_ACTION:
            return [SubjectLink(audit_exports.describe(entry.subject, entry.detail))]
        return [self._describe_subject(entry.subject)]

    def list_changes(self, entry: AuditEntry) -> list[str]:
        """Return a sentence for each setting that an entry changed."""
        return self._settings.list_changes(entry)

    def list_details(self, entry: AuditEntry) -> list[DetailText]:
        """Return the details that the page shows; changed settings are sentences of their own."""
        names = {"address"} if self.list_changes(entry) else entry.detail.keys() - HIDDEN_DETAILS
        details = {name: value for name, value in entry.detail.items() if name in names}
        if "record" in details and entry.what in CODE_ACTIONS:
            details = _add_record_name(entry, details)
        if entry.what == audit_exports.EXPORT_ACTION:
            details = _add_filters(details)
        return audit_details.describe(entry.what, details, self._load_field_labels(entry))

    def link_person(self, name: str) -> SubjectLink:
        """Return who acted; a person of the hub has a link to the page of the people."""
        if name in self._people:
            return SubjectLink(name, url_for("people.index"))
        return SubjectLink(audit_details.describe_actor(name))

    def _load_field_labels(self, entry: AuditEntry) -> dict[str, str]:
        """Return the labels of the code fields whose lists an entry counts."""
        row = self._installations.get(entry.subject)
        if row is None or entry.what != act_log.LISTS_PUSHED_ACTION:
            return {}
        fields = code_lookup.load_fields_by_name(row).values()
        return {field.name: translate_for_app(field.label, row.slug) for field in fields}

    def _link_posting(self, id: int) -> SubjectLink:
        row = self._postings.get(id)
        if row is None:
            return SubjectLink(gettext("posting %(id)s", id=str(id)))
        document = row.document
        name = f"{kind_label(row.kind).lower()} {document_title(document)}"
        if document.party and document.party not in name:
            name += f" ({document.party})"
        url = url_for("documents.one", document_id=document.id, _anchor=f"posting-{id}")
        return SubjectLink(name, url)

    def _describe_subject(self, subject: str) -> SubjectLink:
        """Return an app at a company, a company, a person or a case, or else a text."""
        if subject in self._installations:
            return _link_app(self._installations[subject])
        if subject in self._companies:
            company = self._companies[subject]
            return SubjectLink(company.name or subject, url_for("companies.index"))
        if subject in self._people:
            return self.link_person(subject)
        if subject in self._closed_cases:
            return self._closed_cases[subject]
        if subject in self._case_titles:
            return self._case_titles[subject]
        return SubjectLink(_describe_other(subject))


def _parse_ids(subject: str) -> list[int]:
    """Return the ids that a subject lists, without a last one that may have been cut off."""
    parts = [part.strip() for part in subject.split(",")]
    if len(subject) == MAX_SUBJECT_LENGTH and len(parts) > 1:
        parts.pop()
    return [int(part) for part in parts if part.isdecimal() and int(part) <= MAX_ROW_ID]


def _load_postings(session: Session, entries: Iterable[AuditEntry]) -> dict[int, Posting]:
    """Return the postings that entries name, with their documents."""
    ids: set[int] = set()
    for entry in entries:
        if entry.what in POSTING_ACTIONS:
            ids.update(_parse_ids(entry.subject)[:MAX_LINKS_PER_ENTRY])
    document = joinedload(Posting.document).defer(SourceDocument.body)
    query = select(Posting).where(Posting.id.in_(ids)).options(document, defer(Posting.payload))
    return {row.id: row for row in session.scalars(query)}


def _load_installations(session: Session, subjects: Iterable[str]) -> dict[str, Installation]:
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
        company = row.company.display_name
        rows[f"{row.slug} for {company}"] = row
        rows[f"{row.slug} for {row.company.realm}"] = row
    return rows


def _link_app(row: Installation) -> SubjectLink:
    """Return an app at a company."""
    company = row.company.display_name
    name = gettext("%(app)s for %(company)s", app=app_name(row.slug), company=company)
    return SubjectLink(name, url_for("installation.show", installation_id=row.id))


def _load_closed_cases(session: Session, entries: Iterable[AuditEntry]) -> dict[str, SubjectLink]:
    """Return closed cases by the titles that they had."""
    causes = {
        str(entry.detail.get("cause")): entry.subject
        for entry in entries
        if entry.what == "case closed"
    }
    links = {}
    query = select(Case).where(Case.cause.in_(causes)).order_by(Case.id)
    for case in session.scalars(query) if causes else ():
        links[causes[case.cause]] = _link_case(case)
    return links


def _load_case_titles(session: Session, entries: Iterable[AuditEntry]) -> dict[str, SubjectLink]:
    """Return the titles of the cases that entries name by their ids."""
    ids = set()
    for entry in entries:
        number = entry.subject.removeprefix("case ")
        if entry.what in CASE_ACTIONS and number.isdecimal() and int(number) <= MAX_ROW_ID:
            ids.add(int(number))
    links = {}
    for case in session.scalars(select(Case).where(Case.id.in_(ids))):
        links[f"case {case.id}"] = _link_case(case)
    return links


def _link_case(case: Case) -> SubjectLink:
    """Return a case by its title, in the language of the person."""
    with viewer.translate_reasons():
        return SubjectLink(case.title, url_for("inbox.one", case_id=case.id))


def _describe_other(subject: str) -> str:
    """Return the text for a subject without a row: an app, a part of the hub, any other text."""
    if subject in audit_details.SUBJECTS:
        return audit_details.describe_subject(subject)
    first, _, rest = subject.partition(" ")
    if rest == "secrets" and first.isdecimal():
        return ngettext("%(count)s secret", "%(count)s secrets", count=int(first))
    app, _, company = subject.partition(" for ")
    if company and app_name(app) != app:
        return gettext("%(app)s for %(company)s", app=app_name(app), company=company)
    return f"{app_name(first)} {rest}".strip()


def _add_filters(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return the details of a download that its sentence does not contain, filters first."""
    others = dict(details)
    for name in EXPORT_SENTENCE_DETAILS:
        others.pop(name, None)
    filters = others.pop("filters", {})
    return {**audit_exports.translate_filters(filters), **others}


def _add_record_name(entry: AuditEntry, details: dict[str, Any]) -> dict[str, Any]:
    """Return the details of a match with the name of its record first, in place of the id."""
    record = details.pop("record")
    name = entry.detail.get("record_name")
    if not name:
        name = gettext(RECORD_CHOICES[record]) if record in RECORD_CHOICES else record
    label = "matched to" if entry.what == "code matched" else "was"
    return {label: name, **details}
