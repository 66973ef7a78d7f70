"""Retry a refused posting when its source yields the unchanged document after the failure news.

Some apps mean a wish to retry by that (`App.retry_reoffered`).
"""

from sqlalchemy import select

from hub import outbox
from hub.cases import inbox
from hub.collect.batch import CollectBatch
from hub.models import Posting, ReceiptRow, SourceDocument


def retry_if_yielded_again(
    batch: CollectBatch, row: SourceDocument, posting: Posting, fingerprint: str
) -> bool:
    """Retry a posting that QuickBooks refused; return whether it is sent again.

    The app must mean a retry, the content be the same, and nothing can have reached QuickBooks.
    """
    app = batch.setup.app
    if not app.retry_reoffered or row.made_for:
        return False
    is_refused = posting.state == "held" and posting.hold == "quickbooks" and posting.rekey
    if not is_refused or posting.planned != fingerprint:
        return False
    if not _is_failure_delivered(batch, row, posting):
        return False
    if outbox.retry(batch.session, [posting.id], app.name) != 1:
        return False
    inbox.release(batch.session, posting)
    return True


def _is_failure_delivered(batch: CollectBatch, row: SourceDocument, posting: Posting) -> bool:
    """Return whether the source has accepted the receipt about this failure."""
    query = select(ReceiptRow.id).where(
        ReceiptRow.document_id == row.id,
        ReceiptRow.state == "failed",
        ReceiptRow.ended == "delivered",
        ReceiptRow.at >= posting.changed_at,
    )
    return batch.session.scalar(query.limit(1)) is not None
