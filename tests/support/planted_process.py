"""Test runs in forks of one process, each with one changed file."""

import faulthandler
import json
import os
import sys

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

from tests.support.watched.planted_source import plant


def run(order):
    """Run the tests in this process and exit with their code."""
    os.environ.update(order["environ"])
    output = os.open(order["told"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for number in (1, 2):
        os.dup2(output, number)
    faulthandler.dump_traceback_later(order["seconds"], exit=True, file=2)
    plant(order["place"], order["old"], order["new"])
    code = pytest.main(
        ["-x", "-n0", "--assert=plain", "-o", "faulthandler_timeout=0", *order["tests"]]
    )
    sys.stdout.flush()
    os._exit(code)


for line in sys.stdin:
    child = os.fork()
    if child == 0:
        run(json.loads(line))
    sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
    sys.stdout.flush()
