"""Write many rows of a table at once: add the new ones and overwrite those that are stored."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import inspect, select, tuple_
from sqlalchemy.orm import Session

from hub.db.engine import Model

Key = tuple[Any, ...]
KEYS_PER_QUERY = 200
UNCOUNTED_COLUMNS = ("read_at",)  # columns whose change does not make a row count as changed


def upsert(session: Session, table: type[Model], rows: Sequence[dict[str, Any]]) -> int:
    """Insert or update rows by primary key and return how many are new or changed.

    Of two rows with the same key the last one counts.
    """
    names = [str(column.key) for column in inspect(table).primary_key]
    rows_by_key: dict[Key, dict[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in names)
        rows_by_key[key] = row

    changed_count = 0
    keys = list(rows_by_key)
    for start in range(0, len(keys), KEYS_PER_QUERY):
        part = keys[start : start + KEYS_PER_QUERY]
        stored_rows = _load_stored_rows(session, table, names, part)
        for key in part:
            entry = stored_rows.get(key)
            if entry is None:
                session.add(table(**rows_by_key[key]))
                changed_count += 1
            elif _overwrite(entry, rows_by_key[key]):
                changed_count += 1
    session.flush()
    return changed_count


def _load_stored_rows(
    session: Session, table: type[Model], names: Sequence[str], keys: Sequence[Key]
) -> dict[Key, Model]:
    """Return the stored rows with these keys, by key; `names` are the columns of the key."""
    columns = tuple_(*(getattr(table, name) for name in names))
    query = select(table).where(columns.in_(keys))
    stored_rows: dict[Key, Model] = {}
    for entry in session.scalars(query):
        key = tuple(getattr(entry, name) for name in names)
        stored_rows[key] = entry
    return stored_rows


def _overwrite(entry: Model, row: dict[str, Any]) -> bool:
    """Overwrite a stored row and return whether a column changes that counts."""
    is_changed = False
    for name, value in row.items():
        if getattr(entry, name) == value:
            continue
        setattr(entry, name, value)
        if name not in UNCOUNTED_COLUMNS:
            is_changed = True
    return is_changed
