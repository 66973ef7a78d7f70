"""Figures that tests report: printed at the end of a run and written to docs/proof.md.

The figures of a run that failed are written beside that page, to docs/proof.md.failed.
"""

import os
import platform
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

PROPERTY = "figure"
SECTIONS = {
    "test_model": "Every history of the decision, enumerated",
    "test_histories": "Recorded histories, replayed",
    "test_machine": "Random histories of the whole hub against the ledger",
    "test_people_machine": "Random histories of the whole hub against the ledger",
    "test_matrix": "Every fault at every call",
    "test_outcomes": "What each response means",
    "test_crashes": "kill -9 at the boundaries of a run",
    "test_kill": "kill -9 of a hub at work",
    "test_acceptance": "A distributed hub, its processes and its database under faults",
    "test_distributed": "A distributed hub, its processes and its database under faults",
    "test_database_away": "A distributed hub, its processes and its database under faults",
    "test_failover": "A distributed hub, its processes and its database under faults",
    "test_no_connections_left": "A distributed hub, its processes and its database under faults",
    "test_stopped_processes": "A distributed hub, its processes and its database under faults",
    "test_workers": "Workers that are stopped and come back",
    "test_other_server": "Another server in place of QuickBooks",
    "test_environment": "Disk, clock and signals",
    "test_restores": "Restored backups",
    "test_poison": "Bad documents among good ones",
    "test_batches": "Batches",
    "test_token_storms": "Token storms",
    "test_refresh": "Nightly reconciliation",
    "test_soak": "Soak test",
    "test_planted": "Planted bugs, and the test that catches each",
    "test_naive": "The same tests of a naive engine",
    **dict.fromkeys(
        [
            "test_access",
            "test_canaries",
            "test_allowlist",
            "test_oauth_attacks",
            "test_audit_tampering",
            "test_signatures",
            "test_secrets",
            "test_spreadsheets",
            "test_passive_scan",
        ],
        "Security",
    ),
}
SUMMED = (
    "test_model",
    "test_machine",
    "test_people_machine",
    "test_crashes",
    "test_restores",
    "test_planted",
)
ELSE = "Stand-ins, sources and API"
PAGE = """# Proof

Written by the {form} run of the tests itself when every one of them passed: {tests:,} tests, \
Python {python}.
In each history, kill, fault, stall and restore below **lost = 0 and doubled = 0**, or the \
run would have failed;
a figure below its goal fails it too. How the hub does it: [exactly once](exactly-once.md).
"""
FAILED_PAGE = """# Figures of a run that failed
"""
HEAD = """
## {title}

| what | measured | goal |
|---|---:|---:|
"""


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str, float, float], None]:
    """Return a function that reports a figure for the end of the run; it must reach its goal."""

    def report_figure(name: str, value: float, goal: float) -> None:
        record_property(PROPERTY, [name, value, goal])
        assert value >= goal

    return report_figure


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--proof",
        metavar="FILE",
        help="write the figures into this page, or into FILE.failed if a test fails",
    )


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    sections = _figures_by_section(
        report for group in terminalreporter.stats.values() for report in group
    )
    if sections:
        terminalreporter.section("figures")
    for title, rows in sections.items():
        for name, value, goal in rows:
            terminalreporter.line(f"{title}: {name}: {value:,} (goal {goal:,})")
    page = config.getoption("--proof")
    is_part_of_run = hasattr(config, "workerinput")  # the process of a worker
    if page and not is_part_of_run:
        form = "long" if os.environ.get("PROOF_EVENTS") else os.environ.get("HUB_PROOF") or "short"
        passed = len(terminalreporter.stats.get("passed", ()))
        head = PAGE.format(form=form, tests=passed, python=platform.python_version())
        if exitstatus:
            page, head = f"{page}.failed", FAILED_PAGE
        Path(page).write_text(head + "".join(_format_sections(sections)))


Row = tuple[str, float, float]


def _figures_by_section(reports: Iterable[object]) -> dict[str, list[Row]]:
    """Return the figures of each section by name, in the order of the sections.

    The figures of some modules are summed.
    """
    figures: dict[str, set[Row]] = {}
    for report in reports:
        module = Path(getattr(report, "nodeid", "").partition("::")[0]).stem
        properties = getattr(report, "user_properties", ())
        rows = {tuple(row) for name, row in properties if name == PROPERTY}
        figures.setdefault(module if module in SECTIONS else "", set()).update(rows)
    sections: dict[str, list[Row]] = {}
    for module, title in {**SECTIONS, "": ELSE}.items():
        if figures.get(module):
            rows_of_module = _sum_figures(module, sorted(figures[module]))
            sections.setdefault(title, []).extend(rows_of_module)
    return sections


def _sum_figures(module: str, rows: list[Row]) -> list[Row]:
    if module not in SUMMED or len(rows) < 2:
        return rows
    values = sum(value for _, value, _ in rows)
    goals = sum(goal for _, _, goal in rows)
    return [*rows, ("**in all**", values, goals)]


def _format_sections(sections: dict[str, list[Row]]) -> Iterator[str]:
    for title, rows in sections.items():
        yield HEAD.format(title=title)
        yield from (f"| {name} | {value:,} | {goal:,} |\n" for name, value, goal in rows)
