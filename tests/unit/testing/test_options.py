"""Testing tools for plugin authors: the option, golden files and the full proof."""

import os
import subprocess
import sys

import pytest

from hub.testing import golden

pytest_plugins = ["pytester"]
SKIPS = "import pytest\n\n\ndef test_it():\n    pytest.skip('no browser here')\n"
GOLDEN = """from pathlib import Path
from hub.testing.golden import golden


def test_it():
    golden(Path(__file__).parent / "kept.json", {"b": 1, "a": VALUE})
"""

AUTHORS = "from hub.testing.contract import contract\n\nTestShop = contract('small-shop')\n"


@pytest.fixture
def run(pytester, monkeypatch):
    """Return a function that runs a test file as a plugin author does."""
    monkeypatch.setattr(
        golden, "REWRITE", golden.REWRITE
    )  # which every run sets, and this one goes on
    monkeypatch.delenv("HUB_PROOF", raising=False)

    def running(text, *args):
        pytester.makeini("[pytest]")
        pytester.makepyfile(test_it=text)
        result = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", *args)
        return result.ret, result.stdout.str()

    return running


def test_a_skipped_test_fails_the_full_proof_with_its_reason(run, monkeypatch):
    assert run(SKIPS)[0] == 0
    monkeypatch.setenv("HUB_PROOF", "full")
    code, output = run(SKIPS)
    assert code == 1
    assert "passes over nothing" in output
    assert "no browser here" in output


def test_a_golden_file_is_compared_and_one_flag_writes_it(run, pytester):
    first = GOLDEN.replace("VALUE", "2")
    assert "--rewrite-golden" in run(first)[1]
    assert run(first, "--rewrite-golden")[0] == 0
    assert (pytester.path / "kept.json").read_text() == '{\n "a": 2,\n "b": 1\n}\n'
    assert run(first)[0] == 0
    assert run(GOLDEN.replace("VALUE", "33"))[0] == 1


def test_the_contract_suite_of_an_author_needs_no_markers_of_its_own(run):
    code, output = run(AUTHORS, "--strict-markers", "--collect-only", "-m", "proof")
    assert code == 0
    assert "test_many_documents_need_little_memory" in output


SIZES = """
import importlib, os
from hub.testing import contract
from hub.testing.suite import reading
print(contract.MANY_DOCUMENTS)
for name, value in {"HUB_PROOF": "full", "PROOF_EVENTS": "4"}.items():
    os.environ[name] = value
    importlib.reload(reading)
    print(importlib.reload(contract).MANY_DOCUMENTS)
"""


@pytest.mark.proof(small=0)
def test_the_contract_reads_ten_thousand_documents_in_the_long_form_only():
    small = {"HUB_PROOF": "", "PROOF_EVENTS": ""}
    result = subprocess.run(
        [sys.executable, "-c", SIZES],
        env={**os.environ, **small, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.split() == ["400", "3000", "10000"]
