"""The demo as a newcomer starts it: it tells its story, and a second start posts nothing."""

import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner
from filelock import FileLock

from hub import demo
from hub.cli import main
from tests.small_demo import SmallDemo
from tests.tiers import FULL

POSTED = 100 if FULL else 25
START = ["-c", "from hub.cli import main; main()"] if FULL else ["-m", "tests.small_demo"]
HURRIED = {
    "HUB_DEADLINE_SECONDS": "2",
    "HUB_LEASE_SECONDS": "2.2",
    "HUB_QUIET_SECONDS": "2.4",
}  # nobody watches
LAST = "Documents travel now; some are held, and the inbox says what to press. Ctrl-C ends it.\n"
ROOT = Path(__file__).parent.parent
STATES = ("posted", "held", "review", "waiting", "unknown", "skipped", "withdrawn")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A data folder for the demo; the rest of the configuration is nothing that it may touch."""
    monkeypatch.setenv("HUB_DATA", str(tmp_path / "hub-demo"))
    monkeypatch.setenv("HUB_DATABASE_URL", "nonsense")
    monkeypatch.setattr(demo, "PATIENCE", HURRIED)
    if not FULL:
        monkeypatch.setattr(demo, "Demo", SmallDemo)
    return tmp_path / "hub-demo"


def once():
    done = CliRunner().invoke(main, ["demo", "--once", "--json"])
    assert "Traceback" not in done.stderr
    return done.exit_code, json.loads(done.stdout)


@pytest.mark.proof
def test_the_demo_serves_until_it_is_told_to_end_and_the_next_goes_on_and_the_last_posts_nothing(
    folder,
):
    _serve_for_a_while()
    _tell_the_story()


def _tell_the_story():
    """One that goes on where the first was ended, and one that finds nothing to do."""
    code, told = once()
    app = told["apps"]["costtracker"]
    assert (code, app["posted"] >= POSTED, app["unknown"]) == (3, True, 0)
    assert app["documents"] == sum(app[state] for state in STATES)
    assert all(
        sums["source"] == sums["posted"] == sums["quickbooks"] for sums in app["sums"].values()
    )
    causes = {case["cause"].split(":")[0] for case in told["cases"]}
    assert "match" in causes
    code, again = once()
    assert (code, [each["requests"]["writes"] for each in again["apps"].values()]) == (
        3,
        [0] * len(told["apps"]),
    )
    assert again["apps"]["costtracker"] | {"requests": 0} == app | {"requests": 0}


def _serve_for_a_while():
    """Hub and stand-ins at one address, until the answer that gets lost was lost, and on until it is told to end."""
    command = [sys.executable, *START, "demo", "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    said = "".join(iter(process.stdout.readline, LAST))
    url = re.search(r"http://127\.0\.0\.1:\d+", said)[0]
    assert re.search(r"log in as demo with the password \S{12}", said)
    with urllib.request.urlopen(url, timeout=120) as page:
        assert "Log in" in page.read().decode()
    _wait_for_bills(f"{url}/stand-ins/quickbooks/_sandbox/books")
    process.send_signal(signal.SIGTERM)
    assert "Traceback" not in process.communicate(timeout=200)[1]
    assert process.returncode == 0


def _wait_for_bills(address):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with urllib.request.urlopen(address, timeout=120) as books:
            bills = next(iter(json.load(books).values())).get("Bill", ())
        if sum("[hub:" in bill.get("PrivateNote", "") for bill in bills) > 25:
            return
        time.sleep(0.2)
    pytest.fail("no bills travelled")


def test_two_demos_on_one_folder_are_refused_with_a_sentence(folder):
    folder.mkdir()
    with FileLock(folder / "demo.lock"):
        done = CliRunner().invoke(main, ["demo", "--once"])
    assert (done.exit_code, "is in use by another process" in done.stderr) == (1, True)
