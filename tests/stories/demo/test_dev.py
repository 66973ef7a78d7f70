"""`hub dev` serves the hub with one plugin on stand-ins, and again when the plugin changes."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest
import requests
from click.testing import CliRunner
from sqlalchemy import select, update

from hub import demo
from hub.cli import dev, main
from hub.cli.demo import CHANGE_HINT, say_missing_stand_ins, say_source_hints
from hub.cli.plugin_template import Choices, render
from hub.cli.sample_matches import SampleMatches
from hub.cli.sent_payloads import SentPayloads
from hub.cli.source_failures import SourceFailures
from hub.cli.sync_runs import sync_all
from hub.cli.unposted_documents import UnpostedDocuments
from hub.collect import run as collect_run
from hub.db.engine import read_only_session, transaction
from hub.installations import full_reading
from hub.models import (
    Attempt,
    ConnectedCompany,
    Cursor,
    Installation,
    Match,
    Posting,
    Run,
    SeenCode,
    StoredRecord,
)
from hub.posting import receipt_delivery
from hub.web.codes import code_lookup
from tests.support.sources.small_demo import SmallDemo

NAME = "barn"
LAST = "The first syncs run now"
SENT = "Sent to QuickBooks: 17. The last: "
LAST_VENDOR = "Harbour Works 38"
# Why documents of the stand-in of a new plugin are not posted.
REASONS = (
    "bill:1002 held: It is disputed in Barn.",
    "bill:1005 unreadable: The source sent something that cannot be read: its status “archived”",
)
DEADLINE_SECONDS = 500  # only so that a failure does not block the tests
METADATA = f"Metadata-Version: 2.1\nName: qbo-hub-{NAME}\nVersion: 0.1.0\n"


@pytest.fixture
def package(tmp_path):
    """Install a new plugin in a folder of its own; return the folder of its package."""
    folder = tmp_path / "plugin"
    for place, text in render(Choices(NAME, ("bill", "vendor"))).items():
        file = folder / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    about = folder / f"qbo_hub_{NAME}-0.1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(METADATA)
    (about / "entry_points.txt").write_text(f"[hub]\n{NAME} = hub_{NAME}\n")
    return folder / f"hub_{NAME}"


@pytest.fixture
def open_demo(tmp_path, monkeypatch):
    """Return a function that serves an app with a few documents, as a context in its hub."""

    @contextmanager
    def open_demo(slug, documents, demo_type=SmallDemo, **options):
        monkeypatch.setattr(SmallDemo, "documents", {slug: documents})
        with closing(demo_type(tmp_path / "hub-dev", 0, **options)) as small:
            small.web.start()
            small.set_up()
            with small.app.app_context():
                yield small

    return open_demo


@pytest.fixture
def served(package, tmp_path):
    """Start the command; return it with a function that reads its lines to one with some words."""
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(package.parent), os.environ.get("PYTHONPATH", "")]),
        "HUB_DATA": str(tmp_path / "hub-dev"),
    }
    command = [
        sys.executable,
        "-c",
        "from hub.cli import main; main()",
        "dev",
        NAME,
        "-p",
        "0",
        "--no-match",
        "--country",
        "us",
    ]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environ,
        cwd=tmp_path,
    )
    deadline = threading.Timer(DEADLINE_SECONDS, process.kill)
    deadline.start()
    printed = []

    def read_to(words):
        lines = []
        for line in process.stdout:
            lines.append(line)
            printed.append(line)
            if words in line:
                return "".join(lines)
        raise AssertionError("".join(lines))

    yield process, read_to, printed
    deadline.cancel()
    process.terminate()
    process.wait()
    process.stdout.close()


def change(file, before, after):
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def page(output, path):
    """Log in as the output says and return a page."""
    url = re.search(r"http://127\.0\.0\.1:\d+", output)[0]
    password = re.search(r"log in as demo with the password (\S+)", output)[1]
    browser = requests.Session()
    login = browser.get(f"{url}/login", timeout=60).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', login)[1]
    form = {"email": demo.DEMO_PERSON, "password": password, "csrf_token": token}
    browser.post(f"{url}/login", data=form, timeout=60)
    return browser.get(f"{url}{path}", timeout=60).text


@pytest.mark.proof(small=0)
def test_dev_serves_the_plugin_and_restarts_when_a_file_changes(served, package):
    process, read_to, printed = served
    output = read_to(LAST)
    assert "the stand-in of Barn: " in output
    assert "Barn allows 100 calls in 15 seconds: a run that" in read_to("Barn allows")
    assert "ADDRESS/ID/edit) and press Run now" in read_to("To change a document at the source")
    assert "the stand-in of CostTracker" not in output
    assert "Barn" in page(output, "/apps")

    assert f"create of Supplier {LAST_VENDOR} (vendor:1039), outcome landed:" in read_to(SENT)
    assert '"DisplayName"' in read_to(LAST_VENDOR)

    change(package / "__init__.py", 'name="Barn"', 'name="Second Barn"')
    change(package / "documents.py", 'email=row["email"]', 'email="barn-token@example.com"')
    read_to("has changed; the hub starts again.")
    again = read_to(LAST)
    assert "Second Barn" in page(again, "/apps")
    assert f"update of Supplier {LAST_VENDOR}" in read_to(SENT)
    assert read_to('"Address"').endswith('"Address": "***@example.com"\n')
    assert re.findall(r"http://\S+", again)[0] == re.findall(r"http://\S+", output)[0]

    change(package / "documents.py", "def read(", "def read(:")
    assert f"qbo-hub-{NAME} cannot be used" in read_to(f"The hub has ended. {dev.RESTART_NOTICE}")

    change(package / "documents.py", "def read(:", "def read(")
    assert "the stand-in of Second Barn: " in read_to("Barn is enabled.") + read_to(LAST)
    process.send_signal(signal.SIGTERM)
    assert "Traceback" not in process.stdout.read()
    for reason in REASONS:
        assert any(reason in line for line in printed), reason
    assert process.wait() == 0


class InAustralia(SmallDemo):
    """The demo with an app whose stand-in names Australia."""

    def _open(self, slug):
        return replace(super()._open(slug), country="AU")


@pytest.mark.proof(small=1)
@pytest.mark.parametrize(
    ("demo_type", "options", "expected"),
    [
        (SmallDemo, {"country": "GB"}, ("GB", "GBP")),
        (InAustralia, {}, ("AU", "AUD")),
        (InAustralia, {"country": "US"}, ("US", "USD")),
    ],
)
def test_an_app_is_enabled_for_a_company_in_the_country_of_its_stand_in_or_another(
    open_demo, demo_type, options, expected
):
    with open_demo("ion", 3, demo_type, **options):
        query = select(ConnectedCompany).join(Installation)
        with read_only_session() as session:
            company = session.scalars(query).one()
            assert (company.country, company.currency) == expected


class InTheNetherlands(SmallDemo):
    """The demo with an app whose stand-in names a country in which QuickBooks' has no company."""

    def _open(self, slug):
        return replace(super()._open(slug), country="NL")

    def set_up(self, tell=lambda text: None):
        self.printed = []
        super().set_up(self.printed.append)


