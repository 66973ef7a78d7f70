"""Checks of what a posting settles or bills, and of what hangs on the transaction that it changes."""

from collections.abc import Iterator
from decimal import Decimal

from hub.models import Head, Posting
from hub.money import format_amount
from hub.posting import case_texts
from hub.posting.preflight.context import CheckContext, Finding, settles
from hub.qbo.dependents import blocking_link


def links(posting: Posting, context: CheckContext) -> Iterator[Finding]:
    """Check that what is settled exists, belongs to the same party and has that much open."""
    for key, amount in settles(posting).items():
        head = context.heads.settled.get(key)
        reason_text = _unfit(posting, context, head, amount) if head else ""
        if head and reason_text:
            name = f"{head.kind.replace('_', ' ')} {head.number or head.quickbooks_id}"
            yield Finding(
                own=f"link-{head.quickbooks_id}",
                title=f"{name[:1].upper()}{name[1:]} cannot be settled",
                reason=f"{case_texts.called(posting)} names it, but {reason_text}",
                act="retry",
                do="Correct it at the source or in QuickBooks, then press Retry.",
            )


def paid(posting: Posting, context: CheckContext) -> Iterator[Finding]:
    """A change of what something hangs on."""
    target = context.targets.get(posting.id)
    closing = (posting.meaning or {}).get("status") == "Closed"
    if target is None or closing or posting.id in context.removals:
        return
    if said := blocking_link(target):
        currency = target.currency or context.facts.currency
        left = (
            "" if target.balance is None else f" (open: {format_amount(target.balance, currency)})"
        )
        yield Finding(
            own="paid",
            title="Changed after it was paid"
            if target.balance is not None
            else "Changed after it was used",
            reason=f"{case_texts.called(posting)} was {_done(posting)} at the source after {said} in QuickBooks{left}.",
            act="retry",
            do="Remove that in QuickBooks and press Retry, or press Skip to leave QuickBooks as it is.",
        )


def _unfit(posting: Posting, context: CheckContext, head: Head, amount: Decimal) -> str:
    """Return why a posting cannot settle a transaction, as the end of a sentence; "" if it can."""
    if head.state != "live":
        return f"it was {head.state} in QuickBooks."
    if _has_other_party(posting, context, head):
        return "it belongs to another party."
    if posting.kind == "deposit":
        return "it was deposited before." if blocking_link(head) else ""
    if head.balance is None or posting.operation != "create":
        return ""
    if amount > head.balance:
        currency = head.currency or context.facts.currency
        return f"only {format_amount(head.balance, currency)} of it is open."
    return ""


def _done(posting: Posting) -> str:
    return "changed" if posting.operation == "update" else "deleted"


def _has_other_party(posting: Posting, context: CheckContext, head: Head) -> bool:
    party = str((posting.meaning or {}).get("party") or "")
    if not party or not head.party or head.party == party:
        return False
    return not _is_job(context, head.party)


def _is_job(context: CheckContext, party: str) -> bool:
    """Whether the party may be a job, which the customer above it pays for."""
    record = context.records.get(("customer", party))
    return record is None or bool(record.parent)
