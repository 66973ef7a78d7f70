"""The coordination connection: one per process, for advisory locks and heartbeats.

The processes of a distributed hub coordinate over the database. Locks of a session last as long as
its connection, so they need a connection that is never returned to a pool. Its keepalives are
short: if this machine fails, the server frees the locks within a minute; if the server fails, this
process notices as fast. Nothing waits on this connection, because it also carries the heartbeats: a
lock that is not free is tried again.
"""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from flask import current_app
from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from hub.clock import Clock
from hub.db import connect_arguments
from hub.db.engine import CLIENT_KEEPALIVES, SERVER_KEEPALIVES, db, translate_errors
from hub.errors import Busy, DatabaseUnavailable

POLL_SECONDS = 0.2
STATEMENT_SECONDS = 10  # nothing that goes over the connection takes this long
CONNECT_ARGUMENTS: dict[str, Any] = {
    **CLIENT_KEEPALIVES,
    "options": (
        f"{SERVER_KEEPALIVES}"
        f" -c lock_timeout={STATEMENT_SECONDS}s -c statement_timeout={STATEMENT_SECONDS}s"
    ),
}
FROZEN_SECONDS = 2.0 * STATEMENT_SECONDS  # after which a server is frozen
_LOCK_KEY = "hashtextextended(:name, 0)"
_TRY_LOCK = text(f"SELECT pg_try_advisory_lock({_LOCK_KEY})")
_UNLOCK = text(f"SELECT pg_advisory_unlock({_LOCK_KEY})")
_creation = threading.Lock()
log = logging.getLogger("hub")


class CoordinationSettings(Protocol):
    """The settings that coordination needs."""

    @property
    def lease_seconds(self) -> float:
        """Return after how many seconds without a sign of life a process is replaced."""


class Process(Protocol):
    """The facts about this process that coordination needs; `hub.context` has them."""

    @property
    def process(self) -> str:
        """Return the identifier of the process."""

    @property
    def config(self) -> CoordinationSettings:
        """Return the settings."""

    @property
    def clock(self) -> Clock:
        """Return the clock."""


@dataclass(frozen=True, eq=False)
class SessionLock:
    """An advisory lock that was taken; each time it is taken, it is another object."""

    name: str


class Coordination:
    """The coordination connection of this process, opened on first use and again after a loss."""

    def __init__(self, url: URL, application_name: str) -> None:
        self._engine = create_engine(
            url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args=build_connect_arguments(url, application_name),
        )
        limit_statements(self._engine)
        self._connection: Connection | None = None
        self._is_lost = False  # logged, and not opened again since
        self._guard = threading.RLock()
        self._locks: dict[str, SessionLock] = {}  # the locks of this connection, by their names

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Use the connection alone among the threads of this process; statements commit at once.

        Raise DatabaseUnavailable if the server cannot be reached. All locks are lost with the
        connection; the next use opens another one.
        """
        with self._guard, translate_errors():
            try:
                if self._connection is None:
                    self._connection = self._engine.connect()
                    self._log_return()
                yield self._connection
            except DBAPIError as error:
                if error.connection_invalidated or self._connection is None:
                    if not self._is_lost:
                        log.warning("The coordination connection to the database was lost.")
                    self._is_lost = True
                    self.close()
                raise

    def _log_return(self) -> None:
        """Log that the connection was opened again, if its loss was logged."""
        if self._is_lost:
            log.warning("The coordination connection to the database is open again.")
        self._is_lost = False

    def try_lock(self, name: str) -> SessionLock | None:
        """Take an advisory lock; return None if another process or thread has it."""
        with self.connection() as connection:
            if name in self._locks:
                return None
            if not connection.scalar(_TRY_LOCK, {"name": name}):
                return None
            lock = self._locks[name] = SessionLock(name)
            return lock

    def holds(self, name: str) -> bool:
        """Return whether this process has the lock; ask the server whether it is still there."""
        with self.connection() as connection:
            connection.execute(text("SELECT 1"))
            return name in self._locks

    def unlock(self, lock: SessionLock) -> None:
        """Release an advisory lock, unless it was lost with its connection.

        After such a loss another thread may have taken a lock of the same name.
        """
        with self._guard:
            if self._locks.get(lock.name) is not lock:
                return
            del self._locks[lock.name]
            try:
                with self.connection() as connection:
                    connection.execute(_UNLOCK, {"name": lock.name})
            except DatabaseUnavailable:
                self.close()

    def unlock_name(self, name: str) -> None:
        """Release the advisory lock of this name, whichever thread of this process took it."""
        with self._guard:
            lock = self._locks.get(name)
            if lock is not None:
                self.unlock(lock)

    def close(self) -> None:
        """Close the connection, and with it release all its locks."""
        with self._guard:
            connection, self._connection = self._connection, None
            self._locks.clear()
            if connection is not None:
                with suppress(DBAPIError):
                    connection.close()


@contextmanager
def advisory_lock(name: str, subject: str, seconds: float) -> Iterator[None]:
    """Hold a lock that one thread of all machines has at a time.

    Raise Busy, naming the subject, if the lock is not free within so many seconds.
    """
    coordination = process_coordination()
    clock = this_process().clock
    ends_at = clock.monotonic() + seconds
    while (lock := coordination.try_lock(name)) is None:
        if clock.monotonic() >= ends_at:
            raise Busy(subject)
        clock.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        coordination.unlock(lock)


def build_connect_arguments(
    url: URL, application_name: str, arguments: Mapping[str, Any] = CONNECT_ARGUMENTS
) -> dict[str, Any]:
    """Return the arguments of a connection for coordination."""
    named_arguments = {**arguments, "application_name": application_name}
    return connect_arguments.join(url, named_arguments)


def limit_statements(engine: Engine) -> None:
    """Limit the statements of an engine for coordination, also if the server is frozen."""
    from hub.db import time_limit  # only now: it imports the driver of PostgreSQL

    time_limit.limit_statements(engine, page_seconds=FROZEN_SECONDS, work_seconds=FROZEN_SECONDS)


def process_coordination() -> Coordination:
    """Return the coordination of this process; create it on first use."""
    extensions = current_app.extensions
    with _creation:
        if "hub.coordination" not in extensions:
            name = application_name(this_process().process)
            extensions["hub.coordination"] = Coordination(db.engine.url, name)
    coordination: Coordination = extensions["hub.coordination"]
    return coordination


def connection() -> AbstractContextManager[Connection]:
    """Use the coordination connection of this process in a `with` statement."""
    return process_coordination().connection()


def this_process() -> Process:
    """Return the facts about this process."""
    process: Process = current_app.extensions["hub"]
    return process


def application_name(process: str) -> str:
    """Return the name of all database sessions of a process, by which they can be found."""
    return f"hub-{process}"
