"""One bill for each vendor invoice that comes with received items of an order."""

from decimal import Decimal

import pytest

from hub import Checkpoint, Document, Gone, Unreadable

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


@pytest.mark.row("AT-P10")
def test_a_receipt_that_gets_its_number_later_is_no_second_bill(bench):
    receipt = {
        "purchaseOrderItemID": 80015,
        "quantityNowReceiving": 1,
        "receiveDate": "2026-03-20T00:00:00Z",
    }
    bench.books.do("put", entity="PurchaseOrderItemReceiving", id=85098, fields=receipt)
    items = bench.read()
    assert "purchase_receipt:8014:receipt 85098" in _source_ids(items)
    number = {"vendorInvoiceNumber": "ING-777"}
    bench.books.do("put", entity="PurchaseOrderItemReceiving", id=85098, fields=number)
    bench.books.do("put", entity="PurchaseOrderItemReceiving", id=85099, fields=receipt)
    later = bench.read({"receipts": items[-1].cursor})
    assert _source_ids(later) == {"purchase_receipt:8014:receipt 85099"}
    (item,) = bench.read(ids=["purchase_receipt:8014:receipt 85098"])
    assert item.reason == (
        "Its receipt 85098 has the vendor invoice number ING-777 in Autotask now. Enter its bill in"
        " QuickBooks by hand, unless it is there, and press Skip."
    )


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
