"""Tests with faults of the machine: full disk, locked database, changed clock, termination.

Nothing is lost or posted twice, the error tells what to do, and the next sync finishes the work.
"""

import datetime as dt
import itertools
import os
import resource
import signal
import sqlite3
from collections import Counter
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, select

from hub.cli.console import handle_end_signals
from hub.db import engine as db_engine
from hub.db.engine import db, read_only_session, transaction
from hub.errors import HubError
from hub.models import Attempt, Installation, Schedule, Token
from hub.posting import receipt_delivery
from hub.scheduling import runner
from hub.scheduling.scheduler import Scheduler
from tests.support.processes.forked_shop import (
    PAST_DOUBT_SECONDS,
    file_source,
    forked_shop,
    shop_on_postgres,
)
from tests.support.rows.posting_bench import PostingBench
from tests.support.runs.tiers import LONG
from tests.support.sources.every_kind_source import ShopSite, invoice

__all__ = ["file_source", "forked_shop", "shop_on_postgres"]
BOUNDARY_FACTOR = 8 if LONG else 1  # factor for the number of boundaries in the long proof
FILED = "bill with file, new vendor"
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
CLOCKS = (-DAY, -HOUR, dt.timedelta(minutes=-5), HOUR, DAY)
in_full = pytest.mark.proof(small=0)


def try_sync(forked_shop):
    """Sync as the command does; return the outcome, its text, and the number of unclear sends."""
    try:
        with handle_end_signals():
            sync_run = runner.sync(forked_shop.shop.id, requested_by="kari", wait=True)
            result = sync_run.outcome, sync_run.error
    except HubError as error:
        result = "stopped", error.text
    except SystemExit:
        result = "ended", ""
    with read_only_session() as session:
        unclear = session.scalars(select(Attempt.id).where(Attempt.outcome.in_(("sent", "doubt"))))
        return *result, len(unclear.all())


# -- faults ----------------------------------------------------------------------------------------


