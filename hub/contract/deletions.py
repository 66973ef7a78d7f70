"""Deletions that a source does not announce, found by comparing its ids with those it had."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from urllib.parse import quote, unquote

from hub.contract.documents import Checkpoint, Gone, Outcome, Yielded
from hub.contract.long_ids import MAX_ID_LENGTH, is_shortened, shorten_id
from hub.errors import Refused

QUOTED = "="  # before an id that is not a plain number
STREAM = "deletions"  # the end of the stream of a cursor by which deletions are found


class DeletionSweep:
    """Compare the ids of all documents with those that were read before, once a day.

    A document that is missing is reported as `inferred`. It counts as gone only after two readings,
    because a document also disappears if a right was taken away. The id of one that is missing is
    kept until the next comparison, because the list may have left it out by mistake.

    A row that its list left out when it was new is found, too: its id was never read.

    In place of an id that is too long to be stored, the cursor has the id that the hub gives it.

    Create the sweep with its cursor, pass all documents through `watch`, and if it `is_due`, pass
    the ids of the source to `compare`. Do that last: its Checkpoint ends the comparison of the day.
    The name of the `stream` ends with "deletions", so that the ids are kept if the hub reads
    everything again.

        sweep = DeletionSweep(cursors.get("deletions", ""), site.today, prefix="order:")
        yield from sweep.watch(changed_orders(site, cursors.get("", "")))
        if sweep.is_due:
            yield from sweep.compare(source.order_ids(), reason="It was deleted in Shed.")
    """

    def __init__(
        self, cursor: str, today: dt.date, *, prefix: str = "", stream: str = STREAM
    ) -> None:
        """Read the cursor; `prefix` is what the plugin puts before the source's ids.

        Raise Refused for a text that is not the cursor of a sweep.
        """
        self._day, _, ids = cursor.partition("|")
        try:
            self._ids, self._missed = _parse_both(ids)
        except ValueError:
            raise Refused("%(cursor)s is not a cursor of a DeletionSweep.", cursor=cursor) from None
        self._today = today.isoformat()
        self._prefix = prefix
        self._stream = stream

    @property
    def is_first(self) -> bool:
        """Return whether there is nothing to compare with yet."""
        return not self._day

    @property
    def is_due(self) -> bool:
        """Return whether the ids were not compared today."""
        return self._day != self._today

    def watch(self, items: Iterable[Yielded]) -> Iterator[Yielded]:
        """Yield the items and remember their ids, so that `compare` notices their deletion.

        Items whose id does not begin with the prefix are not remembered, because a source has a
        sweep for each of its lists. Yield a Checkpoint of the ids before each Checkpoint among the
        items, and if the reading fails: what was read before is posted, and may be deleted before
        the next reading.
        """
        stored_count = len(self._ids)
        try:
            for item in items:
                if not isinstance(item, Checkpoint):
                    self._remember(item.source_id)
                elif len(self._ids) > stored_count:
                    stored_count = len(self._ids)
                    yield self._build_checkpoint()
                yield item
        except Exception:
            if len(self._ids) > stored_count:
                yield self._build_checkpoint()
            raise

    def compare(
        self,
        ids: Iterable[str | int],
        *,
        reason: str,
        read: Callable[[Sequence[str]], Iterable[Outcome]] | None = None,
    ) -> Iterator[Outcome | Checkpoint]:
        """Yield an inferred Gone for each document that is not among `ids`, then a Checkpoint.

        `read` gets the source ids of the documents that were never read, and returns them. Those
        that it does not return are asked for again with the next comparison.
        """
        present = {self._shorten(str(id)) for id in ids}
        known_ids = self._ids | self._missed
        missing = sorted(known_ids - present, key=_sort_key)
        for id in missing:
            source_id = id if is_shortened(id) else f"{self._prefix}{id}"
            yield Gone(source_id=source_id, reason=reason, inferred=True)
        unread = sorted(present - known_ids, key=_sort_key)
        unread = [id for id in unread if not is_shortened(id)]  # cannot be asked for
        self._missed = self._ids - present
        self._ids = present
        if read and unread:
            self._ids -= set(unread)
            yield from self._read_unread(read, unread)
        self._day = self._today
        yield self._build_checkpoint()

    def _read_unread(
        self, read: Callable[[Sequence[str]], Iterable[Outcome]], ids: Sequence[str]
    ) -> Iterator[Outcome]:
        """Yield the documents with these ids that the source has now, and remember their ids."""
        for item in read([f"{self._prefix}{id}" for id in ids]):
            if not isinstance(item, Gone):
                self._remember(item.source_id)
                yield item

    def _remember(self, source_id: str) -> None:
        """Remember the id of a document, unless it belongs to another list."""
        if source_id.startswith(self._prefix):
            self._ids.add(self._shorten(source_id.removeprefix(self._prefix)))

    def _shorten(self, id: str) -> str:
        """Return an id of the source; if it is too long, the id of its document in the hub."""
        source_id = f"{self._prefix}{id}"
        return id if len(source_id) <= MAX_ID_LENGTH else shorten_id(source_id)

    def _build_checkpoint(self) -> Checkpoint:
        """Return a checkpoint with the day of the last comparison and the ids since."""
        ids = _format_both(self._ids, self._missed)
        return Checkpoint(cursor=f"{self._day}|{ids}", stream=self._stream)


class PartSweep:
    """Notice that a row has lost a part that is a document, such as an invoice one of its payments.

    The parts that each row had when it was read last are kept in a cursor. A part that is missing
    is Gone, as `inferred`, and is kept until its row is compared again.

    The source id of a part is `prefix`, the id of its row, `separator` and its own id, such as
    "payment:7-31"; the ids of rows must not contain the separator. The name of the `stream` ends
    with "deletions", so that the parts are kept if the hub reads everything again. Pass the parts
    of each row that was read to `compare` before its documents are yielded, and all items through
    `watch`.

        stream = "payment deletions"
        sweep = PartSweep(cursors.get(stream, ""), prefix="payment:", stream=stream)
        yield from sweep.watch(changes(sweep))

        def changes(sweep):
            for rows, after in shed.pages("/invoices", cursors.get("")):
                for row in rows:
                    payments = [payment["id"] for payment in row["payments"]]
                    yield from sweep.compare(row["id"], payments, reason="It was deleted in Shed.")
                    yield from read(row)
                yield Checkpoint(cursor=after)
    """

    def __init__(self, cursor: str, *, prefix: str, stream: str, separator: str = "-") -> None:
        """Read the cursor; raise Refused for a text that is not the cursor of such a sweep."""
        try:
            ids, missed_ids = _parse_both(cursor)
        except ValueError:
            raise Refused("%(cursor)s is not a cursor of a PartSweep.", cursor=cursor) from None
        self._separator = separator
        self._parts = self._group_by_row(ids)
        self._missed = self._group_by_row(missed_ids)
        self._prefix = prefix
        self._stream = stream
        self._stored = cursor

    def watch(self, items: Iterable[Yielded]) -> Iterator[Yielded]:
        """Yield the items, with a `checkpoint` before each Checkpoint and if the reading fails."""
        try:
            for item in items:
                if isinstance(item, Checkpoint):
                    yield from self.checkpoint()
                yield item
        except Exception:
            yield from self.checkpoint()
            raise

    def has_parts(self, row_id: str | int) -> bool:
        """Return whether a row had parts when it was read last."""
        return str(row_id) in self._parts or str(row_id) in self._missed

    def compare(
        self,
        row_id: str | int,
        part_ids: Iterable[str | int],
        *,
        reason: str,
        inferred: bool = True,
    ) -> list[Gone]:
        """Return a Gone for each part that a row had and that is not among `part_ids`.

        Pass `inferred=False` if the source announces that the parts are gone.
        """
        row = str(row_id)
        present = {str(id) for id in part_ids if self._is_storable(row, str(id))}
        before = self._parts.pop(row, set())
        missing = (before | self._missed.pop(row, set())) - present
        if present:
            self._parts[row] = present
        if inferred and not before <= present:
            self._missed[row] = before - present
        return [
            Gone(source_id=self._join(row, part, self._prefix), reason=reason, inferred=inferred)
            for part in sorted(missing, key=_sort_key)
        ]

    def compare_rows(self, row_ids: Iterable[str | int], *, reason: str) -> list[Gone]:
        """Return a Gone for each part of a row that is not among these, the rows of the source."""
        present = {str(id) for id in row_ids}
        items: list[Gone] = []
        for row in sorted((self._parts.keys() | self._missed.keys()) - present, key=_sort_key):
            items += self.compare(row, (), reason=reason)
        return items

    def checkpoint(self) -> list[Checkpoint]:
        """Return a Checkpoint of the parts, or nothing if they are stored already."""
        cursor = _format_both(self._join_all(self._parts), self._join_all(self._missed))
        if cursor == self._stored:
            return []
        self._stored = cursor
        return [Checkpoint(cursor=cursor, stream=self._stream)]

    def _is_storable(self, row: str, part: str) -> bool:
        """Return whether the source id of a part can be stored, and its document be posted."""
        return len(self._join(row, part, self._prefix)) <= MAX_ID_LENGTH

    def _group_by_row(self, ids: Iterable[str]) -> dict[str, set[str]]:
        """Return the parts with these ids, by the ids of their rows."""
        parts: dict[str, set[str]] = defaultdict(set)
        for id in ids:
            row, _, part = id.partition(self._separator)
            parts[row].add(part)
        return parts

    def _join_all(self, parts_by_row: Mapping[str, set[str]]) -> set[str]:
        """Return the ids of parts, each with that of its row."""
        return {self._join(row, part) for row, parts in parts_by_row.items() for part in parts}

    def _join(self, row: str, part: str, prefix: str = "") -> str:
        """Return the id of a part, with that of its row."""
        return f"{prefix}{row}{self._separator}{part}"


def add_deletions(
    changes: Iterable[Yielded],
    cursors: Mapping[str, str],
    today: dt.date,
    present: Iterable[str | int],
    *,
    reason: str,
    prefix: str = "",
    stream: str = STREAM,
    read: Callable[[Sequence[str]], Iterable[Outcome]] | None = None,
) -> Iterator[Yielded]:
    """Yield what changed, and once a day an inferred Gone for each document that is not present.

    This does all steps of a DeletionSweep. `present` yields the ids of all documents of the source;
    pass a generator, because it is only used once a day. `read` gets the source ids of those that
    were never read, and returns the documents.
    """
    sweep = DeletionSweep(cursors.get(stream, ""), today, prefix=prefix, stream=stream)
    yield from sweep.watch(changes)
    if sweep.is_due:
        yield from sweep.compare(present, reason=reason, read=read)


def finds_deletions(stream: str) -> bool:
    """Return whether the cursor of a stream is kept when the lists are read again as a whole.

    A cursor that finds deletions is kept: the lists do not show what was deleted before.
    """
    return stream.endswith(STREAM)


def _format_both(ids: Collection[str], missing_ids: Collection[str]) -> str:
    """Return ids, and those that were missing in the last comparison, as text of a cursor."""
    text = format_ids(ids)
    return f"{text}|{format_ids(missing_ids)}" if missing_ids else text


def _parse_both(text: str) -> tuple[set[str], set[str]]:
    """Return the ids, and the missing ones, of a text of `_format_both`; else raise ValueError."""
    ids, _, missing_ids = text.partition("|")
    return parse_ids(ids), parse_ids(missing_ids)


def format_ids(ids: Collection[str]) -> str:
    """Return ids as text that stays short however many numbers there are: `1-5,8,=a12`."""
    numbers = []
    other_ids = []
    for id in ids:
        if _is_number(id):
            numbers.append(int(id))
        else:
            other_ids.append(id)
    parts = [_format_range(first, last) for first, last in _list_ranges(numbers)]
    for id in sorted(other_ids):
        quoted_id = quote(id, safe="")
        parts.append(f"{QUOTED}{quoted_id}")
    return ",".join(parts)


def _list_ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Return the first and last number of each unbroken row of numbers."""
    ranges: list[tuple[int, int]] = []
    for number in sorted(numbers):
        first = number
        if ranges and ranges[-1][1] == number - 1:
            first, _ = ranges.pop()
        ranges.append((first, number))
    return ranges


def _format_range(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first}-{last}"


def parse_ids(text: str) -> set[str]:
    """Return the ids that `format_ids` converted to text; raise ValueError for any other text."""
    ids: set[str] = set()
    for part in filter(None, text.split(",")):
        if part.startswith(QUOTED):
            ids.add(unquote(part.removeprefix(QUOTED)))
            continue
        first, _, last = part.partition("-")
        last = last or first
        numbers = range(int(first), int(last) + 1)
        ids.update(map(str, numbers))
    return ids


def _is_number(id: str) -> bool:
    """Return whether an id is a number as `str` writes it: "007" and "７" are not."""
    is_decimal = id.isascii() and id.isdecimal()
    has_leading_zero = id != "0" and id.startswith("0")
    return is_decimal and not has_leading_zero


def _sort_key(id: str) -> tuple[int, str]:
    """Sort numbers by their value, after all other ids."""
    number = int(id) if _is_number(id) else 0
    return number, id
