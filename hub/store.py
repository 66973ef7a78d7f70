"""The database: engine set-up for SQLite and PostgreSQL, column types, and the one way to open a transaction."""

import datetime as dt
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Engine, Executable, Insert, MetaData, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.types import TypeDecorator

from hub.deadline import silence
from hub.errors import ConfigurationError, DatabaseUnavailable

NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
BUSY_SECONDS = 30
CONNECTIONS = 20
MIGRATIONS = Path(__file__).parent / "migrations"
Bind = Callable[[Any], Any]
UNAVAILABLE = (OperationalError, InternalError, InterfaceError)
INSERTS: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


class Money(TypeDecorator[Decimal]):
    """An amount as a whole number of millionths, so that SQL sums are exact on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        scaled = value.scaleb(6)
        if scaled != int(scaled):
            raise ValueError(f"{value} has more than six decimals.")
        return int(scaled)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-6)


class Instant(TypeDecorator[dt.datetime]):
    """A moment, always aware and in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no time zone.")
        return None if value is None else value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None or value.tzinfo is dt.UTC:
            return value
        return value.astimezone(dt.UTC) if value.tzinfo else value.replace(tzinfo=dt.UTC)


class Base(DeclarativeBase):
    """What every table shares."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMES),
        type_annotation_map={Decimal: Money, dt.datetime: Instant, dict[str, Any]: JSON, list[Any]: JSON},
    )


db = SQLAlchemy(model_class=Base)

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model  # the same, with table names made from class names


def init_app(app: Flask, url: str) -> None:
    """Binds the application to its database; nothing is opened yet."""
    app.config.setdefault("SQLALCHEMY_DATABASE_URI", _with_driver(url))
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", _options(url))
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _on_connect)
            event.listen(db.engine, "begin", _on_begin)


@contextmanager
def transaction() -> Iterator[Session]:
    """A session in one write transaction: committed at the end, or rolled back whole; never open it across HTTP."""
    with silence(), _translated(), Session(db.engine, expire_on_commit=False) as session, session.begin():
        session.connection()
        yield session


@contextmanager
def reading() -> Iterator[Session]:
    """A session for looking only: it never waits for a writer, and what it changes is thrown away."""
    engine = _readers()
    with _translated(), Session(engine, expire_on_commit=False) as session:
        yield session


def _readers() -> Engine:
    """The engine as those see it who only look; made once, for making it costs as much as a small query."""
    kept: dict[str, Engine] = current_app.extensions
    if "hub.readers" not in kept:
        kept["hub.readers"] = db.engine.execution_options(hub_reading=True)
    return kept["hub.readers"]


def insert(session: Session, table: Any) -> Any:
    """An insert that can be told what to do about rows that are there already."""
    return INSERTS[session.get_bind().dialect.name](table)


def each(session: Session, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> int:
    """Executes a statement once for each of many rows, which all name the same values; how many rows it met.

    The statement is a constant: it is put into the database's words once, where `session.execute` would look at the
    values of every row anew, which takes longer than all the rest.
    """
    connection = session.connection()
    worded = _worded(statement, connection.dialect, tuple(rows[0]))
    return connection.exec_driver_sql(worded.text, worded.values(rows)).rowcount


@dataclass(frozen=True)
class _Worded:
    """A statement as one database reads it; `order` is that of its values, where they are told by their place."""

    text: str
    order: Sequence[str] | None
    constants: Mapping[str, Any]
    binders: Mapping[str, Bind | None]  # of those that differ from row to row; None where a value is written as it is

    def values(self, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """As the driver takes them; what is one and the same in all rows is written once."""
        first = rows[0]
        shared = [name for name in self.binders if all(row[name] is first[name] for row in rows)]
        constants = {**self.constants, **self._bound(first, shared)}
        others = [name for name in self.binders if name not in constants]
        bound = [{**constants, **self._bound(row, others)} for row in rows]
        return bound if self.order is None else [tuple([row[name] for name in self.order]) for row in bound]

    def _bound(self, row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
        return {name: bind(row[name]) if (bind := self.binders[name]) else row[name] for name in names}


@cache
def _worded(statement: Any, dialect: Dialect, names: tuple[str, ...]) -> _Worded:
    """A statement in the words of a database, for rows that name these values."""
    keys = names if isinstance(statement, Insert) else None
    compiled = statement.compile(dialect=dialect, column_keys=keys, for_executemany=True)
    defaults = {column.key: column.default.arg for column in compiled.insert_prefetch}
    sorts = {name: one.type.dialect_impl(dialect).bind_processor(dialect) for one, name in compiled.bind_names.items()}
    given = {name: defaults.get(name, one.value) for one, name in compiled.bind_names.items() if not one.required}
    constants = {name: bind(value) if (bind := sorts[name]) else value for name, value in given.items()}
    differing = {name: bind for name, bind in sorts.items() if name not in constants}
    return _Worded(str(compiled), compiled.positiontup, constants, differing)


def upgrade(app: Flask) -> None:
    """Brings the tables to what this version needs, from an empty database as from an older one."""
    from alembic import command
    from alembic.util import CommandError

    with app.app_context(), _translated():
        migrations(app)
        try:
            command.upgrade(app.extensions["migrate"].migrate.get_config(), "head")
        except CommandError as error:
            problem = f"is a database that this version does not know ({error}); use the version that it was made with"
            raise ConfigurationError("HUB_DATABASE_URL", problem) from None
        except OSError as error:  # of the lock beside an SQLite file
            raise DatabaseUnavailable(_shown(db.engine), str(error)) from error


def migrations(app: Flask) -> None:
    """Binds the application to the history of its tables; Alembic is imported only here."""
    import flask_migrate

    flask_migrate.Migrate(app, db, directory=str(MIGRATIONS))


def as_json(value: Any) -> str:
    """JSON as it is kept: amounts as text, for as numbers they would be read as binary fractions."""
    return _JSON.encode(value)


def _amount(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be kept as JSON")


_JSON = json.JSONEncoder(default=_amount)


def _with_driver(url: str) -> str:
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed.render_as_string(hide_password=False)


def _options(url: str) -> dict[str, Any]:
    # What was written never stands in a log.
    shared = {"pool_size": CONNECTIONS, "hide_parameters": True, "json_serializer": as_json}
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}, **shared}
    waits = f"-c lock_timeout={BUSY_SECONDS}s"
    return {"connect_args": {"options": waits}, "pool_pre_ping": True, **shared}


def _on_connect(connection: sqlite3.Connection, record: object) -> None:
    # The driver's own transactions begin too late and lose updates; BEGIN is sent by _on_begin instead.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get("hub_reading")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except NoConnection as error:
        raise DatabaseUnavailable(_shown(db.engine), "all its connections are in use") from error
    except DBAPIError as error:
        if isinstance(error, UNAVAILABLE) or type(error) is DatabaseError:
            raise DatabaseUnavailable(_shown(db.engine), str(error.orig).strip()) from error
        raise


def _shown(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)
