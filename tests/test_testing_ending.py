"""How a run of tests comes to its end where one of them does not."""

import os

import pytest

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.skipif(os.environ.get("HUB_PROOF") != "full", reason="in the full proof alone")
STUCK = "import time\n\n\ndef test_it():\n    time.sleep(200)\n\n\ndef test_that():\n    assert False\n"


def test_a_run_that_takes_too_long_ends_with_its_failures_and_what_was_under_way(pytester, monkeypatch):
    monkeypatch.setenv("TESTS_SECONDS", "8")
    pytester.makepyfile(test_stuck=STUCK)
    done = pytester.runpytest_subprocess("-n2", "-p", "tests.ending", "-p", "no:cacheprovider", timeout=100)
    told = done.stdout.str()
    assert done.ret == 1
    assert "The run took longer than 8 seconds. Under way: test_stuck.py::test_it for" in told
    assert "FAILED test_stuck.py::test_that" in told
