"""Purchase orders: the document of each, which a poll reads, and what is written back."""

import datetime as dt
from decimal import Decimal

import pytest
from hub_autotask import hub_documents

from hub import Address, Checkpoint, Document


@pytest.mark.row("AT-P1")
def test_only_submitted_orders_without_a_number_in_the_window_come(orders, poll_cases):
    items, _ = poll_cases(orders)
    ready = {name for name, item in items.items() if item.stage == "ready"}
    assert {"two products for a customer", "fourteen days old"} <= ready
    assert not {"new", "received", "numbered already", "fifteen days old", "canceled"} & ready


@pytest.mark.row("AT-P1")
def test_an_order_that_was_drafted_earlier_comes_once_it_is_submitted(
    orders, poll_cases, change_row
):
    change_row(orders, "fifteen days old", submitDateTime="2026-03-20T09:00:00Z")
    items, _ = poll_cases(orders)
    assert items["fifteen days old"].stage == "ready"


@pytest.mark.row("AT-P1")
@pytest.mark.parametrize("status", [23, 24], ids=["in part", "in full"])
def test_an_order_that_is_received_while_it_waits_is_still_posted(
    orders, poll_cases, change_row, status
):
    _, cursor = poll_cases(orders)
    change_row(orders, "two products for a customer", status=status)
    items, cursor = poll_cases(orders, cursor)
    assert items["two products for a customer"].stage == "ready"
    assert orders.case("two products for a customer").stage == "ready"
    change_row(orders, "two products for a customer", externalPONumber="ERROR")
    items, cursor = poll_cases(orders, cursor)
    assert items == {}
    change_row(orders, "two products for a customer", externalPONumber=None)
    items, _ = poll_cases(orders, cursor)
    assert items["two products for a customer"].stage == "ready"


@pytest.mark.row("AT-P1")
@pytest.mark.parametrize("status", [23, 24], ids=["in part", "in full"])
def test_an_order_that_was_received_before_it_was_read_is_left_out_with_the_reason(
    orders, poll_cases, change_row, status
):
    case = "two products for a customer"
    change_row(orders, case, status=status)
    items, cursor = poll_cases(orders)
    assert items[case].stage == "closed"
    assert "was received in Autotask before the hub read it" in items[case].hold
    assert poll_cases(orders, cursor)[0] == {}
    assert orders.case(case).stage == "closed"


@pytest.mark.row("AT-P1")
def test_an_order_that_is_left_out_stays_so_when_it_leaves_the_window(
    orders, poll_cases, change_row
):
    case = "two products for a customer"
    change_row(orders, case, status=24)
    _, cursor = poll_cases(orders)
    orders.today += dt.timedelta(days=30)
    items, _ = poll_cases(orders, cursor)
    assert items[case].stage == "closed"


@pytest.mark.row("AT-P1")
def test_an_order_that_waits_is_not_left_out_if_all_are_read_again(orders, poll_cases, change_row):
    poll_cases(orders)
    change_row(orders, "two products for a customer", status=24)
    items, _ = poll_cases(orders)
    assert items["two products for a customer"].stage == "ready"
    assert items["partly received, two invoices"].stage == "closed"


@pytest.mark.row("AT-P1")
def test_a_first_poll_that_was_broken_off_leaves_out_the_same_orders(orders, change_row):
    change_row(orders, "two products for a customer", status=24)
    change_row(orders, "with freight", status=24)
    items = hub_documents(app=orders.app.slug, site=orders.site, cursors={}, ids=())
    next(items)
    items.close()
    left_out = {item.source_id for item in orders.read() if _is_left_out(item)}
    names = ("two products for a customer", "with freight", "partly received, two invoices")
    assert left_out == {orders.case(name).source_id for name in names}


@pytest.mark.row("AT-P1")
def test_an_order_that_waits_is_not_left_out_if_the_reading_of_all_is_broken_off(open_bench):
    bench = open_bench("purchase-orders", documents=520, days_back=60)
    *_, last_order = (item for item in bench.read() if isinstance(item, Document))
    _, _, id = last_order.source_id.partition(":")
    bench.books.do("put", entity="PurchaseOrders", id=int(id), fields={"status": 23})
    items = hub_documents(app=bench.app.slug, site=bench.site, cursors={}, ids=())
    first_page_end = next(item for item in items if isinstance(item, Checkpoint))
    items.close()
    rest = [item for item in bench.read({"": first_page_end.cursor}) if isinstance(item, Document)]
    assert {item.source_id: item.stage for item in rest}[last_order.source_id] == "ready"


@pytest.mark.row("AT-P1")
@pytest.mark.parametrize("status", [23, 24], ids=["in part", "in full"])
def test_an_order_that_was_received_before_an_earlier_start_date_includes_it_is_left_out(
    orders, poll_cases, change_row, status
):
    case = "fifteen days old"
    change_row(orders, case, status=status)
    assert case not in poll_cases(orders)[0]
    change_row(orders, "two products for a customer", status=status)
    orders.start = dt.date(2026, 1, 1)
    items, cursor = poll_cases(orders)
    assert _is_left_out(items[case])
    assert items["two products for a customer"].stage == "ready"
    assert poll_cases(orders, cursor)[0] == {}
    items, _ = poll_cases(orders)
    assert _is_left_out(items[case])


