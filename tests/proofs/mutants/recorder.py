"""A pytest plugin that writes the outcome of each test to a file for another process."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

VARIABLE = "MUTANT_OUTCOMES"  # path of the file; unset, nothing is written


class Outcome(NamedTuple):
    """The outcome of one phase of a test."""

    test: str
    phase: str
    outcome: str
    seconds: float
    message: str


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Append the outcome of a phase to the file."""
    path = os.environ.get(VARIABLE)
    if not path:
        return
    message = report.longreprtext if report.failed else ""
    outcome = Outcome(report.nodeid, report.when, report.outcome, report.duration, message)
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(outcome) + "\n")


def read_outcomes(path: Path) -> Iterator[Outcome]:
    """Yield the outcomes of a test run in their order."""
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            yield Outcome(*json.loads(line))
