"""The queue of the distributed engine: jobs name runs, and the table of runs is the truth."""

import threading
import time
from contextlib import suppress
from dataclasses import replace

import procrastinate
import pytest
from sqlalchemy import create_engine, event, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from hub.db import lease_rows
from hub.db.engine import db, read_only_session, transaction
from hub.errors import Busy, DatabaseUnavailable
from hub.models import ConnectedCompany, Run
from hub.models.enums import ConnectionState
from hub.scheduling import election, leases, run_log
from hub.scheduling.elected_scheduler import ElectedScheduler
from hub.scheduling.queue import RunQueue
from hub.scheduling.worker import Worker
from tests.support.processes.distributed_processes import (
    LEASE,
    LEASE_MARGIN_SECONDS,
    age_heartbeats,
    end_sessions,
)

MAX_WAIT_SECONDS = 120


@pytest.fixture
def first_hub(make_process, clock):
    app = make_process("one")
    with app.app_context(), transaction() as session:
        session.add(unscheduled(realm="1", connected_at=clock.now()))
    return app


def unscheduled(**values):
    """Return a company without schedules, so that there are only the runs of the test."""
    return ConnectedCompany(state=ConnectionState.DISCONNECTED, **values)


@pytest.fixture
def second_hub(make_process):
    return make_process("two")


@pytest.fixture
def queue(first_hub, monkeypatch):
    monkeypatch.setattr("hub.scheduling.queue.MAX_STALLED_SECONDS", LEASE)
    return RunQueue(first_hub)


@pytest.fixture
def executed(monkeypatch):
    """Provide the ids of the runs that a worker executes; each ends at once."""
    run_ids = []

    def execute(run_id):
        run_ids.append(run_id)
        run_log.RunRecorder(run_id).end({})

    monkeypatch.setattr("hub.scheduling.runner.execute", execute)
    return run_ids


def request(app, kind="lists"):
    with app.app_context():
        return run_log.request(kind, 1, "kari")


def defer(app, queue):
    with app.app_context():
        return queue.defer_waiting()


def delete_stalled(queue):
    """Delete jobs as the elected scheduler does, with the leases that are held now."""
    return queue.delete_stalled(lease_rows.process_leases().held_names())


def jobs(app):
    """Return the number of jobs in each state."""
    query = text(
        "SELECT status::text AS status, count(*) AS count FROM procrastinate_jobs GROUP BY 1"
    )
    with app.app_context(), db.engine.connect() as connection:
        return {row.status: row[1] for row in connection.execute(query)}


def fetch(app, heartbeat_age=0.0):
    """Fetch a job as a worker that then stops, with a last heartbeat of this age."""
    with app.app_context(), db.engine.begin() as connection:
        worker = connection.scalar(text("SELECT procrastinate_register_worker_v1()"))
        connection.execute(
            text("SELECT procrastinate_fetch_job_v2(NULL, :worker)"), {"worker": worker}
        )
        connection.execute(
            text(
                "UPDATE procrastinate_workers"
                " SET last_heartbeat = now() - make_interval(secs => :age)"
            ),
            {"age": heartbeat_age},
        )


def waiting_runs(app):
    with app.app_context(), read_only_session() as session:
        query = select(func.count()).select_from(Run).where(Run.started_at.is_(None))
        return session.scalar(query.where(Run.ended_at.is_(None)))


def test_each_waiting_run_gets_one_job(first_hub, queue):
    request(first_hub)
    request(first_hub, "tokens")
    assert defer(first_hub, queue) == 2
    assert (defer(first_hub, queue), jobs(first_hub)) == (0, {"todo": 2})


def test_jobs_have_neither_a_lock_nor_a_time_of_their_own(first_hub, queue):
    """A worker that is gone would keep such a lock, and the schedules are rows of the hub."""
    request(first_hub)
    defer(first_hub, queue)
    query = text("SELECT lock, scheduled_at, queueing_lock FROM procrastinate_jobs")
    with first_hub.app_context(), db.engine.connect() as connection:
        assert connection.execute(query).all() == [(None, None, "lists-1")]


