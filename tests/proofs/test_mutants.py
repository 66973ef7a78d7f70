"""Tests of the mutants: they fit the code and the rows, and the command reports missed ones."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.proofs.mutants import MUTANTS
from tests.proofs.mutants.__main__ import capability_rows, is_chosen
from tests.proofs.mutants.code_swap import NotSwappable, changed_functions, swap

ROOT = Path(__file__).parents[2]
SOURCE = """
LIMIT = 3
class Shop:
    def total(self, amounts, start=0):
        return sum(amounts, start)
def counted(function):
    def call(*args):
        return function(*args) + 1
    return call
@counted
def double(number):
    return [2 * one for one in [number]][0]
"""


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.row}: {mutant.bug}")
def test_the_code_that_a_mutant_replaces_occurs_once(mutant):
    text = (ROOT / mutant.place).read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1
    assert mutant.old != mutant.new
    compile(text.replace(mutant.old, mutant.new), mutant.place, "exec")
    assert mutant.bug.endswith(".")


def test_every_mutant_is_behind_a_row_of_the_page_and_in_the_file_of_its_source():
    assert {mutant.row for mutant in MUTANTS} <= set(capability_rows())
    assert len({(mutant.place, mutant.old, mutant.new, mutant.row) for mutant in MUTANTS}) == len(
        MUTANTS
    )


def test_rows_are_chosen_by_name_or_beginning():
    assert is_chosen("CT-B1", ["CT-B1"])
    assert not is_chosen("CT-B10", ["CT-B1"])
    assert is_chosen("CT-B10", ["CT-B"])
    assert is_chosen("ION-23", ["CT-", "ION-"])
    assert is_chosen("ION-23", [])


# -- replacing the code of functions ---------------------------------------------------------------


def load(text=SOURCE):
    module = {}
    exec(compile(text, "shop.py", "exec"), module)
    return module


def compiled(text):
    return compile(text, "shop.py", "exec")


def functions(module):
    call = module["double"]
    return [call, call.__closure__[0].cell_contents, module["counted"], module["Shop"].total]


@pytest.mark.parametrize(
    ("old", "new", "double", "total"),
    [
        ("2 * one", "5 * one", 11, 3),
        ("function(*args) + 1", "function(*args) - 1", 3, 3),
        ("sum(amounts, start)", "sum(amounts, start) + 7", 5, 10),
    ],
)
def test_functions_in_memory_get_the_new_code(old, new, double, total):
    module = load()
    pairs = changed_functions(compiled(SOURCE), compiled(SOURCE.replace(old, new)))
    assert swap(functions(module), pairs) >= 1
    assert (module["double"](2), module["Shop"]().total([1, 2])) == (double, total)


@pytest.mark.parametrize(
    ("old", "new"),
    [("LIMIT = 3", "LIMIT = 4"), ("start=0", "start=1"), ("@counted\n", ""), ("LIMIT", "BOUND")],
)
def test_a_change_outside_of_functions_is_not_made_this_way(old, new):
    with pytest.raises(NotSwappable):
        changed_functions(compiled(SOURCE), compiled(SOURCE.replace(old, new)))


def test_a_function_that_moved_is_the_same():
    pairs = changed_functions(compiled(SOURCE), compiled("\n\n" + SOURCE))
    assert pairs == []


# -- the command -----------------------------------------------------------------------------------

SHOP = (
    "RATE = 2\n\n\ndef price(amount):\n    return amount * "
    "RATE\n\n\ndef is_open(day):\n    return day != 7\n"
)
TESTS = """
import subprocess, sys
import pytest
from shop import is_open, price

row = pytest.mark.row  # the page of rows is made from markers that are spelled out

@row("A-1")
def test_price():
    assert price(2) == 4

@row("A-2")
def test_open():
    assert is_open(1)

@row("A-3")
def test_open_in_a_child_process():
    code = subprocess.run([sys.executable, "-c", "import shop; assert not shop.is_open(7)"])
    assert code.returncode == 0

@row("A-4")
def test_fails_anyway():
    assert price(0) == 1

@row("A-5")
@pytest.mark.skip
def test_skipped():
    assert price(1) == 2
"""
PROGRAM = """
import sys
from pathlib import Path
from tests.proofs.mutants import Mutant
from tests.proofs.mutants.__main__ import run, table
root = Path(sys.argv[1])
change = {
    "A-1": ("RATE = 2", "RATE = 3"),
    "A-2": ("day != 7", "day != 6"),
    "A-3": ("day != 7", "True"),
    "A-4": ("RATE = 2", "RATE = 3"),
    "A-5": ("RATE = 2", "RATE = 3"),
}
mutants = [
    Mutant(row, "shop.py", old, new, f"{row} is wrong.") for row, (old, new) in change.items()
]
runner, code = run(root, mutants, [str(root / "test_shop.py")])
print(code, *table(runner, [*change, "A-6"]), sep="\\n")
"""


@pytest.mark.proof(small=0)
def test_the_command_tells_which_mutants_are_noticed(tmp_path):
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "test_shop.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\npythonpath = .\naddopts = -p no:cacheprovider -p no:schemathesis\n"
        "markers = row(name): a row\n"
    )
    environ = {
        name: text for name, text in os.environ.items() if not name.startswith(("PYTEST_", "HUB_"))
    }
    environ["PYTHONPATH"] = os.pathsep.join((str(tmp_path), str(ROOT)))
    output = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    code, *lines = output[re.search(r"^\d$", output, re.MULTILINE).start() :].splitlines()
    assert code == "0", output
    assert [" ".join(line.split()) for line in lines] == [
        "A-1 noticed A-1 is wrong.",
        "A-2 NOT NOTICED A-2 is wrong. (1 tests pass with it)",
        "A-3 noticed A-3 is wrong.",
        "A-4 NOT NOTICED A-4 is wrong. (no test of the row passes here without it)",
        "A-5 NOT NOTICED A-5 is wrong. (no test of the row passes here without it)",
        "A-6 has no mutant",
        "fails without a mutant: test_shop.py::test_fails_anyway: test_shop.py:23: AssertionError",
    ], output
