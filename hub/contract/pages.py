"""Lists that a source divides: by a cursor, by numbered pages, by links, by the time of change."""

import datetime as dt
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from hub.contract.rows import is_plugin_defect
from hub.contract.types import Reply
from hub.errors import AddressUnusable, Refused, Retry

log = logging.getLogger("hub")
Row = TypeVar("Row")
Position = TypeVar("Position")
Fetched = TypeVar("Fetched", bound=tuple[Any, ...])
RowVersion = tuple[str, str, str | float]  # id, version and time of the last change of a row
BETWEEN_LINKS = " "  # a link has no space
LINK_PATTERN = re.compile(r"<([^>]*)>([^<]*)")  # an entry of the header Link: address, parameters
LINK_PARAMETER = re.compile(r';\s*([\w*]+)\s*=\s*(?:"([^"]*)"|([^",;\s]+))')


class Page(NamedTuple, Generic[Row]):
    """Rows, the cursor after them if the source sent one, and whether more follow.

    If the source does not say whether more follow, pass None: the list is then read until a page
    has no rows or the cursor stays the same, because a part of a list must not count as all of it.
    """

    rows: list[Row]
    cursor: str | None
    has_more: bool | None


def read_pages(
    fetch: Callable[[str | None], Page[Row]], cursor: str | None, source: str
) -> Iterator[tuple[list[Row], str | None]]:
    """Yield (rows, cursor after them) from `cursor` to the end.

    Raise Retry if the source sends the same page twice: the reading would never end. If the source
    refuses `cursor`, raise Refused with the way to begin again.
    """
    is_stored = bool(cursor)
    while True:
        try:
            page = _fetch(fetch, cursor or None, source)
        except AddressUnusable:  # it was not the source that refused, so its cursor may be right
            raise
        except Refused as error:
            raise (_build_cursor_error(error, source) if is_stored else error) from None
        is_stored = False
        before, cursor = cursor, _read_cursor(page.cursor, source) or cursor
        has_more = _has_more(page, source, is_next=cursor != before)
        yield page.rows, cursor
        if not has_more:
            return


def _has_more(page: Page[Row], source: str, *, is_next: bool) -> bool:
    """Return whether to read on; `is_next` says whether the cursor leads to another page.

    Raise Retry if the page leads to itself.
    """
    if page.has_more is None:
        return is_next and bool(page.rows)
    if page.has_more and not is_next:
        raise _build_same_page_error(source)
    return page.has_more


def _fetch(fetch: Callable[[Position], Fetched], position: Position, source: str) -> Fetched:
    """Return what `fetch` returns, rows first; raise Retry if the answer is no page of a list.

    Servers in trouble answer with an error object or another JSON value, with status 200 too. A
    mistake in the plugin's own code is raised as it is.
    """
    try:
        page = fetch(position)
    except (TypeError, AttributeError, LookupError) as error:
        if is_plugin_defect(error):
            raise
        log.warning("%s sent no page of its list: %r", source, error)
        raise _build_no_page_error(error, source) from error
    if not isinstance(page[0], list | tuple):
        raise _build_no_page_error(None, source)
    return page


def _read_cursor(cursor: object, source: str) -> str | None:
    """Return the cursor of a page as text; raise Retry if it is neither text nor a number."""
    if cursor is None or isinstance(cursor, str):
        return cursor
    if isinstance(cursor, int) and not isinstance(cursor, bool):
        return str(cursor)
    raise _build_no_page_error(None, source)


def read_numbered_pages(
    fetch: Callable[[int], tuple[list[Row], bool]], page: str, source: str
) -> Iterator[tuple[list[Row], str]]:
    """Yield (rows, number of the next page) from `page` to the end, from the first page if "".

    `fetch` gets the number of a page and returns its rows and whether more follow. After the last
    page the number is "". After each page, the previous page is read again: if a row was deleted
    meanwhile, the first row of the new page has moved to it. A few rows may therefore come twice.

    Raise Retry if the source sends the same page twice, and Refused for a `page` that is no number.
    """
    if page and not page.isdecimal():
        raise Refused("%(page)s is not a page number of %(source)s.", page=page, source=source)
    number = int(page or 1)
    before: list[Row] = []
    has_more = True
    while has_more:
        rows, has_more = _fetch(fetch, number, source)
        if has_more and rows and rows == before:
            raise _build_same_page_error(source)
        moved_rows: list[Row] = []
        if number > 1:
            again, _ = _fetch(fetch, number - 1, source)
            moved_rows = _find_new_rows(again, before, rows)
        before = rows
        number += 1
        yield [*moved_rows, *rows], str(number) if has_more else ""


