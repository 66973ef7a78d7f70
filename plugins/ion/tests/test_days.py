"""The days of orders and parts, in whichever form ION sends them."""

import datetime as dt

import pytest


def test_the_days_of_an_order_may_come_with_a_time(bench):
    order = bench.books.row("orders", 1008)
    order["orderedDate"] = "2026-03-03T06:30:00Z"
    for line in bench.books.of_order("lines", order):
        line |= {"estimatedArrivalDate": None, "needDate": "2026-03-30T02:00:00+00:00"}
    (document,) = bench.read(ids=["order:1008"])
    assert (document.date, document.due) == (dt.date(2026, 3, 2), dt.date(2026, 3, 29))


@pytest.mark.row("ION-7")
@pytest.mark.parametrize("suffix", ["", "T00:00:00", "T00:00:00Z", "T00:00:00.000+00:00"])
def test_a_day_at_midnight_in_utc_is_that_day_in_america_too(bench, suffix):
    order = bench.books.row("orders", 1008)
    order["orderedDate"] = f"2026-03-03{suffix}"
    for line in bench.books.of_order("lines", order):
        line |= {"estimatedArrivalDate": f"2026-03-30{suffix}", "needDate": None}
    (document,) = bench.read(ids=["order:1008"])
    assert (document.date, document.due) == (dt.date(2026, 3, 3), dt.date(2026, 3, 30))


@pytest.mark.row("ION-15")
def test_a_part_that_was_made_at_midnight_in_utc_was_made_the_day_before_in_america(bench):
    row = next(row for row in bench.books.rows("parts") if row["partNumber"] == "GLOVES-M")
    row["created"] = "2026-03-03T00:00:00Z"
    (part,) = bench.read(ids=[f"part:{row['id']}"])
    assert part.details.start == dt.date(2026, 3, 2)
