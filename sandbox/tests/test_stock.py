"""Tests of items: stock bought and sold, bundles, categories."""

import pytest

from qbo_sandbox import US, create
from qbo_sandbox.kit import Clock

INCOME, COST, ASSET, OPENING = "79", "80", "81", "34"
ACCOUNTS = {
    "IncomeAccountRef": {"value": INCOME},
    "ExpenseAccountRef": {"value": COST},
    "AssetAccountRef": {"value": ASSET},
}
CUSTOMER = {"CustomerRef": {"value": "41"}}


@pytest.fixture
def quickbooks():
    return create(companies=[US], clock=Clock(1_800_000_000.0, frozen=True))


def post(quickbooks, kind, query="", **body):
    answer = quickbooks.ask("POST", f"{kind.lower()}{query}", body)
    assert answer.status == 200, answer.text
    return answer.json()[kind]


def expect_refusal(quickbooks, kind, **body):
    answer = quickbooks.ask("POST", kind.lower(), body)
    assert answer.status == 400, answer.text
    return answer.json()["Fault"]["Error"][0]["code"]


def balances(quickbooks, *accounts):
    return [quickbooks.company.ledger.accounts[id] for id in accounts]


@pytest.fixture
def nails(quickbooks):
    """Create an item with ten in stock, at three each."""
    about = {
        "Name": "Nails",
        "Type": "Inventory",
        "TrackQtyOnHand": True,
        "QtyOnHand": 10,
        "InvStartDate": "2026-01-01",
    }
    return post(quickbooks, "Item", **about, **ACCOUNTS, PurchaseCost=3, UnitPrice=5)


def on_hand(quickbooks, item):
    return quickbooks.ask("GET", f"item/{item['Id']}").json()["Item"]["QtyOnHand"]


def item_line(kind, item, quantity, price):
    detail = {"ItemRef": {"value": item["Id"]}, "Qty": quantity, "UnitPrice": price}
    return {"Amount": quantity * price, "DetailType": kind, kind: detail}


def sale_line(item, quantity):
    return item_line("SalesItemLineDetail", item, quantity, 5)


def test_a_new_item_starts_with_what_lies_in_stock(quickbooks, nails):
    assert balances(quickbooks, ASSET, OPENING) == [30, -30]
    assert nails["QtyOnHand"] == 10


def test_sold_items_leave_the_stock_at_their_cost(quickbooks, nails):
    receipt = post(quickbooks, "SalesReceipt", Line=[sale_line(nails, 4)])
    assert (on_hand(quickbooks, nails), balances(quickbooks, INCOME, COST, ASSET)) == (
        6,
        [-20, 12, 18],
    )
    post(quickbooks, "SalesReceipt", "?operation=delete", Id=receipt["Id"], SyncToken="0")
    assert (on_hand(quickbooks, nails), balances(quickbooks, INCOME, COST, ASSET)) == (
        10,
        [0, 0, 30],
    )


def test_bought_items_come_into_stock_and_go_back_with_a_credit(quickbooks, nails):
    line = item_line("ItemBasedExpenseLineDetail", nails, 5, 4)
    post(quickbooks, "Bill", VendorRef={"value": "1"}, Line=[line])
    assert (on_hand(quickbooks, nails), balances(quickbooks, ASSET)) == (15, [50])
    post(quickbooks, "VendorCredit", VendorRef={"value": "1"}, Line=[line])
    assert (on_hand(quickbooks, nails), balances(quickbooks, ASSET)) == (10, [30])


def test_an_order_or_an_offer_moves_no_stock(quickbooks, nails):
    post(quickbooks, "Estimate", **CUSTOMER, Line=[sale_line(nails, 4)])
    line = item_line("ItemBasedExpenseLineDetail", nails, 5, 4)
    post(quickbooks, "PurchaseOrder", VendorRef={"value": "1"}, Line=[line])
    assert on_hand(quickbooks, nails) == 10


