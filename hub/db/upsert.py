"""Many rows into a table at once: new ones added, known ones overwritten."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import inspect, select, tuple_
from sqlalchemy.orm import Session

from hub.db.engine import Model

AT_ONCE = 200


UNCOUNTED = ("read_at",)


def upsert(session: Session, table: type[Model], rows: Sequence[dict[str, Any]]) -> int:
    """Write the rows by primary key, of two with the same key the last; return how many say something new."""
    changed = 0
    keys = [str(column.key) for column in inspect(table).primary_key]
    latest = {tuple(row[key] for key in keys): row for row in rows}
    columns = tuple_(*(getattr(table, key) for key in keys))
    wanted = list(latest)
    for start in range(0, len(wanted), AT_ONCE):
        part = wanted[start : start + AT_ONCE]
        held = {
            tuple(getattr(one, key) for key in keys): one
            for one in session.scalars(select(table).where(columns.in_(part)))
        }
        session.add_all(table(**latest[key]) for key in part if key not in held)
        changed += (
            len(part) - len(held) + sum(_overwrite(one, latest[key]) for key, one in held.items())
        )
    session.flush()
    return changed


def _overwrite(one: Model, row: dict[str, Any]) -> bool:
    """Overwrite a row and return whether it says anything new."""
    told = [name for name, value in row.items() if getattr(one, name) != value]
    for name in told:
        setattr(one, name, row[name])
    return any(name not in UNCOUNTED for name in told)
