"""The cases of a proof that the small form of a test run takes."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.runs.tiers import evenly_omitted

ROOT = Path(__file__).parents[3]
TESTS = """
import pytest

@pytest.mark.parametrize("number", range(8))
def test_ordinary(number): pass

@pytest.mark.proof(small=2, full=4)
@pytest.mark.parametrize("number", range(8))
def test_limited(number): pass

@pytest.mark.proof(small=0)
def test_left_to_the_full_form(): pass

@pytest.mark.proof
def test_sized_by_itself(): pass
"""
FORMS = {
    "small": {},
    "full": {"HUB_PROOF": "full"},
    "long": {"HUB_PROOF": "full", "PROOF_EVENTS": "4"},
}
ON_BOTH_DATABASES = """
import pytest

@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_list(database): pass

@pytest.mark.parametrize("database", ["postgres"])
def test_a_lock(database): pass
"""
BROWSER_STORY = """
import pytest

@pytest.mark.browser
def test_a_page(): pass
"""


@pytest.mark.parametrize(
    ("size", "chosen"), [(0, []), (1, [0]), (3, [0, 3, 6]), (10, list(range(10))), (99, None)]
)
def test_chosen_cases_are_spread_evenly(size, chosen):
    cases = list(range(10))
    expected = cases if chosen is None else chosen
    assert [case for case in cases if case not in evenly_omitted(cases, size)] == expected


def collected(tmp_path, form, *names):
    """Return the names of the tests that a run of this form takes."""
    (tmp_path / "test_it.py").write_text(TESTS)
    return names_of(tmp_path, FORMS[form], *[f"test_it.py::{name}" for name in names])


def names_of(tmp_path, settings, *nodes):
    options = ["-p", "tests.support.runs.tiers", "-p", "no:cacheprovider", "--collect-only", "-q"]
    command = [sys.executable, "-m", "pytest", f"--rootdir={tmp_path}", *options, *nodes]
    environ = {
        "PYTHONPATH": str(ROOT),
        "PATH": "",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        **settings,
    }
    result = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True)
    return [line.partition("::")[2] for line in result.stdout.splitlines() if "::" in line]


def test_the_small_form_runs_every_ordinary_test(tmp_path):
    names = collected(tmp_path, "small")
    assert names[:8] == [f"test_ordinary[{number}]" for number in range(8)]
    assert names[8:] == ["test_limited[0]", "test_limited[4]", "test_sized_by_itself"]


def test_the_full_form_runs_the_cases_that_its_size_names(tmp_path):
    names = collected(tmp_path, "full")
    assert [name for name in names if "limited" in name] == [
        f"test_limited[{number}]" for number in (0, 2, 4, 6)
    ]
    assert len(names) == 14


def test_the_long_form_runs_everything(tmp_path):
    assert len(collected(tmp_path, "long")) == 18


def test_a_case_that_is_named_runs_in_the_small_form(tmp_path):
    assert collected(tmp_path, "small", "test_limited[3]") == ["test_limited[3]"]


@pytest.fixture
def browser_story(tmp_path):
    (tmp_path / "test_pages.py").write_text(BROWSER_STORY)
    return tmp_path


def test_a_story_in_a_browser_is_left_to_the_full_form(browser_story):
    assert names_of(browser_story, {}) == []
    assert names_of(browser_story, {"HUB_PROOF": "full"}) == ["test_a_page"]


def test_a_story_in_a_browser_runs_where_one_is_required(browser_story):
    assert names_of(browser_story, {"HUB_REQUIRE_BROWSER": "1"}) == ["test_a_page"]


def test_a_story_in_a_browser_runs_if_its_file_is_named(browser_story):
    assert names_of(browser_story, {}, "test_pages.py") == ["test_a_page"]
    assert names_of(browser_story, {}, "test_pages.py::test_a_page") == ["test_a_page"]
    assert names_of(browser_story, {}, ".") == []


@pytest.fixture
def on_both_databases(tmp_path):
    (tmp_path / "test_rows.py").write_text(ON_BOTH_DATABASES)
    return tmp_path


def test_a_repetition_on_postgresql_is_left_to_the_full_form(on_both_databases):
    assert names_of(on_both_databases, {}) == ["test_a_list[sqlite]", "test_a_lock[postgres]"]
    assert len(names_of(on_both_databases, {"HUB_PROOF": "full"})) == 3


def test_a_repetition_on_postgresql_runs_if_its_file_is_named(on_both_databases):
    assert len(names_of(on_both_databases, {}, "test_rows.py")) == 3
