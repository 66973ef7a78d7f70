"""Page through long lists.

The next page begins after the last row shown, so page 200 costs as much as the first.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, request, url_for
from sqlalchemy import Select, tuple_
from sqlalchemy.orm import Session

SIZE = 50


@dataclass(frozen=True)
class Page:
    """Rows and the addresses of the pages beside them, "" where there is none."""

    rows: list[Any]
    newer: str = ""
    older: str = ""


def page(
    session: Session, query: Select[Any], *, by: Sequence[Any], down: bool = True, size: int = SIZE
) -> Page:
    """Return one page of a query ordered by columns that are unique together.

    `down` begins with the highest.
    """
    is_backwards = "after" in request.args
    key = _cursor(request.args.get("after") or request.args.get("before"), by)
    is_descending = down != is_backwards
    if key:
        row_key = tuple_(*by)
        query = query.where(row_key < tuple_(*key) if is_descending else row_key > tuple_(*key))
    query = query.order_by(*(column.desc() if is_descending else column.asc() for column in by))
    rows = [*session.execute(query.add_columns(*by).limit(size + 1)).unique()]
    has_more, rows = len(rows) > size, rows[:size]
    if is_backwards:
        rows.reverse()
    return _between(
        rows,
        len(by),
        further=has_more if not is_backwards else bool(key),
        earlier=has_more if is_backwards else bool(key),
    )


def row_or_404(session: Session, model: type[Any], key: Any) -> Any:
    """Return the row, or abort with the page that says there is none."""
    return session.get(model, key) or abort(404)


def pairs(session: Session, query: Any) -> dict[Any, Any]:
    """Return the two columns of a query as a dictionary."""
    return {row[0]: row[1] for row in session.execute(query)}


def here_with(**changes: Any) -> str:
    """Return the address of this page with some arguments changed; None removes one."""
    arguments = {**request.args.to_dict(flat=False), **(request.view_args or {})}
    remaining = {
        name: value for name, value in {**arguments, **changes}.items() if value is not None
    }
    return url_for(request.endpoint or "home.show", **remaining)


def _between(rows: list[Any], keys: int, *, further: bool, earlier: bool) -> Page:
    """Return the page with links to the newer and older ones."""
    contents = [row[0] if len(row) == keys + 1 else tuple(row[:-keys]) for row in rows]
    return Page(
        contents,
        newer=_beside(rows, 0, keys, "after") if earlier else "",
        older=_beside(rows, -1, keys, "before") if further else "",
    )


def _beside(rows: list[Any], place: int, keys: int, side: str) -> str:
    """Return the address of the page beside a row."""
    if not rows:
        return here_with(before=None, after=None)
    key = json.dumps(list(rows[place][-keys:]))
    return here_with(**{"before": None, "after": None, side: key})


def _cursor(text: str | None, by: Sequence[Any]) -> list[Any] | None:
    """Return the key in an address; None, for the first page, if it does not fit the columns."""
    try:
        key = json.loads(text) if text else None
    except ValueError:
        return None
    types = [column.type.python_type for column in by]
    fits = isinstance(key, list) and [type(part) for part in key] == types
    return key if fits else None
