"""Page through long lists.

The next page begins after the last row shown, so page 200 costs as much as the first.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import request, url_for
from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_
from sqlalchemy.orm import Session

from hub import exact_json
from hub.db.engine import Instant, Money
from hub.web.request import row_ids

PAGE_SIZE = 50
MAX_AMOUNT = 10**12  # the largest in a column, which has millionths in 64 bits


@dataclass(frozen=True)
class ListPage:
    """Rows and the addresses of the pages beside them, "" where there is none.

    `ignored_cursor` is the argument of the address that fits no row, "" if there is none. The page
    is then the first one.
    """

    rows: list[Any]
    newer: str = ""
    older: str = ""
    ignored_cursor: str = ""


def load_page(
    session: Session,
    query: Select[Any],
    *,
    order_by: Sequence[Any],
    is_descending: bool = True,
    size: int = PAGE_SIZE,
) -> ListPage:
    """Return the page of a query that the address asks for.

    The rows are ordered by columns that are unique together, the highest first if `is_descending`.
    """
    is_backwards = "after" in request.args
    cursor = request.args.get("after") or request.args.get("before")
    key = _parse_cursor(cursor, order_by)
    if is_backwards:
        is_descending = not is_descending
    if key:
        query = query.where(is_after(order_by, key, is_descending=is_descending))
    order = [column.desc() if is_descending else column.asc() for column in order_by]
    query = query.order_by(*order).add_columns(*order_by).limit(size + 1)
    rows = list(session.execute(query).unique())  # one more tells whether there is another page
    has_more = len(rows) > size
    rows = rows[:size]
    if is_backwards:
        rows.reverse()
        page = _link_neighbors(rows, len(order_by), has_newer=has_more, has_older=bool(key))
    else:
        page = _link_neighbors(rows, len(order_by), has_newer=bool(key), has_older=has_more)
    if cursor and key is None:
        return replace(page, ignored_cursor="after" if is_backwards else "before")
    return page


def is_past_end(page: ListPage) -> bool:
    """Return whether nothing is left on a page after the first, for example since an act."""
    return not page.rows and bool(request.args.get("after") or request.args.get("before"))


def build_first_address() -> str:
    """Return the address of the first page of this list, with the same filters."""
    return build_address_with(before=None, after=None)


def is_after(
    order_by: Sequence[Any], key: Sequence[Any], *, is_descending: bool
) -> ColumnElement[bool]:
    """Return the condition that a row comes after the one with this key.

    Each part of the key has the type of its column, because an amount is stored as a number.
    """
    parts = [literal(part, column.type) for part, column in zip(key, order_by, strict=True)]
    row_key, last_key = tuple_(*order_by), tuple_(*parts)
    return row_key < last_key if is_descending else row_key > last_key


def load_pairs(session: Session, query: Any) -> dict[Any, Any]:
    """Return the two columns of a query as a dictionary: the first is the key."""
    contents = {}
    for key, content in session.execute(query):
        contents[key] = content
    return contents


def drop_unset(filters: Mapping[str, str]) -> dict[str, str]:
    """Return the filters that are set, for the address of a file with the same rows."""
    return {name: value for name, value in filters.items() if value}


def list_distinct_values(session: Session, column: Any) -> list[Any]:
    """Return the different values of a column with an index, in order.

    The index is entered once for each value, so it does not matter how many rows have it.
    """
    table = column.class_
    first = select(func.min(column).label("value")).select_from(table)
    steps = first.cte("steps", recursive=True)
    following = select(func.min(column)).where(column > steps.c.value).scalar_subquery()
    steps = steps.union_all(select(following).where(steps.c.value.is_not(None)))
    return list(session.scalars(select(steps.c.value).where(steps.c.value.is_not(None))))


def build_address_with(**changes: Any) -> str:
    """Return the address of this page with some arguments changed; None removes one.

    An argument that comes several times keeps all of its values.
    """
    arguments: dict[str, Any] = request.args.to_dict(flat=False)
    arguments |= request.view_args or {}
    arguments |= changes
    remaining = {}
    for name, value in arguments.items():
        if value is not None:
            remaining[name] = value
    endpoint = request.endpoint or "home.show"
    return url_for(endpoint, **remaining)


def _link_neighbors(
    rows: list[Any], key_length: int, *, has_newer: bool, has_older: bool
) -> ListPage:
    """Return the page with links to the newer and older ones.

    The last columns of each row are its key. The columns before them are the content: a tuple, or
    the value itself if there is only one.
    """
    contents = []
    for row in rows:
        columns = tuple(row[:-key_length])
        contents.append(columns[0] if len(columns) == 1 else columns)
    newer = older = ""
    if has_newer:
        newer = _build_neighbor_address(rows, 0, key_length, "after")
    if has_older:
        older = _build_neighbor_address(rows, -1, key_length, "before")
    return ListPage(contents, newer, older)


def _build_neighbor_address(rows: list[Any], index: int, key_length: int, side: str) -> str:
    """Return the address of the page beside a row; without rows, that of the first page."""
    cursor: dict[str, str | None] = {"before": None, "after": None}
    if rows:
        key = list(rows[index][-key_length:])
        cursor[side] = json.dumps(key, default=str)
    return build_address_with(**cursor)


def _parse_cursor(text: str | None, order_by: Sequence[Any]) -> list[Any] | None:
    """Return the key in an address; None, for the first page, if it does not fit the columns.

    An address that somebody edited by hand thus leads to the first page.
    """
    try:
        key = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(key, list):
        return None
    if len(key) != len(order_by):
        return None
    parts = [_parse_part(part, column) for part, column in zip(key, order_by, strict=True)]
    return None if None in parts else parts


def _parse_part(part: Any, column: Any) -> Any:
    """Return a part of a key as its column has it; None if it does not fit the column."""
    if isinstance(column.type, Instant):
        return _parse_moment(part)
    if isinstance(column.type, Money):
        return _parse_amount(part)
    python_type = column.type.python_type
    if python_type is dt.date:
        return _parse_day(part)
    fits = type(part) is python_type and _fits_column(part)
    return part if fits else None


def _parse_day(part: Any) -> dt.date | None:
    """Return the day that a part of a key is, None if it is none."""
    try:
        return dt.date.fromisoformat(part)
    except (TypeError, ValueError):
        return None


def _parse_moment(part: Any) -> dt.datetime | None:
    """Return the moment that a part of a key is, None if it is none; a moment has a zone."""
    try:
        moment = dt.datetime.fromisoformat(part)
        return moment.astimezone(dt.UTC) if moment.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


def _parse_amount(part: Any) -> Decimal | None:
    """Return the amount that a part of a key is, None if it is none that a column can hold."""
    try:
        amount = Decimal(part) if isinstance(part, str) else None
    except InvalidOperation:
        return None
    if amount is None or not amount.is_finite() or abs(amount) >= MAX_AMOUNT:
        return None
    return amount if amount == round(amount, 6) else None


def _fits_column(part: Any) -> bool:
    """Return whether a part of a key is a number or text that a column can hold."""
    if isinstance(part, int):
        return abs(part) <= row_ids.MAX_ROW_ID
    if isinstance(part, str):
        return exact_json.is_storable(part)
    return True
