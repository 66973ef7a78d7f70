"""Files with formulas are read with the results that they store; errors are no names."""

import io
import zipfile

import pytest
from mapped_tables import CSV, MAPPING, workbook

from hub import Refused
from hub.testing.bench import Bench

ROWS = [["Supplier", "Amount", "Tax"], ["Bygg AS", 100, "=B2*0.25"]]


@pytest.fixture
def bench():
    return Bench("files")


def changed(content, old, new):
    """Return an Excel file with a text of its parts replaced."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(file, "w") as after:
        for name in before.namelist():
            after.writestr(name, before.read(name).replace(old, new))
    return file.getvalue()


@pytest.mark.parametrize("result", [b"", b"<v/>", b"<v></v>"])
def test_a_formula_without_its_result_is_refused_because_it_would_read_as_empty(bench, result):
    content = changed(workbook(ROWS), b"</f><v></v>", b"</f>" + result)
    with pytest.raises(Refused, match=r"a formula without its result in cell C2"):
        bench.receive("a.xlsx", content)


@pytest.mark.parametrize("part", [b"<c " * 400_000, b"<c><f/>" + b" " * 1_000_000])
def test_a_sheet_that_is_made_to_be_searched_for_hours_is_refused_soon(bench, part):
    """Each part took the square of its length: the first one hours, in which nothing else ran."""
    content = changed(workbook([["Supplier"], ["Bygg AS"]]), b"<sheetData>", b"<sheetData>" + part)
    with pytest.raises(Refused, match="cannot be read as an Excel file"):
        bench.receive("a.xlsx", content)


def test_a_cell_far_to_the_right_is_refused_before_the_lines_below_it_are_read(bench):
    far = b'<row r="3"><c r="XFD3"><v>1</v></c></row><row r="4"><c r="A4"><v>x</v></c></row>'
    content = changed(workbook([["Supplier"], ["Bygg AS"]]), b"</sheetData>", far + b"</sheetData>")
    with pytest.raises(Refused, match="more than 100 columns"):
        bench.receive("a.xlsx", content)


def test_the_result_of_a_formula_is_read(bench):
    content = changed(workbook(ROWS), b"</f><v></v>", b"</f><v>25</v>")
    assert bench.receive("a.xlsx", content).table.rows[0] == ("Bygg AS", "100", "25")


def test_an_empty_text_is_the_result_of_a_formula(bench):
    content = changed(workbook(ROWS), b'<c r="C2">', b'<c r="C2" t="str">')
    assert bench.receive("a.xlsx", content).table.rows[0] == ("Bygg AS", "100", "")


@pytest.mark.parametrize("column", ["Supplier", "Invoice no", "Account", "VAT rate"])
@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#I/T", "#NAVN?"])
def test_a_formula_that_failed_is_no_name(bench, column, error):
    rows = [row.split(";") for row in CSV.splitlines()]
    position = rows[0].index(column)
    rows[1][position] = rows[2][position] = error
    bench.receive("bills.csv", "\n".join(";".join(row) for row in rows).encode(), MAPPING)
    *unreadable, credit, _ = bench.read()
    assert credit.number == "77"
    assert unreadable
    for item in unreadable:
        assert f"the column “{column}” has the error {error}" in item.reason


def test_the_error_of_a_formula_in_excel_is_reported(bench):
    rows = [row.split(";") for row in CSV.splitlines()]
    rows[2][rows[0].index("Account")] = "#N/A"
    bench.receive("bills.xlsx", workbook(rows), MAPPING)
    unreadable, credit, _ = bench.read()
    problem = "the column “Account” has the error #N/A."
    assert unreadable.reason == f"Lines 2 and 3 of bills.xlsx: {problem}"
    assert credit.number == "77"
