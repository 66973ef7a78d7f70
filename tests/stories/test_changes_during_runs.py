"""What a person changes while a run is under way holds for everything that is not sent yet."""

import datetime as dt

import pytest
from sqlalchemy import select

from hub import hookimpl
from hub.collect.run import collect
from hub.db.engine import read_only_session, transaction
from hub.installations import enable, matches
from hub.models import Installation, RunLine
from hub.qbo.client import Client
from hub.scheduling import runner
from tests.support.sources.every_kind_source import (
    SLUG,
    SUPPLIER,
    ShopSite,
    ShopSource,
    document,
    line,
)

PAUSED_NOTE = "was paused or disabled during this run"


class Store(ShopSource):
    """A shop during whose reading something happens."""

    def __init__(self):
        super().__init__()
        self.happens = lambda: None

    @hookimpl
    def hub_documents(self, app, site, cursors, ids):
        self.happens()
        yield from super().hub_documents(app=app, site=site, cursors=cursors, ids=ids)


@pytest.fixture
def shop(app, quickbooks, clock):
    """Return an automatic app with a bill that waits for its new supplier."""
    shop = ShopSite(app, quickbooks, clock, source=Store())
    body = line("1", "42.00", cost="Fuel")
    shop.put(document("bill", "bill:1", body, total="42.00", supplier=SUPPLIER, number="B-1"))
    collect(shop.id)
    return shop


def pause(shop):
    enable.set_mode(shop.id, "paused", who="kari")


def disable(shop):
    enable.disable(shop.company_id, SLUG, who="kari")


def resume(shop):
    enable.enable(shop.company_id, SLUG, {}, who="kari", mode="auto")


def match(shop, code, record):
    with transaction() as session:
        installation = session.get_one(Installation, shop.id)
        matches.store_decision(session, installation, "cost", code, record, who="kari")


def find_account(shop, name):
    (account,) = (entity for entity in shop.books("Account") if entity["Name"] == name)
    return account["Id"]


def notes(run):
    with read_only_session() as session:
        return list(session.scalars(select(RunLine.text).where(RunLine.run_id == run.id)))


@pytest.fixture
def after_first_create(monkeypatch):
    """Return a function that lets something happen when the first record was created."""
    create = Client.create

    def arrange(act):
        def create_and_act(self, *args, **options):
            monkeypatch.setattr(Client, "create", create)
            response = create(self, *args, **options)
            with self._flask.app_context():
                act()
            return response

        monkeypatch.setattr(Client, "create", create_and_act)

    return arrange


@pytest.mark.parametrize("rest", [pause, disable])
def test_nothing_is_sent_after_a_reading_during_which_the_app_was_paused(shop, rest):
    shop.source.happens = lambda: rest(shop)
    run = runner.sync(shop.id, requested_by="kari")
    assert (shop.writes(), shop.states()["bill:1"]) == (0, "waiting")
    assert any(PAUSED_NOTE in text for text in notes(run))

    shop.source.happens = lambda: None
    resume(shop)
    assert shop.run() == {"s1": "posted", "bill:1": "posted"}


@pytest.mark.parametrize("rest", [pause, disable])
def test_a_request_under_way_is_the_last_that_a_paused_app_sends(shop, after_first_create, rest):
    after_first_create(lambda: rest(shop))
    run = runner.post(shop.id, requested_by="kari")
    assert shop.writes() == 1
    assert shop.states()["s1"] == "posted"
    assert shop.states()["bill:1"] in ("ready", "waiting")
    assert any(PAUSED_NOTE in text for text in notes(run))

    resume(shop)
    assert shop.run() == {"s1": "posted", "bill:1": "posted"}


def test_a_changed_match_counts_for_postings_that_are_not_sent_yet(shop, clock, after_first_create):
    advertising = find_account(shop, "Advertising")

    def match_otherwise():
        clock.advance(1)
        match(shop, "Fuel", advertising)

    after_first_create(match_otherwise)
    run = runner.post(shop.id, requested_by="kari")
    assert (run.outcome, shop.states()["bill:1"]) == ("done", "posted")
    (bill,) = shop.ours("Bill")
    account = bill["Line"][0]["AccountBasedExpenseLineDetail"]["AccountRef"]["value"]
    assert (account, bill["SyncToken"]) == (advertising, "0")


@pytest.mark.parametrize("is_matched_before", [True, False])
def test_a_match_beside_a_clock_that_was_set_back_counts_and_delays_nothing(
    shop, clock, is_matched_before
):
    advertising = find_account(shop, "Advertising")
    clock.advance(60)
    if is_matched_before:
        match(shop, "Fuel", advertising)
    clock.set(clock.now() - dt.timedelta(days=30))
    if not is_matched_before:
        match(shop, "Fuel", advertising)
    run = runner.post(shop.id, requested_by="kari")
    assert (run.outcome, shop.states()["bill:1"]) == ("done", "posted")
    (bill,) = shop.ours("Bill")
    account = bill["Line"][0]["AccountBasedExpenseLineDetail"]["AccountRef"]["value"]
    assert account == advertising


def test_a_posting_that_the_checks_held_before_a_pause_is_sent_after_it(shop, quickbooks):
    quickbooks.act("close_books", date="2026-03-31")
    runner.run_company_job("lists", shop.company_id, requested_by="kari")
    assert shop.run()["bill:1"] == "held"
    pause(shop)
    quickbooks.act("close_books", date=None)
    runner.run_company_job("lists", shop.company_id, requested_by="kari")
    assert shop.states()["bill:1"] == "held"
    resume(shop)
    assert shop.run()["bill:1"] == "posted"
