"""The page of figures that a run of the proofs writes, also if it failed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = """
def test_kills(figure):
    figure("Kills", 12, 10)

def test_result():
    assert {passes}
"""


@pytest.mark.parametrize(
    ("passes", "name", "other_name"),
    [(True, "proof.md", "proof.md.failed"), (False, "proof.md.failed", "proof.md")],
)
def test_the_figures_of_a_run_are_kept_whether_or_not_it_passed(tmp_path, passes, name, other_name):
    (tmp_path / "test_crashes.py").write_text(TESTS.format(passes=passes))
    (tmp_path / "pytest.ini").touch()
    plugin = "tests.support.proofs.proof_figures"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        plugin,
        f"--proof={tmp_path}/proof.md",
        tmp_path,
    ]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert "| Kills | 12 | 10 |" in (tmp_path / name).read_text()
    assert not (tmp_path / other_name).exists()
