"""Open orders created in QuickBooks are imported into ION once and then kept up to date."""

from decimal import Decimal

import pytest

from hub import sources
from hub.db import engine
from hub.errors import Retry
from hub.models import Match
from hub.sources.record_push import push_lists
from qbo_sandbox.kit import Fault
from tests.support.ion_site import EVERYTHING, lines, open_works

pytestmark = pytest.mark.end_to_end


def order_in_books(works, number, vendor="Canyon Steel Works", **head):
    detail = {"AccountRef": {"value": "20"}, "ClassRef": {"value": works.service}}
    item = {"ItemRef": {"value": works.item("OW-1")["Id"]}, "Qty": 4, "UnitPrice": 2.5}
    return works.make(
        "PurchaseOrder",
        VendorRef={"value": works.vendor(vendor)},
        DocNumber=number,
        DueDate="2026-03-30",
        Line=[
            {
                "DetailType": "ItemBasedExpenseLineDetail",
                "Amount": 10,
                "ItemBasedExpenseLineDetail": item,
            },
            {
                "DetailType": "AccountBasedExpenseLineDetail",
                "Amount": 31.5,
                "Description": "Crate",
                "AccountBasedExpenseLineDetail": detail,
            },
        ],
        **head,
    )


@pytest.fixture(scope="module")
def works(long_lived):
    """Provide a company with orders of its own.

    One is to be imported, one is closed, and ION does not know the supplier of one.
    """
    works = open_works(long_lived, **EVERYTHING)
    works.part()
    own = works.order({"account": "6300"})
    works.sync()
    records = works.quickbooks.select("select * from Class where Name = 'Service'", works.realm)[
        "Class"
    ]
    works.service, works.own = records[0]["Id"], own
    works.theirs = order_in_books(works, "H-17", TxnDate="2026-03-01")
    order_in_books(works, "H-18", POStatus="Closed")
    works.make("Vendor", DisplayName="Unheard Of")
    order_in_books(works, "H-19", vendor="Unheard Of")
    works.off = push_lists(works.row), len(works.books.rows("orders"))
    works.set(import_orders=True)
    works.pushed = push_lists(works.row)
    works.import_pair = take_over(works)
    return works


@pytest.fixture(scope="module")
def import_pair(works):
    """Provide the imported order in ION, and the order in QuickBooks that it comes from."""
    return works.import_pair


def take_over(works):
    """Read the order that ION imported; later stories change it."""
    (row,) = [
        order
        for order in works.books.rows("orders")
        if "H-17" in (order.get("externalReference") or "")
    ]
    works.first_lines = [dict(line) for line in works.lines(row["id"])]
    works.sync()
    orders = works.quickbooks.select("select * from PurchaseOrder", works.realm)["PurchaseOrder"]
    works.first_numbers = [order["DocNumber"] for order in orders]
    return row, works.theirs_now(works.theirs["Id"])


@pytest.mark.row("ION-40")
def test_nothing_is_taken_over_unless_the_settings_say_so(works):
    assert works.off == ({}, 1)


@pytest.mark.row("ION-40")
def test_an_open_order_comes_into_ion_with_its_lines(works, import_pair):
    row, _ = import_pair
    part, crate = works.first_lines
    assert works.books.row("orders", row["id"])["phase"] == "ORDERED"
    assert (part["quantity"], part["cost"], part["needDate"]) == ("4", "2.5", "2026-03-30")
    assert works.books.row("parts", part["partId"])["partNumber"] == "OW-1"
    assert (crate["description"], Decimal(crate["cost"])) == ("Crate", Decimal("31.5"))
    assert crate["attributes"]["Class"] == "Service"


@pytest.mark.row("ION-40")
def test_an_imported_order_that_is_read_back_keeps_its_number_and_day(works, import_pair):
    before, after = works.theirs, import_pair[1]
    assert works.posting(f"order:{import_pair[0]['id']}").quickbooks_id == before["Id"]
    names = ("DocNumber", "TxnDate", "DueDate", "TotalAmt")
    assert {name: after[name] for name in names} == {name: before[name] for name in names}
    assert [line["Id"] for line in after["Line"]] == [line["Id"] for line in before["Line"]]
    assert sorted(works.first_numbers) == sorted([str(works.own), "H-17", "H-18", "H-19"])


@pytest.mark.row("ION-40")
def test_an_order_whose_supplier_ion_lacks_is_a_warning_until_the_supplier_exists(
    works, import_pair
):
    warned = sources.check(works.row).warnings
    assert warned == (
        "Purchase order H-19 of QuickBooks is not in ION, which has no supplier “Unheard Of”.",
    )
    before = len(works.books.rows("orders"))
    works.changes.createSupplier({"name": "unheard  of"})
    push_lists(works.row)
    assert sources.check(works.row).warnings == ()
    assert len(works.books.rows("orders")) == before + 1
    push_lists(works.row)
    assert len(works.books.rows("orders")) == before + 1


@pytest.mark.row("ION-40")
def test_the_link_holds_though_somebody_writes_another_reference_into_ion(works, import_pair):
    source_order = order_in_books(works, "H-21")
    push_lists(works.row)
    row = works.books.rows("orders")[-1]
    works.books.put("orders", id=row["id"], externalReference="For the shop floor")
    before = len(works.books.rows("orders"))
    push_lists(works.row)
    assert len(works.books.rows("orders")) == before
    works.sync()
    assert works.posting(f"order:{row['id']}").quickbooks_id == source_order["Id"]


@pytest.mark.row("ION-40")
def test_a_change_in_ion_changes_the_order_that_it_came_from(works, import_pair):
    row, _ = import_pair
    works.revise(row["id"], lambda: works.change(works.lines(row["id"])[0], quantity=Decimal(6)))
    works.sync()
    now = works.theirs_now(works.theirs["Id"])
    assert [line[1] for line in lines(now)] == [15, Decimal("31.5")]
    assert len(works.posted("H-17")) == 1


@pytest.mark.row("ION-40")
def test_taking_over_that_broke_off_goes_on_with_the_same_order(works, import_pair):
    source_order = order_in_books(works, "H-20")
    works.source.faults.add(Fault(kind="status", status=502, call="AddLine", nth=2))
    with pytest.raises(Retry, match="ION"):
        push_lists(works.row)
    with engine.read_only_session() as session:
        assert session.query(Match).filter_by(field="order", record=source_order["Id"]).count() == 0
    push_lists(works.row)
    (row,) = [
        order
        for order in works.books.rows("orders")
        if "H-20" in (order.get("externalReference") or "")
    ]
    assert [line["quantity"] for line in works.lines(row["id"])] == ["4", "1"]
