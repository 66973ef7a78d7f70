"""The code in the how-to guides runs, on the plugin of the tutorial or the kit's stand-in."""

import datetime as dt
import hashlib
import hmac
import importlib
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from hub import App, Checkpoint, Document, Gone, Refused, Signal
from hub.contract.registry import Plugins
from hub.testing.bench import URL, Bench, KeptSecrets, open_http
from hub.testing.clock import FakeClock
from tests.support.guide_plugin import guide_plugin

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
GUIDES = sorted((DOCS / "how-to").glob("*.md"))
# The guides with code, each with the number of its blocks; a test below runs each of them.
GUIDES_WITH_CODE = {
    "authentication-and-rates.md": 1,
    "deletions.md": 1,
    "dimensions.md": 1,
    "files.md": 1,
    "paging.md": 2,
    "webhooks.md": 1,
}
SECRET = "shared"


@pytest.fixture(autouse=True)
def tutorial(tmp_path, monkeypatch):
    """Let the plugin of the tutorial be imported under its own name; return its module."""
    for place, text in guide_plugin("shed").items():
        file = tmp_path / place
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("hub_shed")
    for name in [name for name in sys.modules if name.partition(".")[0] == "hub_shed"]:
        del sys.modules[name]


@pytest.fixture
def bench(tutorial):
    """Return the plugin of the tutorial on its stand-in."""
    return Bench("shed", plugins=Plugins.load([tutorial], installed=False))


def blocks(page):
    """Return the Python code on a page below docs/, block by block."""
    return BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))


def names_of(page, index=0):
    """Run a block of a page; return the names that it defines."""
    names = {}
    exec(blocks(page)[index], names)
    return names


class ChangedRentals:
    """A source that lists what changed since a moment, and the ids of all its rentals."""

    def __init__(self, *rows):
        self.rows = list(rows)
        self.moments = []

    def pages(self, path, updated_since):
        self.moments.append(updated_since)
        yield [row for row in self.rows if row["updated"] >= updated_since]

    def iter_changes(self, text):
        return names_of("how-to/paging.md", 1)["iter_changes"](self, text)

    def rental_ids(self):
        return [row["id"] for row in self.rows]


def rental(n, updated):
    """Return a row of the tutorial's stand-in, with the moment of its last change."""
    from hub_shed.sandbox import rental

    return {**rental(n), "updated": updated}


def ids(items, type):
    return [item.source_id for item in items if isinstance(item, type)]


def test_every_guide_says_first_when_to_read_it():
    assert len(GUIDES) >= 10
    for guide in GUIDES:
        title, sentence = guide.read_text().split("\n\n")[:2]
        assert title.startswith("# ")
        assert sentence.startswith("Read this when ")
        assert sentence.endswith(".")


def test_every_guide_is_listed_on_the_entry_page():
    entry = (DOCS / "write-a-plugin.md").read_text()
    assert [guide.name for guide in GUIDES if f"(how-to/{guide.name})" not in entry] == []


def test_every_block_of_a_guide_is_run_here():
    counts = {guide.name: len(blocks(f"how-to/{guide.name}")) for guide in GUIDES}
    assert {name: count for name, count in counts.items() if count} == GUIDES_WITH_CODE


def test_every_block_of_the_tutorial_belongs_to_the_plugin_that_the_tests_install():
    page = (DOCS / "tutorial.md").read_text()
    assert len(re.findall(r"^```\w+$", page, re.MULTILINE)) == len(guide_plugin("shed"))


