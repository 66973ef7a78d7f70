"""Many rows into a table at once: new ones inserted, known ones overwritten, on either database."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, inspect, select, tuple_, update
from sqlalchemy.orm import Session

from hub.store import Model

AT_ONCE = 200


def upsert(session: Session, table: type[Model], rows: Sequence[dict[str, Any]]) -> None:
    """Writes the rows by primary key; of two with the same key the last counts."""
    keys = [str(column.key) for column in inspect(table).primary_key]
    latest = {tuple(row[key] for key in keys): row for row in rows}
    for start in range(0, len(latest), AT_ONCE):
        part = dict(list(latest.items())[start : start + AT_ONCE])
        columns = tuple_(*(getattr(table, key) for key in keys))
        known = {tuple(found) for found in session.execute(select(*columns.clauses).where(columns.in_(list(part))))}
        if fresh := [row for key, row in part.items() if key not in known]:
            session.execute(insert(table), fresh)
        if changed := [row for key, row in part.items() if key in known]:
            session.execute(update(table), changed)
    session.expire_all()
