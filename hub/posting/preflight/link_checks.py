"""Check the transactions that a posting settles or bills, and those that depend on its target."""

from collections.abc import Iterator
from decimal import Decimal

from hub.cases.findings import Finding
from hub.contract.document_kinds import words_of
from hub.models import TransactionHead
from hub.models.display_names import format_posting_name
from hub.models.enums import Operation, TransactionState
from hub.money import format_amount
from hub.posting.party_lists import get_party_list
from hub.posting.preflight.context import CheckContext, sum_settled_amounts
from hub.posting.preflight.postings import CheckedPosting
from hub.qbo.dependents import describe_dependent
from hub.reasons.texts import CaseText


def check_links(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find transactions that a posting is to settle or bill, but cannot."""
    for key, amount in sum_settled_amounts(posting).items():
        head = context.related.by_id.get(key)
        if head is None:
            continue
        obstacle = _find_settlement_obstacle(posting, context, head, amount)
        if obstacle:
            yield Finding(key=f"link-{head.quickbooks_id}", text=obstacle)


def check_dependents(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find changes of a transaction on which another one depends.

    Two changes are not reported: closing a purchase order, and a change that waits until the hub
    has removed the dependent transaction, because it is checked again later.
    """
    target = context.targets.get(posting.id)
    is_closing = posting.summary.is_closed
    if target is None or is_closing or posting.id in context.removals:
        return
    link = describe_dependent(target)
    if not link:
        return
    change = "changed" if posting.operation == Operation.UPDATE else "deleted"
    name = format_posting_name(posting)
    if target.balance is None:
        text = CaseText(f"check.{change}_after_use", name=name, dependent=link)
    else:
        balance = format_amount(target.balance, target.currency or context.facts.currency)
        code = f"check.{change}_after_payment"
        text = CaseText(code, name=name, dependent=link, balance=balance)
    yield Finding(key="paid", text=text)


def _find_settlement_obstacle(
    posting: CheckedPosting, context: CheckContext, head: TransactionHead, amount: Decimal
) -> CaseText | None:
    """Return why a posting cannot settle a transaction; None if it can."""
    kind = words_of(head.kind).capitalize()
    number = head.number or head.quickbooks_id
    names = {"name": format_posting_name(posting), "transaction": f"{kind} {number}"}
    if head.state != TransactionState.LIVE:
        return CaseText("check.link_not_live", **names, state=head.state)
    if _has_other_party(posting, context, head):
        return CaseText("check.link_other_party", **names)
    if posting.kind == "deposit":
        return CaseText("check.link_deposited", **names) if describe_dependent(head) else None
    if posting.operation != Operation.CREATE:
        return None
    if head.balance is not None and amount > head.balance:
        balance = format_amount(head.balance, head.currency or context.facts.currency)
        return CaseText("check.link_balance", **names, balance=balance)
    return None


def _has_other_party(posting: CheckedPosting, context: CheckContext, head: TransactionHead) -> bool:
    """Return whether the party of a transaction is neither the posting's party nor a job of it."""
    party = posting.summary.party
    if not party or not head.party or head.party == party:
        return False
    if get_party_list(posting.kind, posting.summary) != "customer":
        return True
    return not _may_be_job(context, head.party)


def _may_be_job(context: CheckContext, customer: str) -> bool:
    """Return whether a customer may be a job, whose parent customer pays for it."""
    record = context.records.get(("customer", customer))
    return record is None or bool(record.parent)
