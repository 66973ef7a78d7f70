"""A test that is marked as end to end fails without a call that counts at both stand-ins."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
BOTH = "QuickBooks' stand-in or at a source's stand-in"
TESTS = """
import pytest
from qbo_sandbox import create
from qbo_sandbox.kit import Harness, send_request

STORY = {}


def source(environ, start):
    start("200 OK", [])
    return [b"{}"]


class NamedCalls(Harness):
    def _log(self, call, *args):
        return super()._log("account", *args)


@pytest.fixture
def call_source():
    return lambda: send_request(Harness(source), "GET", "/invoices")


@pytest.fixture
def call_account():
    return lambda: send_request(NamedCalls(source), "GET", "/account")


@pytest.fixture(scope="module")
def books():
    return create()


@pytest.fixture
def story(call_source, books):
    if not STORY:
        STORY["told"] = call_source(), books.ask("GET", "vendor/1")
    return STORY


@pytest.fixture
def connection(call_account, books):
    call_account(), books.ask("GET", "companyinfo/1"), books.select("select * from Vendor")


@pytest.fixture(scope="session")
def early_story():
    send_request(Harness(source), "GET", "/invoices")
    create().ask("GET", "vendor/1")


pytestmark = pytest.mark.end_to_end


def test_calls_nothing(books):
    pass


def test_calls_the_source_only(call_source):
    call_source()


def test_calls_quickbooks_only(books):
    assert books.ask("GET", "vendor/1").status == 200


def test_calls_the_source_and_asks_quickbooks_for_a_token(call_source, books):
    call_source()
    send_request(books.wsgi, "POST", "/oauth2/v1/tokens/bearer")


def test_is_connected_only(connection):
    pass


def test_uses_what_the_whole_session_shares(early_story):
    pass


def test_calls_only_the_account_at_the_source(connection, books):
    assert books.ask("GET", "vendor/1").status == 200


def test_reads_a_list_itself(call_source, books):
    call_source()
    books.select("select * from Vendor")


@pytest.mark.end_to_end("connection")
def test_is_about_the_connection(connection):
    pass


def test_calls_both(call_source, books):
    call_source()
    assert books.ask("GET", "vendor/1").status == 200


def test_reads_a_story(story):
    assert story["told"]


def test_reads_the_same_story_again(request):
    assert request.getfixturevalue("story")["told"]


@pytest.mark.end_to_end(False)
def test_is_taken_out():
    pass


def test_calls_nothing_after_a_story():
    pass
"""


def test_a_marked_test_must_have_a_call_that_counts_at_both_stand_ins(tmp_path):
    (tmp_path / "test_marked.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\naddopts = -p no:cacheprovider -p no:schemathesis\nmarkers = end_to_end\n"
    )
    environ = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-n0",
            "-rf",
            "-p",
            "tests.support.runs.end_to_end",
            str(tmp_path),
        ],
        cwd=tmp_path,
        env={**environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    failed = re.findall(
        r"^_+ test_(\w+) _+\nThe test .* counts at (.*)\.$", run.stdout, re.MULTILINE
    )
    assert failed == [
        ("calls_nothing", BOTH),
        ("calls_the_source_only", "QuickBooks' stand-in"),
        ("calls_quickbooks_only", "a source's stand-in"),
        ("calls_the_source_and_asks_quickbooks_for_a_token", "QuickBooks' stand-in"),
        ("is_connected_only", BOTH),
        ("uses_what_the_whole_session_shares", BOTH),
        ("calls_only_the_account_at_the_source", "a source's stand-in"),
        ("calls_nothing_after_a_story", BOTH),
    ], run.stdout
    assert "8 failed, 6 passed" in run.stdout
