"""Fail a test run that made a data folder in the working folder, where `hub serve` has its own."""

from pathlib import Path

import pytest

DATA_FOLDER = Path("hub-data").absolute()
EXISTED_BEFORE = DATA_FOLDER.exists()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run if the folder exists now and did not at the start."""
    if DATA_FOLDER.exists() and not EXISTED_BEFORE:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(
                f"A test used the default data folder {DATA_FOLDER}. Set HUB_DATA for its commands."
            )
