"""The tier of an app: what it needs, and that nothing counts without a valid record of tests."""

import importlib
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from marshmallow import Schema

from hub import App, hookimpl
from hub.cli import main
from hub.contract import suite_record
from hub.contract.registry import Plugins
from hub.contract.suite_record import SuiteRecord
from hub.contract.tiers import assess
from tests.support.runs.tiers import by_form

ROOT = Path(__file__).parents[3]
MODULE = """
import marshmallow
from hub import App, hookimpl
@hookimpl
def hub_apps():
    return [App(slug=slug, name="Barn", summary="", posts=("bill", "vendor"), wants=("posted",),
                settings=marshmallow.Schema) for slug in SLUGS]
@hookimpl
def hub_documents(app, site, cursors, ids):
    return []
@hookimpl
def hub_report(app, site, document, receipt):
    pass
"""
WEBHOOK = """
@hookimpl
def hub_webhook(app, site, headers, body):
    return []
"""


class InstalledBarn:
    """A plugin as pip installs it, with a record of its tests; at first it is gold."""

    def __init__(self, folder):
        self.package = folder / "hub_barn"
        self._info = folder / "qbo_hub_barn-1.0.dist-info"
        for path in (self.package, self._info):
            path.mkdir(parents=True)
        (self._info / "entry_points.txt").write_text("[hub]\nbarn = hub_barn\n")
        self.write_readme("# Barn\n\nHow to set it up.\n")
        self.write_module(MODULE + WEBHOOK)
        self.write_record()

    def write_readme(self, text):
        """Write the metadata with this README."""
        head = "Metadata-Version: 2.1\nName: qbo-hub-barn\nVersion: 1.0\n"
        (self._info / "METADATA").write_text(f"{head}\n{text}")

    def write_module(self, text, slugs=("barn",)):
        """Write the code of the plugin, which has apps with these slugs."""
        (self.package / "__init__.py").write_text(text.replace("SLUGS", repr(slugs)))

    def write_record(self, **changes):
        """Write a record that fits the code, but for the changes."""
        values = {
            "version": "1.0",
            "code": suite_record.compute_code_hash(self.package),
            "contract": ("barn",),
            "deletions": ("barn",),
            "golden": ("bill", "vendor"),
            "reports": ("barn",),
            "webhooks": ("barn",),
        }
        suite_record.write(self.package, SuiteRecord(**(values | changes)))

    def write_record_text(self, text):
        """Write a file in place of the record."""
        (self.package / suite_record.RECORD_FILE_NAME).write_text(text)


@pytest.fixture
def barn(tmp_path, monkeypatch):
    barn = InstalledBarn(tmp_path / "site-packages")
    monkeypatch.syspath_prepend(str(tmp_path / "site-packages"))
    monkeypatch.setenv("HUB_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(
        "hub.contract.registry.entry_points",
        lambda group: [
            entry for entry in importlib.metadata.entry_points(group=group) if entry.name == "barn"
        ],
    )
    yield barn
    for name in [name for name in sys.modules if name.startswith("hub_barn")]:
        del sys.modules[name]
    importlib.invalidate_caches()


def described():
    """Return the only plugin of `hub plugins --json`."""
    result = CliRunner().invoke(main, ["plugins", "--json"])
    assert result.exit_code == 0, result.output
    (plugin,) = json.loads(result.stdout)
    return plugin


def test_a_plugin_with_everything_is_gold(barn):
    plugin = described()
    (app,) = plugin["apps"]
    assert (plugin["tier"], app["tier"], app["next_tier"], app["missing"]) == (
        "gold",
        "gold",
        None,
        {},
    )
    assert list(app["abilities"].values()) == [True] * 6
    listed = CliRunner().invoke(main, ["plugins"]).stdout
    assert "barn: gold. It has: contract, docs, golden, report, webhooks, deletions." in listed
    assert "it lacks" not in listed


FILES = """
from hub import FileContent, FileKinds
@hookimpl
def hub_file(app, site, file, content):
    return FileContent(documents=())
"""
KINDS = 'files=FileKinds(suffixes=(".csv",))'


def test_an_app_that_only_reads_files_needs_nothing_of_a_source_to_be_gold(barn):
    barn.write_module(MODULE.replace('wants=("posted",)', KINDS) + FILES)
    barn.write_record(deletions=(), reports=(), webhooks=())
    (app,) = described()["apps"]
    assert app["abilities"] == {"contract": True, "docs": True, "golden": True}
    assert (app["tier"], app["next_tier"]) == ("gold", None)


def test_an_app_that_reads_files_and_reports_to_a_source_needs_the_abilities_of_both(barn):
    barn.write_module(MODULE.replace('wants=("posted",)', f'wants=("posted",), {KINDS}') + FILES)
    barn.write_record(deletions=(), reports=(), webhooks=())
    (app,) = described()["apps"]
    assert (app["tier"], list(app["missing"])) == ("bronze", ["report"])


