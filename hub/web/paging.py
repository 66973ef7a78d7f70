"""Long lists in pages: the next one begins after the last row shown, so page 200 costs what the first one does."""

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
    session: Session, wanted: Select[Any], *, by: Sequence[Any], down: bool = True, size: int = SIZE
) -> Page:
    """One page of a statement, ordered by columns that are unique together; `down` begins with the highest."""
    back = "after" in request.args
    here = _cursor(request.args.get("after") or request.args.get("before"), by)
    falling = down != back
    if here:
        at = tuple_(*by)
        wanted = wanted.where(at < tuple_(*here) if falling else at > tuple_(*here))
    wanted = wanted.order_by(*(column.desc() if falling else column.asc() for column in by))
    found = [*session.execute(wanted.add_columns(*by).limit(size + 1)).unique()]
    more, found = len(found) > size, found[:size]
    if back:
        found.reverse()
    return _between(
        found,
        len(by),
        further=more if not back else bool(here),
        earlier=more if back else bool(here),
    )


def row_or_404(session: Session, model: type[Any], key: Any) -> Any:
    """The row, or the page that says there is none."""
    return session.get(model, key) or abort(404)


def pairs(session: Session, wanted: Any) -> dict[Any, Any]:
    """The two columns of a statement as a dictionary."""
    return {row[0]: row[1] for row in session.execute(wanted)}


def here_with(**changes: Any) -> str:
    """The address of this page with some arguments changed; None removes one."""
    arguments = {**request.args.to_dict(flat=False), **(request.view_args or {})}
    kept = {name: value for name, value in {**arguments, **changes}.items() if value is not None}
    return url_for(request.endpoint or "home.show", **kept)


def _between(found: list[Any], keys: int, *, further: bool, earlier: bool) -> Page:
    rows = [row[0] if len(row) == keys + 1 else tuple(row[:-keys]) for row in found]
    return Page(
        rows,
        newer=_beside(found, 0, keys, "after") if earlier else "",
        older=_beside(found, -1, keys, "before") if further else "",
    )


def _beside(found: list[Any], place: int, keys: int, side: str) -> str:
    if not found:
        return here_with(before=None, after=None)
    key = json.dumps(list(found[place][-keys:]))
    return here_with(**{"before": None, "after": None, side: key})


def _cursor(text: str | None, by: Sequence[Any]) -> list[Any] | None:
    """The key in an address, if it is one for these columns; anything else begins at the first page."""
    try:
        key = json.loads(text) if text else None
    except ValueError:
        return None
    types = [column.type.python_type for column in by]
    fits = isinstance(key, list) and [type(part) for part in key] == types
    return key if fits else None