def test_an_app_whose_country_has_no_company_is_enabled_for_another_one_with_a_sentence(open_demo):
    with open_demo("ion", 3, InTheNetherlands) as small:
        assert "No company is in NL; this one is in GB." in small.printed


def test_an_app_without_a_stand_in_is_named_with_the_page_on_which_it_is_enabled(open_demo, capsys):
    with open_demo("ion", 3) as small:
        say_missing_stand_ins(small, ["ion", "files"])
        page = f"{small.web.url}/apps/files"
        [line] = capsys.readouterr().out.splitlines()
        assert line.startswith(f"Files has no stand-in, so it is not enabled. Enable it at {page},")
        login = requests.get(page, timeout=60, allow_redirects=False)
        assert login.headers["Location"].startswith("/login")


def test_how_to_change_a_document_is_said_only_where_there_is_a_stand_in(open_demo, capsys):
    with open_demo("ion", 3) as small:
        say_source_hints(small)
        assert CHANGE_HINT in capsys.readouterr().out
        small.stand_ins = {}
        say_source_hints(small)
        assert not capsys.readouterr().out


def test_a_start_after_a_change_reads_every_document_again(open_demo):
    with open_demo("ion", 5) as small:
        sync_all(demo.list_installations())
        with read_only_session() as session:
            assert session.scalars(select(Cursor)).all()
        small.read_again()
        with read_only_session() as session:
            assert session.scalars(select(Cursor.stream)).all() == ["deletions"]
            waiting = session.scalars(select(Run.kind).where(Run.started_at.is_(None))).all()
        assert waiting == ["sync"]


