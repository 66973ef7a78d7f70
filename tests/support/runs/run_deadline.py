"""A time limit for test runs, with a report of the running tests."""

import os
import signal
import time
from typing import Any

import pytest

TIME_LIMIT = "TESTS_SECONDS"  # environment variable: seconds that the whole run may take


class RunDeadline:
    """A plugin for the main process that tracks which tests are running."""

    def __init__(self) -> None:
        self.under_way: dict[str, float] = {}

    def pytest_sessionstart(self) -> None:
        for number in (signal.SIGTERM, signal.SIGALRM):
            signal.signal(number, self.end)
        signal.alarm(int(os.environ.get(TIME_LIMIT, 0)))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.under_way[nodeid] = time.monotonic()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.under_way.pop(nodeid, None)

    def end(self, number: int, frame: Any) -> None:
        why = (
            "was told to end"
            if number == signal.SIGTERM
            else f"took longer than {os.environ[TIME_LIMIT]} seconds"
        )
        now = time.monotonic()
        still = [f"{name} for {now - since:.0f} s" for name, since in self.under_way.items()]
        pytest.exit(f"The run {why}. Under way: {', '.join(still) or 'no test'}.", returncode=1)


def pytest_configure(config: pytest.Config) -> None:
    if getattr(config.option, "dist", "no") != "no" and not hasattr(config, "workerinput"):
        config.pluginmanager.register(RunDeadline())
