"""Read the documents of the three apps: poll open ones, or read single ones."""

import datetime as dt
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from hub import (
    Checkpoint,
    Document,
    Gone,
    Outcome,
    Receipt,
    Row,
    Sentence,
    Site,
    StageName,
    Unreadable,
    Yielded,
    parse_date,
    parse_day,
    read_ids,
    readable,
)
from hub_autotask.client import (
    MAX_RECORDS,
    Autotask,
    any_of,
    is_blank,
    start_of_day,
    where,
)
from hub_autotask.entity_rows import has_id, list_values
from hub_autotask.lists import Lists
from hub_autotask.report_history import (
    DONE,
    FAILED,
    OPEN,
    OPEN_STATES,
    UNREADABLE,
    ReportHistory,
)
from hub_autotask.stored_ids import MARKED_AS_FAILED, StoredIds

FAILURE_DATE = dt.date(1999, 12, 31)
UNIDENTIFIED = Unreadable(
    source_id="None",
    reason=Sentence(
        "Autotask sent a row whose id is no number, so it cannot be told apart from others."
    ),
)
NOT_SHOWN = Sentence("Autotask does not show it to the API user any more.")
LAST_POLL_STREAM = "last poll"  # of a cursor that is the day on which the last poll ended


class TransferMark:
    """The text field that marks a row as transferred: empty, a QuickBooks number, or ERROR."""

    error = "ERROR"

    def __init__(self, field: str, label: str) -> None:
        self.field = field
        self.label = label

    def is_ready(self, row: Row) -> bool:
        """Return whether a row was not transferred yet: the field is null or an empty text."""
        return not row[self.field]

    def is_failed(self, row: Row) -> bool:
        """Return whether a row is marked as failed."""
        return bool(row[self.field] == self.error)

    def is_transferred(self, row: Row) -> bool:
        """Return whether a row has a number, or the day on which it was transferred."""
        return not self.is_ready(row) and not self.is_failed(row)

    def open_conditions(self) -> tuple[Row, ...]:
        """Return the conditions of a poll for rows that are ready or marked as failed."""
        return is_blank(self.field), where(self.field, "eq", self.error)


class TransferDateMark(TransferMark):
    """The date field that marks a row as transferred; an impossible day marks a failure."""

    error = f"{FAILURE_DATE}T00:00:00Z"

    def is_failed(self, row: Row) -> bool:
        """Return whether a row is marked as failed."""
        return bool(row[self.field]) and parse_day(row[self.field], dt.UTC) == FAILURE_DATE

    def open_conditions(self) -> tuple[Row, ...]:
        """Return the conditions of a poll for rows that are ready or marked as failed."""
        return {"op": "notExist", "field": self.field}, where(self.field, "eq", self.error)


def is_error(site: Site, document: Document, receipt: Receipt) -> bool:
    """Return whether to mark a document as failed, because it cannot be posted unchanged.

    The mark would replace the number of one that is in QuickBooks and of which a change failed.
    """
    if not site.settings["mark_errors"] or receipt.id:
        return False
    return bool(receipt.state == "failed" or document.hold or receipt.cause == "currency")


def is_to_be_numbered(
    source: Autotask, entity: str, id: int, mark: TransferMark, receipt: Receipt
) -> bool:
    """Return whether to write to a row that its document is in QuickBooks.

    The receipt that it was posted may have been replaced by a later one before it was delivered.
    """
    if receipt.state == "posted":
        return True
    row = source.get(entity, id) if receipt.id else None
    return row is not None and not mark.is_transferred(row)


def mark_as_failed(site: Site, source: Autotask, entity: str, id: int, mark: TransferMark) -> None:
    """Mark a row as failed, and remember it until the next poll."""
    source.update(entity, id, **{mark.field: mark.error})
    StoredIds(site.secrets, MARKED_AS_FAILED).add(id)


