"""Autotask purchase orders in QuickBooks, for all cases of the stand-in."""

from decimal import Decimal

import pytest

from tests.support.sources.autotask_site import AutotaskSite, connect_quickbooks, prefer

pytestmark = pytest.mark.end_to_end

ACCOUNTS = {"freight_account": "80", "charge_account": "20"}


@pytest.fixture(scope="module")
def site(module_app):
    """Provide the app of purchase orders after one sync; QuickBooks assigns the numbers itself."""
    quickbooks, clock = connect_quickbooks(module_app)
    prefer(quickbooks, "SalesFormsPrefs", CustomTxnNumbers=False)
    site = AutotaskSite(module_app, quickbooks, clock, "purchase-orders")
    site.put("with freight", purchaseForCompanyID=177)
    site.before = {id: dict(row) for id, row in site.books.rows("PurchaseOrders").items()}
    site.enable(**ACCOUNTS).sync()
    return site


def order(site, words):
    return site.transaction(words, "PurchaseOrder")


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
def test_submitted_orders_of_the_days_back_are_posted_and_others_are_not(site):
    assert site.of("two products for a customer").state == "posted"
    assert site.of("fourteen days old").state == "posted"
    for words in ("new", "canceled", "received", "numbered already", "fifteen days old"):
        assert site.state_of(words) in (None, "withdrawn"), words
        assert site.row_of(words) == site.before[site.id(words)]


@pytest.mark.row("AT-P1")
def test_an_order_that_was_received_before_the_first_run_is_listed_with_the_reason(site):
    words = "partly received, two invoices"
    assert site.of(words).state == "withdrawn"
    assert "was received in Autotask before the hub read it" in site.of(words).reason
    assert site.row_of(words) == site.before[site.id(words)]


@pytest.mark.row("AT-P3", "AT-P5")
def test_products_are_items_with_quantity_cost_memo_and_the_customer_on_each_line(site):
    assert order_lines(order(site, "two products for a customer")) == [
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
        order(site, "cost with four decimals")
    )
    assert (quantity, price, amount, customer) == (3, Decimal("48.2055"), Decimal("144.62"), None)


@pytest.mark.row("AT-P3")
def test_vendors_go_by_name_and_a_missing_one_is_made(site):
    transaction = order(site, "two products for a customer")["VendorRef"]
    assert transaction["name"] == "Ingram Distribution"
    existing = order(site, "with freight")["VendorRef"]
    assert (existing["name"], existing["value"]) == ("Summit Scaffolding", "35")
    query = "select * from Vendor where DisplayName = 'Ingram Distribution'"
    assert len(site.quickbooks.select(query)["Vendor"]) == 1


@pytest.mark.row("AT-P4")
def test_a_vendor_with_the_name_of_a_customer_is_reported_before_quickbooks_refuses_it(site):
    held_posting = site.of("vendor with the name of a customer")
    assert held_posting.state == "held"
    assert "the name is taken in QuickBooks: Riverton County" in held_posting.reason


@pytest.mark.row("AT-P5")
def test_an_item_without_a_product_goes_on_the_account_chosen(site):
    ((account, *_, amount, text, _),) = order_lines(order(site, "an item without product"))
    assert (account, amount, text) == ("Supplies", 75, "Assembly on site (1 x 75.0)")


@pytest.mark.row("AT-P6")
def test_no_tax_is_passed(site):
    transaction = order(site, "tax region set")
    assert (transaction["TotalAmt"], "TxnTaxDetail" in transaction) == (499, False)
    details = [line["ItemBasedExpenseLineDetail"] for line in transaction["Line"]]
    assert {detail.get("TaxCodeRef", {}).get("value", "NON") for detail in details} == {"NON"}


@pytest.mark.row("AT-P7")
def test_the_number_in_quickbooks_or_error_is_all_that_is_written(site):
    words = "two products for a customer"
    number = order(site, words)["DocNumber"]
    assert number != "PO8001"
    assert site.row_of(words) == {**site.before[site.id(words)], "externalPONumber": number}
    refused = site.before[site.id("vendor in another currency")]
    assert site.row_of("vendor in another currency") == {**refused, "externalPONumber": "ERROR"}


@pytest.mark.row("AT-P3")
def test_the_customer_is_on_each_line_freight_too(site):
    customers = [line[5] for line in order_lines(order(site, "with freight"))]
    assert customers == ["Bayview Apartments"] * 2


@pytest.mark.row("AT-P8")
def test_freight_is_a_line_and_address_term_and_memo_arrive(site):
    transaction = order(site, "with freight")
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
    terms = {row["Id"]: row["Name"] for row in site.quickbooks.select("select * from Term")["Term"]}
    assert terms[transaction["SalesTermRef"]["value"]] == "Net 30"
    assert "Deliver before noon" in transaction["PrivateNote"]


@pytest.mark.row("AT-P9")
def test_a_vendor_in_another_currency_is_refused(site):
    held_posting = site.of("vendor in another currency")
    assert held_posting.state == "held"
    assert "is kept in EUR; orders are passed in USD only" in held_posting.reason
    query = "select * from Vendor where DisplayName = 'Kobold Hardware AG'"
    assert site.quickbooks.select(query) == {}
