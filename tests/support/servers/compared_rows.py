"""Count the rows that PostgreSQL reads for the statements of a block, also those rejected."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from hub.db.engine import db


@contextmanager
def count_compared_rows() -> Iterator[Callable[[], int]]:
    """Yield a function that executes the statements of the block again and counts their rows."""
    statements = []

    def note(connection: Any, cursor: Any, sql: str, parameters: Any, *rest: Any) -> None:
        statements.append((sql, parameters))

    def count() -> int:
        compared = 0
        with db.engine.connect() as connection:
            for sql, parameters in statements:
                explain = f"EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) {sql}"
                plans: Any = connection.exec_driver_sql(explain, parameters).scalar()
                compared += _count_rows(plans[0]["Plan"])
        return compared

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield count
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def _count_rows(node: Any) -> int:
    """Return how many rows the parts of a plan read."""
    rejected = sum(value for name, value in node.items() if name.startswith("Rows Removed by"))
    rows: int = (node["Actual Rows"] + rejected) * node["Actual Loops"]
    return rows + sum(_count_rows(part) for part in node.get("Plans", ()))
