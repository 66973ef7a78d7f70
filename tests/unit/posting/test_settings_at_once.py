"""Settings that a person changes on PostgreSQL while held postings are released by them."""

import pytest

from hub.installations import enable
from hub.posting import releases
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import runner
from tests.support.servers.blocked_transactions import start_beside
from tests.support.sources.every_kind_source import SLUG, SUPPLIER, ShopSite, document, line
from tests.support.sources.stand_in_fixtures import mount_quickbooks


@pytest.fixture
def shop(pg_app, clock):
    quickbooks = mount_quickbooks(pg_app, clock)
    company = oauth_connect.connect_with_refresh_token(
        quickbooks.realm, quickbooks.refresh_tokens[quickbooks.realm]
    )
    record_download.refresh(company.id)
    shop = ShopSite(pg_app, quickbooks, clock, company=company)
    body = line("1", "42.00", cost="Fuel")
    shop.put(document("bill", "bill:1", body, total="42.00", supplier=SUPPLIER, number="B-1"))
    return shop


# The functions that release the bill, and then its supplier.
RELEASED = {"release_checked": "bill:1", "resume": "s1"}


@pytest.mark.parametrize("release", RELEASED)
def test_a_review_holds_for_what_is_being_released(pg_app, shop, clock, monkeypatch, release):
    close_books(shop, "2026-03-31")
    assert shop.run()["bill:1"] == "held"
    close_books(shop, None)
    threads = []
    released = getattr(releases, release)

    def release_beside(session, *args):
        monkeypatch.setattr(releases, release, released)
        threads.append(start_beside(pg_app, session, lambda: review(shop)))
        return released(session, *args)

    monkeypatch.setattr(releases, release, release_beside)
    clock.advance(60)
    runner.post(shop.id, requested_by="kari")
    threads[0].join()
    assert shop.states()[RELEASED[release]] == "review"
    assert (shop.ours("Vendor"), shop.ours("Bill")) == ([], [])


def review(shop):
    enable.change(shop.company_id, SLUG, {}, who="kari", mode="review")


def close_books(shop, date):
    shop.quickbooks.act("close_books", date=date)
    record_download.refresh(shop.company_id)
