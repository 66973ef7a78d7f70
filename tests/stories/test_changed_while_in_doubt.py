"""A document that its source changes again while an earlier request of it is in doubt."""

import pytest

from hub import Gone
from hub.contract.states import Stage
from tests.support.sources.every_kind_source import ShopSite, fuel_bill


@pytest.fixture
def shop(app, quickbooks, clock):
    return ShopSite(app, quickbooks, clock, gone="delete")


def lose_response(shop, call, item):
    """Collect an item whose request is carried out, and the response to it lost."""
    shop.quickbooks.add_fault("lose_answer", call)
    assert shop.run(item)["bill:1"] == "unknown"


def totals(shop):
    return [row["TotalAmt"] for row in shop.ours("Bill")]


def resolve(shop):
    """Wait for the doubt, and collect what the source has once more."""
    shop.run(wait=True)
    return shop.run(wait=True)["bill:1"]


def test_a_change_that_is_taken_back_meanwhile_does_not_stay_in_the_books(shop):
    shop.run(fuel_bill())
    lose_response(shop, "bill.update", fuel_bill("20.00"))
    shop.run(fuel_bill())
    assert (resolve(shop), totals(shop), shop.cases()) == ("posted", [10], [])


def test_a_deleted_document_that_its_source_has_again_opens_a_case(shop):
    shop.run(fuel_bill())
    lose_response(shop, "bill.delete", Gone(source_id="bill:1"))
    shop.run(fuel_bill())
    assert (resolve(shop), totals(shop)) == ("held", [])
    assert "the source wants it again" in shop.reasons()[0]


def test_a_document_that_may_only_be_changed_meanwhile_is_changed(shop):
    lose_response(shop, "bill.create", fuel_bill("20.00"))
    shop.run(fuel_bill(stage=Stage.UPDATE_ONLY))
    assert (resolve(shop), totals(shop), shop.cases()) == ("posted", [10], [])


@pytest.mark.parametrize(
    ("stage", "reason"),
    [
        (Stage.PENDING, "Shop does not want it in the books yet."),
        (Stage.CLOSED, "Shop does not want it in the books."),
        (Stage.UPDATE_ONLY, "Shop no longer wants it to be created in QuickBooks."),
    ],
)
def test_a_document_that_never_arrived_is_not_sent_once_it_is_unwanted(shop, stage, reason):
    shop.quickbooks.add_fault("lose_request", "bill.create")
    shop.run(fuel_bill("20.00"))
    states = [shop.run(fuel_bill("20.00", stage=stage), wait=True)["bill:1"] for _ in range(3)]
    assert (states, shop.posting("bill:1").reason) == (["withdrawn"] * 3, reason)
    assert shop.run(fuel_bill("20.00"))["bill:1"] == "posted"
    assert (totals(shop), shop.cases()) == ([20], [])


@pytest.mark.parametrize("stage", [Stage.PENDING, Stage.CLOSED])
def test_a_document_that_arrived_before_it_was_unwanted_is_found(shop, stage):
    lose_response(shop, "bill.create", fuel_bill("20.00"))
    shop.run(fuel_bill("20.00", stage=stage), wait=True)
    assert (shop.states()["bill:1"], totals(shop)) == ("posted", [20])


def test_a_document_that_never_arrived_is_posted_as_its_source_has_it_again(shop):
    shop.quickbooks.add_fault("lose_request", "bill.create")
    shop.run(fuel_bill("20.00"))
    shop.run(Gone(source_id="bill:1"))
    assert shop.run(wait=True)["bill:1"] == "withdrawn"
    assert shop.run(fuel_bill("30.00"))["bill:1"] == "posted"
    assert (totals(shop), shop.cases()) == ([30], [])
