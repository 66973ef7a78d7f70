"""Tests of an upgrade without downtime: earlier code runs beside the new code on new tables."""

import json
import re
import signal
import subprocess
import sys
import tarfile
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
import requests

from tests.support.pages.patient_owner import PatientOwner
from tests.support.processes.command_processes import MAX_WAIT_SECONDS, REALM, TOKEN
from tests.support.proofs.canaries import EARLIER_CODE
from tests.support.runs.tiers import by_form
from tests.support.servers import cluster as clusters
from tests.support.servers.cluster import OWNER, PASSWORD, Cluster, Database

DOCUMENTS = by_form(small=24, full=60, long=120)  # enough work for workers of both versions
TWINS = "the same supplier and number twice"  # the case of a document of the source
ROOT = Path(__file__).parents[2]
REVISIONS = "hub/migrations/versions"
EMBEDDED = "0024_where_a_database_moved_to.py"  # the first revision that only adds
DISTRIBUTED = "0035_people_choose_language_and_formats.py"  # after the distributed engine
CODE = ("hub", "sandbox", "plugins")
PAGES = ("/", "/inbox/", "/documents", "/installations/1/", "/runs/", "/companies")
NEW_PAGE = "/reconciliations/"  # which the code before DISTRIBUTED does not have
COMMAND = "from hub.cli import main; main()"
# Each command runs in a process of its own, forked from one that has imported the code for all.
COMMANDS = """
import json, os, sys
import hub.app, hub.cli.apps, hub.cli.companies
for arguments in json.load(sys.stdin):
    child = os.fork()
    if child == 0:
        hub.cli.main(arguments)
    if code := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        sys.exit(f"{arguments} ended with {code}")
"""
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
    """Return git's output, or None if it fails."""
    result = subprocess.run(["git", *args], cwd=ROOT, capture_output=True)
    return result.stdout if result.returncode == 0 else None


@pytest.fixture(scope="module")
def unpack_once(tmp_path_factory):
    """Return a function like `unpack`; tests share a folder, in which the code is compiled once."""
    folders = {}

    def unpack_once(revision):
        if revision not in folders:
            folder = tmp_path_factory.mktemp("earlier") / EARLIER_CODE
            folders[revision] = unpack(revision, folder)
        return folders[revision]

    return unpack_once


@pytest.fixture
def start_earlier(request, hub, unpack_once):
    """Start Python with earlier code and the settings of the hub; end it with the test.

    The parameter names the revision of the tables that the earlier code does not have yet.
    """
    folder = unpack_once(f"{REVISIONS}/{request.param}")
    processes = []
    plugins = [str(path) for path in (folder / "plugins").iterdir()]
    path = ":".join([str(folder), str(folder / "sandbox"), *plugins])

    def start(code, *args, log=subprocess.PIPE):
        command = [sys.executable, "-c", code, *args]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": log}
        environ = hub.environ | {"PYTHONPATH": path}
        process = subprocess.Popen(command, env=environ, cwd=folder, text=True, **pipes)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def start_source(start_source):
    """Start the source without the document that has the number of another one.

    That is a reason for which the code before DISTRIBUTED has no text, and no page either. Later
    code shows the reasons of versions after its own.
    """

    def start(documents):
        source = start_source(documents)
        rows = requests.get(source.url).text.split("<tr")
        (twin,) = [row for row in rows if TWINS in row]
        path = re.search(r'href="(/invoices/\d+)"', twin)[1]
        requests.post(f"{source.url}{path}/delete").raise_for_status()
        return source

    return start


@pytest.fixture(scope="module")
def undisturbed_outcomes():
    """Provide the outcomes without that document; other modules have it."""
    return {}


def unpack(revision, folder):
    """Unpack the code as it was before a revision."""
    commit = (git("log", "--diff-filter=A", "--format=%H", "--", revision) or b"").decode().strip()
    archive = git("archive", f"{commit}~", *CODE) if commit else None
    if archive is None:
        pytest.skip("the git history does not reach back to the code of the earlier version")
    with tarfile.open(fileobj=BytesIO(archive)) as content:
        # Python before 3.11.4 knows no filter, and ignores the attribute.
        content.extraction_filter = getattr(tarfile, "data_filter", None)
        content.extractall(folder)
    assert not (folder / revision).exists()
    return folder


