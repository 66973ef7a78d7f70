"""Tests of the compose file's processes on this machine: tables, pages, two workers and nginx."""

import json
import re
import secrets
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from sqlalchemy import create_engine, select
from sqlalchemy.engine import make_url

from hub.db import database_identity
from hub.db.engine import read_only_session, transaction
from hub.models import AuditEntry, ConnectedCompany
from hub.models.enums import ConnectionState, RunKind
from hub.scheduling import run_log
from hub.security import people
from hub.security.rights import Right
from tests.support.rows.page_rows import PASSWORD
from tests.support.runs.hub_environment import SECRET_KEY, VAULT_KEYS
from tests.support.servers.nginx import CLIENT, NGINX, PUBLIC, FromClient, proxy_in_front

COMPOSE = Path(__file__).parent.parent.parent / "deploy" / "container" / "compose.yaml"
HUB = Path(sys.executable).parent / "hub"
BACKUPS = "/var/backups/hub"
METRICS_TOKEN = "0123456789abcdef0123456789abcdef"
MAX_WAIT_SECONDS = 300  # seconds after which a process counts as hanging
ROLE_PASSWORD = "words-of-the-role"


class ComposeProcesses:
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
        self.backups = folder / "backups"
        self.backups.mkdir()
        self.processes: dict[str, subprocess.Popen[str]] = {}

    def start(self, name: str) -> subprocess.Popen[str]:
        """Start a service as the compose file says, with folders and port of this test."""
        _, *arguments = self._services[name]["command"]
        replaced = {"8080": "0", "8081": "0", "0.0.0.0": "127.0.0.1", BACKUPS: str(self.backups)}
        arguments = [replaced.get(argument, argument) for argument in arguments]
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
        answers = {"HUB_PUBLIC_URL": PUBLIC, "HUB_QBO_CLIENT_ID": "client"}
        value = re.sub(r"\$\{(\w+):\?[^}]*\}", lambda match: answers[match[1]], value)
        value = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
        value = value.replace(self._network(), "127.0.0.1")
        return value.replace("/run/secrets", str(self._secrets))

    def _network(self) -> str:
        """Return the network of the containers, from which the proxy calls the hub."""
        compose = yaml.safe_load(COMPOSE.read_text())
        subnet: str = compose["networks"]["inside"]["ipam"]["config"][0]["subnet"]
        return subnet

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
def hub_database(postgres: str) -> Iterator[str]:
    """Create role and database as the compose file does, and return the address of the role."""
    name = f"hub_{secrets.token_hex(6)}"
    server = make_url(postgres).set(drivername="postgresql+psycopg")
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in database_statements(name):
            connection.exec_driver_sql(statement)
        address = server.set(username=name, password=ROLE_PASSWORD, database=name)
        yield address.render_as_string(hide_password=False)
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        connection.exec_driver_sql(f"DROP ROLE {name}")
    engine.dispose()


def database_statements(name: str) -> list[str]:
    """Return the statements of database.sql for another name and a password of this test."""
    lines = (COMPOSE.parent / "database.sql").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith(("\\", "--")))
    text = re.sub(r"\bhub\b", name, text.replace(":'password'", f"'{ROLE_PASSWORD}'"))
    return [statement for statement in text.split(";") if statement.strip()]


@pytest.fixture
def started(tmp_path: Path, hub_database: str) -> Iterator[ComposeProcesses]:
    """Return a starter of the processes for a database without tables; kill them at the end."""
    hub = ComposeProcesses(tmp_path, hub_database)
    yield hub
    for process in hub.processes.values():
        process.kill()
        process.communicate()


