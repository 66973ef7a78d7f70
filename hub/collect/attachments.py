"""Plan the attachments of documents: postings of their own, each after its document."""

from hub import outbox
from hub.collect.batch import CollectBatch
from hub.contract.codec import dump
from hub.contract.documents import Attachment, Document
from hub.models import Posting, SourceDocument
from hub.qbo import payloads

MAX_NAME_LENGTH = 200


def note_new_attachments(batch: CollectBatch, row: SourceDocument, document: Document) -> None:
    """Note a document that is in QuickBooks already for `plan_attachments`."""
    posted = [posting for posting in batch.main_postings(row) if posting.state == "posted"]
    if posted:
        batch.attachment_parents.append((row, document, posted[-1]))


def plan_attachments(batch: CollectBatch) -> None:
    """Plan the attachments of the documents that the batch has planned."""
    batch.session.flush()
    for row, document, main in batch.attachment_parents:
        for attachment in document.attachments:
            _plan_attachment(batch, row, attachment, main)
        _withdraw_removed(batch, row, {attachment.id for attachment in document.attachments})


def _plan_attachment(
    batch: CollectBatch, row: SourceDocument, attachment: Attachment, main: Posting
) -> None:
    payload = payloads.encode(dump(attachment))
    parent_id = main.quickbooks_id if main.state == "posted" else None
    newest = _newest_posting(batch, row, attachment.id)
    if newest and _is_done(newest, main, parent_id, payload):
        return

    base = parent_id or "0"
    state = batch.setup.state if parent_id else "waiting"
    if newest and newest.state in outbox.UNSENT + outbox.IN_FLIGHT:
        base = newest.base
        if not parent_id:
            state = newest.state
    batch.plan_posting(
        row,
        operation="attach",
        part=attachment.id,
        base=base,
        kind=main.kind,
        payload=payload,
        meaning={},
        number=attachment.name[:MAX_NAME_LENGTH],
        state=state,
        after_id=main.id,
    )


def _is_done(newest: Posting, main: Posting, parent_id: str | None, payload: bytes) -> bool:
    """Return whether an attachment is at its transaction, skipped, or held for what it is now."""
    if newest.state == "held":
        return newest.planned == outbox.fingerprint(payload)
    if newest.state not in ("posted", "skipped"):
        return False
    # A document that is to be created again becomes another transaction, which its files follow.
    keeps_parent = parent_id is None and main.operation != "create"
    return keeps_parent or newest.base == parent_id


def _newest_posting(batch: CollectBatch, row: SourceDocument, part: str) -> Posting | None:
    for posting in reversed(batch.postings(row)):
        if posting.operation == "attach" and posting.part == part:
            return posting
    return None


def _withdraw_removed(batch: CollectBatch, row: SourceDocument, attachment_ids: set[str]) -> None:
    """Withdraw the unsent attachments that the document does not have any more."""
    for posting in batch.postings(row):
        is_unsent = posting.operation == "attach" and posting.state in outbox.UNSENT
        if is_unsent and posting.part not in attachment_ids:
            outbox.withdraw(batch.session, posting, "The source no longer has this file.")
