"""The embedded scheduler: one leader, and runs of dead processes are taken over."""

import datetime as dt
import queue
import threading
import time

import pytest
from sqlalchemy import delete, event, func, select

from hub.context import current_hub
from hub.contract.registry import Plugins
from hub.db import engine as db_engine
from hub.db.engine import read_only_session, transaction
from hub.errors import DatabaseUnavailable
from hub.models import (
    AuditEntry,
    ConnectedCompany,
    DocumentTerm,
    Installation,
    OAuthState,
    Run,
    SourceDocument,
)
from hub.outbox import document_search
from hub.scheduling import retention, run_log, runner
from hub.scheduling.leases import take
from hub.scheduling.scheduler import Scheduler


@pytest.fixture
def company(app):
    with transaction() as session:
        row = ConnectedCompany(realm="1", connected_at=current_hub().clock.now())
        session.add(row)
    return row.id


@pytest.fixture
def engine(app):
    scheduler = Scheduler(app, threads=2)
    yield scheduler
    scheduler.stop()


@pytest.fixture
def executed_runs(monkeypatch):
    """Provide the runs that were executed; execution is replaced, as it needs a QuickBooks."""
    executed_runs = queue.Queue()

    def execute(run_id):
        with transaction() as session:
            session.get_one(Run, run_id).ended_at = current_hub().clock.now()
        executed_runs.put(run_id)

    monkeypatch.setattr("hub.scheduling.runner.execute", execute)
    return executed_runs


def take_runs(executed_runs, number):
    """Return this number of runs once they have ended; after a stop the others wait."""
    return [executed_runs.get(timeout=60) for _ in range(number)]


def outcomes():
    with read_only_session() as session:
        return [
            (row.outcome, row.ended_at is not None)
            for row in session.scalars(select(Run).order_by(Run.id))
        ]


def test_a_requested_run_is_started_once(engine, company, executed_runs):
    requested_run = run_log.request("tokens", company, "kari")
    started = [engine.tick(), engine.tick()]
    assert take_runs(executed_runs, sum(started)).count(requested_run) == 1
    assert started[0] >= 1


def test_terms_that_are_missing_after_an_upgrade_are_written_in_several_ticks(
    engine, company, clock, executed_runs, monkeypatch
):
    monkeypatch.setattr(document_search, "DOCUMENTS_PER_STEP", 2)
    now = clock.now()
    with transaction() as session:
        row = Installation(company_id=company, slug="costtracker", tenant="t", created_at=now)
        session.add(row)
        session.flush()
        for number in range(5):
            facts = {"slug": "costtracker", "tenant": "t", "marker": str(number), "seen_at": now}
            ids = {"installation_id": row.id, "company_id": company, "source_id": f"d{number}"}
            session.add(SourceDocument(**ids, **facts))
        session.flush()
        session.execute(delete(DocumentTerm))
    counts = []
    for _ in range(4):
        engine.tick()
        with read_only_session() as session:
            counts.append(session.scalar(select(func.count()).select_from(DocumentTerm)))
    assert counts == [2, 4, 5, 5]


def test_due_schedules_are_started(engine, company, executed_runs):
    assert engine.tick() == 2  # changes and tokens; the lists and the proof come at night
    assert len(set(take_runs(executed_runs, 2))) == 2


@pytest.mark.parametrize("count", [1, 2])
def test_companies_whose_runs_wait_for_each_other_leave_threads_to_others(
    app, company, clock, monkeypatch, count
):
    now = clock.now()
    busy = [company]
    with transaction() as session:
        if count == 2:
            second = ConnectedCompany(realm="3", connected_at=now)
            session.add(second)
            session.flush()
            busy.append(second.id)
        for company_id in busy:
            for number in range(9):
                facts = {"tenant": "t", "mode": "auto", "created_at": now}
                session.add(Installation(company_id=company_id, slug=f"app{number}", **facts))
    ended, may_end = queue.Queue(), threading.Event()

    def execute(run_id):
        with read_only_session() as session:
            company_id = session.get_one(Run, run_id).company_id
        if company_id in busy:
            may_end.wait(60)
        with transaction() as session:
            session.get_one(Run, run_id).ended_at = now
        ended.put(company_id)

    monkeypatch.setattr("hub.scheduling.runner.execute", execute)
    engine = Scheduler(app)
    engine.tick()
    with transaction() as session:
        other = ConnectedCompany(realm="2", connected_at=now)
        session.add(other)
    engine.tick()
    try:
        assert ended.get(timeout=10) == other.id
    finally:
        may_end.set()
        engine.stop()


