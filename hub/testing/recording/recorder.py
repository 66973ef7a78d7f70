"""Writes the record of a plugin's tests into its package: the pytest option `--record-tests`."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from hub.contract import suite_record
from hub.contract.documents import KINDS
from hub.contract.registry import Plugins
from hub.contract.suite_record import SuiteRecord
from hub.testing.recording.record import (
    CONTRACT,
    CONTRACT_TEST,
    DELETION,
    GOLDEN,
    GOLDEN_CREATION,
    PROPERTY,
    REPORT,
    WEBHOOK,
    Fact,
)

PROJECT_FILE = "pyproject.toml"


class PluginTests:
    """The tests below a folder with a pyproject.toml, and what those that passed have shown."""

    def __init__(self) -> None:
        """Begin without a test."""
        self.failed: set[str] = set()
        self.values: dict[str, set[str]] = defaultdict(set)
        self.passed_tests: dict[str, set[str]] = defaultdict(set)

    def add(self, test: str, reports: list[pytest.TestReport]) -> None:
        """Add a test by the reports of its set-up, its call and its end."""
        outcomes = {report.outcome for report in reports}
        if "failed" in outcomes:
            self.failed.add(test)
        if outcomes != {"passed"}:
            return
        name = test.rpartition("::")[2].partition("[")[0]
        for report in reports:
            for what, value in _iter_facts(report):
                self.values[what].add(value)
                if what == CONTRACT:
                    self.passed_tests[value].add(name)

    def complete_suites(self) -> set[str]:
        """Return the apps of whose contract suite every test has passed."""
        slugs = set()
        for slug, tests in self.passed_tests.items():
            if tests >= self.values[CONTRACT_TEST]:
                slugs.add(slug)
        return slugs


class RecordWriter:
    """The pytest plugin that writes the record of each plugin whose tests have all passed."""

    def __init__(self, root: Path, load_plugins: Callable[[], Plugins]) -> None:
        """Collect the reports of tests, whose files are named relative to a folder."""
        self._root = root
        self._load_plugins = load_plugins
        self._reports: dict[str, list[pytest.TestReport]] = defaultdict(list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Store a report; with several workers the main process gets all of them here."""
        self._reports[report.nodeid].append(report)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Write the records, and say what they contain or why there is none."""
        terminalreporter.section("records of the tests of plugins")
        for line in self._write_all():
            terminalreporter.write_line(line)

    def _write_all(self) -> Iterator[str]:
        """Write the records of all projects; yield a line about each."""
        projects: dict[Path, PluginTests] = defaultdict(PluginTests)
        for test, reports in self._reports.items():
            file = (self._root / test.partition("::")[0]).resolve()
            projects[_find_project_folder(file)].add(test, reports)
        plugins = self._load_plugins()
        for folder, project in sorted(projects.items()):
            slugs = project.complete_suites()
            if project.failed:
                yield f"{folder}: nothing is recorded; failed tests: {len(project.failed)}."
            elif not slugs:
                yield f"{folder}: nothing is recorded, because no contract suite ran to its end."
            else:
                yield from _write(plugins, folder, project, slugs)


def _write(
    plugins: Plugins, project_folder: Path, project: PluginTests, slugs: set[str]
) -> Iterator[str]:
    """Write the record into each package of a project; yield a line about each."""
    slugs_by_package: dict[Path, list[str]] = defaultdict(list)
    for slug in sorted(slugs):
        package = suite_record.find_package_folder(plugins, slug)
        if package and package.resolve().is_relative_to(project_folder):
            slugs_by_package[package].append(slug)
        else:
            yield (
                f"{slug}: nothing is recorded, because its package is not installed from"
                f" {project_folder}. Install it with `pip install -e`."
            )
    for package, own_slugs in slugs_by_package.items():
        record = SuiteRecord(
            version=plugins.installed_plugin(own_slugs[0]).version,
            code=suite_record.compute_code_hash(package),
            contract=tuple(own_slugs),
            deletions=tuple(project.values[DELETION].intersection(own_slugs)),
            golden=tuple(_list_golden_kinds(plugins, own_slugs, project)),
            reports=tuple(project.values[REPORT].intersection(own_slugs)),
            webhooks=tuple(project.values[WEBHOOK].intersection(own_slugs)),
        )
        file = suite_record.write(package, record)
        yield f"{file}: {', '.join(own_slugs)} {record.version}."


def _list_golden_kinds(plugins: Plugins, slugs: list[str], project: PluginTests) -> set[str]:
    """Return the kinds that golden files show, with those of records that their codes create."""
    kinds = set(project.values[GOLDEN])
    for slug in slugs:
        for field in plugins.call(slug, "hub_fields") or ():
            if field.name in project.values[GOLDEN_CREATION] and field.role in KINDS:
                kinds.add(field.role)
    return kinds


def _iter_facts(report: pytest.TestReport) -> Iterator[Fact]:
    """Yield what a part of a test has shown."""
    for name, facts in report.user_properties:
        if name == PROPERTY:
            yield from cast(list[Fact], facts)


def _find_project_folder(file: Path) -> Path:
    """Return the nearest folder above a file with a pyproject.toml, or its own folder."""
    for folder in file.parents:
        if (folder / PROJECT_FILE).is_file():
            return folder
    return file.parent
