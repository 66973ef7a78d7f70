"""kill -9 of the hub at any moment, many times, and a rerun: the same books as if nothing had happened."""

import os
import random
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing, suppress

FULL = os.environ.get("HUB_PROOF") == "full"
KILLS = 200 if FULL else 50
DOCUMENTS = 1300 if FULL else 320
SHORT = {"HUB_DEADLINE_SECONDS": "2", "HUB_LEASE_SECONDS": "2.5", "HUB_QUIET_SECONDS": "3"}
LATER = 60  # seconds that QuickBooks' clock moves, so that the doubt of a killed process need not be waited for
ANYWHERE, SENDING = (0.0, 0.3), (0.0, 0.05)  # when a kill comes: in seconds after the start, after the first claim


def test_fifty_kills_leave_the_books_that_an_undisturbed_run_leaves(hub, stand_in, figure):
    hub.environ |= SHORT
    hub.connect()
    hub.enable(stand_in("costtracker", "--documents", str(DOCUMENTS), "--seed", "11"))
    figure("kills of a syncing hub that left the books right", _kill_often(hub), KILLS)
    figure("sends that those kills left in doubt", _doubts(hub), KILLS)
    code, _, said = hub.sync()
    assert code == 3, said
    _, told, said = hub.sync()
    app = told["apps"]["costtracker"]
    assert (app["unknown"], app["waiting"], app["requests"]["writes"]) == (0, 0, 0), said
    assert all(sums["source"] == sums["posted"] == sums["quickbooks"] for sums in app["sums"].values())
    assert _marks(hub) == (app["posted"], 1)


def _kill_often(hub):
    """How often a sync was killed while it was under way: now anywhere, now while it sends."""
    chance, kills, ended = random.Random(7), 0, 0
    while kills < KILLS and ended < 5:
        sign, within = (_claims, SENDING) if kills % 3 == 2 else (_runs, ANYWHERE)
        before = sign(hub)
        started = hub.warm.start("sync", "--json", environ=hub.environ)
        with suppress(ProcessLookupError):
            while sign(hub) == before:
                time.sleep(0.005)
                os.kill(started.pid, 0)
            time.sleep(chance.uniform(*within))
            os.kill(started.pid, signal.SIGKILL)
        killed = hub.warm.end() == -signal.SIGKILL
        kills, ended = kills + killed, ended + (not killed)
        hub.quickbooks.pass_time(LATER)
    return kills


def _runs(hub):
    """How many runs have begun."""
    with closing(sqlite3.connect(hub.folder / "data" / "hub.db")) as database:
        return database.execute("select count(*) from run").fetchone()


def _doubts(hub):
    """How many sends were under way when a kill came."""
    with closing(sqlite3.connect(hub.folder / "data" / "hub.db")) as database:
        return database.execute("select count(*) from attempt where ended_at is null").fetchone()[0]


def _claims(hub):
    """How many sends were claimed: from the next one on bytes are on their way."""
    file = hub.folder / "data" / "sends" / hub.realm
    return file.read_text() if file.exists() else ""


def _marks(hub):
    """How many different marks of ours the books hold, and how often the most frequent one stands there."""
    books = hub.quickbooks.ask("books")[hub.realm]
    notes = [row.get("PrivateNote", "") for kind in ("Bill", "VendorCredit") for row in books[kind]]
    marks = Counter(note.rpartition("[hub:")[2] for note in notes if "[hub:" in note)
    return len(marks), max(marks.values())
