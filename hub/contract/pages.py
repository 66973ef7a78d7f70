"""Lists that a source returns page by page with a cursor."""

from collections.abc import Callable, Iterator
from typing import Generic, NamedTuple, TypeVar

from hub.errors import Retry

Row = TypeVar("Row")


class Page(NamedTuple, Generic[Row]):
    """Rows, the cursor after them if the source sent one, and whether more follow."""

    rows: list[Row]
    cursor: str | None
    has_more: bool


def read_pages(
    fetch: Callable[[str | None], Page[Row]], cursor: str | None, source: str
) -> Iterator[tuple[list[Row], str | None]]:
    """Yield (rows, cursor after them) from `cursor` to the end.

    Raise Retry if the source sends the same page twice: the reading would never end.
    """
    while True:
        page = fetch(cursor or None)
        before, cursor = cursor, page.cursor or cursor
        if page.has_more and cursor == before:
            raise Retry(
                "%(source)s sent the same page of its list twice; it is asked again later.",
                source=source,
            )
        yield page.rows, cursor
        if not page.has_more:
            return
