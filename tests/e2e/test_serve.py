"""Tests of `hub serve` as a process: pages, scheduled runs and an orderly shutdown."""

import os
import re
import signal
import sqlite3
import time
import urllib.request
from contextlib import closing

import pytest

from tests.support.processes.command_processes import MAX_WAIT_SECONDS, environment, wait_until


def test_serve_shows_pages_and_runs_apps_on_schedule_until_sigterm(hub, stand_in):
    hub.connect()
    hub.enable(stand_in("costtracker", "--documents", "12", "--seed", "2"))
    served = hub.fork_server.start("serve", "--port", "0", environ=hub.environ)
    url = wait_until(
        lambda: served.out.exists() and served.out.read_text().partition("serves ")[2].strip(),
        hub,
        served,
    )
    with urllib.request.urlopen(f"{url}/login", timeout=MAX_WAIT_SECONDS) as page:
        assert page.status == 200
    wait_until(lambda: _count_bills(hub) >= 8 and "done" in _outcomes(hub), hub, served)
    os.kill(served.pid, signal.SIGTERM)
    assert (
        hub.fork_server.wait(served),
        served.out.read_text().endswith("The hub has ended.\n"),
    ) == (
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


def _count_bills(hub):
    bills = hub.quickbooks.ask("books")[hub.realm].get("Bill", ())
    return sum("[hub:" in bill.get("PrivateNote", "") for bill in bills)


def test_an_empty_folder_is_made_ready_and_each_start_prints_a_new_code(fork_server, tmp_path):
    environ = environment() | {"HUB_DATA": str(tmp_path / "data")}
    codes = []
    for _ in range(2):
        served = fork_server.start("serve", "--port", "0", environ=environ)
        out = _wait_until_served(fork_server, served)
        codes.append(re.search(r"set-up code ((?:[0-9A-Z]{4}-){6}[0-9A-Z]{4})$", out, re.M)[1])
        assert re.search(r"^  http://localhost:\d+/setup$", out, re.M)
        os.kill(served.pid, signal.SIGTERM)
        assert fork_server.wait(served) == 0
    assert codes[0] != codes[1]
    files = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"hub.db", "secret.key", "vault.keys", "made-by"}
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0
    for path in files:
        content = path.read_bytes()
        assert not any(code.encode() in content for code in codes), path

    password = tmp_path / "password"
    password.write_text("quiet-lake-7-morning")
    added = fork_server.start(
        "users", "add", "anna@example.com", "--password-file", str(password), environ=environ
    )
    assert fork_server.wait(added) == 0, added.err.read_text()
    served = fork_server.start("serve", "--port", "0", environ=environ)
    assert "set-up code" not in _wait_until_served(fork_server, served)


@pytest.mark.parametrize("content", ["notes.txt", ""])
def test_a_folder_or_database_that_may_belong_to_another_hub_is_left_alone(
    fork_server, tmp_path, content
):
    """A folder with other files, and an external database, need `hub init`."""
    data = tmp_path / "data"
    environ = environment() | {"HUB_DATA": str(data)}
    if content:
        data.mkdir()
        (data / content).write_text("mine")
    else:
        environ["HUB_DATABASE_URL"] = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    served = fork_server.start("serve", "--port", "0", environ=environ)
    assert fork_server.wait(served) == 1
    assert "`hub init`" in served.err.read_text()
    assert not (data / "secret.key").exists()


def _wait_until_served(fork_server, served):
    """Wait until `hub serve` serves and return its output."""
    end = time.monotonic() + MAX_WAIT_SECONDS
    while "The hub serves" not in (served.out.read_text() if served.out.exists() else ""):
        assert fork_server.poll(served) is None, served.err.read_text()
        assert time.monotonic() < end
        time.sleep(0.05)
    out = served.out.read_text()
    url = re.search(r"The hub serves (\S+)", out)[1]
    with urllib.request.urlopen(url, timeout=MAX_WAIT_SECONDS) as page:
        assert page.status == 200
    return out