def test_a_run_whose_thread_cannot_be_started_is_started_with_a_later_tick(
    engine, company, executed_runs, monkeypatch, caplog
):
    def start_no_thread(thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start_no_thread)
        assert [engine.tick(), engine.tick()] == [0, 0]
    warnings = [record.getMessage() for record in caplog.records]
    assert len(warnings) == 2  # one for each run, though each was tried twice
    assert "the system starts no thread for it (can't start new thread)" in warnings[0]
    assert engine.tick() == 2
    take_runs(executed_runs, 2)
    engine.stop()
    assert executed_runs.empty()


def test_of_two_engines_one_leads_and_the_other_takes_over(app, engine, company, executed_runs):
    second = Scheduler(app)
    take_runs(executed_runs, engine.tick())
    run_log.request("lists", company, "kari")
    assert second.tick() == 0
    engine.stop()
    assert second.tick() == 1
    second.stop()


def test_a_run_of_a_dead_process_is_closed_and_due_again(engine, company, clock, executed_runs):
    with transaction() as session:
        session.add(Run(kind="lists", company_id=company, started_at=clock.now()))
    engine.tick()
    assert outcomes()[0] == ("stopped", True)


def test_a_run_of_a_process_that_died_since_is_closed(engine, company, clock, executed_runs):
    take_runs(executed_runs, engine.tick())
    with transaction() as session:
        run = Run(kind="tokens", company_id=company, started_at=clock.now())
        session.add(run)
    engine.tick()
    with read_only_session() as session:
        assert session.get_one(Run, run.id).outcome == "stopped"


def test_a_run_whose_end_could_not_be_stored_is_due_again(
    engine, company, executed_runs, monkeypatch
):
    def lose_database(*arguments, **options):
        raise DatabaseUnavailable("sqlite", "the disk is full")

    take_runs(executed_runs, engine.tick())
    with monkeypatch.context() as patch:
        patch.setattr(run_log.RunRecorder, "end", lose_database)
        with pytest.raises(DatabaseUnavailable):
            runner.run_company_job("tokens", company, requested_by="kari")
    assert outcomes()[-1] == ("", False)
    take_runs(executed_runs, engine.tick())
    assert ("stopped", True) in outcomes()


def test_a_run_of_a_living_process_is_left_alone(engine, company, clock, executed_runs):
    lease = take(f"lists-{company}")
    with transaction() as session:
        session.add(Run(kind="lists", company_id=company, started_at=clock.now()))
    engine.tick()
    assert outcomes()[0] == ("", False)
    lease.release()


def test_a_run_that_was_claimed_and_not_started_is_not_lost(app, company, executed_runs):
    requested_run = run_log.request("lists", company, "kari")
    other = Scheduler(app)
    assert requested_run in take_runs(executed_runs, other.tick())
    other.stop()


def test_a_defect_in_one_run_or_tick_stops_no_other(engine, company, monkeypatch, caplog):
    monkeypatch.setattr("hub.scheduling.runner.execute", lambda run_id: 1 / 0)
    run_log.request("lists", company, "kari")
    assert engine.tick() > 0
    monkeypatch.setattr("hub.scheduling.schedule.tick", lambda now: 1 / 0)
    assert [engine.tick(), engine.tick()] == [0, 0]
    engine.stop()
    assert caplog.text.count("The clock met a defect") == 1


def test_the_log_says_when_the_schedules_continue(app, engine, monkeypatch, caplog):
    def lose_database(now):
        raise DatabaseUnavailable("sqlite", "the disk is full")

    engine.tick()
    with monkeypatch.context() as patch:
        patch.setattr("hub.scheduling.schedule.tick", lose_database)
        engine.tick()
        engine.tick()
    assert "continue" not in caplog.text
    engine.tick()
    engine.tick()
    assert caplog.text.count("The schedules pause until this is over") == 1
    assert caplog.text.count("The schedules continue.") == 1


def test_a_run_that_cannot_begin_names_its_reason_once_and_no_defect(
    engine, company, executed_runs, monkeypatch, caplog
):
    """It is tried again every second, so a full disk would fill the log with tracebacks."""
    take_runs(executed_runs, engine.tick())
    monkeypatch.undo()
    locks = current_hub().config.data / "locks"
    locks.rename(locks.with_name("away"))
    locks.write_text("")  # no lock can be made, as on a full disk
    run_id = run_log.request("lists", company, "kari")
    tries = 0
    while tries < 3:
        tries += engine.tick()
        time.sleep(0.01)
    locks.unlink()
    while not outcomes()[-1][1]:
        engine.tick()
        time.sleep(0.01)
    assert caplog.text.count(f"Run {run_id} is tried again: ") == 1
    assert "lists-1.lock cannot be written" in caplog.text
    assert "defect" not in caplog.text


