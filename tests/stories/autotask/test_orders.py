"""Autotask purchase orders in QuickBooks, for all cases of the stand-in."""

from decimal import Decimal

import pytest

from tests.support.autotask_site import Desk, opened_books, prefer

pytestmark = pytest.mark.end_to_end

ACCOUNTS = {"freight_account": "80", "charge_account": "20"}


@pytest.fixture(scope="module")
def desk(long_lived):
    """Provide the app of purchase orders after one sync; QuickBooks assigns the numbers itself."""
    quickbooks, clock = opened_books(long_lived)
    prefer(quickbooks, "SalesFormsPrefs", CustomTxnNumbers=False)
    desk = Desk(long_lived, quickbooks, clock, "purchase-orders")
    desk.before = {id: dict(row) for id, row in desk.books.rows("PurchaseOrders").items()}
    desk.enable(**ACCOUNTS).sync()
    return desk


def order(desk, words):
    return desk.transaction(words, "PurchaseOrder")


def order_lines(order_in_books):
    """Return (item or account, quantity, price, amount, description, customer) of each line."""
    results = []
    for line in order_in_books["Line"]:
        detail = line[line["DetailType"]]
        name = (detail.get("ItemRef") or detail["AccountRef"])["name"]
        customer = detail.get("CustomerRef", {}).get("name")
        facts = detail.get("Qty"), detail.get("UnitPrice"), line["Amount"]
        results.append((name, *facts, line.get("Description"), customer))
    return results


@pytest.mark.row("AT-P1")
def test_submitted_orders_of_the_days_back_are_posted_and_others_are_not(desk):
    assert desk.of("two products for a customer").state == "posted"
    assert desk.of("fourteen days old").state == "posted"
    for words in ("new", "canceled", "received", "numbered already", "fifteen days old"):
        assert desk.posting_of(words) in (None, "withdrawn"), words
        assert desk.row_of(words) == desk.before[desk.id(words)]


@pytest.mark.row("AT-P3", "AT-P5")
def test_products_are_items_with_quantity_cost_memo_and_the_customer_on_each_line(desk):
    assert order_lines(order(desk, "two products for a customer")) == [
        (
            "Firewall FX-20",
            2,
            Decimal("249.5"),
            499,
            "Firewall FX-20, in stock",
            "Bayview Apartments",
        ),
        ("Patch Panel 24", 5, Decimal("48.2"), 241, "Grey, with screws", "Bayview Apartments"),
    ]
    ((_, quantity, price, amount, _, customer),) = order_lines(
        order(desk, "cost with four decimals")
    )
    assert (quantity, price, amount, customer) == (3, Decimal("48.2055"), Decimal("144.62"), None)


@pytest.mark.row("AT-P3")
def test_vendors_go_by_name_and_a_missing_one_is_made(desk):
    transaction = order(desk, "two products for a customer")["VendorRef"]
    assert transaction["name"] == "Ingram Distribution"
    existing = order(desk, "with freight")["VendorRef"]
    assert (existing["name"], existing["value"]) == ("Summit Scaffolding", "35")
    query = "select * from Vendor where DisplayName = 'Ingram Distribution'"
    assert len(desk.quickbooks.select(query)["Vendor"]) == 1


@pytest.mark.row("AT-P4")
def test_a_vendor_with_the_name_of_a_customer_is_reported_before_quickbooks_refuses_it(desk):
    held_posting = desk.of("vendor with the name of a customer")
    assert held_posting.state == "held"
    assert "the name is taken in QuickBooks: Riverton County" in held_posting.reason


@pytest.mark.row("AT-P5")
def test_an_item_without_a_product_goes_on_the_account_chosen(desk):
    ((account, *_, amount, text, _),) = order_lines(order(desk, "an item without product"))
    assert (account, amount, text) == ("Supplies", 75, "Assembly on site (1 x 75.0)")


@pytest.mark.row("AT-P6")
def test_no_tax_is_passed(desk):
    transaction = order(desk, "tax region set")
    assert (transaction["TotalAmt"], "TxnTaxDetail" in transaction) == (499, False)
    details = [line["ItemBasedExpenseLineDetail"] for line in transaction["Line"]]
    assert {detail.get("TaxCodeRef", {}).get("value", "NON") for detail in details} == {"NON"}


@pytest.mark.row("AT-P7")
def test_the_number_in_quickbooks_or_error_is_all_that_is_written(desk):
    words = "two products for a customer"
    number = order(desk, words)["DocNumber"]
    assert number != "PO8001"
    assert desk.row_of(words) == {**desk.before[desk.id(words)], "externalPONumber": number}
    refused = desk.before[desk.id("vendor in another currency")]
    assert desk.row_of("vendor in another currency") == {**refused, "externalPONumber": "ERROR"}


@pytest.mark.row("AT-P8")
def test_freight_is_a_line_and_address_term_and_memo_arrive(desk):
    transaction = order(desk, "with freight")
    freight = order_lines(transaction)[-1]
    assert (freight[0], freight[3], transaction["TotalAmt"]) == (
        "Cost of Goods Sold",
        Decimal("12.50"),
        Decimal("253.50"),
    )
    address = transaction["ShipAddr"]
    assert [address[name] for name in ("Line1", "Line2", "City", "PostalCode")] == [
        "Brightwater Managed IT",
        "8 Harbour Road",
        "Riverton",
        "95363",
    ]
    assert address["CountrySubDivisionCode"] == "CA"
    terms = {row["Id"]: row["Name"] for row in desk.quickbooks.select("select * from Term")["Term"]}
    assert terms[transaction["SalesTermRef"]["value"]] == "Net 30"
    assert "Deliver before noon" in transaction["PrivateNote"]


@pytest.mark.row("AT-P9")
def test_a_vendor_in_another_currency_is_refused(desk):
    held_posting = desk.of("vendor in another currency")
    assert held_posting.state == "held"
    assert "is kept in EUR; orders are passed in USD only" in held_posting.reason
    query = "select * from Vendor where DisplayName = 'Kobold Hardware AG'"
    assert desk.quickbooks.select(query) == {}
