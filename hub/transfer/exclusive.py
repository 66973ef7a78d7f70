"""Open a database that no other process may use at the same time."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from hub.db import database_errors
from hub.db.database_errors import LOCK_NOT_AVAILABLE
from hub.db.engine import EXCLUSIVE_SECONDS, address_without_password, create_standalone_engine
from hub.errors import DatabaseUnavailable, HubError
from hub.migrations import schema
from hub.migrations.schema import SchemaError
from hub.transfer import rows
from hub.transfer.errors import HubAtWork

COUNT_SESSIONS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND usename = current_user AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)
MAX_POLLS = EXCLUSIVE_SECONDS * 10
WAIT_STATEMENT = text("SELECT pg_sleep(0.1), pg_stat_clear_snapshot()")


@contextmanager
def open_exclusively(url: str) -> Iterator[Connection]:
    """Yield a connection in a transaction; raise HubAtWork if another process has one.

    A process of the hub keeps a connection open from its start to its end. A process that starts
    meanwhile waits for the end of the transaction before it reads the state of the database, so it
    cannot work with a database that is sealed in the transaction. An error of the database is
    raised as DatabaseUnavailable.
    """
    engine = create_standalone_engine(url, exclusive=True)
    address = address_without_password(engine.url)
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    if file and not Path(file).exists():
        raise SchemaError(address, "does not exist")
    connection = None
    try:
        try:
            connection = engine.connect()
            connection.begin()
            schema.require_newest(connection, exactly=True)
            if engine.dialect.name == "postgresql":
                lock_tables(connection)
        except OperationalError as error:
            raise _build_refusal(error, address) from error
        except DatabaseError as error:
            _name_error(error, address)
            raise
        event.listen(engine, "handle_error", partial(_name_database, address))
        yield connection
    finally:
        if connection is not None:
            connection.close()
        engine.dispose()


def _build_refusal(error: OperationalError, address: str) -> HubError:
    """Return why a database could not be opened: others use it, or it cannot be reached."""
    is_of_postgresql = not isinstance(error.orig, sqlite3.Error)
    if is_of_postgresql and getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
        return DatabaseUnavailable(address, str(error.orig).strip())
    return HubAtWork(address, str(error.orig).strip())


def _name_database(address: str, context: ExceptionContext) -> None:
    """Raise an error of this database with its address: a copy has another one open, too."""
    error = context.sqlalchemy_exception
    if isinstance(error, DBAPIError):
        _name_error(error, address)


def _name_error(error: DBAPIError, address: str) -> None:
    """Raise DatabaseUnavailable, with this address, for an error that is not the caller's."""
    hub_error = database_errors.translate(error, address)
    if hub_error is not None:
        raise hub_error from error


def lock_tables(connection: Connection) -> None:
    """Lock all tables of PostgreSQL; raise HubAtWork if another session is connected.

    The sessions are counted before, so that a hub at work does not wait for its tables, and again
    once no process can begin to use them.
    """
    address = address_without_password(connection.engine.url)
    _require_no_other_session(connection, address)
    connection.execute(text(f"SET LOCAL lock_timeout = '{EXCLUSIVE_SECONDS}s'"))
    preparer = connection.dialect.identifier_preparer
    names = [preparer.format_table(table) for table in rows.list_tables()]
    connection.execute(text(f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE"))
    _require_no_other_session(connection, address)


def _require_no_other_session(connection: Connection, address: str) -> None:
    """Raise HubAtWork if another session of the hub stays connected to the database."""
    other_sessions = connection.scalar(COUNT_SESSIONS)
    for _ in range(MAX_POLLS):  # the server takes a moment to end the session of a stopped process
        if not other_sessions:
            return
        connection.execute(WAIT_STATEMENT)
        other_sessions = connection.scalar(COUNT_SESSIONS)
    if other_sessions:
        raise HubAtWork(address, f"other connections of the same user: {other_sessions}")
