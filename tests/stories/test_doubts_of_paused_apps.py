"""A document in doubt is looked for in QuickBooks although its app was paused or disabled."""

import pytest
from sqlalchemy import select

from hub import hookimpl
from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.errors import Retry
from hub.installations import enable
from hub.models import Installation, Run
from hub.models.enums import RunKind
from hub.scheduling import pending_work, runner
from tests.support.sources.every_kind_source import (
    SLUG,
    SUPPLIER,
    ShopSite,
    ShopSource,
    document,
    line,
)

QUIET_SECONDS = 400


class UnreachableShop(ShopSource):
    """A shop that cannot be told about its documents for a number of tries."""

    failures = 0

    @hookimpl
    def hub_report(self, app, site, document, receipt):
        if self.failures:
            self.failures -= 1
            raise Retry("The shop does not answer.")
        self.receipts.append((document.source_id, receipt.state))


@pytest.fixture
def shop(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock)
    shop.run(bill("bill:0"))
    return shop


def bill(id, total="42.00"):
    body = line("1", total, cost="Fuel")
    return document("bill", id, body, total=total, supplier=SUPPLIER, number=id)


def set_mode(shop, mode):
    with transaction() as session:
        session.get_one(Installation, shop.id).mode = mode


def disable(shop):
    enable.disable(shop.company_id, SLUG, who="kari")


def pause(shop):
    set_mode(shop, "paused")


def post_by_schedule(clock):
    """Let the quiet time pass, and execute the runs that are due then."""
    clock.advance(QUIET_SECONDS)
    pending_work.request_runs(current_hub().clock.now())
    with read_only_session() as session:
        waiting = session.scalars(select(Run).where(Run.started_at.is_(None))).all()
    for run in waiting:
        runner.execute(run.id)
    return [run.kind for run in waiting]


@pytest.mark.parametrize("rest", [pause, disable])
def test_a_document_in_doubt_that_arrived_is_posted_by_a_paused_or_disabled_app(shop, clock, rest):
    shop.quickbooks.add_fault("lose_answer", "bill.create")
    assert shop.run(bill("bill:1"))["bill:1"] == "unknown"
    rest(shop)
    assert post_by_schedule(clock) == [RunKind.POST]
    assert shop.states()["bill:1"] == "posted"
    assert len(shop.ours("Bill")) == 2
    assert post_by_schedule(clock) == []


@pytest.mark.parametrize("rest", [pause, disable])
def test_a_document_in_doubt_that_did_not_arrive_is_not_sent_until_the_app_may_post(
    shop, clock, rest
):
    shop.quickbooks.add_fault("lose_request", "bill.create")
    assert shop.run(bill("bill:1"))["bill:1"] == "unknown"
    rest(shop)
    writes = shop.writes()
    post_by_schedule(clock)
    assert (shop.states()["bill:1"], shop.writes()) == ("ready", writes)
    assert post_by_schedule(clock) == []

    with transaction() as session:
        session.get_one(Installation, shop.id).enabled = True
    set_mode(shop, "auto")
    assert shop.run()["bill:1"] == "posted"
    assert len(shop.ours("Bill")) == 2


def mode_of(shop):
    with read_only_session() as session:
        return session.get_one(Installation, shop.id).mode


@pytest.mark.parametrize("fault", ["lose_answer", "lose_request"])
def test_an_app_with_the_mode_once_pauses_after_everything_was_sent(shop, clock, fault):
    set_mode(shop, "once")
    shop.quickbooks.add_fault(fault, "bill.create")
    assert shop.run(bill("bill:1"))["bill:1"] == "unknown"
    assert mode_of(shop) == "once"
    post_by_schedule(clock)
    assert (shop.states()["bill:1"], len(shop.ours("Bill"))) == ("posted", 2)
    shop.run()
    assert mode_of(shop) == "paused"


@pytest.mark.parametrize("failures", [1, 100])
def test_an_app_with_the_mode_once_pauses_after_its_source_was_told(
    app, quickbooks, clock, failures
):
    """A report that has failed three times waits until a person lets the app run again."""
    source = UnreachableShop(wants=("posted",))
    shop = ShopSite(app, quickbooks, clock, source=source)
    set_mode(shop, "once")
    source.failures = failures
    assert shop.run(bill("bill:1"))["bill:1"] == "posted"
    assert mode_of(shop) == "once"
    for _ in range(2):
        clock.advance(3600)
        if mode_of(shop) == "once":
            shop.run()
    is_told = ("bill:1", "posted") in source.receipts
    assert (mode_of(shop), is_told) == ("paused", failures == 1)


def test_an_app_with_the_mode_once_pauses_after_a_change_of_a_document_in_doubt(shop, clock):
    set_mode(shop, "once")
    shop.quickbooks.add_fault("lose_answer", "bill.create")
    assert shop.run(bill("bill:1"))["bill:1"] == "unknown"
    clock.advance(QUIET_SECONDS)
    assert shop.run(bill("bill:1", "50.00"))["bill:1"] == "posted"
    assert mode_of(shop) == "once"
    shop.run()
    assert (mode_of(shop), sorted(bill["TotalAmt"] for bill in shop.ours("Bill"))) == (
        "paused",
        [42, 50],
    )
