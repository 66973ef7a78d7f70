"""The stand-in's pages: everything that a person does there, without JavaScript, at any address."""

from decimal import Decimal

import pytest
from hub_ion.sandbox.rules import get_line_status, get_order_status

from hub.testing.bench import URL


@pytest.fixture
def page(bench):
    return lambda path, data=None: bench.browser.request(
        "GET" if data is None else "POST", URL + path, data=data
    )


def status(bench, words):
    row = bench.raw(words)
    return get_order_status(row, bench.books.of_order("lines", row))


def test_an_order_goes_its_way_and_is_revised(bench, page):
    for phase in ("DRAFT", "IN_REVIEW", "APPROVED", "ORDERED"):
        assert page("/orders/1001/move", {"status": phase}).status_code == 200
    row = bench.raw("a part")
    assert (status(bench, "a part"), row["attributes"]["Version"]) == ("ORDERED", "2")


def test_an_order_is_received_line_by_line_or_whole(bench, page):
    (line,) = bench.books.of_order("lines", bench.raw("a part"))
    page("/orders/1001/receive", {"line": str(line["id"]), "quantity": "1"})
    assert status(bench, "a part") == "PARTIALLY_RECEIVED"
    page("/orders/1001/receive", {"quantity": "3"})
    assert status(bench, "a part") == "RECEIVED"


def test_lines_and_fees_are_added_changed_canceled_and_removed(bench, page):
    page("/orders/1021/add", {"part": "10", "quantity": "2", "cost": "3.50"})
    page("/orders/1021/fee", {"name": "Freight", "value": "9.99"})
    first, second = bench.books.of_order("lines", bench.raw("a draft"))
    page(f"/lines/{first['id']}/cancel", {})
    page(f"/lines/{second['id']}/change", {"quantity": "4", "estimatedArrivalDate": "2026-05-01"})
    page(f"/lines/{second['id']}/attribute", {"key": "Class", "value": "Service"})
    page_text = page("/orders/1021").text
    assert all(text in page_text for text in ("canceled", "14.00", "Class: Service", "Freight"))
    assert (
        get_line_status(bench.raw("a draft"), bench.books.row("lines", first["id"])) == "CANCELED"
    )
    page(f"/lines/{first['id']}/restore", {})
    page(f"/lines/{first['id']}/remove", {})
    assert len(bench.books.of_order("lines", bench.raw("a draft"))) == 1


def test_supplier_and_currency_of_a_draft_are_changed_and_what_may_not_be_is_reported(bench, page):
    page("/orders/1021/set", {"supplierId": "3", "currencyId": "2"})
    assert "Cascade Glass" in page("/?search=1021").text
    refused = page("/orders/1001/set", {"supplierId": "3"})
    assert (refused.status_code, "while the purchase order is a draft" in refused.text) == (
        422,
        True,
    )
    assert page("/orders/1001/add", {"quantity": "many", "cost": "1"}).status_code == 422


def test_orders_are_made_and_deleted(bench, page):
    assert "Purchase order 1030" in page("/orders", {"supplier": "4"}).text
    page("/orders/1030/delete", {})
    assert bench.books.row("orders", 1030) is None
    assert page("/orders/1030").status_code == page("/nowhere").status_code == 404


def test_parts_are_made_changed_and_revised(bench, page):
    page("/parts", {"partNumber": "OW-9000", "cost": "12.50", "purchaseType": "DIGITAL"})
    created = bench.books.rows("parts")[-1]
    page(f"/parts/{created['id']}/change", {"cost": "13"})
    page(f"/parts/{created['id']}/revise", {})
    revised = bench.books.rows("parts")[-1]
    assert (revised["partNumber"], revised["revision"], Decimal(revised["cost"])) == (
        "OW-9000",
        "B",
        13,
    )
    assert "OW-9000" in page("/parts").text


def test_webhooks_are_looked_at_and_made_to_misbehave(bench, page):
    assert "None yet" in page("/webhooks").text
    page("/webhooks", {"twice": "yes"})
    assert bench.stand_in.calls.habits == {"twice": True, "held": False}


def test_the_list_is_searched_and_paged_and_another_site_is_refused(open_bench):
    bench = open_bench(documents=112)
    assert "No order fits" in bench.browser.get(f"{URL}/?search=atlantis").text
    assert bench.browser.get(f"{URL}/?page=3").text.count("/orders/1") == 12
    answer = bench.browser.post(
        f"{URL}/orders/1001/delete", headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403
