"""Build documents of the rows of a mapped table: one for each party and number."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal

from hub import (
    Attachment,
    Codes,
    Document,
    Kind,
    Line,
    Party,
    ReceivedFile,
    Refused,
    Sentence,
    Site,
    Unreadable,
    readable,
)
from hub_files import values
from hub_files.identity import VERSION_LENGTH, build_document_id, compute_digest
from hub_files.lines import build_line_codes, build_party_code, find_missing_default
from hub_files.tables import Cell, Row, Table, format_cell

# The kinds of document in a table: with a positive sum of lines, and with a negative one.
KINDS: Mapping[str, tuple[Kind, Kind]] = {
    "bill": ("bill", "vendor_credit"),
    "invoice": ("invoice", "credit_memo"),
}
# Fields that must be equal in all rows of a document, with their plural for messages.
HEADER_FIELDS = {
    "date": "dates",
    "due": "due dates",
    "currency": "currencies",
    "exchange_rate": "exchange rates",
    "total": "totals",
    "memo": "memos",
}
DATE_FIELDS = ("date", "due")
AMOUNT_FIELDS = ("exchange_rate", "total")
TEXT_FIELDS = ("description", "memo")  # fields that may contain anything
MAX_LINES_IN_MESSAGE = 5
MIME_TYPES = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class MappedTable:
    """The table of a file with the mapping of its columns."""

    def __init__(
        self, table: Table, mapping: Mapping[str, str], file: ReceivedFile, zone: dt.tzinfo
    ) -> None:
        """Find the column of each field; `zone` is that of the app."""
        self.rows = table.rows
        self.zone = zone
        self.mapping = mapping
        self.name = file.name
        self.version = file.digest[:VERSION_LENGTH]  # of each document in the table
        self.direction = mapping["holds"]
        self._column_indexes: dict[str, int] = {}
        for field, answer in mapping.items():
            if answer in table.columns:
                self._column_indexes[field] = table.columns.index(answer)

    def cell(self, row: Row, field: str) -> Cell:
        """Return the cell of a field in a row; empty if no column holds the field."""
        index = self._column_indexes.get(field)
        if index is None:
            return ""
        return row.cells[index]

    def text(self, row: Row, field: str) -> str:
        """Return the text of a field in a row."""
        return format_cell(self.cell(row, field))

    def amount(self, row: Row, field: str) -> Decimal | None:
        """Return the amount of a field in a row, None for an empty cell; raise ValueError."""
        cell = self.cell(row, field)
        if not format_cell(cell):
            return None
        return values.parse_amount(cell, self.mapping["decimal"])

    def date(self, row: Row, field: str) -> dt.date | None:
        """Return the date of a field in a row, None for an empty cell; raise ValueError."""
        cell = self.cell(row, field)
        if not format_cell(cell):
            return None
        return values.parse_date(cell, self.mapping["dates"], self.zone)

    def groups(self) -> dict[str, list[Row]]:
        """Return the rows of each document by its id, in the order of the table.

        A row without party or number, or with the error of a formula in place of one, is a document
        of its own, identified by its cells.
        """
        groups: dict[str, list[Row]] = {}
        for row in self.rows:
            party = self.text(row, "party_number") or self.text(row, "party")
            number = self.text(row, "number")
            is_known = not (values.is_formula_error(party) or values.is_formula_error(number))
            if party and number and is_known:
                id = build_document_id(self.direction, party, number)
            else:
                id = f"row:{_compute_digest([row])}"
            groups.setdefault(id, []).append(row)
        return groups

    def find_formula_error(self, rows: Iterable[Row]) -> tuple[str, str] | None:
        """Return the column and the error of a formula that failed in these rows, if any did."""
        for field in self._column_indexes:
            for row in rows:
                text = self.text(row, field)
                if field not in TEXT_FIELDS and values.is_formula_error(text):
                    return self.mapping[field], text
        return None

    def find_dates(self) -> dict[str, dt.date]:
        """Return the date of each document by its id; one whose date cannot be read is absent."""
        dates = {}
        for id, rows in self.groups().items():
            with suppress(ValueError):
                date = self.date(rows[0], "date")
                if date:
                    dates[id] = date
        return dates


def iter_documents(site: Site, table: MappedTable) -> Iterator[Document | Unreadable]:
    """Yield the documents of a table, with an Unreadable for each that cannot be read."""
    for id, rows in table.groups().items():
        yield readable(id, _read_document, site, table, id, rows)


def read_documents(site: Site, table: MappedTable) -> list[Document | Unreadable]:
    """Return the documents of a table; raise Refused if none of them can be read."""
    items = list(iter_documents(site, table))
    problems = [item.reason for item in items if isinstance(item, Unreadable)]
    if len(problems) == len(items):
        raise Refused("No document can be read with these columns. %(first)s", first=problems[0])
    return items


def _read_document(site: Site, table: MappedTable, id: str, rows: list[Row]) -> Document:
    """Return one document; raise Refused with the numbers of its lines and the error."""
    try:
        return _build_document(site, table, id, rows)
    except ValueError as error:
        raise _build_error([row.number for row in rows], table.name, str(error)) from None


def _build_error(numbers: Sequence[int], name: str, why: str) -> Refused:
    """Return the error of a document with the numbers of its lines, or of the first of them."""
    if len(numbers) == 1:
        return Refused(
            "Line %(number)s of %(name)s: %(why)s.",
            number=numbers[0],
            name=name,
            why=why,
        )
    first_numbers = [str(number) for number in numbers[:MAX_LINES_IN_MESSAGE]]
    if len(numbers) > len(first_numbers):
        return Refused(
            "Lines %(numbers)s and %(count)s more of %(name)s: %(why)s.",
            numbers=", ".join(first_numbers),
            count=len(numbers) - len(first_numbers),
            name=name,
            why=why,
        )
    return Refused(
        "Lines %(numbers)s and %(last)s of %(name)s: %(why)s.",
        numbers=", ".join(first_numbers[:-1]),
        last=first_numbers[-1],
        name=name,
        why=why,
    )


def _build_document(site: Site, table: MappedTable, id: str, rows: list[Row]) -> Document:
    """Return one document; raise ValueError for an error in its rows."""
    _check_formulas(table, rows)
    first = rows[0]
    for field in ("party", "number", "date"):
        if not table.text(first, field):
            raise ValueError(
                Sentence("the column “%(field)s” is empty", field=str(table.mapping[field]))
            )
    _check_agreement(table, rows)
    is_credit, lines = _build_lines(site, table, rows)
    taxes = [line.tax for line in lines if line.tax is not None]
    total = _get_total(table, first, is_credit=is_credit)
    return Document(
        kind=KINDS[table.direction][is_credit],
        source_id=id,
        version=table.version,
        hold=find_missing_default(table.direction, lines),
        date=table.date(first, "date"),
        due=table.date(first, "due"),
        number=table.text(first, "number"),
        memo=table.text(first, "memo") or None,
        currency=_get_currency(site, table, first),
        exchange_rate=_get_exchange_rate(table, first),
        codes=_build_party_code(site, table, first),
        lines=tuple(lines),
        total=total,
        tax_total=sum(taxes, Decimal(0)) if taxes else None,
        tax_mode="inclusive" if table.mapping["amounts"] == "inclusive" else "exclusive",
        attachments=_build_attachments(site, table, rows),
        facts={"File": table.name},
    )


def _build_lines(site: Site, table: MappedTable, rows: list[Row]) -> tuple[bool, list[Line]]:
    """Return whether the rows are a credit, and the lines with the signs of their kind."""
    amounts = [_get_line_amount(table, row) for row in rows]
    is_credit = sum(amounts) < 0
    lines = []
    for number, (row, amount) in enumerate(zip(rows, amounts, strict=True), 1):
        amount = -amount if is_credit else amount
        lines.append(_build_line(site, table, row, str(number), amount, is_credit=is_credit))
    return is_credit, lines


def _get_total(table: MappedTable, row: Row, *, is_credit: bool) -> Decimal | None:
    """Return the total of a document; raise ValueError if it is negative and its lines are not."""
    total = table.amount(row, "total")
    if total is None:
        return None
    if total < 0 and not is_credit:
        raise ValueError(
            Sentence(
                "the column “%(total)s” is negative, and the lines together are not",
                total=str(table.mapping["total"]),
            )
        )
    return abs(total)


def _check_formulas(table: MappedTable, rows: list[Row]) -> None:
    """Raise ValueError for the error of a formula, which is not the name of anything."""
    error = table.find_formula_error(rows)
    if error:
        column, text = error
        raise ValueError(
            Sentence("the column “%(column)s” has the error %(error)s", column=column, error=text)
        )


def _check_agreement(table: MappedTable, rows: list[Row]) -> None:
    """Raise ValueError if rows of one document differ in a header field."""
    for field, plural in HEADER_FIELDS.items():
        values_of_rows = {_get_header_value(table, row, field) for row in rows}
        if len(values_of_rows) > 1:
            raise ValueError(_describe_disagreement(table, rows, plural))


def _get_header_value(table: MappedTable, row: Row, field: str) -> Cell | None:
    """Return the value of a header field for comparison, or its text if it cannot be read.

    One day may be written with several times, and one amount with and without separators.
    """
    with suppress(ValueError):
        if field in DATE_FIELDS:
            return table.date(row, field)
        if field in AMOUNT_FIELDS:
            return table.amount(row, field)
    text = table.text(row, field)
    return text.upper() if field == "currency" else text


def _describe_disagreement(table: MappedTable, rows: list[Row], plural: str) -> Sentence:
    """Return the error for rows that differ; they may be an invoice and its credit."""
    signs = {_get_line_amount(table, row) < 0 for row in rows}
    if len(signs) == 1:
        return Sentence("these lines of one document have different %(plural)s", plural=plural)
    return Sentence(
        "these lines of one document have different %(plural)s; a credit needs a number of its own,"
        " such as %(number)s-C",
        plural=plural,
        number=table.text(rows[0], "number"),
    )


def _get_line_amount(table: MappedTable, row: Row) -> Decimal:
    """Return the amount of a row; raise ValueError if it has none."""
    amount = table.amount(row, "amount")
    if amount is None:
        raise ValueError(
            Sentence("the column “%(amount)s” is empty", amount=str(table.mapping["amount"]))
        )
    return amount


def _get_line_tax(table: MappedTable, row: Row) -> Decimal | None:
    """Return the tax of a row; raise ValueError if its sign is not that of the amount."""
    tax = table.amount(row, "tax")
    if tax and tax * _get_line_amount(table, row) < 0:
        raise ValueError(
            Sentence(
                "one of the columns “%(amount)s” and “%(tax)s” is negative, and the other is not",
                amount=str(table.mapping["amount"]),
                tax=str(table.mapping["tax"]),
            )
        )
    return tax


def _build_line(
    site: Site, table: MappedTable, row: Row, id: str, amount: Decimal, *, is_credit: bool
) -> Line:
    """Return a row as a line; `amount` has the sign for the kind of the document."""
    tax = _get_line_tax(table, row)
    quantity = table.amount(row, "quantity")
    return Line(
        id=id,
        amount=amount,
        quantity=-quantity if quantity and is_credit and quantity < 0 else quantity,
        unit_price=table.amount(row, "unit_price"),
        description=table.text(row, "description") or None,
        tax=-tax if tax and is_credit else tax,
        codes=build_line_codes(
            site,
            table.direction,
            account=table.text(row, "account"),
            item=table.text(row, "item"),
            tax=values.format_tax_name(table.cell(row, "tax_code")),
            class_=table.text(row, "class"),
        ),
    )


def _get_currency(site: Site, table: MappedTable, row: Row) -> str:
    """Return the currency of a row, by default that of the company."""
    currency = table.text(row, "currency").upper()
    return currency or site.company.currency


def _get_exchange_rate(table: MappedTable, row: Row) -> Decimal | None:
    """Return the exchange rate of a row, None for an empty cell; raise ValueError for other texts.

    Without a rate, QuickBooks uses its own for the date of the document.
    """
    rate = table.amount(row, "exchange_rate")
    if rate is not None and rate <= 0:
        text = table.text(row, "exchange_rate")
        raise ValueError(Sentence("“%(text)s” is no exchange rate", text=text))
    return rate


def _build_party_code(site: Site, table: MappedTable, row: Row) -> Codes:
    """Return the supplier or customer of a row as a code."""
    name = table.text(row, "party")
    party = Party(name=name, currency=_get_currency(site, table, row))
    id = table.text(row, "party_number") or name.casefold()
    return build_party_code(table.direction, id, party)


def _build_attachments(
    site: Site, table: MappedTable, rows: Sequence[Row]
) -> tuple[Attachment, ...]:
    """Return the file of a document.

    Its id depends only on the rows of the document, so that another file with the same rows is not
    attached again.
    """
    if not site.settings["attach"]:
        return ()
    suffix = table.name[table.name.rfind(".") :].lower()
    mime = MIME_TYPES.get(suffix, MIME_TYPES[".csv"])
    file = Attachment(id=f"rows:{_compute_digest(rows)}", name=table.name, mime=mime)
    return (file,)


def _compute_digest(rows: Sequence[Row]) -> str:
    """Return a digest of the cells of rows."""
    texts: list[str] = []
    for row in rows:
        texts += map(format_cell, row.cells)
    return compute_digest("\0".join(texts).encode())