@pytest.mark.proof(small=1, full=4)
@pytest.mark.parametrize(
    "slug",
    [
        "autotask-purchase-orders",
        "autotask-expenses",
        "autotask-invoices",
        "costcertified",
        "costtracker",
        "harvest",
        "ion",
        "ontraccr",
    ],
)
def test_reading_everything_again_changes_no_posting_and_no_transaction(open_demo, slug):
    def list_postings():
        columns = Posting.id, Posting.state, Posting.generation, Posting.revision
        with read_only_session() as session:
            return session.execute(select(*columns).order_by(Posting.id)).all()

    def list_books(small):
        books = small.quickbooks.books()
        for company in books.values():
            for file in company.get("Attachable", ()):
                del file["TempDownloadUri"]  # it names the second in which it was asked for
        return books

    with open_demo(slug, 20) as small:
        [row] = demo.list_installations()
        for _ in range(2):
            sync_all([row])
        postings, books = list_postings(), list_books(small)
        full_reading.start_over(row.id, demo.DEMO_PERSON)
        [run, *_] = sync_all([row])
        assert run.counts["documents"] >= 10
        assert list_postings() == postings
        assert list_books(small) == books


@pytest.mark.proof(small=1)
@pytest.mark.parametrize("slug", ["ontraccr", "autotask-invoices"])
def test_codes_of_a_stand_in_are_matched_once(open_demo, slug):
    with open_demo(slug, 12) as small:
        sample_matches = SampleMatches(demo.list_installations, demo.DEMO_PERSON)
        sync_all(demo.list_installations())
        before = matched_codes()
        holding = codes_that_hold_documents()
        text = sample_matches.describe_new()
        assert re.match(r"Matched \d+ codes? with some record, so that their documents .*:\n", text)
        assert re.search(r"\n  Matched .* (No record has|It has) (a similar|this) name", text)
        assert f"Change them at {small.web.url}/installations/" in text
        assert before < matched_codes() <= before | holding
        assert sample_matches.is_waiting()  # for the sync that posts them
        sync_all(demo.list_installations())
        assert sample_matches.describe_new() == ""
        if slug == "ontraccr":
            assert "has no match" not in " ".join(held_reasons())


def test_codes_of_which_no_record_has_the_currency_are_named_once(open_demo):
    with open_demo("ontraccr", 12):
        sync_all(demo.list_installations())
        with transaction() as session:
            session.execute(update(StoredRecord).values(currency="CHF"))
        sample_matches = SampleMatches(demo.list_installations, demo.DEMO_PERSON)
        text = sample_matches.describe_new()
        assert re.search(r"^Not matched: \d+ × .* takes documents in USD\. Let the", text, re.M)
        assert "Not matched" not in sample_matches.describe_new()


def matched_codes():
    with read_only_session() as session:
        return set(session.scalars(select(Match.code).where(Match.record != "")))


def codes_that_hold_documents():
    codes = set()
    with read_only_session() as session:
        for row in session.scalars(select(Installation)):
            for seen_code in session.scalars(select(SeenCode)):
                if code_lookup.find_held_document(session, row, seen_code):
                    codes.add(seen_code.code)
    return codes


def held_reasons():
    with read_only_session() as session:
        query = select(Posting).where(Posting.state == "held")
        return [posting.reason for posting in session.scalars(query)]


def test_an_app_that_no_plugin_has_is_named_with_the_near_one(monkeypatch, tmp_path):
    monkeypatch.setenv("HUB_DATA", str(tmp_path / "hub-dev"))
    result = CliRunner().invoke(main, ["dev", "costraker"])
    assert (result.exit_code, "Did you mean costtracker?" in result.output) == (1, True)
    assert not (tmp_path / "hub-dev").exists()


def test_the_files_of_plugins_are_watched_without_what_python_compiles():
    files = dev.list_plugin_files()
    assert any(name.endswith("hub_costtracker/openapi.yaml") for name in files)
    assert not any("__pycache__" in name for name in files)


