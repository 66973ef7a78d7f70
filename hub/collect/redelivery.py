"""A document that its source offers again unchanged, once it knows of the failure: for some apps, a wish to retry."""

from typing import TYPE_CHECKING

from sqlalchemy import select

from hub import outbox
from hub.cases import inbox
from hub.models import Posting, ReceiptRow, SourceDocument

if TYPE_CHECKING:
    from hub.collect.batch import Group


def try_again(group: "Group", row: SourceDocument, posting: Posting, planned: str) -> bool:
    """Sends a refused posting again, if nothing of it can have landed and the app means that by offering it."""
    refused = posting.state == "held" and posting.hold == "quickbooks" and posting.rekey
    unchanged = posting.planned == planned
    wished = group.setup.app.retry_reoffered and not row.made_for
    if not (wished and refused and unchanged and _was_told(group, row, posting)):
        return False
    moved = outbox.retry(group.session, [posting.id], group.setup.app.name) == 1
    if moved:
        inbox.release(group.session, posting)
    return moved


def _was_told(group: "Group", row: SourceDocument, posting: Posting) -> bool:
    """Whether the source took the news of this failure."""
    news = (
        ReceiptRow.document_id == row.id,
        ReceiptRow.state == "failed",
        ReceiptRow.ended == "delivered",
    )
    found = select(ReceiptRow.id).where(*news, ReceiptRow.at >= posting.changed_at).limit(1)
    return group.session.scalar(found) is not None