def test_an_item_changed_after_a_sale_keeps_what_is_left(quickbooks, nails):
    post(quickbooks, "SalesReceipt", Line=[sale_line(nails, 4)])
    body = {"Id": nails["Id"], "SyncToken": "0", "sparse": True}
    assert post(quickbooks, "Item", **body, Name="Long nails")["QtyOnHand"] == 6
    counted = post(quickbooks, "Item", **body | {"SyncToken": "1"}, QtyOnHand=9)
    assert (counted["QtyOnHand"], balances(quickbooks, ASSET)) == (9, [27])


def test_the_stock_is_reported_with_its_value(quickbooks, nails):
    post(quickbooks, "SalesReceipt", Line=[sale_line(nails, 4)])
    rows = quickbooks.ask("GET", "reports/InventoryValuationSummary").json()["Rows"]["Row"]
    assert [cell["value"] for cell in rows[0]["ColData"]] == ["Nails", "", "6", "18.00", "3.00"]


@pytest.fixture
def bundle(quickbooks, nails):
    hammer = post(
        quickbooks,
        "Item",
        Name="Hammer",
        Type="NonInventory",
        IncomeAccountRef={"value": INCOME},
        UnitPrice=20,
    )
    parts = [{"ItemRef": {"value": nails["Id"]}, "Qty": 2}, {"ItemRef": {"value": hammer["Id"]}}]
    return post(
        quickbooks, "Item", Name="Kit", Type="Group", ItemGroupDetail={"ItemGroupLine": parts}
    )


def test_a_bundle_names_its_parts(quickbooks, bundle):
    parts = bundle["ItemGroupDetail"]["ItemGroupLine"]
    assert [(part["ItemRef"]["name"], part["Qty"]) for part in parts] == [
        ("Nails", 2),
        ("Hammer", 1),
    ]
    assert expect_refusal(quickbooks, "Item", Name="Empty", Type="Group") == "2020"
    nested = {"ItemGroupLine": [{"ItemRef": {"value": bundle["Id"]}}]}
    assert (
        expect_refusal(quickbooks, "Item", Name="Big", Type="Group", ItemGroupDetail=nested)
        == "6000"
    )


def test_a_bundle_on_an_invoice_is_its_parts(quickbooks, bundle, nails):
    detail = {"GroupItemRef": {"value": bundle["Id"]}, "Quantity": 3}
    line = {"DetailType": "GroupLineDetail", "GroupLineDetail": detail}
    entity = post(quickbooks, "Invoice", **CUSTOMER, Line=[line, sale_line(nails, 1)])
    group, single, subtotal = entity["Line"]
    assert (group["Amount"], subtotal["Amount"], entity["TotalAmt"]) == (0, 95, 95)
    inner = group["GroupLineDetail"]["Line"]
    assert [(part["Id"], part["LineNum"], part["Amount"]) for part in inner] == [
        ("2", 2, 30),
        ("3", 3, 60),
    ]
    assert (single["Id"], single["LineNum"], on_hand(quickbooks, nails)) == ("4", 4, 3)
    post(quickbooks, "Invoice", "?operation=void", Id=entity["Id"], SyncToken="0")
    assert (on_hand(quickbooks, nails), balances(quickbooks, INCOME, COST)) == (10, [0, 0])


def test_a_category_holds_items_and_is_never_sold(quickbooks):
    above = post(quickbooks, "Item", Name="Fixings", Type="Category")
    assert "UnitPrice" not in above
    below = {
        "SubItem": True,
        "ParentRef": {"value": above["Id"]},
        "Type": "Service",
        "IncomeAccountRef": {"value": INCOME},
    }
    item = post(quickbooks, "Item", Name="Screws", **below)
    assert (item["FullyQualifiedName"], item["Level"]) == ("Fixings:Screws", 1)
    assert expect_refusal(quickbooks, "Invoice", **CUSTOMER, Line=[sale_line(above, 1)]) == "2500"


