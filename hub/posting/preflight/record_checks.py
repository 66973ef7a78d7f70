"""Check that the records a posting refers to exist, are active, fit and have its currency."""

from collections.abc import Iterator
from typing import cast

from hub.contract.documents import Role
from hub.models import Record
from hub.posting import case_texts
from hub.posting.preflight.context import (
    ACCOUNT_FIELDS,
    PURCHASE_KINDS,
    CheckContext,
    Finding,
    is_placeholder,
    party_list,
)
from hub.posting.preflight.postings import CheckedPosting
from hub.qbo.records import FITS

SALE_KINDS = ("invoice", "credit_memo", "refund")


def records(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find records that do not exist or are inactive; a list that was never read is not checked."""
    for name, id in sorted(context.refs[posting.id]):
        record = context.records.get((name, id))
        if name not in context.lists or (record and record.active):
            continue
        state = "is inactive in QuickBooks" if record else "does not exist in QuickBooks"
        yield Finding(
            cause=f"record:{context.company_id}:{name}:{id}",
            title=f"{_record_name(name, id, record)} {state}",
            reason=f"{case_texts.called(posting)} uses it, and QuickBooks would refuse that.",
            act="match",
            do=(
                "Make it active in QuickBooks and refresh the lists, or match its code to another"
                " record."
            ),
            details={"list": name, "id": id},
        )


def account_types(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find accounts whose type does not fit the place where the posting uses them."""
    for name in ACCOUNT_FIELDS:
        id = getattr(posting.summary, name)
        record = context.records.get(("account", id))
        if record is None or not record.type or FITS[cast(Role, name)](record):
            continue
        place = name.replace("_", " ")
        yield Finding(
            cause=f"sort:{context.company_id}:{name}:{id}",
            title=f"{record.full_name or record.name} cannot be the {place}",
            reason=(
                f"{case_texts.called(posting)} uses it so, but it is an account of type"
                f" {record.type}."
            ),
            act="settings",
            do=f"Choose another {place} in the settings of the app.",
            details={"list": "account", "id": id},
        )


def items(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find items that QuickBooks does not let be bought, or sold, as they are set up."""
    if posting.kind in PURCHASE_KINDS:
        side = "bought"
    elif posting.kind in SALE_KINDS:
        side = "sold"
    else:
        return
    ids = {line.item for line in posting.summary.lines}
    for id in sorted(ids):
        record = context.records.get(("item", id))
        if record is None or not record.active:
            continue
        obstacle = _item_obstacle(record, side)
        if not obstacle:
            continue
        yield Finding(
            cause=f"item:{context.company_id}:{side}:{id}",
            title=f"{record.full_name or record.name} cannot be {side}",
            reason=f"{case_texts.called(posting)} uses it, but {obstacle}",
            act="match",
            do=(
                "Complete the item in QuickBooks and refresh the lists, or match its code to"
                " another one."
            ),
            details={"list": "item", "id": id},
        )


def party_currency(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find a supplier or customer that has another currency than the posting."""
    list_name = party_list(posting.kind, posting.summary)
    party = context.records.get((list_name, posting.summary.party))
    currency = posting.summary.currency or context.facts.currency
    if party is None or not party.currency or party.currency == currency:
        return
    verb = "is to be created" if is_placeholder(party.quickbooks_id) else "is kept"
    yield Finding(
        own="currency",
        title=f"{party.name} is not paid in {currency}",
        reason=(
            f"{case_texts.called(posting)} is in {currency}, but {party.name} {verb} in"
            f" {party.currency} in QuickBooks, and one transaction has one currency."
        ),
        act="match",
        do=f"Match it to a {list_name} in {currency}, or correct the currency at the source.",
    )


def _record_name(name: str, id: str, record: Record | None) -> str:
    label = name.replace("_", " ").capitalize()
    return f"{label} {record.full_name or record.name}" if record else f"{label} with id {id}"


def _item_obstacle(record: Record, side: str) -> str:
    """Say why an item cannot be on a line; "" if it can or its accounts are not known yet."""
    if record.type == "Group":
        return ""
    if record.type == "Category":
        return "it is a category in QuickBooks, and no product or service."
    expense_accounts = record.body.get("expense_account"), record.body.get("asset_account")
    can_be_bought = any(expense_accounts)
    can_be_sold = bool(record.body.get("income_account"))
    if not can_be_bought and not can_be_sold:
        return ""
    if side == "bought" and not can_be_bought:
        return "it has no expense account in QuickBooks."
    if side == "sold" and not can_be_sold:
        return "it has no income account in QuickBooks."
    return ""
