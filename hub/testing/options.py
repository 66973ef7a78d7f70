"""The pytest plugin of the hub: its markers and its option, also for plugins' tests."""

import os
from collections.abc import Generator

import pytest

from hub.testing import golden


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the flag that writes golden files."""
    parser.addoption(
        "--rewrite-golden", action="store_true", help="write golden files anew instead of comparing"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declares the markers that tests may carry."""
    config.addinivalue_line("markers", "row(*names): the requirement rows that this test proves")
    config.addinivalue_line("markers", "proof(small): a long proof, in full with HUB_PROOF=full")
    golden.REWRITE = bool(config.getoption("--rewrite-golden"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In the full proof a test that is passed over has failed, with its reason."""
    report = yield
    if report.skipped and os.environ.get("HUB_PROOF") == "full":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"The full proof passes over nothing. {reason}"
    return report
