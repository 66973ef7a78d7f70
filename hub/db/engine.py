"""The database: engines for SQLite and PostgreSQL, column types and transactions."""

import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app, g
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    NullPool,
    create_engine,
    event,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.types import TypeDecorator

from hub import exact_json
from hub.db import connect_arguments, database_errors, several_hosts
from hub.db.database_encoding import require_unicode
from hub.errors import ConfigurationError, DatabaseUnavailable
from hub.request_ban import forbid_requests

NAMING_CONVENTION = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
BUSY_SECONDS = 30
OPEN_SESSION = "open_reading_session"  # the innermost session in the context of the application
# The server then ends the session of a process that is frozen within a transaction.
IDLE_TRANSACTION_SECONDS = 60.0
PAGE_SECONDS = 40.0  # for a statement of a page: more than it may wait for a lock
EXCLUSIVE_SECONDS = 3  # how long a command waits for a database that it needs for itself
SQLITE_CONNECTIONS = 20  # connections that a process keeps open
# PostgreSQL has 100 connections for all processes unless told otherwise. A process keeps only a few
# open while it needs none, or processes that are idle could leave none for one that works.
IDLE_CONNECTIONS = 8
MAX_CONNECTIONS = 30  # connections that a process may have
# If this machine is gone, the server ends its sessions within a minute; if the server is gone, this
# side notices as fast.
SERVER_KEEPALIVES = (
    "-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
)
CLIENT_KEEPALIVES: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
MIGRATIONS = Path(__file__).parent.parent / "migrations"
INSERT_FUNCTIONS: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


class Money(TypeDecorator[Decimal]):
    """An amount as a whole number of millionths, so that SQL sums are exact on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Return an amount in millionths; raise ValueError if it has more than six decimals."""
        if value is None:
            return None
        millionths = value.scaleb(6)
        if millionths != int(millionths):
            raise ValueError(f"{value} has more than six decimals.")
        return int(millionths)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Return a stored number of millionths as an amount."""
        if value is None:
            return None
        return Decimal(value).scaleb(-6)


class Instant(TypeDecorator[dt.datetime]):
    """A moment, always aware and in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Return a moment in UTC; raise ValueError if it has no time zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone.")
        return value.astimezone(dt.UTC)

    def process_result_value(
        self, value: dt.datetime | None, dialect: Dialect
    ) -> dt.datetime | None:
        """Return a stored moment in UTC; SQLite stores it without the time zone."""
        if value is None or value.tzinfo is dt.UTC:
            return value
        if value.tzinfo is None:
            return value.replace(tzinfo=dt.UTC)
        return value.astimezone(dt.UTC)