def test_jobs_beside_one_that_another_scheduler_has_deferred_come_with_the_next_tick(
    first_hub, queue, monkeypatch
):
    request(first_hub)
    defer(first_hub, queue)
    request(first_hub, "tokens")
    with monkeypatch.context() as earlier_look:
        earlier_look.setattr("hub.scheduling.queue._load_listed_locks", set)
        defer(first_hub, queue)
        assert jobs(first_hub) == {"todo": 1}
    assert (defer(first_hub, queue), jobs(first_hub)) == (1, {"todo": 2})


def test_a_run_whose_lease_is_held_gets_its_job_once_that_is_released(first_hub, second_hub, queue):
    request(first_hub)
    with second_hub.app_context():
        lease = leases.take("lists-1")
    assert defer(first_hub, queue) == 0
    with second_hub.app_context():
        lease.release()
    assert defer(first_hub, queue) == 1


def test_a_job_that_another_scheduler_deferred_at_the_same_time_is_no_error(
    first_hub, queue, monkeypatch
):
    request(first_hub)
    late = RunQueue(first_hub)
    assert defer(first_hub, queue) == 1
    monkeypatch.setattr("hub.scheduling.queue._load_listed_locks", set)
    defer(first_hub, late)
    assert jobs(first_hub) == {"todo": 1}


def test_a_job_without_a_waiting_run_does_nothing(first_hub, queue, executed):
    queue._execute("lists", 1)
    run_id = request(first_hub)
    queue._execute("lists", 1)
    queue._execute("lists", 1)
    assert executed == [run_id]


def test_a_job_executes_the_run_that_waits_longest_for_its_lease(first_hub, queue, executed):
    run_id = request(first_hub)
    request(first_hub, "tokens")
    queue._execute("lists", 1)
    assert (executed, waiting_runs(first_hub)) == ([run_id], 1)


def test_a_run_that_finds_its_subject_in_use_stays_waiting(first_hub, queue, monkeypatch):
    def refuse(run_id):
        raise Busy("This company")

    request(first_hub)
    monkeypatch.setattr("hub.scheduling.runner.execute", refuse)
    queue._execute("lists", 1)
    assert waiting_runs(first_hub) == 1
    assert defer(first_hub, queue) == 1


def test_jobs_of_dead_workers_are_deleted_and_their_runs_get_others(first_hub, queue):
    """Otherwise the job of a killed worker would stay in progress forever."""
    request(first_hub)
    defer(first_hub, queue)
    fetch(first_hub, LEASE - LEASE_MARGIN_SECONDS)
    with first_hub.app_context():
        assert delete_stalled(queue) == 0
    assert defer(first_hub, queue) == 0
    fetch(first_hub, LEASE + LEASE_MARGIN_SECONDS)
    with first_hub.app_context():
        assert delete_stalled(queue) == 1
    assert (defer(first_hub, queue), jobs(first_hub)) == (1, {"todo": 1})


def test_no_transaction_is_opened_to_delete_jobs_if_no_job_has_begun(first_hub, queue):
    """The elected scheduler looks every second, and usually there is none."""
    statements = []

    def note(connection, cursor, statement, *args):
        statements.append(statement)

    request(first_hub)
    defer(first_hub, queue)
    with first_hub.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        assert (delete_stalled(queue), statements) == (0, [])
        fetch(first_hub, LEASE + LEASE_MARGIN_SECONDS)
        assert delete_stalled(queue) == 1


def age_jobs(app, seconds):
    """Let the jobs in progress have begun so long ago."""
    statement = text("UPDATE procrastinate_events SET at = now() - make_interval(secs => :age)")
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(statement, {"age": seconds})


def test_a_job_whose_end_was_lost_is_deleted_though_its_worker_lives(first_hub, queue):
    """The server can restart between the end of a run and the end of its job."""
    request(first_hub)
    defer(first_hub, queue)
    fetch(first_hub)
    age_jobs(first_hub, LEASE - LEASE_MARGIN_SECONDS)
    with first_hub.app_context():
        assert delete_stalled(queue) == 0
    age_jobs(first_hub, LEASE + LEASE_MARGIN_SECONDS)
    with first_hub.app_context():
        assert (delete_stalled(queue), delete_stalled(queue)) == (0, 1)
    assert (defer(first_hub, queue), jobs(first_hub)) == (1, {"todo": 1})


