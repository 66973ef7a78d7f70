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
from tests.support.processes.planted_process import IMPORTED
from tests.support.proofs.canaries import PLANTED_OUTPUT
from tests.support.runs.tiers import by_form

pytestmark = pytest.mark.proof
ROOT = Path(__file__).parents[2]
SAMPLE = by_form(small=BUGS[8:9], full=BUGS[::6], long=BUGS)
LEAST = 25
CAUGHT = 1  # the exit code of pytest when a test failed
MAX_SECONDS = 500  # seconds for the tests of one bug


def name(bug):
    return re.sub(r"\W+", "-", bug.bug)


@pytest.mark.parametrize("bug", BUGS, ids=name)
def test_the_code_that_a_bug_replaces_occurs_once(bug):
    assert (ROOT / bug.place).read_text().count(bug.old) == 1
    assert bug.old != bug.new


def test_bugs_have_different_names_and_are_enough():
    assert len({bug.bug for bug in BUGS}) == len(BUGS) >= LEAST


class Planting:
    """A process that runs tests in forks, each with a planted bug."""

    def __init__(self, *options):
        """Start the process; its pytest runs are independent of this one."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")
        }
        # The tests are of the small form, and without recorded answers. Modules read that when they
        # are imported.
        small_form = {"HUB_PROOF": "", "PROOF_EVENTS": "", "HUB_EVIDENCE": os.devnull}
        environ = inherited | small_form
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        command = [sys.executable, "-m", "tests.support.processes.planted_process", *options]
        self._process = subprocess.Popen(command, cwd=ROOT, env=environ, **pipes)

    def run(self, **order):
        """Run tests with a bug, and return their exit code."""
        process = self._process
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        assert select.select([process.stdout], [], [], MAX_SECONDS + 30)[0], f"never ended: {order}"
        return int(process.stdout.readline())

    def end(self):
        """End the process."""
        self._process.stdin.close()
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()


@pytest.fixture(scope="session")
def planting():
    """Return a function that runs tests with a planted bug and returns their exit code."""
    processes = Planting(IMPORTED), Planting()

    def run(**order):
        imported, new = processes
        code = imported.run(**order)
        # A change may act when modules are imported, which the first process has done already.
        return code if code == CAUGHT else new.run(**order)

    yield run
    for process in processes:
        process.end()


@pytest.mark.parametrize("bug", SAMPLE, ids=name)
def test_a_planted_bug_is_caught(bug, planting, tmp_path, figure):
    about = {
        "place": str(ROOT / bug.place),
        "old": bug.old,
        "new": bug.new,
        "tests": bug.killer.split(),
    }
    output = tmp_path / PLANTED_OUTPUT
    code = planting(output=str(output), seconds=MAX_SECONDS, **about)
    text = output.read_text()
    assert code == CAUGHT, f"{bug.bug} was not caught by {bug.killer}: {text[-2000:]}"
    assert "FAILED" in text, text[-2000:]
    figure(f"{bug.bug}: `{bug.killer}`", 1, 1)
