"""What people add to a posted transaction in QuickBooks stays when its source changes it."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal as D

import pytest

from hub.posting.actions import retries
from hub.qbo import company as qbo_company
from hub.qbo import record_download
from hub.qbo.client import Client
from hub.scheduling import runner
from tests.support.sources.every_kind_source import (
    CLIENT,
    SUPPLIER,
    ShopSite,
    document,
    invoice,
    line,
)

DETAIL = "AccountBasedExpenseLineDetail"
LOCATION, CUSTOMER = {"value": "1"}, {"value": "41"}


@pytest.fixture
def shop(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock)
    quickbooks.act("create", kind="Class", set={"Name": "Housing"})
    quickbooks.act("create", kind="Class", set={"Name": "Roads"})
    record_download.refresh(1)
    qbo_company.read(1, Client(1))
    return shop


def find_class(shop, name):
    return next({"value": row["Id"]} for row in shop.books("Class") if row["Name"] == name)


def bill(*amounts, division=None, **more):
    codes = {"division": division} if division else {}
    rows = [
        line(str(place), amount, f"Work {place}", cost="Fuel", **codes)
        for place, amount in enumerate(amounts)
    ]
    total = str(sum(D(amount) for amount in amounts))
    return document("bill", "bill:1", *rows, total=total, supplier=SUPPLIER, **more)


def bill_for_client(amount, **more):
    row = line("1", amount, "Work", cost="Fuel", client=CLIENT, **more)
    return document("bill", "bill:1", row, total=amount, supplier=SUPPLIER)


def edit(shop, kind, source_id, details=None, **header):
    """Edit a transaction, and the detail of its first line, as a person does in QuickBooks."""
    entity = shop.book(kind, source_id)
    if details:
        first, *others = entity["Line"]
        header["Line"] = [first | {DETAIL: first[DETAIL] | details}, *others]
    shop.quickbooks.act("edit", kind=kind, id=entity["Id"], set=header)


def get_detail(shop, place=0):
    return shop.book("Bill", "bill:1")["Line"][place][DETAIL]


def assert_posted(shop, total):
    assert (set(shop.states().values()), shop.reasons(), shop.cases()) == ({"posted"}, [], [])
    assert shop.book("Bill", "bill:1")["TotalAmt"] == total


def test_a_class_and_a_billable_customer_stay_on_their_line(shop):
    housing = find_class(shop, "Housing")
    shop.run(bill("10.00", "5.00"))
    billing = {"CustomerRef": CUSTOMER, "BillableStatus": "Billable"}
    edit(shop, "Bill", "bill:1", {"ClassRef": housing} | billing)
    for amount in ("20.00", "30.00"):
        shop.run(bill("1.00", amount, "5.00"))
        assert_posted(shop, D(amount) + 6)
    details = [get_detail(shop, place) for place in range(3)]
    assert [detail.get("ClassRef", {}).get("value") for detail in details] == [
        housing["value"],
        None,
        None,
    ]
    assert details[0]["CustomerRef"]["value"] == CUSTOMER["value"]
    assert details[0]["BillableStatus"] == "Billable"


@pytest.mark.parametrize("status", ["Billable", "HasBeenBilled"])
def test_a_line_that_a_person_bills_to_the_customer_of_the_source_stays_so(shop, status):
    shop.run(bill_for_client("10.00"))
    edit(shop, "Bill", "bill:1", {"BillableStatus": status})
    for amount in ("20.00", "30.00"):
        shop.run(bill_for_client(amount))
        assert_posted(shop, D(amount))
        assert get_detail(shop)["BillableStatus"] == status


@pytest.mark.parametrize("has_run", [False, True])
def test_a_line_that_a_person_no_longer_bills_to_the_customer_becomes_a_case(shop, has_run):
    shop.run(bill_for_client("10.00", billable=True))
    edit(shop, "Bill", "bill:1", {"BillableStatus": "NotBillable"})
    if has_run:
        runner.run_company_job("changes", shop.company_id, requested_by="kari")
        (case,) = shop.cases()
        assert case == "Changed in QuickBooks"
        assert "On line 1: QuickBooks does not bill it to the customer." in repr(case)
    shop.run(bill_for_client("20.00", billable=True))
    assert shop.posting("bill:1").state == "held"
    assert get_detail(shop)["BillableStatus"] == "NotBillable"


def test_a_line_that_was_billed_to_the_customer_is_no_difference(shop):
    shop.run(bill_for_client("10.00", billable=True))
    edit(shop, "Bill", "bill:1", {"BillableStatus": "HasBeenBilled"})
    runner.run_company_job("changes", shop.company_id, requested_by="kari")
    shop.run(bill_for_client("20.00", billable=True))
    assert_posted(shop, D("20.00"))
    assert get_detail(shop)["BillableStatus"] == "HasBeenBilled"


def test_a_line_that_the_source_no_longer_bills_to_its_customer_is_not_billable(shop):
    shop.run(bill_for_client("10.00", billable=True))
    assert get_detail(shop)["BillableStatus"] == "Billable"
    shop.run(bill_for_client("10.00"))
    assert_posted(shop, 10)
    assert get_detail(shop)["BillableStatus"] == "NotBillable"


def test_a_class_of_the_source_takes_the_place_of_one_that_a_person_added(shop):
    shop.run(bill("10.00"))
    edit(shop, "Bill", "bill:1", {"ClassRef": find_class(shop, "Housing")})
    shop.run(bill("20.00", division="Roads"))
    assert_posted(shop, 20)
    assert get_detail(shop)["ClassRef"]["value"] == find_class(shop, "Roads")["value"]


def test_a_class_that_the_source_takes_back_is_removed(shop):
    shop.run(bill("10.00", division="Roads"))
    shop.run(bill("10.00"))
    assert_posted(shop, 10)
    assert "ClassRef" not in get_detail(shop)


def test_a_location_and_a_number_stay(shop):
    shop.run(bill("10.00"))
    edit(shop, "Bill", "bill:1", DepartmentRef=LOCATION, DocNumber="H-7")
    for amount in ("20.00", "30.00"):
        shop.run(bill(amount))
        assert_posted(shop, D(amount))
    entity = shop.book("Bill", "bill:1")
    assert (entity["DepartmentRef"]["value"], entity["DocNumber"]) == (LOCATION["value"], "H-7")


def test_the_payee_of_an_expense_stays(shop):
    def expense(amount):
        row = line("1", amount, cost="Fuel")
        return document("expense", "expense:1", row, total=amount, payment_account="41")

    shop.run(expense("10.00"))
    vendor = shop.books("Vendor")[0]["Id"]
    edit(shop, "Purchase", "expense:1", EntityRef={"value": vendor, "type": "Vendor"})
    shop.run(expense("20.00"))
    entity = shop.book("Purchase", "expense:1")
    assert (entity["TotalAmt"], entity["EntityRef"]["value"]) == (20, vendor)


def test_fields_that_people_gave_an_order_stay_when_its_source_takes_it_over(shop):
    housing = find_class(shop, "Housing")
    detail = {"AccountRef": {"value": "7"}, "ClassRef": housing}
    row = {"Amount": 10, "DetailType": DETAIL, DETAIL: detail, "Description": "Work 0"}
    payable = {"value": "33"}
    order = {"VendorRef": {"value": "1"}, "APAccountRef": payable, "Line": [row]}
    shop.quickbooks.act("create", kind="PurchaseOrder", set=order | {"DepartmentRef": LOCATION})
    stored = shop.books("PurchaseOrder")[-1]
    (vendor,) = (row for row in shop.books("Vendor") if row["Id"] == "1")
    supplier = replace(SUPPLIER, name=vendor["DisplayName"], quickbooks_id="1")
    wanted = replace(bill("12.00"), kind="purchase_order", quickbooks_id=stored["Id"])
    shop.run(replace(wanted, codes={"supplier": supplier}))
    entity = shop.book("PurchaseOrder", "bill:1")
    assert (entity["Id"], entity["TotalAmt"]) == (stored["Id"], 12)
    assert entity["DepartmentRef"]["value"] == LOCATION["value"]
    assert entity["Line"][0][DETAIL]["ClassRef"]["value"] == housing["value"]


def change_while_update_waits(shop, old, new, before, after):
    """Let an update be refused, edit the transaction, and send the update again."""
    kind = "Bill" if new.kind == "bill" else "Invoice"
    shop.run(old)
    edit(shop, kind, new.source_id, **before)
    shop.quickbooks.add_fault("refusal", f"{new.kind}.update", code="6210")
    shop.run(new)
    assert shop.posting(new.source_id).state == "held"
    edit(shop, kind, new.source_id, **after)
    retries.retry(shop.posting(new.source_id).id, "kari")
    shop.run()
    assert (set(shop.states().values()), shop.reasons(), shop.cases()) == ({"posted"}, [], [])
    return shop.book(kind, new.source_id)


@pytest.mark.parametrize("due", [None, dt.date(2026, 12, 24)], ids=["sparse", "whole"])
def test_what_people_change_while_an_update_waits_stays(shop, due):
    shop.run(bill("9.00"))
    marker_line = shop.book("Bill", "bill:1")["PrivateNote"]
    housing, roads = find_class(shop, "Housing"), find_class(shop, "Roads")
    billing = {"CustomerRef": CUSTOMER, "BillableStatus": "Billable"}
    before = {"DepartmentRef": LOCATION, "PrivateNote": f"Ask Kari\n{marker_line}"}
    after = {"DepartmentRef": {"value": "2"}, "PrivateNote": f"Ask Ola\n{marker_line}"}
    entity = change_while_update_waits(
        shop,
        replace(bill("10.00"), due=due),
        bill("20.00"),
        before | {"details": {"ClassRef": housing} | billing},
        after | {"details": {"ClassRef": roads, "BillableStatus": "NotBillable"}},
    )
    detail = entity["Line"][0][DETAIL]
    assert entity["TotalAmt"] == 20
    assert entity["PrivateNote"] == after["PrivateNote"]
    assert entity["DepartmentRef"]["value"] == "2"
    assert detail["ClassRef"]["value"] == roads["value"]
    assert (detail["CustomerRef"]["value"], detail["BillableStatus"]) == ("41", "NotBillable")


def test_a_custom_field_that_people_change_while_an_update_waits_stays(shop):
    def fields(*texts):
        return [
            {"DefinitionId": str(id), "Name": "f", "Type": "StringType", "StringValue": text}
            for id, text in enumerate(texts, start=1)
        ]

    entity = change_while_update_waits(
        shop,
        replace(invoice(), message="Thank you."),
        invoice(amount="20.00"),
        {"CustomField": fields("A", "B")},
        {"CustomField": fields("A", "C")},
    )
    texts = {field["DefinitionId"]: field.get("StringValue") for field in entity["CustomField"]}
    assert (entity["TotalAmt"], texts["2"]) == (20, "C")
