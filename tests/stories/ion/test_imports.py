"""Open orders created in QuickBooks are imported into ION once and then kept up to date."""

from decimal import Decimal

import pytest

from hub import sources
from hub.db import engine
from hub.errors import Retry
from hub.models import Match
from hub.qbo import record_download
from hub.sources.record_push import push_lists
from qbo_sandbox.kit import Fault
from tests.support.sources.ion_site import EVERYTHING, lines, open_ion_site

pytestmark = pytest.mark.end_to_end


def order_in_books(site, number, vendor="Canyon Steel Works", **head):
    detail = {"AccountRef": {"value": "20"}, "ClassRef": {"value": site.service}}
    item = {"ItemRef": {"value": site.item("OW-1")["Id"]}, "Qty": 4, "UnitPrice": 2.5}
    return site.make(
        "PurchaseOrder",
        VendorRef={"value": site.vendor(vendor)},
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
def site(module_app):
    """Provide a company with orders of its own.

    One is to be imported, one is closed, and ION does not know the supplier of one.
    """
    site = open_ion_site(module_app, **EVERYTHING)
    site.part()
    own = site.order({"account": "6300"})
    site.sync()
    records = site.quickbooks.select("select * from Class where Name = 'Service'", site.realm)[
        "Class"
    ]
    site.service, site.own = records[0]["Id"], own
    site.theirs = order_in_books(site, "H-17", TxnDate="2026-03-01")
    order_in_books(site, "H-18", POStatus="Closed")
    site.make("Vendor", DisplayName="Unheard Of")
    order_in_books(site, "H-19", vendor="Unheard Of")
    site.off = push_lists(site.row), len(site.books.rows("orders"))
    site.set(import_orders=True)
    site.pushed = push_lists(site.row)
    site.import_pair = take_over(site)
    return site


@pytest.fixture(scope="module")
def import_pair(site):
    """Provide the imported order in ION, and the order in QuickBooks that it comes from."""
    return site.import_pair


def take_over(site):
    """Read the order that ION imported; later stories change it."""
    (row,) = [
        order
        for order in site.books.rows("orders")
        if "H-17" in (order.get("externalReference") or "")
    ]
    site.first_lines = [dict(line) for line in site.lines(row["id"])]
    site.sync()
    orders = site.quickbooks.select("select * from PurchaseOrder", site.realm)["PurchaseOrder"]
    site.first_numbers = [order["DocNumber"] for order in orders]
    return row, site.find_order(site.theirs["Id"])


@pytest.mark.row("ION-40")
def test_no_order_is_imported_unless_a_setting_allows_it(site):
    assert site.off == ({}, 1)


@pytest.mark.row("ION-40")
def test_an_open_order_comes_into_ion_with_its_lines(site, import_pair):
    row, _ = import_pair
    part, crate = site.first_lines
    assert site.books.row("orders", row["id"])["phase"] == "ORDERED"
    assert (part["quantity"], part["cost"], part["needDate"]) == ("4", "2.5", "2026-03-30")
    assert site.books.row("parts", part["partId"])["partNumber"] == "OW-1"
    assert (crate["description"], Decimal(crate["cost"])) == ("Crate", Decimal("31.5"))
    assert crate["attributes"]["Class"] == "Service"


@pytest.mark.row("ION-40")
def test_an_imported_order_that_is_read_back_keeps_its_number_and_day(site, import_pair):
    before, after = site.theirs, import_pair[1]
    assert site.posting(f"order:{import_pair[0]['id']}").quickbooks_id == before["Id"]
    names = ("DocNumber", "TxnDate", "DueDate", "TotalAmt")
    assert {name: after[name] for name in names} == {name: before[name] for name in names}
    assert [line["Id"] for line in after["Line"]] == [line["Id"] for line in before["Line"]]
    assert sorted(site.first_numbers) == sorted([str(site.own), "H-17", "H-18", "H-19"])


@pytest.mark.row("ION-40")
def test_an_order_in_another_currency_comes_into_ion_in_that_currency(site):
    site = site.connect_another(multicurrency=True, currencies=("EUR",))
    name = "Orbital Fasteners GmbH"
    vendor = site.make("Vendor", DisplayName=name, CurrencyRef={"value": "EUR"})["Id"]
    record_download.refresh(site.company_id, ["vendor"])
    site.enable(**EVERYTHING, import_orders=True)
    line = {
        "Amount": 31.5,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "20"}},
    }
    euros = {"VendorRef": {"value": vendor}, "CurrencyRef": {"value": "EUR"}}
    theirs = site.make("PurchaseOrder", **euros, DocNumber="H-50", Line=[line])
    push_lists(site.row)
    (row,) = site.books.rows("orders")
    assert row["currencyId"] == 2
    site.sync()
    now = site.find_order(theirs["Id"])
    assert (now["CurrencyRef"]["value"], now["TotalAmt"]) == ("EUR", Decimal("31.5"))
    assert site.cases() == {}


@pytest.mark.row("ION-40")
def test_an_order_whose_supplier_ion_lacks_is_a_warning_until_the_supplier_exists(
    site, import_pair
):
    warned = sources.check(site.row).warnings
    assert warned == (
        "Purchase order H-19 of QuickBooks is not in ION, which has no supplier “Unheard Of”.",
    )
    before = len(site.books.rows("orders"))
    site.changes.createSupplier({"name": "unheard  of"})
    push_lists(site.row)
    assert sources.check(site.row).warnings == ()
    assert len(site.books.rows("orders")) == before + 1
    push_lists(site.row)
    assert len(site.books.rows("orders")) == before + 1