class Base(DeclarativeBase):
    """The base of all tables."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING_CONVENTION),
        type_annotation_map={
            Decimal: Money,
            dt.datetime: Instant,
            dict[str, Any]: JSON,
            list[Any]: JSON,
        },
    )


DATABASE_SETTING = "HUB_DATABASE_URL"
EXAMPLE_ADDRESS = "postgresql://hub:password@db.example.com/hub"
db = SQLAlchemy(model_class=Base)

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model  # the same, with table names made from class names


def init_app(
    app: Flask, url: str, application_name: str = "", page_seconds: float = PAGE_SECONDS
) -> None:
    """Bind the application to its database; nothing is opened yet.

    On PostgreSQL all connections bear the `application_name`, if there is one, and a statement of
    a page may take `page_seconds`.
    """
    check_url(DATABASE_SETTING, url)
    app.config.setdefault("SQLALCHEMY_DATABASE_URI", _add_driver(url))
    options = _build_options(url, application_name, IDLE_TRANSACTION_SECONDS) | _size_pool(url)
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", options)
    db.init_app(app)
    with app.app_context():
        engine = db.engine
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _on_connect)
        _set_begin(engine.dialect, "BEGIN IMMEDIATE")
    else:
        from hub.db import time_limit  # only now: it imports the driver of PostgreSQL

        time_limit.limit_statements(engine, page_seconds=page_seconds)


def create_standalone_engine(url: str, *, exclusive: bool = False) -> Engine:
    """Return an engine outside of the application, which keeps no connection open.

    With `exclusive` a connection to an SQLite file is refused while any other one is open, and
    keeps every other one out.
    """
    check_url(DATABASE_SETTING, url)
    options = _build_options(url, "hub copy", 0)
    engine = create_engine(_add_driver(url), poolclass=NullPool, **options)
    if engine.dialect.name == "sqlite":

        def on_connect(connection: sqlite3.Connection, record: object) -> None:
            connection.isolation_level = None
            if exclusive:
                connection.execute(f"PRAGMA busy_timeout={EXCLUSIVE_SECONDS * 1000}")
                connection.execute("PRAGMA locking_mode=EXCLUSIVE")

        event.listen(engine, "connect", on_connect)
        _set_begin(engine.dialect, "BEGIN IMMEDIATE" if exclusive else "BEGIN")
    return engine


@contextmanager
def transaction() -> Iterator[Session]:
    """Open a session in a write transaction, which is committed at the end or rolled back.

    No HTTP request may be sent inside.
    """
    with (
        forbid_requests(),
        translate_errors(),
        Session(db.engine, expire_on_commit=False) as session,
        session.begin(),
    ):
        session.connection()
        yield session


@contextmanager
def read_only_session() -> Iterator[Session]:
    """Open a session that only reads: it never waits for a writer, and changes are discarded."""
    context = g._get_current_object()  # a generator may end elsewhere
    outer = context.get(OPEN_SESSION)
    with translate_errors(), Session(read_only_engine(), expire_on_commit=False) as session:
        setattr(context, OPEN_SESSION, session)
        try:
            yield session
        finally:
            setattr(context, OPEN_SESSION, outer)


@contextmanager
def joined_session() -> Iterator[Session]:
    """Join the read-only session that this request has open; if there is none, open one.

    This is for the parts of the frame of every page: a connection for each part would take longer
    than the queries. Rows that are written meanwhile are not seen.
    """
    outer = g.get(OPEN_SESSION)
    if outer is not None:
        yield outer
        return
    with read_only_session() as session:
        yield session


def read_only_engine() -> Engine:
    """Return the engine for transactions that only read: on SQLite they never wait for a writer.

    It shares its connections with the other engine. It is created once for each application,
    because creating it costs as much as a small query.
    """
    engines: dict[str, Engine] = current_app.extensions
    if "hub.read_only_engine" not in engines:
        engine = db.engine.execution_options(hub_reading=True)
        if engine.dialect.name == "sqlite":
            with db.engine.connect():
                pass  # a dialect reads the properties of the database with its first connection
            engine.dialect = copy(engine.dialect)
            _set_begin(engine.dialect, "BEGIN")
        engines["hub.read_only_engine"] = engine
    return engines["hub.read_only_engine"]


def insert(session: Session, table: Any) -> Any:
    """Return an insert that supports ON CONFLICT."""
    dialect_name = session.get_bind().dialect.name
    insert_into = INSERT_FUNCTIONS[dialect_name]
    return insert_into(table)


def upgrade(app: Flask) -> None:
    """Upgrade the tables to the newest revision, from an empty database or an older revision."""
    from alembic import command

    with app.app_context(), translate_errors():
        require_unicode(db.engine, DATABASE_SETTING)
        bind_migrations(app)
        config = app.extensions["migrate"].migrate.get_config()
        config.attributes["upgrades"] = True
        try:
            command.upgrade(config, "head")
        except OSError as error:  # the lock beside an SQLite file
            address = address_without_password(db.engine.url)
            raise DatabaseUnavailable(address, str(error)) from error


def address_without_password(url: URL | str) -> str:
    """Return the address of a database for people: its place, without password and options."""
    parsed_url = make_url(url)
    if parsed_url.get_backend_name() == "sqlite":
        return parsed_url.render_as_string()
    socket = {"host": parsed_url.query["host"]} if "host" in parsed_url.query else {}
    place = parsed_url.set(drivername="postgresql", query=socket)
    return place._replace(password=None).render_as_string()


def bind_migrations(app: Flask) -> None:
    """Bind the application to the history of its tables; Alembic is imported only here."""
    import flask_migrate

    flask_migrate.Migrate(app, db, directory=str(MIGRATIONS))


def check_url(name: str, url: str) -> None:
    """Raise ConfigurationError unless the hub can work with the database that an address names.

    The setting or option `name` gives the address, which is not repeated in the error: it holds a
    password.
    """
    problem = several_hosts.find_problem(url)
    if problem:
        raise ConfigurationError(name, problem)
    try:
        parsed_url = make_url(url)
        backend = parsed_url.get_backend_name()
    except (ArgumentError, ValueError):
        problem = f"is not the address of a database such as {EXAMPLE_ADDRESS}"
        raise ConfigurationError(name, problem) from None
    if backend not in ("sqlite", "postgresql", "postgres"):
        raise ConfigurationError(
            name, f"names a {backend} database; the hub works with PostgreSQL and SQLite"
        )
    file = Path((parsed_url.database or "").removeprefix("file:"))
    if backend == "sqlite" and not file.is_absolute():  # its folder would depend on who opens it
        raise ConfigurationError(
            name, "must name a file by its whole path, such as sqlite:////var/lib/hub/hub.db"
        )
    if backend != "sqlite":
        try:
            import psycopg  # noqa: F401 (only tests that it can be imported)
        except ImportError as error:
            raise ConfigurationError(
                name,
                f"needs the PostgreSQL driver, which cannot be loaded ({error}); install the extra"
                " `postgres` in a checkout of the hub: `pip install '.[postgres]'`",
            ) from None


def _add_driver(url: str) -> str:
    """Return the URL with the driver that the hub installs."""
    parsed_url = make_url(url)
    if parsed_url.get_backend_name() != "sqlite":
        parsed_url = parsed_url.set(drivername="postgresql+psycopg")
    return parsed_url.render_as_string(hide_password=False)


def _build_options(url: str, application_name: str, idle_seconds: float) -> dict[str, Any]:
    """Return the options of an engine: time limits and exact JSON.

    PostgreSQL ends a session that is idle in a transaction for `idle_seconds`; 0 means never.
    """
    options = {
        "hide_parameters": True,  # values may be secret and must not get into a log
        "json_serializer": exact_json.dumps,
        "json_deserializer": exact_json.loads,
    }
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}, **options}
    arguments = {
        **CLIENT_KEEPALIVES,
        "options": f"{SERVER_KEEPALIVES} -c lock_timeout={BUSY_SECONDS}s"
        f" -c idle_in_transaction_session_timeout={int(idle_seconds * 1000)}",
    }
    if application_name:
        arguments["application_name"] = application_name
    connect_args = connect_arguments.join(make_url(url), arguments)
    return {**options, "connect_args": connect_args, "pool_pre_ping": True}


def _size_pool(url: str) -> dict[str, Any]:
    """Return how many connections a process keeps open, and how many more it may open."""
    idle = SQLITE_CONNECTIONS if url.startswith("sqlite") else IDLE_CONNECTIONS
    return {"pool_size": idle, "max_overflow": MAX_CONNECTIONS - idle}


def _on_connect(connection: sqlite3.Connection, record: object) -> None:
    # The driver begins transactions too late and loses updates; the dialect sends BEGIN instead.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _set_begin(dialect: Dialect, statement: str) -> None:
    """Let transactions begin with this statement.

    A listener for the event "begin" could send it too, but SQLAlchemy then looks for listeners
    several times in each statement, so that every statement takes a quarter longer.
    """

    def begin(connection: PoolProxiedConnection) -> None:
        cursor = connection.cursor()
        cursor.execute(statement)
        cursor.close()

    dialect.do_begin = begin  # type: ignore[method-assign,assignment]


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise DatabaseUnavailable for an error of the database that is not the caller's."""
    try:
        yield
    except NoConnection as error:
        raise DatabaseUnavailable(
            address_without_password(db.engine.url), "all its connections are in use"
        ) from error
    except DBAPIError as error:
        hub_error = database_errors.translate(error, address_without_password(db.engine.url))
        if hub_error is None:
            raise
        raise hub_error from error
