"""Documents that count although they are older than what each sync searches QuickBooks for."""

import datetime as dt

import pytest

from hub import Code
from hub.db.engine import read_only_session, transaction
from hub.models import Installation, ListState
from tests.support.sources.every_kind_source import document, line

DECEMBER = dt.date(2025, 12, 20)  # before the first day that counts, which is in January
RECEIVED = dt.date(2026, 1, 3)
YEARS_AGO = dt.date(2023, 5, 6)
FUEL = {"AccountRef": {"value": "7"}}


def enter_by_hand(shop, date):
    """Enter a bill of 10.00 in QuickBooks before the first sync; return its supplier as a code."""
    vendor = shop.books("Vendor")[0]
    row = {
        "Amount": 10,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": FUEL,
    }
    fields = {"VendorRef": {"value": vendor["Id"]}, "Line": [row], "TxnDate": date.isoformat()}
    shop.quickbooks.act("create", kind="Bill", set=fields)
    return Code(id="v", name=vendor["DisplayName"], quickbooks_id=vendor["Id"])


def bill(id, supplier, date, **more):
    row = line("1", "10.00", cost="Fuel")
    return document("bill", id, row, total="10.00", supplier=supplier, date=date, **more)


def forget_first_day(shop):
    with transaction() as session:
        session.get_one(Installation, shop.id).start_date = None


def searched_since():
    """Return the day from which QuickBooks was searched for bills."""
    with read_only_session() as session:
        return session.get_one(ListState, (1, "heads:bill")).since


def test_a_document_that_was_received_after_the_first_day_is_compared_with_older_ones(shop):
    supplier = enter_by_hand(shop, DECEMBER)
    other_day = DECEMBER - dt.timedelta(days=1)
    states = shop.run(
        bill("bill:1", supplier, DECEMBER, received=RECEIVED),
        bill("bill:2", supplier, other_day, received=RECEIVED),
    )
    assert states == {"bill:1": "held", "bill:2": "posted"}
    assert "QuickBooks already has one of the same day and total" in shop.reasons()[0]


def test_a_document_that_is_too_early_is_not_searched_for(shop):
    supplier = enter_by_hand(shop, DECEMBER)
    assert shop.run(bill("bill:1", supplier, DECEMBER)) == {"bill:1": "withdrawn"}
    assert searched_since() == dt.date(2026, 1, 1)


@pytest.mark.parametrize("date", [YEARS_AGO, dt.date(2025, 12, 20)])
def test_without_a_first_day_every_document_is_compared(shop, date):
    supplier = enter_by_hand(shop, date)
    forget_first_day(shop)
    assert shop.run(bill("bill:1", supplier, date)) == {"bill:1": "held"}


def test_a_nonsensical_date_stops_no_other_document(shop):
    supplier = enter_by_hand(shop, DECEMBER)
    forget_first_day(shop)
    wrong = bill("bill:1", supplier, dt.date(202, 3, 2))
    states = shop.run(wrong, bill("bill:2", supplier, DECEMBER))
    assert states["bill:2"] == "held"


def test_quickbooks_is_searched_once_for_several_older_documents(shop):
    supplier = enter_by_hand(shop, DECEMBER)
    shop.run(bill("bill:1", supplier, DECEMBER, received=RECEIVED))
    first = searched_since()
    shop.run(bill("bill:2", supplier, DECEMBER - dt.timedelta(days=90), received=RECEIVED))
    assert (first < DECEMBER, searched_since()) == (True, first)
