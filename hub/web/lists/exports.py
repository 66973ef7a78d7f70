"""Download lists as CSV, XLSX or JSON, row by row, so that memory does not grow with the list.

The rows are read in chunks, each in a transaction of its own, so that a slow download holds none.
"""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask import Response, abort, request, stream_with_context
from sqlalchemy import Select
from sqlalchemy.orm import Session

from hub import spreadsheets
from hub.db.engine import read_only_session
from hub.errors import Refused
from hub.money import round_amount
from hub.translations.messages import use_english
from hub.web.frame.paging import is_after
from hub.web.lists import xlsx

ROWS_AT_ONCE = 500
Row = Mapping[str, Any]
JSON_MIME = "application/json"
UNSAFE_IN_FILE_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


def download(name: str, columns: Sequence[str], rows: Iterable[Row]) -> Response:
    """Stream rows in the format that the address names, CSV if it names none.

    `columns` are the names of the values of a row, in the order of the file.
    """
    format = request.args.get("format", "csv")
    if format not in FORMATS:
        abort(404)
    mimetype, encode = FORMATS[format]
    use_english()  # the rows are written after this function has returned
    content = stream_with_context(encode(name, columns, rows))
    return build_download(f"{name}.{format}", content, mimetype)


def require_no_problem(problems: Mapping[str, str]) -> None:
    """Raise Refused if a filter cannot be used: the file would hold what nobody asked for."""
    for problem in problems.values():
        raise Refused(problem)


def build_download(name: str, content: bytes | Iterable[bytes], mimetype: str) -> Response:
    """Return a file that the browser saves under this name.

    Characters that have a meaning in a header become underscores.
    """
    safe_name = UNSAFE_IN_FILE_NAME.sub("_", name)
    headers = {"Content-Disposition": f"attachment; filename={safe_name}"}
    return Response(content, mimetype=mimetype, headers=headers)


def round_total(total: Decimal, currency: str) -> Decimal:
    """Return an amount with the decimals of its currency; without one it stays as it is."""
    return round_amount(total, currency) if currency else total


def read_in_chunks(
    query: Select[Any],
    order_by: Sequence[Any],
    build_rows: Callable[[Session, Sequence[Any]], Iterable[Row]],
    *,
    is_descending: bool = True,
) -> Iterator[Row]:
    """Yield the rows of a file, reading some hundreds of rows of the query at a time.

    The columns of `order_by` are unique together. `build_rows` receives the first column of each
    row of a chunk.
    """
    key: Sequence[Any] = ()
    order = [column.desc() if is_descending else column.asc() for column in order_by]
    ordered_query = query.order_by(*order).add_columns(*order_by).limit(ROWS_AT_ONCE)
    while True:
        chunk = ordered_query
        if key:
            chunk = ordered_query.where(is_after(order_by, key, is_descending=is_descending))
        with read_only_session() as session:
            rows_with_key = session.execute(chunk).all()
            rows = list(build_rows(session, [row[0] for row in rows_with_key]))
        yield from rows
        if len(rows_with_key) < ROWS_AT_ONCE:
            return
        key = rows_with_key[-1][-len(order_by) :]


def _format_csv(title: str, columns: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield a CSV file."""
    cells = ([_format_cell(row[name]) for name in columns] for row in rows)
    return spreadsheets.stream(columns, cells)


def _format_xlsx(title: str, columns: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield an XLSX file, in which dates stay dates."""
    cells = ([_format_xlsx_cell(row[name]) for name in columns] for row in rows)
    return xlsx.stream_file(title, columns, cells)


def _format_json(title: str, columns: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield a JSON array with one row in each line; amounts are texts."""
    separator = "[\n"
    for row in rows:
        values = {name: row[name] for name in columns}
        line = json.dumps(values, ensure_ascii=False, default=str)
        yield f"{separator}{line}".encode()
        separator = ",\n"
    yield b"\n]\n" if separator != "[\n" else b"[]\n"


def _format_xlsx_cell(value: Any) -> xlsx.Cell:
    """Return a value as a cell of an XLSX file."""
    return value if isinstance(value, dt.date) else _format_cell(value)


def _format_cell(value: Any) -> spreadsheets.Cell:
    """Return a value as a cell: numbers stay numbers, all else becomes text."""
    if value is None or isinstance(value, str | Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


Encode = Callable[[str, Sequence[str], Iterable[Row]], Iterator[bytes]]
FORMATS: dict[str, tuple[str, Encode]] = {
    "csv": (spreadsheets.MIME, _format_csv),
    "xlsx": (xlsx.MIME, _format_xlsx),
    "json": (JSON_MIME, _format_json),
}
