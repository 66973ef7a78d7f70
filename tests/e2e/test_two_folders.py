"""Tests of two data folders on one PostgreSQL database, each with a server: one works at a time."""

import os
import signal
import urllib.request

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tests.support.processes.command_processes import MAX_WAIT_SECONDS, Hub, wait_until
from tests.support.runs.hub_environment import SECRET_KEY, VAULT_KEYS

SHORT = {"HUB_DEADLINE_SECONDS": "2", "HUB_LEASE_SECONDS": "3", "HUB_QUIET_SECONDS": "4"}
TAKES_OVER = "This data folder works on the database from now on."


@pytest.fixture
def database(postgres, make_database):
    """Create a PostgreSQL database without tables."""
    return make_database(postgres)


@pytest.fixture
def make_hub(fork_server, tmp_path, quickbooks, database):
    """Return a function that creates a hub with a folder of its own on the shared database."""

    def make(name):
        folder = tmp_path / name
        folder.mkdir()
        hub = Hub(fork_server, folder, quickbooks)
        keys = {"HUB_SECRET_KEY": SECRET_KEY, "HUB_VAULT_KEYS": VAULT_KEYS}
        hub.environ |= SHORT | keys | {"HUB_DATABASE_URL": database}
        return hub

    return make


@pytest.fixture
def outcomes(database):
    """Return the outcomes of the runs from the database."""
    engine = create_engine(make_url(database).set(drivername="postgresql+psycopg"))

    def ask():
        with engine.connect() as connection:
            return {outcome for (outcome,) in connection.execute(text("SELECT outcome FROM run"))}

    yield ask
    engine.dispose()


def serve(hub):
    return hub.fork_server.start("serve", "--port", "0", environ=hub.environ)


def wait_for_output(hub, process, words):
    """Return the output of a process once it contains these words."""
    return wait_until(
        lambda: (
            process.out.exists() and words in process.out.read_text() and process.out.read_text()
        ),
        hub,
        process,
    )


@pytest.mark.proof(small=0)
def test_the_second_stands_by_and_takes_over_when_the_first_ends_or_is_killed(make_hub, outcomes):
    first_hub, second_hub = make_hub("one"), make_hub("two")
    first_hub.connect()
    second_hub.run("init")
    first = serve(first_hub)
    wait_until(lambda: "done" in outcomes(), first_hub, first)
    second = serve(second_hub)
    assert "one/data works on this database (since" in wait_for_output(
        second_hub, second, "stands by"
    )
    address = second.out.read_text().partition("serves ")[2].split()[0]
    with urllib.request.urlopen(f"{address}/login", timeout=MAX_WAIT_SECONDS) as page:
        assert page.status == 200
    code, _, output = second_hub("reconcile")
    assert (code, "must not work on one database" in output) == (1, True)
    assert "ok       The data folder" in second_hub("check")[1]
    assert outcomes() <= {"done", ""}

    os.kill(first.pid, signal.SIGTERM)
    assert first_hub.fork_server.wait(first) == 0
    assert "ended without saying so" not in wait_for_output(second_hub, second, TAKES_OVER)

    third = serve(first_hub)
    assert "two/data works on this database (since" in wait_for_output(
        first_hub, third, "stands by"
    )
    second_hub.fork_server.kill(second)
    assert "ended without saying so. This one takes over in" in wait_for_output(
        first_hub, third, TAKES_OVER
    )
    os.kill(third.pid, signal.SIGTERM)
    assert first_hub.fork_server.wait(third) == 0
    assert first_hub("reconcile")[0] == 0