def test_the_client_with_tokens_gets_one_and_renews_it(tmp_path):
    (tmp_path / "hub_shed" / "templates").mkdir()  # the pages of the kit's stand-in expect it
    stand_in = names_of("stand-in.md")["Shed"]({"r1": {"id": "r1"}})
    app = App(
        slug="shed",
        name="Shed",
        summary="Rentals",
        posts=("bill",),
        settings=dict,
        hosts=("{base_url}",),
    )
    settings = {"base_url": URL, "client_id": "client"}
    secrets = KeptSecrets(client_secret="secret")
    site = SimpleNamespace(
        settings=settings,
        secrets=secrets,
        http=open_http(app, settings, stand_in.wsgi, FakeClock()),
    )
    shed = names_of("how-to/authentication-and-rates.md")["Shed"](site)
    assert shed.get("/v1/rentals/r1") == {"id": "r1"}
    first = dict(secrets)
    assert shed.get("/v1/rentals/r1") == {"id": "r1"}
    assert dict(secrets) == first
    stand_in.clock.advance(3601)
    assert shed.get("/v1/rentals/r1") == {"id": "r1"}
    assert dict(secrets) != first


def test_the_pages_of_the_guide_are_those_of_the_tutorial(bench, tutorial):
    shed = tutorial.Shed(bench.site)
    pages = list(names_of("how-to/paging.md")["rentals"](shed, None))
    assert [len(rows) for rows, _ in pages] == [25, 15]
    assert pages == list(shed.pages("/rentals", None))


def test_what_changed_since_a_moment_is_read_once():
    shed = ChangedRentals(rental(1, "2026-03-02T10:00:00Z"), rental(2, "2026-03-02T11:00:00Z"))
    first = list(shed.iter_changes(""))
    assert ids(first, Document) == ["r1", "r2"]
    assert isinstance(first[-1], Checkpoint)
    shed.rows.append(rental(3, "2026-03-02T11:00:00Z"))
    assert ids(shed.iter_changes(first[-1].cursor), Document) == ["r3"]
    assert shed.moments == ["", "2026-03-02T10:58:00.000Z"]


def test_a_rental_that_is_missing_is_reported_once_a_day():
    shed = ChangedRentals(rental(1, "2026-03-02T10:00:00Z"), rental(2, "2026-03-02T11:00:00Z"))
    read = names_of("how-to/deletions.md")["changed_or_deleted"]
    cursors = {}

    def run(day):
        site = SimpleNamespace(today=dt.date(2026, 3, day))
        items = list(read(shed, site, cursors))
        cursors.update({item.stream: item.cursor for item in items if isinstance(item, Checkpoint)})
        return [(item.source_id, item.inferred) for item in items if isinstance(item, Gone)]

    assert run(2) == []
    del shed.rows[0]
    assert run(2) == []
    assert run(3) == [("r1", True)]


def test_a_signed_call_names_its_rental_and_another_one_is_refused():
    webhook = names_of("how-to/webhooks.md")["hub_webhook"]
    site = SimpleNamespace(secrets=KeptSecrets(webhook_secret=SECRET))

    def call(body, secret=SECRET):
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return webhook("shed", site, {"X-Shed-Signature": signature}, body)

    assert call(b'{"topic": "rental", "id": "r7"}') == [Signal.read("r7")]
    assert call(b'{"topic": "owner", "id": "o1"}') == [Signal.collect()]
    with pytest.raises(Refused, match="the webhook secret in the settings of Shed"):
        call(b'{"topic": "rental", "id": "r7"}', secret="guess")


def test_the_codes_of_a_source_without_lists_are_those_of_its_documents(bench):
    hub_codes = names_of("how-to/dimensions.md")["hub_codes"]
    assert {code.id for code in hub_codes("shed", bench.site, "tool")} == {"Crane", "Drill", "Saw"}
    owners = {code.id for code in hub_codes("shed", bench.site, "owner")}
    assert owners == {"Bolt & Co", "North Tools"}


def test_the_contract_suite_of_an_app_that_reads_files_gets_the_examples():
    names = {"__file__": str(DOCS.parent / "plugins" / "files" / "tests" / "test_contract.py")}
    exec(blocks("how-to/files.md")[0], names)
    suite = names["TestContract"]()
    assert set(suite.files) == {"bills.csv", "invoice.xml"}
    suite.test_a_file_holds_the_documents_that_are_read_of_it()
