"""Create open purchase orders of QuickBooks in ION, each once."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from hub import (
    Code,
    Document,
    Line,
    Record,
    Refused,
    Retry,
    Row,
    Sentence,
    Site,
    money,
    round_amount,
)
from hub_ion import orders, parts, queries, references
from hub_ion.answers import get_attribute_etag
from hub_ion.client import Ion, MutationForbidden

# The secret that keeps the warnings of the last import.
IMPORT_WARNINGS_KEY = "orders not taken over"
STATUSES_UP_TO_ORDERED = ("DRAFT", "IN_REVIEW", "APPROVED", "ORDERED")


def import_orders(site: Site, source: Ion, records: Sequence[Record]) -> list[Code]:
    """Create the orders that ION does not have, and return their codes.

    Keep a warning for each order whose supplier, part or currency ION does not have, and for each
    that ION refuses; the others are created all the same.
    """
    source_ids: SourceIds | None = None
    codes: list[Code] = []
    warnings: list[str] = []
    references.remember_own(site, map(_build_reference, records))
    for record in records:
        if record.code or not record.order:
            continue
        source_ids = source_ids or SourceIds(source)
        missing = source_ids.describe_missing(record.order)
        if missing:
            warnings.append(_warn_of_missing(record, missing))
            continue
        try:
            id = _create_order(site, source, source_ids, record, record.order)
        except MutationForbidden:
            raise
        except Refused as error:
            warnings.append(_warn_of_refusal(record, error))
            continue
        code_id = f"{orders.PREFIX}{id}"
        codes.append(Code(id=code_id, name=record.name, quickbooks_id=record.id))
    site.secrets[IMPORT_WARNINGS_KEY] = "\n".join(warnings)
    return codes


def list_warnings(site: Site) -> list[str]:
    """Return the warnings of the last import."""
    text = site.secrets.get(IMPORT_WARNINGS_KEY, "")
    return text.splitlines()


def _build_reference(record: Record) -> str:
    """Return the reference that the order of a record has in ION."""
    return references.build(record.id, record.number)


def _warn_of_missing(record: Record, missing: str) -> str:
    """Say what ION lacks to create an order."""
    return Sentence(
        "Purchase order %(name)s of QuickBooks is not in ION, which has no %(missing)s.",
        name=record.name,
        missing=missing,
    )


def _warn_of_refusal(record: Record, error: Refused) -> str:
    """Say which order ION refuses, on one line; an order that it has in part is completed later."""
    reason = " ".join(error.text.split())
    return Sentence(
        "Purchase order %(name)s of QuickBooks is not complete in ION. %(reason)s",
        name=record.name,
        reason=reason,
    )


class SourceIds:
    """The ids of rows in ION, by the names of their records in QuickBooks."""

    def __init__(self, source: Ion) -> None:
        self.suppliers: dict[str, Any] = {}
        self.parts: dict[str, Any] = {}
        self.currencies: dict[str | None, Any] = {}
        self.references: dict[str, Any] = {}
        for row in _iter_identified(source.rows(queries.SUPPLIERS)):
            key = _normalize(row["name"])
            self.suppliers[key] = row["id"]
        for row in _iter_identified(source.rows(queries.PART_NAMES)):
            name = parts.format_part_name(row)
            changed_name = parts.build_safe_name(name, row["id"])
            distinct_name = parts.build_safe_name(name, row["id"], is_taken=True)
            for possible_name in (name, changed_name, distinct_name):
                self.parts.setdefault(_normalize(possible_name), row["id"])  # of the first part
        for row in _iter_identified(source.list_short(queries.CURRENCIES)):
            self.currencies[row["code"]] = row["id"]
        for row in source.rows(queries.ORDER_REFERENCES):
            if references.is_imported(row["reference"]):
                self._add_reference(row)

    def _add_reference(self, row: Row) -> None:
        """Note the id of an imported order; without it, the order would be created once more."""
        if row["id"] is None:
            raise Retry("ION could not return one of its rows; it is asked again later.")
        self.references.setdefault(row["reference"], row["id"])  # a copy has it, too

    def describe_missing(self, order: Document) -> str:
        """Return what ION lacks to create an order, as the end of a sentence; "" for nothing."""
        missing = dict.fromkeys(self._iter_missing(order))
        return ", ".join(missing)

    def _iter_missing(self, order: Document) -> Iterator[str]:
        """Yield the supplier, the parts and the currency of an order that ION does not have."""
        supplier = _find_code(order, "vendor")
        if supplier and _normalize(supplier.name) not in self.suppliers:
            yield Sentence("supplier “%(name)s”", name=supplier.name)
        for name in _list_item_names(order):
            if _normalize(name) not in self.parts:
                yield Sentence("part “%(name)s”", name=name)
        if order.currency and order.currency not in self.currencies:
            yield Sentence("currency %(currency)s", currency=order.currency)


def _iter_identified(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows that have an id; without one, a row cannot be named in an order."""
    for row in rows:
        if row["id"] is not None:
            yield row


