"""The demo: its first start posts the story, and a second start posts nothing."""

import datetime as dt
import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from email import message_from_bytes
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner
from filelock import FileLock

from hub import demo, notifications
from hub.cli import main
from hub.cli.sync_runs import sync_all
from hub.db import engine
from hub.notifications import case_news
from hub.scheduling import summary
from hub.security import people
from hub.security.rights import Right
from tests.support.processes.command_processes import MAX_WAIT_SECONDS
from tests.support.runs.hub_environment import SECRET_KEY, VAULT_KEYS
from tests.support.runs.tiers import FULL
from tests.support.sources.small_demo import SmallDemo

POSTED = 100 if FULL else 25
START = (
    ["-c", "from hub.cli import main; main()"]
    if FULL
    else ["-m", "tests.support.sources.small_demo"]
)
HURRIED = {
    "HUB_DEADLINE_SECONDS": "2",
    "HUB_LEASE_SECONDS": "2.2",
    "HUB_QUIET_SECONDS": "2.4",
}  # nobody watches
LAST = "The first syncs run now; the inbox says what to do about held documents. Ctrl-C stops it.\n"
ROOT = Path(__file__).parents[3]
STATES = ("posted", "held", "review", "waiting", "unknown", "skipped", "withdrawn")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Provide the demo's data folder; the demo must not use the rest of the configuration."""
    monkeypatch.setenv("HUB_DATA", str(tmp_path / "hub-demo"))
    monkeypatch.setenv("HUB_DATABASE_URL", "nonsense")
    monkeypatch.setattr(demo, "TIME_LIMITS", HURRIED)
    if not FULL:
        monkeypatch.setattr(demo, "Demo", SmallDemo)
    return tmp_path / "hub-demo"


def once():
    result = CliRunner().invoke(main, ["demo", "--once", "--json"])
    assert "Traceback" not in result.stderr
    return result.exit_code, json.loads(result.stdout)


@pytest.mark.proof
def test_a_restarted_demo_continues_and_posts_nothing_twice(folder):
    _serve_for_a_while()
    _run_until_idle()


def _run_until_idle():
    """Continue a demo that was interrupted, and start one that has nothing left to do."""
    code, output = once()
    app = output["apps"]["costtracker"]
    assert (code, app["posted"] >= POSTED, app["unknown"]) == (3, True, 0)
    assert app["documents"] == sum(app[state] for state in STATES)
    for sums in app["sums"].values():
        assert sums["source"] == sums["posted"] == sums["quickbooks"]
    causes = [case["cause"].split(":")[0] for case in output["cases"]]
    assert "match" in causes
    assert len(causes) <= 10, "A newcomer cannot clear an inbox with so many cases."
    code, again = once()
    writes = [each["requests"]["writes"] for each in again["apps"].values()]
    assert (code, writes) == (3, [0] * len(output["apps"]))
    assert again["apps"]["costtracker"] | {"requests": 0} == app | {"requests": 0}


