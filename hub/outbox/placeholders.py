"""Fill placeholders in the payloads of postings, and link codes to the records created for them."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, TextClause, and_, select, update
from sqlalchemy.orm import Session, aliased

from hub.context import current_hub
from hub.db.engine import insert
from hub.mapping.index import EMPTY, NEW
from hub.mapping.placeholders import POSTING_PREFIX
from hub.models import ListState, Match, Posting, SourceDocument, StoredRecord, TransactionSummary
from hub.models.enums import MatchOrigin, Operation, PostingState
from hub.outbox import approvals
from hub.outbox.identity import compute_fingerprint
from hub.outbox.states import SENDABLE

REQUESTED_BY = "requested by"  # the key of a record's fact with the person who requested it
_PLACEHOLDER = re.compile(b'"' + POSTING_PREFIX.encode() + rb'([0-9]+)(?:/((?:[^"\\]|\\.)*))?"')


class _PostedIds(NamedTuple):
    """The QuickBooks id of a transaction or record, and the ids of its lines by source id."""

    id: str
    line_ids: Mapping[str, str]


def find_awaited_ids(payload: bytes) -> set[int]:
    """Return the postings whose QuickBooks ids a payload waits for."""
    return {int(posting_id) for posting_id, _ in _PLACEHOLDER.findall(payload)}


def find_creation_requester(row: SourceDocument) -> str:
    """Return the person who requested a record for a code, even if no document needs it."""
    body = row.body or {}
    facts = body.get("facts", {})
    return str(facts.get(REQUESTED_BY, ""))


def find_dependents(
    session: Session, creations: Iterable[Posting], except_for: SourceDocument
) -> set[int]:
    """Return the unheld postings of other documents that wait for one of these creations."""
    creation_ids = {creation.id for creation in creations}
    query = select(Posting.id, Posting.payload).where(
        Posting.installation_id == except_for.installation_id,
        Posting.document_id != except_for.id,
        Posting.state.in_(SENDABLE),
        Posting.after_id.is_not(None),
    )
    dependent_ids = set()
    for id, payload in session.execute(query):
        needs_creation = find_awaited_ids(payload) & creation_ids
        if needs_creation:
            dependent_ids.add(id)
    return dependent_ids


def get_line_ids(summary: TransactionSummary) -> dict[str, str]:
    """Return the QuickBooks ids of the lines of a posted document, by the source's ids.

    Lines that have no id at the source, or none in QuickBooks, are left out.
    """
    ids = {}
    for line in summary.lines:
        if line.id is not None and line.quickbooks_line is not None:
            ids[line.id] = line.quickbooks_line
    return ids


def fill(session: Session, posting: Posting) -> int | None:
    """Fill the ids of posted documents into a payload that was never sent.

    Return the posting whose id is still missing, if any.
    """
    posting_ids = find_awaited_ids(posting.payload)
    if not posting_ids:
        return None
    known_ids = _load_known_ids(session, posting_ids)
    missing = posting_ids - known_ids.keys()
    if missing:
        return min(missing)
    was_approved = bool(posting.approved_payload)
    posting.payload = _replace_placeholders(posting.payload, known_ids)
    approvals.carry_over(session, posting, compute_fingerprint(posting.payload), keeps=was_approved)
    posting.planned = compute_fingerprint(posting.payload)
    stored_summary = json.dumps(posting.stored_summary).encode()
    posting.stored_summary = json.loads(_replace_placeholders(stored_summary, known_ids))
    if was_approved:
        posting.approved_payload = posting.planned
    return None


def fill_approved_ids(session: Session, payload: bytes) -> bytes:
    """Return an approved payload with the ids of the records that are created by now.

    A placeholder stays if its code was matched to another record since the approval, because nobody
    has approved that record.
    """
    posting_ids = find_awaited_ids(payload) - find_other_records(session, payload)
    if not posting_ids:
        return payload
    return _replace_placeholders(payload, _load_known_ids(session, posting_ids))


def find_other_records(session: Session, payload: bytes) -> set[int]:
    """Return the awaited creations of a payload whose code has been matched to another record.

    Records that the hub created for the same code do not count as other records.
    """
    posting_ids = find_awaited_ids(payload)
    if not posting_ids:
        return set()
    records = load_matched_records(session, Posting.id.in_(posting_ids))
    if not records:
        return set()
    creation, row_of_created = aliased(Posting), aliased(SourceDocument)
    is_of_same_code = and_(
        row_of_created.company_id == SourceDocument.company_id,
        row_of_created.tenant == SourceDocument.tenant,
        row_of_created.made_for == SourceDocument.made_for,
        row_of_created.source_id == SourceDocument.source_id,
    )
    query = (
        select(Posting.id, creation.quickbooks_id)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .join(row_of_created, is_of_same_code)
        .join(creation, creation.document_id == row_of_created.id)
        .where(
            Posting.id.in_(records),
            creation.operation == Operation.CREATE,
            creation.state == PostingState.POSTED,
        )
    )
    created_records = {(id, record) for id, record in session.execute(query)}
    return {id for id, record in records.items() if (id, record) not in created_records}


def load_matched_records(
    session: Session, *conditions: ColumnElement[bool] | TextClause
) -> dict[int, str]:
    """Return, by posting, the record to which the code of a creation has been matched."""
    row = SourceDocument
    is_match_of_code = and_(
        Match.company_id == row.company_id,
        Match.tenant == row.tenant,
        Match.field == row.made_for,
        Match.code == row.source_id,
    )
    query = (
        select(Posting.id, row.slug, Match.scope, Match.record)
        .join(row, row.id == Posting.document_id)
        .join(Match, is_match_of_code)
        .where(
            *conditions,
            Posting.operation == Operation.CREATE,
            Match.record.not_in((NEW, EMPTY)),
        )
    )
    plugins = current_hub().plugins
    records = {}
    for id, slug, plugin_name, record in session.execute(query):
        if slug in plugins.apps and plugins.get_plugin_name(slug) == plugin_name:
            records[id] = record
    return records


def match_created_record(session: Session, posting_id: int) -> None:
    """Match a code to the party or item that was just created for it.

    A match that a person chose is kept. While the plugin of its app is not loaded, a code without a
    match gets none; the source id of the document still links it to the record.
    """
    query = (
        select(Posting, SourceDocument)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(
            Posting.id == posting_id,
            Posting.operation == Operation.CREATE,
            SourceDocument.made_for != "",
        )
    )
    for posting, row in session.execute(query).all():
        _add_match(session, posting, row)
        _add_record(session, posting, row)


def _load_known_ids(session: Session, posting_ids: Iterable[int]) -> dict[int, _PostedIds]:
    """Return the ids of the postings that are posted or whose code is matched to a record."""
    is_chosen = Posting.id.in_(posting_ids)
    ids = {}
    for id, record in load_matched_records(session, is_chosen).items():
        ids[id] = _PostedIds(record, {})
    query = select(Posting).where(
        is_chosen,
        Posting.state == PostingState.POSTED,
        Posting.quickbooks_id.is_not(None),
    )
    for posting in session.scalars(query):
        ids[posting.id] = _PostedIds(str(posting.quickbooks_id), get_line_ids(posting.summary))
    return ids


def _replace_placeholders(text: bytes, ids: Mapping[int, _PostedIds]) -> bytes:
    """Replace the placeholders whose ids are known; the id of an unknown line becomes empty."""

    def replacement(match: re.Match[bytes]) -> bytes:
        """Return the id as JSON, or the placeholder itself if the id is not known."""
        posting_id, line = match.groups()
        posted_ids = ids.get(int(posting_id))
        if posted_ids is None:
            return match[0]
        if line is None:
            return json.dumps(posted_ids.id).encode()
        # The placeholder has the source's id of the line as JSON writes it, without its quotes.
        source_line_id = json.loads(b'"' + line + b'"')
        line_id = posted_ids.line_ids.get(source_line_id, "")
        return json.dumps(line_id).encode()

    return _PLACEHOLDER.sub(replacement, text)


def _add_match(session: Session, posting: Posting, row: SourceDocument) -> None:
    """Store the match of a code to its new record, unless the code has been matched meanwhile."""
    key: dict[str, Any] = {
        "company_id": row.company_id,
        "tenant": row.tenant,
        "field": row.made_for,
        "code": row.source_id,
    }
    plugin_name = _find_plugin_name(session, row, key)
    if plugin_name is None:
        return
    key["scope"] = plugin_name
    values = {
        "name": row.number or row.party,
        "role": row.kind,
        "record": posting.quickbooks_id,
        "match_method": MatchOrigin.LINK,
        "who": "hub",
        "at": current_hub().clock.now(),
    }
    # Somebody may match the code at the same time.
    session.execute(insert(session, Match).values(**key, **values).on_conflict_do_nothing())
    match = session.scalars(select(Match).filter_by(**key)).one()
    if match.record == NEW:
        match.record = posting.quickbooks_id or NEW


def _find_plugin_name(session: Session, row: SourceDocument, key: Mapping[str, Any]) -> str | None:
    """Return the plugin whose apps share the match of a code.

    If the plugin of the app is not loaded, its name is not known. Then return the plugin that has
    a match of the code and is not loaded either; None unless there is exactly one.
    """
    plugins = current_hub().plugins
    if row.slug in plugins.apps:
        return plugins.get_plugin_name(row.slug)
    loaded_names = {plugins.get_plugin_name(slug) for slug in plugins.apps}
    query = select(Match.scope).filter_by(**key).where(Match.scope.not_in(loaded_names))
    names = session.scalars(query).all()
    return names[0] if len(names) == 1 else None


def _add_record(session: Session, posting: Posting, row: SourceDocument) -> None:
    """Store a new record until its list is read again."""
    list_state = update(ListState).where(
        ListState.company_id == row.company_id, ListState.list == row.kind
    )
    # This waits for another process that stores records of the list, such as a poll of changes.
    session.execute(list_state.values(version=ListState.version + 1))
    key = (row.company_id, row.kind, posting.quickbooks_id)
    if session.get(StoredRecord, key) is not None:
        return
    summary = posting.summary
    record = StoredRecord(
        company_id=row.company_id,
        list=row.kind,
        quickbooks_id=posting.quickbooks_id or "",
        name=row.party,
        full_name=row.party,
        type=summary.type,
        email=summary.email,
        currency=row.currency,
        read_at=current_hub().clock.now(),
    )
    session.add(record)
