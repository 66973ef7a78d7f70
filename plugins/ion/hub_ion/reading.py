"""Read changed or single orders and parts of ION, and find deleted orders.

There is a checkpoint after each page, so that an interrupted run skips nothing.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from hub import (
    ChangeCursor,
    Checkpoint,
    DeletionSweep,
    Document,
    Outcome,
    Row,
    Site,
    Unreadable,
    Yielded,
    format_moment,
    iter_chunks,
    read_ids,
    readable,
)
from hub_ion import orders, parts, queries, schema
from hub_ion.answers import explain_broken_row
from hub_ion.client import Ion, NotAnswered, Page
from hub_ion.queries import Listing

RowReader = Callable[[Site, Ion, Sequence[Row]], Iterator[Outcome]]
LinesRead = dict[Any, str]  # the versions in which lines were read with their orders, by their ids
IDS_PER_QUERY = 50
STATUSES_AT_SUPPLIER = ("ORDERED", "PARTIALLY_RECEIVED")
RECEIVED_STATUS = "RECEIVED"
DAYS_AFTER_RECEIPT = 60  # in which an order is still read every day
OPEN_ORDERS_FILTER = {"status": {"notIn": ["RECEIVED", "CANCELED"]}}
# Streams of cursors.
PARTS_STREAM = "parts"
DELETIONS_STREAM = "deletions"
FORMER_DELETIONS_STREAM = "sweep"  # the stream of deletions in earlier versions of the app


def iter_changes(site: Site, source: Ion, cursors: Mapping[str, str]) -> Iterator[Yielded]:
    """Yield every order and part that changed since the cursors, and the deleted orders.

    While the settings want no items of parts, the parts that wait are closed. So all are read once
    they do again.
    """
    sweep = _open_sweep(site, cursors)
    changed_orders = _iter_changed_orders(site, source, cursors.get("", ""))
    yield from sweep.watch(changed_orders)
    if site.settings["parts"] != "none" and not site.settings["generic_item"]:
        yield from _iter_changed_parts(site, source, cursors.get(PARTS_STREAM, ""))
    elif cursors.get(PARTS_STREAM):
        yield Checkpoint(cursor="", stream=PARTS_STREAM)
    if sweep.is_due:
        yield from _sweep_orders(site, source, sweep)


def read_exactly(site: Site, source: Ion, ids: Sequence[str]) -> Iterator[Yielded]:
    """Yield the orders and parts with these source ids, in their order."""
    return read_ids(
        ids,
        lambda chunk: _read_batch(site, source, chunk),
        reason=orders.DELETED_REASON,
        chunk_size=IDS_PER_QUERY,
    )


def read_open_orders(site: Site, source: Ion) -> Iterator[Outcome]:
    """Yield the orders that are neither received nor canceled."""
    for page in source.pages(queries.ORDERS, OPEN_ORDERS_FILTER):
        yield from _read_orders(site, source, page.rows)


# -- what changed --


def _build_next_cursor(site: Site, source: Ion, text: str, news: set[str]) -> ChangeCursor:
    """Return the cursor to continue from; without times of change in ION, read everything."""
    if source.absent_fields & news:
        return ChangeCursor()
    start = None
    if site.start:
        start = dt.datetime.combine(site.start, dt.time(), site.zone)
    return ChangeCursor.parse(text, start=start)


def _iter_changed_orders(site: Site, source: Ion, text: str) -> Iterator[Yielded]:
    """Yield every order that changed since the cursor, or whose lines did."""
    cursor = _build_next_cursor(site, source, text, schema.ORDER_CHANGE_FIELDS)
    lines_read: LinesRead = {}
    yield from _read_pages(site, source, queries.ORDERS, cursor, "", _read_orders, lines_read)
    if cursor.since and not source.absent_fields & schema.LINE_CHANGE_FIELDS:
        yield from _iter_orders_of_changed_lines(site, source, cursor, lines_read)
    final_cursor = cursor.finished()
    yield Checkpoint(cursor=str(final_cursor))


def _iter_changed_parts(site: Site, source: Ion, text: str) -> Iterator[Yielded]:
    """Yield every part that changed since the cursor."""
    cursor = _build_next_cursor(site, source, text, schema.PART_CHANGE_FIELDS)
    yield from _read_pages(site, source, queries.PARTS, cursor, PARTS_STREAM, _read_parts, {})
    final_cursor = cursor.finished()
    yield Checkpoint(cursor=str(final_cursor), stream=PARTS_STREAM)


def _open_sweep(site: Site, cursors: Mapping[str, str]) -> DeletionSweep:
    """Return the daily search for orders that were deleted, which ION does not announce."""
    return DeletionSweep(
        cursors.get(DELETIONS_STREAM) or cursors.get(FORMER_DELETIONS_STREAM, ""),
        site.today,
        prefix=orders.PREFIX,
        stream=DELETIONS_STREAM,
    )


def _sweep_orders(site: Site, source: Ion, sweep: DeletionSweep) -> Iterator[Yielded]:
    """Yield each order that was sent and is to be delivered, or was lately, and the deleted orders.

    They are read even if their time of change is the same as before: a fee does not change it.
    """
    present = [row["id"] for row in source.rows(queries.ORDER_IDS)]
    read_unread: Callable[[Sequence[str]], Iterator[Outcome]] | None = None
    if not sweep.is_first:  # else orders from before the start date are unread
        read_unread = partial(_read_batch, site, source)
        for page in source.pages(queries.ORDERS, _build_open_filter(site)):
            yield from _read_orders(site, source, page.rows)
        yield from _iter_received_orders(site, source)
    yield from sweep.compare(present, reason=orders.DELETED_REASON, read=read_unread)


def _iter_received_orders(site: Site, source: Ion) -> Iterator[Outcome]:
    """Yield the received orders with a line that changed in the last days, as by its receipt.

    The freight of an order is often known only then.
    """
    if source.absent_fields & schema.LINE_CHANGE_FIELDS:
        return
    first_day = site.today - dt.timedelta(days=DAYS_AFTER_RECEIPT)
    since = format_moment(dt.datetime.combine(first_day, dt.time(), site.zone))
    lines = source.rows(queries.LINE_CHANGES, {"updated": {"gte": since}})
    order_ids = {line["order"] for line in lines if line["order"]}
    for chunk in iter_chunks(sorted(order_ids, key=schema.build_id_key), IDS_PER_QUERY):
        arguments = [schema.build_id_argument(id) for id in chunk]
        filters = {"id": {"in": arguments}, "status": {"eq": RECEIVED_STATUS}}
        yield from _read_orders(site, source, source.rows(queries.ORDERS, filters))


def _build_open_filter(site: Site) -> Row:
    """Return the filter for orders that were sent and are still to be delivered."""
    is_sent_at_approval = site.settings["send_at"] == "approved"
    statuses = ("APPROVED", *STATUSES_AT_SUPPLIER) if is_sent_at_approval else STATUSES_AT_SUPPLIER
    return {"status": {"in": list(statuses)}}


def _read_pages(
    site: Site,
    source: Ion,
    query: Listing,
    cursor: ChangeCursor,
    stream: str,
    read: RowReader,
    lines_read: LinesRead,
) -> Iterator[Yielded]:
    """Yield new rows in the order of their ids, and a Checkpoint after each page."""
    kind = "p" if query == queries.PARTS else ""
    for page in _iter_pages(source, query, cursor):
        cursor.begin(source.api.date)
        new_rows = [row for row in page.rows if _is_new(cursor, row, kind)]
        for row in new_rows:
            _remember_lines(cursor, row, lines_read)
        yield from read(site, source, new_rows)
        if page.start:
            cursor.page = page.start
            yield Checkpoint(cursor=str(cursor), stream=stream)


def _iter_pages(source: Ion, query: Listing, cursor: ChangeCursor) -> Iterator[Page]:
    """Yield the pages from a cursor on; begin with the first if ION does not answer for its page.

    It may no longer know a page at which a reading was interrupted.
    """
    filters = _build_filters(cursor)
    pages = source.pages(query, filters, cursor.page or None)
    try:
        first = next(pages)
    except NotAnswered:
        if not cursor.page:
            raise
        cursor.page = ""
        pages = source.pages(query, filters)
        first = next(pages)
    yield first
    yield from pages


def _remember_lines(cursor: ChangeCursor, row: Row, lines_read: LinesRead) -> None:
    """Remember the versions of an order's lines; a part has none."""
    for line in _list_lines(row):
        key = f"l{line['id']}"
        version = _get_version(line)
        cursor.remember(key, version, line["updated"])
        lines_read[line["id"]] = version


