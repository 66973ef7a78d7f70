"""`hub worker` and `hub serve` of the distributed engine, until they begin to work."""

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from hub.cli import main
from hub.crypto.keys import create_key, parse_ring
from hub.crypto.vault import Vault
from hub.db.engine import transaction
from hub.scheduling.worker import Worker
from hub.security import audit, secrets
from tests.support.runs.hub_environment import KEYS


@pytest.fixture
def invoke():
    """Call a command with this application open; return exit code, output and errors."""

    def call(app, *arguments):
        # `hub serve` makes a missing data folder before it opens the application.
        environ = {"HUB_DATA": str(app.extensions["hub"].config.data), **KEYS}
        result = CliRunner().invoke(main, list(arguments), obj=app, env=environ)
        return result.exit_code, result.stdout, result.stderr

    return call


def test_an_embedded_hub_has_no_workers(app, invoke):
    code, _, output = invoke(app, "worker")
    assert (
        code,
        "HUB_ENGINE is embedded, where `hub serve` executes the runs itself" in output,
    ) == (
        1,
        True,
    )


def test_a_worker_executes_the_configured_number_of_runs(make_process, invoke, monkeypatch):
    concurrency = []
    monkeypatch.setattr(Worker, "run", lambda self: concurrency.append(self._concurrency))
    code, out, _ = invoke(make_process("one"), "worker", "--concurrency", "3")
    assert (code, concurrency) == (0, [3])
    assert "This worker executes up to 3 runs at a time." in out
    assert "The worker has ended." in out


def test_a_worker_whose_keys_open_no_secret_does_not_start(make_process, invoke, monkeypatch):
    monkeypatch.setattr(Worker, "run", lambda self: None)
    app = make_process("one")
    with app.app_context(), transaction() as session:
        secrets.put(session, "hub:contact", "Kari")
    vault = Vault(parse_ring("HUB_VAULT_KEYS", create_key()))
    object.__setattr__(app.extensions["hub"], "vault", vault)
    code, out, errors = invoke(app, "worker")
    assert (code, "executes up to" in out) == (1, False)
    assert "opens none of the 1 secret of the database" in errors


def test_a_worker_whose_data_folder_cannot_be_written_does_not_start(
    make_process, invoke, monkeypatch
):
    monkeypatch.setattr(Worker, "run", lambda self: None)
    monkeypatch.setattr("hub.cli.file_rights._is_writable", lambda path: path.is_file())
    code, out, errors = invoke(make_process("one"), "worker")
    assert (code, "executes up to" in out) == (1, False)
    assert "The data folder cannot be written: " in errors


@pytest.mark.parametrize(
    "command", [("worker",), ("serve", "--port", "0")], ids=["worker", "serve"]
)
def test_a_process_that_signs_the_audit_log_with_another_key_says_so(
    make_process, invoke, monkeypatch, command
):
    monkeypatch.setattr(Worker, "run", lambda self: None)
    monkeypatch.setattr("hub.cli.serve._serve_processes", lambda *arguments: sys.exit(0))
    app = make_process("one")
    with app.app_context(), transaction() as session:
        audit.record(session, "kari", "logged in", "kari")
    assert "did not sign" not in invoke(app, *command)[1]
    monkeypatch.setattr("hub.security.audit_check._is_unchanged", lambda line: False)
    assert "HUB_SECRET_KEY did not sign entry 1, the newest of" in invoke(app, *command)[1]


def test_init_names_a_set_up_code_only_where_one_is_printed(tmp_path, postgres_url):
    folder = str(tmp_path / "data")
    outputs = []
    for settings in ({}, {"HUB_ENGINE": "distributed", "HUB_DATABASE_URL": postgres_url}):
        result = CliRunner().invoke(main, ["init"], env={"HUB_DATA": folder, **settings})
        assert result.exit_code == 0
        assert "`hub users add NAME --role owner`" in result.output
        outputs.append(result.output)
    assert ["set-up code" in output for output in outputs] == [True, False]


def test_an_embedded_hub_serves_from_one_process(app, invoke):
    code, _, output = invoke(app, "serve", "--port", "0", "--workers", "2")
    assert (code, "--workers needs HUB_ENGINE=distributed" in output) == (1, True)


def test_a_distributed_hub_becomes_gunicorn(make_process, invoke, monkeypatch):
    calls = []

    def become(path, arguments, environ):
        calls.append((path, arguments, environ))
        raise SystemExit(0)

    monkeypatch.setattr(os, "execve", become)
    app = make_process("one")
    code, out, _ = invoke(app, "serve", "--port", "0", "--workers", "3", "--allow-loopback")
    (path, arguments, environ) = calls.pop()
    assert (code, path, arguments[:3]) == (0, sys.executable, [sys.executable, "-m", "gunicorn"])
    assert arguments[arguments.index("--workers") + 1] == "3"
    assert arguments[arguments.index("--bind") + 1].startswith("fd://")
    assert environ["HUB_ALLOW_LOOPBACK"] == "1"
    assert environ["HUB_PUBLIC_URL"] in out
    assert "Nobody owns this hub yet; `hub users add NAME` adds the first owner." in out


def test_the_settings_of_gunicorn_are_valid():
    from gunicorn.config import Config

    from hub.web import gunicorn_settings

    config = Config()
    names = [name for name in vars(gunicorn_settings) if name in config.settings]
    assert {"worker_class", "threads", "limit_request_line", "control_socket_disable"} <= {*names}
    for name in names:
        config.set(name, getattr(gunicorn_settings, name))
    assert config.worker_class_str == "gthread"


@pytest.mark.proof(small=0)
def test_a_process_that_serves_pages_ends_without_an_error(tmp_path):
    """Its application stays open until Python ends."""
    environ = {**os.environ, "HUB_DATA": str(tmp_path / "data"), "HUB_SECOND_FACTOR": "off"}
    commands = (
        "from hub.cli import main; main(['init'])",
        "from hub.cli.wsgi import application; application().test_client().get('/login')",
    )
    for command in commands:
        ended = subprocess.run(
            [sys.executable, "-c", command],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert (ended.returncode, ended.stderr) == (0, "")
