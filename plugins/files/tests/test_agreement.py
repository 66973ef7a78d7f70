"""Rows of one document agree about its date, due date, currency, exchange rate, total and memo."""

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from mapped_tables import bench, read

from hub import Unreadable

__all__ = ["bench"]

FIRST = {
    "date": "2026-03-01 08:15",
    "due": "2026-03-31",
    "currency": "EUR",
    "exchange_rate": "11,50",
    "total": "1 500,00",
}
COLUMNS = {
    "party": "Supplier",
    "number": "Invoice no",
    "date": "Date",
    "due": "Due date",
    "currency": "Currency",
    "exchange_rate": "Rate",
    "total": "Total",
    "amount": "Amount",
}
UNMAPPED = dict.fromkeys(("tax", "tax_code", "description", "account"), "")


def read_two_rows(bench, **changes):
    """Return the document of two rows with one number, and one beside it.

    `changes` are the cells in which the second row differs.
    """
    lines = [";".join(COLUMNS.values())]
    for number, header in (("1001", FIRST), ("1001", FIRST | changes), ("1002", FIRST)):
        cells = {"party": "Bygg AS", "number": number, "amount": "750,00"} | header
        lines.append(";".join(cells[field] for field in COLUMNS))
    bench.zone = ZoneInfo("Europe/Oslo")
    return read(bench, "\n".join(lines), **UNMAPPED, **COLUMNS, dates="ymd")


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("date", "2026-03-01 09:40"),
        ("date", "2026-03-01T23:59:59"),
        ("date", "2026-02-28T23:30:00Z"),  # half past midnight in the zone of the app
        ("date", "26/3/1"),
        ("due", "2026-03-31 12:00:00"),
        ("currency", "eur"),
        ("exchange_rate", "11,5"),
        ("total", "1500,00"),
        ("total", "€ 1.500"),
    ],
)
def test_rows_that_write_one_value_in_two_ways_are_one_document(bench, field, text):
    bill, _ = read_two_rows(bench, **{field: text})
    assert [line.amount for line in bill.lines] == [Decimal("750.00")] * 2
    assert (bill.date, bill.due) == (dt.date(2026, 3, 1), dt.date(2026, 3, 31))
    assert (bill.currency, bill.exchange_rate) == ("EUR", Decimal("11.5"))
    assert bill.total == Decimal("1500.00")


@pytest.mark.parametrize(
    ("field", "text", "plural"),
    [
        ("date", "2026-03-02 00:10", "dates"),
        ("date", "2026-03-01T23:30:00Z", "dates"),
        ("date", "", "dates"),
        ("due", "2026-04-01", "due dates"),
        ("currency", "SEK", "currencies"),
        ("exchange_rate", "11,51", "exchange rates"),
        ("total", "1500,01", "totals"),
        ("total", "-1500,00", "totals"),
        ("total", "1500 CR", "totals"),
    ],
)
def test_rows_with_other_values_are_refused(bench, field, text, plural):
    problem, other = read_two_rows(bench, **{field: text})
    assert isinstance(problem, Unreadable)
    assert problem.reason.endswith(f"these lines of one document have different {plural}.")
    assert other.number == "1002"
