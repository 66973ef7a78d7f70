"""The search for secrets in everything that a test run writes, tested in a separate run."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from qbo_sandbox import factory
from qbo_sandbox.kit.tokens import TOKEN_PREFIX
from qbo_sandbox.oauth import grants
from tests.support.proofs.canaries import canaries_in
from tests.support.runs.hub_environment import SECRET_KEY, VAULT_KEYS

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "secret",
    [
        SECRET_KEY,
        VAULT_KEYS,
        factory.CLIENT_SECRET,
        factory.WEBHOOK_VERIFIER,
        TOKEN_PREFIX + "x" * 43,
        f"AB1{grants.TOKEN_MARK}" + "0f" * 20,
        f"AB11{grants.TOKEN_MARK}" + "q" * 39,
        f"eyJ{grants.TOKEN_MARK}" + "x" * 427,
        "stand-in-secret-1f0c",
    ],
)
def test_a_canary_is_found_wherever_it_stands(secret):
    for text in (secret, f"token={secret}&x=1", f'{{"a": "{secret}"}}', f"\x00\n{secret}\n"):
        assert canaries_in(text.encode())
    assert canaries_in(secret[:8].encode()) == []


def test_tokens_of_stand_ins_are_canaries(intuit):
    issued = [*intuit.access_tokens.values(), *intuit.refresh_tokens.values()]
    issued.append(intuit.app.grants.consent(intuit.client_id, intuit.realm, "", "https://hub.test"))
    renewed, access = intuit.app.grants.refresh(
        intuit.refresh_tokens[intuit.realm], intuit.client_id
    )
    issued += [access, renewed.refresh]
    assert [token for token in issued if not canaries_in(f"x{token}x".encode())] == []


def test_secrets_that_a_stand_in_prints_on_purpose_are_allowed_in_output_only():
    assert canaries_in(b"client secret: stand-in-secret-1f0c", printed=True) == []
    assert canaries_in(b"client secret: stand-in-secret-1f0c")
    assert canaries_in(SECRET_KEY.encode(), printed=True)


LEAKING = {
    "in_its_output": "print(secret)",
    "in_a_log": "logging.getLogger('hub').warning('sent %s', secret)",
    "in_a_traceback_of_a_log": """
    try:
        raise ValueError(secret)
    except ValueError:
        logging.getLogger('hub').exception('failed')""",
    "in_an_answer": """
    app = flask.Flask('hub')
    app.route('/')(lambda: f'<p>{secret}</p>')
    app.test_client().get('/')""",
    "in_a_streamed_answer": """
    app = flask.Flask('hub')
    parts = ('a;', secret[:9], secret[9:], ';b')
    app.route('/')(lambda: flask.Response(part for part in parts))
    assert app.test_client().get('/').data""",
    "in_a_header": """
    app = flask.Flask('hub')
    app.route('/')(lambda: ('', 302, {'Location': f'/?code={secret}'}))
    app.test_client().get('/')""",
}
WRITTEN = {
    "in_a_file": "(tmp_path / 'export.csv').write_text(f'a;{secret}')",
    "in_a_database": """
    with sqlite3.connect(tmp_path / 'hub.db') as database:
        database.execute('CREATE TABLE secret (sealed TEXT)')
        database.execute('INSERT INTO secret VALUES (?)', (secret,))""",
}
HARMLESS = {"nothing": "print('nothing')"}
HEAD = """import logging, sqlite3, flask
from tests.support.runs.hub_environment import SECRET_KEY
"""
TEST = """
def test_{name}(tmp_path):
    secret = SECRET_KEY
    {leak}
"""


class InnerRun:
    """A run of tests that show a secret, with nothing but the search."""

    def __init__(self, folder: Path, leaks: Mapping[str, str], *options: str) -> None:
        tests = [TEST.format(name=name, leak=leak) for name, leak in leaks.items()]
        (folder / "test_leak.py").write_text(HEAD + "".join(tests))
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-c",
            os.devnull,
            "-p",
            "tests.support.proofs.canaries",
        ]
        command += ["--basetemp", str(folder / "base"), "-rA", *options]
        environ = {
            name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")
        }
        environ |= {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        command.append(str(folder / "test_leak.py"))
        done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)
        shutil.rmtree(folder / "base")  # else the outer run would find the secret too
        self.code, self.output = done.returncode, done.stdout + done.stderr

    def outcome(self, name: str) -> str:
        """Return the outcome of a test: PASSED, FAILED or ERROR."""
        match = re.search(rf"^(\w+) test_leak\.py::test_{name}\b", self.output, re.MULTILINE)
        assert match, self.output
        return match[1]


@pytest.fixture(scope="module")
def inner(tmp_path_factory: pytest.TempPathFactory) -> InnerRun:
    """Run a test for each place of a secret."""
    return InnerRun(tmp_path_factory.mktemp("inner"), LEAKING | WRITTEN | HARMLESS)


@pytest.mark.parametrize("place", LEAKING)
def test_a_test_that_shows_a_secret_fails(inner: InnerRun, place: str) -> None:
    assert inner.outcome(place) in ("FAILED", "ERROR")  # output is also in the report of the end


@pytest.mark.parametrize("place", WRITTEN)
def test_a_file_with_a_secret_fails_the_run(inner: InnerRun, place: str) -> None:
    assert inner.outcome(place) == "PASSED"
    assert inner.code == 1
    assert re.search(rf"secret key in \S+/test_{place}0/", inner.output), inner.output


def test_a_test_that_shows_nothing_passes(inner: InnerRun, tmp_path: Path) -> None:
    assert inner.outcome("nothing") == "PASSED"
    assert InnerRun(tmp_path, HARMLESS).code == 0


def test_a_worker_hands_its_finding_to_the_run(tmp_path: Path) -> None:
    run = InnerRun(tmp_path, WRITTEN, "-p", "xdist.plugin", "-n1")
    assert run.code == 1, run.output
    assert "secret key in" in run.output
