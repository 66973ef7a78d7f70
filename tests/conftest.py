"""Fixtures of a hub in this process: data folder, migrated database, fake clock, no network."""

import gc
import os
import shutil
import ssl
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from hub import config as configuration
from hub.app import create_app
from hub.clock import Clock
from hub.config import Config
from hub.contract.registry import Plugins
from hub.db import engine as db_engine
from hub.http.client import MAX_RESPONSE_BYTES, AppHttp, HubFunctions
from hub.security import password_hashing
from hub.testing.clock import FakeClock
from sandbox_tests import schema_validation
from tests.support.runs import tiers
from tests.support.runs.hub_environment import INTUIT, SECRET_KEY, VAULT_KEYS
from tests.support.runs.shared_compilation import share_compilation
from tests.support.servers.raw_server import RawServer
from tests.support.servers.unsynced_database import make_volatile

WATCHED_CHILDREN = Path(__file__).parent / "support" / "watched"
# The processes of a run compile modules once, even if storing bytecode is disabled.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(Path(tempfile.gettempdir()) / "hub-compiled"))
PATIENT_SECONDS = 20.0  # which no answer of a test's own server takes, however busy the machine is
GC_THRESHOLD = 200_000  # new objects before the youngest generation is collected
# Password hashes of the tests need no protection against guessing.
CHEAP_HASHING = {"argon2__time_cost": 1, "argon2__memory_cost": 8, "argon2__parallelism": 1}
password_hashing.ARGON2_PARAMETERS.update(CHEAP_HASHING)


pytest_plugins = [
    "tests.support.proofs.canaries",
    "tests.support.servers.database_fixtures",
    "tests.support.processes.distributed_processes",
    "tests.support.servers.identity_provider",
    "tests.support.servers.mail_server",
    "tests.support.rows.small_outbox",
    "tests.support.sources.stand_in_fixtures",
    "tests.support.pages.page_fixtures",
    "tests.support.proofs.proof_figures",
    "tests.support.runs.run_deadline",
    "tests.support.runs.run_order",
    "tests.support.runs.working_folder",
    "tests.support.runs.end_to_end",
]


def pytest_configure(config: pytest.Config) -> None:
    schema_validation.start(config, WATCHED_CHILDREN)
    config.pluginmanager.register(tiers, "tiers")
    gc.set_threshold(GC_THRESHOLD, 10, 10)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    # a command that an earlier test ran has set the threshold of a hub, which costs a run much time
    gc.set_threshold(GC_THRESHOLD, 10, 10)


def pytest_collection_finish() -> None:
    # modules and tests stay until the end; scanning them repeatedly took a tenth of the time
    gc.freeze()


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all workers of this test run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture
def clock() -> FakeClock:
    """Create a clock that moves only when a test or a sleep advances it."""
    return FakeClock()


@pytest.fixture
def make_config(tmp_path: Path) -> Callable[..., Config]:
    """Return a function that loads the configuration of a data folder; values override settings."""

    def make(**values: str) -> Config:
        data = tmp_path / "data"
        data.mkdir(exist_ok=True, mode=0o700)
        environ = {
            "HUB_DATA": str(data),
            "HUB_SECRET_KEY": SECRET_KEY,
            "HUB_VAULT_KEYS": VAULT_KEYS,
            "HUB_SECOND_FACTOR": "off",
        }
        return configuration.load(environ | INTUIT | values)

    return make


@pytest.fixture(scope="session")
def plugins() -> Plugins:
    """Return the installed plugins."""
    return Plugins.load()


@pytest.fixture
def make_app(
    make_config: Callable[..., Config], clock: FakeClock, plugins: Plugins
) -> Iterator[Callable[..., Flask]]:
    """Return a function that creates hubs with the installed plugins, by default without pages."""
    apps: list[Flask] = []

    def make(config: Config | None = None, clock: Clock = clock, **options: Any) -> Flask:
        options = {"plugins": plugins, "pages": False} | options
        apps.append(_create_hub(config or make_config(), clock, options))
        return apps[-1]

    yield make
    for app in apps:
        with app.app_context():
            db_engine.db.engine.dispose()


def _create_hub(config: Config, clock: Clock, options: dict[str, Any]) -> Flask:
    app = make_volatile(create_app(config, clock=clock, **options))
    share_compilation(app)
    app.config["TESTING"] = True
    return app


@pytest.fixture
def app(
    make_app: Callable[..., Flask], make_config: Callable[..., Config], empty_database: Path
) -> Iterator[Flask]:
    """Create a hub with an empty SQLite database; its application context is open."""
    yield from _open_app(make_app, make_config(), empty_database)


@pytest.fixture
def app_with_pages(
    make_app: Callable[..., Flask], make_config: Callable[..., Config], empty_database: Path
) -> Iterator[Flask]:
    """Create a hub with its pages and an empty SQLite database; its application context is open."""
    yield from _open_app(make_app, make_config(), empty_database, pages=True)


def _open_app(
    make_app: Callable[..., Flask], config: Config, empty_database: Path, **options: Any
) -> Iterator[Flask]:
    shutil.copy(empty_database, config.data / "hub.db")
    app = make_app(config, **options)
    with app.app_context():
        yield app


@pytest.fixture(scope="module")
def module_app(
    tmp_path_factory: pytest.TempPathFactory, empty_database: Path, plugins: Plugins
) -> Iterator[Flask]:
    """Create a hub like `app` for all tests of a module, with its own clock."""
    data = tmp_path_factory.mktemp("long-lived")
    data.chmod(0o700)
    shutil.copy(empty_database, data / "hub.db")
    environ = {"HUB_DATA": str(data), "HUB_SECRET_KEY": SECRET_KEY, "HUB_VAULT_KEYS": VAULT_KEYS}
    app = _create_hub(
        configuration.load(environ | INTUIT), FakeClock(), {"plugins": plugins, "pages": False}
    )
    with app.app_context():
        yield app
        db_engine.db.engine.dispose()


@pytest.fixture
def serve() -> Iterator[Callable[..., RawServer]]:
    """Return a function that starts servers on loopback; they are closed at the end."""
    servers: list[RawServer] = []

    def make(behave: Callable[..., object], tls: ssl.SSLContext | None = None) -> RawServer:
        servers.append(RawServer(behave, tls))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def make_http(
    make_config: Callable[..., Config], clock: FakeClock, tmp_path: Path
) -> Callable[..., AppHttp]:
    """Return a function that creates an app's HTTP client; the operator allows `allow`."""

    def make(
        *hosts: str,
        settings: Any = None,
        allow: Sequence[str] = (),
        seconds: float = PATIENT_SECONDS,
        max_bytes: int = MAX_RESPONSE_BYTES,
        **functions: Any,
    ) -> AppHttp:
        (tmp_path / "hosts").write_text("\n".join(allow))
        config = make_config(HUB_ALLOW_HOSTS_FILE=str(tmp_path / "hosts"))
        return AppHttp(
            "CostTracker",
            hosts,
            settings or {},
            clock=clock,
            seconds=seconds,
            allowed_hosts=config.allow_hosts,
            hub=HubFunctions(**functions),
            max_bytes=max_bytes,
        )

    return make