SHRINKAGE = {"value": COST}


def adjustment_line(item, difference, **more):
    detail = {"ItemRef": {"value": item["Id"]}, "QtyDiff": difference}
    return {
        "DetailType": "ItemAdjustmentLineDetail",
        "ItemAdjustmentLineDetail": detail | more,
    }


def test_an_adjustment_changes_the_quantity_and_books_its_cost(quickbooks, nails):
    """Intuit's page of the inventory adjustment; the accounts are those of its schema."""
    lines = [adjustment_line(nails, -2)]
    body = {"AdjustAccountRef": SHRINKAGE, "Line": lines, "PrivateNote": "Rusted"}
    adjustment = post(quickbooks, "InventoryAdjustment", **body)
    [line] = adjustment["Line"]
    assert (line["Id"], line["ItemAdjustmentLineDetail"]["QtyDiff"]) == ("1", -2)
    assert line["ItemAdjustmentLineDetail"]["ItemRef"]["value"] == nails["Id"]
    assert adjustment["AdjustAccountRef"]["value"] == COST
    assert adjustment["AdjustAccountRef"]["name"]
    assert {"DocNumber", "TxnDate", "SyncToken"} <= adjustment.keys()
    assert on_hand(quickbooks, nails) == 8
    assert balances(quickbooks, ASSET, COST) == [24, 6]


def test_an_adjustment_is_changed_in_part_found_and_deleted(quickbooks, nails):
    body = {"AdjustAccountRef": SHRINKAGE, "Line": [adjustment_line(nails, -2)]}
    adjustment = post(quickbooks, "InventoryAdjustment", **body)
    line = adjustment_line(nails, 3) | {"Id": "1"}
    del line["DetailType"]  # Intuit's example leaves it out
    key = {"Id": adjustment["Id"], "SyncToken": "0", "sparse": True}
    changed = post(quickbooks, "InventoryAdjustment", **key, Line=[line])
    assert (changed["SyncToken"], changed["DocNumber"]) == ("1", adjustment["DocNumber"])
    assert (on_hand(quickbooks, nails), balances(quickbooks, ASSET, COST)) == (13, [39, -9])
    query = "select * from InventoryAdjustment where TxnDate > '2026-01-01'"
    [listed] = quickbooks.select(query)["InventoryAdjustment"]
    assert listed["Id"] == adjustment["Id"]
    rows = quickbooks.ask("GET", "reports/InventoryValuationSummary").json()["Rows"]["Row"]
    assert [cell["value"] for cell in rows[0]["ColData"]][2:4] == ["13", "39.00"]
    post(
        quickbooks,
        "InventoryAdjustment",
        "?operation=delete",
        Id=adjustment["Id"],
        SyncToken="1",
    )
    assert (on_hand(quickbooks, nails), balances(quickbooks, ASSET, COST)) == (10, [30, 0])


def test_an_adjustment_needs_an_account_items_in_stock_and_differences(quickbooks, nails, bundle):
    whole = {"AdjustAccountRef": SHRINKAGE, "Line": [adjustment_line(nails, -2)]}
    for body, code in [
        (whole | {"AdjustAccountRef": None}, "2020"),
        (whole | {"Line": []}, "2020"),
        (whole | {"Line": [adjustment_line(nails, None)]}, "2020"),
        (whole | {"Line": [adjustment_line({"Id": ""}, 1)]}, "2020"),
        (whole | {"Line": [adjustment_line({"Id": "999"}, 1)]}, "2500"),
        (whole | {"Line": [adjustment_line(bundle, 1)]}, "6000"),
        (whole | {"Line": [sale_line(nails, 1)]}, "6000"),
        (whole | {"AdjustAccountRef": {"value": "35"}}, "6430"),
    ]:
        assert expect_refusal(quickbooks, "InventoryAdjustment", **body) == code
    assert on_hand(quickbooks, nails) == 10
