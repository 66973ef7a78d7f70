"""Runs that keep failing open one case for their company, which the next success closes."""

import pytest

from hub import hookimpl
from hub.collect import run as collect_run
from hub.errors import Retry
from hub.installations import enable as installations_enable
from hub.models.enums import InstallationMode
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import runner
from tests.support.every_kind_source import Shop, Till, invoice

QUARTER, HOUR, DAY = 900, 3600, 86_400
FAILING = "Runs of Fjord & Sons Construction keep failing"


class Store(Shop):
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
def till(app, quickbooks, clock):
    till = Till(app, quickbooks, clock, shop=Store())
    till.run()
    return till


def sync(till, clock, times, pause=QUARTER):
    for _ in range(times):
        clock.advance(pause)
        till.run()


def poll(clock, times, pause=QUARTER):
    """Read changes in QuickBooks, which asks it in any case."""
    for _ in range(times):
        clock.advance(pause)
        runner.run_company_job("changes", 1, requested_by="kari")


def lose_quickbooks(till):
    till.put(invoice())
    till.quickbooks.add_fault("unavailable", "*", count=0)


def test_the_third_failed_run_in_a_row_opens_a_case_and_the_first_success_closes_it(till, clock):
    lose_quickbooks(till)
    poll(clock, 2)
    assert till.cases() == []
    poll(clock, 1)
    (case,) = till.cases()
    assert (case, "automatically" in case.reason) == (FAILING, True)

    till.quickbooks.faults.clear()
    poll(clock, 1)
    assert till.cases() == []


def test_an_hour_after_the_first_failed_run_the_second_opens_it(till, clock):
    lose_quickbooks(till)
    poll(clock, 1)
    assert till.cases() == []
    poll(clock, 1, pause=HOUR)
    assert till.cases() == [FAILING]


def test_runs_of_several_kinds_share_the_case_and_the_last_success_closes_it(
    till, clock, monkeypatch
):
    lose_quickbooks(till)
    with monkeypatch.context() as patch:
        patch.setattr(collect_run, "replan_stale", lambda setup: 1 / 0)
        sync(till, clock, 3)
    poll(clock, 3)
    assert till.cases() == [FAILING]

    till.quickbooks.faults.clear()
    assert till.run()["invoice:1"] == "posted"
    assert till.cases() == [FAILING], "changes in QuickBooks were not read since"
    poll(clock, 1)
    assert till.cases() == []


def test_a_defect_opens_the_case(till, clock, monkeypatch):
    monkeypatch.setattr(collect_run, "replan_stale", lambda setup: 1 / 0)
    sync(till, clock, 3)
    (case,) = till.cases()
    assert (case, "ZeroDivisionError" in case.reason) == (FAILING, True)


def test_a_source_that_takes_no_lists_opens_the_case(till, clock):
    till.shop.unlisted = Retry("Shop is busy.")
    for night in range(2):
        assert till.cases() == [], night
        clock.advance(DAY)
        runner.run_company_job("lists", 1, requested_by="schedule")
    assert till.cases() == [FAILING]


def test_a_source_that_cannot_be_read_has_its_own_case(till, clock):
    till.shop.unread = till.shop.unlisted = Retry("Shop is away.")
    sync(till, clock, 3)
    for _ in range(2):
        clock.advance(HOUR)
        runner.run_company_job("lists", 1, requested_by="schedule")
    assert till.cases() == ["Shop cannot be read"]


def test_a_connection_that_is_refused_has_its_own_case(till, clock):
    till.put(invoice())
    till.quickbooks.add_fault("status", "*", status=403, code="3100", count=0)
    sync(till, clock, 4)
    assert till.cases() == ["Reconnect Fjord & Sons Construction to QuickBooks"]


@pytest.mark.parametrize("fault", [{"kind": "unavailable"}, {"kind": "status", "status": 400}])
def test_a_doubt_that_is_not_answered_for_an_hour_opens_the_case(till, clock, fault):
    till.put(invoice(number="S-1"))
    till.run()
    till.quickbooks.add_fault("lose_answer", "invoice.create")
    till.quickbooks.add_fault(call="query.invoice", count=0, **fault)
    till.put(invoice("invoice:2", number="S-2"))
    till.run()
    assert till.states()["invoice:2"] == "unknown"
    sync(till, clock, 3)
    assert till.cases() == [], "the answer may still come"
    sync(till, clock, 4)
    (case,) = till.cases()
    assert (case, "Invoice S-2 of Fjord Homes is in doubt" in case.reason) == (FAILING, True)

    till.quickbooks.faults.clear()
    sync(till, clock, 1)
    assert (till.states()["invoice:2"], till.cases()) == ("posted", [])


@pytest.mark.parametrize("end", ["disconnect", "pause", "disable"])
def test_a_disabled_app_does_not_keep_the_case_open(till, clock, monkeypatch, end):
    monkeypatch.setattr(collect_run, "replan_stale", lambda setup: 1 / 0)
    sync(till, clock, 3)
    assert till.cases() == [FAILING]
    if end == "disconnect":
        oauth_connect.disconnect(1, "kari")
    elif end == "pause":
        installations_enable.set_mode(till.id, InstallationMode.PAUSED, who="kari")
    else:
        installations_enable.disable(1, "shop", who="kari")
    if end != "disconnect":
        poll(clock, 1)
    assert till.cases() == []
