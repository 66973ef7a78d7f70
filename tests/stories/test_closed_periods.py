"""Documents in a closed period are posted once the period is opened, without a Retry."""

import datetime as dt

import pytest
from sqlalchemy import func, select, update

from hub.db.engine import read_only_session, transaction
from hub.models import Case, ConnectedCompany
from hub.posting.actions import manual, retries
from hub.scheduling import runner
from tests.support.sources.every_kind_source import SUPPLIER, ShopSite, document, line

TITLE = "The books are closed up to 31 Dec 2026"
BATCHES = pytest.mark.parametrize("batches", ["single", "batch"])


def bill(number=1, amount="10.00", **more):
    row = line("1", amount, cost="Fuel")
    return document("bill", f"bill:{number}", row, total=amount, supplier=SUPPLIER, **more)


@pytest.fixture
def shop(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock)
    shop.clock = clock
    return shop


def close_books(shop, date="2026-12-31", **more):
    shop.quickbooks.act("close_books", date=date, **more)


def count_readings(shop):
    return sum(entry["path"].endswith("/preferences") for entry in shop.quickbooks.log.entries())


def count_cases():
    """Return how many cases were opened, whether or not they are closed."""
    with read_only_session() as session:
        return session.scalar(select(func.count()).select_from(Case))


def states(shop):
    return {id: state for id, state in shop.states().items() if id.startswith("bill")}


def pass_time(shop, minutes=70):
    shop.clock.advance(minutes * 60)
    shop.quickbooks.clock.advance(minutes * 60)


def test_documents_held_by_the_check_are_sent_by_the_run_after_the_period_was_opened(shop):
    close_books(shop)
    runner.run_company_job("lists", 1, requested_by="schedule")
    shop.run(bill(1), bill(2))
    assert (set(states(shop).values()), shop.cases()) == ({"held"}, [TITLE])
    close_books(shop, None)
    pass_time(shop)
    shop.run()
    assert (states(shop), shop.cases()) == ({"bill:1": "posted", "bill:2": "posted"}, [])


@BATCHES
def test_documents_that_quickbooks_refused_are_sent_by_the_run_after_it_was_opened(shop, batches):
    with transaction() as session:
        session.execute(update(ConnectedCompany).values(batches=batches))
    close_books(shop)
    shop.run(bill(1), bill(2))
    assert (set(states(shop).values()), shop.cases()) == ({"held"}, [TITLE])
    assert count_cases() == 1
    close_books(shop, None)
    pass_time(shop)
    shop.run()
    assert (states(shop), shop.cases()) == ({"bill:1": "posted", "bill:2": "posted"}, [])
    assert [len(shop.ours("Bill")), len(shop.ours("Vendor"))] == [2, 1]


def test_a_refusal_that_the_closing_date_explains_later_keeps_its_case(shop):
    """Documents of the same app that the check holds share the case."""
    close_books(shop, "2026-01-31")
    runner.run_company_job("lists", 1, requested_by="schedule")
    shop.quickbooks.add_fault("refusal", "bill.create", code="6210")
    shop.run(bill(1))
    assert shop.cases() == ["Closed period"]
    shop.run(bill(2, date=dt.date(2026, 1, 15)))
    assert (states(shop), count_cases()) == ({"bill:1": "held", "bill:2": "held"}, 1)
    close_books(shop)
    pass_time(shop)
    shop.run()
    assert (shop.cases(), count_cases()) == ([TITLE], 1)
    close_books(shop, None)
    pass_time(shop)
    shop.run()
    assert (states(shop), shop.cases()) == ({"bill:1": "posted", "bill:2": "posted"}, [])


def test_a_refused_change_is_sent_by_the_run_after_the_period_was_opened(shop):
    shop.run(bill())
    close_books(shop)
    shop.run(bill(amount="20.00"))
    assert (shop.posting("bill:1").state, shop.cases()) == ("held", [TITLE])
    close_books(shop, None)
    pass_time(shop)
    shop.run()
    (stored,) = shop.ours("Bill")
    assert (stored["TotalAmt"], shop.posting("bill:1").state, shop.cases()) == (20, "posted", [])


def test_a_document_that_is_still_closed_stays_held_and_is_not_sent_again(shop):
    close_books(shop)
    shop.run(bill())
    writes = shop.writes()
    for _ in range(3):
        pass_time(shop)
        shop.run()
    assert (states(shop), shop.writes(), shop.cases()) == ({"bill:1": "held"}, writes, [TITLE])


def test_the_closing_date_is_read_once_an_hour_at_most_however_many_documents_wait(shop):
    close_books(shop)
    shop.run(*(bill(number) for number in range(20)))
    readings = count_readings(shop)
    for _ in range(12):
        pass_time(shop, minutes=10)
        shop.run()
    assert count_readings(shop) - readings <= 2


def test_a_skip_that_is_taken_back_after_the_period_was_opened_is_sent_at_once(shop):
    close_books(shop)
    runner.run_company_job("lists", 1, requested_by="schedule")
    shop.run(bill())
    id = shop.posting("bill:1").id
    manual.skip(id, "Not this year", "kari")
    close_books(shop, None)
    retries.take_back_skip(id, "kari")
    shop.run()
    assert (states(shop), shop.cases()) == ({"bill:1": "posted"}, [])
