"""Open documents that are changed in Autotask while they wait in the hub."""

import datetime as dt
import json

import pytest

from hub import Gone, parse_ids


@pytest.mark.row("AT-I1")
def test_an_open_invoice_that_is_changed_comes_again(invoices, poll_cases, change_row):
    _, cursor = poll_cases(invoices)
    change_row(invoices, "labour and a licence", comments="Corrected")
    items, cursor = poll_cases(invoices, cursor)
    assert {name: item.memo for name, item in items.items()} == {
        "labour and a licence": "Comments: Corrected"
    }
    assert poll_cases(invoices, cursor)[0] == {}


def test_the_cursor_of_an_earlier_version_brings_open_invoices_once(invoices, poll_cases):
    _, cursor = poll_cases(invoices)
    states = json.loads(cursor)
    del states["contents"]
    items, cursor = poll_cases(invoices, json.dumps(states))
    assert "labour and a licence" in items
    assert poll_cases(invoices, cursor)[0] == {}


def test_a_worker_of_an_earlier_version_can_read_the_cursor(invoices, poll_cases):
    """It takes each text for ids of a state, and leaves out those that are no numbers."""
    _, cursor = poll_cases(invoices)
    ids_by_state = {state: parse_ids(text) for state, text in json.loads(cursor).items()}
    assert ids_by_state["contents"]
    assert not any(id.isdecimal() for id in ids_by_state["contents"])


@pytest.mark.row("AT-P1")
@pytest.mark.parametrize("status", [None, 23], ids=["submitted", "received in part"])
def test_an_order_that_is_changed_while_it_waits_comes_again_once(
    orders, poll_cases, change_row, status
):
    case = "two products for a customer"
    items, cursor = poll_cases(orders)
    before = items[case].lines[0].quantity
    if status:
        change_row(orders, case, status=status)
        _, cursor = poll_cases(orders, cursor)
    id = int(items[case].lines[0].id)
    orders.books.do("put", entity="PurchaseOrderItems", id=id, fields={"quantity": before + 3})
    items, cursor = poll_cases(orders, cursor)
    assert {name: item.lines[0].quantity for name, item in items.items()} == {case: before + 3}
    assert poll_cases(orders, cursor)[0] == {}


@pytest.mark.row("AT-E1")
def test_a_report_that_is_changed_while_it_waits_comes_again_once(expenses, poll_cases):
    case = "card and cash"
    items, cursor = poll_cases(expenses)
    id = int(items[case].lines[0].id)
    expenses.books.do("put", entity="ExpenseItems", id=id, fields={"description": "Corrected"})
    items, cursor = poll_cases(expenses, cursor)
    assert set(items) == {case}
    assert "Corrected" in items[case].lines[0].description
    assert poll_cases(expenses, cursor)[0] == {}


def test_a_poll_without_news_formats_its_cursor_once(invoices, poll_cases):
    """The cursor has a checksum of each open document, so it takes long to write."""
    _, cursor = poll_cases(invoices)
    checkpoints = [item for item in invoices.read({"": cursor}) if item.stream == ""]
    assert [item.cursor for item in checkpoints] == [cursor]


def test_open_invoices_are_compared_without_their_lines(invoices, poll_cases):
    _, cursor = poll_cases(invoices)
    before = invoices.count_calls("BillingItems")
    poll_cases(invoices, cursor)
    assert invoices.count_calls("BillingItems") == before


@pytest.mark.row("AT-I1", "AT-C12")
def test_an_open_invoice_that_has_left_the_window_is_read_again_once_it_is_numbered(
    invoices, poll_cases, change_row
):
    _, cursor = poll_cases(invoices)
    invoices.today += dt.timedelta(days=30)
    items, cursor = poll_cases(invoices, cursor)
    assert "labour and a licence" not in items
    change_row(invoices, "labour and a licence", invoiceNumber="77")
    items, cursor = poll_cases(invoices, cursor)
    assert items["labour and a licence"].stage == "update_only"
    assert "labour and a licence" not in poll_cases(invoices, cursor)[0]


@pytest.mark.row("AT-I1")
@pytest.mark.parametrize("days", [0, 30], ids=["in the window", "after it"])
def test_an_open_invoice_that_autotask_shows_no_more_is_reported_once_and_noticed_if_it_returns(
    invoices, poll_cases, source_row, days
):
    words = "labour and a licence"
    _, cursor = poll_cases(invoices)
    row = source_row(invoices, words)
    invoices.today += dt.timedelta(days=days)
    _, cursor = poll_cases(invoices, cursor)
    del invoices.books.rows("Invoices")[row["id"]]
    items, cursor = poll_cases(invoices, cursor)
    assert [(type(item), item.inferred) for item in items.values()] == [(Gone, True)]
    assert items[words].reason == "Autotask does not show it to the API user any more."
    items, cursor = poll_cases(invoices, cursor)
    assert items == {}
    invoices.books.rows("Invoices")[row["id"]] = {**row, "invoiceNumber": "77"}
    items, cursor = poll_cases(invoices, cursor)
    assert items[words].stage == "update_only"
    assert poll_cases(invoices, cursor)[0] == {}


def test_an_invoice_that_has_its_number_is_not_missed(invoices, poll_cases, change_row, source_row):
    words = "labour and a licence"
    _, cursor = poll_cases(invoices)
    change_row(invoices, words, invoiceNumber="77")
    _, cursor = poll_cases(invoices, cursor)
    del invoices.books.rows("Invoices")[source_row(invoices, words)["id"]]
    assert poll_cases(invoices, cursor)[0] == {}
