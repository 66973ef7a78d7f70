"""Open purchase orders that people made in QuickBooks, taken over into ION, each once."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hub import Code, Document, Line, Record, Row, Sentence, Site, money, to_cents
from hub_ion import orders, parts, queries
from hub_ion.client import Ion

LACKING = "orders not taken over"
STEPS = ("DRAFT", "IN_REVIEW", "APPROVED", "ORDERED")


def take_over(site: Site, ion: Ion, records: Sequence[Record]) -> list[Code]:
    """Create the orders that ION does not have, and return their codes.

    What ION lacks for the others is a warning.
    """
    lists: Lists | None = None
    codes: list[Code] = []
    warnings: list[str] = []
    for record in records:
        if record.code or not record.order:
            continue
        lists = lists or Lists(ion)
        missing = lists.missing(record.order)
        if missing:
            warnings.append(
                Sentence(
                    "Purchase order %(name)s of QuickBooks is not in ION, which has no"
                    " %(missing)s.",
                    name=record.name,
                    missing=missing,
                )
            )
        else:
            id = f"{orders.PREFIX}{_create_order(site, ion, lists, record, record.order)}"
            codes.append(Code(id=id, name=record.name, quickbooks_id=record.id))
    site.secrets[LACKING] = "\n".join(warnings)
    return codes


class Lists:
    """What ION has, by the names that QuickBooks knows it by."""

    def __init__(self, ion: Ion) -> None:
        self.suppliers: dict[str, Any] = {}
        for row in ion.rows(queries.SUPPLIERS):
            key = _plain(row["name"])
            self.suppliers[key] = row["id"]
        self.parts: dict[str, Any] = {}
        for row in ion.rows(queries.PART_NAMES):
            name = parts.part_name(row)
            distinct_name = parts.safe_name(name, row["id"])
            self.parts[_plain(distinct_name)] = row["id"]
            self.parts[_plain(name)] = row["id"]
        self.currencies: dict[str | None, Any] = {}
        for row in ion.ask(queries.CURRENCIES)["rows"] or ():
            self.currencies[row["code"]] = row["id"]
        self.references: dict[str, Any] = {}
        for row in ion.rows(queries.REFERENCES):
            if row["reference"]:
                self.references[row["reference"]] = row["id"]

    def missing(self, order: Document) -> str:
        """Return what ION lacks to create an order, as the end of a sentence; "" for nothing."""
        missing = []
        supplier = _code_of(order, "vendor")
        if supplier and _plain(supplier.name) not in self.suppliers:
            missing.append(Sentence("supplier “%(name)s”", name=supplier.name))
        for line in order.lines:
            item = _code_of(line, "item")
            if item and _plain(item.name) not in self.parts:
                missing.append(Sentence("part “%(name)s”", name=item.name))
        if order.currency and order.currency not in self.currencies:
            missing.append(Sentence("currency %(currency)s", currency=order.currency))
        return ", ".join(dict.fromkeys(missing))


def _plain(name: str | None) -> str:
    """Return a name without case and double spaces, for comparisons."""
    words = (name or "").split()
    return " ".join(words).casefold()


def _code_of(owner: Document | Line, role: str) -> Code | None:
    """Return the code of a role, or None if there is none."""
    code = owner.codes.get(role)
    return code if isinstance(code, Code) else None


def _create_order(site: Site, ion: Ion, lists: Lists, record: Record, order: Document) -> Any:
    """Return the order's id; finish one that an earlier attempt left unfinished."""
    reference = f"QuickBooks {record.id}: {record.number or ''}"
    id = lists.references.get(reference)
    if id is None:
        id = _add_order(ion, lists, order, reference)
    row = ion.ask(queries.UNFINISHED, id=id)["row"]
    if row["status"] == "DRAFT":
        _complete_lines(site, ion, lists, id, row["lines"], order)
    if row["status"] in STEPS:
        _advance_status(ion, id, row["status"])
    return id


def _add_order(ion: Ion, lists: Lists, order: Document, reference: str) -> Any:
    """Add an order without lines; return its id."""
    supplier = _code_of(order, "vendor")
    answer = ion.ask(
        queries.ADD_ORDER,
        supplier=lists.suppliers[_plain(supplier.name if supplier else None)],
        reference=reference,
        currency=lists.currencies.get(order.currency),
        notes=order.message,
    )
    return answer["made"]["row"]["id"]


def _complete_lines(
    site: Site, ion: Ion, lists: Lists, id: Any, rows: Sequence[Row], order: Document
) -> None:
    """Add the lines that an order lacks, and write account and class to each."""
    rows = sorted(rows, key=lambda row: row["number"])
    for position, line in enumerate(order.lines):
        if position < len(rows):
            line_row = rows[position]
        else:
            line_row = _add_line(ion, lists, id, order, line)
        _write_attributes(site, ion, line_row, line)


def _advance_status(ion: Ion, id: Any, status: str) -> None:
    """Move an order through all the steps that follow its status."""
    next_step = STEPS.index(status) + 1
    for step in STEPS[next_step:]:
        etag = ion.ask(queries.ETAG, id=id)["order"]["etag"]
        ion.ask(queries.MOVE, id=id, etag=etag, status=step)


def _add_line(ion: Ion, lists: Lists, id: Any, order: Document, line: Line) -> Row:
    item = _code_of(line, "item")
    quantity, cost = _quantity_and_cost(line, order.currency)
    answer = ion.ask(
        queries.ADD_LINE,
        order=id,
        part=lists.parts[_plain(item.name)] if item else None,
        needed=_text(order.due),
        text=line.description,
        quantity=f"{quantity:f}",
        cost=f"{cost:f}",
    )
    row: Row = answer["made"]["row"]
    return row


def _write_attributes(site: Site, ion: Ion, row: Row, line: Line) -> None:
    """Write the account and the class of a line to its attributes."""
    account = _code_of(line, "account")
    section = _code_of(line, "class")
    values = {
        site.settings["account_attribute"]: account and (account.number or account.name),
        site.settings["class_attribute"]: section and section.name,
    }
    etag = row["etag"]
    for key, value in values.items():
        if not value or orders.attribute(row, key) == value:
            continue
        answer = ion.ask(
            queries.SET_LINE_ATTRIBUTE,
            id=row["id"],
            etag=etag,
            key=key,
            text=value,
        )
        etag = answer["made"]["row"]["etag"]


def _quantity_and_cost(line: Line, currency: str | None) -> tuple[Decimal, Decimal]:
    """Return a quantity and unit cost whose product is the amount."""
    quantity = line.quantity
    price = line.unit_price
    if quantity and price is not None:
        amount = to_cents(quantity * price, currency or "USD")
        if amount == line.amount:
            return quantity, price
    return money(1), line.amount or money(0)


def _text(day: dt.date | None) -> str | None:
    """Return a day as ION wants it."""
    return day.isoformat() if day else None
