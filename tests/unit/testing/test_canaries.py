"""The search for secrets in everything that a test run writes, tested in a separate run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qbo_sandbox import factory
from qbo_sandbox.kit.tokens import MARK
from qbo_sandbox.oauth import grants
from tests.support.canaries import canaries_in
from tests.support.hub_environment import SECRET_KEY, VAULT_KEYS

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "secret",
    [
        SECRET_KEY,
        VAULT_KEYS,
        factory.SECRET,
        factory.VERIFIER,
        MARK + "x" * 43,
        f"AB1{grants.MARK}" + "0f" * 20,
        f"AB11{grants.MARK}" + "q" * 39,
        f"eyJ{grants.MARK}" + "x" * 427,
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


def test_what_a_stand_in_prints_on_purpose_is_allowed_in_output_only():
    assert canaries_in(b"client secret: stand-in-secret-1f0c", printed=True) == []
    assert canaries_in(b"client secret: stand-in-secret-1f0c")
    assert canaries_in(SECRET_KEY.encode(), printed=True)


LEAKS = {
    "in its output": "print(secret)",
    "in a log": "logging.getLogger('hub').warning('sent %s', secret)",
    "in a traceback of a log": """
    try:
        raise ValueError(secret)
    except ValueError:
        logging.getLogger('hub').exception('failed')""",
    "in an answer": """
    app = flask.Flask('hub')
    app.route('/')(lambda: f'<p>{secret}</p>')
    app.test_client().get('/')""",
    "in a streamed answer": """
    app = flask.Flask('hub')
    parts = ('a;', secret[:9], secret[9:], ';b')
    app.route('/')(lambda: flask.Response(part for part in parts))
    assert app.test_client().get('/').data""",
    "in a header": """
    app = flask.Flask('hub')
    app.route('/')(lambda: ('', 302, {'Location': f'/?code={secret}'}))
    app.test_client().get('/')""",
    "in a file": "(tmp_path / 'export.csv').write_text(f'a;{secret}')",
    "in a database": """
    with sqlite3.connect(tmp_path / 'hub.db') as database:
        database.execute('CREATE TABLE secret (sealed TEXT)')
        database.execute('INSERT INTO secret VALUES (?)', (secret,))""",
}
TEST = """import logging, sqlite3, flask
from tests.support.hub_environment import SECRET_KEY

def test_it(tmp_path):
    secret = SECRET_KEY
    {leak}
"""


def run(folder: Path, leak: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a test that shows a secret with nothing but the search."""
    (folder / "test_leak.py").write_text(TEST.format(leak=leak))
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "-p", "tests.support.canaries"]
    command += ["--basetemp", str(folder / "base"), *options, str(folder / "test_leak.py")]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    for name in [name for name in environ if name.startswith("PYTEST_")]:
        del environ[name]
    environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    result = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)
    shutil.rmtree(folder / "base")  # else the run that runs these tests would find the secret too
    return result


@pytest.mark.parametrize("place", LEAKS)
def test_a_test_that_shows_a_secret_fails(tmp_path, place):
    result = run(tmp_path, LEAKS[place])
    assert result.returncode == 1, result.stdout + result.stderr
    assert "secret key in" in result.stdout


def test_a_worker_hands_its_finding_to_the_run(tmp_path):
    result = run(tmp_path, LEAKS["in a file"], "-p", "xdist.plugin", "-n1")
    assert result.returncode == 1, result.stdout + result.stderr
    assert "secret key in" in result.stdout


def test_a_test_that_shows_nothing_passes(tmp_path):
    assert run(tmp_path, "print('nothing')").returncode == 0