def test_the_job_of_a_running_run_is_not_deleted(first_hub, second_hub, queue):
    request(first_hub)
    defer(first_hub, queue)
    fetch(first_hub)
    age_jobs(first_hub, LEASE + LEASE_MARGIN_SECONDS)
    with second_hub.app_context():
        lease = leases.take("lists-1")
    with first_hub.app_context():
        assert (delete_stalled(queue), delete_stalled(queue)) == (0, 0)
    with second_hub.app_context():
        lease.release()
    with first_hub.app_context():
        assert (delete_stalled(queue), delete_stalled(queue)) == (0, 1)


def test_a_stalled_job_with_a_younger_one_beside_it_is_deleted(first_hub, queue, monkeypatch):
    """Retrying it would violate the queueing lock, and it would stay forever."""
    request(first_hub)
    defer(first_hub, queue)
    fetch(first_hub, LEASE + LEASE_MARGIN_SECONDS)
    monkeypatch.setattr("hub.scheduling.queue._load_listed_locks", set)
    assert defer(first_hub, queue) == 1
    with first_hub.app_context():
        assert delete_stalled(queue) == 1
    assert jobs(first_hub) == {"todo": 1}


def test_the_queue_without_its_database_is_reported_in_a_sentence(first_hub, queue, monkeypatch):
    request(first_hub)
    monkeypatch.setattr(
        queue._deferring.job_manager,
        "batch_defer_jobs",
        lambda jobs, connection: (_ for _ in ()).throw(
            procrastinate.exceptions.ConnectorException("gone")
        ),
    )
    with pytest.raises(DatabaseUnavailable, match="gone"):
        defer(first_hub, queue)


@pytest.fixture
def refuse_connections(postgres, postgres_url):
    """Return a function that lets the server refuse or accept connections to the database."""
    outside = create_engine(
        make_url(postgres).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )

    def refuse(refused=True):
        name = make_url(postgres_url).database
        with outside.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {not refused}"))

    yield refuse
    refuse(False)
    outside.dispose()


def test_jobs_are_deferred_without_a_further_connection(first_hub, queue, refuse_connections):
    request(first_hub)
    with first_hub.app_context():
        lease_rows.process_leases().held_names()
    refuse_connections()
    assert defer(first_hub, queue) == 1


# -- the election ----------------------------------------------------------------------------------


def stand(app):
    with app.app_context():
        return election.stand_for_election()


def test_one_process_is_elected_and_stays(first_hub, second_hub):
    assert (stand(first_hub), stand(second_hub), stand(first_hub)) == (True, False, True)


def test_another_is_elected_when_the_first_resigns_or_loses_its_connection(first_hub, second_hub):
    stand(first_hub)
    with first_hub.app_context():
        election.resign()
    assert (stand(second_hub), stand(first_hub)) == (True, False)
    end_sessions(first_hub, of=second_hub)
    assert stand(first_hub)
    with suppress(DatabaseUnavailable):
        stand(second_hub)
    assert not stand(second_hub)


def test_the_log_says_that_a_lost_coordination_connection_is_open_again(
    first_hub, second_hub, caplog
):
    assert stand(first_hub)
    end_sessions(second_hub, of=first_hub)
    with pytest.raises(DatabaseUnavailable):
        stand(first_hub)
    assert stand(first_hub)
    messages = [record.getMessage() for record in caplog.records]
    assert messages == [
        "The coordination connection to the database was lost.",
        "The coordination connection to the database is open again.",
    ]


def test_a_frozen_process_is_replaced(first_hub, second_hub, monkeypatch):
    monkeypatch.setattr(election, "FROZEN_SECONDS", LEASE)
    stand(first_hub)
    age_heartbeats(second_hub, LEASE - LEASE_MARGIN_SECONDS)
    assert not stand(second_hub)
    age_heartbeats(second_hub, 2 * LEASE_MARGIN_SECONDS)
    assert not stand(second_hub)  # it ends the session that holds the lock
    assert stand(second_hub)
    with pytest.raises(DatabaseUnavailable):
        stand(first_hub)
    assert not stand(first_hub)


