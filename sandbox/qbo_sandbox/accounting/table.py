"""The rows of one kind in one company, with the indexes that make queries fast."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import Any

from qbo_sandbox.accounting.ledger import Entries
from qbo_sandbox.accounting.values import load
from qbo_sandbox.kit.json_object import JsonObject


class Row:
    """One object: a list entry as data, a transaction as JSON text with its most used fields."""

    __slots__ = (
        "active",
        "before",
        "body",
        "booked",
        "born",
        "created",
        "data",
        "head",
        "id",
        "indexed",
        "names_version",
        "seq",
        "token",
        "updated",
    )

    def __init__(self, id: str, seq: int) -> None:
        self.id = id
        self.seq = seq
        self.token = 0
        self.created = 0.0
        self.updated = 0.0
        self.born = 0.0
        self.indexed = 0.0
        self.active = True
        self.body: bytes | None = None
        self.data: JsonObject | None = None
        self.before: bytes | None = None
        self.head: tuple[Any, ...] = ()
        self.booked: Entries = ()
        self.names_version = 0

    def read(self) -> JsonObject:
        """Return the object for reading; change only a copy of it."""
        if self.data is not None:
            return self.data
        assert self.body is not None
        entity: JsonObject = load(self.body)
        return entity


class SortedIds:
    """Ids in the order of a moment, such as that of their creation."""

    def __init__(self) -> None:
        self._moments: list[tuple[float, int, str]] = []

    def add(self, at: float, seq: int, id: str) -> None:
        """Add an id at a moment; of one moment, the lower sequence number comes first."""
        moment = (at, seq, id)
        is_newest = not self._moments or moment >= self._moments[-1]
        if is_newest:
            self._moments.append(moment)
        else:
            insort(self._moments, moment)

    def remove(self, at: float, seq: int, id: str) -> None:
        """Remove an id that was added at this moment."""
        moment = (at, seq, id)
        index = bisect_left(self._moments, moment)
        if index < len(self._moments) and self._moments[index] == moment:
            del self._moments[index]

    def between(
        self, low: float | None, high: float | None, *, falling: bool = False
    ) -> Iterator[str]:
        """Return the ids whose time is in low <= time <= high."""
        first = 0
        if low is not None:
            first = bisect_left(self._moments, (low,))
        end = len(self._moments)
        if high is not None:
            end = bisect_right(self._moments, (high, float("inf"), ""))
        indexes = range(first, end)
        if falling:
            indexes = indexes[::-1]
        return (self._moments[index][2] for index in indexes)


class Table:
    """All rows of one kind, deleted ones apart."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.gone: dict[str, float] = {}
        self.created = SortedIds()
        self.updated = SortedIds()
        self.by_number: dict[str, list[str]] = {}
        self.by_party: dict[str, dict[str, None]] = {}
        self._seq = 0

    def __len__(self) -> int:
        return len(self.rows)

    def put(self, id: str, created_at: float, updated_at: float, now: float) -> Row:
        """Return the row of an id, new or not, indexed by its times."""
        row = self.rows.get(id)
        if row is None:
            row = self._add(id, created_at, now)
        else:
            self.updated.remove(row.updated, row.seq, id)
        row.updated = updated_at
        self.updated.add(updated_at, row.seq, id)
        return row

    def _add(self, id: str, created_at: float, now: float) -> Row:
        """Add an empty row with the next sequence number."""
        self._seq += 1
        row = Row(id, self._seq)
        row.created = created_at
        row.born = now
        self.rows[id] = row
        self.created.add(created_at, row.seq, id)
        return row

    def touch(self, row: Row, at: float) -> None:
        """Mark a row as changed without a new version, because a balance changed."""
        if at != row.updated:
            self.updated.remove(row.updated, row.seq, row.id)
            row.updated = at
            self.updated.add(at, row.seq, row.id)
        row.body = None

    def remove(self, id: str, at: float) -> Row:
        """Remove an object, and remember when it was deleted."""
        row = self.rows.pop(id)
        self.created.remove(row.created, row.seq, id)
        self.updated.remove(row.updated, row.seq, id)
        self.gone[id] = at
        return row

    def file_number(self, number: str | None, id: str) -> None:
        """Add an object to the index of document numbers."""
        if not number:
            return
        ids = self.by_number.setdefault(number.lower(), [])
        ids.append(id)

    def unfile_number(self, number: str | None, id: str) -> None:
        """Take an object out of the index of document numbers."""
        if not number:
            return
        key = number.lower()
        ids = self.by_number.get(key, [])
        if id in ids:
            ids.remove(id)
            if not ids:
                del self.by_number[key]
