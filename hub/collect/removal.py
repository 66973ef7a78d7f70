"""Withdraw or remove what a source no longer wants in QuickBooks, by the rule of its app."""

from collections.abc import Iterable
from typing import Any

from hub import outbox, sources
from hub.collect import cases
from hub.collect.batch import CollectBatch, empty_content
from hub.collect.setup import MADE
from hub.contract.documents import Document
from hub.models import Posting, SourceDocument, TransactionSummary
from hub.models.transaction_summary import CLOSED
from hub.qbo import payloads

VOIDABLE_KINDS = ("invoice", "payment", "bill_payment")  # QuickBooks voids no others
CLOSABLE_KINDS = ("purchase_order",)


def withdraw_unwanted(
    batch: CollectBatch, row: SourceDocument, reason: str, gone: bool = False
) -> str:
    """Withdraw what is unsent; if the document is gone, remove what is posted by the app's rule."""
    postings = batch.main_postings(row)
    withdraw_unsent(batch, row, reason)
    if not postings and row.stage != "pending" and row.gone is None:
        content = empty_content("withdrawn", "", reason)
        batch.plan_posting(row, operation="create", kind=row.kind, **content)
    if gone and row.kind not in MADE:
        policy = sources.gone(batch.setup.app, batch.setup.site.settings)
        for posting in _postings_in_books(postings):
            _plan_removal(batch, row, posting, reason, policy)
    return "gone" if row.gone is not None else "withdrawn"


def withdraw_unsent(batch: CollectBatch, row: SourceDocument, reason: str) -> None:
    """Withdraw what was not sent; read the document again once what may be sent is settled."""
    for posting in batch.postings(row):
        if posting.state in outbox.IN_FLIGHT:
            row.reread = True
            continue
        if posting.state not in outbox.UNSENT or posting.operation in outbox.REMOVALS:
            continue
        if outbox.may_have_landed(batch.session, posting):
            row.reread = True
        else:
            outbox.withdraw(batch.session, posting, reason)


def cancel_removal(batch: CollectBatch, row: SourceDocument) -> None:
    """Withdraw the plan to remove a document from QuickBooks: the source has it again."""
    row.gone = row.gone_at = None
    for posting in batch.main_postings(row):
        is_unsent = posting.state in outbox.UNSENT and posting.operation in outbox.REMOVALS
        if is_unsent and not outbox.may_have_landed(batch.session, posting):
            outbox.withdraw(batch.session, posting, "The source has it again.")


def release_former_parts(batch: CollectBatch, row: SourceDocument, parts: set[str]) -> None:
    """Withdraw the parts that a document is no longer split into; report those that are posted."""
    postings = [posting for posting in batch.main_postings(row) if posting.part not in parts]
    for part in {posting.part for posting in postings}:
        active = outbox.active(batch.postings(row), part)
        if active and is_withdrawable(batch, active):
            outbox.withdraw(batch.session, active, "The document is divided otherwise now.")
    for posting in _postings_in_books(postings):
        cases.open_case(batch.session, posting, cases.document_hold("parts", row, "former_part"))


def is_withdrawable(batch: CollectBatch, posting: Posting) -> bool:
    """Return whether a posting is unsent and certain not to have reached QuickBooks."""
    if posting.state not in outbox.UNSENT:
        return False
    return not outbox.may_have_landed(batch.session, posting)


def with_order_status(
    document: Document,
    built: payloads.Payload,
    current: Posting | None,
    postings: Iterable[Posting],
) -> tuple[dict[str, Any], TransactionSummary]:
    """Return body and summary of a document; close an order of which nothing more is expected.

    A posted order is closed without any other change, and opened again by its next change.
    """
    if not document.closed or document.kind not in CLOSABLE_KINDS:
        was_closed = any(_is_closing(posting) for posting in postings)
        return built.body | (payloads.OPEN if was_closed else {}), built.summary
    if current is None:
        return built.body | payloads.CLOSED, built.summary._replace(status=CLOSED)
    return _closing_content(current)


def _plan_removal(
    batch: CollectBatch, row: SourceDocument, posting: Posting, reason: str, policy: str
) -> None:
    """Plan what the app's rule says, or a deletion that a person decides."""
    if policy == "leave":
        return
    if policy == "close" and posting.kind in CLOSABLE_KINDS:
        _plan_closing(batch, row, posting)
        return
    # Delete only if the policy says so, or on a person's decision where QuickBooks cannot void.
    can_void = posting.kind in VOIDABLE_KINDS
    operation = "void" if policy != "delete" and can_void else "delete"
    content = _removal_content(posting, operation)
    if policy == operation:
        batch.plan_posting(row, **content, state=batch.setup.state)
        return
    if operation == "void":
        hold = cases.document_hold("gone", row, "gone_void", reason=reason)
    else:
        code = "gone_close" if policy == "close" else "gone_delete"
        kind = posting.kind.replace("_", " ")
        hold = cases.document_hold("gone", row, code, reason=reason, kind=kind)
    held = {"state": "held", "hold": "person", "reason": hold.text.reason}
    batch.plan_posting(row, hold, **content, **held)


def _plan_closing(batch: CollectBatch, row: SourceDocument, posting: Posting) -> None:
    if _is_closing(posting):
        return
    body, summary = _closing_content(posting)
    content = _removal_content(posting, "update")
    content |= {"payload": payloads.encode(body), "meaning": summary.dump()}
    batch.plan_posting(row, **content, state=batch.setup.state)


def _closing_content(posting: Posting) -> tuple[dict[str, Any], TransactionSummary]:
    """Return body and summary of a change that only closes a posted order."""
    summary = posting.summary._replace(status=CLOSED)
    return payloads.close_body(summary.party), summary


def _is_closing(posting: Posting) -> bool:
    """Return whether this posting closed an order."""
    if posting.kind not in CLOSABLE_KINDS or posting.operation != "update":
        return False
    return posting.summary.is_closed


def _postings_in_books(postings: Iterable[Posting]) -> list[Posting]:
    """Return the newest posting of each part that QuickBooks holds."""
    newest = {posting.part: posting for posting in postings if posting.state == "posted"}
    return [posting for posting in newest.values() if posting.operation not in outbox.REMOVALS]


def _removal_content(posting: Posting, operation: str) -> dict[str, Any]:
    quickbooks_id = posting.quickbooks_id or ""
    sync_token = posting.sync_token or ""
    if operation == "void":
        body = payloads.void_body(quickbooks_id, sync_token)
    else:
        body = payloads.delete_body(quickbooks_id, sync_token)
    return {
        "operation": operation,
        "part": posting.part,
        "base": f"{quickbooks_id}:{sync_token}",
        "kind": posting.kind,
        "quickbooks_id": quickbooks_id,
        "payload": payloads.encode(body),
        "meaning": {},
        "number": posting.number,
        "total": posting.total,
        "currency": posting.currency,
    }
