"""Check what a posting settles or bills, and what depends on the transaction that it changes."""

from collections.abc import Iterator
from decimal import Decimal

from hub.models import TransactionHead
from hub.models.enums import Operation, TransactionState
from hub.money import format_amount
from hub.posting import case_texts
from hub.posting.preflight.context import (
    CheckContext,
    Finding,
    settled_amounts,
)
from hub.posting.preflight.postings import CheckedPosting
from hub.qbo.dependents import blocking_link


def links(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Check that what is settled exists, belongs to the same party and has that much open."""
    for key, amount in settled_amounts(posting).items():
        head = context.related.by_id.get(key)
        if head is None:
            continue
        obstacle = _settlement_obstacle(posting, context, head, amount)
        if not obstacle:
            continue
        name = f"{head.kind.replace('_', ' ')} {head.number or head.quickbooks_id}"
        yield Finding(
            own=f"link-{head.quickbooks_id}",
            title=f"{name[:1].upper()}{name[1:]} cannot be settled",
            reason=f"{case_texts.called(posting)} names it, but {obstacle}",
            act="retry",
            do="Correct it at the source or in QuickBooks, then press Retry.",
        )


def dependents(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find changes of a transaction on which another one depends.

    A purchase order may be closed all the same, and a change that waits for our own removal of what
    depends on its target is checked again later.
    """
    target = context.targets.get(posting.id)
    is_closing = posting.summary.is_closed
    if target is None or is_closing or posting.id in context.removals:
        return
    link = blocking_link(target)
    if not link:
        return
    title = "Changed after it was used"
    open_amount = ""
    if target.balance is not None:
        title = "Changed after it was paid"
        currency = target.currency or context.facts.currency
        open_amount = f" (open: {format_amount(target.balance, currency)})"
    change = "changed" if posting.operation == Operation.UPDATE else "deleted"
    yield Finding(
        own="paid",
        title=title,
        reason=(
            f"{case_texts.called(posting)} was {change} at the source after {link} in"
            f" QuickBooks{open_amount}."
        ),
        act="retry",
        do="Remove that in QuickBooks and press Retry, or press Skip to leave QuickBooks as it is.",
    )


def _settlement_obstacle(
    posting: CheckedPosting, context: CheckContext, head: TransactionHead, amount: Decimal
) -> str:
    """Say why a posting cannot settle a transaction, as the end of a sentence; "" if it can."""
    if head.state != TransactionState.LIVE:
        return f"it was {head.state} in QuickBooks."
    if _has_other_party(posting, context, head):
        return "it belongs to another party."
    if posting.kind == "deposit":
        return "it was deposited before." if blocking_link(head) else ""
    if posting.operation != Operation.CREATE:
        return ""
    if head.balance is not None and amount > head.balance:
        currency = head.currency or context.facts.currency
        return f"only {format_amount(head.balance, currency)} of it is open."
    return ""


def _has_other_party(posting: CheckedPosting, context: CheckContext, head: TransactionHead) -> bool:
    party = posting.summary.party
    if not party or not head.party or head.party == party:
        return False
    return not _may_be_job(context, head.party)


def _may_be_job(context: CheckContext, party: str) -> bool:
    """Tell whether a party may be a job, which the customer above it pays for."""
    record = context.records.get(("customer", party))
    return record is None or bool(record.parent)
