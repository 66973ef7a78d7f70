"""Documents of a company outside the United States that has not set up sales tax."""

from decimal import Decimal as D

import pytest

from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from tests.support.sources.every_kind_source import SUPPLIER, ShopSite, document, invoice, line

TAXED = (
    "It is taxed, but QuickBooks has no tax codes, because sales tax is not set up. Set it up"
    " there, or fix this at the source."
)


@pytest.fixture
def shop(app, quickbooks, clock):
    """Provide the shop of a British firm without sales tax."""
    realm = quickbooks.open("united-kingdom", tax="off")
    connected = oauth_connect.connect_with_refresh_token(realm, quickbooks.refresh_tokens[realm])
    record_download.refresh(connected.id)
    return ShopSite(app, quickbooks, clock, company=connected)


@pytest.mark.parametrize("tax_mode", ["exclusive", "inclusive", "computed", "none"])
def test_documents_without_tax_are_posted_without_tax_codes(shop, tax_mode):
    lines = line("1", "30.00", cost="Advertising"), line("2", "12.00", cost="Fuel")
    bill = document("bill", "bill:1", *lines, total="42.00", supplier=SUPPLIER, tax_mode=tax_mode)
    shop.run(bill, invoice("invoice:1", tax_mode=tax_mode))
    assert set(shop.states().values()) == {"posted"}, shop.reasons()
    body = shop.book("Bill", "bill:1")
    assert (body["TotalAmt"], body["GlobalTaxCalculation"]) == (D("42.00"), "NotApplicable")
    assert "TaxCodeRef" not in body["Line"][0]["AccountBasedExpenseLineDetail"]


def test_a_taxed_document_says_that_sales_tax_is_not_set_up(shop):
    taxed = document(
        "bill",
        "bill:1",
        line("1", "30.00", cost="Fuel"),
        total="37.50",
        tax_total=D("7.50"),
        supplier=SUPPLIER,
    )
    shop.run(taxed)
    assert (shop.states(), shop.reasons()) == ({"bill:1": "held"}, [TAXED])
