"""A transaction as a person reads it: facts and lines, with the names of records instead of their ids."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.models import Record
from hub.qbo.entities import KIND, ref_id
from hub.qbo.payloads import summarize

# reference -> its label and the list that knows its name
REFS = {
    "VendorRef": ("Vendor", "vendor"), "CustomerRef": ("Customer", "customer"), "EntityRef": ("Party", ""),
    "APAccountRef": ("Payable account", "account"), "AccountRef": ("Account", "account"), "ItemRef": ("Item", "item"),
    "DepositToAccountRef": ("Deposit account", "account"), "DepartmentRef": ("Location", "location"),
    "ClassRef": ("Class", "class"), "SalesTermRef": ("Terms", "term"), "TermRef": ("Terms", "term"),
    "PaymentMethodRef": ("Payment method", "payment_method"), "TaxCodeRef": ("Tax code", "tax_code"),
    "BankAccountRef": ("Account", "account"), "CCAccountRef": ("Account", "account"), "Entity": ("Party", ""),
    "IncomeAccountRef": ("Income account", "account"), "ExpenseAccountRef": ("Expense account", "account"),
    "AssetAccountRef": ("Asset account", "account"), "DiscountAccountRef": ("Account", "account"),
    "ParentRef": ("Belongs to", ""), "TxnTaxCodeRef": ("Tax rate", "tax_code"),
}  # fmt: skip
PLAIN = {
    "DisplayName": "Name", "Name": "Name", "DocNumber": "Number", "TxnDate": "Date", "DueDate": "Due",
    "CompanyName": "Company", "Sku": "Sku", "Description": "Description", "TrackQtyOnHand": "Stock is tracked",
    "PaymentType": "Paid by", "PayType": "Paid by", "PaymentRefNum": "Number", "GlobalTaxCalculation": "Amounts",
    "CustomerMemo": "Message", "Memo": "Message", "Type": "Type", "UnitPrice": "Price", "PurchaseCost": "Cost",
    "QtyOnHand": "On hand", "InvStartDate": "In stock since", "POStatus": "Status", "PrivateNote": "Memo",
}  # fmt: skip
NESTED = {
    "PrimaryEmailAddr": ("E-mail", "Address"), "PrimaryPhone": ("Phone", "FreeFormNumber"),
    "BillEmail": ("Mailed to", "Address"), "POEmail": ("Mailed to", "Address"),
}  # fmt: skip
PAID_FROM = ("CheckPayment", "CreditCardPayment")
WORDS = {
    "TaxExcluded": "without tax", "TaxInclusive": "with tax", "NotApplicable": "no tax applies",
    "CreditCard": "Credit card", "NonInventory": "Non-inventory",
}  # fmt: skip
KINDS = {name: kind.replace("_", " ").capitalize() for name, kind in KIND.items()}
ORDER = (
    "Name",
    "Vendor",
    "Customer",
    "Party",
    "Number",
    "Date",
    "Due",
    "Terms",
    "Payable account",
    "Location",
)
_BY_THEIR_NAME = (
    "account",
    "item",
    "customer",
    "tax_code",
    "location",
    "term",
    "payment_method",
)
NAMED = {
    **{name: name for name in _BY_THEIR_NAME},
    **dict.fromkeys(("payment_account", "deposit_account", "payable_account"), "account"),
    "class_": "class",
}
SUBTOTAL = "SubTotalLineDetail"
NEW = "made new in QuickBooks first"


@dataclass(frozen=True)
class TransactionLineView:
    """A line: what it posts to, its dimensions by label, and its amounts."""

    description: str
    posts_to: str
    tags: tuple[tuple[str, str], ...]
    quantity: Decimal | None
    price: Decimal | None
    amount: Decimal | None


@dataclass(frozen=True)
class TransactionView:
    """A transaction or list entry in words."""

    facts: tuple[tuple[str, str], ...]
    lines: tuple[TransactionLineView, ...]
    total: Decimal | None
    tax: Decimal | None
    currency: str


def payload(session: Session, company_id: int, kind: str, body: bytes) -> TransactionView | None:
    """What is going to be sent; None when there is nothing to show."""
    try:
        found = json.loads(body, parse_float=Decimal) if body else None
    except ValueError:
        return None
    return entity(session, company_id, kind, found) if isinstance(found, dict) else None


def entity(session: Session, company_id: int, kind: str, found: dict[str, Any]) -> TransactionView:
    """What is sent or what QuickBooks holds."""
    names = _names(session, company_id, found)
    summary = summarize(kind, found)
    facts = sorted(
        _facts(found, names),
        key=lambda fact: ORDER.index(fact[0]) if fact[0] in ORDER else len(ORDER),
    )
    return TransactionView(
        facts=tuple(facts),
        lines=tuple(_line(line, names) for line in found.get("Line") or () if line.get("DetailType") != SUBTOTAL),
        total=summary.total,
        tax=summary.tax or None,
        currency=summary.currency,
    )  # fmt: skip


def differing(one: TransactionView, other: TransactionView) -> set[str]:
    """The facts, and the places of lines ("line 2"), in which two differ."""
    mine, theirs = dict(one.facts), dict(other.facts)
    labels = {label for label in mine | theirs if mine.get(label) != theirs.get(label)}
    longest = max(len(one.lines), len(other.lines))
    pairs = [(_at(one.lines, place), _at(other.lines, place)) for place in range(longest)]
    return labels | {
        f"line {place}" for place, (left, right) in enumerate(pairs, start=1) if left != right
    }


def _facts(found: dict[str, Any], names: dict[tuple[str, str], str]) -> Iterator[tuple[str, str]]:
    yield from _tags(found, names)
    for key, label in PLAIN.items():
        value = found.get(key)
        text = str(value.get("value", "")) if isinstance(value, dict) else str(value or "")
        if text:
            yield label, WORDS.get(text, text)
    for key, (label, inner) in NESTED.items():
        if isinstance(found.get(key), dict):
            yield label, str(found[key].get(inner, ""))
    for key in PAID_FROM:
        yield from _tags(found.get(key) or {}, names)
    for one in found.get("CustomField") or ():
        yield str(one.get("Name")), str(one.get("StringValue") or "")


def _line(line: dict[str, Any], names: dict[tuple[str, str], str]) -> TransactionLineView:
    held = line.get(str(line.get("DetailType")))
    detail = held if isinstance(held, dict) else {}
    tags = dict(_tags(detail, names))
    posts_to = tags.pop("Account", "") or tags.pop("Item", "") or _settles(line)
    if detail.get("BillableStatus") == "Billable":
        tags["Billable"] = "yes"
    return TransactionLineView(
        description=str(line.get("Description") or ""),
        posts_to=posts_to,
        tags=tuple(tags.items()),
        quantity=_number(detail.get("Qty")),
        price=_number(detail.get("UnitPrice")),
        amount=_amount(line),
    )


def _amount(line: dict[str, Any]) -> Decimal | None:
    amount = _number(line.get("Amount"))
    return -amount if amount and line.get("DetailType") == "DiscountLineDetail" else amount


def _settles(line: dict[str, Any]) -> str:
    """What a line pays or holds, where it posts to nothing else."""
    links = line.get("LinkedTxn") or ()
    if not links:
        return "Discount" if line.get("DetailType") == "DiscountLineDetail" else ""
    id, name = str(links[0].get("TxnId") or ""), KINDS.get(str(links[0].get("TxnType")), "")
    return f"{name}, {NEW}" if id.startswith("@") else f"{name} {id}"


def _tags(part: dict[str, Any], names: dict[tuple[str, str], str]) -> Iterator[tuple[str, str]]:
    """Yield the label and the name of each reference."""
    for key, (label, list_name) in REFS.items():
        id = ref_id(part, key)
        if not id:
            continue
        if id.startswith("@"):
            yield label, NEW
            continue
        stored_name = names.get((list_name or _sort(part[key]), id))
        yield label, stored_name or str(part[key].get("name") or "") or id


def _names(session: Session, company_id: int, found: dict[str, Any]) -> dict[tuple[str, str], str]:
    wanted = set(_ids(found))
    ids = {id for _, id in wanted}
    rows = session.scalars(
        select(Record).where(Record.company_id == company_id, Record.quickbooks_id.in_(ids))
    )
    named = {
        (row.list, row.quickbooks_id): f"{row.number} {row.full_name or row.name}".strip()
        for row in rows
    }
    return {key: named[key] for key in wanted if key in named}


def _ids(part: Any) -> Iterator[tuple[str, str]]:
    if isinstance(part, list):
        for one in part:
            yield from _ids(one)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key in REFS and isinstance(value, dict):
                yield REFS[key][1] or _sort(value), str(value.get("value") or "")
            else:
                yield from _ids(value)


def _sort(reference: dict[str, Any]) -> str:
    """The list of a party that may be a supplier or a customer."""
    return str(reference.get("type") or "").lower()


def _number(value: Any) -> Decimal | None:
    return None if value in (None, "") else Decimal(str(value))


def _at(lines: tuple[TransactionLineView, ...], place: int) -> TransactionLineView | None:
    return lines[place] if place < len(lines) else None


def namer(session: Session, company_id: int, party: str) -> Callable[[str, str], str]:
    """Name a record by the fact that holds its id; `party` is the list that the party stands in."""
    lists = NAMED | {"party": party}

    def name(fact: str, id: str) -> str:
        row = session.get(Record, (company_id, lists[fact], id)) if fact in lists else None
        return f"{row.number} {row.full_name or row.name}".strip() if row else id

    return name