def test_a_plugin_of_one_module_is_watched(monkeypatch, tmp_path):
    (tmp_path / "hub_single.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    entry = EntryPoint("single", "hub_single", "hub")
    monkeypatch.setattr(dev, "entry_points", lambda group: [entry])
    assert list(dev.list_plugin_files()) == [str(tmp_path / "hub_single.py")]


@pytest.mark.parametrize(
    ("after", "changed"),
    [
        ({"a": (1, 1), "b": (1, 1)}, ""),
        ({"a": (2, 1), "b": (1, 1)}, "a"),
        ({"a": (1, 1), "b": (1, 2)}, "b"),
        ({"a": (1, 1)}, "b"),
        ({"a": (1, 1), "b": (1, 1), "c": (1, 1)}, "c"),
    ],
)
def test_a_file_that_was_added_changed_or_removed_is_noticed(after, changed):
    assert dev.find_changed_file({"a": (1, 1), "b": (1, 1)}, after) == changed


def test_sent_payloads_are_described_once_after_all_are_sent(open_demo):
    with open_demo("ion", 5):
        sent = SentPayloads()
        assert [sent.describe_new(), sent.describe_new()] == ["", ""]
        sync_all(demo.list_installations())
        assert sent.describe_new() == ""
        text = sent.describe_new()
        with read_only_session() as session:
            newest = session.scalars(select(Attempt).order_by(Attempt.id.desc())).first()
            posting = session.get(Posting, newest.posting_id)
            payload, source_id = json.loads(posting.payload), posting.document.source_id
        about, _, sent_payload = text.partition("\n  {")
        assert json.loads("{" + sent_payload) == payload
        assert f"({source_id}), outcome landed:" in about
        supplier = payload["VendorRef"]["value"]
        assert f"\n  supplier: 1 (Canyon Steel Works) → vendor {supplier} Canyon Steel" in about
        assert "\n  line line:2 part: part:1 (820412-001 Rev B) → item " in about
        assert [sent.describe_new(), SentPayloads().describe_new()] == ["", ""]


def test_held_documents_are_described_once_with_their_reasons(open_demo):
    with open_demo("costtracker", 45):
        documents = UnpostedDocuments()
        assert documents.describe_new() == ""
        sync_all(demo.list_installations())
        assert documents.describe_new() == ""
        text = documents.describe_new()
        with read_only_session() as session:
            held_postings = session.scalars(select(Posting).where(Posting.state == "held")).all()
            lines = {f"{row.document.source_id} held: {row.reason}" for row in held_postings}
        assert held_postings
        assert text.startswith(f"Not posted: {len({row.document_id for row in held_postings})}.\n")
        assert any(f"  {line}" in text for line in lines)
        assert [documents.describe_new(), UnpostedDocuments().describe_new()] == ["", ""]


def test_runs_that_stop_and_receipts_that_do_not_arrive_are_described_once(open_demo, monkeypatch):
    defect = KeyError("state")

    def fail(*args, **options):
        raise defect

    with open_demo("costtracker", 5):
        failures = SourceFailures()
        assert failures.describe_new() == ""
        monkeypatch.setattr(receipt_delivery, "_call_plugins", fail)
        sync_all(demo.list_installations())
        text = failures.describe_new()
        assert text.startswith("Not reported to the source:\n  invoice:")
        assert f" posted and 2 others: KeyError: {defect}" in text
        monkeypatch.setattr(collect_run, "read", fail)
        sync_all(demo.list_installations())
        assert failures.describe_new().startswith("A run of costtracker stopped: ")
        assert [failures.describe_new(), SourceFailures().describe_new()] == ["", ""]


def test_documents_whose_codes_were_matched_are_described_after_they_were_read_again(open_demo):
    with open_demo("ontraccr", 12):
        documents = UnpostedDocuments()
        sync_all(demo.list_installations())
        assert "has a similar name" in " ".join(held_reasons())
        assert SampleMatches(demo.list_installations, demo.DEMO_PERSON).describe_new()
        assert [documents.describe_new(), documents.describe_new()] == ["", ""]
        sync_all(demo.list_installations())
        assert documents.describe_new() == ""
        assert "has a similar name" not in documents.describe_new()


def test_a_plugin_that_cannot_name_its_codes_does_not_end_what_is_printed(open_demo):
    with open_demo("ion", 5):
        sent = SentPayloads()
        sync_all(demo.list_installations())
        with transaction() as session:
            session.scalars(select(Installation)).one().settings = {"base_url": "nowhere"}
        texts = [sent.describe_new(), sent.describe_new()]
        assert "  Its matches cannot be shown: The stored settings of ION" in texts[1]
        assert '"DocNumber"' in texts[1]
