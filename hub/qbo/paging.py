"""Read more objects than a page holds, without missing any while others change them."""

import datetime as dt
from collections.abc import Collection, Iterator
from functools import partial
from typing import Any, NamedTuple

from hub.contract.document_kinds import words_of
from hub.errors import Refused, Retry, Sentence
from hub.models.enums import SendOutcome
from hub.payloads.entities import ENTITY_BY_KIND
from hub.qbo.client import PAGE_SIZE, Client
from hub.qbo.page_size import read_fitting_page
from hub.qbo.responses import extract_count, extract_rows

MAX_TRIES = 3
DEFAULT_PAGE_SIZE = 100  # of QuickBooks, if a query names none, or if a server overlooks it


class ListChanged(Retry):
    """Objects disappeared while a list was read, so others may have been missed."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            "QuickBooks' list of records of the kind “%(kind)s” changed while it was read; it is"
            " read again.",
            kind=Sentence(words_of(kind)),
        )


class ListRefused(Refused):
    """QuickBooks does not list the objects of a kind; `problem` is the reason alone."""

    def __init__(self, kind: str, problem: str) -> None:
        super().__init__(
            "QuickBooks does not list records of the kind “%(kind)s”. %(problem)s",
            kind=Sentence(words_of(kind)),
            problem=problem,
        )
        self.problem = problem


class PageMissing(Retry):
    """QuickBooks returned fewer objects than it counts."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            "QuickBooks returned only a part of its list of records of the kind “%(kind)s”; it is"
            " read again.",
            kind=Sentence(words_of(kind)),
        )


def iter_pages(
    client: Client, kind: str, where: str, *, until_nothing_new: bool
) -> Iterator[list[dict[str, Any]]]:
    """Yield page after page of a kind; raise ListChanged if objects disappear meanwhile.

    Each page begins with the last entry of the previous page, which proves that nothing was
    skipped. A page that is not full is the last one. With `until_nothing_new`, reading continues
    until a page contains nothing new.
    """
    count, last_id = 0, None
    size = PAGE_SIZE
    while True:
        read = partial(_read_page, client, kind, where, max(1, count))
        page, size = read_fitting_page(read, size)
        entries = page
        if count:
            if not page or page[0]["Id"] != last_id:
                raise ListChanged(kind)
            entries = page[1:]
        if entries:
            count += len(entries)
            last_id = entries[-1]["Id"]
            yield entries
        is_last = len(page) < size and not until_nothing_new
        if is_last or not entries:
            return


def _read_page(
    client: Client, kind: str, where: str, start: int, size: int
) -> list[dict[str, Any]]:
    """Return one page of the objects of a kind; `start` counts from 1."""
    response = client.select(kind, where, start=start, size=size)
    try:
        return extract_rows(response.check(), kind)
    except Refused as refusal:
        raise ListRefused(kind, refusal.text) from refusal


class CompleteReading(NamedTuple):
    """All objects of a kind, and QuickBooks' time when the reading of them began."""

    entities: list[dict[str, Any]]
    started_at: dt.datetime | None


def read_all(
    client: Client, kind: str, where: str, *, known_ids: Collection[str] = ()
) -> CompleteReading:
    """Return all objects of a kind.

    Start again if objects disappear meanwhile. If one of `known_ids` is not among the objects, or
    if these fill default pages exactly, the reading is compared with QuickBooks' count.
    """
    is_page_missing = False
    for tries_left in reversed(range(MAX_TRIES)):
        entities: list[dict[str, Any]] = []
        started_at = None
        try:
            for page in iter_pages(client, kind, where, until_nothing_new=is_page_missing):
                started_at = started_at or client.newest_date
                entities += page
            _check_completeness(client, kind, where, entities, known_ids)
            return CompleteReading(entities, started_at or client.newest_date)
        except (ListChanged, PageMissing) as error:
            is_page_missing = is_page_missing or isinstance(error, PageMissing)
            if not tries_left:
                raise
    raise AssertionError


def _check_completeness(
    client: Client,
    kind: str,
    where: str,
    entities: Collection[dict[str, Any]],
    known_ids: Collection[str],
) -> None:
    """Raise PageMissing if objects may be missing and QuickBooks counts more than were read.

    Objects may be missing if a known one was not read, or if exactly as many were read as default
    pages hold: the server may return no larger ones. If QuickBooks refuses to count, the objects
    that were read are taken as complete.
    """
    read_ids = {str(entity["Id"]) for entity in entities}
    has_whole_pages = bool(read_ids) and len(read_ids) % DEFAULT_PAGE_SIZE == 0
    if read_ids.issuperset(known_ids) and not has_whole_pages:
        return
    query = f"SELECT COUNT(*) FROM {ENTITY_BY_KIND[kind]} WHERE {where}"  # noqa: S608 (own names)
    response = client.query(query)
    if response.outcome == SendOutcome.REFUSED:
        return
    if extract_count(response.check()) > len(read_ids):
        raise PageMissing(kind)
