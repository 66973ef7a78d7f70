"""A test run ends in time even if a test hangs."""

import pytest

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.proof(small=0)
STUCK = (
    "import time\n\n\ndef test_it():\n    time.sleep(200)\n\n\ndef test_that():\n    assert False\n"
)
HURRIED = """
import signal

import pytest
from xdist.workermanage import NodeManager

NodeManager.EXIT_TIMEOUT = 0.5  # seconds that a worker has for its end
seen = set()


def hurry(what):
    '''When the one is under way and the other has failed, the time that is left passes at once.'''
    seen.add(what)
    left = signal.getitimer(signal.ITIMER_REAL)[0]
    if seen >= {"test_it began", "test_that failed"} and left:
        assert left <= 90
        signal.setitimer(signal.ITIMER_REAL, 0.1)


def pytest_runtest_logstart(nodeid):
    hurry(nodeid.rpartition("::")[2] + " began")


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report):
    hurry(report.nodeid.rpartition("::")[2] + " " + report.outcome)
"""


def test_a_run_that_takes_too_long_ends_with_its_failures_and_what_was_under_way(
    pytester, monkeypatch
):
    monkeypatch.setenv("TESTS_SECONDS", "90")
    pytester.makeini("[pytest]")  # else a setup.py in a folder above makes that the root
    pytester.makeconftest(HURRIED)
    pytester.makepyfile(test_stuck=STUCK)
    result = pytester.runpytest_subprocess(
        "-n2", "-p", "tests.support.runs.run_deadline", "-p", "no:cacheprovider", timeout=100
    )
    text = result.stdout.str()
    assert result.ret == 1
    assert "The run took longer than 90 seconds. Under way: test_stuck.py::test_it for" in text
    assert "FAILED test_stuck.py::test_that" in text
