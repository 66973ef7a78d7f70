"""The pytest plugin of the hub: its markers and its options, also for plugins' tests."""

import os
from collections.abc import Generator

import pytest

from hub.testing import golden
from hub.testing.recording import record


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flags that write golden files and the record of the tests."""
    parser.addoption(
        "--rewrite-golden",
        action="store_true",
        help="write golden files again instead of comparing",
    )
    parser.addoption(
        "--record-tests",
        action="store_true",
        help="write what the tests of a plugin have shown into its package, for its tier",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers that tests may carry."""
    config.addinivalue_line("markers", "row(*names): the requirement rows that this test proves")
    config.addinivalue_line("markers", "proof(small): a long proof, in full with HUB_PROOF=full")
    golden.REWRITE = bool(config.getoption("--rewrite-golden"))
    if not config.getoption("--record-tests"):
        return
    if golden.REWRITE:
        raise pytest.UsageError(
            "With --rewrite-golden nothing is compared, so there is nothing to record."
            " Run the tests again with --record-tests alone."
        )
    is_worker = hasattr(config, "workerinput")
    if not is_worker:
        # Both need libraries that other runs do not.
        from hub.testing.bench import load_plugins
        from hub.testing.recording.recorder import RecordWriter

        config.pluginmanager.register(RecordWriter(config.rootpath, load_plugins))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report a test that is skipped as failed in the full proof, with the reason of the skip.

    The report also carries what the test has shown, from the worker that ran it. A test of a
    contract suite that fails because the app reads no documents is reported in one line.
    """
    report = yield
    if report.failed:
        report.longrepr = _describe_obstacle(item) or report.longrepr
    if item.config.getoption("--record-tests"):
        report.user_properties.append((record.PROPERTY, record.take()))
    is_full = os.environ.get("HUB_PROOF") == "full"
    if not (report.skipped and is_full):
        return report
    reason: object = report.longrepr
    if isinstance(report.longrepr, tuple):
        *_, reason = report.longrepr
    report.outcome = "failed"
    report.longrepr = f"The full proof passes over nothing. {reason}"
    return report


def _describe_obstacle(item: pytest.Item) -> str:
    """Return for which test of its contract suite a failed test waits; "" if there is none."""
    describe = getattr(getattr(item, "instance", None), "describe_obstacle", None)
    if describe is None:
        return ""
    text: str = describe(getattr(item, "originalname", item.name))
    return text
