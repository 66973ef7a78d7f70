"""Reading of documents: what changed since a cursor page by page, or single ones by their ids."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from hub.contract.chunks import iter_chunks
from hub.contract.cursors import ChangeCursor
from hub.contract.documents import Checkpoint, Gone, Outcome, Yielded
from hub.contract.pages import RowVersion, find_version
from hub.errors import Refused

Row = TypeVar("Row")


def read_ids(
    ids: Sequence[str],
    read: Callable[[Sequence[str]], Iterable[Outcome]],
    *,
    reason: str,
    chunk_size: int = 1,
) -> Iterator[Outcome]:
    """Yield the documents with these source ids, in their order.

    `read` gets at most `chunk_size` ids at once and returns the documents that the source has, in
    any order. The others are Gone for `reason`.
    """
    for chunk in iter_chunks(ids, chunk_size):
        items = {item.source_id: item for item in read(chunk)}
        for id in chunk:
            yield items.get(id) or Gone(source_id=id, reason=reason)


def read_changes(
    pages: Callable[[str, str], Iterable[tuple[Sequence[Row], str]]],
    cursor: str,
    read: Callable[[Row], Outcome],
    *,
    version: Callable[[Row], RowVersion],
    now: Callable[[], str],
    stream: str = "",
) -> Iterator[Yielded]:
    """Yield every document that changed since a cursor of this function, and Checkpoints.

    - `pages`: gets the moment since which rows changed, such as 2026-03-02T10:58:00.000Z, and the
      page with which to begin, both "" for the whole list. It yields the rows of each page and the
      next page, as `read_numbered_pages`, `read_linked_pages` and `read_changes_in_order` do.
    - `version`: returns id, version and time of the last change of a row, so that a row is read
      once in each version. The time is a text in ISO 8601. It may raise KeyError for a row without
      an id, which is then read each time. So is a row with a time of another form, unless no row
      has one in ISO 8601.
    - `now`: returns the time by the source's clock, such as ApiClient.date.
    """
    position = ChangeCursor.parse(cursor)
    for rows, next_page in _iter_pages(pages, position):
        position.begin(now())
        for row in _list_new_rows(position, version, rows):
            yield read(row)
        if next_page:
            position.page = next_page
            yield Checkpoint(cursor=str(position), stream=stream)
    yield Checkpoint(cursor=str(position.finished()), stream=stream)


def _iter_pages(
    pages: Callable[[str, str], Iterable[tuple[Sequence[Row], str]]], position: ChangeCursor
) -> Iterator[tuple[Sequence[Row], str]]:
    """Yield the pages from a position on; begin with the first if its page is refused.

    The source may no longer know a page at which a reading was interrupted.
    """
    try:
        reading = iter(pages(position.changed_since, position.page))
        first = next(reading, None)
    except Refused:
        if not position.page:
            raise
        position.page = ""
        yield from pages(position.changed_since, "")
        return
    if first is not None:
        yield first
        yield from reading


def _list_new_rows(
    position: ChangeCursor, version: Callable[[Row], RowVersion], rows: Sequence[Row]
) -> list[Row]:
    """Return the rows that were not read in this version, and those whose version is unknown.

    If no row so far had a version, the plugin reads it wrongly: then raise its error.
    """
    new_rows = []
    problem: Exception | None = None
    for row in rows:
        try:
            row_version = find_version(version, row)
            if row_version is None or position.is_new(*row_version):
                new_rows.append(row)
        except (ValueError, ArithmeticError) as error:
            problem = error
            new_rows.append(row)
    if problem and not position.newest and not position.since:
        raise problem
    return new_rows
