"""Fields that ION's schema may lack: orders are posted without optional ones, with a warning."""

import pytest
from hub_ion import hub_check, hub_report
from hub_ion.client import Ion

from hub import Document, NeedsAttention, Receipt, Unreadable
from hub.testing.bench import URL
from hub.testing.clock import START
from hub.testing.outcomes.items import last_cursors

NEEDED = (
    "PurchaseOrder.id",
    "PurchaseOrder.status",
    "PurchaseOrder.currency",
    "PurchaseOrder.supplier",
    "PurchaseOrder.fees",
    "PurchaseOrder.purchaseOrderLines",
    "PurchaseOrderLine.id",
    "PurchaseOrderLine.status",
    "PurchaseOrderLine.quantity",
    "PurchaseOrderLine.cost",
    "PurchaseOrderLine.part",
    "PurchaseOrderLine.attributes",
    "PurchaseOrderFee.value",
    "Part.partNumber",
    "Part.revision",
    "Supplier.name",
    "Currency.code",
    "Attribute.key",
)
OPTIONAL = {
    "PurchaseOrder.updated": "every order is read each time",
    "PurchaseOrder.orderedDate": "the day of the order",
    "PurchaseOrder.estimatedTotalCost": "ION's estimate",
    "PurchaseOrder.terms": "terms",
    "PurchaseOrder.notes": "notes",
    "PurchaseOrder.externalReference": "the external reference",
    "PurchaseOrder.shipToLocation": "a shipping address",
    "PurchaseOrder.attributes": "the version",
    "PurchaseOrderLine.lineNumber": "numbers of lines",
    "PurchaseOrderLine.description": "descriptions of lines",
    "PurchaseOrderLine.totalCost": "quantity times cost is posted",
    "PurchaseOrderLine.receivedQuantity": "received quantities",
    "PurchaseOrderLine.needDate": "need-by days",
    "PurchaseOrderLine.estimatedArrivalDate": "expected days",
    "PurchaseOrderLine.updated": "news of lines alone",
    "PurchaseOrderLine.supplierPart": "units of suppliers",
    "PurchaseOrderFee.name": "names of fees",
    "Part.description": "descriptions of parts",
    "Part.purchaseType": "purchase types of parts",
    "Part.cost": "costs of parts",
    "Part.created": "the day on which a part was made",
    "Part.updated": "every part is read each time",
    "SupplierPart.stockUnitsPerUnit": "units of the stock",
    "SupplierPart.unitOfMeasure": "units of suppliers",
    "UnitOfMeasurement.type": "units of suppliers",
    "Location.name": "names of places",
    "Location.address": "a shipping address",
    "Address.postalCode": "whole addresses",
    "PurchaseOrdersInputFilters.updated": "every order is read each time",
    "PurchaseOrderLinesInputFilters.updated": "news of lines alone",
    "PartsInputFilters.updated": "every part is read each time",
}


def lack(bench, *fields):
    """Remove fields from the stand-in's schema."""
    answer = bench.browser.post(f"{URL}/_sandbox/schema", json={"lacks": fields})
    assert answer.ok, answer.text


def check(bench):
    return hub_check(app="ion", site=bench.site)


def orders(bench, cursors=None):
    """Return the orders that are read, by their ids; none may be unreadable."""
    items = bench.read(cursors)
    assert [item for item in items if isinstance(item, Unreadable)] == []
    return {item.source_id: item for item in items if isinstance(item, Document)}


@pytest.mark.row("ION-39")
def test_everything_that_is_asked_is_in_the_schema(bench):
    assert check(bench).warnings == ()


@pytest.mark.row("ION-39")
@pytest.mark.parametrize("field", NEEDED)
def test_a_field_that_posting_needs_is_named_before_anything_is_kept(bench, field):
    lack(bench, field)
    with pytest.raises(NeedsAttention, match="without which orders cannot be posted") as refused:
        check(bench)
    assert f"does not have {field}," in refused.value.text


@pytest.mark.row("ION-39")
@pytest.mark.proof(small=6)
@pytest.mark.parametrize("field", OPTIONAL)
def test_without_another_field_orders_are_read_all_the_same_and_a_warning_names_it(bench, field):
    whole = orders(bench)
    lack(bench, field)
    (warning,) = check(bench).warnings
    assert warning.startswith(f"ION's API does not have {field}. Orders are posted all the same")
    assert OPTIONAL[field] in warning
    bench.start = bench.today.replace(year=2020)
    without_field = orders(bench)
    has_same_amounts = field != "PurchaseOrderLine.totalCost"
    assert outlines(without_field, has_same_amounts) == outlines(whole, has_same_amounts)


