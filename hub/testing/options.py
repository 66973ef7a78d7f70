"""The pytest plugin of the hub: its markers and its option, also for plugins' tests."""

import os
from collections.abc import Generator

import pytest

from hub.testing import golden


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that writes golden files."""
    parser.addoption(
        "--rewrite-golden", action="store_true", help="write golden files anew instead of comparing"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers that tests may carry."""
    config.addinivalue_line("markers", "row(*names): the requirement rows that this test proves")
    config.addinivalue_line("markers", "proof(small): a long proof, in full with HUB_PROOF=full")
    golden.REWRITE = bool(config.getoption("--rewrite-golden"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report a test that is skipped as failed in the full proof, with the reason of the skip."""
    report = yield
    is_full = os.environ.get("HUB_PROOF") == "full"
    if not (report.skipped and is_full):
        return report
    reason: object = report.longrepr
    if isinstance(report.longrepr, tuple):
        *_, reason = report.longrepr
    report.outcome = "failed"
    report.longrepr = f"The full proof passes over nothing. {reason}"
    return report