@pytest.mark.row("ION-40")
def test_the_link_holds_though_somebody_writes_another_reference_into_ion(site, import_pair):
    source_order = order_in_books(site, "H-21")
    push_lists(site.row)
    row = site.books.rows("orders")[-1]
    site.books.put("orders", id=row["id"], externalReference="For the shop floor")
    before = len(site.books.rows("orders"))
    push_lists(site.row)
    assert len(site.books.rows("orders")) == before
    site.sync()
    assert site.posting(f"order:{row['id']}").quickbooks_id == source_order["Id"]


@pytest.mark.row("ION-40")
def test_a_change_in_ion_changes_the_order_that_it_came_from(site, import_pair):
    row, _ = import_pair
    site.revise(row["id"], lambda: site.change(site.lines(row["id"])[0], quantity=Decimal(6)))
    site.sync()
    now = site.find_order(site.theirs["Id"])
    assert [line[1] for line in lines(now)] == [15, Decimal("31.5")]
    assert len(site.posted("H-17")) == 1


@pytest.mark.row("ION-40")
def test_an_interrupted_import_continues_with_the_same_order(site, import_pair):
    source_order = order_in_books(site, "H-20")
    site.source.faults.add(Fault(kind="status", status=502, call="AddLine", nth=2))
    with pytest.raises(Retry, match="ION"):
        push_lists(site.row)
    with engine.read_only_session() as session:
        assert session.query(Match).filter_by(field="order", record=source_order["Id"]).count() == 0
    push_lists(site.row)
    (row,) = [
        order
        for order in site.books.rows("orders")
        if "H-20" in (order.get("externalReference") or "")
    ]
    assert [line["quantity"] for line in site.lines(row["id"])] == ["4", "1"]


@pytest.mark.row("ION-40")
def test_an_attribute_that_was_changed_during_an_interrupted_import_is_written_again(site):
    order_in_books(site, "H-23")
    site.source.faults.add(Fault(kind="status", status=502, call="SetLineAttribute", nth=2))
    with pytest.raises(Retry, match="ION"):
        push_lists(site.row)
    (row,) = [
        order
        for order in site.books.rows("orders")
        if "H-23" in (order.get("externalReference") or "")
    ]
    crate = site.lines(row["id"])[1]
    expected = crate["attributes"]["Expense Account"]
    site.attribute(crate["id"], "Expense Account", "9999")
    push_lists(site.row)
    attributes = site.books.row("lines", crate["id"])["attributes"]
    assert attributes == {"Expense Account": expected, "Class": "Service"}


@pytest.mark.row("ION-40")
@pytest.mark.parametrize(("call", "numbers"), [("AddOrder", "ab"), ("Move", "cd")])
def test_an_order_that_a_rule_of_ion_blocks_is_a_warning_and_stops_no_other(site, call, numbers):
    names = {f"H-4{number}" for number in numbers}
    for name in names:
        order_in_books(site, name)
    rule = "Blocked by the rule Class is required."
    site.source.faults.add(Fault(kind="errors", call=call, options={"message": rule}))
    push_lists(site.row)
    (warning,) = [text for text in sources.check(site.row).warnings if rule in text]
    (blocked,) = [name for name in names if f"Purchase order {name} of" in warning]
    assert _ordered(site, names) == names - {blocked}
    push_lists(site.row)
    assert _ordered(site, names) == names
    assert not any(rule in text for text in sources.check(site.row).warnings)


def _ordered(site, names):
    """Return those of these numbers of which ION has an ordered order; each at most once."""
    found = []
    for order in site.books.rows("orders"):
        _, _, name = (order.get("externalReference") or "").partition(": ")
        if name in names and order["phase"] == "ORDERED":
            found.append(name)
    assert len(found) == len(set(found))
    return set(found)


@pytest.mark.row("ION-40")
def test_an_order_imported_from_another_company_leaves_the_order_with_its_id_alone(site):
    own = order_in_books(site, "H-22", POStatus="Closed")
    id = site.order({"account": "6300"})
    site.books.put("orders", id=id, externalReference=f"QuickBooks {own['Id']}: 4711")
    push_lists(site.row)
    site.sync()
    assert site.find_order(own["Id"]) == own
    (posted,) = site.posted("4711")
    assert (posted["TotalAmt"], site.posting(f"order:{id}").quickbooks_id) == (10, posted["Id"])


@pytest.mark.row("ION-40", "ION-42")
def test_parts_that_differ_only_in_case_are_told_apart(site):
    ids = [site.part(number)["id"] for number in ("zz-1a", "ZZ-1A")]
    site.sync()
    names = ("zz-1a Rev A", f"ZZ-1A Rev A ({ids[1]})")
    items = {item["Name"]: item["Id"] for item in site.select("Item", "Sku like 'zz-1a'")}
    rows = [
        {
            "DetailType": "ItemBasedExpenseLineDetail",
            "Amount": 5,
            "ItemBasedExpenseLineDetail": {"ItemRef": {"value": items[name]}},
        }
        for name in names
    ]
    vendor = {"value": site.vendor("Canyon Steel Works")}
    site.make("PurchaseOrder", VendorRef=vendor, DocNumber="H-30", Line=rows)
    push_lists(site.row)
    (order,) = [
        row for row in site.books.rows("orders") if "H-30" in (row.get("externalReference") or "")
    ]
    assert [line["partId"] for line in site.lines(order["id"])] == ids