def outlines(documents, has_amounts):
    """Return what no missing field may change of documents, by their ids."""
    results = {}
    for id, document in documents.items():
        amounts = [line.amount for line in document.lines] if has_amounts else None
        results[id] = (document.kind, document.stage, set(document.codes), amounts)
    return results


@pytest.mark.row("ION-39")
def test_fields_that_the_schema_lacks_are_left_out_of_the_order(bench):
    lack(
        bench,
        "PurchaseOrder.terms",
        "PurchaseOrder.shipToLocation",
        "PurchaseOrderLine.needDate",
        "PurchaseOrderLine.totalCost",
    )
    document = bench.case("every field")
    assert (document.due, document.ship_to, "Terms" in document.facts) == (None, None, False)
    assert document.lines[0].description == "Port side"
    (line,) = bench.case("a total of its own").lines
    assert str(line.amount) == "1.00"  # 3 x 0.3333; ION's own total is 0.99


@pytest.mark.row("ION-39")
@pytest.mark.parametrize(
    ("field", "settings"),
    [
        ("PurchaseOrder.externalReference", {"write_back": "reference"}),
        ("PurchaseOrder.externalReference", {"import_orders": True}),
        ("PurchaseOrder.attributes", {"write_back": "attribute"}),
        ("SupplierPart.stockUnitsPerUnit", {"units": "stock"}),
        ("Part.purchaseType", {"part_type": "purchase_type"}),
    ],
)
def test_a_field_that_the_settings_need_is_named(open_bench, field, settings):
    bench = open_bench(**settings)
    lack(bench, field)
    with pytest.raises(NeedsAttention, match=field.replace(".", r"\.")):
        check(bench)


@pytest.mark.row("ION-39")
def test_a_field_that_is_taken_away_between_two_runs_stops_neither(bench):
    whole = orders(bench)
    lack(bench, "PurchaseOrder.terms", "Part.cost")
    assert orders(bench).keys() == whole.keys()
    assert bench.count_calls("Schema") == 1  # the result is stored
    assert orders(bench).keys() == whole.keys()
    assert bench.count_calls("Schema") == 1
    lack(bench)
    assert check(bench).warnings == ()
    assert orders(bench)["order:1002"].facts["Terms"] == "Net 30"


@pytest.mark.row("ION-39")
def test_a_missing_required_field_stops_the_run_with_the_next_step(bench):
    Ion(bench.site).organization()
    lack(bench, "PurchaseOrderLine.quantity")
    with pytest.raises(NeedsAttention, match="press Test connection"):
        bench.read()


@pytest.mark.row("ION-36", "ION-39")
def test_without_times_of_change_every_order_is_read_each_time(bench):
    lack(bench, "PurchaseOrder.updated", "Part.updated")
    check(bench)
    first = bench.read()
    cursors = {item.stream: item.cursor for item in first if hasattr(item, "cursor")}
    assert orders(bench, cursors).keys() == orders(bench).keys()


@pytest.mark.row("ION-31", "ION-36")
def test_a_changed_line_names_its_order_by_the_field_that_first_resonance_documents(bench):
    cursors = last_cursors(bench.read())
    lack(bench, "PurchaseOrderLine.purchaseOrderId")
    check(bench)
    line = bench.books.of_order("lines", bench.books.row("orders", 1008))[0]
    fields = {"id": line["id"], "etag": line["_etag"], "estimatedArrivalDate": "2026-04-15"}
    bench.stand_in.changes.updatePurchaseOrderLine(fields)
    assert set(orders(bench, cursors)) == {"order:1008"}


@pytest.mark.row("ION-38")
def test_the_number_is_written_back_without_fields_that_it_does_not_need(open_bench):
    bench = open_bench(write_back="attribute")
    lack(bench, "PurchaseOrder.externalReference")
    document = bench.case("a part")
    receipt = Receipt(state="posted", at=START, kind="purchase_order", id="7", number="1001")
    hub_report(app="ion", site=bench.site, document=document, receipt=receipt)
    assert bench.raw("a part")["attributes"]["QuickBooks PO"] == "1001"
