"""The order in which the workers of a test run get their tests."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TESTS = """
import pytest

@pytest.mark.parametrize("number", range(7))
def test_ordinary(number): pass

@pytest.mark.forks
@pytest.mark.parametrize("number", range(3))
def test_forking(number): pass
"""


def _order(folder: Path, workers: int) -> list[str]:
    """Return the names of the tests in the order of a run with this many workers."""
    (folder / "test_it.py").write_text(TESTS)
    options = ["-p", "tests.support.run_order", "-p", "no:cacheprovider", "--collect-only", "-q"]
    command = [sys.executable, "-m", "pytest", f"--rootdir={folder}", *options]
    environ = {
        "PYTHONPATH": str(ROOT),
        "PATH": "",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_XDIST_WORKER_COUNT": str(workers),
    }
    result = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)
    lines = result.stdout.splitlines()
    return [line.partition("::test_")[2] for line in lines if "::" in line]


@pytest.mark.parametrize(
    ("workers", "begins"),
    [
        (1, {0: "forking[0]", 1: "forking[1]", 2: "forking[2]"}),
        (2, {0: "forking[0]", 5: "forking[1]"}),
    ],
)
def test_each_worker_begins_with_tests_that_fork(
    tmp_path: Path, workers: int, begins: dict[int, str]
) -> None:
    order = _order(tmp_path, workers)
    assert {place: order[place] for place in begins} == begins
    assert len(set(order)) == len(order) == 10


def test_more_workers_than_tests_get_each_test_once(tmp_path: Path) -> None:
    assert sorted(_order(tmp_path, 16)) == sorted(_order(tmp_path, 1))
