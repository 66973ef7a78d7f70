"""A worker goes on if another server takes the place of one that is frozen."""

import threading

import pytest

from hub.db import engine
from hub.models import ConnectedCompany
from hub.models.enums import ConnectionState
from hub.scheduling import folder_lock, queue_tables, run_log
from hub.scheduling.queue import RunQueue
from hub.scheduling.worker import Worker

MAX_WAIT_SECONDS = 120
SECONDS = 2.0  # for a statement of the queue, and to ask whether a connection works


@pytest.fixture
def postgres_url(own_server):
    return own_server.url


class NoScheduler:
    """What a worker has that is not elected."""

    def start(self):
        """Start nothing."""

    def stop(self):
        """Stop nothing."""


@pytest.fixture
def executed(monkeypatch):
    """Provide a semaphore that each executed run releases."""
    semaphore = threading.Semaphore(0)

    def execute(run_id):
        run_log.RunRecorder(run_id).end({})
        semaphore.release()

    monkeypatch.setattr("hub.scheduling.runner.execute", execute)
    return semaphore


def request(app, kind):
    """Request a run, and defer its job as the elected scheduler does."""
    with app.app_context():
        run_log.request(kind, 1, "kari")
        RunQueue(app).defer_waiting()


def replace_frozen_server(server, standby):
    """Freeze a server and promote its standby, which is then reached at the same address."""
    server.freeze()
    for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
        (server.place / name).unlink()
    standby.promote(server.place)


@pytest.mark.proof(small=0)
def test_a_worker_continues_with_the_server_that_replaces_a_frozen_one(
    make_process, own_server, clock, executed, monkeypatch
):
    monkeypatch.setattr("hub.scheduling.queue._QueueConnection.work_seconds", SECONDS)
    monkeypatch.setattr("hub.db.time_limit.PING_SECONDS", SECONDS)
    one = make_process("one")
    engine.upgrade(one)
    with one.app_context(), engine.transaction() as session:
        state = ConnectionState.DISCONNECTED
        session.add(ConnectedCompany(state=state, realm="1", connected_at=clock.now()))
    with one.app_context():
        queue_tables.prepare()
    standby = own_server.make_standby("standby")
    worker = Worker(one, RunQueue(one), NoScheduler(), 2)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        request(one, "lists")
        assert executed.acquire(timeout=MAX_WAIT_SECONDS)
        replace_frozen_server(own_server, standby)
        request(make_process("two"), "tokens")
        assert executed.acquire(timeout=MAX_WAIT_SECONDS)
    finally:
        worker.end()
        thread.join(MAX_WAIT_SECONDS)
    assert not thread.is_alive()


@pytest.mark.proof(small=0)
def test_a_process_claims_the_database_on_the_server_that_takes_the_place_of_a_frozen_one(
    make_process, own_server, monkeypatch
):
    monkeypatch.setattr("hub.db.coordination.FROZEN_SECONDS", SECONDS)
    one = make_process("one")
    engine.upgrade(one)
    standby = own_server.make_standby("standby")
    claims = []

    def claim():
        with one.app_context():
            claims.append(folder_lock.process_lock().claim())

    claim()
    replace_frozen_server(own_server, standby)
    engine_of(one).dispose()
    thread = threading.Thread(target=claim, daemon=True)
    thread.start()
    thread.join(MAX_WAIT_SECONDS)
    assert claims == [None, None]


def engine_of(app):
    with app.app_context():
        return engine.db.engine