def finish(process, stdin=""):
    """Send a line to a process and return its output."""
    out, err = process.communicate(stdin, timeout=MAX_WAIT_SECONDS)
    assert process.returncode in (0, 3), err
    return out


def count_records(books):
    """Count the records of each kind in QuickBooks."""
    return {kind: len(rows) for kind, rows in books[REALM].items() if isinstance(rows, list)}


@pytest.fixture
def shared_database(hub, postgres, make_database):
    """Create a PostgreSQL database, used by a hub with the distributed engine's settings."""
    url = make_database(postgres)
    hub.environ |= clusters.SETTINGS | {"HUB_DATABASE_URL": url}
    database = Database(url)
    yield database
    database.close()


def set_up(start_earlier, hub, costtracker, *more, mode="auto"):
    """Set up a hub with earlier code: a company, an app in a mode, and what more commands do."""
    token = hub.folder / "token.txt"
    token.write_text(TOKEN)
    settings = ("--mode", mode, "--settings", str(hub.write_settings(costtracker)))
    commands = [
        ("init",),
        ("companies", "add", "--realm", REALM, "--refresh-token-file", str(token)),
        ("apps", "enable", "costtracker", *settings),
        *more,
    ]
    finish(start_earlier(COMMANDS), json.dumps(commands))


def set_up_review(start_earlier, hub, costtracker):
    """Set up a hub with earlier code: a company, an app whose documents are reviewed, an owner."""
    password = hub.folder / "password"
    password.write_text(PASSWORD)
    owner = ("users", "add", OWNER, "--role", "owner", "--password-file", str(password))
    set_up(start_earlier, hub, costtracker, owner, mode="review")


def serve_earlier(start_earlier, log):
    """Start the pages of the earlier code, which log to a file; return process and address."""
    with log.open("w") as stream:  # not a pipe, which blocks the pages when it is full
        served = start_earlier(COMMAND, "serve", "--port", "0", "--workers", "2", log=stream)
    for line in served.stdout:
        if address := line.partition("serves ")[2].strip():
            return served, address
    raise AssertionError(log.read_text())


def is_collected(cluster):
    """Return whether a sync is done; if one was stopped, let the next one begin at once.

    While tables are changed, PostgreSQL may undo a transaction of the earlier code to resolve a
    deadlock, which stops its sync. The next one goes on, but is due a quarter of an hour later.
    """
    database = cluster.database
    if database.count("run WHERE kind = 'sync' AND outcome = 'done'"):
        return True
    is_running = database.count("run WHERE kind = 'sync' AND ended_at IS NULL")
    if database.count("run WHERE kind = 'sync'") and not is_running:
        database.execute("UPDATE schedule SET next_due = now() WHERE next_due > now()")
    return False


def approve_all_when_collected(cluster, person, *processes):
    """Approve each document as soon as all are collected, and wait until they are posted."""
    cluster.wait(lambda: is_collected(cluster), *processes)
    in_review = cluster.database.count("posting WHERE state = 'review'")
    assert in_review > 0
    person.approve_all()
    approved = "posting WHERE approved_by IS NOT NULL"
    assert cluster.database.count(approved) == in_review
    assert cluster.database.count("audit_entry WHERE what = 'posting approved'") == in_review
    cluster.wait(cluster.all_posted, *processes)


@pytest.mark.proof(small=0)
@pytest.mark.end_to_end
@pytest.mark.parametrize("start_earlier", [EMBEDDED], indirect=True)
def test_earlier_code_posts_to_upgraded_tables_beside_the_new_code(hub, stand_in, start_earlier):
    costtracker = stand_in("costtracker", "--documents", "12", "--seed", "3")
    set_up(start_earlier, hub, costtracker)

    first, second = start_earlier(WAITING_SYNC), start_earlier(WAITING_SYNC)
    assert [process.stdout.readline() for process in (first, second)] == ["ready\n"] * 2
    hub.run("init")  # the new version upgrades the tables
    out = finish(first, "\n")
    report = json.loads(out)["apps"]["costtracker"]
    assert report["posted"] > 3
    assert report["requests"]["writes"] >= report["posted"]
    books = count_records(hub.quickbooks.ask("books"))

    assert hub.sync()[1]["apps"]["costtracker"]["posted"] == report["posted"]
    repeated = json.loads(finish(second, "\n"))["apps"]["costtracker"]
    assert (repeated["posted"], repeated["requests"]["writes"]) == (report["posted"], 0)
    assert count_records(hub.quickbooks.ask("books")) == books
    assert "intact" in hub.run("audit", "verify")


