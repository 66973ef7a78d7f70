"""kill -9 of the hub at any moment, many times, and a rerun: the same books as if nothing had happened."""

import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress

FULL = os.environ.get("HUB_PROOF") == "full"
KILLS = 200 if FULL else 50
DOCUMENTS = 1800 if FULL else 450
SHORT = {"HUB_DEADLINE_SECONDS": "2", "HUB_LEASE_SECONDS": "2.5", "HUB_QUIET_SECONDS": "3"}
LATER = 60  # seconds that QuickBooks' clock moves, so that the doubt of a killed process need not be waited for
EARLY, SENDING = (0.0, 0.3), (0.0, 0.06)  # when a kill comes: in seconds after the start, after the first claim


def test_fifty_kills_leave_the_books_that_an_undisturbed_run_leaves(hub, stand_in, figure):
    hub.environ |= SHORT
    hub.connect()
    hub.enable(stand_in("costtracker", "--documents", str(DOCUMENTS), "--seed", "11"))
    figure("kills of a syncing hub that left the books right", _kill_often(hub), KILLS)
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
        started = hub.warm.start("sync", "--json", environ=hub.environ)
        if kills % 2:
            _await_claim(hub, started.pid)
        time.sleep(chance.uniform(*(SENDING if kills % 2 else EARLY)))
        with suppress(ProcessLookupError):
            os.kill(started.pid, signal.SIGKILL)
        killed = hub.warm.end() == -signal.SIGKILL
        kills, ended = kills + killed, ended + (not killed)
        hub.quickbooks.pass_time(LATER)
    return kills


def _await_claim(hub, pid):
    """Until the count of claims beside the database moves: from then on bytes are on their way."""
    before = _claims(hub)
    with suppress(ProcessLookupError):
        while _claims(hub) == before:
            time.sleep(0.004)
            os.kill(pid, 0)


def _claims(hub):
    file = hub.folder / "data" / "sends" / hub.realm
    return file.read_text() if file.exists() else ""


def _marks(hub):
    """How many different marks of ours the books hold, and how often the most frequent one stands there."""
    books = hub.quickbooks.ask("books")[hub.realm]
    notes = [row.get("PrivateNote", "") for kind in ("Bill", "VendorCredit") for row in books[kind]]
    marks = Counter(note.rpartition("[hub:")[2] for note in notes if "[hub:" in note)
    return len(marks), max(marks.values())
