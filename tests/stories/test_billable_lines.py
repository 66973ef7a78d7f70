"""A line that is billable to a customer, where QuickBooks does not charge expenses to customers."""

from decimal import Decimal as D

import pytest

from hub import outbox
from hub.db.engine import transaction
from hub.models import ConnectedCompany
from hub.posting.actions import retries
from hub.scheduling import runner
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import Story, add_people
from tests.support.sources.every_kind_source import CLIENT, SUPPLIER, ShopSite, document, line

SWITCH = "BillableExpenseTracking"


@pytest.fixture
def app(app_with_pages):
    return app_with_pages


def switch_billing_off(quickbooks):
    """Switch it off in QuickBooks, as a person does there."""
    stored = quickbooks.ask("GET", "preferences").json()["Preferences"]
    purchases = stored["VendorAndPurchasesPrefs"] | {SWITCH: False}
    body = {"Id": "1", "SyncToken": stored["SyncToken"], "VendorAndPurchasesPrefs": purchases}
    answer = quickbooks.ask("POST", "preferences", body)
    assert answer.status == 200, answer.text


def bill(source_id, *lines):
    return document("bill", source_id, *lines, total="30.00", supplier=SUPPLIER)


def test_a_line_is_billable_if_quickbooks_does_not_say_that_this_is_off(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock)
    with transaction() as session:
        company = session.get_one(ConnectedCompany, shop.company_id)
        company.preferences = company.preferences | {"VendorAndPurchasesPrefs": {}}
    row = line("1", "30.00", cost="Fuel", client=CLIENT, billable=True)
    shop.run(bill("bill:1", row))
    assert statuses(shop.book("Bill", "bill:1")) == ["Billable"]
    assert shop.posting("bill:1").warnings == []


def test_what_quickbooks_does_not_charge_to_the_customer_is_posted_and_named(
    app, quickbooks, clock
):
    shop = ShopSite(app, quickbooks, clock)
    lines = (
        line("1", "10.00", cost="Fuel", client=CLIENT, billable=True, markup=D("5")),
        line("2", "20.00", cost="Fuel", client=CLIENT, billable=True),
    )
    shop.run(bill("bill:1", *lines))
    switch_billing_off(quickbooks)
    runner.run_company_job("lists", 1, requested_by="kari")
    shop.run(bill("bill:2", *lines))
    assert shop.states()["bill:2"] == "posted"
    before, after = sorted(shop.ours("Bill"), key=lambda entity: int(entity["Id"]))
    assert statuses(before) == ["Billable", "Billable"]
    assert statuses(after) == ["NotBillable", "NotBillable"]
    first, second = shop.posting("bill:1"), shop.posting("bill:2")
    assert first.warnings == []
    (note,) = second.warnings
    assert "Billable expenses are switched off in QuickBooks" in note
    with transaction() as session:
        add_people(session)
    visitor = Visitor(app, Story(1, shop.id))
    visitor.log_in("oda")
    assert note in visitor.page(f"/documents/{second.document_id}")


def statuses(entity):
    return [row["AccountBasedExpenseLineDetail"]["BillableStatus"] for row in entity["Line"]]


def test_a_refusal_from_before_the_switch_was_read_is_solved_by_a_retry(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock)
    line_for_client = line("1", "30.00", cost="Fuel", client=CLIENT, billable=True)
    shop.run(bill("bill:1", line_for_client))
    switch_billing_off(quickbooks)
    shop.run(bill("bill:2", line_for_client))
    posting = shop.posting("bill:2")
    assert "doesn't have an income account" in posting.reason
    runner.run_company_job("lists", 1, requested_by="kari")
    retries.retry(posting.id, "kari")
    shop.run()
    assert shop.states()["bill:2"] == "review", "the person has retried another content"
    assert "nothing will be charged" in shop.posting("bill:2").warnings[0]
    with transaction() as session:
        assert outbox.approve(session, [posting.id], "kari")
    shop.run()
    assert shop.states()["bill:2"] == "posted"