def test_nobody_waits_for_an_open_transaction_of_a_frozen_process(
    first_hub, second_hub, monkeypatch
):
    monkeypatch.setattr(election, "FROZEN_SECONDS", LEASE)
    stand(first_hub)
    with first_hub.app_context(), suppress(OperationalError), db.engine.connect() as frozen:
        frozen.execute(text("LOCK TABLE procrastinate_jobs IN EXCLUSIVE MODE"))  # as it defers
        age_heartbeats(second_hub, LEASE + LEASE_MARGIN_SECONDS)
        assert (stand(second_hub), stand(second_hub)) == (False, True)
        request(second_hub)
        deferred = defer(second_hub, RunQueue(second_hub))
    assert deferred == 1


# -- the scheduler ---------------------------------------------------------------------------------


@pytest.fixture
def make_scheduler():
    schedulers = []

    def make(app):
        scheduler = ElectedScheduler(app, RunQueue(app))
        schedulers.append(scheduler)
        return scheduler

    yield make
    for scheduler in schedulers:
        scheduler.stop()


def test_only_the_elected_scheduler_claims_and_the_next_one_takes_over(
    first_hub, second_hub, make_scheduler
):
    first, second = make_scheduler(first_hub), make_scheduler(second_hub)
    request(first_hub)
    assert first.tick() > 0
    assert second.tick() == 0
    first.stop()
    request(first_hub, "tokens")
    second.tick()
    assert waiting_runs(first_hub) == jobs(first_hub)["todo"]


def test_every_process_logs_where_the_schedules_continue_after_a_restart_of_the_database(
    first_hub, second_hub, make_scheduler, monkeypatch, caplog
):
    def lose_database():
        raise DatabaseUnavailable("postgresql", "the server is restarting")

    schedulers = [make_scheduler(first_hub), make_scheduler(second_hub)]
    with monkeypatch.context() as patch:
        patch.setattr(election, "stand_for_election", lose_database)
        for scheduler in schedulers:
            scheduler.tick()
    for scheduler in schedulers:
        scheduler.tick()
    messages = [record.getMessage() for record in caplog.records]
    assert messages[-2:] == [
        "The schedules continue.",
        "The pause is over: another process runs the schedules.",
    ]


def test_the_elected_scheduler_sends_mails_while_it_asks_whether_it_is_still_elected(
    first_hub, make_scheduler, monkeypatch
):
    """With a distant database it asks most of the time."""
    scheduler = make_scheduler(first_hub)
    stand, sent = election.stand_for_election, []

    def stand_slowly():
        sent.append(scheduler.notify())
        return stand()

    monkeypatch.setattr("hub.notifications.mail_digest", lambda: 1)
    monkeypatch.setattr(election, "stand_for_election", stand_slowly)
    scheduler.tick()
    scheduler.tick()
    assert sent == [0, 1]
    monkeypatch.setattr(election, "stand_for_election", lambda: False)
    scheduler.tick()
    assert scheduler.notify() == 0


def test_a_run_of_a_dead_process_is_closed_when_its_lease_is_over_and_not_before(
    first_hub, second_hub, make_scheduler
):
    with second_hub.app_context():
        assert leases.take("lists-1")
        with transaction() as session:
            session.add(
                Run(kind="lists", company_id=1, started_at=_now(second_hub), requested_by="kari")
            )
        lease_rows.process_leases().stop_heartbeats()  # as its end does
    scheduler = make_scheduler(first_hub)
    scheduler.tick()
    age_heartbeats(first_hub, LEASE - LEASE_MARGIN_SECONDS)
    scheduler.tick()
    assert outcomes(first_hub, "lists") == {""}
    age_heartbeats(first_hub, 2 * LEASE_MARGIN_SECONDS)
    scheduler.tick()
    assert "stopped" in outcomes(first_hub, "lists")


