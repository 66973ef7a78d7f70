"""One bill for each vendor invoice that comes with received items of an order."""

from decimal import Decimal

import pytest
from hub_autotask import hub_documents
from hub_autotask.sandbox.api import Api
from hub_autotask.sandbox.refusals import bad_request

from hub import Checkpoint, Document, Gone, Refused, Unreadable

TWO = {
    "purchase_receipt:8014:ING-501": Decimal("490.50"),
    "purchase_receipt:8014:ING-502": Decimal("499.00"),
}


@pytest.fixture
def bench(open_bench):
    return open_bench("purchase-orders", post_as="bill_per_receipt")


@pytest.mark.row("AT-P10")
def test_each_invoice_of_the_vendor_is_a_bill_of_what_came_with_it(bench):
    bills = [item for item in bench.read() if not isinstance(item, Checkpoint)]
    assert {bill.source_id: bill.total for bill in bills} == TWO


@pytest.mark.row("AT-P10")
def test_the_bill_of_a_receipt_has_its_number_and_quantities(bench):
    (first,) = bench.read(ids=["purchase_receipt:8014:ING-501"])
    assert (first.kind, first.number) == ("bill", "ING-501")
    assert [line.quantity for line in first.lines] == [1, 5]
    assert first.memo == "Purchase order: PO8014"


@pytest.mark.row("AT-P10")
def test_a_receipt_is_reported_once_and_found_by_its_id(bench):
    cursors = {"receipts": bench.read()[-1].cursor}
    assert [item for item in bench.read(cursors) if not isinstance(item, Checkpoint)] == []
    items = bench.read(ids=[*TWO, "purchase_receipt:8014:other"])
    assert [getattr(item, "total", None) for item in items[:2]] == list(TWO.values())
    assert isinstance(items[2], Gone)


@pytest.mark.row("AT-P10")
@pytest.mark.parametrize("number", ["2026:100", ":"])
def test_a_bill_is_found_by_its_id_if_the_number_of_the_vendor_has_a_colon(open_bench, number):
    bench = open_bench("purchase-orders", post_as="bill_per_receipt")
    fields = {
        "purchaseOrderItemID": 80015,
        "quantityNowReceiving": 1,
        "receiveDate": "2026-03-20T00:00:00Z",
        "vendorInvoiceNumber": number,
    }
    bench.books.do("put", entity="PurchaseOrderItemReceiving", id=85099, fields=fields)
    (item,) = bench.read(ids=[f"purchase_receipt:8014:{number}"])
    assert (item.number, len(item.lines)) == (number, 1)


@pytest.mark.row("AT-P10")
def test_a_later_delivery_is_a_bill_of_its_own(bench):
    cursors = {"receipts": bench.read()[-1].cursor}
    fields = {
        "purchaseOrderItemID": 80015,
        "quantityNowReceiving": 1,
        "receiveDate": "2026-03-20T00:00:00Z",
    }
    bench.books.do("put", entity="PurchaseOrderItemReceiving", id=85099, fields=fields)
    ids = [item.source_id for item in bench.read(cursors) if not isinstance(item, Checkpoint)]
    assert "purchase_receipt:8014:receipt 85099" in ids


RECEIPT = {
    "purchaseOrderItemID": 80015,
    "quantityNowReceiving": 1,
    "receiveDate": "2026-03-20T00:00:00Z",
}


def put_receipt(bench, id, **fields):
    bench.books.do("put", entity="PurchaseOrderItemReceiving", id=id, fields={**RECEIPT, **fields})


def read_later(bench, items):
    """Return the items of the next poll, with the checkpoints."""
    return bench.read({item.stream: item.cursor for item in items if isinstance(item, Checkpoint)})


@pytest.mark.row("AT-P10")
def test_a_first_poll_that_was_broken_off_leaves_out_the_same_receipts(bench):
    put_receipt(bench, 85098, receiveDate="2025-12-01T00:00:00Z")
    items = hub_documents(app=bench.app.slug, site=bench.site, cursors={}, ids=())
    page_end = next(item for item in items if isinstance(item, Checkpoint))
    items.close()
    rest = read_later(bench, [page_end])
    assert _source_ids(rest) == set()
    put_receipt(bench, 85099, receiveDate="2025-12-01T00:00:00Z")
    assert _source_ids(read_later(bench, rest)) == {"purchase_receipt:8014:receipt 85099"}


