"""The fields that the columns of a table are mapped to, and suggestions for the mapping."""

import re
from collections.abc import Iterator, Mapping

from hub import FileField, FileTable
from hub_files import values
from hub_files.tables import Cell, Table, format_cell

MAX_PREVIEW_ROWS = 5
BILLS, INVOICES = "bill", "invoice"
CONTENT_CHOICES = ((BILLS, "Bills from suppliers"), (INVOICES, "Invoices to customers"))
DATE_ORDER_CHOICES = (
    ("dmy", "day, month, year: 31.12.2026"),
    ("mdy", "month, day, year: 12/31/2026"),
    ("ymd", "year, month, day: 2026-12-31"),
)
DECIMAL_MARK_CHOICES = ((".", "a point: 1,234.50"), (",", "a comma: 1 234,50"))
TAX_MODE_CHOICES = (("exclusive", "without tax"), ("inclusive", "with tax"))
# The label of each field, and the names of columns that suggest it, in English and Norwegian. The
# names are written with lower-case letters and digits only.
COLUMNS: Mapping[str, tuple[str, str]] = {
    "party": (
        "Supplier or customer",
        "supplier suppliername vendor vendorname customer customername client name company payee"
        " leverandør leverandørnavn kunde kundenavn navn firma",
    ),
    "party_number": (
        "Number of the supplier or customer",
        "supplierno suppliernumber supplierid vendorno vendornumber vendorid customerno"
        " customernumber customerid leverandørnr leverandørnummer kundenr kundenummer orgnr"
        " organisasjonsnummer",
    ),
    "number": (
        "Number of the document",
        "number no docno documentnumber invoiceno invoicenumber invoice billno billnumber bill"
        " refno reference fakturanr fakturanummer faktura bilagsnr bilagsnummer nummer nr",
    ),
    "date": (
        "Date",
        "date invoicedate billdate documentdate docdate txndate fakturadato bilagsdato dato",
    ),
    "due": ("Due date", "due duedate paymentdue forfall forfallsdato betalingsfrist"),
    "amount": (
        "Amount of the line",
        "amount lineamount linetotal netamount net value sum beløp linjebeløp nettobeløp netto"
        " beløpekskl",
    ),
    "total": (
        "Total of the document, with tax",
        "total totalamount grandtotal invoicetotal gross grossamount totalincltax totalbeløp"
        " bruttobeløp brutto totalt",
    ),
    "tax": ("Tax of the line", "tax taxamount vat vatamount salestax gst mva mvabeløp"),
    "tax_code": (
        "Tax rate or tax code",
        "taxrate taxcode vatrate vatcode taxpercent vatpercent mvakode mvasats mvaprosent",
    ),
    "description": (
        "Description",
        "description text details line item linedescription beskrivelse tekst varetekst",
    ),
    "quantity": ("Quantity", "quantity qty hours units antall"),
    "unit_price": ("Price of one", "price unitprice rate unitcost cost pris enhetspris"),
    "account": (
        "Account",
        "account accountno accountnumber glaccount gl category expenseaccount konto kontonr"
        " kontonummer",
    ),
    "item": ("Product or service", "product service sku itemcode productservice vare varenr"),
    "class": ("Class", "class department costcenter costcentre avdeling klasse"),
    "currency": ("Currency", "currency currencycode valuta valutakode"),
    "exchange_rate": (
        "Exchange rate: the company's currency for one unit",
        "exchangerate currencyrate fxrate fx valutakurs kurs",
    ),
    "memo": ("Memo", "memo note notes comment comments merknad kommentar"),
}
REQUIRED_FIELDS = ("party", "number", "date", "amount")
SALES_WORDS = ("customer", "client", "kunde")
PURCHASE_WORDS = ("supplier", "vendor", "leverandør", "payee")


def iter_mapping_fields() -> Iterator[FileField]:
    """Yield the fields of the mapping of a table, as a person fills them in."""
    yield FileField(
        name="holds",
        label="The rows are lines of",
        required=True,
        choices=CONTENT_CHOICES,
    )
    for name, (label, _) in COLUMNS.items():
        yield FileField(name=name, label=label, required=name in REQUIRED_FIELDS)
    yield FileField(
        name="dates",
        label="Dates are written as",
        help="Dates that Excel stores as dates are read as they are.",
        required=True,
        choices=DATE_ORDER_CHOICES,
    )
    yield FileField(
        name="decimal",
        label="Cents come after",
        required=True,
        choices=DECIMAL_MARK_CHOICES,
    )
    yield FileField(
        name="amounts",
        label="Amounts of lines are",
        required=True,
        choices=TAX_MODE_CHOICES,
    )


def describe_table(table: Table) -> FileTable:
    """Return the columns and first rows of a table, with a suggested mapping."""
    rows = []
    for row in table.rows[:MAX_PREVIEW_ROWS]:
        rows.append(tuple(format_cell(cell) for cell in row.cells))
    columns = _guess_columns(table)
    suggestions = {
        **columns,
        "holds": _guess_kind(columns.get("party", "")),
        "dates": values.guess_date_order(_list_cells(table, columns.get("date", ""))),
        "decimal": values.guess_decimal_mark(_list_cells(table, columns.get("amount", ""))),
        "amounts": TAX_MODE_CHOICES[0][0],
    }
    return FileTable(columns=table.columns, rows=tuple(rows), suggestions=suggestions)


def _guess_columns(table: Table) -> dict[str, str]:
    """Return the likely column of each field; no column has two fields."""
    remaining = {re.sub(r"[\W_]", "", column.lower()): column for column in table.columns}
    columns = {}
    for name, (_, words) in COLUMNS.items():
        for word in words.split():
            if word in remaining:
                columns[name] = remaining.pop(word)
                break
    tax_cells = _list_cells(table, columns.get("tax", ""))
    if _has_rates(tax_cells):
        rates = columns.pop("tax")
        columns.setdefault("tax_code", rates)
    return columns


def _has_rates(cells: list[Cell]) -> bool:
    """Return whether cells hold rates of tax, such as 25 %, and not its amounts."""
    return any("%" in str(cell) for cell in cells)


def _guess_kind(column: str) -> str:
    """Return the likely direction by the name of the party column; empty if it is ambiguous."""
    name = column.lower()
    if any(word in name for word in SALES_WORDS):
        return INVOICES
    if any(word in name for word in PURCHASE_WORDS):
        return BILLS
    return ""


def _list_cells(table: Table, column: str) -> list[Cell]:
    """Return the cells of a column that are not empty."""
    if column not in table.columns:
        return []
    index = table.columns.index(column)
    return [row.cells[index] for row in table.rows if row.cells[index]]
