"""The fields of a table of documents, and the columns that likely hold them."""

import re
from collections.abc import Iterator, Mapping

from hub import FileField, FileTable
from hub_files import values
from hub_files.tables import Cell, Table, text_of

ROWS_SHOWN = 5
BILLS, INVOICES = "bill", "invoice"
HOLDS = ((BILLS, "Bills from suppliers"), (INVOICES, "Invoices to customers"))
DATES = (
    ("dmy", "day, month, year: 31.12.2026"),
    ("mdy", "month, day, year: 12/31/2026"),
    ("ymd", "year, month, day: 2026-12-31"),
)
DECIMALS = ((".", "a point: 1,234.50"), (",", "a comma: 1 234,50"))
AMOUNTS = (("exclusive", "without tax"), ("inclusive", "with tax"))
# The label of each field that a column holds, and the names of columns that mean it, in small
# letters and digits only. The names are English and Norwegian.
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
REQUIRED = ("party", "number", "date", "amount")
SALES_WORDS = ("customer", "client", "kunde")
PURCHASE_WORDS = ("supplier", "vendor", "leverandør", "payee")


def ask_about_table() -> Iterator[FileField]:
    """Yield what a person says about a table, first what it holds."""
    yield FileField(
        name="holds",
        label="The rows are lines of",
        required=True,
        choices=HOLDS,
    )
    for name, (label, _) in COLUMNS.items():
        yield FileField(name=name, label=label, required=name in REQUIRED)
    yield FileField(
        name="dates",
        label="Dates are written as",
        help="Dates that Excel stores as dates are read as they are.",
        required=True,
        choices=DATES,
    )
    yield FileField(
        name="decimal",
        label="Cents come after",
        required=True,
        choices=DECIMALS,
    )
    yield FileField(
        name="amounts",
        label="Amounts of lines are",
        required=True,
        choices=AMOUNTS,
    )


def describe(table: Table) -> FileTable:
    """Return the columns and first rows of a table, with the likely answers about it."""
    rows = []
    for row in table.rows[:ROWS_SHOWN]:
        rows.append(tuple(text_of(cell) for cell in row.cells))
    columns = _likely_columns(table)
    suggestions = {
        **columns,
        "holds": _likely_kind(columns.get("party", "")),
        "dates": values.likely_order(_cells(table, columns.get("date", ""))),
        "decimal": values.likely_decimal_mark(_cells(table, columns.get("amount", ""))),
        "amounts": AMOUNTS[0][0],
    }
    return FileTable(columns=table.columns, rows=tuple(rows), suggestions=suggestions)


def _likely_columns(table: Table) -> dict[str, str]:
    """Return the column that likely holds each field; no column holds two."""
    remaining = {re.sub(r"[\W_]", "", column.lower()): column for column in table.columns}
    columns = {}
    for name, (_, words) in COLUMNS.items():
        for word in words.split():
            if word in remaining:
                columns[name] = remaining.pop(word)
                break
    return columns


def _likely_kind(column: str) -> str:
    """Return what a table holds by the name of the column of its parties; empty if that is open."""
    name = column.lower()
    if any(word in name for word in SALES_WORDS):
        return INVOICES
    if any(word in name for word in PURCHASE_WORDS):
        return BILLS
    return ""


def _cells(table: Table, column: str) -> list[Cell]:
    """Return the cells of a column that are not empty."""
    if column not in table.columns:
        return []
    place = table.columns.index(column)
    return [row.cells[place] for row in table.rows if row.cells[place]]