def test_a_run_that_could_not_write_its_end_is_closed_by_the_scheduler(
    first_hub, queue, make_scheduler, monkeypatch
):
    """All connections of the pool are in use while it runs."""

    def execute(run_id):
        with leases.lease("lists-1", "The company"):
            with transaction() as session:
                session.get_one(Run, run_id).started_at = _now(first_hub)
            monkeypatch.setattr(db.engine.pool, "_timeout", 0.01)
            connections = [db.engine.connect() for _ in range(30)]
            try:
                run_log.RunRecorder(run_id).end({})
            finally:
                for connection in connections:
                    connection.close()

    monkeypatch.setattr("hub.scheduling.runner.execute", execute)
    request(first_hub)
    queue._execute("lists", 1)
    assert outcomes(first_hub, "lists") == {""}
    make_scheduler(first_hub).tick()
    assert outcomes(first_hub, "lists") == {"stopped"}


def _now(app):
    return app.extensions["hub"].clock.now()


def outcomes(app, kind):
    with app.app_context(), read_only_session() as session:
        started = select(Run.outcome).where(Run.kind == kind, Run.started_at.is_not(None))
        return set(session.scalars(started))


def test_a_scheduler_without_its_database_is_inactive_and_continues_later(
    first_hub, second_hub, make_scheduler
):
    scheduler = make_scheduler(first_hub)
    scheduler.tick()
    end_sessions(second_hub, of=first_hub)
    with first_hub.app_context():
        db.engine.dispose()
    assert scheduler.tick() == 0
    assert not scheduler._is_at_work
    scheduler.tick()
    assert scheduler._is_at_work


# -- workers ---------------------------------------------------------------------------------------


@pytest.fixture
def run_worker():
    """Run workers in threads until the end of the test."""
    running = []

    def run(app, concurrency):
        queue = RunQueue(app)
        worker = Worker(app, queue, ElectedScheduler(app, queue), concurrency)
        thread = threading.Thread(target=worker.run)
        thread.start()
        running.append((worker, thread))
        return worker, thread

    yield run
    for worker, thread in running:
        worker.end()
        thread.join(MAX_WAIT_SECONDS)
        assert not thread.is_alive()


def add_companies(app, count):
    with app.app_context():
        with transaction() as session:
            rows = [unscheduled(realm=str(n + 2), connected_at=_now(app)) for n in range(count)]
            session.add_all(rows)
            session.flush()
            ids = [row.id for row in rows]
        for id in ids:
            run_log.request("lists", id, "kari")


def test_a_worker_executes_at_most_the_configured_number_of_runs_at_a_time(
    first_hub, run_worker, monkeypatch
):
    """The executor of the event loop has fewer threads than the queue claims jobs."""
    together = threading.Barrier(13)

    def execute(run_id):
        together.wait(MAX_WAIT_SECONDS)
        run_log.RunRecorder(run_id).end({})

    monkeypatch.setattr("hub.scheduling.runner.execute", execute)
    add_companies(first_hub, 12)
    run_worker(first_hub, 12)
    together.wait(MAX_WAIT_SECONDS)


def test_a_worker_continues_after_the_database_has_ended_all_its_sessions(
    first_hub, second_hub, run_worker, monkeypatch
):
    """The library ends its work without an error."""
    executed = threading.Semaphore(0)

    def execute(run_id):
        run_log.RunRecorder(run_id).end({})
        executed.release()

    monkeypatch.setattr("hub.scheduling.runner.execute", execute)
    monkeypatch.setattr("hub.scheduling.worker.RECONNECT_SECONDS", 0.05)
    request(first_hub)
    run_worker(first_hub, 2)
    assert executed.acquire(timeout=MAX_WAIT_SECONDS)
    assert end_sessions(second_hub, of=first_hub)
    request(second_hub, "tokens")
    assert executed.acquire(timeout=MAX_WAIT_SECONDS)


