"""`hub serve` as a process: pages, scheduled runs and an orderly shutdown."""

import os
import signal
import sqlite3
import time
import urllib.request
from contextlib import closing

from tests.e2e.conftest import PATIENCE


def until(found, hub, command):
    """What `found` brings, as soon as it is true; the command goes on meanwhile."""
    end = time.monotonic() + PATIENCE
    while not (value := found()):
        assert hub.warm.look(command) is None, command.err.read_text()
        assert time.monotonic() < end, (
            f"never came: {command.out.read_text()}{command.err.read_text()}"
        )
        time.sleep(0.05)
    return value


def test_it_serves_pages_and_runs_apps_on_their_schedule_until_it_is_told_to_end(hub, stand_in):
    hub.connect()
    hub.enable(stand_in("costtracker", "--documents", "12", "--seed", "2"))
    served = hub.warm.start("serve", "--port", "0", environ=hub.environ)
    url = until(
        lambda: served.out.exists() and served.out.read_text().partition("serves ")[2].strip(),
        hub,
        served,
    )
    with urllib.request.urlopen(f"{url}/login", timeout=PATIENCE) as page:
        assert page.status == 200
    until(lambda: _posted(hub) >= 8 and "done" in _outcomes(hub), hub, served)
    os.kill(served.pid, signal.SIGTERM)
    assert (hub.warm.end(served), served.out.read_text().endswith("The hub has ended.\n")) == (
        0,
        True,
    )
    assert _outcomes(hub) == {"done"}


def _outcomes(hub):
    with closing(sqlite3.connect(hub.folder / "data" / "hub.db")) as database:
        return {
            outcome
            for (outcome,) in database.execute("select outcome from run where kind = 'sync'")
        }


def _posted(hub):
    bills = hub.quickbooks.ask("books")[hub.realm].get("Bill", ())
    return sum("[hub:" in bill.get("PrivateNote", "") for bill in bills)
