"""Each planted bug is put into a copy of the hub and must be caught by the tests that the list names."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.planted import BUGS

ROOT = Path(__file__).parent.parent
FULL = os.environ.get("HUB_PROOF") == "full"
SAMPLE = BUGS if FULL else BUGS[8:9]
LEAST = 25


def name(bug):
    return re.sub(r"\W+", "-", bug.bug)


@pytest.mark.parametrize("bug", BUGS, ids=name)
def test_what_is_replaced_stands_in_the_code_once(bug):
    assert (ROOT / bug.place).read_text().count(bug.old) == 1
    assert bug.old != bug.new


def test_there_are_enough_of_them():
    assert len({bug.bug for bug in BUGS}) == len(BUGS) >= LEAST


@pytest.mark.parametrize("bug", SAMPLE, ids=name)
def test_a_planted_bug_is_caught(bug, tmp_path, figure):
    for part in ("hub", "tests"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "plugins").symlink_to(ROOT / "plugins")
    place = tmp_path / bug.place
    place.write_text(place.read_text().replace(bug.old, bug.new))
    run = [sys.executable, "-m", "pytest", "-x", "-n0", "-p", "no:randomly", *bug.killer.split()]
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},  # a run of its own
        "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
        "HUB_PROOF": "",
        "HUB_EVIDENCE": str(tmp_path),
    }
    done = subprocess.run(run, cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert done.returncode == 1, f"{bug.bug} lived through {bug.killer}: {done.stdout[-2000:]}"
    assert "FAILED" in done.stdout
    figure(f"{bug.bug}: `{bug.killer}`", 1, 1)