def _serve_for_a_while():
    """Serve hub and stand-ins at one address until an answer was lost, then stop the demo."""
    command = [sys.executable, *START, "demo", "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    text = "".join(iter(process.stdout.readline, LAST))
    url = re.search(r"http://127\.0\.0\.1:\d+", text)[0]
    assert re.search(r"log in as demo with the password \S{12}", text)
    with urllib.request.urlopen(url, timeout=120) as page:
        assert "Log in" in page.read().decode()
    _wait_for_bills(f"{url}/stand-ins/quickbooks/_sandbox/books")
    process.send_signal(signal.SIGTERM)
    assert "Traceback" not in process.communicate(timeout=200)[1]
    assert process.returncode == 0


def _wait_for_bills(address):
    """Wait until QuickBooks holds the bill whose response was lost, and some more."""
    until = time.monotonic() + MAX_WAIT_SECONDS
    while time.monotonic() < until:
        with urllib.request.urlopen(address, timeout=120) as books:
            bills = next(iter(json.load(books).values())).get("Bill", ())
        hub_bills = [bill for bill in bills if "[hub:" in bill.get("PrivateNote", "")]
        if len(hub_bills) > 20 and "LOST-RESPONSE" in {bill.get("DocNumber") for bill in hub_bills}:
            return
        time.sleep(0.2)
    pytest.fail("no bills travelled")


def test_the_documents_of_an_app_in_review_wait_for_a_person(folder, plugins):
    assert set(demo.IN_REVIEW) <= set(plugins.apps)
    with closing(SmallDemo(folder, 0, in_review=["ion"])) as demo_hub:
        demo_hub.web.start()
        demo_hub.set_up()
        with demo_hub.app.app_context():
            runs = summary.summarize_runs(sync_all(demo.list_installations()))["apps"]
        assert (runs["ion"]["posted"], runs["ion"]["review"] > 0) == (0, True)
        assert runs["costtracker"]["posted"] > 0
        session = logged_in(demo_hub)
        page = session.get(f"{demo_hub.web.url}/to-approve/", timeout=30).text
        assert "Approve" in page
        assert "ION" in page


@pytest.fixture
def started(folder, monkeypatch):
    """Provide a small demo that serves its pages and is not set up."""
    monkeypatch.setattr(SmallDemo, "documents", {"costtracker": 6})
    with closing(SmallDemo(folder, 0)) as demo_hub:
        demo_hub.web.start()
        yield demo_hub


@pytest.fixture
def served(started):
    """Provide a small demo that serves its pages, with an owner who has logged in."""
    started.set_up()
    return started, logged_in(started)


def logged_in(demo_hub, who=demo.DEMO_PERSON):
    browser = requests.Session()
    page = browser.get(f"{demo_hub.web.url}/login", timeout=60).text
    form = {"email": who, "password": demo_hub.password, "csrf_token": token_in(page)}
    browser.post(f"{demo_hub.web.url}/login", data=form, timeout=60)
    return browser


def token_in(page):
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]


def our_bills(demo_hub):
    bills = demo_hub.quickbooks.books()[demo_hub.quickbooks.realm].get("Bill", ())
    return [bill["DocNumber"] for bill in bills if "[hub:" in bill.get("PrivateNote", "")]


def test_the_response_that_is_lost_is_that_of_the_bill_named_so(served):
    demo_hub, browser = served
    with demo_hub.app.app_context():
        sync_all(demo.list_installations())
    assert our_bills(demo_hub).count("LOST-RESPONSE") == 1
    result = browser.get(f"{demo_hub.web.url}/documents?q=LOST-RESPONSE", timeout=60).text
    address = re.search(r'href="(/documents/\d+)"', result)[1]
    assert "status 504" in browser.get(f"{demo_hub.web.url}{address}", timeout=60).text


def test_a_file_of_several_megabytes_reaches_the_pages_and_not_the_stand_ins(served):
    demo_hub, browser = served
    token = token_in(browser.get(f"{demo_hub.web.url}/account/", timeout=60).text)
    for url, status in (
        (f"{demo_hub.web.url}/installations/1/files/", 404),  # the app receives no files
        (f"{demo_hub.address('costtracker')}/files/", 413),
    ):
        large = {"file": ("bills.csv", b"a" * 2_000_000)}
        answer = browser.post(url, data={"csrf_token": token}, files=large, timeout=60)
        assert answer.status_code == status


def test_the_open_cases_of_a_demo_are_mailed_into_its_folder(folder, monkeypatch):
    monkeypatch.setattr(SmallDemo, "documents", {"costtracker": 45})
    monkeypatch.setattr(case_news, "COLLECTING_PERIOD", dt.timedelta(0))
    with closing(SmallDemo(folder, 0)) as demo_hub, demo_hub.app.app_context():
        demo_hub.web.start()
        demo_hub.set_up()
        sync_all(demo.list_installations())
        notifications.mail_digest()
        (file,) = notifications.demo_folder().glob("*.eml")
    message = message_from_bytes(file.read_bytes())
    assert message["To"] == demo.ADDRESS
    assert re.search(r"\d\.\d\d NOK", message.get_payload(decode=True).decode())


