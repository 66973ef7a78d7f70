"""Test runs in forks of one process, each with one changed file.

With `--imported` the process first imports the hub and the tests, which takes longer than most of
these runs, and runs a few tests, so that the forks take over what is equal for all: the empty
database, and compiled statements, templates and routes. A fork replaces the code of the changed
functions. A change outside of functions cannot be made this way: the answer is then NOT_SWAPPABLE.
"""

import faulthandler
import json
import os
import sys
from collections.abc import Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import alembic.context  # noqa: F401  (imported for the copies, as all below)
import flask_migrate  # noqa: F401
import flask_security  # noqa: F401
import flask_sqlalchemy  # noqa: F401
import hypothesis.stateful  # noqa: F401
import marshmallow  # noqa: F401
import pytest
import requests  # noqa: F401
import sqlalchemy.orm  # noqa: F401
import xdist  # noqa: F401

from tests.proofs.mutants import code_swap
from tests.proofs.planted import BUGS
from tests.support.watched import planted_source

ROOT = Path(__file__).parents[3]
IMPORTED = "--imported"
NOT_SWAPPABLE = -1
OPTIONS = ("-x", "-n0", "--assert=plain", "-o", "faulthandler_timeout=0")
WARM_UP = (  # tests that use most of what the tests of the bugs share
    "tests/unit/posting/test_removals.py::"
    "test_a_change_is_sent_once_the_payment_that_settled_it_is_removed",
)
PYTHON_PATH = ("docs", "sandbox/tests", "plugins/files/tests")  # as the settings of pytest have it


def import_tests():
    """Import the tests of all bugs with what they use, and return the functions of each file."""
    sys.path[:0] = [str(ROOT / folder) for folder in PYTHON_PATH]
    plugins = import_module("tests.conftest").pytest_plugins
    files = {bug.killer.partition("::")[0].split()[-1] for bug in BUGS}
    modules = [file.removesuffix(".py").replace("/", ".") for file in files]
    for module in [*plugins, *sorted(modules), "hub.web.pages"]:
        import_module(module)
    with output_to(os.devnull):
        assert run_tests(WARM_UP) == 0, WARM_UP
    return code_swap.functions_by_file({str(ROOT / bug.place) for bug in BUGS})


def run_tests(tests: Sequence[str]):
    """Run tests in this process and return the exit code of pytest."""
    return pytest.main([*OPTIONS, *tests])


@contextmanager
def output_to(path):
    """Write what this process prints to a file."""
    earlier = [os.dup(number) for number in (1, 2)]
    redirect_output(path)
    yield
    sys.stdout.flush()
    for number, copy in zip((1, 2), earlier, strict=True):
        os.dup2(copy, number)
        os.close(copy)


def redirect_output(path):
    """Write what this process prints from now on to a file."""
    output = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for number in (1, 2):
        os.dup2(output, number)
    os.close(output)


def change(order, functions):
    """Make the change in this process: in the functions, or when its module is imported."""
    place, old, new = order["place"], order["old"], order["new"]
    planted_source.plant(place, old, new)
    if functions:
        code_swap.swap(functions[place], code_pairs(place, old, new))


def code_pairs(place, old, new):
    """Return the old and new code of each function; raise NotSwappable for other changes."""
    text = Path(place).read_text(encoding="utf-8")
    changed = compile(text.replace(old, new), place, "exec", dont_inherit=True)
    pairs = code_swap.changed_functions(compile(text, place, "exec", dont_inherit=True), changed)
    if not pairs:
        raise code_swap.NotSwappable
    return pairs


def run(order, functions):
    """Run the tests in this process and exit with their code."""
    redirect_output(order["output"])
    faulthandler.dump_traceback_later(order["seconds"], exit=True, file=2)
    change(order, functions)
    code = run_tests(order["tests"])
    sys.stdout.flush()
    os._exit(code)


def exit_code(order, functions):
    """Run the tests of an order in a fork, and return the exit code of pytest."""
    if functions:
        try:
            code_pairs(order["place"], order["old"], order["new"])
        except code_swap.NotSwappable:
            return NOT_SWAPPABLE
    child = os.fork()
    if child == 0:
        run(order, functions)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main():
    """Answer each order, a line of JSON, with an exit code."""
    functions = import_tests() if IMPORTED in sys.argv else {}
    for line in sys.stdin:
        sys.stdout.write(f"{exit_code(json.loads(line), functions)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
