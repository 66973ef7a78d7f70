"""The pytest option that records in a plugin's package what its tests have shown."""

import importlib
import json
import os
import subprocess
import sys

import pytest

from hub.contract.documents import Gone
from hub.contract.registry import Plugins
from hub.testing.bench import Bench
from hub.testing.recording import record
from tests.support.runs.tiers import by_form
from tests.support.sources.guide_plugin import guide_plugin, install

NAME = "silo"
RECORD = "test-record.json"
DOCUMENTS = """
from pathlib import Path

import pytest

from hub.testing.bench import Bench
from hub.testing.golden import golden


@pytest.mark.parametrize("id", ["r1", "r2"])
def test_a_rental_becomes_this_document(id):
    golden(Path(__file__).parent / f"{id}.json", Bench("silo").read(ids=[id]))
"""


class Author:
    """A person who writes a plugin in a folder and runs its tests."""

    def __init__(self, folder):
        self.folder = folder
        sources = guide_plugin(NAME) | {"tests/test_documents.py": DOCUMENTS}
        install(folder, NAME, sources, readme="# Silo\n")
        self.package = folder / f"hub_{NAME}"

    def run_tests(self, *options, path="."):
        """Run the tests with options; return the exit code and the output."""
        unused = ("-p", "no:cacheprovider", "-p", "no:schemathesis")  # its import takes long
        return self._run("-m", "pytest", "-q", *unused, *options, path)

    def plugin(self):
        """Return what `hub plugins --json` says about the plugin."""
        code, output = self._run("-c", "from hub.cli import main; main()", "plugins", "--json")
        assert code == 0, output
        (plugin,) = [plugin for plugin in json.loads(output) if plugin["plugin"] == NAME]
        return plugin

    def stored_record(self):
        """Return the record in the package; None if there is none."""
        file = self.package / RECORD
        return json.loads(file.read_text()) if file.exists() else None

    def _run(self, *command):
        environ = {**os.environ, "PYTHONPATH": str(self.folder), "HUB_DATA": str(self.folder)}
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self.folder,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def author(tmp_path):
    return Author(tmp_path)


@pytest.mark.proof(small=0)
def test_the_plugin_of_the_guide_passes_its_tests_and_the_record_gives_its_tier(author):
    code, output = author.run_tests("--rewrite-golden", path="tests/test_documents.py")
    assert (code, author.stored_record()) == (0, None), "without the option nothing is recorded"
    assert "records of the tests" not in output
    workers = by_form("-n1", "-n2", "-n2")
    code, output = author.run_tests("--record-tests", workers)
    assert code == 0, output
    assert f"{author.package / RECORD}: silo 0.1.0." in output
    assert (
        author.stored_record().items()
        >= {
            "version": "0.1.0",
            "contract": ["silo"],
            "deletions": ["silo"],
            "golden": ["bill"],
            "reports": ["silo"],
            "webhooks": [],
        }.items()
    )
    plugin = author.plugin()
    assert (plugin["tier"], list(plugin["apps"][0]["missing"])) == ("silver", ["webhooks"])
    (author.package / "settings.py").write_text("# a change\n")
    assert author.plugin()["tier"] is None


def test_nothing_is_recorded_if_a_test_fails(author):
    (author.folder / "tests" / "test_more.py").write_text("def test_more():\n    assert False\n")
    code, output = author.run_tests("--record-tests", "-k", "account or more")
    assert (code, author.stored_record()) == (1, None)
    assert "nothing is recorded; failed tests: 1" in output


def test_a_part_of_the_contract_suite_is_not_recorded(author):
    code, output = author.run_tests("--record-tests", "-k", "account")
    assert (code, author.stored_record()) == (0, None)
    assert "nothing is recorded, because no contract suite ran to its end" in output


def test_documents_that_were_just_written_are_no_comparison(author):
    code, output = author.run_tests("--record-tests", "--rewrite-golden")
    assert code != 0
    assert "Run the tests again with --record-tests alone" in output


def test_a_deletion_that_was_read_by_its_id_shows_nothing(author, monkeypatch):
    monkeypatch.syspath_prepend(str(author.folder))
    plugin = importlib.import_module(f"hub_{NAME}")
    bench = Bench(NAME, plugins=Plugins.load([plugin], installed=False))
    record.take()
    (gone,) = bench.read(ids=["r19"])
    assert (type(gone), record.take()) == (Gone, [])
    assert gone in bench.read()
    assert record.take() == [(record.DELETION, NAME)]
