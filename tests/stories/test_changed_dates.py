"""The due date that QuickBooks works out follows the date and the terms of the source."""

import datetime as dt

import pytest

from hub.posting.actions import overwrites
from tests.support.sources.every_kind_source import (
    CLIENT,
    PRODUCT,
    SUPPLIER,
    document,
    line,
)

FIRST, LATER = dt.date(2026, 3, 2), dt.date(2026, 4, 20)
NET_15, NET_30 = "2", "3"


def bill(**more):
    row = line("1", "10.00", cost="Fuel")
    return document("bill", "paper:1", row, total="10.00", supplier=SUPPLIER, **more)


def invoice(**more):
    row = line("1", "10.00", product=PRODUCT)
    return document("invoice", "paper:1", row, total="10.00", client=CLIENT, **more)


KINDS = [(bill, "Bill"), (invoice, "Invoice")]


def read(site, kind):
    assert (site.states()["paper:1"], site.reasons(), site.cases()) == ("posted", [], [])
    return site.book(kind, "paper:1")


@pytest.mark.parametrize(("paper", "kind"), KINDS)
def test_the_due_date_that_quickbooks_worked_out_follows_the_date(shop, paper, kind):
    shop.run(paper(date=FIRST))
    days = dt.date.fromisoformat(read(shop, kind)["DueDate"]) - FIRST
    for date in (LATER, FIRST):
        shop.run(paper(date=date))
        assert read(shop, kind)["DueDate"] == str(date + days)


@pytest.mark.parametrize(("paper", "kind"), KINDS)
def test_the_due_date_that_quickbooks_worked_out_follows_the_terms(shop, paper, kind):
    for term, days in ((NET_30, 30), (NET_15, 15), (NET_30, 30)):
        shop.run(paper(date=FIRST, term=term))
        assert read(shop, kind)["DueDate"] == str(FIRST + dt.timedelta(days))


def test_the_due_date_of_former_terms_is_not_kept(shop):
    shop.run(bill(date=FIRST, term=NET_30))
    shop.run(bill(date=FIRST))
    assert read(shop, "Bill")["DueDate"] == str(FIRST)


@pytest.mark.parametrize(("paper", "kind"), KINDS)
def test_a_due_date_that_a_person_entered_stays(shop, paper, kind):
    shop.run(paper(date=FIRST, term=NET_30))
    id = read(shop, kind)["Id"]
    shop.quickbooks.act("edit", kind=kind, id=id, set={"DueDate": "2026-12-24"})
    shop.run(paper(date=LATER, term=NET_15))
    version = shop.book(kind, "paper:1")["SyncToken"]
    overwrites.permit(shop.posting("paper:1").id, version, "kari")
    shop.run()
    changed = read(shop, kind)
    assert (changed["TxnDate"], changed["DueDate"]) == (str(LATER), "2026-12-24")


@pytest.mark.parametrize(("paper", "kind"), KINDS)
def test_a_due_date_of_the_source_is_its_own(shop, paper, kind):
    due = dt.date(2026, 5, 1)
    shop.run(paper(date=FIRST))
    for date in (LATER, FIRST):
        shop.run(paper(date=date, due=due, term=NET_15))
        assert read(shop, kind)["DueDate"] == str(due)