def fill_disk(pipe):
    """Fill the disk: no file can grow from now on."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


class Begin:
    """A statement that runs at each BEGIN from a chosen moment on."""

    def __init__(self, statement):
        self.statement, self.now = statement, False

    def __call__(self, pipe):
        self.now = True

    def listen(self):
        event.listen(db.engine, "begin", self._begun)

    def _begun(self, connection):
        if self.now:
            connection.exec_driver_sql(self.statement)


def lock(pipe):
    """Lock the database with a write of another process that never ends."""
    pipe.send_message("lock")


def request_end(pipe):
    os.kill(os.getpid(), signal.SIGTERM)


# -- their results ---------------------------------------------------------------------------------


def pick_boundaries(right, count, *starts):
    """Return boundaries of these kinds at equal distances, from the first to the last."""
    boundaries = [
        at
        for at, passed in enumerate(right[0].names, 1)
        if passed.startswith(starts or ("before",))
    ]
    return boundaries[:: max(1, len(boundaries) // (count * BOUNDARY_FACTOR))]


def run_with_faults(forked_shop, right, boundaries, act, first=lambda: None):
    """Run with a fault at each boundary, then without; return the results of the first runs."""
    results = []
    for at in boundaries:
        forked_shop.start_story(FILED)
        results.append(
            forked_shop.hub.run(lambda: first() or try_sync(forked_shop), at=at, act=act).result
        )
        forked_shop.hub.clock.advance(PAST_DOUBT_SECONDS)
        assert_right(
            forked_shop,
            right,
            forked_shop.hub.run(forked_shop.sync),
            f"at {at} ({right[0].names[at - 1]}): {results[-1]}",
        )
    return results


def assert_right(forked_shop, right, report, where):
    books = forked_shop.hub.count_books()
    assert (report.result[:3], books - right[1], right[1] - books) == (
        right[0].result[:3],
        Counter(),
        Counter(),
    ), where


def assert_reported(results, words):
    """Check that each run that stopped gave a sentence with these words as its reason."""
    stopped = [text for outcome, text, _ in results if outcome == "stopped"]
    assert stopped
    for text in stopped:
        assert (words in text, text.endswith("."), "defect" in text) == (True, True, False), text


@in_full
def test_a_full_disk_at_any_write_loses_nothing(forked_shop, figure):
    right = forked_shop.run_undisturbed(FILED)
    chosen = pick_boundaries(right, 5)
    results = run_with_faults(forked_shop, right, chosen, fill_disk)
    assert_reported(results, "cannot be ")
    figure("writes at which the disk became full", len(chosen), 5)


STATEMENTS = {"full": "PRAGMA max_page_count=1", "read-only": "PRAGMA query_only=ON"}


@in_full
@pytest.mark.parametrize("name", STATEMENTS)
def test_a_database_that_takes_no_more_loses_nothing(forked_shop, figure, name):
    right, begin = forked_shop.run_undisturbed(FILED), Begin(STATEMENTS[name])
    chosen = pick_boundaries(right, 3)
    results = run_with_faults(forked_shop, right, chosen, begin, begin.listen)
    assert_reported(results, "cannot be used: ")
    figure(f"writes at which the database became {name}", len(chosen), 3)


@in_full
@pytest.mark.parametrize("name", ["the database was read-only", "the data folder was full"])
def test_a_postgresql_that_takes_no_more_loses_nothing(shop_on_postgres, figure, name):
    forked_shop, begin = shop_on_postgres, Begin("SET TRANSACTION READ ONLY")
    right = forked_shop.run_undisturbed(FILED)
    chosen = pick_boundaries(right, 2)
    act, first = (begin, begin.listen) if "read-only" in name else (fill_disk, lambda: None)
    results = run_with_faults(forked_shop, right, chosen, act, first)
    assert_reported(results, "cannot be ")
    figure(f"writes after which, with PostgreSQL, {name}", len(chosen), 2)


@in_full
def test_a_database_that_another_process_keeps_locked_loses_nothing(
    forked_shop, figure, monkeypatch
):
    monkeypatch.setattr(db_engine, "BUSY_SECONDS", 0.05)
    right, connections = forked_shop.run_undisturbed(FILED), []

    def locked():
        connections.append(sqlite3.connect(forked_shop.hub.folder / "hub.db", isolation_level=None))
        connections[-1].execute("BEGIN IMMEDIATE")

    forked_shop.hub.words["lock"] = locked
    results = []
    for at in pick_boundaries(right, 4, "after do_commit", "before send", "after answer"):
        forked_shop.start_story(FILED)
        results.append(forked_shop.hub.run(lambda: try_sync(forked_shop), at=at, act=lock).result)
        connections.pop().close()
        forked_shop.hub.clock.advance(PAST_DOUBT_SECONDS)
        assert_right(
            forked_shop, right, forked_shop.hub.run(forked_shop.sync), f"at {at}: {results[-1]}"
        )
    assert_reported(results, "cannot be used: database is locked")
    figure("moments after which another process kept the database locked", len(results), 4)


# -- the clock -------------------------------------------------------------------------------------


@in_full
def test_a_clock_that_is_set_in_the_middle_of_a_run_changes_nothing(forked_shop, figure):
    right = forked_shop.run_undisturbed(FILED)
    chosen = list(itertools.product(CLOCKS, pick_boundaries(right, 2, "before", "after")))
    for moved, at in chosen:
        forked_shop.start_story(FILED)
        report = forked_shop.hub.run(
            forked_shop.sync, at=at, act=lambda pipe, by=moved: setattr(pipe.clock, "moved", by)
        )
        assert_right(
            forked_shop, right, report, f"set by {moved} at {at} ({right[0].names[at - 1]})"
        )
    figure(
        "moments of a run at which the clock was set forward or back by a day, an hour or minutes",
        len(chosen),
        10,
    )


@in_full
def test_a_clock_that_is_set_while_the_hub_is_down_changes_nothing(forked_shop, figure):
    right = forked_shop.run_undisturbed(FILED)
    chosen = list(
        itertools.product(
            CLOCKS,
            pick_boundaries(right, 2, "before send", "sent", "after answer", "before do_commit"),
        )
    )
    for moved, at in chosen:
        forked_shop.start_story(FILED)
        forked_shop.hub.run(forked_shop.sync, at=at)
        forked_shop.hub.moved = moved
        report = forked_shop.hub.run(forked_shop.sync)
        forked_shop.hub.moved = 0 * HOUR
        assert_right(
            forked_shop,
            right,
            report,
            f"set by {moved} after a kill at {at} ({right[0].names[at - 1]})",
        )
    figure(
        "kills after which the clock was set forward or back by a day, an hour or minutes",
        len(chosen),
        10,
    )


# -- termination -----------------------------------------------------------------------------------


@in_full
def test_a_terminated_hub_leaves_nothing_in_doubt(forked_shop, figure):
    right = forked_shop.run_undisturbed(FILED)
    chosen = pick_boundaries(right, 6, "before", "sent", "after")
    results = run_with_faults(forked_shop, right, chosen, request_end)
    assert {unclear for *_, unclear in results} == {0}
    assert "ended" in {outcome for outcome, *_ in results}
    figure("moments at which the hub was asked to stop", len(chosen), 6)


# -- the folder of the counters --------------------------------------------------------------------


@pytest.fixture
def bench(app, quickbooks, clock):
    """Open a bench whose postings go to the first company."""
    return PostingBench(app, quickbooks, clock)


def test_a_counter_that_cannot_be_written_stops_the_sending_and_loses_nothing(bench):
    folder, id = bench.app.extensions["hub"].config.data / "sends", bench.bill()
    folder.write_text("a file where the folder should be")
    message = bench.drain().stop_reason
    assert ("sends" in message, message.endswith("run again."), len(bench.bills())) == (
        True,
        True,
        0,
    )
    folder.unlink()
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), len(bench.bills())) == ("posted", 1)


# -- waiting work while the clock is set back ------------------------------------------------------


def test_a_waiting_posting_continues_after_the_clock_was_set_back(bench):
    bench.quickbooks.add_fault("refuse", "bill.create")
    id = bench.bill()
    bench.drain()
    assert (bench.state(id), len(bench.bills())) == ("ready", 0)
    bench.clock.set(bench.clock.now() - DAY)
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), len(bench.bills()), sum(bench.clock.slept) < 60) == ("posted", 1, True)


def test_receipts_are_delivered_though_the_clock_was_set_back(bench):
    bench.bill("A-1")
    bench.drain()
    bench.clock.set(bench.clock.now() - DAY)
    assert receipt_delivery.deliver(bench.installation_id) == 1
    assert ("A-1", "posted") in [receipt[:2] for receipt in bench.source.receipts]


def test_a_renewal_that_died_hinders_nobody_when_the_clock_was_set_back(bench):
    id = bench.bill()
    bench.pass_time(5 * 3600)
    with transaction() as session:
        session.get_one(Token, bench.company_id).refreshing_since = bench.clock.now()
    bench.clock.set(bench.clock.now() - DAY)
    bench.quickbooks.clock.set((bench.clock.now() + DAY).timestamp())
    bench.restart()
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), sum(bench.clock.slept)) == ("posted", 0)


def test_schedules_go_on_when_the_clock_was_set_back(bench, monkeypatch):
    engine, due = (
        Scheduler(bench.app, threads=1),
        select(Schedule.next_due).where(Schedule.kind == "reconcile"),
    )
    monkeypatch.setattr(Scheduler, "_execute", lambda self, run_id: None)
    engine.tick()
    bench.clock.set(bench.clock.now() - DAY)
    engine.tick()
    with read_only_session() as session:
        assert session.scalar(due) <= bench.clock.now() + DAY
    engine.stop()


# -- days of another length ------------------------------------------------------------------------

MOMENTS = {
    "an hour is left out": "2026-03-29T00:59:45Z",
    "an hour comes twice": "2026-10-25T00:59:45Z",
    "the leap day begins": "2028-02-28T22:59:45Z",
    "the leap day ends": "2028-02-29T22:59:45Z",
    "the year ends": "2026-12-31T22:59:45Z",
}


@pytest.fixture
def at_moment(request, clock):
    """Set the clock to one of MOMENTS."""
    clock.set(dt.datetime.fromisoformat(MOMENTS[request.param]))
    return clock


@pytest.mark.proof(small=1)
@pytest.mark.parametrize("at_moment", MOMENTS, indirect=True)
def test_a_run_over_a_moment_of_the_calendar_posts_what_the_source_says(
    at_moment, app, quickbooks, figure, request
):
    shop = ShopSite(app, quickbooks, at_moment)
    with transaction() as session:
        session.get_one(Installation, shop.id).zone = "Europe/Oslo"
    quickbooks.add_fault("lose_answer", "invoice.create")
    before, day = at_moment.now(), at_moment.now().astimezone(ZoneInfo("Europe/Oslo")).date()
    assert shop.run(invoice(number="S-1", date=day), wait=True)["invoice:1"] == "posted"
    assert (at_moment.now() - before).total_seconds() > 60
    assert [row["TxnDate"] for row in shop.ours("Invoice")] == [day.isoformat()]
    figure(f"runs during which {request.node.callspec.params['at_moment']}", 1, 1)
