"""Excel files with several sheets."""

import io

import pytest
from openpyxl import Workbook

from hub import Company, Refused
from hub.testing.bench import Bench

COLUMNS = ["Supplier", "Number", "Amount"]


@pytest.fixture
def bench():
    return Bench("files", {}, company=Company(country="NO", currency="NOK"))


def workbook(**sheets):
    """Return the bytes of an Excel file with the rows of each sheet."""
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_a_file_with_the_same_columns_on_two_sheets_is_refused(bench):
    january = [COLUMNS, ["Bygg AS", "1", 10]]
    february = [[], ["supplier", "Number ", "Amount"], ["Bygg AS", "2", 20]]
    with pytest.raises(Refused, match="the same columns on the sheets “Jan” and “Feb”, and only"):
        bench.receive("bills.xlsx", workbook(Empty=[], Jan=january, Notes=[["x"]], Feb=february))


@pytest.mark.parametrize(
    "other",
    [[["Code", "Name"], ["1", "Timber"]], [COLUMNS], [list(range(200))] * 2],
    ids=["another table", "columns without rows", "very wide"],
)
def test_other_sheets_are_left_alone(bench, other):
    content = workbook(Bills=[COLUMNS, ["Bygg AS", "1", 10]], Other=other)
    table = bench.receive("bills.xlsx", content).table
    assert (table.columns, table.rows) == (tuple(COLUMNS), (("Bygg AS", "1", "10"),))