def _normalize(name: str | None) -> str:
    """Return a name without case and double spaces, for comparisons."""
    words = (name or "").split()
    return " ".join(words).casefold()


def _find_code(owner: Document | Line, role: str) -> Code | None:
    """Return the code of a role, or None if there is none."""
    code = owner.codes.get(role)
    if isinstance(code, Code):
        return code
    return None


def _list_item_names(order: Document) -> list[str | None]:
    """Return the names of the items on the lines of an order."""
    items = [_find_code(line, "item") for line in order.lines]
    return [item.name for item in items if item]


def _create_order(
    site: Site, source: Ion, source_ids: SourceIds, record: Record, order: Document
) -> Any:
    """Create an order, or finish one that an earlier attempt left incomplete; return its id."""
    reference = _build_reference(record)
    id = source_ids.references.get(reference)
    if id is None:
        id = _add_order(source, source_ids, order, reference)
    row = source.ask(queries.UNFINISHED_ORDER, id=id)["row"]
    if row["status"] == "DRAFT":
        _complete_lines(site, source, source_ids, id, row["lines"], order)
    if row["status"] in STATUSES_UP_TO_ORDERED:
        _advance_status(source, id, row["status"])
    return id


def _add_order(source: Ion, source_ids: SourceIds, order: Document, reference: str) -> Any:
    """Add an order without lines; return its id."""
    supplier = _find_code(order, "vendor")
    answer = source.ask(
        queries.ADD_ORDER,
        supplier=source_ids.suppliers[_normalize(supplier.name if supplier else None)],
        reference=reference,
        currency=source_ids.currencies.get(order.currency),
        notes=order.message,
    )
    return answer["made"]["row"]["id"]


def _complete_lines(
    site: Site, source: Ion, source_ids: SourceIds, id: Any, rows: Sequence[Row], order: Document
) -> None:
    """Add the lines that an order lacks, and write account and class to each."""
    rows = sorted(rows, key=lambda row: row["number"])
    for position, line in enumerate(order.lines):
        if position < len(rows):
            line_row = rows[position]
        else:
            line_row = _add_line(source, source_ids, id, order, line)
        _write_attributes(site, source, line_row, line)


def _advance_status(source: Ion, id: Any, status: str) -> None:
    """Move an order through all statuses after its own, up to ORDERED."""
    next_index = STATUSES_UP_TO_ORDERED.index(status) + 1
    for next_status in STATUSES_UP_TO_ORDERED[next_index:]:
        order = source.ask(queries.ORDER_ETAG, id=id)["order"]
        source.ask(queries.SET_STATUS, id=id, etag=order["etag"], status=next_status)


def _add_line(source: Ion, source_ids: SourceIds, id: Any, order: Document, line: Line) -> Row:
    """Add a line to an order; return its row."""
    item = _find_code(line, "item")
    quantity, cost = _compute_quantity_and_cost(line, order.currency)
    answer = source.ask(
        queries.ADD_LINE,
        order=id,
        part=source_ids.parts[_normalize(item.name)] if item else None,
        needed=order.due.isoformat() if order.due else None,
        text=line.description,
        quantity=f"{quantity:f}",
        cost=f"{cost:f}",
    )
    row: Row = answer["made"]["row"]
    return row


def _write_attributes(site: Site, source: Ion, row: Row, line: Line) -> None:
    """Write the account and the class of a line to its attributes."""
    account = _find_code(line, "account")
    class_code = _find_code(line, "class")
    values: dict[str, str | None] = {}
    if account:
        values[site.settings["account_attribute"]] = account.number or account.name
    if class_code:
        values[site.settings["class_attribute"]] = class_code.name
    for key, value in values.items():
        if not value or orders.get_attribute(row, key) == value:
            continue
        answer = source.ask(
            queries.SET_LINE_ATTRIBUTE,
            id=row["id"],
            etag=get_attribute_etag(row, key),
            key=key,
            text=value,
        )
        row = {**row, **answer["made"]["row"]}


def _compute_quantity_and_cost(line: Line, currency: str | None) -> tuple[Decimal, Decimal]:
    """Return a quantity and unit cost whose product is the amount."""
    quantity = line.quantity
    price = line.unit_price
    if quantity and price is not None:
        amount = round_amount(quantity * price, currency or "USD")
        if amount == line.amount:
            return quantity, price
    return money(1), line.amount or money(0)