def test_a_started_scheduler_ticks(app, company, monkeypatch):
    ticked = threading.Event()
    engine = Scheduler(app)
    monkeypatch.setattr(engine, "_tick", lambda: ticked.set() or 0)
    engine.start()
    assert ticked.wait(10)
    engine.stop()


class SetBack(dt.datetime):
    """The clock of a machine that was set back by an hour."""

    @classmethod
    def now(cls, tz=None):
        return super().now(tz) - dt.timedelta(hours=1)


def test_a_scheduler_ticks_on_when_the_clock_of_the_machine_was_set_back(app, monkeypatch):
    ticked = threading.Event()
    engine = Scheduler(app)
    monkeypatch.setattr(engine, "_tick", lambda: ticked.set() or 0)
    engine.start()
    assert ticked.wait(10)
    monkeypatch.setattr("apscheduler.schedulers.base.datetime", SetBack)
    for _ in range(3):  # one tick may have begun before
        ticked.clear()
        assert ticked.wait(10)
    engine.stop()


def test_pruning_goes_on_when_the_clock_of_the_machine_was_set_back(
    make_app, make_config, app, clock, monkeypatch
):
    monkeypatch.setattr("hub.scheduling.scheduler.PRUNE_TIMES", {"second": "*"})
    engine = Scheduler(make_app(make_config(HUB_PRUNE="1")))
    pruned = threading.Event()
    monkeypatch.setattr(engine, "prune", pruned.set)
    engine.tick()
    engine.start()
    assert pruned.wait(10)
    monkeypatch.setattr("apscheduler.schedulers.base.datetime", SetBack)
    clock.set(clock.now() - dt.timedelta(hours=1))
    for _ in range(2):  # one pruning may have begun before
        pruned.clear()
        assert pruned.wait(10)
    engine.stop()


def add_old_consent(clock):
    with transaction() as session:
        at = clock.now() - dt.timedelta(days=800)
        session.add(OAuthState(state=at.isoformat(), session="", created_at=at))


def count_consents():
    with read_only_session() as session:
        return session.scalar(select(func.count()).select_from(OAuthState))


def test_the_nightly_pruning_is_made_up_for_if_no_process_was_at_work(app, engine, clock):
    clock.set(dt.datetime(2026, 3, 2, 14, 0, tzinfo=dt.UTC))  # office hours only
    add_old_consent(clock)
    engine.prune()
    assert count_consents() == 1  # another process may be at work
    engine.tick()
    engine.prune()
    assert count_consents() == 0


def test_rows_that_are_old_after_five_are_pruned_the_next_night(app, engine, clock):
    clock.set(dt.datetime(2026, 3, 2, 5, 0, tzinfo=dt.UTC))
    engine.tick()
    engine.prune()
    add_old_consent(clock)
    for day, hour, minute, remaining in ((2, 5, 10, 1), (3, 4, 59, 1), (3, 5, 0, 0)):
        clock.set(dt.datetime(2026, 3, day, hour, minute, tzinfo=dt.UTC))
        engine.prune()
        assert count_consents() == remaining


def test_a_clock_that_was_ahead_delays_no_pruning(app, engine, clock):
    clock.set(dt.datetime(2030, 1, 1, 12, 0, tzinfo=dt.UTC))
    engine.tick()
    engine.prune()
    clock.set(dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC))
    add_old_consent(clock)
    engine.prune()
    assert count_consents() == 0


def test_pruning_that_is_under_way_ends_when_the_hub_is_stopped(
    make_app, make_config, app, clock, monkeypatch
):
    monkeypatch.setattr("hub.scheduling.scheduler.PRUNE_TIMES", {"second": "*"})
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 1)
    for _ in range(3):
        add_old_consent(clock)
        clock.advance(1)
    served = make_app(make_config(HUB_PRUNE="1"))
    engine = Scheduler(served)
    engine.tick()
    deletes, is_deleting = [], threading.Event()

    def wait_for_stop(connection, cursor, statement, *rest):
        if statement.startswith("DELETE FROM o_auth_state"):
            deletes.append(statement)
            is_deleting.set()
            served.extensions["hub"].ending.wait(5)

    with served.app_context():
        event.listen(db_engine.db.engine, "before_cursor_execute", wait_for_stop)
    engine.start()
    assert is_deleting.wait(10)
    engine.stop()
    assert (len(deletes), count_consents()) == (1, 2)
    with read_only_session() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.what == "data pruned")).one()
    assert entry.detail == {"consents": 1}


def test_an_application_starts_no_clock_of_its_own(make_app):
    before = {thread.name for thread in threading.enumerate()}
    make_app(plugins=Plugins([]))
    assert {thread.name for thread in threading.enumerate()} == before
