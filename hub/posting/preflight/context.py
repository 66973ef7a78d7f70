"""What the checks before a send look at, loaded once for many postings, and what they answer."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hub.contract.documents import value_object
from hub.models import Head, Posting, Record
from hub.qbo.company_facts import CompanyFacts
from hub.qbo.entities import KIND

BOUGHT = ("bill", "vendor_credit", "expense", "purchase_order", "bill_payment")
LINE_LISTS = {
    "account": "account",
    "item": "item",
    "class": "class",
    "customer": "customer",
    "tax_code": "tax_code",
}
SLOTS = (
    "payable_account",
    "payment_account",
    "deposit_account",
    "income_account",
    "expense_account",
    "asset_account",
)
HEAD_LISTS = dict.fromkeys(SLOTS, "account") | {
    "location": "location",
    "class": "class",
    "term": "term",
    "payment_method": "payment_method",
}
By = Mapping[tuple[Any, ...], list[Head]]


@value_object
class Finding:
    """Why a posting is not sent; `cause` is shared by all that it stops, without one it is the posting's own."""

    own: str = ""
    cause: str = ""
    title: str
    reason: str
    act: str
    do: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class CheckContext:
    """Records, heads and facts of one company."""

    facts: CompanyFacts
    company_id: int
    lists: frozenset[str]
    records: Mapping[tuple[str, str], Record]
    heads: "Heads"
    targets: Mapping[int, Head]  # by posting: what a change is written against
    removals: Mapping[
        int, int
    ]  # by posting: our removal of what hangs on its target, which goes first
    refs: Mapping[
        int, set[tuple[str, str]]
    ]  # by posting: the records that it names, by list and id
    unset: Mapping[int, str] = field(
        default_factory=dict
    )  # by installation: why its payable account is missing
    gated: Mapping[int, str] = field(
        default_factory=dict
    )  # by installation: why it may not post for the first time
    tolerances: Mapping[int, Decimal] = field(
        default_factory=dict
    )  # by document: what its total may be off


@dataclass
class Heads:
    """Transactions that a posting may be, or that it settles."""

    numbered: By = field(default_factory=dict)  # by kind, number
    alike: By = field(default_factory=dict)  # by kind, total
    settled: Mapping[tuple[str, str], Head] = field(default_factory=dict)  # by kind and id


Check = Callable[[Posting, CheckContext], Iterator[Finding]]


def party_list(posting: Posting) -> str:
    """The list that the party of a posting stands in."""
    payee = str((posting.meaning or {}).get("payee") or "")
    return payee or ("vendor" if posting.kind in BOUGHT else "customer")


def refs(posting: Posting) -> set[tuple[str, str]]:
    """Return the records that a posting names, by list and id; placeholders are left out."""
    summary = posting.meaning or {}
    records = [(party_list(posting), summary.get("party")), (posting.kind, summary.get("parent"))]
    for slot, name in HEAD_LISTS.items():
        records.append((name, summary.get(slot)))
    for line in summary.get("lines") or ():
        for slot, name in LINE_LISTS.items():
            records.append((name, line.get(slot)))
    return {(name, str(id)) for name, id in records if id and not str(id).startswith("@")}


def settles(posting: Posting) -> dict[tuple[str, str], Decimal]:
    """Return how much of which transactions a posting settles or bills, by kind and id."""
    amounts: dict[tuple[str, str], Decimal] = {}
    for line in (posting.meaning or {}).get("lines") or ():
        if not line.get("linked"):
            continue
        kind = KIND.get(str(line.get("linked_type") or ""), "")
        id = str(line["linked"])
        if not kind or id.startswith("@"):
            continue
        amount = Decimal(str(line.get("amount") or 0))
        amounts[kind, id] = amounts.get((kind, id), Decimal(0)) + amount
    return amounts


def date_of(posting: Posting) -> dt.date | None:
    """The day it is dated."""
    text = (posting.meaning or {}).get("date")
    return dt.date.fromisoformat(text) if text else None


def total_of(posting: Posting) -> Decimal | None:
    """What it comes to, where that is known before QuickBooks works it out."""
    text = (posting.meaning or {}).get("total")
    return None if text is None else Decimal(str(text))
