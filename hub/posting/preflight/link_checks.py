"""Checks of what a posting settles or bills, and of what hangs on the transaction that it changes."""

from collections.abc import Iterator
from decimal import Decimal

from hub import outbox
from hub.models import Head, Posting
from hub.money import shown
from hub.posting import case_texts
from hub.posting.preflight.context import CheckContext, Finding, settles


def links(posting: Posting, known: CheckContext) -> Iterator[Finding]:
    """What is settled must be there, belong to the same party, and have that much open."""
    for key, amount in settles(posting).items():
        head = known.heads.settled.get(key)
        if head and (why := _unfit(posting, known, head, amount)):
            name = f"{head.kind.replace('_', ' ')} {head.number or head.quickbooks_id}"
            yield Finding(
                own=f"link-{head.quickbooks_id}",
                title=f"{name[:1].upper()}{name[1:]} cannot be settled",
                reason=f"{case_texts.called(posting)} names it, but {why}",
                act="retry",
                do="Correct it at the source or in QuickBooks, then press Retry.",
            )


def paid(posting: Posting, known: CheckContext) -> Iterator[Finding]:
    """A change of what something hangs on."""
    target = known.targets.get(posting.id)
    closing = (posting.meaning or {}).get("status") == "Closed"
    if target is None or closing or posting.id in known.removals:
        return
    if said := outbox.settled(target):
        currency = target.currency or known.facts.currency
        left = "" if target.balance is None else f" (open: {shown(target.balance, currency)})"
        yield Finding(
            own="paid",
            title="Changed after it was paid"
            if target.balance is not None
            else "Changed after it was used",
            reason=f"{case_texts.called(posting)} was {_done(posting)} at the source after {said} in QuickBooks{left}.",
            act="retry",
            do="Remove that in QuickBooks and press Retry, or press Skip to leave QuickBooks as it is.",
        )


def _unfit(posting: Posting, known: CheckContext, head: Head, amount: Decimal) -> str:
    party = str((posting.meaning or {}).get("party") or "")
    if head.state != "live":
        return f"it was {head.state} in QuickBooks."
    if party and head.party and head.party != party and not _is_job(known, head.party):
        return "it belongs to another party."
    if posting.kind == "deposit":
        return "it was deposited before." if outbox.settled(head) else ""
    if head.balance is not None and posting.operation == "create" and amount > head.balance:
        currency = head.currency or known.facts.currency
        return f"only {shown(head.balance, currency)} of it is open."
    return ""


def _done(posting: Posting) -> str:
    return "changed" if posting.operation == "update" else "deleted"


def _is_job(known: CheckContext, party: str) -> bool:
    """Whether the party may be a job, which the customer above it pays for."""
    record = known.records.get(("customer", party))
    return record is None or bool(record.parent)
