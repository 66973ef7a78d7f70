"""Small files that would take very much memory or time are refused before they do."""

import io
import time
import zipfile
import zlib
from decimal import Decimal

import pytest
from e_invoices import prefixed_invoice
from hub_files.values import parse_amount
from openpyxl import Workbook

from hub import Company, Refused
from hub.testing.bench import Bench

SHEET, STRINGS, TYPES = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "[Content_Types].xml"
TYPE_OF_STRINGS = (
    f'<Override PartName="/{STRINGS}" ContentType="application/vnd.openxmlformats-officedocument'
    '.spreadsheetml.sharedStrings+xml"/></Types>'
)
NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def new_bench():
    return Bench("files", {}, company=Company(country="NO", currency="NOK"))


@pytest.fixture
def bench():
    return new_bench()


def workbook(rows, text="Name"):
    """Return an Excel file with these rows in XML; their cells may have one shared text."""
    book = Workbook()
    book.active.append(["Name"])
    file = io.BytesIO()
    book.save(file)
    output = io.BytesIO()
    with (
        zipfile.ZipFile(file) as old,
        zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        parts = {name: old.read(name) for name in old.namelist()}
        parts[SHEET] = f"<worksheet {NAMESPACE}><sheetData>{rows}</sheetData></worksheet>"
        parts[STRINGS] = f'<sst {NAMESPACE}><si><t xml:space="preserve">{text}</t></si></sst>'
        parts[TYPES] = parts[TYPES].replace(b"</Types>", TYPE_OF_STRINGS.encode())
        for name, part in parts.items():
            new.writestr(name, part)
    return output.getvalue()


CELL = '<c t="s"><v>0</v></c>'
ATTRIBUTES = " ".join(f'a{number}=""' for number in range(250_001))
ROW = f"<row>{CELL}</row>"


@pytest.mark.parametrize(
    "content",
    [
        workbook(ROW * 9000, f" {'A' * 1_000_000}"),
        workbook(f"<row>{CELL * 18_000}</row>", f" {'A' * 1_000_000}"),
        workbook(f'{ROW * 2}<row r="2000000000">{CELL}</row>'),
        workbook(f'<row r="2000000000">{CELL}</row>{ROW}'),
        workbook(ROW * 2 + '<row><c r="ZZZ3"/></row>' * 2000),
        workbook(f"{ROW * 2}<row>{'<c/>' * 2_100_000}</row>"),
        workbook(f"{ROW * 2}{'<x/>' * 2_100_000}"),
        workbook(ROW * 2 + f"<row/>{'<x/>' * 30}" * 70_000),
        workbook(ROW * 2 + f"<row><c {ATTRIBUTES}/></row>"),
        workbook(ROW * 2, "A</t></si>" + "<si/>" * 2_100_000 + "<si><t>"),
    ],
    ids=[
        "text in rows",
        "text in columns",
        "row number",
        "first row",
        "column number",
        "cells of a row",
        "other elements",
        "elements between rows",
        "attributes",
        "shared texts",
    ],
)
def test_a_small_excel_file_that_holds_very_much_is_refused(bench, content):
    assert len(content) < 1_000_000
    with pytest.raises(Refused, match="too large when it is unpacked"):
        bench.receive("bills.xlsx", content)


def test_an_excel_file_that_declares_too_small_a_size_is_refused(bench, monkeypatch):
    file = io.BytesIO(workbook(ROW * 2))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/more.xml", b" " * 2_000_000)
        part = archive.getinfo("xl/more.xml")
        part.file_size, part.CRC = 1, zlib.crc32(b" ")
    monkeypatch.setattr("hub_files.workbook_limits.MAX_UNPACKED_BYTES", 1_000_000)
    with pytest.raises(Refused, match="too large when it is unpacked"):
        bench.receive("a.xlsx", file.getvalue())


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_excel_file_that_is_packed_unlike_excel_does_is_not_unpacked(bench, packing):
    file = io.BytesIO(workbook(ROW * 2))
    with zipfile.ZipFile(file, "a", packing) as archive:
        archive.writestr("xl/more.xml", b" ")
    with pytest.raises(Refused, match="cannot be read as an Excel file"):
        bench.receive("a.xlsx", file.getvalue())


@pytest.mark.parametrize("row", [f"<row>{'<c/>' * 16_000}</row>", "<row/>" * 1000])
def test_many_empty_cells_and_rows_are_read(bench, row):
    table = bench.receive("bills.xlsx", workbook(ROW * 2 + row * 2)).table
    assert table.rows == (("Name",),)


def test_rows_far_below_are_read(bench):
    table = bench.receive("bills.xlsx", workbook(f'{ROW * 2}<row r="1048576">{CELL}</row>')).table
    assert table.rows == (("Name",), ("Name",))


@pytest.mark.parametrize("start", ["", "sep=;\n"])
def test_a_row_too_many_is_noticed_in_a_long_csv_file(bench, start):
    content = start + "A;B\n" + "1;2\n" * 10_000
    assert len(bench.receive("a.csv", content.encode()).table.rows) == 5
    with pytest.raises(Refused, match="more than 10,000 rows"):
        bench.receive("b.csv", f"{content}\n\n3;4\n".encode())


def test_empty_lines_of_a_csv_file_take_little_memory(bench):
    assert bench.receive("a.csv", b"A;B\n" + b"\n" * 1_000_000 + b"1;2\n").table.rows == (
        ("1", "2"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "1" + " " * 3900 + "@@@",
        "@" + " " * 3900 + "x",
        "x" * 3900 + "!",
        "1" + " 1" * 1900 + "!",
        "1" + "." * 3900 + "x y z",
    ],
    ids=["behind", "before", "letters", "groups", "points"],
)
def test_a_long_text_is_no_amount_in_little_time(text):
    began = time.process_time()
    with pytest.raises(ValueError, match="is not an amount"):
        parse_amount(text, ".")
    assert time.process_time() - began < 5


def e_invoice(rates):
    """Return an e-invoice with a line and a VAT subtotal for each of these rates."""
    content = prefixed_invoice().xml().decode()
    begin, _, rest = content.partition("<a:TaxSubtotal>")
    subtotal, _, end = rest.partition("</a:TaxSubtotal>")
    before_line, _, rest = end.partition("<a:InvoiceLine>")
    line, _, _ = rest.partition("</a:InvoiceLine>")
    subtotals = []
    lines = []
    for rate in rates:
        tax = f"{9 * rate:.2f}"
        taxed = subtotal.replace(">19<", f">{rate}<").replace(">171.00<", f">{tax}<")
        subtotals.append(f"<a:TaxSubtotal>{taxed}</a:TaxSubtotal>")
        taxed = line.replace(">19.0<", f">{rate}<")
        lines.append(f"<a:InvoiceLine>{taxed}</a:InvoiceLine>")
    parts = (begin, *subtotals, before_line, *lines, "</doc:Invoice>")
    return "".join(parts).encode()


def test_very_many_rates_of_tax_take_little_more_time_than_one():
    seconds = []
    for step in (0, 1):
        bench = new_bench()
        bench.receive("rates.xml", e_invoice([Decimal(n * step) / 100 for n in range(5000)]))
        began = time.process_time()
        (bill, _) = bench.read()
        seconds.append(time.process_time() - began)
        assert len(bill.lines) == 5000
    assert seconds[1] < 3 * seconds[0]


def test_the_reason_names_only_the_first_of_very_many_wrong_sums(bench):
    content = e_invoice([Decimal(number) for number in range(50)])
    bench.receive("wrong.xml", content.replace(b">900.00<", b">901.00<"))
    (bill, _) = bench.read()
    assert "more of its sums are wrong. Ask the sender for a corrected e-invoice" in bill.hold
    assert len(bill.hold) < 1500
