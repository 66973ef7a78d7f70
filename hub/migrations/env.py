"""How Alembic reaches the database of the application at hand."""

import math
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from alembic import context
from filelock import FileLock
from sqlalchemy import text
from sqlalchemy.types import TypeDecorator

from hub.db.engine import BUSY_SECONDS, db
from hub.migrations import schema

# PostgreSQL advisory lock: one process migrates, the others wait and have nothing left to do.
MIGRATION_LOCK = 0x6D696772


def render(kind: str, thing: Any, autogen: Any) -> Any:
    """Render plain column types, so that a revision does not depend on the hub's own types."""
    if kind == "type" and isinstance(thing, TypeDecorator):
        return f"sa.{thing.impl!r}"
    return False


def lock_new_file() -> AbstractContextManager[object]:
    """Lock a new SQLite file: SQLite refuses a second process while the first sets it up."""
    file = db.engine.url.database if db.engine.dialect.name == "sqlite" else None
    return FileLock(f"{file}.lock", timeout=BUSY_SECONDS) if file else nullcontext()


with lock_new_file(), db.engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        render_as_batch=True,
        render_item=render,
        include_name=schema.is_own_table,
        compare_type=True,
    )
    if connection.dialect.name == "postgresql":
        driver_connection: Any = connection.connection.driver_connection
        driver_connection.work_seconds = math.inf  # a revision may change millions of rows
        connection.detach()  # so that the pool gets no connection without a time limit
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        if context.config.attributes.get("upgrades"):
            schema.require_upgradable(connection)
        context.run_migrations()
