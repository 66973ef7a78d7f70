"""Close orders in QuickBooks when the source expects no more deliveries, and reopen them."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from hub import payloads
from hub.contract.documents import Document
from hub.models import Posting, TransactionSummary
from hub.models.transaction_summary import CLOSED_STATUS

CLOSABLE_KINDS = ("purchase_order",)


class BodyAndSummary(NamedTuple):
    """The body that an operation sends, and the facts of it that are stored and compared."""

    body: dict[str, Any]
    summary: TransactionSummary


def with_order_status(
    document: Document,
    payload: payloads.Payload,
    current: Posting | None,
    postings: Iterable[Posting],
) -> BodyAndSummary:
    """Return body and summary of a document; close an order of which nothing more is expected.

    A posted order is closed without any other change, and its next change opens it again.
    """
    if not document.closed or document.kind not in CLOSABLE_KINDS:
        was_closed = any(is_closing(posting) for posting in postings)
        body = payload.body | payloads.OPEN_STATUS if was_closed else payload.body
        return BodyAndSummary(body, payload.summary)
    if current is None:
        summary = payload.summary._replace(status=CLOSED_STATUS)
        return BodyAndSummary(payload.body | payloads.CLOSED_STATUS, summary)
    return build_closing_content(current)


def build_closing_content(posting: Posting) -> BodyAndSummary:
    """Return body and summary of a change that only closes a posted order."""
    summary = posting.summary._replace(status=CLOSED_STATUS)
    body = payloads.build_close_body(summary.party)
    return BodyAndSummary(body, summary)


def is_closing(posting: Posting) -> bool:
    """Return whether this posting closed an order, or created one that is closed."""
    return posting.kind in CLOSABLE_KINDS and posting.summary.is_closed
