"""Hold documents that cannot be posted as they are."""

from hub import outbox
from hub.cases.findings import Finding
from hub.collect.batch import CollectBatch
from hub.collect.document_plan import DocumentPlan
from hub.collect.findings import build_document_finding, build_held_disposition
from hub.collect.operation import list_open_operations
from hub.collect.removal import cancel_removal, withdraw_unwanted
from hub.contract.document_kinds import words_of
from hub.contract.documents import Document
from hub.models import Posting, SourceDocument
from hub.models.enums import WRITE_OPERATIONS, DocumentOutcome, Holder, PostingState
from hub.outbox.plan_values import Content
from hub.reasons.texts import add_article


def hold_document(
    batch: CollectBatch,
    row: SourceDocument,
    document: Document,
    holder: Holder,
    *findings: Finding,
    kind: str = "",
) -> DocumentPlan:
    """Hold every part of a document for these reasons, unless it may not be posted at all."""
    content = Content(
        kind=kind or document.kind,
        number=row.number,
        total=document.total,
        currency=row.currency or batch.installation.company.currency,
    )
    disposition = build_held_disposition(holder, findings)
    plan = DocumentPlan(row, DocumentOutcome.HELD)
    parts = {posting.part for posting in batch.transaction_postings(row)}
    for operation in list_open_operations(batch, row, document):
        plan.add_posting(operation, content, disposition, findings)
        parts.discard(operation.part)
    for part in sorted(parts):
        withdraw_unwanted(batch, plan, part)
    return plan


def hold_for_source(batch: CollectBatch, row: SourceDocument, document: Document) -> DocumentPlan:
    """Hold a document for the reason that its app gives."""
    reason = document.hold or ""
    finding = build_document_finding("source", row, "held_by_source", reason=reason)
    return hold_document(batch, row, document, Holder.SOURCE, finding)


def hold_other_kind(
    batch: CollectBatch, row: SourceDocument, document: Document, posting: Posting
) -> DocumentPlan:
    """Hold a document that became another kind of transaction after it was sent."""
    finding = build_document_finding(
        "kind",
        row,
        "kind_changed",
        previous_kind=add_article(words_of(posting.kind)),
        kind=add_article(words_of(document.kind)),
    )
    return hold_document(batch, row, document, Holder.SOURCE, finding, kind=posting.kind)


def hold_unreadable(batch: CollectBatch, row: SourceDocument, reason: str) -> DocumentPlan:
    """Hold the unsent postings of a document that cannot be read.

    If the document is in QuickBooks, it stays there, and a case is opened. Unsent changes, and
    unsent creations of other parts, are held as well, because their content may be outdated.
    """
    plan = DocumentPlan(row, DocumentOutcome.UNREADABLE)
    postings = batch.transaction_postings(row)
    plan.reread = any(posting.state in outbox.IN_FLIGHT for posting in postings)
    if row.gone is not None:
        cancel_removal(batch, plan)
    finding = build_document_finding("unreadable", row, "unreadable", problem=reason)
    posted_postings = [posting for posting in postings if posting.state == PostingState.POSTED]
    unsent_parts = {posting.part for posting in postings if _is_unsent_write(posting)}
    if posted_postings and not unsent_parts:
        plan.open_case(posted_postings[-1], finding)
    elif not plan.reread:
        _hold_parts(batch, plan, finding, only_parts=unsent_parts if posted_postings else None)
    return plan


def _hold_parts(
    batch: CollectBatch, plan: DocumentPlan, finding: Finding, *, only_parts: set[str] | None
) -> None:
    """Hold the open operations of a document that cannot be read, or only those of these parts."""
    content = Content(kind=plan.row.kind)
    disposition = build_held_disposition(Holder.SOURCE, (finding,))
    for operation in list_open_operations(batch, plan.row, None):
        if only_parts is None or operation.part in only_parts:
            plan.add_posting(operation, content, disposition, (finding,))


def _is_unsent_write(posting: Posting) -> bool:
    """Return whether a posting creates or changes a transaction, and was not sent yet."""
    return posting.operation in WRITE_OPERATIONS and posting.state in outbox.UNSENT
