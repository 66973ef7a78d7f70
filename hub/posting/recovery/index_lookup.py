"""Look up postings in the index of transactions: what may be theirs, and what others own."""

import datetime as dt

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from hub.models import Attempt, Posting, TransactionHead
from hub.models.enums import Operation, SendOutcome, TransactionState
from hub.posting.outcome.load import PostingSnapshot
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.history import FORGOTTEN, QuickBooksObject
from hub.posting.recovery.quickbooks_objects import from_head
from hub.qbo import search

OVERLAP = dt.timedelta(minutes=10)  # clocks and indexes differ
ATTACHMENT = "attachment"
EARLIEST = dt.datetime.min.replace(tzinfo=dt.UTC)


def object_kind(snapshot: PostingSnapshot) -> str:
    """Return the kind of object that a posting makes in QuickBooks."""
    if snapshot.history.operation == Operation.ATTACH:
        return ATTACHMENT
    return snapshot.posting.kind


def oldest_known_deletion(now: dt.datetime) -> dt.datetime:
    """Return the date from which on QuickBooks can tell which transactions were deleted."""
    return now - search.CHANGE_RETENTION + OVERLAP


def find_candidates(
    session: Session, posting_session: PostingSession, snapshot: PostingSnapshot, kind: str
) -> list[QuickBooksObject]:
    """Return the indexed transactions that may be the posting.

    They carry its marker or none, and are not older than the posting can be.
    """
    since = snapshot.since - OVERLAP
    marker = snapshot.history.marker
    heads = _heads(posting_session, kind)
    conditions = (
        (TransactionHead.created_at >= since, TransactionHead.marker == ""),
        (
            TransactionHead.state == TransactionState.DELETED,
            TransactionHead.created_at.is_(None),
            TransactionHead.updated_at >= since,
            TransactionHead.marker == "",
        ),
        (TransactionHead.marker == marker, TransactionHead.marker != ""),
    )
    unsorted_rows: set[TransactionHead] = set()
    for condition in conditions:
        unsorted_rows.update(session.scalars(heads.where(*condition)))
    rows = sorted(unsorted_rows, key=_by_creation)
    ids = [head.quickbooks_id for head in rows]
    owned_ids = find_owned_ids(session, posting_session, snapshot, kind, ids)
    candidates = [from_head(head, foreign=head.quickbooks_id in owned_ids) for head in rows]
    if posting_session.date and since < oldest_known_deletion(posting_session.date):
        candidates.append(FORGOTTEN)
    return candidates


def _by_creation(head: TransactionHead) -> tuple[dt.datetime, str]:
    """Return the key that sorts by creation; heads without that date come first."""
    created_at = head.created_at or EARLIEST
    return created_at, head.quickbooks_id


def read_indexed(
    session: Session, posting_session: PostingSession, snapshot: PostingSnapshot, id: str
) -> QuickBooksObject:
    """Return the indexed transaction with this id, which must be there."""
    kind = object_kind(snapshot)
    query = _heads(posting_session, kind).where(TransactionHead.quickbooks_id == id)
    owned_ids = find_owned_ids(session, posting_session, snapshot, kind, [id])
    return from_head(session.scalars(query).one(), foreign=bool(owned_ids))


def _heads(posting_session: PostingSession, kind: str) -> Select[TransactionHead]:
    """Return a query for the indexed transactions of the company that are of a kind."""
    return select(TransactionHead).where(
        TransactionHead.company_id == posting_session.company_id, TransactionHead.kind == kind
    )


def find_owned_ids(
    session: Session,
    posting_session: PostingSession,
    snapshot: PostingSnapshot,
    kind: str,
    ids: list[str],
) -> set[str]:
    """Return which of these ids are postings of other documents, or answered their sends."""
    operation = Operation.ATTACH if kind == ATTACHMENT else Operation.CREATE
    is_other_posting = (
        Posting.company_id == posting_session.company_id,
        Posting.kind == snapshot.posting.kind,
        Posting.id != snapshot.id,
        Posting.operation == operation,
    )
    posted = select(Posting.quickbooks_id).where(*is_other_posting, Posting.quickbooks_id.in_(ids))
    answered = (
        select(Attempt.seen_id)
        .join(Posting, Posting.id == Attempt.posting_id)
        .where(
            *is_other_posting,
            Attempt.outcome == SendOutcome.LANDED,
            Attempt.seen_id.in_(ids),
        )
    )
    return {str(id) for id in [*session.scalars(posted), *session.scalars(answered)]}
