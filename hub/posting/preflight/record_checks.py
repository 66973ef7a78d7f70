"""Check the records that a posting refers to: existence, state, type and currency."""

from collections.abc import Iterator
from typing import cast

from hub.cases.findings import Finding
from hub.contract.document_kinds import PAYMENT_KINDS, SALES_KINDS, words_of
from hub.contract.documents import Role
from hub.mapping.placeholders import is_placeholder
from hub.models import StoredRecord
from hub.models.display_names import format_posting_name
from hub.posting.party_lists import SUPPLIER_KINDS, get_party_list
from hub.posting.preflight.context import ACCOUNT_FIELDS, CheckContext
from hub.posting.preflight.postings import CheckedPosting
from hub.qbo.records import ROLE_CONDITIONS
from hub.reasons.texts import CaseText


def check_records(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find records that do not exist or are inactive; a list that was never read is not checked."""
    for name, id in sorted(context.refs[posting.id]):
        record = context.records.get((name, id))
        if name not in context.lists or (record and record.active):
            continue
        text = CaseText(
            "check.record_inactive" if record else "check.record_missing",
            name=format_posting_name(posting),
            record=_describe_record(name, id, record),
        )
        yield Finding(
            cause=context.build_cause("record", posting, name, id),
            text=text,
            details={"list": name, "id": id},
        )


def check_account_types(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find accounts whose type does not fit the place where the posting uses them."""
    for name in ACCOUNT_FIELDS:
        id = getattr(posting.summary, name)
        record = context.records.get(("account", id))
        if record is None or not record.type or ROLE_CONDITIONS[cast(Role, name)](record):
            continue
        text = CaseText(
            "check.account_type",
            name=format_posting_name(posting),
            record=record.qualified_name,
            place=name.replace("_", " "),
            type=record.type,
        )
        yield Finding(
            cause=context.build_cause("sort", posting, name, id),
            text=text,
            details={"list": "account", "id": id},
        )


def check_account_currencies(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find bank and card accounts in a currency that QuickBooks does not take for the posting.

    An account in the currency of the company takes every transaction. QuickBooks has one foreign
    currency in a transaction, and for a payment only an account in its own currency or in that of
    the company. Whether it takes an account in a foreign currency for other transactions in the
    currency of the company is not documented, so these are sent. The payable account is left out
    when a posting is planned (`PayloadBuilder.payable_account`).
    """
    home = context.facts.currency
    currency = posting.summary.currency or home
    if currency == home and posting.kind not in PAYMENT_KINDS:
        return
    for id in (posting.summary.payment_account, posting.summary.deposit_account):
        record = context.records.get(("account", id))
        if record is None or record.currency in ("", home, currency):
            continue
        code, other_fields = "check.account_currency", {}
        if currency != home:
            code, other_fields = "check.second_currency", {"home_currency": home}
        text = CaseText(
            code,
            name=format_posting_name(posting),
            record=record.qualified_name,
            account_currency=record.currency,
            currency=currency,
            **other_fields,
        )
        yield Finding(
            cause=context.build_cause("account_currency", posting, id, currency),
            text=text,
            details={"list": "account", "id": id},
        )


def check_items(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find items that are not set up to be bought, or to be sold."""
    if posting.kind in SUPPLIER_KINDS:
        side = "bought"
    elif posting.kind in SALES_KINDS:
        side = "sold"
    else:
        return
    ids = {line.item for line in posting.summary.lines}
    for id in sorted(ids):
        record = context.records.get(("item", id))
        if record is None or not record.active:
            continue
        obstacle = _find_item_obstacle(posting, record, side)
        if obstacle is None:
            continue
        yield Finding(
            cause=context.build_cause("item", posting, side, id),
            text=obstacle,
            details={"list": "item", "id": id},
        )


def check_party_currency(posting: CheckedPosting, context: CheckContext) -> Iterator[Finding]:
    """Find a supplier or customer that has another currency than the posting."""
    list_name = get_party_list(posting.kind, posting.summary)
    party = context.records.get((list_name, posting.summary.party))
    currency = posting.summary.currency or context.facts.currency
    if party is None or not party.currency or party.currency == currency:
        return
    kind = "customer" if list_name == "customer" else "party"
    new = "new_" if is_placeholder(party.quickbooks_id) else ""
    text = CaseText(
        f"check.{new}{kind}_currency",
        name=format_posting_name(posting),
        party=party.name,
        party_currency=party.currency,
        currency=currency,
        list=words_of(list_name),
    )
    yield Finding(key="currency", text=text)


def _describe_record(list_name: str, id: str, record: StoredRecord | None) -> CaseText:
    """Return the list and the name of a record; its id if QuickBooks has no such record."""
    label = words_of(list_name).capitalize()
    if record is None:
        return CaseText("record.with_id", label=label, id=id)
    return CaseText("record.named", label=label, name=record.qualified_name)


def _find_item_obstacle(
    posting: CheckedPosting, record: StoredRecord, side: str
) -> CaseText | None:
    """Return why an item cannot be on a line.

    None if it can, or if its accounts are not known yet.
    """
    names = {"name": format_posting_name(posting), "record": record.qualified_name}
    if record.type == "Group":
        return None
    if record.type == "Category":
        return CaseText("check.item_category", **names, side=side)
    expense_accounts = record.body.get("expense_account"), record.body.get("asset_account")
    can_be_bought = any(expense_accounts)
    can_be_sold = bool(record.body.get("income_account"))
    if not can_be_bought and not can_be_sold:
        return None
    if side == "bought" and not can_be_bought:
        return CaseText("check.item_expense_account", **names)
    if side == "sold" and not can_be_sold:
        return CaseText("check.item_income_account", **names)
    return None
