"""Time limits for statements, enforced by the client, because a frozen server enforces none.

PostgreSQL's own limits and TCP keepalives do not detect a server whose processes are stopped: the
kernel of its machine still confirms every packet.
"""

import math
from collections.abc import Callable, Generator
from contextlib import closing
from functools import partial
from time import monotonic
from typing import Any, NoReturn

from flask import has_request_context
from psycopg import AsyncConnection, Connection, Error, OperationalError
from psycopg.errors import ConnectionTimeout
from psycopg.pq.abc import PGconn
from sqlalchemy import Engine, event

WORK_SECONDS = 300.0  # for one statement of a run or a command
# For the question whether a connection of the pool still works: another server may have taken the
# place of one that is frozen.
PING_SECONDS = 20.0
PROBE_SECONDS = 20.0  # after which a second connection asks whether the server still works
_SESSION_QUERY = """
    SELECT pg_backend_pid(), EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid = %s)
"""
Operation = Generator[Any, Any, Any]  # a generator of the driver


class NoAnswer(OperationalError):
    """The server has not answered in time."""


class LimitedConnection(Connection[Any]):
    """A connection that is closed if a statement takes longer than its limit.

    It is closed earlier if a probe shows that the server is frozen or was replaced by another one.
    """

    work_seconds = WORK_SECONDS
    page_seconds = WORK_SECONDS  # for a statement of a request to the web server
    is_pinging = False
    connect_probe: Callable[[], "LimitedConnection"] | None = None

    def wait(self, gen: Operation, *args: Any, **options: Any) -> Any:
        """Carry out an operation of the driver; raise NoAnswer if its time is over."""
        seconds = self.page_seconds if has_request_context() else self.work_seconds
        if self.is_pinging:
            seconds = min(seconds, PING_SECONDS)
        has_probe = self.connect_probe is not None and math.isfinite(seconds)
        is_lost = self._is_lost if has_probe else None
        limited_operation = _run_limited(self.pgconn, gen, seconds, is_lost)
        return super().wait(limited_operation, *args, **options)

    def _is_lost(self) -> bool:
        """Return whether the server accepts no new connection or has no session of this one.

        A server that answers a new connection with a refusal is alive, so the connection is not
        lost. Behind a pooler, which invents the numbers of sessions, a missing session proves
        nothing.
        """
        assert self.connect_probe
        try:
            with closing(self.connect_probe()) as probe:
                cursor = probe.execute(_SESSION_QUERY, (self.info.backend_pid,))
                [(own_pid, is_known)] = cursor.fetchall()
                has_pooler = own_pid != probe.info.backend_pid
                return not has_pooler and not is_known
        except (ConnectionTimeout, NoAnswer):
            return True
        except Error:
            return False


class LimitedAsyncConnection(AsyncConnection[Any]):
    """A connection of an event loop that is closed if an operation takes longer than its limit.

    To wait for a notification is an operation, too.
    """

    work_seconds = WORK_SECONDS

    async def wait(self, gen: Operation, *args: Any, **options: Any) -> Any:
        """Carry out an operation of the driver; raise NoAnswer if its time is over."""
        limited_operation = _run_limited(self.pgconn, gen, self.work_seconds)
        return await super().wait(limited_operation, *args, **options)


def _run_limited(
    connection: PGconn,
    operation: Operation,
    seconds: float,
    is_lost: Callable[[], bool] | None = None,
) -> Operation:
    """Pass an operation on; the driver resumes it every tenth of a second without data.

    If no answer comes, `is_lost` is called every `PROBE_SECONDS`; once it returns True, give up.
    """
    began_at = monotonic()
    ends_at = began_at + seconds
    probes_at = began_at + PROBE_SECONDS
    try:
        event = next(operation)
        while True:
            ready = yield event
            if not ready and monotonic() > ends_at:
                _give_up(connection, f"the server did not answer within {seconds:g} seconds")
            if not ready and is_lost and monotonic() > probes_at:
                if is_lost():
                    _give_up(connection, "the server does not answer any more")
                probes_at = monotonic() + PROBE_SECONDS
            event = operation.send(ready)
    except StopIteration as end:
        return end.value


def _give_up(connection: PGconn, reason: str) -> NoReturn:
    connection.finish()  # an answer that comes later belongs to no statement
    raise NoAnswer(reason)


def limit_statements(
    engine: Engine, *, page_seconds: float, work_seconds: float = WORK_SECONDS
) -> None:
    """Limit how long each statement of an engine for PostgreSQL may take."""

    def connect(dialect: Any, record: Any, args: list[Any], options: dict[str, Any]) -> Any:
        connection = LimitedConnection.connect(*args, **options)
        connection.page_seconds = page_seconds
        connection.work_seconds = work_seconds
        connection.connect_probe = partial(_connect_probe, args, options)
        return connection

    event.listen(engine, "do_connect", connect)
    ping = engine.dialect.do_ping

    def ping_limited(connection: Any) -> bool:
        connection.is_pinging = True
        try:
            return ping(connection)
        finally:
            connection.is_pinging = False

    engine.dialect.do_ping = ping_limited  # type: ignore[method-assign,assignment]


def _connect_probe(args: list[Any], options: dict[str, Any]) -> LimitedConnection:
    """Open a second connection to the same address, with a short time limit for statements."""
    probe = LimitedConnection.connect(*args, **options, autocommit=True)
    probe.work_seconds = probe.page_seconds = PING_SECONDS
    return probe
