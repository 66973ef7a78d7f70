"""Tests of posting to an independent, faulty QuickBooks server while the hub is killed."""

import itertools
import json
import random
import re
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing

import pytest

from tests.e2e.independent import IndependentServer
from tests.support.runs.tiers import FULL, by_form

pytestmark = pytest.mark.proof
DOCUMENTS, GOOD, KILLS, AT_ONCE = by_form(
    small=(14, 12, 2, 2), full=(114, 100, 10, 4), long=(514, 500, 40, 4)
)
WAIT_SECONDS = (
    0.4,
    3.0,
)  # seconds: most kills come before anything is sent, every second one during a send
MIN_UNANSWERED = by_form(small=3, full=60, long=300)
SECONDS = 1.0 if FULL else 0.4  # seconds that the hub waits for an answer
SHORT = {
    "HUB_DEADLINE_SECONDS": str(SECONDS),
    "HUB_LEASE_SECONDS": str(SECONDS * 1.5),
    "HUB_QUIET_SECONDS": str(SECONDS * 2),
    "HUB_QBO_PER_SECOND": "60",
}
MISCHIEF = {
    "lose": 0.2,
    "reset": 0.2,
    "stall": 0.01,
    "late": 0.02,
    "burst": 0.01,
    "seconds": SECONDS,
    "long": 1 if FULL else 0,
}
MAX_KILL_SECONDS = 500  # seconds for all kills
MARKER = re.compile(r"\[hub:([A-Z2-7]{12})\]")
GIVEN_UP = "times without an answer"


@pytest.fixture
def quickbooks(tmp_path):
    """Start the independent server in place of the hub's own stand-in."""
    folder = tmp_path / "other"
    folder.mkdir()
    server = IndependentServer("independent_quickbooks.py", folder, folder)
    yield server
    server.stop()


def test_each_document_is_in_the_books_once_despite_server_changes_and_kills(
    hub, stand_in, quickbooks, figure
):
    costtracker = stand_in("costtracker", "--documents", str(DOCUMENTS), "--seed", "5")
    hub.environ |= SHORT
    hub.connect()
    hub.enable(costtracker, payable_account="33")
    quickbooks.ask("mischief", MISCHIEF)
    kills = _kill_often(hub, random.Random(3))
    _sync_to_the_end(hub)
    counts = quickbooks.ask("mischief", {})
    code, report, errors = hub.sync()
    app = report["apps"]["costtracker"]
    assert (code, app["requests"]["writes"], app["unknown"], app["waiting"]) == (3, 0, 0, 0), errors
    assert all(
        sums["source"] == sums["posted"] == sums["quickbooks"] for sums in app["sums"].values()
    )
    assert _count_posted(quickbooks, costtracker) == app["posted"]
    figure(
        "documents of a hub at an independent server, each in its books once", app["posted"], GOOD
    )
    figure("kills of the hub at the independent server, up to four at a time", kills, KILLS)
    figure(
        "calls that the independent server did not answer",
        counts["lose"] + counts["reset"] + counts["late"],
        MIN_UNANSWERED,
    )


def _kill_often(hub, chance):
    """Run several syncs at a time and kill the active one repeatedly; return the kills."""
    running, kills, began = {}, 0, time.monotonic()
    for number in itertools.count():
        running = {
            name: command
            for name, command in running.items()
            if hub.fork_server.poll(command) is None
        }
        while len(running) < AT_ONCE:
            name = f"person-{number}-{len(running)}"
            running[name] = hub.fork_server.start(
                "sync", environ=hub.environ | {"LOGNAME": name}, seconds=280
            )
        _wait_for_send(hub, WAIT_SECONDS[number % 2])
        time.sleep(chance.uniform(0.0, 0.3))
        at_work = running.pop(_active_requester(hub), None)
        kills += at_work is not None and hub.fork_server.kill(at_work) == -signal.SIGKILL
        if kills == KILLS:
            break
        late = (
            f"{kills} kills in {MAX_KILL_SECONDS} s; {_active_requester(hub)} is "
            f"at work, and these go on: {[*running]}"
        )
        assert time.monotonic() < began + MAX_KILL_SECONDS, late
    for command in running.values():
        hub.fork_server.kill(command)
    return kills


def _wait_for_send(hub, seconds):
    """Wait until a send begins, or some seconds: the active process may wait or search."""
    file = hub.folder / "data" / "sends" / hub.realm
    before, until = file.stat().st_mtime_ns if file.exists() else 0, time.monotonic() + seconds
    while time.monotonic() < until and (file.stat().st_mtime_ns if file.exists() else 0) == before:
        time.sleep(0.01)


def _active_requester(hub):
    """Return the requester of the newest running run, as stored by the hub."""
    last = (
        "select requested_by from run where started_at is not null "
        "and ended_at is null order by id desc limit 1"
    )
    with closing(sqlite3.connect(hub.folder / "data" / "hub.db")) as database:
        return (database.execute(last).fetchone() or [""])[0].partition(" ")[0]


def _sync_to_the_end(hub):
    """Sync as an operator does: again after doubt, and with Retry after five unanswered sends."""
    for _ in range(400):
        code, report, errors = hub.sync()
        app = report["apps"]["costtracker"]
        if code == 3 and not app["waiting"] and not app["unknown"]:
            rows = json.loads(hub.run("outbox", "--state", "held", "--json"))
            given_up = [str(row["id"]) for row in rows if GIVEN_UP in row["reason"]]
            if not given_up:
                return
            hub.run("retry", *given_up)
    raise AssertionError(errors)


def _count_posted(quickbooks, costtracker):
    """Return the number of documents in the books; each occurs once, with its file once."""
    books = quickbooks.ask("books")
    rows = [
        row
        for kind in ("Bill", "VendorCredit")
        for row in books[kind]
        if row.get("status") != "Deleted"
    ]
    marks = Counter(MARKER.search(row["PrivateNote"])[1] for row in rows)
    files = Counter(
        (row["FileName"], row["AttachableRef"][0]["EntityRef"]["value"])
        for row in books["Attachable"]
    )
    assert {*marks.values(), *files.values()} == {1}
    return len(marks)
