"""What plugin authors test with: the option, the golden files, the full proof."""

import os
import subprocess
import sys

import pytest

SKIPS = "import pytest\n\n\ndef test_it():\n    pytest.skip('no browser here')\n"
GOLDEN = """from pathlib import Path
from hub.testing.golden import golden


def test_it():
    golden(Path(__file__).parent / "kept.json", {"b": 1, "a": VALUE})
"""


@pytest.fixture
def run(tmp_path):
    """Runs a test file as a plugin author would."""

    def running(text, *args, **environ):
        (tmp_path / "test_it.py").write_text(text)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "PYTEST_"))}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path), *args]
        done = subprocess.run(command, env=kept | environ, cwd=tmp_path, capture_output=True, text=True)
        return done.returncode, done.stdout

    return running


def test_a_skipped_test_fails_the_full_proof_with_its_reason(run):
    assert run(SKIPS)[0] == 0
    code, told = run(SKIPS, HUB_PROOF="full")
    assert code == 1
    assert "passes over nothing" in told
    assert "no browser here" in told


def test_a_golden_file_is_compared_and_one_flag_writes_it(run, tmp_path):
    first = GOLDEN.replace("VALUE", "2")
    assert "--rewrite-golden" in run(first)[1]
    assert run(first, "--rewrite-golden")[0] == 0
    assert (tmp_path / "kept.json").read_text() == '{\n "a": 2,\n "b": 1\n}\n'
    assert run(first)[0] == 0
    assert run(GOLDEN.replace("VALUE", "3"))[0] == 1