@pytest.mark.row("AT-P10")
@pytest.mark.parametrize("number", [None, "ING-77"])
def test_a_receipt_that_gets_another_number_later_is_on_no_second_bill(bench, number):
    first_id = f"purchase_receipt:8014:{number or 'receipt 85098'}"
    put_receipt(bench, 85098, vendorInvoiceNumber=number)
    items = bench.read()
    assert first_id in _source_ids(items)
    put_receipt(bench, 85098, vendorInvoiceNumber="ING-777")
    put_receipt(bench, 85099, vendorInvoiceNumber="ING-777")
    bills = [item for item in read_later(bench, items) if isinstance(item, Document)]
    assert {bill.source_id: [line.id for line in bill.lines] for bill in bills} == {
        first_id: ["85098"],
        "purchase_receipt:8014:ING-777": ["85099"],
    }
    (bill,) = bench.read(ids=[first_id])
    assert (bill.number, [line.id for line in bill.lines]) == ("ING-777", ["85098"])


@pytest.mark.row("AT-P10")
@pytest.mark.parametrize("number", [None, "ING-77"])
def test_a_bill_that_waits_gets_the_number_that_is_entered_later(bench, number):
    put_receipt(bench, 85098, vendorInvoiceNumber=number)
    items = bench.read()
    put_receipt(bench, 85098, vendorInvoiceNumber="ING-777")
    later = read_later(bench, items)
    (bill,) = [item for item in later if isinstance(item, Document)]
    first_id = f"purchase_receipt:8014:{number or 'receipt 85098'}"
    assert (bill.source_id, bill.number) == (first_id, "ING-777")
    assert _source_ids(read_later(bench, later)) == set()


@pytest.mark.row("AT-P10")
def test_a_receipt_that_got_its_number_before_it_was_noted_asks_for_a_person(bench):
    put_receipt(bench, 85098, vendorInvoiceNumber="ING-777")
    (item,) = bench.read(ids=["purchase_receipt:8014:receipt 85098"])
    assert item.reason == (
        "Its receipt 85098 has the vendor invoice number ING-777 in Autotask now. Enter its bill in"
        " QuickBooks by hand, unless it is there, and press Skip."
    )


@pytest.mark.row("AT-P10", "AT-C12")
def test_a_receipt_that_is_dated_before_the_window_is_a_bill_once(bench):
    put_receipt(bench, 85097, receiveDate="2026-01-15T00:00:00Z")
    items = bench.read()
    assert "purchase_receipt:8014:receipt 85097" not in _source_ids(items)
    put_receipt(bench, 85098, receiveDate="2026-01-15T00:00:00Z", vendorInvoiceNumber="ING-9")
    later = read_later(bench, items)
    assert _source_ids(later) == {"purchase_receipt:8014:ING-9"}
    assert _source_ids(read_later(bench, later)) == set()


@pytest.mark.row("AT-P10", "AT-C12")
def test_the_first_receipt_of_all_may_be_dated_before_the_window(bench):
    bench.books.rows("PurchaseOrderItemReceiving").clear()
    items = bench.read()
    assert _source_ids(items) == set()
    put_receipt(bench, 85098, receiveDate="2026-01-15T00:00:00Z")
    assert _source_ids(read_later(bench, items)) == {"purchase_receipt:8014:receipt 85098"}


def _source_ids(items):
    return {item.source_id for item in items if not isinstance(item, Checkpoint)}


@pytest.mark.row("AT-P10")
def test_a_receipt_with_the_id_of_an_order_is_read_once_receipts_are_bills(open_bench):
    bench = open_bench("purchase-orders")
    items = bench.read()
    order = next(item for item in items if isinstance(item, Document) and item.stage == "ready")
    fields = {
        "purchaseOrderItemID": int(order.lines[0].id),
        "quantityNowReceiving": 1,
        "receiveDate": "2026-03-20T00:00:00Z",
        "vendorInvoiceNumber": "ING-503",
    }
    id = int(order.source_id.removeprefix("purchase_order:"))
    bench.books.do("put", entity="PurchaseOrderItemReceiving", id=id, fields=fields)
    bench.set(post_as="bill_per_receipt")
    bills = bench.read({item.stream: item.cursor for item in items if isinstance(item, Checkpoint)})
    ids = {bill.source_id for bill in bills if not isinstance(bill, Checkpoint)}
    assert ids == {*TWO, f"purchase_receipt:{id}:ING-503"}


