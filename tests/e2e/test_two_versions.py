"""An upgrade without downtime: code from before the tables were upgraded goes on beside the new code."""

import json
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from tests.e2e.conftest import PATIENCE, REALM, TOKEN
from tests.support.canaries import EARLIER_CODE

ROOT = Path(__file__).parents[2]
REVISION = "hub/migrations/versions/0024_where_a_database_moved_to.py"  # the first that only adds
CODE = ("hub", "sandbox", "plugins")
COMMAND = "from hub.cli import main; main()"
WAITING_SYNC = """
import os, hub
assert hub.__file__.startswith(os.getcwd())
from hub.cli import console, main
with console.hub() as app:
    print("ready", flush=True)
    input()
    main(["sync", "--json"], obj=app)
"""


def git(*args):
    """What git prints; None if it fails."""
    done = subprocess.run(["git", *args], cwd=ROOT, capture_output=True)
    return done.stdout if done.returncode == 0 else None


@pytest.fixture
def earlier_code(tmp_path):
    """A folder with the code as it was before the revision."""
    commit = (git("log", "--diff-filter=A", "--format=%H", "--", REVISION) or b"").decode().strip()
    archive = git("archive", f"{commit}~", *CODE) if commit else None
    if archive is None:
        pytest.skip("the git history does not reach back to the code of the earlier version")
    folder = tmp_path / EARLIER_CODE
    with tarfile.open(fileobj=BytesIO(archive)) as content:
        content.extractall(folder, filter="data")
    assert not (folder / REVISION).exists()
    return folder


@pytest.fixture
def start_earlier(hub, earlier_code):
    """Starts Python with the earlier code and the settings of the hub; ends it with the test."""
    processes = []
    plugins = [str(path) for path in (earlier_code / "plugins").iterdir()]
    path = ":".join([str(earlier_code), str(earlier_code / "sandbox"), *plugins])

    def start(code, *args):
        command = [sys.executable, "-c", code, *args]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        environ = hub.environ | {"PYTHONPATH": path}
        process = subprocess.Popen(command, env=environ, cwd=earlier_code, text=True, **pipes)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def finish(process, given=""):
    """The output of a process that was given this line."""
    out, err = process.communicate(given, timeout=PATIENCE)
    assert process.returncode in (0, 3), err
    return out


def posted(books):
    """How many of each kind QuickBooks has."""
    return {kind: len(rows) for kind, rows in books[REALM].items() if isinstance(rows, list)}


@pytest.mark.proof(small=0)
@pytest.mark.end_to_end
def test_earlier_code_posts_to_upgraded_tables_beside_the_new_code(hub, stand_in, start_earlier):
    costtracker = stand_in("costtracker", "--documents", "12", "--seed", "3")
    finish(start_earlier(COMMAND, "init"))
    connect = ("companies", "add", "--realm", REALM, "--refresh-token-file", "-")
    finish(start_earlier(COMMAND, *connect), TOKEN)
    settings = ("--mode", "auto", "--settings", str(hub.settings(costtracker)))
    finish(start_earlier(COMMAND, "apps", "enable", "costtracker", *settings))

    first, second = start_earlier(WAITING_SYNC), start_earlier(WAITING_SYNC)
    assert [process.stdout.readline() for process in (first, second)] == ["ready\n"] * 2
    hub.done("init")  # the new version upgrades the tables
    out = finish(first, "\n")
    report = json.loads(out)["apps"]["costtracker"]
    assert report["posted"] > 3
    assert report["requests"]["writes"] >= report["posted"]
    books = posted(hub.quickbooks.ask("books"))

    assert hub.sync()[1]["apps"]["costtracker"]["posted"] == report["posted"]
    repeated = json.loads(finish(second, "\n"))["apps"]["costtracker"]
    assert (repeated["posted"], repeated["requests"]["writes"]) == (report["posted"], 0)
    assert posted(hub.quickbooks.ask("books")) == books
    assert "intact" in hub.done("audit", "verify")
