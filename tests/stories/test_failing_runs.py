"""Runs that keep failing open one case for their company, which the next success closes."""

import pytest

from hub import hookimpl
from hub.collect import run as collect_run
from hub.errors import Retry
from hub.installations import enable as installations_enable
from hub.models.enums import InstallationMode
from hub.posting.send import run as send_run
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import runner
from tests.support.sources.every_kind_source import ShopSite, ShopSource, invoice

QUARTER, HOUR, DAY = 900, 3600, 86_400
FAILING = "Runs of Fjord & Sons Construction keep failing"


class Store(ShopSource):
    """A shop that may fail to be read, or to take lists."""

    unread = unlisted = None

    @hookimpl
    def hub_documents(self, app, site, cursors, ids):
        if self.unread:
            raise self.unread
        yield from super().hub_documents(app=app, site=site, cursors=cursors, ids=ids)

    @hookimpl
    def hub_records(self, app, site, field, records):
        if self.unlisted:
            raise self.unlisted
        return ()


@pytest.fixture
def shop(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock, source=Store())
    shop.run()
    return shop


def sync(shop, clock, times, pause=QUARTER):
    for _ in range(times):
        clock.advance(pause)
        shop.run()


def poll(clock, times, pause=QUARTER):
    """Read changes in QuickBooks, which asks it in any case."""
    for _ in range(times):
        clock.advance(pause)
        runner.run_company_job("changes", 1, requested_by="kari")


def lose_quickbooks(shop):
    shop.put(invoice())
    shop.quickbooks.add_fault("unavailable", "*", count=0)


def test_the_third_failed_run_in_a_row_opens_a_case_and_the_first_success_closes_it(shop, clock):
    lose_quickbooks(shop)
    poll(clock, 2)
    assert shop.cases() == []
    poll(clock, 1)
    (case,) = shop.cases()
    assert (case, "automatically" in case.reason) == (FAILING, True)

    shop.quickbooks.faults.clear()
    poll(clock, 1)
    assert shop.cases() == []


def test_an_hour_after_the_first_failed_run_the_second_opens_it(shop, clock):
    lose_quickbooks(shop)
    poll(clock, 1)
    assert shop.cases() == []
    poll(clock, 1, pause=HOUR)
    assert shop.cases() == [FAILING]


def test_runs_of_several_kinds_share_the_case_and_the_last_success_closes_it(
    shop, clock, monkeypatch
):
    lose_quickbooks(shop)
    with monkeypatch.context() as patch:
        patch.setattr(collect_run, "replan_stale", lambda setup: 1 / 0)
        sync(shop, clock, 3)
    poll(clock, 3)
    assert shop.cases() == [FAILING]

    shop.quickbooks.faults.clear()
    assert shop.run()["invoice:1"] == "posted"
    assert shop.cases() == [FAILING], "changes in QuickBooks were not read since"
    poll(clock, 1)
    assert shop.cases() == []


def post(shop, clock, monkeypatch, times):
    """Post with a defect, so that no run succeeds."""
    with monkeypatch.context() as patch:
        patch.setattr(send_run, "drain", lambda *_, **__: 1 / 0)
        for _ in range(times):
            clock.advance(QUARTER)
            runner.post(shop.id, requested_by="engine")


def test_a_sync_that_posts_everything_ends_the_failures_of_runs_that_only_post(
    shop, clock, monkeypatch
):
    """After it there is nothing left to post, so none of these runs is started again."""
    post(shop, clock, monkeypatch, 3)
    assert shop.cases() == [FAILING]
    clock.advance(QUARTER)
    shop.run(invoice(), wait=True)
    assert shop.cases() == []
    post(shop, clock, monkeypatch, 1)
    assert shop.cases() == [], "it is the first failure since"


def test_a_defect_opens_the_case(shop, clock, monkeypatch):
    monkeypatch.setattr(collect_run, "replan_stale", lambda setup: 1 / 0)
    sync(shop, clock, 3)
    (case,) = shop.cases()
    assert (case, "ZeroDivisionError" in case.reason) == (FAILING, True)


def test_a_source_that_takes_no_lists_opens_the_case(shop, clock):
    shop.source.unlisted = Retry("Shop is busy.")
    for night in range(2):
        assert shop.cases() == [], night
        clock.advance(DAY)
        runner.run_company_job("lists", 1, requested_by="schedule")
    assert shop.cases() == [FAILING]


def test_a_source_that_cannot_be_read_has_its_own_case(shop, clock):
    shop.source.unread = shop.source.unlisted = Retry("Shop is away.")
    sync(shop, clock, 3)
    for _ in range(2):
        clock.advance(HOUR)
        runner.run_company_job("lists", 1, requested_by="schedule")
    assert shop.cases() == ["Shop cannot be read"]


def test_reads_that_intuit_blocks_for_the_rest_of_a_month_are_a_possible_reason(shop, clock):
    """Intuit's free tier blocks all reads once those of a month are used up, and no writes."""
    shop.run(invoice())
    shop.quickbooks.switch(throttle=True, monthly_reads=1)
    poll(clock, 3)
    shop.put(invoice("invoice:2", number="S-2"))
    sync(shop, clock, 1)
    assert shop.states()["invoice:2"] == "posted"
    (case,) = shop.cases()
    assert (case, "usage of your app on developer.intuit.com" in case.reason) == (FAILING, True)


def test_a_connection_that_is_refused_has_its_own_case(shop, clock):
    shop.put(invoice())
    shop.quickbooks.add_fault("status", "*", status=403, code="3100", count=0)
    sync(shop, clock, 4)
    assert shop.cases() == ["Reconnect Fjord & Sons Construction to QuickBooks"]


@pytest.mark.parametrize("fault", [{"kind": "unavailable"}, {"kind": "status", "status": 400}])
def test_a_doubt_that_is_not_answered_for_an_hour_opens_the_case(shop, clock, fault):
    shop.put(invoice(number="S-1"))
    shop.run()
    shop.quickbooks.add_fault("lose_answer", "invoice.create")
    shop.quickbooks.add_fault(call="query.invoice", count=0, **fault)
    shop.put(invoice("invoice:2", number="S-2"))
    shop.run()
    assert shop.states()["invoice:2"] == "unknown"
    sync(shop, clock, 3)
    assert shop.cases() == [], "the answer may still come"
    sync(shop, clock, 4)
    (case,) = shop.cases()
    assert (case, "Invoice S-2 of Fjord Homes is in doubt" in case.reason) == (FAILING, True)

    shop.quickbooks.faults.clear()
    sync(shop, clock, 1)
    assert (shop.states()["invoice:2"], shop.cases()) == ("posted", [])


@pytest.mark.parametrize("end", ["disconnect", "pause", "disable"])
def test_a_disabled_app_does_not_keep_the_case_open(shop, clock, monkeypatch, end):
    monkeypatch.setattr(collect_run, "replan_stale", lambda setup: 1 / 0)
    sync(shop, clock, 3)
    assert shop.cases() == [FAILING]
    if end == "disconnect":
        oauth_connect.disconnect(1, "kari")
    elif end == "pause":
        installations_enable.set_mode(shop.id, InstallationMode.PAUSED, who="kari")
    else:
        installations_enable.disable(1, "shop", who="kari")
    if end != "disconnect":
        poll(clock, 1)
    assert shop.cases() == []
