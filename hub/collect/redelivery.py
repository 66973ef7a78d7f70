"""Recognize a document that its source yields again, unchanged, after a reported failure.

For some apps this is a request to retry it (`App.retry_reoffered`).
"""

from sqlalchemy import select

from hub.collect.batch import CollectBatch
from hub.contract.states import ReceiptState
from hub.models import Posting, ReceiptRow, SourceDocument
from hub.models.enums import Holder, PostingState, ReceiptEnd


def is_yielded_again(
    batch: CollectBatch, row: SourceDocument, posting: Posting, fingerprint: str
) -> bool:
    """Return whether the source wants a posting retried that QuickBooks refused.

    It does if the app declares that a repeated document means a retry, if the content is the same,
    and if nothing can have reached QuickBooks.
    """
    if not batch.setup.app.retry_reoffered or row.made_for:
        return False
    is_held = posting.state == PostingState.HELD and posting.held_by == Holder.QUICKBOOKS
    has_never_landed = posting.rekey
    if not is_held or not has_never_landed or posting.planned != fingerprint:
        return False
    return _is_failure_delivered(batch, row, posting)


def _is_failure_delivered(batch: CollectBatch, row: SourceDocument, posting: Posting) -> bool:
    """Return whether the source has accepted the receipt about this failure."""
    query = select(ReceiptRow.id).where(
        ReceiptRow.document_id == row.id,
        ReceiptRow.state == ReceiptState.FAILED,
        ReceiptRow.ended == ReceiptEnd.DELIVERED,
        ReceiptRow.at >= posting.changed_at,
    )
    return batch.session.scalar(query.limit(1)) is not None