def _list_lines(row: Row) -> list[Row]:
    """Return the lines of an order, without those that ION could not return."""
    return [line for line in row.get("lines") or () if line]


def _get_version(row: Row) -> str:
    """Return the version of a row; empty if ION could not return it."""
    return row["etag"] or ""


def _iter_orders_of_changed_lines(
    site: Site, source: Ion, cursor: ChangeCursor, lines_read: LinesRead
) -> Iterator[Yielded]:
    """Yield orders whose own row did not change, but one of their lines did.

    A line may also have changed since its order was read: the order is then read again.
    """

    def read(site: Site, source: Ion, rows: Sequence[Row]) -> Iterator[Outcome]:
        """Yield the documents of orders; remember their lines."""
        for row in rows:
            _remember_lines(cursor, row, lines_read)
        return _read_orders(site, source, rows)

    for page in source.pages(queries.LINE_CHANGES, _build_filters(cursor)):
        order_ids = set()
        for row in page.rows:
            is_read = lines_read.get(row["id"]) == _get_version(row)
            if _is_new(cursor, row, "l") and row["order"] and not is_read:
                order_ids.add(row["order"])
        ids = sorted(order_ids, key=schema.build_id_key)
        yield from _read_ids(site, source, queries.ORDERS, ids, read)


def _build_filters(cursor: ChangeCursor) -> Row:
    """Return the filter for what changed since the cursor."""
    if not cursor.changed_since:
        return {}
    return {"updated": {"gte": cursor.changed_since}}


