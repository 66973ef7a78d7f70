"""Select and export entries of the audit log."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select

from hub import spreadsheets
from hub.db import engine
from hub.db.text_search import contains_text
from hub.models import AuditEntry

COLUMNS = ("number", "at", "who", "what", "subject", "address", "detail")
ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class Filter:
    """The conditions for the entries to show; an empty field does not restrict them."""

    text: str = ""  # a part of who, what or subject
    is_shown: ColumnElement[bool] | None = None  # of entries that the text finds in other words
    who: str = ""
    what: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None  # not included

    def select(self) -> Select[AuditEntry]:
        """Return the query for the entries, in no order."""
        query = select(AuditEntry)
        if self.text:
            columns = (AuditEntry.who, AuditEntry.what, AuditEntry.subject)
            hits = [contains_text(column, self.text) for column in columns]
            if self.is_shown is not None:
                hits.append(self.is_shown)
            query = query.where(or_(*hits))
        if self.who:
            query = query.where(AuditEntry.who == self.who)
        if self.what:
            query = query.where(AuditEntry.what == self.what)
        if self.since:
            query = query.where(AuditEntry.at >= self.since)
        if self.until:
            query = query.where(AuditEntry.at < self.until)
        return query


def iter_rows(entry_filter: Filter) -> Iterator[dict[str, Any]]:
    """Yield the entries, oldest first, without loading all of them at once.

    No transaction is open while a row is printed: the reader of the output may take its time.
    """
    query = entry_filter.select().order_by(AuditEntry.id).limit(ROWS_AT_ONCE)
    last_id = 0
    while True:
        with engine.read_only_session() as session:
            entries = session.scalars(query.where(AuditEntry.id > last_id)).all()
        yield from map(build_row, entries)
        if len(entries) < ROWS_AT_ONCE:
            return
        last_id = entries[-1].id


def build_row(entry: AuditEntry) -> dict[str, Any]:
    """Return an entry as a row of an exported file."""
    detail = dict(entry.detail)
    return {
        "number": entry.number or entry.id,
        "at": entry.at.isoformat(),
        "who": entry.who,
        "what": entry.what,
        "subject": entry.subject,
        "address": detail.pop("address", ""),
        "detail": detail,
    }


def as_csv(entry_filter: Filter) -> Iterator[bytes]:
    """Yield the entries as a CSV file for spreadsheets, part by part."""
    lines = (_format_cells(row) for row in iter_rows(entry_filter))
    return spreadsheets.stream(COLUMNS, lines)


def _format_cells(row: dict[str, Any]) -> list[Any]:
    """Return the values of an entry, with its details as JSON."""
    detail = json.dumps(row["detail"], ensure_ascii=False, default=str)
    return list((row | {"detail": detail}).values())
