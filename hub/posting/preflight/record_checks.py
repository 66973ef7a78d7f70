"""Checks of the records that a posting names: there, active, of the right sort, and in its currency."""

from collections.abc import Iterator
from typing import Any, cast

from hub.contract.documents import Role
from hub.models import Posting, Record
from hub.posting import case_texts
from hub.posting.preflight.context import BOUGHT, SLOTS, CheckContext, Finding, party_list
from hub.qbo.records import FITS

SOLD = ("invoice", "credit_memo", "refund")


def records(posting: Posting, known: CheckContext) -> Iterator[Finding]:
    """What is inactive or gone."""
    for name, id in sorted(known.refs[posting.id]):
        record = known.records.get((name, id))
        if name not in known.lists or (record and record.active):
            continue
        called = _called(name, id, record)
        state = "is inactive in QuickBooks" if record else "does not exist in QuickBooks"
        yield Finding(
            cause=f"record:{known.company_id}:{name}:{id}",
            title=f"{called} {state}",
            reason=f"{case_texts.called(posting)} uses it, and QuickBooks would refuse that.",
            act="match",
            do="Make it active in QuickBooks and refresh the lists, or match its code to another record.",
            details={"list": name, "id": id},
        )


def sorts(posting: Posting, known: CheckContext) -> Iterator[Finding]:
    """Accounts that are of another type than their place takes."""
    for slot in SLOTS:
        id = str((posting.meaning or {}).get(slot) or "")
        record = known.records.get(("account", id))
        if record is None or not record.type or FITS[cast(Role, slot)](record):
            continue
        place = slot.replace("_", " ")
        yield Finding(
            cause=f"sort:{known.company_id}:{slot}:{id}",
            title=f"{record.full_name or record.name} cannot be the {place}",
            reason=f"{case_texts.called(posting)} uses it so, but it is an account of type {record.type}.",
            act="settings",
            do=f"Choose another {place} in the settings of the app.",
            details={"list": "account", "id": id},
        )


def items(posting: Posting, known: CheckContext) -> Iterator[Finding]:
    """Items that QuickBooks does not let be bought, or sold, as they are."""
    side = "bought" if posting.kind in BOUGHT else "sold" if posting.kind in SOLD else ""
    ids = {str(line.get("item") or "") for line in (posting.meaning or {}).get("lines") or ()}
    for id in sorted(ids if side else ()):
        record = known.records.get(("item", id))
        if record and record.active and (why := _unfit(record, side)):
            yield Finding(
                cause=f"item:{known.company_id}:{side}:{id}",
                title=f"{record.full_name or record.name} cannot be {side}",
                reason=f"{case_texts.called(posting)} uses it, but {why}",
                act="match",
                do="Complete the item in QuickBooks and refresh the lists, or match its code to another one.",
                details={"list": "item", "id": id},
            )


def currency(posting: Posting, known: CheckContext) -> Iterator[Finding]:
    """A party that is kept in another currency."""
    meant: dict[str, Any] = posting.meaning or {}
    party = known.records.get((party_list(posting), str(meant.get("party") or "")))
    wanted = str(meant.get("currency") or known.facts.currency)
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
    """Why an item has no place on a line; nothing is said of one whose accounts are not known yet."""
    accounts = record.body.get("expense_account"), record.body.get("asset_account")
    known = any(accounts) or record.body.get("income_account") or record.type == "Category"
    if not known or record.type == "Group":
        return ""
    if record.type == "Category":
        return "it is a category in QuickBooks, and no product or service."
    if side == "bought" and not any(accounts):
        return "it has no expense account in QuickBooks."
    return (
        "it has no income account in QuickBooks."
        if side == "sold" and not record.body.get("income_account")
        else ""
    )
