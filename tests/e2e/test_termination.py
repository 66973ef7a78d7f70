"""Tests of SIGTERM during sends: results are stored, and the next start finishes the work."""

import json
import os
import signal
import sqlite3
from contextlib import closing

import pytest

from tests.support.processes.command_processes import wait_until
from tests.support.runs.tiers import FULL

pytestmark = pytest.mark.proof
COMMANDS = [("sync",), ("serve", "--port", "0")]
UNCLEAR = "select count(*) from attempt where ended_at is null"
POSTED = "select count(*) from posting where state = 'posted' and kind = 'bill'"


@pytest.fixture
def ready(hub, stand_in):
    """Return a hub with more to post than it sends at once, and a slow QuickBooks."""
    hub.connect()
    hub.enable(stand_in("costtracker", "--documents", "70", "--seed", "5"))
    hub.quickbooks.ask(
        "faults", {"kind": "delay", "call": "bill.create", "seconds": 0.1, "count": 1000}
    )
    return hub


def count_of(hub, query):
    with closing(sqlite3.connect(hub.folder / "data" / "hub.db")) as database:
        return database.execute(query).fetchone()[0]


@pytest.mark.parametrize(
    "command", COMMANDS if FULL else COMMANDS[:1], ids=lambda command: command[0]
)
def test_sends_under_way_are_recorded_at_sigterm_and_the_next_start_continues(ready, command):
    started = ready.fork_server.start(*command, environ=ready.environ)
    sending = ready.folder / "data" / "sends" / ready.realm
    wait_until(sending.exists, ready, started)
    os.kill(started.pid, signal.SIGTERM)
    code, before = ready.fork_server.wait(started), count_of(ready, POSTED)
    assert (code, count_of(ready, UNCLEAR)) == (0 if command[0] == "serve" else 1, 0)
    assert "goes on from there" in started.err.read_text() or command[0] == "serve"
    ready.quickbooks.ask("faults", method="DELETE")
    code, report, errors = ready.sync()
    app = report["apps"]["costtracker"]
    assert (code, app["unknown"], app["waiting"]) == (3, 0, 0), errors
    assert 0 < before < count_of(ready, POSTED)
    assert all(
        sums["source"] == sums["posted"] == sums["quickbooks"] for sums in app["sums"].values()
    )
    runs = [run["outcome"] for run in json.loads(ready.run("runs", "--json"))]
    assert runs.count("stopped") == 1
