"""A backup that is two weeks old is restored; documents were posted and changed since."""

import pytest

from hub.db.engine import read_only_session
from hub.posting.recovery import restore
from hub.qbo.oauth import connect as oauth_connect
from hub.qbo.oauth import tokens
from hub.scheduling import runner
from tests.support.processes.restored_database import put_back
from tests.support.sources.every_kind_source import ShopSite, invoice

DAY = 24 * 3600


@pytest.fixture
def shop(app, quickbooks, clock):
    """Return a shop with three posted invoices, at a QuickBooks that ignores repeated keys."""
    quickbooks.switch(requestid="ignore")
    shop = ShopSite(app, quickbooks, clock)
    posted = [invoice(f"invoice:{n}", f"{n}00.00") for n in (1, 2, 3)]
    assert set(shop.run(*posted).values()) == {"posted"}
    return shop


def work_for_two_weeks(shop, clock):
    """Change and post invoices, remove two, and change others after the last run.

    Return the token with which a person can connect the company again.
    """
    clock.advance(DAY)
    new = [invoice("invoice:4", "40.00"), invoice("invoice:5", "50.00")]
    shop.run(invoice("invoice:1", "120.00"), *new)
    shop.run(invoice("invoice:2", "220.00"))
    for act, source_id in (("void", "invoice:3"), ("delete", "invoice:5")):
        shop.quickbooks.act(act, kind="Invoice", id=shop.book("Invoice", source_id)["Id"])
    clock.advance(13 * DAY)
    shop.put(invoice("invoice:2", "230.00"), invoice("invoice:4", "44.00"))
    with read_only_session() as session:
        return tokens.get_refresh_token(session, shop.company_id)


@pytest.mark.parametrize("first", ["sync", "changes", "reconcile"])
def test_nothing_is_posted_twice_changed_back_or_posted_again(app, shop, clock, tmp_path, first):
    token = []
    put_back(app, tmp_path, lambda: token.append(work_for_two_weeks(shop, clock)))
    restore.declare_restore()
    oauth_connect.connect_with_refresh_token(shop.realm, token[0])
    writes = shop.writes()
    if first != "sync":
        runner.run_company_job(first, shop.company_id, requested_by="kari")
    states = shop.run(wait=True)
    clock.advance(DAY)
    runner.run_company_job("reconcile", shop.company_id, requested_by="kari")
    held = {source_id for source_id, state in states.items() if state == "held"}
    assert (shop.writes() - writes, held) == (0, {"invoice:2", "invoice:5"})
    assert sorted(one["TotalAmt"] for one in shop.ours("Invoice")) == [0, 40, 120, 220]
    assert sorted(map(str, shop.cases())) == [
        "Changed in QuickBooks",  # invoice 2, which the hub had changed meanwhile
        "Our change was not written",  # the later change of invoice 2
        "Posted and deleted, or never arrived?",  # invoice 5
        "Posted but differs",  # invoice 4
        "Voided in QuickBooks",  # invoice 3
    ]
