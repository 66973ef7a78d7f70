"""A document whose source names a transaction that QuickBooks had before, which then leaves it."""

import pytest

from hub.posting.actions import manual, retries
from hub.scheduling import runner
from tests.support.sources.every_kind_source import fuel_bill

FUEL = {"AccountRef": {"value": "7"}}


@pytest.fixture
def entered(shop):
    """Return the id of a bill that somebody entered in QuickBooks."""
    vendor = shop.books("Vendor")[0]["Id"]
    row = {
        "Amount": 10,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": FUEL,
    }
    fields = {"VendorRef": {"value": vendor}, "Line": [row]}
    id = shop.quickbooks.act("create", kind="Bill", set=fields)["Id"]
    runner.run_company_job("changes", 1, requested_by="kari")
    return id


def delete(shop, id):
    shop.quickbooks.act("delete", kind="Bill", id=id)
    runner.run_company_job("changes", 1, requested_by="kari")


def totals(shop):
    return [row["TotalAmt"] for row in shop.ours("Bill")]


def test_a_document_that_is_posted_again_is_known_to_be_in_the_books(shop, entered):
    shop.run(fuel_bill("10.00", hold="Not approved yet."))
    shop.run(fuel_bill("10.00", quickbooks_id=entered))
    delete(shop, entered)
    shop.run(fuel_bill("11.00"))
    retries.retry(shop.posting("bill:1").id, "kari")
    shop.run(wait=True)
    assert (totals(shop), shop.cases()) == ([11], [])
    shop.run(fuel_bill("30.00"))
    assert (shop.states()["bill:1"], totals(shop), shop.cases()) == ("posted", [30], [])


@pytest.mark.parametrize("hold", [None, "The client disputes it."])
def test_a_document_that_a_person_skipped_is_not_posted_when_it_changes(shop, entered, hold):
    shop.run(fuel_bill("10.00", quickbooks_id=entered))
    delete(shop, entered)
    manual.skip(shop.posting("bill:1").id, "Entered elsewhere.", "kari")
    shop.run(fuel_bill("30.00", hold=hold))
    shop.run(fuel_bill("40.00"))
    assert (shop.states()["bill:1"], totals(shop), shop.cases()) == ("skipped", [], [])


def test_a_skipped_document_is_posted_again_at_the_request_of_a_person(shop, entered):
    shop.run(fuel_bill("10.00", quickbooks_id=entered))
    delete(shop, entered)
    manual.skip(shop.posting("bill:1").id, "Entered elsewhere.", "kari")
    shop.run(fuel_bill("30.00"))
    retries.post_again(shop.posting("bill:1").id, "kari")
    shop.run(wait=True)
    assert (shop.states()["bill:1"], totals(shop), shop.cases()) == ("posted", [30], [])
