"""Deletions that a source does not announce, found by comparing its ids with those it had."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from urllib.parse import quote, unquote

from hub.contract.documents import Checkpoint, Gone, Yielded

QUOTED = "="  # before an id that is not a plain number


class DeletionSweep:
    """Compare the ids of all documents with those that were read before, once a day.

    A document that is missing is reported as `inferred`: it counts as gone only after two readings,
    because a right that was taken away looks the same. Create the sweep with its cursor, pass all
    documents through `watch`, and if it `is_due`, pass the ids of the source to `compare`. Do that
    last: its Checkpoint says that the day is done.

        sweep = DeletionSweep(cursors.get("deletions", ""), site.today, prefix="order:")
        yield from sweep.watch(changed_orders(site, cursors.get("", "")))
        if sweep.is_due:
            yield from sweep.compare(source.order_ids(), reason="It was deleted in Shed.")
    """

    def __init__(
        self, cursor: str, today: dt.date, *, prefix: str = "", stream: str = "deletions"
    ) -> None:
        self._day, _, ids = cursor.partition("|")
        self._ids = parse_ids(ids)
        self._today = today.isoformat()
        self._prefix, self._stream = prefix, stream

    @property
    def is_first(self) -> bool:
        """Return whether there is nothing to compare with yet."""
        return not self._day

    @property
    def is_due(self) -> bool:
        """Return whether the ids were not compared today."""
        return self._day != self._today

    def watch(self, items: Iterable[Yielded]) -> Iterator[Yielded]:
        """Yield the items and remember their ids, so that one that is soon deleted is missed."""
        stored = len(self._ids)
        for item in items:
            if not isinstance(item, Checkpoint):
                self._ids.add(item.source_id.removeprefix(self._prefix))
            elif len(self._ids) > stored:
                stored = len(self._ids)
                yield self._checkpoint()
            yield item

    def compare(self, ids: Iterable[str | int], *, reason: str) -> Iterator[Gone | Checkpoint]:
        """Yield an inferred Gone for each document that is not among `ids`, then a Checkpoint."""
        present = {str(id) for id in ids}
        for id in sorted(self._ids - present, key=_sort_key):
            yield Gone(source_id=f"{self._prefix}{id}", reason=reason, inferred=True)
        self._day, self._ids = self._today, present
        yield self._checkpoint()

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(cursor=f"{self._day}|{format_ids(self._ids)}", stream=self._stream)


def format_ids(ids: Collection[str]) -> str:
    """Return ids as text that stays short however many numbers there are: `1-5,8,=a12`."""
    numbers = [int(id) for id in ids if _is_number(id)]
    others = sorted(id for id in ids if not _is_number(id))
    parts = [_format_range(first, last) for first, last in _ranges(numbers)]
    parts += [QUOTED + quote(id, safe="") for id in others]
    return ",".join(parts)


def _ranges(numbers: Iterable[int]) -> list[list[int]]:
    """Return the first and last number of each unbroken row of numbers."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges


def _format_range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def parse_ids(text: str) -> set[str]:
    """Return the ids that `format_ids` converted to text; raise ValueError for any other text."""
    ids: set[str] = set()
    for part in filter(None, text.split(",")):
        if part.startswith(QUOTED):
            ids.add(unquote(part.removeprefix(QUOTED)))
            continue
        first, _, last = part.partition("-")
        ids.update(str(number) for number in range(int(first), int(last or first) + 1))
    return ids


def _is_number(id: str) -> bool:
    return id.isascii() and id.isdecimal() and (id == "0" or not id.startswith("0"))


def _sort_key(id: str) -> tuple[int, str]:
    return (int(id) if _is_number(id) else 0, id)
