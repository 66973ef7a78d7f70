"""A document that waits for another one is posted after it, or reaches the inbox after a day."""

import datetime as dt
from dataclasses import replace

import pytest

from tests.support.sources.every_kind_source import CLIENT, ShopSite, document, invoice, line


@pytest.fixture
def shop(app, quickbooks, clock):
    return ShopSite(app, quickbooks, clock)


def payment(of="invoice:1"):
    return document(
        "payment", "payment:1", line("1", "60.00", pays=of), total="60.00", client=CLIENT
    )


def wait_for_a_day(shop, clock):
    """Let an hour less than a day pass, and then two hours more, with a run after each."""
    clock.advance(23 * 3600)
    shop.run()
    silent = shop.cases()
    clock.advance(2 * 3600)
    shop.run()
    return silent, shop.cases()


def test_a_payment_of_an_invoice_that_never_comes_reaches_the_inbox(shop, clock):
    assert shop.run(payment())["payment:1"] == "waiting"
    silent, cases = wait_for_a_day(shop, clock)
    assert (silent, len(cases)) == ([], 1)
    (reason,) = shop.reasons()
    assert reason == (
        "It waits for invoice:1, which the source has not shown yet. If it never will, because it"
        " is from before the start date, press Skip and enter this one in QuickBooks by hand."
    )


def test_a_payment_of_an_invoice_that_stays_a_draft_reaches_the_inbox(shop, clock):
    draft = replace(invoice(), stage="pending", hold="It is not sent.")
    shop.run(draft, payment())
    silent, cases = wait_for_a_day(shop, clock)
    assert (silent, len(cases)) == ([], 1)
    assert shop.reasons()[0].endswith("which is not posted yet: It is not sent.")


def test_a_payment_that_waited_long_is_posted_with_its_invoice(shop, clock):
    shop.run(payment())
    wait_for_a_day(shop, clock)
    shop.run(invoice(date=dt.date(2026, 3, 3)))
    states = shop.run()
    assert (states["payment:1"], shop.cases()) == ("posted", [])
    assert shop.book("Invoice", "invoice:1")["Balance"] == 40