class DocumentReader(ABC):
    """Reads the documents of one entity of Autotask; a subclass says how.

    The source ids of its documents begin with `prefix`. `stream` names the cursor with the ids of
    its rows: rows of two entities may have the same id. `last_poll_stream` names the cursor that is
    the day of its last poll, and `watch_stream` the one with the ids of transferred rows that polls
    look at further. Its name ends with "deletions", so that it is kept if everything is read again.
    """

    entity: str
    prefix: str
    stream = ""
    last_poll_stream = LAST_POLL_STREAM
    watch_stream = ""  # most entities have no such rows
    # The entity of parts that people may change in an open row, and its field with the row's id.
    changeable_parts: tuple[str, str] | None = None

    def __init__(self, site: Site, source: Autotask, lists: Lists) -> None:
        self.site = site
        self.source = source
        self.lists = lists
        self.last_poll: dt.date | None = None  # its day, if there was one

    def is_recent(self, field: str) -> Row:
        """Return the condition that a moment is on the first day that is polled, or later.

        A plain date is a moment at midnight in UTC, whatever the zone.
        """
        first_day = self._find_first_day()
        since = start_of_day(first_day, self.site.zone)
        is_plain_date = where(field, "eq", f"{first_day}T00:00:00Z")
        return any_of(where(field, "gte", since), is_plain_date)

    def _find_first_day(self) -> dt.date:
        """Return the first day that is polled.

        It is no later than the day of the last poll, so that a pause leaves no gap. Without a last
        poll, because it is the first or everything is read again, it is no later than the day from
        which documents are posted.
        """
        days_back = dt.timedelta(days=self.site.settings["days_back"])
        first_day = self.site.today - days_back
        first_to_read = self.last_poll or self.site.start
        return min(first_day, first_to_read) if first_to_read else first_day

    @abstractmethod
    def open_conditions(self) -> list[Row]:
        """Return the conditions of a poll for all open rows since the first day."""

    @abstractmethod
    def mark(self) -> TransferMark:
        """Return the field that marks a row as transferred."""

    def state(self, row: Row) -> str:
        """Return the state of a row; the row is yielded again if it changes."""
        mark = self.mark()
        if mark.is_failed(row):
            return FAILED
        return OPEN if mark.is_ready(row) else DONE

    def decide_stage(self, row: Row, hold: str | None) -> tuple[StageName, str | None]:
        """Return the stage by the mark of the row, and the reason why it waits.

        `hold` is another reason to hold the document.
        """
        mark = self.mark()
        if mark.is_failed(row):
            advice = Sentence(
                "It is marked as failed in Autotask: once that is solved, clear its"
                " %(label)s there.",
                label=mark.label,
            )
            return ("ready", f"{hold} {advice}") if hold else ("pending", advice)
        return ("ready" if mark.is_ready(row) else "update_only"), hold

    def note_page(  # noqa: B027 (most entities have nothing to note)
        self, rows: Sequence[Row], history: ReportHistory
    ) -> None:
        """Note what a page of a poll says about its rows, before they are read."""

    def may_be_reopened(self, row: Row) -> bool:
        """Return whether polls look at a row further although it is no longer open."""
        return False

    def iter_contents(self, rows: Sequence[Row]) -> Iterator[tuple[int, object]]:
        """Yield the id of each row, and what people may change in it before it is transferred."""
        parts = self.read_parts(*self.changeable_parts, rows) if self.changeable_parts else {}
        for row in rows:
            yield row["id"], [list_values(part) for part in (row, *parts.get(row["id"], ()))]

    def read_parts(self, entity: str, field: str, rows: Sequence[Row]) -> dict[int, list[Row]]:
        """Return the parts of rows, such as their lines, by the ids of the rows."""
        ids = {row["id"] for row in rows}
        parts: dict[int, list[Row]] = defaultdict(list)
        for part in self.source.parts_of(entity, field, ids):
            parts[part[field]].append(part)
        return parts

    @abstractmethod
    def prepare(self, rows: Sequence[Row]) -> None:
        """Request related rows for a whole page of rows."""

    @abstractmethod
    def build_document(self, row: Row) -> Document:
        """Return the document of a row."""

    # -- the same for all entities --

    def poll(self, cursors: Mapping[str, str]) -> Iterator[Yielded]:
        """Yield open rows that are new or changed, then those that are no longer open.

        Yield a Checkpoint after each page with news, and at the end also the day of this poll.
        """
        last_day = cursors.get(self.last_poll_stream) or cursors.get(LAST_POLL_STREAM)
        self.last_poll = parse_date(last_day)
        marked_ids = self.read_marked_ids()
        history = ReportHistory(cursors.get(self.stream), marked_ids)
        watched_ids = cursors.get(self.watch_stream, "") if self.watch_stream else ""
        history.watch(watched_ids)
        yield from self.poll_pages(history)
        if self.watch_stream and history.format_watched() != watched_ids:
            yield Checkpoint(cursor=history.format_watched(), stream=self.watch_stream)
        yield Checkpoint(cursor=self.site.today.isoformat(), stream=self.last_poll_stream)
        yield Checkpoint(cursor=history.build_final_cursor(), stream=self.stream)
        if not history.is_first:  # else it may be a preview, whose cursor is not kept
            StoredIds(self.site.secrets, MARKED_AS_FAILED).remove(marked_ids)

    def read_marked_ids(self) -> set[int]:
        """Return the ids of the rows that the hub has marked as failed since the last poll."""
        return StoredIds(self.site.secrets, MARKED_AS_FAILED).read()

    def poll_pages(self, history: ReportHistory) -> Iterator[Yielded]:
        """Yield what was not reported yet, with a Checkpoint after each page that has any."""
        for page in self.source.pages(self.entity, *self.open_conditions()):
            rows = [row for row in page if has_id(row)]
            if len(rows) < len(page):
                yield build_unidentified(self.prefix)
            self.note_page(rows, history)
            has_news = False
            for item in self._read_news(rows, history):
                has_news = True
                yield item
            if has_news:
                yield Checkpoint(cursor=history.build_interim_cursor(), stream=self.stream)
        yield from self._read_closed(history)

    def _read_news(
        self, rows: Sequence[Row], history: ReportHistory
    ) -> Iterator[Document | Unreadable]:
        """Yield the rows that have another state than before, and open ones with other contents.

        An open row may be changed in Autotask while its document waits in the hub.
        """
        new_ids = {row["id"] for row in rows if self._note_state(row, history)}
        changed_ids = set(self._iter_changed_ids(rows, history))
        yield from self._read([row for row in rows if row["id"] in new_ids | changed_ids])

    def _iter_changed_ids(self, rows: Sequence[Row], history: ReportHistory) -> Iterator[int]:
        """Yield the ids of the open rows that have other contents than in the last poll."""
        open_rows = [row for row in rows if history.is_open(row["id"])]
        for id, contents in self.iter_contents(open_rows):
            if history.note_contents(id, contents):
                yield id

    def _iter_absent(self, history: ReportHistory, rows: Sequence[Row]) -> Iterator[Gone]:
        """Yield the ids that the poll no longer has and that are not among the rows of Autotask."""
        shown_ids = {row["id"] for row in rows}
        for id in sorted(set(history.find_missing_ids()) - shown_ids):
            if history.note_absence(id):
                yield Gone(source_id=f"{self.prefix}{id}", reason=NOT_SHOWN, inferred=True)

    def _read_closed(self, history: ReportHistory) -> Iterator[Outcome]:
        """Yield rows that the poll no longer has.

        An open one has only left the window, and its document may still wait in the hub. So may
        that of an open one that Autotask does not show any more: it must not be posted.
        """
        rows = self._find_missing_rows(history)
        yield from self._iter_absent(history, rows)
        watched_ids = {row["id"] for row in rows if self._is_watched(row)}
        yield from self._read([row for row in rows if row["id"] not in watched_ids])
        yield from self._read_news([row for row in rows if row["id"] in watched_ids], history)

    def _find_missing_rows(self, history: ReportHistory) -> list[Row]:
        """Return the rows that only the last poll had; keep those that may be unreadable now."""
        missing_ids = history.find_missing_ids()
        answered_rows = list(self.source.rows_with(self.entity, "id", missing_ids))
        rows = [row for row in answered_rows if has_id(row)]
        if len(rows) < len(answered_rows):
            for id in set(missing_ids) - {row["id"] for row in rows}:
                history.keep(id)
        return rows

    def _is_watched(self, row: Row) -> bool:
        """Return whether the next polls look at a row that is not in the window."""
        try:
            return self.may_be_reopened(row) or self.state(row) in OPEN_STATES
        except (TypeError, ValueError):  # its document is unreadable, too
            return False

    def _note_state(self, row: Row, history: ReportHistory) -> bool:
        """Note the state of a row; return whether it is new."""
        try:
            state = self.state(row)
        except (TypeError, ValueError):  # its document is unreadable, too
            state = UNREADABLE
        return history.note_state(row["id"], state)

    def read_by_ids(self, ids: Sequence[str]) -> Iterator[Yielded]:
        """Yield the documents with these source ids, in their order."""
        return read_ids(ids, self._read_ids, reason=NOT_SHOWN, chunk_size=MAX_RECORDS)

    def _read_ids(self, ids: Sequence[str]) -> Iterator[Document | Unreadable]:
        """Yield the documents of the rows with these source ids."""
        numbers = []
        for id in ids:
            suffix = id.removeprefix(self.prefix)
            if suffix.isdecimal():
                numbers.append(int(suffix))
        answered_rows = list(self.source.rows_with(self.entity, "id", numbers))
        rows = [row for row in answered_rows if has_id(row)]
        yield from self._read(rows)
        if len(rows) < len(answered_rows):
            for number in set(numbers) - {row["id"] for row in rows}:
                yield replace(UNIDENTIFIED, source_id=f"{self.prefix}{number}")

    def _read(self, rows: Sequence[Row]) -> Iterator[Document | Unreadable]:
        """Yield the documents of rows, after their related rows are requested."""
        if rows:
            self.prepare(rows)
        for row in rows:
            source_id = f"{self.prefix}{row['id']}"
            yield readable(source_id, self.build_document, row)


def build_unidentified(prefix: str) -> Unreadable:
    """Return what stands for the rows of a list whose id is no number."""
    return replace(UNIDENTIFIED, source_id=f"{prefix}None")
