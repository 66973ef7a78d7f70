"""How Alembic reaches the database of the application at hand."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from alembic import context
from filelock import FileLock
from sqlalchemy import text
from sqlalchemy.types import TypeDecorator

from hub.db.engine import BUSY_SECONDS, db
from hub.migrations import schema

LOCK = 0x6D696772  # PostgreSQL advisory lock: one process migrates, the others wait and find nothing left to do


def render(kind: str, thing: Any, autogen: Any) -> Any:
    """A revision names plain column types, so that it stays as it is when the hub's own types change."""
    if kind == "type" and isinstance(thing, TypeDecorator):
        return f"sa.{thing.impl!r}"
    return False


def alone() -> AbstractContextManager[object]:
    """Who opens a new SQLite file while another turns on its log is refused at once; so one waits for the other."""
    file = db.engine.url.database if db.engine.dialect.name == "sqlite" else None
    return FileLock(f"{file}.lock", timeout=BUSY_SECONDS) if file else nullcontext()


with alone(), db.engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        render_as_batch=True,
        render_item=render,
        compare_type=True,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        if context.config.attributes.get("upgrades"):
            schema.require_upgradable(connection)
        context.run_migrations()
