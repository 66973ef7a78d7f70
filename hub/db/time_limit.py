"""Time limits for statements that this side keeps: a server that is frozen keeps none.

PostgreSQL's own limits and the keepalives do not help there: its processes are stopped, while the
kernel of its machine still confirms every packet.
"""

from collections.abc import Generator
from time import monotonic
from typing import Any

from flask import has_request_context
from psycopg import AsyncConnection, Connection, OperationalError
from psycopg.pq.abc import PGconn
from sqlalchemy import Engine, event

WORK_SECONDS = 300.0  # for one statement of a run or a command
# For the question whether a connection of the pool still works: another server may have taken the
# place of one that is frozen.
PING_SECONDS = 20.0
Operation = Generator[Any, Any, Any]  # of the driver


class LimitedConnection(Connection[Any]):
    """A connection that is closed if a statement takes longer than its limit."""

    work_seconds = WORK_SECONDS
    page_seconds = WORK_SECONDS  # for a statement of a request to the web server
    is_pinging = False

    def wait(self, gen: Operation, *args: Any, **options: Any) -> Any:
        """Carry out an operation of the driver; raise OperationalError if its time is over."""
        seconds = self.page_seconds if has_request_context() else self.work_seconds
        if self.is_pinging:
            seconds = min(seconds, PING_SECONDS)
        return super().wait(_run_limited(self.pgconn, gen, seconds), *args, **options)


class LimitedAsyncConnection(AsyncConnection[Any]):
    """A connection of an event loop that is closed if an operation takes longer than its limit.

    To wait for a notification is an operation, too.
    """

    work_seconds = WORK_SECONDS

    async def wait(self, gen: Operation, *args: Any, **options: Any) -> Any:
        """Carry out an operation of the driver; raise OperationalError if its time is over."""
        limited = _run_limited(self.pgconn, gen, self.work_seconds)
        return await super().wait(limited, *args, **options)


def _run_limited(connection: PGconn, operation: Operation, seconds: float) -> Operation:
    """Pass an operation on; the driver resumes it every tenth of a second without data."""
    ends_at = monotonic() + seconds
    try:
        needed = next(operation)
        while True:
            ready = yield needed
            if not ready and monotonic() > ends_at:
                connection.finish()  # an answer that comes later belongs to no statement
                raise OperationalError(f"the server did not answer within {seconds:g} seconds")
            needed = operation.send(ready)
    except StopIteration as end:
        return end.value


def limit_statements(
    engine: Engine, *, page_seconds: float, work_seconds: float = WORK_SECONDS
) -> None:
    """Limit how long each statement of an engine for PostgreSQL may take."""

    def connect(dialect: Any, record: Any, args: list[Any], options: dict[str, Any]) -> Any:
        connection = LimitedConnection.connect(*args, **options)
        connection.page_seconds = page_seconds
        connection.work_seconds = work_seconds
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
