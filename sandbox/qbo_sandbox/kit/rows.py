"""Rows by id that can also be read in the order of their changes, as most sources offer theirs."""

import bisect
from collections.abc import Iterator
from typing import Any

Place = tuple[str, Any]


class Rows(dict[Any, dict[str, Any]]):
    """A row has `id` and `updated_at`; what changes moves to the end."""

    def __init__(self) -> None:
        super().__init__()
        self._order: list[Place] = []

    def put(self, row: dict[str, Any]) -> None:
        """Add or replace a row."""
        if row["id"] in self:
            self._order.pop(bisect.bisect_left(self._order, place(self[row["id"]])))
        self[row["id"]] = row
        bisect.insort(self._order, place(row))

    def after(self, behind: Place | None) -> Iterator[dict[str, Any]]:
        """Yield the rows whose last change is after the place, the oldest first."""
        start = bisect.bisect_right(self._order, behind) if behind else 0
        for index in range(start, len(self._order)):
            yield self[self._order[index][1]]


def place(row: dict[str, Any]) -> Place:
    """Return the place of a row among the changes."""
    return row["updated_at"], row["id"]