def test_a_worker_continues_when_its_queue_gets_a_connection_again(
    first_hub, run_worker, monkeypatch, refuse_connections, caplog
):
    """It logs the reason once as long as it stays the same."""
    tried, executed = threading.Semaphore(0), threading.Semaphore(0)
    work = RunQueue.work

    async def count_and_work(queue, concurrency):
        tried.release()
        await work(queue, concurrency)

    def execute(run_id):
        run_log.RunRecorder(run_id).end({})
        executed.release()

    monkeypatch.setattr("hub.scheduling.runner.execute", execute)
    monkeypatch.setattr("hub.scheduling.queue.OPEN_SECONDS", 0.2)
    monkeypatch.setattr("hub.scheduling.worker.RECONNECT_SECONDS", 0.05)
    monkeypatch.setattr(RunQueue, "work", count_and_work)
    request(first_hub)
    refuse_connections()
    run_worker(first_hub, 2)
    for _ in range(4):
        assert tried.acquire(timeout=MAX_WAIT_SECONDS)
    assert caplog.text.count("it accepted no connection of the queue within 0.2 s") == 1
    refuse_connections(False)
    assert executed.acquire(timeout=MAX_WAIT_SECONDS)


def test_a_worker_takes_runs_from_the_server_that_answers(
    first_hub, make_app, postgres_url, run_worker, executed
):
    """The address may name several servers, of which one is the primary after a failover."""
    config = first_hub.extensions["hub"].config
    app = make_app(replace(config, database_url=add_absent_server(postgres_url)))
    run_id = request(first_hub)
    run_worker(app, 2)
    end = time.monotonic() + MAX_WAIT_SECONDS
    while run_id not in executed:
        assert time.monotonic() < end
        time.sleep(0.01)


def add_absent_server(address):
    """Return an address that names, after its own server, another one that does not answer."""
    url = make_url(address)
    server = url.query.get("host") or f"{url.host}:{url.port or 5432}"
    hosts = {"host": (server, "127.0.0.1:1")}
    both = url.set(query={**url.query, **hosts})._replace(host=None, port=None)
    return both.render_as_string(hide_password=False)


def test_a_worker_that_ends_releases_everything_and_runs_end_at_their_next_step(
    first_hub, second_hub, run_worker, monkeypatch
):
    event = threading.Event()

    def execute(run_id):
        with leases.lease("lists-1", "The company"):
            recorder = run_log.RunRecorder(run_id)
            event.set()
            while True:
                recorder.progress("lists")

    monkeypatch.setattr("hub.scheduling.runner.execute", execute)
    request(first_hub)
    worker, thread = run_worker(first_hub, 2)
    assert event.wait(MAX_WAIT_SECONDS)
    worker.end()
    thread.join(MAX_WAIT_SECONDS)
    assert not thread.is_alive()
    with second_hub.app_context():
        assert leases.take("lists-1") is not None
    assert stand(second_hub)


def test_a_worker_that_others_counted_as_ended_registers_again(
    first_hub, second_hub, run_worker, executed, monkeypatch, caplog
):
    monkeypatch.setattr("hub.scheduling.worker.RECONNECT_SECONDS", 0.05)
    run_ids = [request(first_hub)]
    run_worker(first_hub, 2)
    wait_until(lambda: executed == run_ids)
    with second_hub.app_context(), transaction() as session:
        session.execute(text("DELETE FROM procrastinate_workers"))
    run_ids.append(request(second_hub, "tokens"))
    wait_until(lambda: executed == run_ids)
    assert "no sign of life for 15 s, so others counted it as ended." in caplog.text
    assert "CONTEXT" not in caplog.text


def test_a_reason_that_every_run_meets_is_logged_once_in_a_while(
    first_hub, queue, clock, monkeypatch, caplog
):
    def fail(*arguments):
        raise DatabaseUnavailable("postgresql://hub", "it has no connection left")

    monkeypatch.setattr("hub.scheduling.run_log.find_oldest_waiting_run", fail)
    counts = []
    for seconds in (0, 1, 300):
        clock.advance(seconds)
        queue._execute("lists", 1)
        counts.append(caplog.text.count("it has no connection left"))
    assert counts == [1, 1, 2]


def wait_until(is_met):
    """Wait until a condition is met."""
    end = time.monotonic() + MAX_WAIT_SECONDS
    while not is_met():
        assert time.monotonic() < end
        time.sleep(0.01)
