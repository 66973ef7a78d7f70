"""Close an order in QuickBooks of which the source expects nothing more, and open it again."""

from collections.abc import Iterable
from typing import Any

from hub.contract.documents import Document
from hub.models import Posting, TransactionSummary
from hub.models.enums import Operation
from hub.models.transaction_summary import CLOSED
from hub.qbo import payloads

CLOSABLE_KINDS = ("purchase_order",)


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
        was_closed = any(is_closing(posting) for posting in postings)
        body = built.body | payloads.OPEN if was_closed else built.body
        return body, built.summary
    if current is None:
        return built.body | payloads.CLOSED, built.summary._replace(status=CLOSED)
    return closing_content(current)


def closing_content(posting: Posting) -> tuple[dict[str, Any], TransactionSummary]:
    """Return body and summary of a change that only closes a posted order."""
    summary = posting.summary._replace(status=CLOSED)
    body = payloads.close_body(summary.party)
    return body, summary


def is_closing(posting: Posting) -> bool:
    """Return whether this posting closed an order."""
    if posting.kind not in CLOSABLE_KINDS or posting.operation != Operation.UPDATE:
        return False
    return posting.summary.is_closed
