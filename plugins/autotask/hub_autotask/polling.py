"""How the three apps read: a poll of what is open, or exactly the documents that are asked for."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from hub import (
    Checkpoint,
    Document,
    Gone,
    Receipt,
    Row,
    Site,
    StageName,
    Unreadable,
    Yielded,
    readable,
)
from hub_autotask import seen
from hub_autotask.client import Autotask, blank, day, either, midnight, where
from hub_autotask.lists import Lists

FAILED = dt.date(1999, 12, 31)


class Mark:
    """The text field by which Autotask knows what was transferred: empty, the number in QuickBooks, or ERROR."""

    error = "ERROR"

    def __init__(self, field: str, label: str) -> None:
        self.field, self.label = field, label

    def is_ready(self, row: Row) -> bool:
        """Whether nobody has transferred it yet: null and empty text are both none."""
        return not row[self.field]

    def is_failed(self, row: Row) -> bool:
        """Whether it was marked as failed."""
        return bool(row[self.field] == self.error)

    def open(self) -> tuple[Row, ...]:
        """The conditions of a poll for what is ready, or marked as failed."""
        return blank(self.field), where(self.field, "eq", self.error)


class DateMark(Mark):
    """The same where the mark is a date; a day that cannot be meant says that it failed."""

    error = f"{FAILED}T00:00:00Z"

    def is_failed(self, row: Row) -> bool:
        """Whether it was marked as failed."""
        return bool(row[self.field]) and day(row[self.field], dt.UTC) == FAILED

    def open(self) -> tuple[Row, ...]:
        """The conditions of a poll for what is ready, or marked as failed."""
        return {"op": "notExist", "field": self.field}, where(self.field, "eq", self.error)


def is_error(site: Site, document: Document, receipt: Receipt) -> bool:
    """Return whether a document is to be marked as failed: it was refused, or cannot be posted as it is."""
    stops = receipt.state == "failed" or document.hold or receipt.cause == "currency"
    return bool(stops and site.settings["mark_errors"])


class Kind:
    """One kind of document of Autotask: its entity, how its source ids begin, and how a row is read."""

    entity, prefix = "", ""

    def __init__(self, site: Site, source: Autotask, lists: Lists) -> None:
        self.site, self.source, self.lists = site, source, lists

    def window(self) -> str:
        """The first moment of the first day that is looked at."""
        return midnight(
            self.site.today - dt.timedelta(days=self.site.settings["days_back"]), self.site.zone
        )

    def open(self) -> list[Row]:
        """The conditions of a poll: everything that is open in the window."""
        raise AssertionError("each kind says its own")

    def mark(self) -> Mark:
        """Where Autotask is told."""
        raise AssertionError("each kind says its own")

    def state(self, row: Row) -> str:
        """The state of a row, in a word: it is told of again when that changes."""
        return (
            seen.FAILED
            if self.mark().is_failed(row)
            else seen.OPEN
            if self.mark().is_ready(row)
            else seen.DONE
        )

    def waits(self, row: Row, hold: str | None) -> tuple[StageName, str | None]:
        """(stage, why it waits) by its mark; `hold` is what else stands against it."""
        if self.mark().is_failed(row):
            said = f"It is marked as failed in Autotask: once that is solved, clear its {self.mark().label} there."
            return ("ready", f"{hold} {said}") if hold else ("pending", said)
        return ("ready" if self.mark().is_ready(row) else "update_only"), hold

    def prepare(self, rows: Sequence[Row]) -> None:
        """Asks for all that a page of rows needs, at once."""

    def document(self, row: Row) -> Document:
        """The document that a row is to become."""
        raise AssertionError("each kind says its own")

    # -- the same for all --------------------------------------------------------------------------------------------

    def poll(self, cursor: str | None) -> Iterator[Yielded]:
        """What is open and not told of yet, page by page, each with its Checkpoint; then what is open no more."""
        known = seen.Seen(cursor)
        for page in self.source.pages(self.entity, *self.open()):
            yield from self._read(
                [row for row in page if known.is_news(row["id"], self.state(row))]
            )
            yield Checkpoint(cursor=known.so_far())
        yield from self._read(list(self.source.among(self.entity, "id", known.left())))
        yield Checkpoint(cursor=known.whole())

    def exactly(self, ids: Sequence[str]) -> Iterator[Yielded]:
        """The documents with these source ids, in their order."""
        numbers = [int(text) for id in ids if (text := id.removeprefix(self.prefix)).isdecimal()]
        found = {row["id"]: row for row in self.source.among(self.entity, "id", numbers)}
        read = {f"{self.prefix}{row['id']}": row for row in found.values()}
        done = {item.source_id: item for item in self._read(list(read.values()))}
        for id in ids:
            yield done.get(id) or Gone(
                source_id=id, reason="Autotask does not show it to the API user any more."
            )

    def _read(self, rows: Sequence[Row]) -> Iterator[Document | Unreadable]:
        if rows:
            self.prepare(rows)
        for row in rows:
            yield readable(f"{self.prefix}{row['id']}", self.document, row)


def fresh(field: str, since: str, *more: Any) -> list[Row]:
    """The conditions that a moment lies in the window, and that one of the others holds."""
    return [where(field, "gte", since), either(*more)] if more else [where(field, "gte", since)]
