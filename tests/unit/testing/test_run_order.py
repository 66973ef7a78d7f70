"""The order in which the workers of a test run get their tests."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
TESTS = """
import pytest

@pytest.mark.parametrize("number", range(4))
def test_ordinary(number): pass

@pytest.mark.proof
def test_long(): pass

@pytest.mark.proof
@pytest.mark.forks
@pytest.mark.parametrize("number", range(2))
def test_forking(number): pass
"""
OPTIONS = ["-p", "tests.support.runs.run_order", "-p", "no:cacheprovider", "--collect-only", "-q"]


def _order(folder: Path, workers: int, **settings: str) -> list[str]:
    """Return the tests of two equal files in the order of a run with this many workers."""
    for name in ("a", "b"):
        (folder / f"test_{name}.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", f"--rootdir={folder}", *OPTIONS]
    environ = {
        "PYTHONPATH": str(ROOT),
        "PATH": "",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_XDIST_WORKER_COUNT": str(workers),
        **settings,
    }
    result = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)
    lines = result.stdout.splitlines()
    return [line.removeprefix("test_").replace(".py::test_", " ") for line in lines if "::" in line]


def _first_tests(file: str) -> list[str]:
    return [f"{file} forking[0]", f"{file} forking[1]", f"{file} long"]


def test_tests_that_fork_come_first_and_long_tests_next(tmp_path: Path) -> None:
    order = _order(tmp_path, 1)
    forking = [name for file in "ab" for name in _first_tests(file)[:2]]
    assert order[:6] == [*forking, "a long", "b long"]
    assert len(set(order)) == len(order) == 14


def test_the_files_with_long_tests_are_dealt_to_the_workers(tmp_path: Path) -> None:
    order = _order(tmp_path, 2)
    assert (order[:3], order[7:10]) == (_first_tests("a"), _first_tests("b"))
    assert len(set(order)) == len(order) == 14


def _add_tests_of_processes(folder: Path, *files: str) -> None:
    (folder / "e2e").mkdir()
    for file in files:
        (folder / "e2e" / f"test_{file}.py").write_text("def test_process(): pass")


def test_tests_of_processes_are_long(tmp_path: Path) -> None:
    _add_tests_of_processes(tmp_path, "c")
    order = _order(tmp_path, 1)
    assert [name.rpartition(" ")[2] for name in order[4:7]] == ["long", "long", "process"]


def test_one_half_of_the_workers_starts_with_tests_of_processes(tmp_path: Path) -> None:
    _add_tests_of_processes(tmp_path, "c", "d", "e")
    order = _order(tmp_path, 4, HUB_PROOF="full")
    processes = ["e2e/test_c process", "e2e/test_e process", "e2e/test_d process"]
    assert [name for name in order if "process" in name] == processes
    shares = [order[:4], order[4:8], order[8:12], order[12:]]  # 17 tests
    assert shares[0][:2] == [processes[0], processes[1]]
    assert shares[1][:1] == [processes[2]]
    assert (shares[2][:3], shares[3][:3]) == (_first_tests("a"), _first_tests("b"))
    assert len(set(order)) == len(order) == 17


def test_a_file_with_many_tests_of_processes_is_weighed_by_their_number(tmp_path: Path) -> None:
    _add_tests_of_processes(tmp_path, "c", "d", "e")
    many = (
        "import pytest\n\n@pytest.mark.parametrize('number', range(3))\ndef test_many(number): pass"
    )
    (tmp_path / "e2e" / "test_e.py").write_text(many)
    order = _order(tmp_path, 4, HUB_PROOF="full")
    assert order[:3] == [f"e2e/test_e many[{number}]" for number in range(3)]
    assert order[4:6] == ["e2e/test_c process", "e2e/test_d process"]


def test_in_the_small_form_one_worker_starts_all_processes(tmp_path: Path) -> None:
    _add_tests_of_processes(tmp_path, "c", "d", "e")
    order = _order(tmp_path, 3)
    assert order[:3] == [f"e2e/test_{file} process" for file in "cde"]
    assert (order[5:8], order[11:14]) == (_first_tests("a"), _first_tests("b"))


def test_more_workers_than_tests_get_each_test_once(tmp_path: Path) -> None:
    assert sorted(_order(tmp_path, 16)) == sorted(_order(tmp_path, 1))
