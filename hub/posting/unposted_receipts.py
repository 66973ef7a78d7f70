"""Queue receipts for documents that are not posted: held, or checked and not sent yet."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Select, Text, and_, or_, select
from sqlalchemy.orm import Session, joinedload

from hub import exact_json
from hub.contract.chunks import iter_chunks
from hub.contract.states import ReceiptState
from hub.db.engine import read_only_session, transaction
from hub.models import Installation, Posting, ReceiptRow, SourceDocument
from hub.models.enums import PostingState
from hub.outbox.conditions import IS_FIRST_WRITE
from hub.posting.receipts import (
    HELD_STATES,
    find_last,
    is_wanted,
    queue,
    select_last_receipt_column,
)
from hub.reasons import texts
from hub.reasons.texts import StoredReason

CHUNK_SIZE = 200  # postings whose receipts are queued in one transaction


def queue_unposted(installation_ids: Iterable[int]) -> None:
    """Queue receipts for documents that are held, or checked and not sent yet.

    A document whose reasons have changed since its last receipt gets a new one; a new wording of
    the same reasons is no change. They are queued in chunks, so that others can write in between.
    """
    with read_only_session() as session:
        reporting_ids = [id for id in installation_ids if _reports_unposted(session, id)]
        if not reporting_ids:
            return
        query = _select_unreported().where(Posting.installation_id.in_(reporting_ids))
        ids = session.scalars(query.with_only_columns(Posting.id).order_by(Posting.id)).all()
    for chunk in iter_chunks(ids, CHUNK_SIZE):
        with transaction() as session:
            _queue_chunk(session, chunk)


def _select_unreported() -> Select[Posting, str, str]:
    """Return a query for the postings whose state was not reported to their source.

    Its columns are the posting, and the state and the reasons of the last receipt.
    """
    last_state = select_last_receipt_column(ReceiptRow.state)
    last_reasons = select_last_receipt_column(ReceiptRow.reasons.cast(Text))
    is_newly_queued = and_(
        Posting.state.in_((PostingState.READY, PostingState.REVIEW)),
        Posting.checked_at.is_not(None),
        last_state != ReceiptState.QUEUED,
    )
    is_newly_held = and_(
        Posting.state == PostingState.HELD,
        or_(
            last_state.not_in(HELD_STATES),
            last_reasons != Posting.reasons.cast(Text),
        ),
    )
    return select(Posting, last_state, last_reasons).where(
        IS_FIRST_WRITE,
        # Implied by the conditions below; with it the database finds them by an index.
        Posting.state.in_((PostingState.READY, PostingState.REVIEW, PostingState.HELD)),
        or_(is_newly_queued, is_newly_held),
    )


def _queue_chunk(session: Session, ids: Sequence[int]) -> None:
    """Queue the receipts of some postings, except those that have been reported meanwhile."""
    unreported_postings = _select_unreported().where(Posting.id.in_(ids)).order_by(Posting.id)
    query = unreported_postings.options(joinedload(Posting.document))
    split_documents: dict[int, SourceDocument] = {}
    for posting, previous_state, previous_reasons in session.execute(query).all():
        if posting.part:
            split_documents[posting.document_id] = posting.document
            continue
        is_held = posting.state == PostingState.HELD
        state = ReceiptState.HELD if is_held else ReceiptState.QUEUED
        if is_held and previous_state in HELD_STATES:
            stored_reasons = exact_json.loads(previous_reasons)
            if texts.are_same(stored_reasons, posting.reasons):
                _store_reasons(session, posting)
                continue
        queue(session, posting.document, state, posting=posting, reasons=posting.reasons)
    for document in split_documents.values():
        _queue_unposted_parts(session, document)


def _queue_unposted_parts(session: Session, document: SourceDocument) -> None:
    """Queue a receipt for a split document of which parts are held, or checked and not sent yet.

    The document is held if one of its parts is, for the reasons of all held parts. A receipt for
    each part would be repeated with every run, because it never equals the last receipt of the
    document.
    """
    query = (
        select(Posting)
        .where(
            Posting.document_id == document.id,
            IS_FIRST_WRITE,
            Posting.state.in_((PostingState.READY, PostingState.REVIEW, PostingState.HELD)),
        )
        .order_by(Posting.id)
    )
    postings = session.scalars(query).all()
    held_postings = [posting for posting in postings if posting.state == PostingState.HELD]
    state = ReceiptState.HELD if held_postings else ReceiptState.QUEUED
    reasons = _merge_reasons(held_postings or postings[:1])
    if not _was_reported(session, document, state, reasons):
        queue(session, document, state, posting=(held_postings or postings)[0], reasons=reasons)


def _merge_reasons(postings: Iterable[Posting]) -> list[StoredReason]:
    """Return the reasons of several postings, each once."""
    reasons: list[StoredReason] = []
    for posting in postings:
        reasons += [reason for reason in posting.reasons if reason not in reasons]
    return reasons


def _was_reported(
    session: Session,
    document: SourceDocument,
    state: ReceiptState,
    reasons: Sequence[StoredReason],
) -> bool:
    """Return whether the last receipt of a document says that it is queued, or held for reasons."""
    last = find_last(session, document)
    if last is None:
        return False
    if state == ReceiptState.QUEUED:
        return last.state == ReceiptState.QUEUED
    return last.state in HELD_STATES and texts.are_same(last.reasons, reasons)


def _store_reasons(session: Session, posting: Posting) -> None:
    """Store the reasons of a posting in the last receipt of its document.

    The receipt was queued for the same reasons by an earlier version, which stored a sentence.
    """
    receipt = find_last(session, posting.document)
    if receipt:
        receipt.reasons = posting.reasons


def _reports_unposted(session: Session, installation_id: int) -> bool:
    """Return whether anyone wants to know of unposted documents of an installation."""
    installation = session.get_one(Installation, installation_id)
    return is_wanted(installation.slug, ReceiptState.HELD, ReceiptState.QUEUED)
