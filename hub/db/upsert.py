"""Many rows into a table at once: new ones added, known ones overwritten."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import inspect, select, tuple_
from sqlalchemy.orm import Session

from hub.db.engine import Model

KEYS_PER_QUERY = 200
UNCOUNTED = ("read_at",)


def upsert(session: Session, table: type[Model], rows: Sequence[dict[str, Any]]) -> int:
    """Insert or update rows by primary key and return how many are new or changed.

    Of two rows with the same key the last one counts.
    """
    changed = 0
    names = [str(column.key) for column in inspect(table).primary_key]
    rows_by_key = {tuple(row[name] for name in names): row for row in rows}
    columns = tuple_(*(getattr(table, name) for name in names))
    keys = list(rows_by_key)
    for start in range(0, len(keys), KEYS_PER_QUERY):
        part = keys[start : start + KEYS_PER_QUERY]
        stored = {}
        for entry in session.scalars(select(table).where(columns.in_(part))):
            stored[tuple(getattr(entry, name) for name in names)] = entry
        for key in part:
            if key not in stored:
                session.add(table(**rows_by_key[key]))
                changed += 1
        for key, entry in stored.items():
            if _overwrite(entry, rows_by_key[key]):
                changed += 1
    session.flush()
    return changed


def _overwrite(one: Model, row: dict[str, Any]) -> bool:
    """Overwrite a row and return whether it says anything new."""
    told = [name for name, value in row.items() if getattr(one, name) != value]
    for name in told:
        setattr(one, name, row[name])
    return any(name not in UNCOUNTED for name in told)
