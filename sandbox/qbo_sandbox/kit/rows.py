"""Rows by id that can also be read in the order of their changes."""

import base64
import bisect
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from qbo_sandbox.kit.json_object import JsonObject

Place = tuple[str, str]  # the time of the last change, and the id as text


class Rows(dict[Any, JsonObject]):
    """Rows by `id`, in the order of their last changes.

    `changed_at` names the field with the time of the last change.
    """

    def __init__(self, *, changed_at: str = "updated_at") -> None:
        super().__init__()
        self.changed_at = changed_at
        self._order: list[Place] = []

    def put(self, row: JsonObject) -> None:
        """Add or replace a row."""
        id = row["id"]
        if id in self:
            former_place = self.place(self[id])
            index = bisect.bisect_left(self._order, former_place)
            del self._order[index]
        self[id] = row
        new_place = self.place(row)
        bisect.insort(self._order, new_place)

    def find(self, id: str) -> JsonObject | None:
        """Return the row with this id, or None; the text also finds an id that is a number."""
        row = self.get(id)
        if row is None and id.isdecimal():
            return self.get(int(id))
        return row

    def remove(self, id: Any) -> None:
        """Remove a row, if it is there."""
        row = self.pop(id, None)
        if row is not None:
            self._order.remove(self.place(row))

    def place(self, row: JsonObject) -> Place:
        """Return the place of a row among the changes."""
        id = str(row["id"])
        return row[self.changed_at], id

    def changed_since(self, moment: str) -> list[JsonObject]:
        """Return the rows that changed at a moment or later, the oldest change first."""
        changed_at = self.changed_at
        rows = self.after(None)
        return [row for row in rows if row[changed_at] >= moment]

    def page_after(
        self,
        cursor: str,
        size: int,
        *,
        since: str = "",
        is_listed: Callable[[JsonObject], bool] = bool,
    ) -> tuple[list[JsonObject], str, bool]:
        """Return the rows after a cursor, the cursor after them, and whether more follow.

        The first page is after the cursor "". The list has the rows that changed at the moment
        `since` or later and for which `is_listed` is true; without both it has all. Raise
        ValueError for a text that is no cursor.
        """
        place = parse_cursor(cursor) if cursor else None

        def is_in_list(row: JsonObject) -> bool:
            """Return whether a row changed since the moment and is listed."""
            return row[self.changed_at] >= since and is_listed(row)

        rows, has_more = self.first_after(place, size, is_in_list)
        if rows:
            moment, id = self.place(rows[-1])
            cursor = format_cursor(moment, id)
        return rows, cursor, has_more

    def first_after(
        self,
        behind: Place | None,
        size: int,
        is_listed: Callable[[JsonObject], bool] = bool,
    ) -> tuple[list[JsonObject], bool]:
        """Return the first rows that changed after the place, and whether more follow."""
        listed_rows = filter(is_listed, self.after(behind))
        rows = list(islice(listed_rows, size + 1))
        has_more = len(rows) > size
        return rows[:size], has_more

    def after(self, behind: Place | None) -> Iterator[JsonObject]:
        """Yield the rows whose last change is after the place, the oldest first."""
        start = 0
        if behind:
            start = bisect.bisect_right(self._order, behind)
        for index in range(start, len(self._order)):
            _, id = self._order[index]
            row = self.find(id)
            if row is not None:
                yield row


def row_fields(names: type, **renamed: str) -> dict[str, str]:
    """Return the books' names of fields by the API's names, for `encode_row` and `decode_row`.

    `names` has a constant with the API's name for each field. The books call a field like its
    constant in lower case, or as `renamed` says: `row_fields(names.Order, date="ordered_on")`.
    """
    fields = {}
    for parent in reversed(names.__mro__):
        for constant, api_name in vars(parent).items():
            if constant.isupper():
                own_name = constant.lower()
                fields[api_name] = renamed.get(own_name, own_name)
    return fields


def encode_row(row: Mapping[str, Any], fields: Mapping[str, str]) -> JsonObject:
    """Return a row of the books with the API's names; `fields` has the books' names by these."""
    api_row = {}
    for name, own_name in fields.items():
        if own_name in row:
            api_row[name] = row[own_name]
    return api_row


def decode_row(sent: Mapping[str, Any], fields: Mapping[str, str]) -> JsonObject:
    """Return what an API was sent with the books' names; `fields` is that of `encode_row`."""
    books_row = {}
    for name, own_name in fields.items():
        if name in sent:
            books_row[own_name] = sent[name]
    return books_row


def format_cursor(moment: str, id: str) -> str:
    """Return a place as an opaque text."""
    place = f"{moment}|{id}"
    text = base64.urlsafe_b64encode(place.encode()).decode()
    return text.rstrip("=")


def parse_cursor(text: str) -> Place:
    """Return the place of a cursor; raise ValueError if it is none."""
    padding = "=" * (-len(text) % 4)
    place = base64.urlsafe_b64decode(text + padding).decode()
    moment, bar, id = place.partition("|")
    if not bar:
        raise ValueError("This is no cursor.")
    return moment, id
