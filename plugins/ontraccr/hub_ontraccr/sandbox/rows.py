"""Rows by id that can also be read in the order of their changes, from any place on."""

import bisect


class Rows(dict):
    """A row has `id` and `updated_at`; what changes moves to the end."""

    def __init__(self):
        super().__init__()
        self._order = []

    def put(self, row):
        """Adds a row, or puts another in its place."""
        if row["id"] in self:
            self._order.pop(bisect.bisect_left(self._order, place(self[row["id"]])))
        self[row["id"]] = row
        bisect.insort(self._order, place(row))

    def after(self, behind):
        """The rows whose last change lies behind the place, the oldest first."""
        start = bisect.bisect_right(self._order, behind) if behind else 0
        for index in range(start, len(self._order)):
            yield self[self._order[index][1]]


def place(row):
    """Where a row stands among the changes."""
    return row["updated_at"], row["id"]
