"""Tests of the compose file's processes on this machine: tables, pages and two workers."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from hub.db.engine import transaction
from hub.models import Company
from hub.models.enums import ConnectionState, RunKind
from hub.scheduling import run_log
from tests.support.hub_environment import SECRET_KEY, VAULT_KEYS

COMPOSE = Path(__file__).parent.parent.parent / "deploy" / "container" / "compose.yaml"
HUB = Path(sys.executable).parent / "hub"
METRICS_TOKEN = "0123456789abcdef0123456789abcdef"
PATIENCE = 300  # seconds after which a process counts as hanging


class Started:
    """The running processes of the compose file."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self._folder = folder
        self._services: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
        self._secrets = folder / "secrets"
        self._secrets.mkdir()
        values = {
            "secret.key": SECRET_KEY,
            "vault.keys": VAULT_KEYS,
            "database.url": database_url,
            "metrics.token": METRICS_TOKEN,
            "qbo_client_secret": "secret-of-the-app",
        }
        for name, value in values.items():
            path = self._secrets / name
            path.write_text(value)
            path.chmod(0o400)
        self.processes: dict[str, subprocess.Popen[str]] = {}

    def start(self, name: str) -> subprocess.Popen[str]:
        """Start a service as the compose file says, with folders and port of this test."""
        _, *arguments = self._services[name]["command"]
        arguments = [
            {"8080": "0", "0.0.0.0": "127.0.0.1"}.get(argument, argument) for argument in arguments
        ]
        data = self._folder / name
        data.mkdir(mode=0o700)
        environ = {"HUB_DATA": str(data / "data"), "PATH": str(HUB.parent)}
        for setting, value in self._services[name]["environment"].items():
            environ[setting] = self._value(value)
        with (data / "log").open("w") as log:
            process = subprocess.Popen(
                [str(HUB), *arguments],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.processes[name] = process
        return process

    def _value(self, value: str) -> str:
        """Return the value of a setting, with values for its required variables."""
        answers = {"HUB_PUBLIC_URL": "https://hub.example.com", "HUB_QBO_CLIENT_ID": "client"}
        value = re.sub(r"\$\{(\w+):\?[^}]*\}", lambda match: answers[match[1]], value)
        value = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
        return value.replace("/run/secrets", str(self._secrets))

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the log entries of a process."""
        lines = (self._folder / name / "log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """Read the output of a process up to a line with these words and return the line."""
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return line
    raise AssertionError(f"it ended without saying “{words}”")


@pytest.fixture
def started(
    tmp_path: Path, postgres: str, make_database: Callable[[str], str]
) -> Iterator[Started]:
    """Return a starter of the processes for a database without tables; kill them at the end."""
    hub = Started(tmp_path, make_database(postgres))
    yield hub
    for process in hub.processes.values():
        process.kill()
        process.communicate()


@pytest.mark.proof(small=0)
def test_the_processes_of_the_compose_file_share_the_work(
    started: Started, make_app: Callable[..., Any], make_config: Callable[..., Any]
) -> None:
    assert started.start("tables").wait(PATIENCE) == 0
    web = started.start("web")
    workers = [started.start(name) for name in ("worker-1", "worker-2")]
    url = read_until(web, "The hub serves").split()[-1].replace("localhost", "127.0.0.1")
    for worker in workers:
        read_until(worker, "This worker executes up to 8 runs")

    answer = requests.get(f"{url}/readyz", timeout=PATIENCE)
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert requests.get(f"{url}/metrics", timeout=PATIENCE).status_code == 401

    database_url = (started._secrets / "database.url").read_text()
    config = make_config(HUB_DATABASE_URL=database_url, HUB_ENGINE="distributed")
    with make_app(config).app_context():
        with transaction() as session:
            company = Company(
                realm="9130001",
                state=ConnectionState.DISCONNECTED,
                connected_at=run_log.current().clock.now(),
                preferences={},
            )
            session.add(company)
            session.flush()
        run_log.request(RunKind.TOKENS, company.id, "test")

    headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    while True:
        page = requests.get(f"{url}/metrics", headers=headers, timeout=PATIENCE).text
        if re.search(r'hub_run_duration_seconds_count\{kind="tokens".*\} 1\.0', page):
            break

    for process in (*workers, web):
        process.send_signal(signal.SIGTERM)
    assert [process.wait(PATIENCE) for process in (*workers, web)] == [0, 0, 0]
    ran = [event for name in ("worker-1", "worker-2") for event in started.events(name)]
    assert {event["run_id"] for event in ran if event["event"] == "The run ended"} == {1}
