"""A document in doubt is looked for in QuickBooks although its app was paused or disabled."""

import pytest
from sqlalchemy import select

from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.installations import enable
from hub.models import Installation, Run
from hub.models.enums import RunKind
from hub.scheduling import pending_work, runner
from tests.support.every_kind_source import SLUG, SUPPLIER, Till, document, line

QUIET_SECONDS = 400


@pytest.fixture
def till(app, quickbooks, clock):
    till = Till(app, quickbooks, clock)
    till.run(bill("bill:0"))
    return till


def bill(id):
    body = line("1", "42.00", cost="Fuel")
    return document("bill", id, body, total="42.00", supplier=SUPPLIER, number=id)


def set_mode(till, mode):
    with transaction() as session:
        session.get_one(Installation, till.id).mode = mode


def disable(till):
    enable.disable(till.company_id, SLUG, who="kari")


def pause(till):
    set_mode(till, "paused")


def post_by_schedule(clock):
    """Let the quiet time pass, and execute the runs that are due then."""
    clock.advance(QUIET_SECONDS)
    pending_work.claim(current_hub().clock.now())
    with read_only_session() as session:
        waiting = session.scalars(select(Run).where(Run.started_at.is_(None))).all()
    for run in waiting:
        runner.execute(run.id)
    return [run.kind for run in waiting]


@pytest.mark.parametrize("rest", [pause, disable])
def test_a_document_that_arrived_is_posted(till, clock, rest):
    till.quickbooks.add_fault("lose_answer", "bill.create")
    assert till.run(bill("bill:1"))["bill:1"] == "unknown"
    rest(till)
    assert post_by_schedule(clock) == [RunKind.POST]
    assert till.states()["bill:1"] == "posted"
    assert len(till.ours("Bill")) == 2
    assert post_by_schedule(clock) == []


@pytest.mark.parametrize("rest", [pause, disable])
def test_a_document_that_did_not_arrive_is_not_sent_until_the_app_may_post(till, clock, rest):
    till.quickbooks.add_fault("lose_request", "bill.create")
    assert till.run(bill("bill:1"))["bill:1"] == "unknown"
    rest(till)
    writes = till.writes()
    post_by_schedule(clock)
    assert (till.states()["bill:1"], till.writes()) == ("ready", writes)
    assert post_by_schedule(clock) == []

    with transaction() as session:
        session.get_one(Installation, till.id).enabled = True
    set_mode(till, "auto")
    assert till.run()["bill:1"] == "posted"
    assert len(till.ours("Bill")) == 2


def test_a_document_in_doubt_after_the_only_run_of_the_mode_once(till, clock):
    set_mode(till, "once")
    till.quickbooks.add_fault("lose_answer", "bill.create")
    assert till.run(bill("bill:1"))["bill:1"] == "unknown"
    with read_only_session() as session:
        assert session.get_one(Installation, till.id).mode == "paused"
    post_by_schedule(clock)
    assert till.states()["bill:1"] == "posted"
