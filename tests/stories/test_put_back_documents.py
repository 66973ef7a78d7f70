"""What becomes of a document that is to be put back, while its source or a person decides anew."""

from dataclasses import replace

import pytest

from hub.posting.actions import manual, put_back, retries
from hub.scheduling import runner
from tests.support.sources.every_kind_source import ShopSite, fuel_bill


@pytest.fixture
def shop(app, quickbooks, clock):
    """Return a shop whose bill was edited in QuickBooks and is to be put back; that is held."""
    shop = ShopSite(app, quickbooks, clock)
    shop.run(fuel_bill(), wait=True)
    (posted,) = shop.ours("Bill")
    quickbooks.act("edit", kind="Bill", id=posted["Id"], set={"TxnDate": "2026-03-05"})
    poll(shop)
    assert shop.cases() == ["Changed in QuickBooks"]
    (edited,) = shop.ours("Bill")
    put_back.put_back(shop.posting("bill:1").id, edited["SyncToken"], "kari")
    quickbooks.act("close_books", date="2026-12-31")
    shop.run(wait=True)
    assert shop.posting("bill:1").state == "held"
    return shop


def poll(shop):
    """Let the hub notice what others changed."""
    shop.quickbooks.clock.advance(4000)
    runner.run_company_job("changes", 1, requested_by="kari")


def test_it_is_put_back_after_a_skip_that_was_taken_back(shop, quickbooks):
    update = shop.posting("bill:1")
    manual.skip(update.id, "Not now", "kari")
    shop.run(wait=True)
    quickbooks.act("close_books", date=None)
    poll(shop)
    retries.take_back_skip(update.id, "kari")
    shop.run(wait=True)
    (present,) = shop.ours("Bill")
    assert (shop.posting("bill:1").state, present["TxnDate"]) == ("posted", "2026-03-02")


@pytest.mark.parametrize(
    "meanwhile", [fuel_bill("12.00"), replace(fuel_bill(), hold="It is not sure.")]
)
def test_its_case_opens_again_if_what_replaced_it_is_taken_back(shop, quickbooks, meanwhile):
    shop.run(meanwhile, wait=True)
    shop.run(fuel_bill(), wait=True)
    poll(shop)
    (present,) = shop.ours("Bill")
    assert (present["TxnDate"], shop.cases()) == ("2026-03-05", ["Changed in QuickBooks"])


@pytest.mark.parametrize("is_read_between", [False, True])
def test_its_question_is_taken_back_once_the_edits_are_undone_in_quickbooks(
    app, quickbooks, clock, is_read_between
):
    shop = ShopSite(app, quickbooks, clock)
    shop.run(fuel_bill(), wait=True)
    (posted,) = shop.ours("Bill")
    edit_date(shop, "2026-03-05")
    put_back.put_back(shop.posting("bill:1").id, "1", "kari")
    quickbooks.act("edit", kind="Bill", id=posted["Id"], set={"TxnDate": "2026-03-06"})
    shop.run(wait=True)
    if is_read_between:
        poll(shop)
    assert str(shop.cases()[0]) == "Our change was not written"
    edit_date(shop, posted["TxnDate"])
    assert shop.cases() == []
    shop.run(wait=True)
    (present,) = shop.ours("Bill")
    assert (shop.posting("bill:1").state, present["TxnDate"]) == ("posted", posted["TxnDate"])


def test_a_change_is_sent_once_the_edit_that_held_it_is_undone_in_quickbooks(
    app, quickbooks, clock
):
    shop = ShopSite(app, quickbooks, clock)
    shop.run(fuel_bill(), wait=True)
    edit_date(shop, "2026-03-05")
    shop.run(fuel_bill("12.00"), wait=True)
    assert shop.posting("bill:1").state == "held"
    edit_date(shop, "2026-03-06")
    shop.run(wait=True)
    assert "Our change was not written" in map(str, shop.cases())
    edit_date(shop, "2026-03-02")
    shop.run(wait=True)
    (present,) = shop.ours("Bill")
    assert (present["TotalAmt"], shop.cases()) == (12, [])


def edit_date(shop, date):
    """Edit the bill as a person does in QuickBooks, and let the hub notice it."""
    (present,) = shop.ours("Bill")
    shop.quickbooks.act("edit", kind="Bill", id=present["Id"], set={"TxnDate": date})
    poll(shop)
