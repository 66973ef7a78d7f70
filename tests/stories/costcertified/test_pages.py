"""CostCertified on the pages of the hub."""

import re
from typing import Any

import pytest

from hub.testing.clock import FakeClock
from tests.support.pages.page_visitor import Visitor
from tests.support.sources.costcertified_site import CostCertifiedSite


@pytest.mark.row("CC-S17")
@pytest.mark.end_to_end
def test_a_payment_made_in_quickbooks_is_shown_on_the_page_of_the_invoice_and_not_reported(
    connected_visitor: Visitor, clock: FakeClock
) -> None:
    owner = connected_visitor
    site = CostCertifiedSite(owner.app, owner.quickbooks, clock)
    with owner.app.app_context():
        site.enable()
        id = site.invoice("100.00")
        site.sync()
        page = f"/documents/{site.find_document(f'invoice:{id}').id}"
        invoice = site.one("Invoice")
    assert paid_amount(owner.page(page)) == "0.00 USD open 108.00 USD"
    with owner.app.app_context():
        pay_in_quickbooks(site, invoice, "40.00")
    owner.log_in("olga")  # an hour has passed
    assert paid_amount(owner.page(page)) == "40.00 USD open 68.00 USD"
    with owner.app.app_context():
        pay_in_quickbooks(site, invoice, "68.00")
        assert site.reported_states("invoices", id) == ["posted"]
    owner.log_in("olga")
    assert paid_amount(owner.page(page)) == "108.00 USD"


def pay_in_quickbooks(site: CostCertifiedSite, invoice: dict[str, Any], amount: str) -> None:
    """Enter a payment by hand, and let the hub read it."""
    link = {"TxnId": invoice["Id"], "TxnType": "Invoice"}
    line = {"Amount": amount, "LinkedTxn": [link]}
    site.make("Payment", CustomerRef=invoice["CustomerRef"], TotalAmt=amount, Line=[line])
    site.watch()
    site.sync()


def paid_amount(page: str) -> str:
    """Return what the page of a document says after "Paid"."""
    amounts = page.partition('<span class="kpi-name">Paid</span>')[2].partition("</li>")[0]
    return " ".join(re.sub("<[^>]+>", " ", amounts).split())