LACKING = {
    "no record": (
        lambda barn: barn.write_record_text(""),
        None,
        {"contract": "--record-tests writes it"},
    ),
    "a record that is none": (
        lambda barn: barn.write_record_text("[1]"),
        None,
        {"contract": "has no record of its tests"},
    ),
    "a record that lacks a part": (
        lambda barn: barn.write_record_text('{"version": "1.0", "code": ""}'),
        None,
        {"contract": "has no record of its tests"},
    ),
    "another version": (
        lambda barn: barn.write_record(version="0.9"),
        None,
        {"contract": "for version 0.9, and version 1.0 is installed"},
    ),
    "other code": (
        lambda barn: (barn.package / "rates.py").write_text("RATE = 25\n"),
        None,
        {"contract": "code has changed since its tests were recorded"},
    ),
    "the contract suite of another app": (
        lambda barn: barn.write_record(contract=("shed",)),
        None,
        {"contract": "contract suite is not in"},
    ),
    "an empty README": (lambda barn: barn.write_readme(" \n"), None, {"docs": "no README"}),
    "a kind without a golden file": (
        lambda barn: barn.write_record(golden=("vendor",)),
        "bronze",
        {"golden": "has: bill."},
    ),
    "a report that no test has shown": (
        lambda barn: barn.write_record(reports=()),
        "bronze",
        {"report": "has shown that a report changes its source"},
    ),
    "a webhook that no test has shown": (
        lambda barn: barn.write_record(webhooks=("shed",)),
        "silver",
        {"webhooks": "has shown that it takes signed calls and refuses forged ones"},
    ),
    "no deletion": (
        lambda barn: barn.write_record(deletions=()),
        "silver",
        {"deletions": "No test in a valid record has read a deletion"},
    ),
}


@pytest.mark.parametrize(("change", "tier", "problems"), LACKING.values(), ids=LACKING)
def test_problems_that_keep_a_plugin_from_the_next_tier_are_named(barn, change, tier, problems):
    change(barn)
    plugin = described()
    (app,) = plugin["apps"]
    assert (plugin["tier"], app["tier"]) == (tier, tier)
    assert app["missing"].keys() == problems.keys()
    listed = CliRunner().invoke(main, ["plugins"]).stdout
    assert f"barn: {tier or 'no tier'}. It has: " in listed
    assert f"For {app['next_tier']} it lacks:" in listed
    for name, words in problems.items():
        assert words in app["missing"][name]
        assert f"    {name}: {app['missing'][name]}" in listed
        assert not app["abilities"][name]


@pytest.mark.parametrize(
    ("code", "tier", "ability"),
    [
        (MODULE, "silver", "webhooks"),
        (MODULE.replace('wants=("posted",)', "wants=()") + WEBHOOK, "bronze", "report"),
    ],
    ids=["webhooks", "report"],
)
def test_hooks_that_the_plugin_does_not_implement_are_missing(barn, code, tier, ability):
    barn.write_module(code)
    barn.write_record()
    (app,) = described()["apps"]
    assert (app["tier"], list(app["missing"])) == (tier, [ability])


def test_a_plugin_has_the_lowest_tier_of_its_apps(barn):
    barn.write_module(MODULE + WEBHOOK, ("barn", "barn-orders"))
    both = ("barn", "barn-orders")
    barn.write_record(contract=both, reports=both, webhooks=both)
    plugin = described()
    assert [app["tier"] for app in plugin["apps"]] == ["gold", "silver"]
    assert plugin["tier"] == "silver"
    barn.write_record()
    plugin = described()
    assert [app["tier"] for app in plugin["apps"]] == ["gold", None]
    assert plugin["tier"] is None


def test_a_plugin_without_a_package_of_its_own_has_no_tier():
    class Plugin:
        @hookimpl
        def hub_apps(self):
            return [App(slug="hut", name="Hut", summary="", posts=("bill",), settings=Schema)]

        @hookimpl
        def hub_documents(self):
            return []

    plugins = Plugins.load([Plugin()], installed=False)
    ((_, tier, _), *_) = assess(plugins, "hut").missing
    assert (assess(plugins, "hut").tier, tier) == (None, "bronze")


@pytest.mark.proof
@pytest.mark.parametrize(
    "folder",
    [path.parts[-3] for path in sorted(ROOT.glob("plugins/*/tests/test_contract.py"))],
)
def test_the_records_of_our_plugins_are_of_all_apps_and_in_full_of_today(folder):
    """Read the records; the full form also requires that they are of the code of today."""
    plugins = Plugins.load()
    slugs = [slug for slug in plugins.apps if plugins.package(slug) == f"hub_{folder}"]
    assert slugs
    package = suite_record.find_package_folder(plugins, slugs[0])
    record = suite_record.read(package)
    assert record, f"{folder} has no record of its tests: run make records"
    assert set(record.contract) == set(slugs)
    code = by_form(
        record.code,
        suite_record.compute_code_hash(package),
        suite_record.compute_code_hash(package),
    )
    assert record.code == code, f"{folder} has changed since its record: run make records"