class Browser:
    """A browser in front of the proxy."""

    def __init__(self, folder: Path, port: int) -> None:
        self._url = f"https://127.0.0.1:{port}"
        self._certificate = str(folder / "certificate.pem")
        self._headers = {"Host": "hub.example.com", "Referer": f"{PUBLIC}/login"}
        self._cookies = requests.cookies.RequestsCookieJar()

    def call(
        self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any
    ) -> requests.Response:
        """Send a request over a connection of its own, which any web process may answer."""
        with requests.Session() as session:
            session.trust_env = False
            session.cookies = self._cookies
            session.mount("https://", FromClient())
            return session.request(
                method,
                self._url + path,
                headers=self._headers | (headers or {}),
                verify=self._certificate,
                allow_redirects=False,
                timeout=MAX_WAIT_SECONDS,
                **options,
            )

    def log_in(self, name: str, password: str) -> requests.Response:
        """Log in with the form."""
        form = self.call("GET", "/login").text
        match = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
        assert match, form[:500]
        credentials = {"email": name, "password": password, "csrf_token": match[1]}
        return self.call("POST", "/login", data=credentials)


@pytest.fixture
def browser(started: ComposeProcesses, tmp_path: Path) -> Iterator[Browser]:
    """Start the tables, the web processes and the proxy, and return a browser."""
    if NGINX is None:
        pytest.skip("nginx is not installed")
    assert started.start("tables").wait(MAX_WAIT_SECONDS) == 0
    web = started.start("web")
    port = int(read_until(web, "The hub serves").split()[-1].rpartition(":")[2].strip("/"))
    folder = tmp_path / "proxy"
    configuration = COMPOSE.parent / "nginx.conf"
    names = {"upstream": "web:8080", "access_log": "/dev/stdout"}
    with proxy_in_front(port, folder, configuration, **names) as (_, https):
        yield Browser(folder, https)


@pytest.mark.proof(small=0)
def test_the_processes_of_the_compose_file_share_the_work(
    browser: Browser,
    started: ComposeProcesses,
    make_app: Callable[..., Any],
    make_config: Callable[..., Any],
) -> None:
    workers = [started.start(name) for name in ("worker-1", "worker-2")]
    for worker in workers:
        read_until(worker, "This worker executes up to 8 runs")

    answer = browser.call("GET", "/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert browser.call("GET", "/metrics").status_code == 401

    database_url = (started._secrets / "database.url").read_text()
    config = make_config(HUB_DATABASE_URL=database_url, HUB_ENGINE="distributed")
    with make_app(config, pages=True).app_context():
        with transaction() as session:
            people.insert(session, "olga", people.hash_new(PASSWORD), [Right("owner")])
            company = ConnectedCompany(
                realm="9130001",
                state=ConnectionState.DISCONNECTED,
                connected_at=run_log.current_hub().clock.now(),
                preferences={},
            )
            session.add(company)
            session.flush()
        run_log.request(RunKind.TOKENS, company.id, "test")

    headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    finished = re.compile(r'hub_run_duration_seconds_count\{kind="tokens".*\} [1-9]')
    while not finished.search(browser.call("GET", "/metrics", headers).text):
        time.sleep(0.2)

    logged_in = browser.log_in("olga", PASSWORD)
    assert logged_in.status_code == 302, logged_in.text
    # Each request goes to one of four processes, and each of them knows the session.
    pages = [browser.call("GET", "/account/") for _ in range(8)]
    assert [(page.status_code, "olga" in page.text) for page in pages] == [(200, True)] * 8
    with make_app(config).app_context(), read_only_session() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.what == "logged in")).one()
        assert entry.detail["address"] == CLIENT
        assert None not in database_identity.read().values(), "a value that the role cannot read"

    assert started.start("backup").wait(MAX_WAIT_SECONDS) == 0
    (archive,) = started.backups.iterdir()
    assert zipfile.is_zipfile(archive)

    web = started.processes["web"]
    for process in (*workers, web):
        process.send_signal(signal.SIGTERM)
    assert [process.wait(MAX_WAIT_SECONDS) for process in (*workers, web)] == [0, 0, 0]
    events = [event for name in ("worker-1", "worker-2") for event in started.events(name)]
    assert {event["run_id"] for event in events if event["event"] == "The run ended"} == {1}
