"""Against a second QuickBooks, which knows nothing of ours: hostile, its callers killed, and each document once."""

import json
import os
import random
import re
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

FULL = os.environ.get("HUB_PROOF") == "full"
DOCUMENTS, GOOD, KILLS, AT_ONCE = (514, 500, 40, 4) if FULL else (14, 12, 2, 2)
WHILE = 1.0 if FULL else 0.7
LEAST = 300 if FULL else 3
SECONDS = 1.2 if FULL else 0.4  # that the hub waits for an answer
SHORT = {
    "HUB_DEADLINE_SECONDS": str(SECONDS),
    "HUB_LEASE_SECONDS": str(SECONDS * 1.5),
    "HUB_QUIET_SECONDS": str(SECONDS * 2),
    "HUB_QBO_PER_SECOND": "60",
}
MISCHIEF = {"lose": 0.2, "reset": 0.2, "stall": 0.01, "late": 0.02, "burst": 0.01, "seconds": SECONDS,
            "long": 2 if FULL else 0}  # fmt: skip
MARK = re.compile(r"\[hub:([A-Z2-7]{12})\]")
GIVEN_UP = "times without an answer"
SERVER = Path(__file__).parent.parent / "other_quickbooks.py"


class Other:
    """The second QuickBooks as a process of its own."""

    def __init__(self, folder):
        folder.mkdir(exist_ok=True)
        self.process = subprocess.Popen([sys.executable, str(SERVER), str(folder)], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()

    def ask(self, page, body=None):
        sent = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.url}/_other/{page}", data=sent, timeout=30) as answer:
            return json.load(answer, parse_float=Decimal)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def quickbooks(tmp_path):
    """Takes the place of the hub's own stand-in."""
    made = Other(tmp_path / "other")
    yield made
    made.stop()


@pytest.mark.timeout(900)
def test_each_document_is_in_the_books_once_whatever_the_server_and_kills_do(hub, stand_in, quickbooks, figure):
    costtracker = stand_in("costtracker", "--documents", str(DOCUMENTS), "--seed", "5")
    hub.environ |= SHORT
    hub.connect()
    hub.enable(costtracker, payable_account="33")
    quickbooks.ask("mischief", MISCHIEF)
    kills = _kill_often(hub, random.Random(3))
    _sync_to_the_end(hub)
    done = quickbooks.ask("mischief", {})
    code, told, said = hub.sync()
    app = told["apps"]["costtracker"]
    assert (code, app["requests"]["writes"], app["unknown"], app["waiting"]) == (3, 0, 0, 0), said
    assert all(sums["source"] == sums["posted"] == sums["quickbooks"] for sums in app["sums"].values())
    assert _in_the_books(quickbooks, costtracker) == app["posted"]
    figure("documents of a hub at an independent server, each in its books once", app["posted"], GOOD)
    figure("kills of that hub, up to four at a time", kills, KILLS)
    figure("calls that the independent server did not answer", done["lose"] + done["reset"] + done["late"], LEAST)


def _kill_often(hub, chance):
    """Keeps several syncs going, and kills the one at work again and again, at any moment."""
    running, kills = [], 0
    while kills < KILLS:
        running = [pid for pid in running if hub.warm.look(pid) is None]
        while len(running) < AT_ONCE:
            running.append(hub.warm.start("sync", environ=hub.environ, wait=False).pid)
        _until_more_is_sent(hub)
        time.sleep(chance.uniform(0.0, 0.4))
        at_work = _holder(hub.folder / "data" / "locks" / "installation-1.lock")
        if at_work in running and hub.warm.look(at_work) is None:
            hub.warm.stop(at_work)
            running.remove(at_work)
            kills += 1
    while running:
        time.sleep(0.05)
        running = [pid for pid in running if hub.warm.look(pid) is None]
    return kills


def _until_more_is_sent(hub):
    """Or for a while: whoever is at work may be waiting, or looking for what is in doubt."""
    file = hub.folder / "data" / "sends" / hub.realm
    before, until = file.stat().st_mtime_ns if file.exists() else 0, time.monotonic() + WHILE
    while time.monotonic() < until and (file.stat().st_mtime_ns if file.exists() else 0) == before:
        time.sleep(0.01)


def _holder(lock):
    """The process that holds a lock file, as the kernel lists it."""
    if not lock.exists():
        return None
    place = lock.stat()
    name = f"{os.major(place.st_dev):02x}:{os.minor(place.st_dev):02x}:{place.st_ino}"
    held = (line.split() for line in Path("/proc/locks").read_text().splitlines() if "->" not in line)
    return next((int(parts[4]) for parts in held if parts[5] == name), None)


def _sync_to_the_end(hub):
    """As an operator does: again while something is in doubt, and Retry for what was given up after five rounds."""
    for _ in range(60):
        code, told, said = hub.sync()
        app = told["apps"]["costtracker"]
        if code == 3 and not app["waiting"] and not app["unknown"]:
            held = json.loads(hub.done("outbox", "--state", "held", "--json"))
            given_up = [str(row["id"]) for row in held if GIVEN_UP in row["reason"]]
            if not given_up:
                return
            hub.done("retry", *given_up)
    raise AssertionError(said)


def _in_the_books(quickbooks, costtracker):
    """How many of the source's documents stand in the books: each once, to the cent, with its file once."""
    books = quickbooks.ask("books")
    made = [row for kind in ("Bill", "VendorCredit") for row in books[kind] if row.get("status") != "Deleted"]
    marks = Counter(MARK.search(row["PrivateNote"])[1] for row in made)
    files = Counter((row["FileName"], row["AttachableRef"][0]["EntityRef"]["value"]) for row in books["Attachable"])
    assert {*marks.values(), *files.values()} == {1}
    return len(marks)
