"""Run the revisions of Alembic on the database of the current application."""

import math
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from alembic import context
from filelock import FileLock
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.types import TypeDecorator

from hub.clock import SystemClock
from hub.db.database_errors import CONFLICT_CODES, LOCK_NOT_AVAILABLE
from hub.db.engine import BUSY_SECONDS, db
from hub.migrations import schema

# PostgreSQL advisory lock: one process migrates, the others wait and have nothing left to do.
MIGRATION_LOCK = 0x6D696772
# An upgrade locks one table after the other while runs use them. If both wait for each other,
# PostgreSQL undoes the transaction that notices it first after a second, which may be that of a
# run. The upgrade therefore waits less for a lock, and begins again when it does not get it.
LOCK_SECONDS = 0.2
PAUSE_SECONDS = 0.5  # between two tries
MAX_SECONDS = 60.0  # after which a last try waits for each lock as long as it takes


def render(kind: str, thing: Any, autogen: Any) -> Any:
    """Render plain column types, so that a revision does not depend on the hub's own types."""
    if kind == "type" and isinstance(thing, TypeDecorator):
        return f"sa.{thing.impl!r}"
    return False


def lock_new_file() -> AbstractContextManager[object]:
    """Lock a new SQLite file: SQLite refuses a second process while the first sets it up."""
    file = db.engine.url.database if db.engine.dialect.name == "sqlite" else None
    return FileLock(f"{file}.lock", timeout=BUSY_SECONDS) if file else nullcontext()


def set_up_alembic(connection: Connection) -> None:
    """Say which tables the revisions are for."""
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        render_as_batch=True,
        render_item=render,
        include_name=schema.is_own_table,
        compare_type=True,
    )


def migrate() -> None:
    """Check the tables and run the revisions."""
    if context.config.attributes.get("upgrades"):
        schema.require_upgradable(context.get_bind())
    context.run_migrations()


def migrate_postgresql(connection: Connection) -> None:
    """Run the revisions without ending transactions of processes that use the hub meanwhile."""
    driver_connection: Any = connection.connection.driver_connection
    driver_connection.work_seconds = math.inf  # a revision may change millions of rows
    connection.detach()  # so that the pool gets no connection without a time limit
    clock = SystemClock()
    end = clock.monotonic() + MAX_SECONDS
    while clock.monotonic() < end:
        try:
            try_postgresql(connection, LOCK_SECONDS)
            return
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) not in (LOCK_NOT_AVAILABLE, *CONFLICT_CODES):
                raise
            clock.sleep(PAUSE_SECONDS)
    try_postgresql(connection, lock_seconds=0)


def try_postgresql(connection: Connection, lock_seconds: float) -> None:
    """Run the revisions in one transaction.

    Raise OperationalError, and change nothing, if a lock takes longer; 0 stands for no limit.
    """
    limit = text("SELECT set_config('lock_timeout', :milliseconds, true)")
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.execute(limit, {"milliseconds": str(int(lock_seconds * 1000))})
        migrate()


with lock_new_file(), db.engine.connect() as connection:
    set_up_alembic(connection)
    if connection.dialect.name == "postgresql":
        migrate_postgresql(connection)
    else:
        with context.begin_transaction():
            migrate()
