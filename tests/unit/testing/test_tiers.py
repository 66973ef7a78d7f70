"""The cases of a proof that the small form of a test run takes."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.tiers import evenly_omitted

ROOT = Path(__file__).parents[3]
TESTS = """
import pytest

@pytest.mark.parametrize("number", range(8))
def test_ordinary(number): pass

@pytest.mark.proof(small=2)
@pytest.mark.parametrize("number", range(8))
def test_limited(number): pass

@pytest.mark.proof(small=0)
def test_left_to_the_full_form(): pass

@pytest.mark.proof
def test_sized_by_itself(): pass
"""


@pytest.mark.parametrize(
    ("size", "chosen"), [(0, []), (1, [0]), (3, [0, 3, 6]), (10, list(range(10))), (99, None)]
)
def test_chosen_cases_are_spread_evenly(size, chosen):
    cases = list(range(10))
    expected = cases if chosen is None else chosen
    assert [case for case in cases if case not in evenly_omitted(cases, size)] == expected


def collected(tmp_path, monkeypatch, form, *names):
    """Return the names of the tests that a run of this form takes."""
    monkeypatch.setenv("HUB_PROOF", form)
    (tmp_path / "test_it.py").write_text(TESTS)
    nodes = [f"test_it.py::{name}" for name in names] or ["test_it.py"]
    options = ["-p", "tests.support.tiers", "-p", "no:cacheprovider", "--collect-only", "-q"]
    command = [sys.executable, "-m", "pytest", f"--rootdir={tmp_path}", *options, *nodes]
    environ = {"PYTHONPATH": str(ROOT), "HUB_PROOF": form, "PATH": ""}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True)
    return [line.partition("::")[2] for line in done.stdout.splitlines() if "::" in line]


def test_the_small_form_runs_every_ordinary_test(tmp_path, monkeypatch):
    names = collected(tmp_path, monkeypatch, "")
    assert names[:8] == [f"test_ordinary[{number}]" for number in range(8)]
    assert names[8:] == ["test_limited[0]", "test_limited[4]", "test_sized_by_itself"]


def test_the_full_form_runs_everything(tmp_path, monkeypatch):
    assert len(collected(tmp_path, monkeypatch, "full")) == 18


def test_a_case_that_is_named_runs_in_the_small_form(tmp_path, monkeypatch):
    assert collected(tmp_path, monkeypatch, "", "test_limited[3]") == ["test_limited[3]"]
