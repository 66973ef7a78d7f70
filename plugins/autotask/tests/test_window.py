"""The first day from which documents are read."""

import datetime as dt

import pytest

from hub import Checkpoint


@pytest.mark.row("AT-C12")
def test_a_pause_that_is_longer_than_the_window_leaves_no_gap(open_bench):
    bench = open_bench("invoices", days_back=1)
    cursors = {item.stream: item.cursor for item in bench.read() if isinstance(item, Checkpoint)}
    row = bench.books.rows("Invoices")[bench.raw("labour and a licence")["id"]]
    fields = {**row, "id": 49999, "createDateTime": f"{bench.today}T23:00:00Z"}
    bench.books.do("put", entity="Invoices", id=49999, fields=fields)
    first_day = bench.today
    bench.today += dt.timedelta(days=30)
    assert "invoice:49999" in _source_ids(bench.read(cursors))
    assert "invoice:49999" not in _source_ids(bench.read()), "the first poll has no other window"
    bench.start = first_day
    assert "invoice:49999" in _source_ids(bench.read()), "unless documents count from earlier"


@pytest.mark.row("AT-C12")
def test_orders_of_a_time_in_which_receipts_were_billed_are_read_once_orders_are_posted_again(
    open_bench,
):
    bench = open_bench("purchase-orders")
    cursors = _cursors(bench.read())
    row = bench.books.rows("PurchaseOrders")[bench.raw("two products for a customer")["id"]]
    moment = f"{bench.today + dt.timedelta(days=1)}T15:00:00Z"
    fields = {**row, "id": 89999, "createDateTime": moment, "submitDateTime": moment}
    bench.books.do("put", entity="PurchaseOrders", id=89999, fields=fields)
    bench.set(post_as="bill_per_receipt")
    bench.today += dt.timedelta(days=30)
    cursors |= _cursors(bench.read(cursors))
    bench.set(post_as="purchase_order")
    assert "purchase_order:89999" in _source_ids(bench.read(cursors))


def _cursors(items):
    return {item.stream: item.cursor for item in items if isinstance(item, Checkpoint)}


def _source_ids(items):
    return {item.source_id for item in items if not isinstance(item, Checkpoint)}


@pytest.mark.row("AT-C12", "AT-E1")
@pytest.mark.parametrize(("day", "is_read"), [("2026-03-06", True), ("2026-03-05", False)])
def test_a_plain_date_is_in_the_window_on_its_day_whatever_the_zone(
    expenses, poll_cases, change_row, day, is_read
):
    change_row(expenses, "card and cash", approvedDate=f"{day}T00:00:00Z")
    items, _ = poll_cases(expenses)
    assert ("card and cash" in items) is is_read
