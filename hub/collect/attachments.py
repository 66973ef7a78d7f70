"""Plan the attachments of documents: postings of their own, each after its document."""

from collections.abc import Sequence

from hub import outbox, payloads
from hub.collect.batch import CollectBatch
from hub.collect.document_plan import AttachmentParent, DocumentPlan
from hub.contract.codec import dump
from hub.contract.documents import Attachment, Document
from hub.models import Posting, SourceDocument
from hub.models.enums import DocumentOutcome, Operation, PostingState
from hub.models.postings import MAX_NUMBER_LENGTH
from hub.outbox.plan_values import Content, Disposition, PartOperation
from hub.reasons.texts import CaseText

UNPOSTED_BASE = "0"  # of a file whose transaction is not posted yet


def find_posted_parent(
    batch: CollectBatch, row: SourceDocument, document: Document
) -> AttachmentParent | None:
    """Return the posting that the attachments of an unchanged document belong to, if any."""
    postings = {posting.part: posting for posting in batch.postings_in_books(row)}
    if not postings:
        return None
    part = choose_part_with_files(batch, row, list(postings))
    return AttachmentParent(row, document, postings[part])


def choose_part_with_files(batch: CollectBatch, row: SourceDocument, parts: Sequence[str]) -> str:
    """Return the part of a document that has its files, or else the first one.

    It is the part whose transaction has the files or will get them, even if the order of the parts
    has changed.
    """
    part = _find_part_with_files(batch, row)
    return part if part is not None and part in parts else parts[0]


def _find_part_with_files(batch: CollectBatch, row: SourceDocument) -> str | None:
    """Return the part to whose transaction the newest file of a document belongs, if it has any."""
    files = [
        posting
        for posting in batch.postings(row)
        if posting.operation == Operation.ATTACH and posting.state != PostingState.WITHDRAWN
    ]
    if not files:
        return None
    newest = files[-1]
    for posting in batch.transaction_postings(row):
        if posting.id == newest.after_id or posting.quickbooks_id == newest.base:
            return posting.part
    return None


def plan_attachments(batch: CollectBatch, parent: AttachmentParent) -> DocumentPlan:
    """Plan the attachments of a document, which belong to the transaction of the parent posting."""
    row, document = parent.row, parent.document
    plan = DocumentPlan(row, DocumentOutcome.UNCHANGED)
    attachment_ids: set[str] = set()
    for attachment in document.attachments:
        attachment_ids.add(attachment.id)
        newest = _find_newest_posting(batch, row, attachment.id)
        _plan_attachment(batch, plan, attachment, parent.posting, newest)
    for posting in batch.postings(row):
        is_unsent = posting.operation == Operation.ATTACH and posting.state in outbox.UNSENT
        if is_unsent and posting.part not in attachment_ids:
            plan.withdraw(posting, CaseText("posting.file_gone"))
    return plan


def _plan_attachment(
    batch: CollectBatch,
    plan: DocumentPlan,
    attachment: Attachment,
    parent: Posting,
    newest: Posting | None,
) -> None:
    """Plan the upload of a file, unless it is attached already, skipped, or held unchanged."""
    payload = payloads.encode(dump(attachment))
    parent_id = _get_transaction_id(parent)
    is_other_file = newest is not None and _is_other_file(newest, attachment)
    if newest and not is_other_file and _is_done(newest, parent, payload):
        return

    base = parent_id or UNPOSTED_BASE
    state = batch.setup.state if parent_id else PostingState.WAITING
    if newest and _is_still_to_be_sent(newest, parent):
        base = newest.base
        state = _choose_state_of_unsent(newest, state, is_parent_posted=bool(parent_id))
    content = Content(
        kind=parent.kind,
        payload=payload,
        number=attachment.name[:MAX_NUMBER_LENGTH],
        after_id=parent.id,
    )
    operation = PartOperation(
        operation=Operation.ATTACH,
        part=attachment.id,
        base=base,
        repetition=outbox.Repetition.OFFERED if is_other_file else outbox.Repetition.NONE,
    )
    plan.add_posting(operation, content, Disposition(state=state))


def _choose_state_of_unsent(
    newest: Posting, state: PostingState, *, is_parent_posted: bool
) -> PostingState:
    """Return the state of an unsent attachment that is planned again."""
    if not is_parent_posted:
        return PostingState(newest.state)
    if newest.base == UNPOSTED_BASE:
        return PostingState.WAITING  # until it gets the id of the transaction
    return state


def _get_transaction_id(parent: Posting) -> str | None:
    """Return the QuickBooks id of the transaction of a document; None while it is not posted."""
    return parent.quickbooks_id if parent.state == PostingState.POSTED else None


def _is_still_to_be_sent(newest: Posting, parent: Posting) -> bool:
    """Return whether an unfinished posting of an attachment is for the present transaction.

    An attachment that waits for a change is planned again if the change was withdrawn.
    """
    if newest.state not in outbox.UNFINISHED:
        return False
    is_posted = parent.state == PostingState.POSTED
    if newest.base == UNPOSTED_BASE and is_posted and newest.after_id != parent.id:
        return False
    return not _is_for_former_transaction(newest, parent)


def _is_other_file(newest: Posting, attachment: Attachment) -> bool:
    """Return whether the source has another content than the file that was attached.

    This is known only if the source states the hash of the file.
    """
    digest = attachment.sha256
    if newest.state != PostingState.POSTED or not digest or not payloads.is_sha256(digest):
        return False
    attached_digest = payloads.FileSummary.load(newest.stored_summary).sha256
    return bool(attached_digest) and attached_digest != digest.lower()


def _is_done(newest: Posting, parent: Posting, payload: bytes) -> bool:
    """Return whether an attachment is posted, skipped, or held with its present content."""
    if newest.state == PostingState.HELD:
        if newest.planned != outbox.compute_fingerprint(payload):
            return False
    elif newest.state not in (PostingState.POSTED, PostingState.SKIPPED):
        return False
    return not _is_for_former_transaction(newest, parent)


def _is_for_former_transaction(newest: Posting, parent: Posting) -> bool:
    """Return whether an attachment belongs to a transaction that was replaced by another one.

    If a document is created again, its files are attached to the new transaction.
    """
    if newest.base == UNPOSTED_BASE:
        return False
    parent_id = _get_transaction_id(parent)
    if parent_id is None:
        return parent.operation == Operation.CREATE
    return newest.base != parent_id


def _find_newest_posting(batch: CollectBatch, row: SourceDocument, part: str) -> Posting | None:
    """Return the newest posting of an attachment; its id is the part."""
    for posting in reversed(batch.postings(row)):
        is_attachment = posting.operation == Operation.ATTACH
        if is_attachment and posting.part == part:
            return posting
    return None
