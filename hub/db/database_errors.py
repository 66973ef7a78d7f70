"""Errors of the database that are not the caller's, and repetition after a conflict."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import current_app
from sqlalchemy.exc import (
    DatabaseError,
    DBAPIError,
    InterfaceError,
    InternalError,
    OperationalError,
)

from hub.errors import DatabaseUnavailable, Retry

UNAVAILABLE_ERRORS = (OperationalError, InternalError, InterfaceError)
# PostgreSQL undid a transaction to resolve a deadlock, or because it could not be serialized.
CONFLICT_CODES = ("40P01", "40001")
LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL, after the time for which a transaction waits for a lock
NO_PERMISSION = "42501"  # PostgreSQL lets the role not do this, such as create tables
# What SQLite answers for a file that is no database any more.
DAMAGES = ("file is not a database", "database disk image is malformed")
DISK_ERROR = "disk I/O error"
# What PostgreSQL answers if the server, the role or the database has no connection left.
NO_CONNECTION_LEFT = (
    "remaining connection slots are reserved",
    "too many clients already",
    "too many connections for",
)
# What the driver writes before the reasons of several servers.
FAILURES_OF_SERVERS = "Multiple connection attempts failed. All failures were:\n"
MAX_TRIES = 5
PAUSE_SECONDS = 0.05  # longer after each try: the other transaction gets the rows first
MAX_OUTAGE_SECONDS = 30.0  # a failover of PostgreSQL usually takes less
OUTAGE_PAUSE_SECONDS = 1.0
P = ParamSpec("P")
T = TypeVar("T")


class TransactionConflict(DatabaseUnavailable):
    """The database undid a transaction because another one needed the same rows."""

    def __init__(self) -> None:
        Retry.__init__(
            self,
            "Another person or a run was changing the same data at that moment. Nothing was"
            " changed; try again.",
        )


class DatabaseDamaged(DatabaseUnavailable):
    """The file of an SQLite database has been overwritten or cut off."""

    def __init__(self, url: str, why: str) -> None:
        Retry.__init__(
            self,
            "The database %(url)s cannot be used: %(why)s. It is damaged: move the file, and those"
            " beside it that end in -wal and -shm, to a safe place, and restore the newest backup"
            " with `hub restore`.",
            url=url,
            why=why,
        )


def translate(error: DBAPIError, address: str) -> DatabaseUnavailable | None:
    """Return an error of the database at this address for people; None if it is the caller's."""
    code = getattr(error.orig, "sqlstate", None)
    if code == NO_PERMISSION:
        return DatabaseUnavailable(address, str(error.orig).partition("\n")[0])
    if not isinstance(error, UNAVAILABLE_ERRORS) and type(error) is not DatabaseError:
        return None
    if code in CONFLICT_CODES:
        return TransactionConflict()
    reason = _join_failures(str(error.orig).strip())
    if reason in DAMAGES:
        return DatabaseDamaged(address, reason)
    if reason == DISK_ERROR:
        reason = f"{reason}, because its disk is full, read-only or broken"
    if any(text in reason for text in NO_CONNECTION_LEFT):
        reason = (
            f"{reason}; all connections that it allows are in use: raise max_connections, or the"
            " limit of the role or database"
        )
    return DatabaseUnavailable(address, reason)


def _join_failures(reason: str) -> str:
    """Return why no connection could be made to any of several servers, in one line."""
    _, is_list, failures = reason.partition(FAILURES_OF_SERVERS)
    if not is_list:
        return reason
    texts = []
    for failure in failures.splitlines():
        if failure.startswith("- "):  # other lines are advice of libpq
            texts.append(failure.rpartition(": connection failed: ")[2].removeprefix("- "))
    return "; ".join(texts)


def repeat_after_conflict(act: Callable[P, T]) -> Callable[P, T]:
    """Let a function begin anew if its transaction was undone because of a conflict.

    The function may have one transaction that writes, and must change nothing else before the
    transaction is committed.
    """

    @wraps(act)
    def repeat(*args: P.args, **options: P.kwargs) -> T:
        for tries in range(1, MAX_TRIES):
            try:
                return act(*args, **options)
            except TransactionConflict:
                current_app.extensions["hub"].clock.sleep(tries * PAUSE_SECONDS)
        return act(*args, **options)

    return repeat


def repeat_during_outage(act: Callable[P, T]) -> Callable[P, T]:
    """Let a function begin anew while the database cannot be used, for half a minute at most.

    This is for what would be lost otherwise, such as a token that was issued in place of another.
    The function may have one transaction that writes, as for `repeat_after_conflict`.
    """

    @wraps(act)
    def repeat(*args: P.args, **options: P.kwargs) -> T:
        clock = current_app.extensions["hub"].clock
        give_up_at = clock.monotonic() + MAX_OUTAGE_SECONDS
        while True:
            try:
                return act(*args, **options)
            except DatabaseUnavailable:
                if clock.monotonic() >= give_up_at:
                    raise
            clock.sleep(OUTAGE_PAUSE_SECONDS)

    return repeat
