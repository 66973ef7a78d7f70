"""A company whose QuickBooks refuses some lists or kinds gets its other documents posted."""

import json

import pytest

from hub.db.engine import transaction
from hub.models import ListState
from hub.posting.send.run import drain
from tests.support.sources.costtracker_site import CostTrackerSite
from tests.support.sources.every_kind_source import ShopSite, independent_document

NOT_LISTED = "Documents of the kind “supplier credit” cannot be looked up in QuickBooks"


@pytest.fixture
def shop(app, quickbooks, clock):
    """Return a new shop at a company whose edition does not list supplier credits."""
    quickbooks.add_fault("refusal", "query.vendorcredit", code="5020", count=0)
    return ShopSite(app, quickbooks, clock)


def test_an_app_posts_what_the_edition_has_and_holds_the_rest(shop):
    states = shop.run(independent_document("bill"), independent_document("vendor_credit"))
    assert (states["bill:1"], states["return:1"]) == ("posted", "held")
    assert shop.cases() == [NOT_LISTED]
    assert shop.run()["return:1"] == "held"
    assert shop.cases() == [NOT_LISTED]
    assert shop.books("VendorCredit") == []


def test_a_bill_is_posted_though_expenses_are_not_listed_as_which_it_may_have_been_entered(
    app, quickbooks, clock
):
    quickbooks.add_fault("refusal", "query.purchase", code="5020", count=0)
    site = CostTrackerSite(app, quickbooks, clock)
    site.enable()
    id = site.receive()
    site.sync()
    assert (len(site.posted(id)), site.cases()) == (1, {})


def test_what_was_held_is_posted_by_the_run_that_can_list_it(shop):
    shop.run(independent_document("vendor_credit"))
    shop.quickbooks.faults.clear()
    assert shop.run()["return:1"] == "posted"
    assert (shop.cases(), len(shop.books("VendorCredit"))) == ([], 1)


def test_an_edition_without_classes_and_locations_gets_its_documents(app, quickbooks, clock):
    for query in ("query.class", "query.department"):
        quickbooks.add_fault("refusal", query, code="5020", count=0)
    with transaction() as session:
        for name in ("class", "location"):
            session.delete(session.get_one(ListState, (1, name)))
    shop = ShopSite(app, quickbooks, clock)
    assert shop.run(independent_document("bill"))["bill:1"] == "posted"
    assert shop.cases() == [
        f"QuickBooks does not list records of the kind “{kind}”" for kind in ("class", "location")
    ]
    clock.advance(25 * 3600)
    quickbooks.faults.clear()
    assert shop.run(independent_document("bill"))["bill:1"] == "posted"
    assert shop.cases() == []


def test_nothing_is_posted_before_the_transactions_to_compare_with_were_downloaded(shop):
    shop.run(independent_document("vendor_credit"))
    shop.quickbooks.faults.clear()
    drain(shop.company_id)
    assert shop.states()["return:1"] == "held"


def test_an_own_credit_that_people_entered_meanwhile_is_found_once_it_is_listed(shop):
    shop.run(independent_document("bill"), independent_document("vendor_credit"))
    planned = json.loads(shop.posting("return:1").payload)
    body = {
        "VendorRef": shop.books("Bill")[0]["VendorRef"],
        "TxnDate": planned["TxnDate"],
        "Line": [
            {
                "DetailType": "AccountBasedExpenseLineDetail",
                "Amount": 2,
                "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
            }
        ],
    }
    shop.quickbooks.act("create", kind="VendorCredit", set=body)
    shop.quickbooks.faults.clear()
    assert shop.run()["return:1"] == "held"
    assert shop.cases() == ["Perhaps in QuickBooks already"]