def test_only_an_owner_is_offered_the_reset(served):
    demo_hub, browser = served
    with demo_hub.app.app_context(), engine.transaction() as session:
        password = people.hash_new(demo_hub.password)
        people.insert(session, "vera", password, [Right("viewer")])
    pages = [
        client.get(demo_hub.web.url, timeout=60).text
        for client in (browser, logged_in(demo_hub, "vera"))
    ]
    assert ["/demo/reset" in page for page in pages] == [True, False]
    assert "Logged in as" in pages[1]


def test_a_reset_starts_the_story_again(served):
    demo_hub, browser = served
    url, password = demo_hub.web.url, demo_hub.password
    with demo_hub.app.app_context():
        sync_all(demo.list_installations())
    assert our_bills(demo_hub)
    assert "/demo/reset" in browser.get(f"{url}/", timeout=60).text
    form = {"csrf_token": token_in(browser.get(f"{url}/demo/reset", timeout=60).text)}
    assert "being reset" in browser.post(f"{url}/demo/reset", data=form, timeout=60).text
    assert demo_hub.wait() is True
    demo_hub.start_over()
    demo_hub.set_up()
    assert our_bills(demo_hub) == []
    assert (demo_hub.web.url, demo_hub.password) == (url, password)
    assert browser.get(f"{url}/", timeout=60).url.startswith(f"{url}/login")
    assert logged_in(demo_hub).get(f"{url}/", timeout=60).url == f"{url}/"


def test_pages_that_are_open_during_a_reset_are_reloaded(started, monkeypatch):
    answers = []

    def open_hub(self):
        answers.append(requests.get(f"{self.web.url}/", timeout=60))

    monkeypatch.setattr(SmallDemo, "_open_hub", open_hub)
    started.start_over()
    assert [answer.status_code for answer in answers] == [503]
    assert answers[0].headers["Refresh"] == "2"


def test_two_demos_on_one_folder_are_refused_with_a_sentence(folder):
    folder.mkdir()
    with FileLock(folder / "demo.lock"):
        result = CliRunner().invoke(main, ["demo", "--once"])
    assert result.exit_code == 1
    assert f"A demo runs in {folder} already. Use or stop that one" in result.stderr


# -- folders of `hub init` and of `hub demo` -------------------------------------------------------


