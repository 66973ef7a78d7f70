"""A change of a posted document that waits for a person while something else happens to it."""

import pytest

from hub import Unreadable
from hub.db.engine import transaction
from hub.installations import enable
from hub.outbox import approve_all
from hub.posting.actions import manual, overwrites, retries, undo
from hub.scheduling import runner
from tests.support.sources.every_kind_source import SUPPLIER, ShopSite, document, line


def bill(amount, total=None, cost="Fuel"):
    row = line("1", amount, cost=cost)
    return document("bill", "bill:1", row, total=total or amount, supplier=SUPPLIER)


def totals(shop):
    return [row["TotalAmt"] for row in shop.ours("Bill")]


@pytest.fixture
def asking_shop(app, quickbooks, clock):
    """Return a shop about whose changed bill a person is asked."""
    shop = ShopSite(app, quickbooks, clock, changed="hold")
    shop.run(bill("10.00"))
    assert shop.run(bill("20.00"))["bill:1"] == "held"
    assert "Press Retry" in shop.reasons()[0]
    return shop


def test_a_retry_sends_no_change_whose_lines_do_not_add_up_since(asking_shop):
    asking_shop.run(bill("20.00", total="25.00"))
    assert "5.00 USD off" in asking_shop.reasons()[0]
    retries.retry(asking_shop.posting("bill:1").id, "kari")
    runner.post(asking_shop.id, requested_by="kari")
    assert (asking_shop.states()["bill:1"], totals(asking_shop)) == ("held", [10])


def test_a_change_with_a_code_without_a_match_since_is_held_for_the_code(asking_shop):
    asking_shop.run(bill("20.00", cost="Nothing like it"))
    (title,) = asking_shop.cases()
    assert "Nothing like it" in str(title)


def test_a_change_that_was_corrected_asks_the_person_again(asking_shop):
    asking_shop.run(bill("20.00", total="25.00"))
    asking_shop.run(bill("25.00"))
    assert "Press Retry" in asking_shop.reasons()[0]
    retries.retry(asking_shop.posting("bill:1").id, "kari")
    assert asking_shop.run(wait=True)["bill:1"] == "posted"
    assert (totals(asking_shop), asking_shop.cases()) == ([25], [])


def test_a_change_is_planned_again_if_the_removal_in_its_place_is_skipped(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock)
    shop.run(bill("10.00"))
    enable.set_mode(shop.id, "review", who="kari")
    change = shop.run(bill("20.00"))
    assert change["bill:1"] == "review"
    plan = undo.plan_posting(shop.posting("bill:1").id)
    assert undo.undo(plan, "kari") == 1
    manual.skip(shop.posting("bill:1").id, "It stays.", "kari")
    enable.set_mode(shop.id, "auto", who="kari")
    shop.run()
    assert (totals(shop), shop.cases()) == ([20], [])


def edit_in_quickbooks(shop, amount):
    stored = shop.book("Bill", "bill:1")
    row = {**stored["Line"][0], "Amount": amount}
    shop.quickbooks.act("edit", kind="Bill", id=stored["Id"], set={"Line": [row]})


def test_a_change_that_was_taken_back_writes_over_no_later_edit(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock)
    shop.run(bill("10.00"))
    edit_in_quickbooks(shop, 15)
    assert shop.run(bill("20.00"))["bill:1"] == "held"
    change = shop.posting("bill:1")
    overwrites.permit(change.id, shop.book("Bill", "bill:1")["SyncToken"], "kari")
    shop.run(bill("10.00"))

    edit_in_quickbooks(shop, 17)
    shop.run(bill("30.00"))
    with transaction() as session:
        approve_all(session, shop.id, "kari")
    shop.run(wait=True)
    assert (shop.states()["bill:1"], totals(shop)) == ("held", [17])


def test_a_change_whose_document_cannot_be_read_since_is_not_sent(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock)
    shop.run(bill("10.00"))
    enable.set_mode(shop.id, "review", who="kari")
    assert shop.run(bill("20.00"))["bill:1"] == "review"
    states = shop.run(Unreadable(source_id="bill:1", reason="It has no date."))
    assert (states["bill:1"], shop.reasons()) == ("held", ["It has no date."])
    with transaction() as session:
        approve_all(session, shop.id, "kari")
    shop.run()
    assert (totals(shop), len(shop.cases())) == ([10], 1)
    assert shop.run(bill("10.00"))["bill:1"] == "withdrawn"
    assert (totals(shop), shop.cases()) == ([10], [])
