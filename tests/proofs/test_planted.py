"""Tests that each planted bug in the imported hub is caught by its tests."""

import json
import os
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest

from tests.proofs.planted import BUGS
from tests.support.canaries import PLANTED_OUTPUT
from tests.support.tiers import FULL

pytestmark = pytest.mark.proof
ROOT = Path(__file__).parents[2]
SAMPLE = BUGS if FULL else BUGS[8:9]
LEAST = 25
PATIENCE = 500  # seconds for the tests of one bug


def name(bug):
    return re.sub(r"\W+", "-", bug.bug)


@pytest.mark.parametrize("bug", BUGS, ids=name)
def test_what_is_replaced_stands_in_the_code_once(bug):
    assert (ROOT / bug.place).read_text().count(bug.old) == 1
    assert bug.old != bug.new


def test_there_are_enough_of_them():
    assert len({bug.bug for bug in BUGS}) == len(BUGS) >= LEAST


@pytest.fixture(scope="session")
def planting():
    """Return a function that runs tests with a planted bug and returns their exit code."""
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")
    }  # independent pytest runs
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.planted_process"], cwd=ROOT, env=environ, **pipes
    )

    def end_of(**order):
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        assert select.select([process.stdout], [], [], PATIENCE + 30)[0], f"never ended: {order}"
        return int(process.stdout.readline())

    yield end_of
    process.stdin.close()
    process.terminate()
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("bug", SAMPLE, ids=name)
def test_a_planted_bug_is_caught(bug, planting, tmp_path, figure):
    about = {
        "place": str(ROOT / bug.place),
        "old": bug.old,
        "new": bug.new,
        "tests": bug.killer.split(),
    }
    environ = {"HUB_PROOF": "", "HUB_EVIDENCE": str(tmp_path)}
    output = tmp_path / PLANTED_OUTPUT
    code = planting(told=str(output), environ=environ, seconds=PATIENCE, **about)
    text = output.read_text()
    assert code == 1, f"{bug.bug} was not caught by {bug.killer}: {text[-2000:]}"
    assert "FAILED" in text, text[-2000:]
    figure(f"{bug.bug}: `{bug.killer}`", 1, 1)