def _is_left_out(item):
    return getattr(item, "stage", "") == "closed" and "was received" in item.hold


@pytest.mark.row("AT-P1")
def test_an_order_that_is_canceled_later_is_reported(orders, poll_cases, change_row):
    _, cursor = poll_cases(orders)
    change_row(orders, "numbered already", status=25, cancelDateTime="2026-03-20T09:00:00Z")
    items, _ = poll_cases(orders, cursor)
    assert items["numbered already"].stage == "closed"


@pytest.mark.row("AT-P2")
@pytest.mark.parametrize(("post_as", "number"), [("purchase_order", None), ("bill", "PO8001")])
def test_an_order_becomes_a_purchase_order_or_a_bill(open_bench, post_as, number):
    document = open_bench("purchase-orders", post_as=post_as).case("two products for a customer")
    assert (document.kind, document.number) == (post_as, number)


@pytest.mark.row("AT-P3")
def test_vendor_and_customer_go_by_name_and_the_customer_onto_each_line(orders):
    document = orders.case("two products for a customer")
    assert document.codes["vendor"].create.name == "Ingram Distribution"
    assert {line.codes["customer"].name for line in document.lines} == {"Bayview Apartments"}


@pytest.mark.row("AT-P4")
def test_a_vendor_and_a_customer_of_one_name_are_refused_beforehand(orders):
    orders.books.do(
        "put", entity="Companies", id=177, fields={"companyName": "ingram distribution"}
    )
    assert (
        "QuickBooks does not allow two records with one name"
        in orders.case("two products for a customer").hold
    )


@pytest.mark.row("AT-P5")
def test_products_have_quantity_and_cost_and_what_is_no_product_an_account(open_bench):
    bench = open_bench("purchase-orders", charge_account="61")
    first, second = bench.case("two products for a customer").lines
    assert (first.quantity, first.unit_price, first.amount) == (
        2,
        Decimal("249.5"),
        Decimal("499.00"),
    )
    assert (second.description, second.codes["product"].create.sku) == (
        "Grey, with screws",
        "PP-24",
    )
    assert bench.case("an item without product").lines[0].codes["account"] == "61"
    bench.set(charge_account="")
    assert "need an account" in bench.case("an item without product").lines[0].codes["product"].hold


@pytest.mark.row("AT-P6")
def test_no_tax_is_passed(orders):
    document = orders.case("tax region set")
    assert (document.tax_mode, document.tax_total, document.total) == (
        "none",
        None,
        Decimal("499.00"),
    )


@pytest.mark.row("AT-P7")
@pytest.mark.parametrize(
    ("state", "id", "written"), [("posted", "145", "1012"), ("failed", None, "ERROR")]
)
def test_the_number_or_the_failure_is_written_back_and_nothing_else(
    orders, state, id, written, source_row
):
    document, before = orders.case("with freight"), source_row(orders, "with freight")
    orders.report(document, state, number="1012", id=id)
    assert source_row(orders, "with freight") == {**before, "externalPONumber": written}


@pytest.mark.row("AT-P7")
def test_a_change_that_fails_writes_the_number_that_could_not_be_written_before(orders, source_row):
    document = orders.case("with freight")
    for number in ("1012", "1013"):  # the second one is not written over the first
        orders.report(document, "held", number=number, id="145")
    assert source_row(orders, "with freight")["externalPONumber"] == "1012"


@pytest.mark.row("AT-P8")
def test_freight_address_term_and_memo_go_along(open_bench):
    document = open_bench("purchase-orders", freight_account="61").case("with freight")
    assert (document.lines[-1].amount, document.lines[-1].codes["account"]) == (
        Decimal("12.50"),
        "61",
    )
    assert (document.total, document.codes["term"].name) == (Decimal("253.50"), "Net 30")
    assert document.memo == "Purchase order: PO8002\nDeliver before noon"
    address = {
        "lines": ("8 Harbour Road",),
        "city": "Riverton",
        "region": "CA",
        "postal_code": "95363",
    }
    assert document.ship_to == Address(name="Brightwater Managed IT", **address)


@pytest.mark.row("AT-P9")
def test_a_vendor_in_another_currency_is_refused(orders):
    assert "orders are passed in USD only" in orders.case("vendor in another currency").hold


def test_codes_of_each_field_are_listed(orders):
    assert {code.name for code in orders.codes("vendor")} >= {
        "Ingram Distribution",
        "Kobold Hardware AG",
    }
    assert {code.number for code in orders.codes("product")} == {"FX-20", "PP-24", "RD-42"}
    assert "Net 30" in {code.name for code in orders.codes("term")}
