"""Small files that would take very much memory or time are refused before they do."""

import io
import time
import zipfile

import pytest
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


@pytest.fixture
def bench():
    return Bench("files", {}, company=Company(country="NO", currency="NOK"))


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
ROW = f"<row>{CELL}</row>"


@pytest.mark.parametrize(
    "content",
    [
        workbook(ROW * 9000, f" {'A' * 1_000_000}"),
        workbook(f"<row>{CELL * 18_000}</row>", f" {'A' * 1_000_000}"),
        workbook(f'{ROW * 2}<row r="2000000000">{CELL}</row>'),
        workbook(f'<row r="2000000000">{CELL}</row>{ROW}'),
        workbook(ROW * 2 + '<row><c r="ZZZ3"/></row>' * 2000),
    ],
    ids=["text in rows", "text in columns", "row number", "first row", "column number"],
)
def test_a_small_excel_file_that_holds_very_much_is_refused(bench, content):
    assert len(content) < 100_000
    with pytest.raises(Refused, match="too large when it is unpacked"):
        bench.receive("bills.xlsx", content)


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