@pytest.mark.proof(small=0)
@pytest.mark.parametrize("start_earlier", [DISTRIBUTED], indirect=True)
def test_workers_of_two_versions_share_the_work_during_an_upgrade(
    hub, start_source, sync_undisturbed, start_earlier, shared_database, figure
):
    costtracker = start_source(DOCUMENTS)
    set_up(start_earlier, hub, costtracker)
    cluster = Cluster([hub], shared_database, costtracker, partial(sync_undisturbed, DOCUMENTS))
    cluster.slow_down()
    earlier = start_earlier(COMMAND, "worker", "--concurrency", "4")
    cluster.wait(cluster.is_sending)

    hub.run("init")  # the new version upgrades the tables while the earlier one posts
    assert earlier.poll() is None
    worker = cluster.start_worker()
    cluster.wait(lambda: is_collected(cluster) and cluster.all_posted(), worker)
    earlier.send_signal(signal.SIGTERM)
    assert "The worker has ended." in finish(earlier)

    shared_database.execute("UPDATE schedule SET next_due = now()")
    syncs = "run WHERE kind = 'sync' AND outcome = 'done'"
    syncs_before = shared_database.count(syncs)
    cluster.wait(lambda: shared_database.count(syncs) > syncs_before, worker)
    cluster.terminate(worker)
    figure(
        "documents in the books once although workers of two versions shared the work",
        cluster.assert_books_match(beside_earlier_code=True),
        1,
    )


@pytest.mark.proof(small=0)
@pytest.mark.parametrize("start_earlier", [DISTRIBUTED], indirect=True)
def test_people_use_pages_of_the_earlier_version_beside_a_new_worker(
    hub, start_source, sync_undisturbed, start_earlier, shared_database, figure, tmp_path
):
    costtracker = start_source(DOCUMENTS)
    set_up_review(start_earlier, hub, costtracker)
    cluster = Cluster([hub], shared_database, costtracker, partial(sync_undisturbed, DOCUMENTS))
    earlier, address = serve_earlier(start_earlier, tmp_path / "pages.log")
    person = PatientOwner(address)
    person.log_in()

    hub.run("init")  # the new version upgrades the tables while people use the earlier pages
    worker = cluster.start_worker()
    approve_all_when_collected(cluster, person, worker)
    for path in (*PAGES, "/readyz"):
        assert person.call("GET", path).status_code == 200, path
    assert person.call("GET", NEW_PAGE).status_code == 404  # it is the earlier code
    assert earlier.poll() is None
    served, person.address = cluster.start_pages(0)
    for path in (*PAGES, NEW_PAGE):
        assert person.call("GET", path).status_code == 200, path  # without logging in again
    earlier.send_signal(signal.SIGTERM)
    earlier.communicate(timeout=MAX_WAIT_SECONDS)
    assert earlier.returncode == 0
    cluster.terminate(worker, served)
    figure(
        "documents approved on pages of the earlier version, and in the books once by a new worker",
        cluster.assert_books_match(beside_earlier_code=True),
        1,
    )


@pytest.mark.proof(small=0)
@pytest.mark.parametrize("start_earlier", [DISTRIBUTED], indirect=True)
def test_people_use_new_pages_beside_a_worker_of_the_earlier_version(
    hub, start_source, sync_undisturbed, start_earlier, shared_database, figure
):
    costtracker = start_source(DOCUMENTS)
    set_up_review(start_earlier, hub, costtracker)
    cluster = Cluster([hub], shared_database, costtracker, partial(sync_undisturbed, DOCUMENTS))
    earlier = start_earlier(COMMAND, "worker", "--concurrency", "4")

    hub.run("init")
    served, address = cluster.start_pages(0)
    person = PatientOwner(address)
    person.log_in()
    approve_all_when_collected(cluster, person, served)
    for path in (*PAGES, "/readyz"):
        assert person.call("GET", path).status_code == 200, path
    assert earlier.poll() is None
    earlier.send_signal(signal.SIGTERM)
    assert "The worker has ended." in finish(earlier)
    cluster.terminate(served)
    figure(
        "documents approved on new pages, and in the books once by a worker of the earlier version",
        cluster.assert_books_match(beside_earlier_code=True),
        1,
    )
