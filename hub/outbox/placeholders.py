"""Placeholders for ids that QuickBooks has not given yet, and the links of codes to new records."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import ColumnElement, TextClause, and_, select, update
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.mapping.index import EMPTY, NEW
from hub.models import ListState, Match, Posting, Record, SourceDocument, TransactionSummary
from hub.outbox.identity import fingerprint

REQUESTED_BY = "requested by"  # the fact of a record that a person wants made
_PLACEHOLDER = re.compile(rb'"@posting:([0-9]+)(?:/((?:[^"\\]|\\.)*))?"')


def placeholder(posting_id: int, line: str = "") -> str:
    """Return the placeholder for the QuickBooks id of a posting, or of one of its lines."""
    return f"@posting:{posting_id}/{line}" if line else f"@posting:{posting_id}"


def awaited(payload: bytes) -> set[int]:
    """Return the postings whose QuickBooks ids a payload waits for."""
    return {int(found) for found, _ in _PLACEHOLDER.findall(payload)}


def creation_requested_by(row: SourceDocument) -> str:
    """Return the person who wants a record made for a code, whether or not a document needs it."""
    return str((row.body or {}).get("facts", {}).get(REQUESTED_BY, ""))


def dependents(session: Session, creations: Iterable[Posting], but: SourceDocument) -> set[int]:
    """Return the postings that need one of these and are not held, except those of one document."""
    wanted = {one.id for one in creations}
    rows = session.execute(
        select(Posting.id, Posting.payload).where(
            Posting.installation_id == but.installation_id,
            Posting.document_id != but.id,
            Posting.state.in_(("waiting", "review", "ready")),
            Posting.after_id.is_not(None),
        )
    )
    return {id for id, payload in rows if awaited(payload) & wanted}


def line_ids(summary: TransactionSummary) -> dict[str, str]:
    """Return the QuickBooks ids of the lines of a posted document, by the source's ids."""
    return {
        line.id: line.quickbooks_line
        for line in summary.lines
        if line.id is not None and line.quickbooks_line is not None
    }


def fill(session: Session, posting: Posting) -> int | None:
    """Fill the ids of posted documents into a payload that never left.

    Return the posting whose id is still missing, if any.
    """
    wanted = awaited(posting.payload)
    if not wanted:
        return None
    ids = _made(session, wanted)
    if missing := wanted - ids.keys():
        return min(missing)
    posting.payload = _filled(posting.payload, ids)
    posting.planned = fingerprint(posting.payload)
    posting.meaning = json.loads(_filled(json.dumps(posting.meaning).encode(), ids))
    if posting.approved_payload:
        posting.approved_payload = posting.planned
    return None


def fill_known_ids(session: Session, payload: bytes) -> bytes:
    """Return a payload with the ids that are known by now; other placeholders stay."""
    wanted = awaited(payload)
    return _filled(payload, _made(session, wanted)) if wanted else payload


class _Made(NamedTuple):
    """The id of a posted transaction, and the ids of its lines."""

    id: str
    lines: Mapping[str, str]


def _made(session: Session, wanted: Iterable[int]) -> dict[int, _Made]:
    posted = Posting.id.in_(wanted), Posting.state == "posted", Posting.quickbooks_id.is_not(None)
    made = session.scalars(select(Posting).where(*posted))
    matched = {
        id: _Made(record, {}) for id, record in records(session, Posting.id.in_(wanted)).items()
    }
    return matched | {one.id: _Made(str(one.quickbooks_id), line_ids(one.summary)) for one in made}


def records(session: Session, *which: ColumnElement[bool] | TextClause) -> dict[int, str]:
    """Return the record that the code of each of these creations is matched to by now."""
    row = SourceDocument
    same = (
        Match.company_id == row.company_id,
        Match.tenant == row.tenant,
        Match.field == row.made_for,
    )
    found = (
        select(Posting.id, row.slug, Match.scope, Match.record)
        .join(row, row.id == Posting.document_id)
        .join(Match, and_(*same, Match.code == row.source_id))
        .where(*which, Posting.operation == "create", Match.record.not_in((NEW, EMPTY)))
    )
    plugins = hub_context.current().plugins
    rows = [row for row in session.execute(found) if row.slug in plugins.apps]
    return {id: record for id, slug, scope, record in rows if plugins.scope(slug) == scope}


def _filled(text: bytes, ids: Mapping[int, _Made]) -> bytes:
    return _PLACEHOLDER.sub(
        lambda found: _id(found, ids[int(found[1])]) if int(found[1]) in ids else found[0], text
    )


def _id(found: re.Match[bytes], made: _Made) -> bytes:
    line = found[2]
    id = made.id if line is None else made.lines.get(json.loads(b'"' + line + b'"'), "")
    return json.dumps(id).encode()


def link(session: Session, posting_id: int) -> None:
    """Match a code to the party or item that was just created for it; keep a choice of a person."""
    rows = select(Posting, SourceDocument).join(
        SourceDocument, SourceDocument.id == Posting.document_id
    )
    made = Posting.id == posting_id, Posting.operation == "create", SourceDocument.made_for != ""
    for posting, row in session.execute(rows.where(*made)).all():
        values = _match(posting, row)
        known = {name: values[name] for name in ("company_id", "scope", "tenant", "field", "code")}
        match = session.scalar(select(Match).filter_by(**known))
        if match is None:
            session.add(Match(**values))
        elif match.record == NEW:
            match.record = posting.quickbooks_id or NEW
        _remember(session, posting, row)


def _match(posting: Posting, row: SourceDocument) -> dict[str, object]:
    now = hub_context.current()
    return {
        "company_id": row.company_id,
        "scope": now.plugins.scope(row.slug),
        "tenant": row.tenant,
        "field": row.made_for,
        "code": row.source_id,
        "name": row.number or row.party,
        "role": row.kind,
        "record": posting.quickbooks_id,
        "how": "link",
        "who": "hub",
        "at": now.clock.now(),
    }


def _remember(session: Session, posting: Posting, row: SourceDocument) -> None:
    """Store a new record until its list is read again."""
    summary = posting.summary
    key = (row.company_id, row.kind, posting.quickbooks_id)
    if session.get(Record, key) is None:
        state = ListState.company_id == row.company_id, ListState.list == row.kind
        session.execute(update(ListState).where(*state).values(version=ListState.version + 1))
        session.add(
            Record(
                company_id=row.company_id,
                list=row.kind,
                quickbooks_id=posting.quickbooks_id or "",
                name=row.party,
                full_name=row.party,
                type=summary.type,
                email=summary.email,
                currency=row.currency,
                read_at=hub_context.current().clock.now(),
            )
        )
