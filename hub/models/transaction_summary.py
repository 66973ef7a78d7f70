"""The facts of a transaction or list entry that count when two versions of it are compared.

They are named tuples because every posting loads one, which takes a dataclass twice the time.
"""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

CLOSED_STATUS = "Closed"
_YES = "yes"


class LineSummary(NamedTuple):
    """One line of a transaction, with the ids of the records that it names.

    `id` is the id of the line at the source and `quickbooks_line` its id in QuickBooks, where they
    are known.
    """

    amount: Decimal
    account: str = ""
    item: str = ""
    class_: str = ""
    customer: str = ""
    tax_code: str = ""
    linked: str = ""
    linked_type: str = ""
    is_discount: bool = False
    id: str | None = None
    quickbooks_line: str | None = None
    is_billable: bool = False
    is_excluded_from_billing: bool = False  # not stored: read from a response of QuickBooks only

    @classmethod
    def load(cls, values: Mapping[str, Any]) -> "LineSummary":
        """Return the line that `dump` stored."""
        get = values.get
        return cls(
            Decimal(get("amount") or 0),
            get("account", ""),
            get("item", ""),
            get("class", ""),
            get("customer", ""),
            get("tax_code", ""),
            get("linked", ""),
            get("linked_type", ""),
            "discount" in values,
            get("id"),
            get("line"),
            "billable" in values,
        )

    def dump(self) -> dict[str, Any]:
        """Return the line as plain JSON."""
        values: dict[str, Any] = {
            "amount": format(self.amount, "f"),
            "account": self.account,
            "item": self.item,
            "class": self.class_,
            "customer": self.customer,
            "tax_code": self.tax_code,
        }
        if self.linked:
            values["linked"] = self.linked
            values["linked_type"] = self.linked_type
        if self.is_discount:
            values["discount"] = _YES
        if self.id is not None:
            values["id"] = self.id
        if self.quickbooks_line is not None:
            values["line"] = self.quickbooks_line
        if self.is_billable:
            values["billable"] = _YES
        return values


class TransactionSummary(NamedTuple):
    """A transaction or list entry as the hub sent it or as QuickBooks shows it.

    Records are given by their ids, and a text is empty if there is nothing. An amount is None if
    QuickBooks works it out. Dates are texts as QuickBooks writes them, 2026-03-02.
    """

    party: str = ""
    number: str = ""
    date: str = ""
    currency: str = ""
    location: str = ""
    memo: str = ""  # stored as "note"
    total: Decimal | None = None
    tax: Decimal | None = None
    tolerance: Decimal | None = None  # by how much the total may differ
    term: str = ""
    payable_account: str = ""
    deposit_account: str = ""
    payment_account: str = ""
    payment_method: str = ""
    class_: str = ""
    due: str = ""
    status: str = ""
    payee: str = ""  # "customer" if an expense was paid to one
    is_untaxed: bool = False
    lines: tuple[LineSummary, ...] = ()
    exchange_rate: Decimal | None = None  # in the company's currency for one unit
    # Of planned content: the fields that the hub sets and that no other fact shows.
    set_fields: tuple[str, ...] = ()
    computed_due: str = ""  # of the last write, never stored: what QuickBooks worked out

    # Of a list entry; its prices are texts without needless zeros.
    name: str | None = None
    active: bool = True
    parent: str = ""
    income_account: str = ""
    expense_account: str = ""
    asset_account: str = ""
    type: str = ""
    sku: str = ""
    description: str = ""
    price: str = ""
    cost: str = ""
    email: str = ""
    phone: str = ""

    @property
    def is_list_entry(self) -> bool:
        """Return whether this is a supplier, a customer or an item."""
        return self.name is not None

    @property
    def is_closed(self) -> bool:
        """Return whether this is a closed purchase order."""
        return self.status == CLOSED_STATUS

    @property
    def parsed_date(self) -> dt.date | None:
        """Return the date of the transaction."""
        return dt.date.fromisoformat(self.date) if self.date else None

    @classmethod
    def load(cls, values: Mapping[str, Any] | None) -> "TransactionSummary":
        """Return the summary that `dump` stored; an empty one if nothing is stored."""
        if not values:
            return cls()
        facts: dict[str, Any] = {}
        for name, key in _TEXT_FIELDS.items():
            if key in values:
                facts[name] = values[key]
        for name in _AMOUNT_FIELDS:
            amount = values.get(name)
            if amount is not None:
                facts[name] = Decimal(amount)
        if "untaxed" in values:
            facts["is_untaxed"] = True
        if "lines" in values:
            lines = [LineSummary.load(line) for line in values["lines"]]
            facts["lines"] = tuple(lines)
        if "set_fields" in values:
            facts["set_fields"] = tuple(values["set_fields"])
        return cls(**facts)

    def dump(self) -> dict[str, Any]:
        """Return the summary as plain JSON, with amounts as text and most empty facts left out."""
        if self.is_list_entry:
            return {"name": self.name, "active": self.active} | self._stored_texts(_ENTRY_FACTS)
        values: dict[str, Any] = {
            "party": self.party,
            "number": self.number,
            "date": self.date,
            "currency": self.currency,
            "location": self.location,
            "note": self.memo,
            "total": _format_amount(self.total),
            "tax": _format_amount(self.tax),
            **self._stored_texts(_HEADER_FACTS),
        }
        if self.is_untaxed:
            values["untaxed"] = _YES
        if self.set_fields:
            values["set_fields"] = list(self.set_fields)
        values["lines"] = [line.dump() for line in self.lines]
        if self.exchange_rate is not None:
            values["exchange_rate"] = _format_amount(self.exchange_rate)
        if self.tolerance is not None:
            values["tolerance"] = _format_amount(self.tolerance)
        return values

    def _stored_texts(self, names: tuple[str, ...]) -> dict[str, str]:
        """Return the facts that are not empty, by the keys under which they are stored."""
        texts: dict[str, str] = {}
        for name in names:
            value = getattr(self, name)
            if value:
                key = _TEXT_FIELDS[name]
                texts[key] = value
        return texts


_AMOUNT_FIELDS = ("total", "tax", "tolerance", "exchange_rate")
_HEADER_FACTS = (
    "term",
    "payable_account",
    "deposit_account",
    "payment_account",
    "payment_method",
    "class_",
    "due",
    "status",
    "payee",
)
_ENTRY_FACTS = (
    "parent",
    "income_account",
    "expense_account",
    "asset_account",
    "term",
    "currency",
    "type",
    "sku",
    "description",
    "price",
    "cost",
    "email",
    "phone",
)
# The key under which each fact is stored that is a text, or needs no conversion.
_TEXT_FIELDS = {
    **{name: name for name in ("party", "number", "date", "currency", "location")},
    **{name: name for name in _HEADER_FACTS},
    **{name: name for name in ("name", "active", *_ENTRY_FACTS)},
    "class_": "class",
    "memo": "note",
}


def _format_amount(amount: Decimal | None) -> str | None:
    """Return an amount as plain text, without an exponent."""
    if amount is None:
        return None
    return format(amount, "f")