def _is_new(cursor: ChangeCursor, row: Row, kind: str) -> bool:
    """Return whether a row is not yet remembered in this version."""
    key = f"{kind}{row['id']}"
    return cursor.is_new(key, _get_version(row), row["updated"])


# -- rows by their ids --


def _read_batch(site: Site, source: Ion, source_ids: Sequence[str]) -> Iterator[Outcome]:
    """Yield the orders and parts with these source ids."""
    order_ids = _list_row_ids(orders.PREFIX, source_ids)
    yield from _read_ids(site, source, queries.ORDERS, order_ids, _read_orders)
    part_ids = _list_row_ids(parts.PREFIX, source_ids)
    yield from _read_ids(site, source, queries.PARTS, part_ids, _read_parts)


def _list_row_ids(prefix: str, source_ids: Sequence[str]) -> list[str]:
    """Return the ids in ION of the source ids that have this prefix."""
    ids = []
    for source_id in source_ids:
        if source_id.startswith(prefix):
            ids.append(source_id.removeprefix(prefix))
    return ids


def _read_ids(
    site: Site, source: Ion, query: Listing, ids: Sequence[Any], read: RowReader
) -> Iterator[Outcome]:
    """Yield the documents of the rows with these ids; each query reads up to IDS_PER_QUERY."""
    for chunk in iter_chunks(ids, IDS_PER_QUERY):
        arguments = [schema.build_id_argument(id) for id in chunk]
        filters = {"id": {"in": arguments}}
        rows = source.rows(query, filters)
        yield from read(site, source, rows)


# -- documents of rows --


def _read_orders(site: Site, source: Ion, rows: Sequence[Row]) -> Iterator[Outcome]:
    """Yield the documents of these orders."""
    twins = parts.find_twins(source, _list_parts(rows))
    for row in rows:
        yield _read(orders, site, row, twins)


def _list_parts(rows: Sequence[Row]) -> list[Row]:
    """Return the parts that the lines of orders name, each once."""
    parts_by_id: dict[Any, Row] = {}
    for row in rows:
        for line in _list_lines(row):
            part = line["part"]
            if part:
                parts_by_id[part["id"]] = part
    return list(parts_by_id.values())


def _read_parts(site: Site, source: Ion, rows: Sequence[Row]) -> Iterator[Outcome]:
    """Yield the documents of these parts."""
    twins = parts.find_twins(source, rows)
    for row in rows:
        yield _read(parts, site, row, twins)


def _read(module: Any, site: Site, row: Row, twins: parts.Twins) -> Document | Unreadable:
    """Return the document of a row; Unreadable if ION or the app could not read all of it."""
    source_id = f"{module.PREFIX}{row['id']}"
    broken = row.get("broken")
    if broken:
        return Unreadable(source_id=source_id, reason=explain_broken_row(broken))
    return readable(source_id, module.build_document, site, row, twins)
