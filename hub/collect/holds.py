"""Hold documents that cannot be posted as they are."""

from hub import outbox
from hub.collect import cases
from hub.collect.batch import CollectBatch, empty_content
from hub.collect.cases import Hold
from hub.collect.operation import PlannedOperation, plan_operation
from hub.collect.removal import cancel_removal
from hub.contract.documents import Document
from hub.models import Posting, SourceDocument


def hold_document(
    batch: CollectBatch,
    row: SourceDocument,
    document: Document,
    holder: str,
    *holds: Hold,
    kind: str = "",
) -> str:
    """Hold every part of a document for these reasons."""
    reason = " ".join(hold.text.reason for hold in holds)
    content = empty_content("held", holder, reason)
    content["kind"] = kind or document.kind
    content["number"] = row.number
    content["total"] = document.total
    content["currency"] = row.currency
    for operation in _open_operations(batch, row, document):
        batch.plan_posting(row, *holds, **operation.address(), **content)
    return "held"


def hold_for_source(batch: CollectBatch, row: SourceDocument, document: Document) -> str:
    """Hold a document for the reason that its app gives."""
    hold = cases.document_hold("source", row, "held_by_source", reason=document.hold or "")
    return hold_document(batch, row, document, "source", hold)


def hold_other_kind(
    batch: CollectBatch, row: SourceDocument, document: Document, posting: Posting
) -> str:
    """Hold a document that became another kind of transaction after it was sent."""
    hold = cases.document_hold(
        "kind",
        row,
        "kind_changed",
        previous_kind=_with_article(posting.kind),
        kind=_with_article(document.kind),
    )
    return hold_document(batch, row, document, "source", hold, kind=posting.kind)


def hold_unreadable(batch: CollectBatch, row: SourceDocument, reason: str) -> str:
    """Hold the unsent postings of a document that cannot be read.

    A document that is in QuickBooks stays there, with a case.
    """
    postings = batch.main_postings(row)
    if row.gone is not None:
        cancel_removal(batch, row)
    row.reread = any(posting.state in outbox.IN_FLIGHT for posting in postings)
    row.unreadable = reason
    hold = cases.document_hold("unreadable", row, "unreadable", problem=reason)
    posted = [posting for posting in postings if posting.state == "posted"]
    if posted:
        cases.open_case(batch.session, posted[-1], hold)
    elif not row.reread:
        content = empty_content("held", "source", reason)
        for operation in _open_operations(batch, row, None):
            batch.plan_posting(row, hold, **operation.address(), **content)
    return "unreadable"


def _open_operations(
    batch: CollectBatch, row: SourceDocument, document: Document | None
) -> list[PlannedOperation]:
    """Return an operation for each part that is open or in QuickBooks, else for the creation."""
    postings = batch.main_postings(row)
    parts = dict.fromkeys(posting.part for posting in postings if posting.state != "withdrawn")
    operations = []
    for part in parts or ("",):
        operation = plan_operation(batch, row, part=part, document=document)
        if operation:
            operations.append(operation)
    return operations


def _with_article(kind: str) -> str:
    article = "an" if kind[0] in "ei" else "a"
    return f"{article} {kind.replace('_', ' ')}"
