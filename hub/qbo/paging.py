"""Read more objects than a page holds, without missing any while others change them."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from hub.errors import Retry, Sentence
from hub.qbo.client import PAGE_SIZE, Client
from hub.qbo.responses import extract_rows

MAX_TRIES = 3


class ListChanged(Retry):
    """Objects disappeared while a list was read, so others may have been missed."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            "QuickBooks' list of records of the kind “%(kind)s” changed while it was read; it is"
            " read again.",
            kind=Sentence(kind.replace("_", " ")),
        )


def iter_pages(client: Client, kind: str, where: str) -> Iterator[list[dict[str, Any]]]:
    """Yield page after page of a kind; raise ListChanged if objects disappear meanwhile.

    Each page begins with the last entry of the one before, which proves that nothing was skipped.
    """
    count, last_id = 0, None
    while True:
        page = extract_rows(client.select(kind, where, start=max(1, count)).check(), kind)
        entries = page
        if count:
            if not page or page[0]["Id"] != last_id:
                raise ListChanged(kind)
            entries = page[1:]
        if entries:
            count += len(entries)
            last_id = entries[-1]["Id"]
            yield entries
        if len(page) < PAGE_SIZE:
            return


def read_all(
    client: Client, kind: str, where: str
) -> tuple[list[dict[str, Any]], dt.datetime | None]:
    """Return all objects of a kind, and QuickBooks' time when the reading began.

    Start again if objects disappear meanwhile.
    """
    for tries_left in reversed(range(MAX_TRIES)):
        entities: list[dict[str, Any]] = []
        started_at = None
        try:
            for page in iter_pages(client, kind, where):
                started_at = started_at or client.newest_date
                entities += page
            return entities, started_at or client.newest_date
        except ListChanged:
            if not tries_left:
                raise
    raise AssertionError
