"""Read the transaction index: candidates for a posting, and transactions of other postings."""

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from hub.contract.document_kinds import LIST_KINDS
from hub.contract.states import Stage
from hub.models import Attempt, Posting, SourceDocument, TransactionHead
from hub.models.enums import Operation, PostingState, SendOutcome, TransactionState
from hub.posting.outcome.session import PostingSession
from hub.qbo import transaction_index

ATTACHMENT = "attachment"
SEARCHED_SINGLY = (*LIST_KINDS, ATTACHMENT)  # kinds whose objects are searched for one by one
EARLIEST_DATE = dt.datetime.min.replace(tzinfo=dt.UTC)
LATEST_DATE = dt.datetime.max.replace(tzinfo=dt.UTC)


def get_object_kind(posting: Posting) -> str:
    """Return the kind of object that a posting creates in QuickBooks."""
    if posting.operation == Operation.ATTACH:
        return ATTACHMENT
    return posting.kind


def store_entities(
    session: Session, posting_session: PostingSession, kind: str, entities: Sequence[dict[str, Any]]
) -> None:
    """Store transactions in the index, and the newest date of QuickBooks."""
    company_id = posting_session.company_id
    transaction_index.absorb_all(session, company_id, kind, entities)
    posting_session.store_date(session)


def find_candidates(
    session: Session,
    posting: Posting,
    marker: str,
    since: dt.datetime,
    until: dt.datetime | None,
) -> list[TransactionHead]:
    """Return the indexed transactions that may be the posting, oldest first.

    They carry its marker, or they carry none and were created when the posting may have been sent,
    from `since` to `until` or now.
    """
    heads = _select_heads(posting)
    until = until or LATEST_DATE
    conditions = (
        (TransactionHead.created_at.between(since, until), TransactionHead.marker == ""),
        (
            TransactionHead.state == TransactionState.DELETED,
            TransactionHead.created_at.is_(None),
            TransactionHead.updated_at.between(since, until),
            TransactionHead.marker == "",
        ),
        (TransactionHead.marker == marker, TransactionHead.marker != ""),
    )
    unsorted_rows: set[TransactionHead] = set()
    for condition in conditions:
        unsorted_rows.update(session.scalars(heads.where(*condition)))
    return sorted(unsorted_rows, key=_get_creation_order)


def _get_creation_order(head: TransactionHead) -> tuple[dt.datetime, str]:
    """Return the key that sorts by creation; heads without that date come first."""
    created_at = head.created_at or EARLIEST_DATE
    return created_at, head.quickbooks_id


def read_head(session: Session, posting: Posting, id: str) -> TransactionHead:
    """Return the indexed transaction of the posting's kind with this id; raise if there is none."""
    return session.scalars(_select_heads(posting).where(TransactionHead.quickbooks_id == id)).one()


def lock_head(session: Session, posting: Posting, id: str) -> None:
    """Lock the indexed transaction with this id before it is adopted for a posting.

    A person and a run may try to adopt one transaction for two documents at the same time. With the
    lock, the second sees what the first has recorded. Call this before any posting is locked.
    """
    key = (posting.company_id, get_object_kind(posting), id)
    session.get(TransactionHead, key, with_for_update=True)


def _select_heads(posting: Posting) -> Select[TransactionHead]:
    """Return a query for the indexed transactions of the company that are of the posting's kind."""
    return select(TransactionHead).where(
        TransactionHead.company_id == posting.company_id,
        TransactionHead.kind == get_object_kind(posting),
    )


def find_ids_of_other_parts(
    session: Session, posting: Posting, heads: Iterable[TransactionHead]
) -> set[str]:
    """Return the ids of transactions that look like another part of the document.

    The parts of a document have the same marker. A transaction that also looks like this part is
    left out.
    """
    if not posting.part:
        return set()
    of_other_parts = select(Posting).where(
        Posting.document_id == posting.document_id,
        Posting.part != posting.part,
        Posting.operation == Operation.CREATE,
    )
    numbers_and_totals = {_get_number_and_total(other) for other in session.scalars(of_other_parts)}
    numbers_and_totals.discard(_get_number_and_total(posting))
    return {head.quickbooks_id for head in heads if (head.number, head.total) in numbers_and_totals}


def _get_number_and_total(posting: Posting) -> tuple[str, Decimal | None]:
    """Return the number and total of a posting, which distinguish the parts of a document."""
    summary = posting.summary
    return summary.number, posting.total if summary.total is None else summary.total


def find_ids_of_other_postings(session: Session, posting: Posting, ids: list[str]) -> set[str]:
    """Return which of these ids other postings have recorded, or got in a response to a send."""
    is_file = posting.operation == Operation.ATTACH
    is_other_posting = (
        Posting.company_id == posting.company_id,
        Posting.kind == posting.kind,
        Posting.id != posting.id,
        Posting.operation == (Operation.ATTACH if is_file else Operation.CREATE),
    )
    posted_ids = select(Posting.quickbooks_id).where(
        *is_other_posting, Posting.quickbooks_id.in_(ids)
    )
    answered_ids = (
        select(Attempt.seen_id)
        .join(Posting, Posting.id == Attempt.posting_id)
        .where(
            *is_other_posting,
            Attempt.outcome == SendOutcome.LANDED,
            Attempt.seen_id.in_(ids),
        )
    )
    return {str(id) for id in [*session.scalars(posted_ids), *session.scalars(answered_ids)]}


def is_written_elsewhere(session: Session, posting: Posting, id: str) -> bool:
    """Return whether an update of another document that is not gone wrote a transaction.

    The transaction then belongs to that document, although it was in QuickBooks before. So does one
    of a former account of an app: its documents count as gone, and stay in the books.
    """
    query = (
        select(Posting.id)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(
            Posting.company_id == posting.company_id,
            Posting.kind == posting.kind,
            Posting.quickbooks_id == id,
            Posting.operation == Operation.UPDATE,
            Posting.state == PostingState.POSTED,
            or_(Posting.document_id != posting.document_id, Posting.part != posting.part),
            or_(SourceDocument.gone.is_(None), SourceDocument.is_of_former_account),
            SourceDocument.stage != Stage.CLOSED,
        )
    )
    return session.scalar(query.limit(1)) is not None
