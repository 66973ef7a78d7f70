"""The rows of other documents in the responses of a stand-in, for sources that have only lists."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from hub.testing.exchanges.response_values import Path, ResponseValue

IsGone = Callable[[ResponseValue, list[object]], bool]


class DocumentRow(NamedTuple):
    """A list of rows in a response, and the place of the row of a document in it."""

    rows: ResponseValue
    place: int

    def has(self, call: str, path: Path) -> bool:
        """Return whether a value belongs to the document, or to no row of such a list."""
        depth = len(self.rows.path)
        if path[:depth] != self.rows.path or _get_address(call) != _get_address(self.rows.call):
            return True
        return len(path) > depth and path[depth] == self.place and call == self.rows.call


def find_document_rows(lists: Iterable[ResponseValue], is_gone: IsGone) -> Iterator[DocumentRow]:
    """Yield the lists from which a document was read by looking for its row.

    `is_gone` tells whether the source does not have the document if a list is another. A list
    whose entries are parts of the document, such as its lines, is none of them: without one entry
    the document is still there.
    """
    for rows in lists:
        place = _find_place(rows, is_gone)
        if place is not None:
            yield DocumentRow(rows, place)


def _find_place(rows: ResponseValue, is_gone: IsGone) -> int | None:
    """Return the place of the only row without which the document is gone; None if there is none.

    Half of the rows are left out at a time, so that a long list needs few readings.
    """
    if not is_gone(rows, []):
        return None
    first, end = 0, len(rows.value)
    while end - first > 1:
        middle = (first + end) // 2
        if is_gone(rows, rows.value[first:middle]):
            first = middle
        else:
            end = middle
    without_it = [*rows.value[:first], *rows.value[end:]]
    return first if is_gone(rows, without_it) else None


def _get_address(call: str) -> str:
    """Return the method and the path of a call, the same for each page of a list."""
    return call.partition("?")[0]