class BareDemo(demo.Demo):
    """The demo without apps."""

    def _open_stand_ins(self):
        return {}


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Return a function that calls a command on a data folder.

    It takes the folder's name, and returns the exit code and the output.
    """
    monkeypatch.setattr(demo, "Demo", BareDemo)
    monkeypatch.setenv("HUB_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("HUB_VAULT_KEYS", VAULT_KEYS)

    def call(name, *args, database=None):
        monkeypatch.setenv("HUB_DATA", str(tmp_path / name))
        monkeypatch.setenv("HUB_DATABASE_URL", f"sqlite:///{database}" if database else "")
        result = CliRunner().invoke(main, args)
        assert "Traceback" not in result.output
        return result.exit_code, " ".join(result.output.split())

    return call


@pytest.fixture(scope="module")
def created_folders():
    """Return a cache of folders that commands have created, by the command."""
    return {}


@pytest.fixture
def create_folder(command, created_folders, tmp_path, tmp_path_factory):
    """Return a function that creates a folder by a command: it runs once, then it is copied."""

    def create(name, *args):
        folder = tmp_path / name
        if args not in created_folders:
            assert command(name, *args)[0] == 0
            created_folders[args] = tmp_path_factory.mktemp("created") / name
            shutil.copytree(folder, created_folders[args])
        else:
            shutil.copytree(created_folders[args], folder)
        return folder

    return create


@pytest.fixture
def demo_folder(create_folder):
    """Return a folder that `hub demo` has created."""
    return create_folder("demo", "demo", "--once")


@pytest.fixture
def real_folder(create_folder):
    """Return a folder that `hub init` has created."""
    return create_folder("real", "init")


def files(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def change(database, *statements):
    with closing(sqlite3.connect(database)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def unmark(folder):
    """Remove the notes that earlier versions did not write."""
    (folder / "made-by").unlink()
    change(folder / "hub.db", "DELETE FROM database_origin")


def test_a_folder_that_init_made_is_no_place_for_a_demo(command, real_folder, tmp_path):
    before = files(tmp_path / "real")
    code, output = command("real", "demo", "--once")
    assert (
        code,
        "which `hub init` made; unset it, or name a new folder for the demo" in output,
    ) == (
        1,
        True,
    )
    assert files(tmp_path / "real") == before
    unmark(tmp_path / "real")
    before = files(tmp_path / "real")
    code, output = command("real", "demo", "--once")
    assert (code, "neither empty nor a demo's" in output) == (1, True)
    assert files(tmp_path / "real") == before


def test_a_folder_without_key_files_and_database_is_still_that_of_init(command, tmp_path):
    assert command("real", "init", database=tmp_path / "elsewhere.db")[0] == 0
    assert "which `hub init` made" in command("real", "demo", "--once")[1]


def test_a_database_that_init_made_is_no_place_for_a_demo(command, tmp_path):
    (tmp_path / "demo").mkdir()
    assert command("real", "init", database=tmp_path / "demo" / "hub.db")[0] == 0
    assert command("demo", "demo", "--once")[0] == 1
    (tmp_path / "demo" / "made-by").write_text("hub demo\n")
    code, output = command("demo", "demo", "--once")
    assert (code, "leads to a database that `hub init` made" in output) == (1, True)


def test_the_folder_of_a_demo_is_not_served_set_up_or_synchronised(
    command, demo_folder, real_folder
):
    for args in (("serve", "--port", "0"), ("init",), ("sync",), ("reconcile",)):
        code, output = command("demo", *args)
        assert (code, "which `hub demo` or `hub dev` made" in output) == (1, True), args
    assert command("demo", "check")[0] == 1
    database = demo_folder / "hub.db"
    assert real_folder.exists()
    for args in (("serve", "--port", "0"), ("init",), ("sync",)):
        code, output = command("real", *args, database=database)
        assert (code, "names the database of a demo" in output) == (1, True), args
    assert command("demo", "outbox")[0] == 0
    assert command("demo", "demo", "--once")[0] == 0


def test_a_demo_of_an_earlier_version_is_recognised(command, demo_folder):
    unmark(demo_folder)
    for args in (("serve", "--port", "0"), ("init",)):
        assert "names the database of a demo" in command("demo", *args)[1]
    assert command("demo", "demo", "--once")[0] == 0


def test_a_person_named_demo_makes_no_demo(command, real_folder, tmp_path):
    unmark(tmp_path / "real")
    (tmp_path / "password").write_text("a good long password")
    command("real", "users", "add", "o@example.com", "--password-file", str(tmp_path / "password"))
    with closing(sqlite3.connect(tmp_path / "real" / "hub.db")) as database, database:
        database.execute("UPDATE user SET username = 'demo'")  # as an earlier version allowed
    assert command("real", "init")[0] == 0
    assert (tmp_path / "real" / "made-by").read_text() == "hub init\n"


def test_check_names_what_an_earlier_demo_left_in_a_real_folder(command, real_folder, tmp_path):
    (tmp_path / "real" / "login.txt").write_text("a password")
    assert "`hub demo` was run on this folder" in command("real", "check")[1]
