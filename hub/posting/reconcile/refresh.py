"""Read posted transactions from QuickBooks again: in pages, by ids, or singly if necessary."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from sqlalchemy import func, or_, select

from hub.contract.document_kinds import LIST_KINDS
from hub.db.engine import read_only_session, transaction
from hub.errors import Refused
from hub.models import Posting, TransactionHead
from hub.models.enums import TransactionState
from hub.outbox.main_posting import SAME_TRANSACTION
from hub.posting.outcome.session import PostingSession
from hub.posting.reconcile import markers, posted_documents
from hub.posting.recovery import complete_search, single_read
from hub.posting.recovery.index_lookup import store_entities
from hub.posting.recovery.quickbooks_objects import build_deleted_entity
from hub.qbo import search
from hub.qbo.paging import ListRefused

MAX_SINGLE_READS = 20  # before more are made, the deletions that QuickBooks lists are read
CHUNK_SIZE = 5000
Entity = dict[str, Any]
EntitiesByKey = dict[tuple[str, str], Entity]  # by kind and id


def fetch_current(
    posting_session: PostingSession, ids_by_kind: Mapping[str, Iterable[str]]
) -> EntitiesByKey:
    """Read objects from QuickBooks; those that it does not have are left out."""
    client = posting_session.client()
    entities: EntitiesByKey = {}
    for kind, ids in ids_by_kind.items():
        unique_ids = list(dict.fromkeys(ids))
        for entity in search.find_by_ids(client, kind, unique_ids):
            entities[kind, str(entity["Id"])] = entity
        for id in unique_ids:
            if (kind, id) in entities:
                continue
            # A query may not show yet what was just posted, so a missing result proves nothing.
            single = _read_single(posting_session, kind, id)
            if single is not None:
                entities[kind, id] = single
    posting_session.collect_dates()
    return entities


def refresh(posting_session: PostingSession) -> dict[str, str]:
    """Update the head of every posting to what QuickBooks has now.

    Read all transactions created since the first posting in pages of a thousand, including those of
    others, because any of them may carry a marker of the hub. An object that QuickBooks does not
    have is marked as deleted. Return why QuickBooks refused to list kinds, by kind; raise the first
    refusal if it refused all.
    """
    refusals: dict[str, Refused] = {}
    kinds = _load_posted_kinds(posting_session)
    count = 0
    for kind, since in kinds:
        try:
            count = _refresh_kind(posting_session, kind, since, count)
        except Refused as refusal:
            refusals[kind] = refusal
    if refusals and len(refusals) == len(kinds):
        first_kind, first = next(iter(refusals.items()))
        raise ListRefused(first_kind, first.text) from first
    return {kind: refusal.text for kind, refusal in refusals.items()}


def _refresh_kind(
    posting_session: PostingSession, kind: str, since: dt.datetime, count: int
) -> int:
    """Refresh one kind of transaction; return how many were read so far (`count` before it)."""
    read_ids: set[str] = set()
    for page in search.find_created_since(
        posting_session.client(), kind, since - complete_search.SEARCH_OVERLAP
    ):
        posting_session.collect_dates()
        with transaction() as session:
            store_entities(session, posting_session, kind, page)
        read_ids.update(str(entity["Id"]) for entity in page)
        count += len(page)
        posting_session.report_progress("reading", count, 0)
    _refresh_unclaimed(posting_session, kind, read_ids)
    _refresh_rest(posting_session, kind, read_ids)
    return count


def _load_posted_kinds(posting_session: PostingSession) -> list[tuple[str, dt.datetime]]:
    """Return the kinds of transactions that were posted, each with the time of the first."""
    first_sent = func.min(func.coalesce(Posting.sent_date, Posting.created_at))
    query = (
        select(Posting.kind, first_sent)
        .where(*posted_documents.build_first_write_conditions(posting_session.company_id))
        .group_by(Posting.kind)
    )
    with read_only_session() as session:
        return [(kind, since) for kind, since in session.execute(query) if kind not in LIST_KINDS]


def _refresh_unclaimed(posting_session: PostingSession, kind: str, read_ids: Set[str]) -> None:
    """Refresh the heads with a marker of ours that no posting has, if they were not read yet."""
    query = markers.select_unclaimed_heads(posting_session.company_id).where(
        TransactionHead.kind == kind
    )
    with read_only_session() as session:
        heads = session.scalars(query).all()
    ids = [head.quickbooks_id for head in heads]
    _refresh_ids(posting_session, kind, [id for id in ids if id not in read_ids])


def _refresh_rest(posting_session: PostingSession, kind: str, read_ids: Set[str]) -> None:
    """Refresh the postings that were not read yet: older, brand-new and deleted transactions."""
    query = (
        select(Posting.id, Posting.quickbooks_id)
        .outerjoin(TransactionHead, SAME_TRANSACTION)
        .where(
            *posted_documents.build_first_write_conditions(posting_session.company_id),
            Posting.kind == kind,
            or_(TransactionHead.state.is_(None), TransactionHead.state != TransactionState.DELETED),
        )
        .order_by(Posting.id)
        .limit(CHUNK_SIZE)
    )
    last_id = 0
    while True:
        with read_only_session() as session:
            rows = session.execute(query.where(Posting.id > last_id)).all()
        if not rows:
            return
        last_id = rows[-1].id
        ids = [id for _, id in rows if id and id not in read_ids]
        _refresh_ids(posting_session, kind, ids)


def _refresh_ids(posting_session: PostingSession, kind: str, ids: Sequence[str]) -> None:
    """Read objects of one kind and store their current state."""
    if not ids:
        return
    deleted_ids: set[str] = set()
    if len(ids) > MAX_SINGLE_READS:
        deleted_ids = _fetch_recently_deleted(posting_session, kind)
    ids_to_read = [id for id in ids if id not in deleted_ids]
    current = fetch_current(posting_session, {kind: ids_to_read})
    entities = [current.get((kind, id)) or build_deleted_entity(id) for id in ids]
    with transaction() as session:
        store_entities(session, posting_session, kind, entities)


def _fetch_recently_deleted(posting_session: PostingSession, kind: str) -> set[str]:
    """Return the ids of the deleted objects that QuickBooks lists; these need no single reads.

    If QuickBooks cannot list all of them, return none, so that each object is read.
    """
    now = posting_session.date_or_now()
    since = complete_search.compute_oldest_known_deletion(now)
    try:
        entities = search.find_deleted(posting_session.client(), kind, since, now)
    except search.Incomplete:
        return set()
    return {str(entity["Id"]) for entity in entities}


def _read_single(posting_session: PostingSession, kind: str, id: str) -> Entity | None:
    """Read one object; None if QuickBooks does not have it."""
    client = posting_session.client()
    response = posting_session.note_date(client.read(kind, id))
    if single_read.is_missing(response):
        return None
    return single_read.require_response(response).entity
