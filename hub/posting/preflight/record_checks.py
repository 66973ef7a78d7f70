"""Check that the records a posting names exist, are active, fit and have its currency."""

from collections.abc import Iterator
from typing import Any, cast

from hub.contract.documents import Role
from hub.models import Posting, Record
from hub.posting import case_texts
from hub.posting.preflight.context import BOUGHT, SLOTS, CheckContext, Finding, party_list
from hub.qbo.records import FITS

SOLD = ("invoice", "credit_memo", "refund")


def records(posting: Posting, context: CheckContext) -> Iterator[Finding]:
    """What is inactive or gone."""
    for name, id in sorted(context.refs[posting.id]):
        record = context.records.get((name, id))
        if name not in context.lists or (record and record.active):
            continue
        called = _called(name, id, record)
        state = "is inactive in QuickBooks" if record else "does not exist in QuickBooks"
        yield Finding(
            cause=f"record:{context.company_id}:{name}:{id}",
            title=f"{called} {state}",
            reason=f"{case_texts.called(posting)} uses it, and QuickBooks would refuse that.",
            act="match",
            do="Make it active in QuickBooks and refresh the lists, or match its code to another record.",
            details={"list": name, "id": id},
        )


def sorts(posting: Posting, context: CheckContext) -> Iterator[Finding]:
    """Accounts that are of another type than their place takes."""
    for slot in SLOTS:
        id = str((posting.meaning or {}).get(slot) or "")
        record = context.records.get(("account", id))
        if record is None or not record.type or FITS[cast(Role, slot)](record):
            continue
        place = slot.replace("_", " ")
        yield Finding(
            cause=f"sort:{context.company_id}:{slot}:{id}",
            title=f"{record.full_name or record.name} cannot be the {place}",
            reason=f"{case_texts.called(posting)} uses it so, but it is an account of type {record.type}.",
            act="settings",
            do=f"Choose another {place} in the settings of the app.",
            details={"list": "account", "id": id},
        )


def items(posting: Posting, context: CheckContext) -> Iterator[Finding]:
    """Find items that QuickBooks does not let be bought, or sold, as they are set up."""
    if posting.kind in BOUGHT:
        side = "bought"
    elif posting.kind in SOLD:
        side = "sold"
    else:
        return
    ids = {str(line.get("item") or "") for line in (posting.meaning or {}).get("lines") or ()}
    for id in sorted(ids):
        record = context.records.get(("item", id))
        if record is None or not record.active:
            continue
        reason_text = _unfit(record, side)
        if not reason_text:
            continue
        yield Finding(
            cause=f"item:{context.company_id}:{side}:{id}",
            title=f"{record.full_name or record.name} cannot be {side}",
            reason=f"{case_texts.called(posting)} uses it, but {reason_text}",
            act="match",
            do="Complete the item in QuickBooks and refresh the lists, or match its code to another"
            " one.",
            details={"list": "item", "id": id},
        )


def currency(posting: Posting, context: CheckContext) -> Iterator[Finding]:
    """A party that is kept in another currency."""
    meant: dict[str, Any] = posting.meaning or {}
    party = context.records.get((party_list(posting), str(meant.get("party") or "")))
    wanted = str(meant.get("currency") or context.facts.currency)
    if party is None or not party.currency or party.currency == wanted:
        return
    verb = "is to be created" if party.quickbooks_id.startswith("@") else "is kept"
    yield Finding(
        own="currency",
        title=f"{party.name} is not paid in {wanted}",
        reason=f"{case_texts.called(posting)} is in {wanted}, but {party.name} {verb} in {party.currency} in QuickBooks,"
        " and one transaction has one currency.",
        act="match",
        do=f"Match it to a {party_list(posting)} in {wanted}, or correct the currency at the source.",
    )


def _called(name: str, id: str, record: Record | None) -> str:
    label = name.replace("_", " ").capitalize()
    return f"{label} {record.full_name or record.name}" if record else f"{label} with id {id}"


def _unfit(record: Record, side: str) -> str:
    """Return why an item cannot stand on a line; "" if it can or its accounts are not known yet."""
    expense_accounts = record.body.get("expense_account"), record.body.get("asset_account")
    can_be_bought = any(expense_accounts)
    can_be_sold = bool(record.body.get("income_account"))
    if record.type == "Group":
        return ""
    if record.type == "Category":
        return "it is a category in QuickBooks, and no product or service."
    if not can_be_bought and not can_be_sold:
        return ""
    if side == "bought" and not can_be_bought:
        return "it has no expense account in QuickBooks."
    if side == "sold" and not can_be_sold:
        return "it has no income account in QuickBooks."
    return ""
