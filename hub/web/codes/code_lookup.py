"""Codes of sources as documents use them, and what is stored about them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub import sources
from hub.cases.causes import build_match_cause
from hub.collect.match_index import build_match_index
from hub.context import current_hub
from hub.contract.chunks import iter_chunks
from hub.contract.codec import load
from hub.contract.documents import Code, Document, get_code_id, iter_codes
from hub.contract.types import Field
from hub.mapping import EMPTY, NEW, MatchIndex, has_separator
from hub.models import Case, Installation, Match, Posting, SeenCode, SourceDocument, case_posting
from hub.qbo import records
from hub.reasons.template import CaseAction

CODE_ORDER = (SeenCode.field, SeenCode.name, SeenCode.id)
CODES_PER_QUERY = 500


class AppCode(NamedTuple):
    """A code of an app at a company, as the source uses it, and the field that it belongs to."""

    installation: Installation
    source_code: SeenCode
    field: Field


def load_fields_by_name(installation: Installation) -> dict[str, Field]:
    """Return the code fields of an app by name; none when its plugin is missing.

    Policies that name a setting have the value of that setting.
    """
    if installation.slug not in current_hub().plugins.apps:
        return {}
    fields = sources.load_fields_as_set(installation)
    return {field.name: field for field in fields}


def load_match_index(session: Session, installation: Installation) -> MatchIndex:
    """Return the records and matches of an installation, without the records created for codes."""
    if installation.slug not in current_hub().plugins.apps:
        return MatchIndex({}, {})
    fields = load_fields_by_name(installation)
    return build_match_index(session, installation, fields.values())


def find_code_of_case(session: Session, case: Case) -> AppCode | None:
    """Return the code that a case is about; None when it is about something else."""
    name = case.details.get("field")
    code = case.details.get("code")
    if case.action != CaseAction.MATCH or not (name and code and case.installation_id):
        return None
    installation = session.get_one(Installation, case.installation_id)
    field = load_fields_by_name(installation).get(name)
    if field is None:
        return None
    source_code = find_code_as_used(session, installation.id, name, code, case.details)
    return AppCode(installation, source_code, field)


def find_code_as_used(
    session: Session,
    installation_id: int,
    field: str,
    code: str,
    details: Mapping[str, Any] | None = None,
) -> SeenCode:
    """Return the code as documents used it; if none did, as it is named."""
    is_code = (
        SeenCode.installation_id == installation_id,
        SeenCode.field == field,
        SeenCode.code == code,
    )
    names_of_code = {name: str((details or {}).get(name) or "") for name in ("name", "number")}
    return session.scalar(select(SeenCode).where(*is_code)) or SeenCode(
        installation_id=installation_id, field=field, code=code, **names_of_code
    )


def find_code_of_documents(
    session: Session, installation: Installation, source_code: SeenCode
) -> Code | str | None:
    """Return a code as the newest document gives it that the code holds; None if it holds none.

    Only a document contains the facts of a party by which it is also matched, such as its e-mail
    address.
    """
    document = find_held_document(session, installation, source_code)
    if document is None:
        return None
    return find_code(document, source_code.field, source_code.code)


def load_codes_of_documents(
    session: Session, installation: Installation, source_codes: Sequence[SeenCode]
) -> dict[tuple[str, str], Code | str]:
    """Return codes as the newest documents that they hold give them, by field and code.

    Those that hold no document are left out.
    """
    used: dict[tuple[str, str], Code | str] = {}
    for chunk in iter_chunks(source_codes, CODES_PER_QUERY):
        keys_by_cause = {}
        for source_code in chunk:
            key = source_code.field, source_code.code
            keys_by_cause[build_match_cause(installation.id, *key)] = key
        newest = (
            _join_held_postings(select(Case.cause, func.max(Posting.id).label("posting_id")))
            .where(Case.cause.in_(keys_by_cause))
            .group_by(Case.cause)
            .subquery()
        )
        bodies = (
            select(newest.c.cause, SourceDocument.body)
            .join(Posting, Posting.id == newest.c.posting_id)
            .join(SourceDocument, SourceDocument.id == Posting.document_id)
        )
        for cause, body in session.execute(bodies):
            code = find_code(load(Document, body), *keys_by_cause[cause]) if body else None
            if code is not None:
                used[keys_by_cause[cause]] = code
    return used


def find_held_document(
    session: Session, installation: Installation, source_code: SeenCode
) -> Document | None:
    """Return the newest document that is held because a code has no match, or None."""
    cause = build_match_cause(installation.id, source_code.field, source_code.code)
    holding = _join_held_postings(select(SourceDocument.body)).where(Case.cause == cause)
    body = session.scalar(holding.order_by(Posting.id.desc()).limit(1))
    return load(Document, body) if body else None


def _join_held_postings(query: Any) -> Any:
    """Add the documents that open cases hold, with their postings, to a query."""
    return (
        query.select_from(SourceDocument)
        .join(Posting, Posting.document_id == SourceDocument.id)
        .join(case_posting, case_posting.c.posting_id == Posting.id)
        .join(Case, Case.id == case_posting.c.case_id)
        .where(Case.closed_at.is_(None), SourceDocument.made_for == "")
    )


def get_plugin_name(installation: Installation) -> str:
    """Return the plugin that shares its matches, or "" if the app is not installed."""
    plugins = current_hub().plugins
    if installation.slug not in plugins.apps:
        return ""
    return plugins.get_plugin_name(installation.slug)


def select_match(installation: Installation, field: str, code: str) -> Any:
    """Return the query for the stored match of a code."""
    return select(Match).where(
        Match.company_id == installation.company_id,
        Match.tenant == (installation.tenant or ""),
        Match.scope == get_plugin_name(installation),
        Match.field == field,
        Match.code == code,
    )


def is_outdated(match: Match, field: Field, match_index: MatchIndex) -> bool:
    """Return whether a match no longer counts.

    A new version of the plugin may have given its field another list of QuickBooks, and its record
    may have become inactive, be gone, or have a name that the source cannot take.
    """
    if not records.is_same_list(match.role, field.role):
        return True
    if match.record in (EMPTY, NEW):
        return False
    entry = match_index.records(field.role).get_active(match.record)
    return entry is None or has_separator(field, entry.qualified_name)


def find_code(document: Document, field: str, id: str) -> Code | str | None:
    """Return a code as a document uses it; None if it does not."""
    for name, code, _ in iter_codes(document):
        if name == field and id == get_code_id(code):
            return code
    return None