def read_linked_pages(
    fetch: Callable[[str], tuple[list[Row], str | None]],
    page: str,
    source: str,
    *,
    numbered: bool = False,
) -> Iterator[tuple[list[Row], str]]:
    """Yield (rows, next page) from `page` to the end, from the first page if "".

    `fetch` gets a link, or "" for the first page, and returns the rows and the link to the next
    page. After the last page the next page is "". If the links count pages or rows ("?page=2"),
    pass `numbered`: each page is then read again after the next one, as by `read_numbered_pages`.
    Raise Retry if the source sends a link again.
    """
    previous, has_previous, first = page.rpartition(BETWEEN_LINKS)
    before: list[Row] = []
    for rows, link, link_after in _follow_links(fetch, first, source):
        moved_rows: list[Row] = []
        if numbered and has_previous:
            again, _ = _fetch(fetch, previous, source)
            moved_rows = _find_new_rows(again, before, rows)
        before, previous, has_previous = rows, link, BETWEEN_LINKS
        next_page = f"{link}{BETWEEN_LINKS}{link_after}" if numbered and link_after else link_after
        yield [*moved_rows, *rows], next_page


def next_link(reply: Reply) -> str:
    """Return the link to the next page that the header Link of a reply names; "" if it has none."""
    for address, parameters in LINK_PATTERN.findall(reply.headers.get("Link", "")):
        for name, quotation, token in LINK_PARAMETER.findall(parameters):
            if name.lower() == "rel" and "next" in (quotation or token).lower().split():
                return str(address)
    return ""


def _follow_links(
    fetch: Callable[[str], tuple[list[Row], str | None]], link: str, source: str
) -> Iterator[tuple[list[Row], str, str]]:
    """Yield (rows, link to them, link to the next page) from a link on; the last link is ""."""
    links = {link}
    while True:
        rows, link_after = _fetch(fetch, link, source)
        if link_after and not isinstance(link_after, str):
            raise _build_no_page_error(None, source)
        if link_after and link_after in links:
            raise _build_same_page_error(source)
        yield rows, link, link_after or ""
        if not link_after:
            return
        link = link_after
        links.add(link)


def read_changes_in_order(
    fetch: Callable[[str], tuple[list[Row], bool]],
    since: str,
    source: str,
    version: Callable[[Row], RowVersion],
) -> Iterator[tuple[list[Row], str]]:
    """Yield (rows, time of the last one) of a list that the source cuts off after some rows.

    `fetch` gets a moment and returns what changed then or later, the oldest change first, and
    whether more follows. The rest is requested from the time of the last row on. `version` returns
    id, version and time of the last change of a row. After the last rows the time is "". Raise
    Refused if the source does not get past a moment, or begins with the newest change.
    """
    last_rows: set[RowVersion] = set()
    while True:
        rows, has_more = _fetch(fetch, since, source)
        versioned_rows = [(row, find_version(version, row)) for row in rows]
        new_rows = [row for row, row_version in versioned_rows if row_version not in last_rows]
        if not has_more:
            yield new_rows, ""
            return
        known_versions = [row_version for _, row_version in versioned_rows if row_version]
        if not new_rows or not known_versions or not _is_in_order(known_versions):
            raise Refused(
                "%(source)s sends no more than %(count)s rows that changed at %(since)s or later"
                " in the order of their changes; its list cannot be read further.",
                source=source,
                count=len(rows),
                since=since or "—",
            )
        last_rows = set(known_versions)
        _, _, changed_at = known_versions[-1]
        since = str(changed_at)
        yield new_rows, since


def find_version(version: Callable[[Row], RowVersion], row: Row) -> RowVersion | None:
    """Return id, version and time of the last change of a row; None for a row without an id.

    A row of the list may also be something other than a group of fields.
    """
    try:
        return version(row)
    except (KeyError, TypeError, AttributeError) as error:
        if is_plugin_defect(error):
            raise
        return None


def _is_in_order(versions: Sequence[RowVersion]) -> bool:
    """Return whether the last row did not change before the first one."""
    _, _, first = versions[0]
    _, _, last = versions[-1]
    if not isinstance(first, str) or not isinstance(last, str):
        return float(first) <= float(last)
    try:
        return dt.datetime.fromisoformat(first) <= dt.datetime.fromisoformat(last)
    except (ValueError, TypeError):  # no moments, or only one of them with an offset
        return first <= last


def _find_new_rows(again: list[Row], before: list[Row], after: list[Row]) -> list[Row]:
    """Return the rows of a page that were neither there before nor on the page after it."""
    if again == before:
        return []
    return [row for row in again if row not in before and row not in after]


def _build_same_page_error(source: str) -> Retry:
    return Retry(
        "%(source)s sent the same page of its list twice; it is asked again later.", source=source
    )


def _build_no_page_error(error: Exception | None, source: str) -> Retry:
    """Return the error for an answer that is no page of a list, which names a missing field."""
    if isinstance(error, KeyError):
        return Retry(
            "%(source)s sent an answer without “%(name)s” where a page of its list belongs; it is"
            " asked again later.",
            source=source,
            name=str(error.args[0]),
        )
    return Retry(
        "%(source)s sent an answer that is no page of its list; it is asked again later.",
        source=source,
    )


def _build_cursor_error(error: Refused, source: str) -> Refused:
    """Return a refusal with what to do if it is because of the cursor that the hub has stored."""
    return Refused(
        "%(error)s The hub asked for what changed since its last reading. If %(source)s no longer"
        " knows that position, press “Read everything again” on the page of the app: documents that"
        " are posted are recognized.",
        error=error.sentence,
        source=source,
    )
