"""A document that is posted again after it left QuickBooks, while other people work there."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from hub import Gone
from hub.db.engine import read_only_session
from hub.models import AuditEntry
from hub.posting.actions import manual, retries
from hub.scheduling import runner
from tests.support.sources.every_kind_source import ShopSite, invoice

ITEM = {"ItemRef": {"value": "1"}}


@pytest.fixture
def shop(app, quickbooks, clock):
    """Return a shop whose invoice somebody deleted in QuickBooks."""
    shop = ShopSite(app, quickbooks, clock)
    shop.run(invoice(number="S-1"))
    clock.advance(3600)
    quickbooks.act("delete", kind="Invoice", id=shop.book("Invoice", "invoice:1")["Id"])
    runner.run_company_job("changes", 1, requested_by="kari")
    return shop


def enter(shop, amount, customer, **more):
    """Enter an invoice by hand."""
    row = {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": ITEM}
    entered = {"CustomerRef": {"value": customer}, "Line": [row], **more}
    return shop.quickbooks.act("create", kind="Invoice", set=entered)


def post_again(shop):
    retries.post_again(shop.posting("invoice:1").id, "kari")
    return shop.run(wait=True)["invoice:1"]


def find_customer(shop, name):
    return next(row["Id"] for row in shop.books("Customer") if row["DisplayName"] == name)


def test_the_audit_log_names_the_request(shop):
    post_again(shop)
    with read_only_session() as session:
        acts = list(session.scalars(select(AuditEntry.what).where(AuditEntry.who == "kari")))
    assert acts == ["document posted again"]


def test_transactions_that_others_voided_or_deleted_open_no_case(shop, quickbooks):
    quickbooks.act("void", kind="Invoice", id=enter(shop, 10, "41")["Id"])
    quickbooks.act("delete", kind="Invoice", id=enter(shop, 20, "41")["Id"])
    quickbooks.act("delete", kind="Invoice", id=enter(shop, 100, "41")["Id"])
    assert (post_again(shop), shop.cases()) == ("posted", [])


def test_other_invoices_of_the_customer_open_no_case(shop):
    enter(shop, 10, find_customer(shop, "Fjord Homes"))
    assert (post_again(shop), shop.cases()) == ("posted", [])


@pytest.mark.parametrize(("amount", "number"), [(100, "H-1"), (90, "S-1")])
def test_a_similar_invoice_that_people_entered_opens_a_case(shop, amount, number):
    customer = find_customer(shop, "Fjord Homes")
    entered = enter(shop, amount, customer, DocNumber=number)
    assert post_again(shop) == "held"
    assert shop.cases() == ["Is it this document?"]
    manual.reject_match(shop.posting("invoice:1").id, entered["Id"], "kari")
    shop.run(wait=True)
    assert len(shop.cases()) <= 1


def test_the_wish_to_post_it_again_ends_when_its_source_deletes_the_document(shop):
    retries.post_again(shop.posting("invoice:1").id, "kari")
    held = replace(invoice(number="S-1"), hold="The client disputes it.")
    assert shop.run(held)["invoice:1"] == "held"
    shop.run(Gone(source_id="invoice:1"))
    shop.run(invoice(amount="90.00", number="S-1"), wait=True)
    assert shop.ours("Invoice") == []
    assert "the source wants it again" in shop.reasons()[0]