@pytest.mark.row("AT-P10")
def test_freight_is_on_the_first_bill_alone(open_bench, change_row):
    bench = open_bench("purchase-orders", post_as="bill_per_receipt", freight_account="61")
    change_row(
        bench, "partly received, two invoices", freight="12.50", internalCurrencyFreight="12.50"
    )
    later = {
        "purchaseOrderItemID": 80015,
        "quantityNowReceiving": 1,
        "receiveDate": "2026-03-20T00:00:00Z",
    }
    bench.books.do("put", entity="PurchaseOrderItemReceiving", id=85099, fields=later)
    ids = [*TWO, "purchase_receipt:8014:receipt 85099"]
    amounts = [[line.amount for line in item.lines] for item in bench.read(ids=ids)]
    assert [Decimal("12.50") in bill_amounts for bill_amounts in amounts] == [True, False, False]


@pytest.mark.row("AT-P10")
def test_the_number_is_written_to_the_order(bench, source_row):
    (document,) = bench.read(ids=["purchase_receipt:8014:ING-501"])
    bench.report(document, "posted", number="ING-501", id="9")
    assert source_row(bench, "partly received, two invoices")["externalPONumber"] == "ING-501"


@pytest.mark.row("AT-P10")
@pytest.mark.parametrize("field", ["receiveDate", "quantityNowReceiving"])
def test_a_receipt_that_cannot_be_read_stops_no_other(bench, field):
    fields = {
        "purchaseOrderItemID": 80015,
        "quantityNowReceiving": 1,
        "receiveDate": "2026-03-20T00:00:00Z",
        field: "soon",
    }
    bench.books.do("put", entity="PurchaseOrderItemReceiving", id=85099, fields=fields)
    items = bench.read(ids=[*TWO, "purchase_receipt:8014:receipt 85099"])
    assert [type(item) for item in items] == [Document, Document, Unreadable]


@pytest.mark.row("AT-P2", "AT-P10")
def test_an_order_that_was_posted_as_a_bill_is_not_billed_again_by_its_receipts(open_bench):
    bench = open_bench("purchase-orders", post_as="bill")
    order = bench.case("two products for a customer")
    bench.report(order, "posted", number="88", id="9")
    bench.set(post_as="bill_per_receipt")
    put_receipt(bench, 85099, purchaseOrderItemID=int(order.lines[0].id))
    id = order.source_id.removeprefix("purchase_order:")
    bills = {bill.source_id: bill for bill in bench.read() if isinstance(bill, Document)}
    assert bills["purchase_receipt:8014:ING-501"].hold is None
    held = bills[f"purchase_receipt:{id}:receipt 85099"]
    assert "was posted as one bill" in held.hold
    bench.report(held, "held")
    assert bench.books.rows("PurchaseOrders")[int(id)]["externalPONumber"] == "88"


@pytest.mark.row("AT-P2", "AT-P10")
def test_an_order_whose_number_autotask_refuses_is_not_billed_again_by_its_receipts(
    open_bench, monkeypatch
):
    def refuse(self, environ, name, id=None):
        raise bad_request("The purchase order is locked.")

    bench = open_bench("purchase-orders", post_as="bill")
    order = bench.case("two products for a customer")
    monkeypatch.setattr(Api, "_change", refuse)
    with pytest.raises(Refused, match="The purchase order is locked"):
        bench.report(order, "posted", number="88", id="9")
    bench.set(post_as="bill_per_receipt")
    put_receipt(bench, 85099, purchaseOrderItemID=int(order.lines[0].id))
    id = order.source_id.removeprefix("purchase_order:")
    bills = {bill.source_id: bill for bill in bench.read() if isinstance(bill, Document)}
    assert "was posted as one bill" in bills[f"purchase_receipt:{id}:receipt 85099"].hold


@pytest.mark.row("AT-P10")
@pytest.mark.parametrize(
    ("entity", "id", "change"),
    [
        ("PurchaseOrderItems", 80015, {"unitCost": 600}),
        ("PurchaseOrders", 8014, {"generalMemo": "Corrected"}),
        ("PurchaseOrderItemReceiving", None, {"quantityNowReceiving": 2}),
    ],
)
def test_a_bill_that_is_changed_while_it_waits_comes_again_once(bench, entity, id, change):
    put_receipt(bench, 85098, vendorInvoiceNumber="ING-777")
    items = bench.read()
    assert _source_ids(read_later(bench, items)) == set()
    bench.books.do("put", entity=entity, id=id or 85098, fields=change)
    changed = read_later(bench, items)
    (bill,) = [item for item in changed if "ING-777" in getattr(item, "source_id", "")]
    (before,) = [item for item in items if "ING-777" in getattr(item, "source_id", "")]
    assert (bill.lines, bill.memo) != (before.lines, before.memo)
    assert _source_ids(read_later(bench, changed)) == set()
