"""Lists of a source: what changed in them, what was deleted, and single documents by their ids."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from hub.contract.api_client import ApiClient
from hub.contract.chunks import iter_chunks
from hub.contract.cursors import compute_checksum
from hub.contract.dates import format_unix_time, parse_unix_time
from hub.contract.deletions import STREAM, add_deletions
from hub.contract.documents import Checkpoint, Gone, Outcome, Yielded
from hub.contract.pages import RowVersion
from hub.contract.reading import read_changes, read_ids
from hub.contract.rows import is_plugin_defect, read_row
from hub.contract.types import Site

Row = TypeVar("Row")
MAX_REQUESTS_FOR_UNREAD = 100
NO_ID = str(None)  # in place of the id of a row without one, like that of a row whose id is null


@dataclass(frozen=True, kw_only=True)
class SourceList(ABC, Generic[Row]):
    """A list of the source, for `read_lists`: a FilteredList or a CursorList.

    - `read`: returns the document of a row. Its source id must be `prefix` and the id of the row.
      If it cannot convert the row, as `readable` describes, the row is Unreadable.
    - `find`: gets at most `chunk_size` ids of the source at once and returns their rows; None
      stands for a row that does not exist. Without `find`, for a source that cannot return single
      rows, they are searched in the whole list.
    - `announces_deletions`: the list shows deletions, so the ids are not compared.
    """

    read: Callable[[Row], Outcome]
    find: Callable[[Sequence[str]], Iterable[Row | None]] | None = None
    prefix: str = ""
    chunk_size: int = 1
    announces_deletions: bool = False

    @abstractmethod
    def changes(self, cursor: str) -> Iterator[Yielded]:
        """Yield the documents that changed since a cursor, and Checkpoints."""

    @abstractmethod
    def rows(self) -> Iterator[Row]:
        """Yield all rows that the source has."""

    @abstractmethod
    def id_of(self, row: Row) -> str:
        """Return the id of a row."""

    def document(self, row: Row) -> Outcome:
        """Return the document of a row; Unreadable with the reason if it cannot be converted."""
        return read_row(f"{self.prefix}{self._find_id(row)}", self.read, row)

    def documents(self, source_ids: Sequence[str]) -> Iterator[Outcome]:
        """Yield the documents with these source ids that the source has."""
        ids = [id.removeprefix(self.prefix) for id in source_ids]
        rows = self.find(ids) if self.find else self._find_in_list(ids)
        return (self.document(row) for row in rows if row is not None)

    def answer(self, source_ids: Sequence[str], reason: str) -> Iterator[Outcome]:
        """Yield the documents with these source ids; those that the source lacks are Gone."""
        chunk_size = self.chunk_size if self.find else max(1, len(source_ids))
        return read_ids(source_ids, self.documents, reason=reason, chunk_size=chunk_size)

    def unread_documents(self, source_ids: Sequence[str]) -> Iterator[Outcome]:
        """Yield the documents with these source ids that the source has.

        If that took more than MAX_REQUESTS_FOR_UNREAD requests, the rows are searched in the whole
        list.
        """
        chunks = list(iter_chunks(source_ids, self.chunk_size))
        if self.find and len(chunks) <= MAX_REQUESTS_FOR_UNREAD:
            for chunk in chunks:
                yield from self.documents(chunk)
            return
        ids = [id.removeprefix(self.prefix) for id in source_ids]
        yield from map(self.document, self._find_in_list(ids))

    def present_ids(self) -> Iterator[str]:
        """Yield the ids of all rows that the source has."""
        return map(self._find_id, self.rows())

    def _find_in_list(self, ids: Sequence[str]) -> Iterator[Row]:
        """Yield the rows with these ids."""
        searched_ids = set(ids)
        return (row for row in self.rows() if self._find_id(row) in searched_ids)

    def _find_id(self, row: Row) -> str:
        """Return the id of a row; "None" if it has none, so that the hub holds the row alone."""
        try:
            return self.id_of(row)
        except (KeyError, TypeError, AttributeError) as error:
            if is_plugin_defect(error):
                raise
            return NO_ID


@dataclass(frozen=True, kw_only=True)
class FilteredList(SourceList[Row]):
    """A list that the source filters by the time of change.

    - `pages` and `version`: those of `read_changes`; `version` returns the id of the row as its id.
    - `api`: the client that reads the list; its `date` is the time at which a reading began.
    - `times`: "unix" if the source counts seconds since 1970, "unix_ms" for milliseconds. `pages`
      then gets a moment such as 1772449080, or 1772449080000, and `version` returns the time of the
      last change in this form, as a number or a text.
    """

    pages: Callable[[str, str], Iterable[tuple[Sequence[Row], str]]]
    version: Callable[[Row], RowVersion]
    api: ApiClient
    times: Literal["iso", "unix", "unix_ms"] = "iso"

    def changes(self, cursor: str) -> Iterator[Yielded]:
        """Yield the documents that changed since a cursor, and Checkpoints."""
        return read_changes(
            self._read_pages_since,
            cursor,
            self.document,
            version=self._get_version_in_utc,
            now=lambda: self.api.date,
            stream=self.prefix,
        )

    def rows(self) -> Iterator[Row]:
        """Yield all rows that the source has."""
        for rows, _ in self.pages("", ""):
            yield from rows

    def id_of(self, row: Row) -> str:
        """Return the id of a row."""
        id, _, _ = self.version(row)
        return id

    def _read_pages_since(self, since: str, page: str) -> Iterable[tuple[Sequence[Row], str]]:
        """Yield the pages of what changed since a moment, in the form of the source."""
        if self.times != "iso" and since:
            since = format_unix_time(since, self.times)
        return self.pages(since, page)

    def _get_version_in_utc(self, row: Row) -> RowVersion:
        """Return id, version and time of the last change of a row, as text in UTC."""
        id, version, changed_at = self.version(row)
        if self.times != "iso":
            return id, version, parse_unix_time(changed_at, self.times)
        return id, version, changed_at


@dataclass(frozen=True, kw_only=True)
class CursorList(SourceList[Row]):
    """A list of changes that has a cursor of the source.

    `pages` gets a cursor, "" at the beginning, and yields rows with the cursor after them, as
    `read_pages` does. `id` returns the id of a row; it may raise KeyError for a row without one.
    """

    pages: Callable[[str], Iterable[tuple[Sequence[Row], str | None]]]
    id: Callable[[Row], str]

    def changes(self, cursor: str) -> Iterator[Yielded]:
        """Yield the documents that changed since a cursor, and Checkpoints."""
        for rows, after in self.pages(cursor):
            yield from map(self.document, rows)
            if after:
                yield Checkpoint(cursor=after, stream=self.prefix)

    def rows(self) -> Iterator[Row]:
        """Yield all rows that the source has."""
        for rows, _ in self.pages(""):
            yield from rows

    def id_of(self, row: Row) -> str:
        """Return the id of a row."""
        return self.id(row)


def row_version(
    changed_at: str, version: str = "", *, id: str = "id"
) -> Callable[[Mapping[str, Any]], RowVersion]:
    """Return a function for `version` of a list, which reads the version of a row from its fields.

    The arguments are the names of the fields with the time of the last change, with a number that
    counts changes, and with the id. Without such a number, a checksum of the row is the version, so
    that a second change in the same second is noticed. A row without an id gets the id "None", and
    the hub holds it alone.
    """

    def version_of(row: Mapping[str, Any]) -> RowVersion:
        """Return id, version and time of the last change of a row."""
        for name in filter(None, (changed_at, version)):
            if name not in row:
                raise ValueError(
                    f"A row of the list has no field {name!r}, which row_version names; it has"
                    f" {', '.join(map(str, row))}."
                )
        text = str(row[version]) if version else compute_checksum(_encode_row(row))
        return str(row.get(id, NO_ID)), text, row[changed_at]

    return version_of


def _encode_row(row: Mapping[str, Any]) -> str:
    """Return a text that differs when any field of a row differs."""
    return json.dumps(row, sort_keys=True, default=str)


def read_lists(
    lists: Iterable[SourceList[Any]],
    site: Site,
    cursors: Mapping[str, str],
    ids: Sequence[str],
    *,
    reason: str,
) -> Iterator[Yielded]:
    """Yield what changed in each list since the cursors, or the documents with these ids.

    `hub_documents` may return this. A list must precede the lists that refer to its documents, such
    as invoices before their payments. Once a day the ids are compared to find deletions, and
    documents that the list has left out. A document that the source does not have is Gone for
    `reason`.
    """
    if ids:
        yield from _read_each(lists, ids, reason)
        return
    for rows in lists:
        changes = rows.changes(cursors.get(rows.prefix, ""))
        if rows.announces_deletions:
            yield from changes
            continue
        yield from add_deletions(
            changes,
            cursors,
            site.today,
            rows.present_ids(),
            reason=reason,
            prefix=rows.prefix,
            stream=f"{rows.prefix}{STREAM}",
            read=rows.unread_documents,
        )


def _read_each(
    lists: Iterable[SourceList[Any]], ids: Sequence[str], reason: str
) -> Iterator[Outcome]:
    """Yield the documents with these ids, list by list; those of no list are Gone."""
    remaining = ids
    for rows in lists:
        own_ids = [id for id in remaining if id.startswith(rows.prefix)]
        remaining = [id for id in remaining if not id.startswith(rows.prefix)]
        yield from rows.answer(own_ids, reason)
    for id in remaining:
        yield Gone(source_id=id, reason=reason)
