"""Open purchase orders that people made in QuickBooks, taken over into ION, each once."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hub import Code, Document, Line, Record, Row, Site, money, to_cents
from hub_ion import orders, parts, queries
from hub_ion.client import Ion

LACKING = "orders not taken over"
STEPS = ("DRAFT", "IN_REVIEW", "APPROVED", "ORDERED")


def take_over(site: Site, ion: Ion, records: Sequence[Record]) -> list[Code]:
    """Create the orders that ION does not have, and return their codes.

    What ION lacks for the others is a warning.
    """
    lists: Lists | None = None
    made: list[Code] = []
    lacking: list[str] = []
    for record in records:
        if record.code or not record.order:
            continue
        lists = lists or Lists(ion)
        if missing := lists.missing(record.order):
            lacking.append(
                f"Purchase order {record.name} of QuickBooks is not in ION, which has no {missing}."
            )
        else:
            id = _made(site, ion, lists, record, record.order)
            made.append(Code(id=f"{orders.PREFIX}{id}", name=record.name, quickbooks_id=record.id))
    site.secrets[LACKING] = "\n".join(lacking)
    return made


class Lists:
    """What ION has, by the names that QuickBooks knows it by."""

    def __init__(self, ion: Ion) -> None:
        self.suppliers = {_plain(row["name"]): row["id"] for row in ion.rows(queries.SUPPLIERS)}
        self.parts: dict[str, Any] = {}
        for row in ion.rows(queries.PART_NAMES):
            self.parts |= {
                _plain(name): row["id"]
                for name in (parts.safe(parts.name(row), row["id"]), parts.name(row))
            }
        self.currencies = {
            row["code"]: row["id"] for row in ion.ask(queries.CURRENCIES)["rows"] or ()
        }
        self.references = {
            row["reference"]: row["id"] for row in ion.rows(queries.REFERENCES) if row["reference"]
        }

    def missing(self, order: Document) -> str:
        """Return what ION lacks to create an order, as the end of a sentence; "" for nothing."""
        supplier = _code_of(order, "vendor")
        items = [_code_of(line, "item") for line in order.lines]
        wanted = [
            ("supplier", supplier, self.suppliers),
            *(("part", item, self.parts) for item in items),
        ]
        lacks = [
            f"{what} “{one.name}”"
            for what, one, there in wanted
            if one and _plain(one.name) not in there
        ]
        if order.currency and order.currency not in self.currencies:
            lacks.append(f"currency {order.currency}")
        return " and no ".join(dict.fromkeys(lacks))


def _plain(name: str | None) -> str:
    return " ".join((name or "").split()).casefold()


def _code_of(owner: Document | Line, role: str) -> Code | None:
    code = owner.codes.get(role)
    return code if isinstance(code, Code) else None


def _made(site: Site, ion: Ion, lists: Lists, record: Record, order: Document) -> Any:
    """Return the order's id; finish one that an earlier attempt left unfinished."""
    reference = f"QuickBooks {record.id}: {record.number or ''}"
    id = lists.references.get(reference)
    if id is None:
        supplier = _code_of(order, "vendor")
        added = ion.ask(
            queries.ADD_ORDER,
            supplier=lists.suppliers[_plain(supplier.name if supplier else None)],
            reference=reference,
            currency=lists.currencies.get(order.currency),
            notes=order.message,
        )
        id = added["made"]["row"]["id"]
    row = ion.ask(queries.UNFINISHED, id=id)["row"]
    if row["status"] == "DRAFT":
        there = sorted(row["lines"], key=lambda line: line["number"])
        for place, line in enumerate(order.lines):
            known = there[place] if place < len(there) else _line(ion, lists, id, order, line)
            _describe(site, ion, known, line)
    for status in STEPS[STEPS.index(row["status"]) + 1 :] if row["status"] in STEPS else ():
        etag = ion.ask(queries.ETAG, id=id)["order"]["etag"]
        ion.ask(queries.MOVE, id=id, etag=etag, status=status)
    return id


def _line(ion: Ion, lists: Lists, id: Any, order: Document, line: Line) -> Row:
    item = _code_of(line, "item")
    quantity, cost = _measured(line, order.currency)
    added = ion.ask(
        queries.ADD_LINE,
        order=id,
        part=lists.parts[_plain(item.name)] if item else None,
        needed=_text(order.due),
        text=line.description,
        quantity=f"{quantity:f}",
        cost=f"{cost:f}",
    )
    row: Row = added["made"]["row"]
    return row


def _describe(site: Site, ion: Ion, row: Row, line: Line) -> None:
    """Write the account and the class of a line to its attributes."""
    account, section = _code_of(line, "account"), _code_of(line, "class")
    wanted = {
        site.settings["account_attribute"]: account and (account.number or account.name),
        site.settings["class_attribute"]: section and section.name,
    }
    etag = row["etag"]
    for key, value in wanted.items():
        if value and orders.attribute(row, key) != value:
            said = ion.ask(queries.SET_LINE_ATTRIBUTE, id=row["id"], etag=etag, key=key, text=value)
            etag = said["made"]["row"]["etag"]


def _measured(line: Line, currency: str | None) -> tuple[Decimal, Decimal]:
    """Return a quantity and unit cost whose product is the amount."""
    quantity, price = line.quantity, line.unit_price
    if (
        quantity
        and price is not None
        and to_cents(quantity * price, currency or "USD") == line.amount
    ):
        return quantity, price
    return money(1), line.amount or money(0)


def _text(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None
