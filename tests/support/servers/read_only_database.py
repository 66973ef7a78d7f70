"""An SQLite database that cannot be written for a time, as on a full disk."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from hub.db import engine


@contextmanager
def read_only_database(is_read_only: Callable[[], bool] = lambda: True) -> Iterator[None]:
    """Refuse to write to the application's database in the block, while `is_read_only` is True."""
    pool = engine.db.engine.pool

    def set_mode(connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA query_only = {int(is_read_only())}")

    event.listen(pool, "checkout", set_mode)
    try:
        yield
    finally:
        event.remove(pool, "checkout", set_mode)
        pool.dispose()
