"""The addresses of a worker that service managers call: alive and ready."""

import json
import threading
import time
import urllib.error
import urllib.request

import pytest

from hub.errors import ConfigurationError
from hub.scheduling.elected_scheduler import ElectedScheduler
from hub.scheduling.queue import RunQueue
from hub.scheduling.worker import Worker
from hub.web.serving import server
from hub.web.worker_health import MAX_SILENT_SECONDS, WorkerHealth

MAX_WAIT_SECONDS = 60


@pytest.fixture
def app(make_process):
    return make_process("one")


@pytest.fixture
def worker(app):
    queue = RunQueue(app)
    return Worker(app, queue, ElectedScheduler(app, queue), 1)


@pytest.fixture
def ask(app, worker):
    """Request an address of the worker; return the status and the text."""
    web = server.Web(WorkerHealth(app, worker), "127.0.0.1", 0)
    web.start()

    def ask(path):
        try:
            with urllib.request.urlopen(web.url + path, timeout=MAX_WAIT_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    yield ask
    web.stop()


def start(worker):
    thread = threading.Thread(target=worker.run)
    thread.start()
    return thread


def wait_until(condition):
    end = time.monotonic() + MAX_WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_worker_that_takes_runs_is_alive_and_ready(worker, ask):
    thread = start(worker)
    try:
        wait_until(lambda: worker.is_connected)
        assert ask("/healthz") == (200, "ok\n")
        status, text = ask("/readyz")
        checks = {"database": "ok", "schema": "ok", "scheduler": "ok", "queue": "ok"}
        assert (status, json.loads(text)) == (200, {"ready": True, "checks": checks})
    finally:
        worker.end()
        thread.join(MAX_WAIT_SECONDS)
    status, text = ask("/readyz")
    assert (status, json.loads(text)["ready"]) == (503, False)
    assert json.loads(text)["checks"]["queue"].startswith("The worker has no connection")


def test_a_worker_whose_loop_does_not_act_is_not_alive(worker, ask, clock):
    clock.advance(MAX_SILENT_SECONDS)
    assert ask("/healthz") == (200, "ok\n")
    clock.advance(1)
    assert ask("/healthz") == (503, "The worker gave no sign of life for 60 seconds.\n")
    thread = start(worker)
    try:
        wait_until(lambda: ask("/healthz")[0] == 200)
    finally:
        worker.end()
        thread.join(MAX_WAIT_SECONDS)


def test_other_addresses_do_not_exist(ask):
    assert ask("/") == (404, "A worker answers /healthz and /readyz.\n")


def test_a_port_in_use_is_named_with_the_option_of_the_worker():
    with server.listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ConfigurationError, match="choose another one with --health-port"):
            server.listen("127.0.0.1", port, "--health-host", "--health-port")
