"""A change that QuickBooks refused, and a later one against the same version."""

import pytest

from hub.posting.actions import manual, undo
from hub.scheduling import runner
from tests.support.sources.every_kind_source import SUPPLIER, ShopSite, document, line


@pytest.fixture
def shop(app, quickbooks, clock):
    """Return a shop with a posted bill whose memo somebody has completed in QuickBooks.

    QuickBooks therefore has a newer version than the hub has written, as after each new file.
    """
    shop = ShopSite(app, quickbooks, clock)
    shop.run(bill("10.00"))
    stored = shop.book("Bill", "bill:1")
    memo = f"{stored['PrivateNote']} Paid by card."
    quickbooks.act("edit", kind="Bill", id=stored["Id"], set={"PrivateNote": memo})
    return shop


def bill(amount):
    row = line("1", amount, cost="Fuel")
    return document("bill", "bill:1", row, total=amount, supplier=SUPPLIER)


def refuse(shop, call):
    shop.quickbooks.add_fault("refusal", call, code="6000")


def skip(shop):
    manual.skip(shop.posting("bill:1").id, "The old amount is right.", "kari")


def take_back(shop):
    shop.run(bill("10.00"))


@pytest.mark.parametrize("end", [skip, take_back])
def test_the_next_change_has_a_key_of_its_own(shop, end):
    refuse(shop, "bill.update")
    assert shop.run(bill("20.00"))["bill:1"] == "held"
    refused = shop.posting("bill:1")
    end(shop)
    shop.put(bill("30.00"))
    run = runner.sync(shop.id, requested_by="kari")
    assert (run.outcome, shop.cases(), shop.book("Bill", "bill:1")["TotalAmt"]) == ("done", [], 30)
    assert shop.posting("bill:1").requestid != refused.requestid


def test_a_removal_can_follow_one_that_was_skipped(shop):
    refuse(shop, "bill.delete")
    undo.undo(undo.plan_posting(shop.posting("bill:1").id), "kari")
    assert shop.run()["bill:1"] == "held"
    skip(shop)
    undo.undo(undo.plan_posting(shop.posting("bill:1").id), "kari")
    shop.run()
    assert (shop.ours("Bill"), shop.cases()) == ([], [])


def test_a_change_that_was_in_doubt_before_it_was_refused_creates_no_second_bill(shop):
    shop.quickbooks.add_fault("lose_request", "bill.update")
    assert shop.run(bill("20.00"))["bill:1"] == "unknown"
    refuse(shop, "bill.update")
    assert shop.run(wait=True)["bill:1"] == "held"
    assert shop.run(bill("30.00"), wait=True)["bill:1"] == "posted"
    assert [row["TotalAmt"] for row in shop.ours("Bill")] == [30]
