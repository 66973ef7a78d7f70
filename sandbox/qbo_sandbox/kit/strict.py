"""Checks and pages of a strict JSON API; an error has a code, a reason and the wrong field."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Protocol
from urllib.parse import unquote
from wsgiref.types import WSGIEnvironment

from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.kit.messages import Header, json_of
from qbo_sandbox.kit.rows import Place, format_cursor, parse_cursor

TEXT, FLAG, WHOLE, NUMBER = str, bool, int, (int, Decimal)
Types = Mapping[str, type | tuple[type, ...]]


class PageNames(Protocol):
    """The parameters and fields of a list, by the names that the source's API gives them."""

    CURSOR: ClassVar[str]
    LIMIT: ClassVar[str]
    ITEMS: ClassVar[str]
    NEXT_CURSOR: ClassVar[str]
    HAS_MORE: ClassVar[str]


class RowNames(Protocol):
    """The fields that say which row comes after which."""

    ID: ClassVar[str]
    UPDATED_AT: ClassVar[str]


class CallRefused(Exception):
    """An answer with an error status: `code`, a message for people, and the field that is wrong."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        field: str | None = None,
        headers: Sequence[Header] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        self.body = {"code": code, "message": message, "field": field}


def invalid(field: str, message: str) -> CallRefused:
    """Return the error of a field that is not acceptable."""
    return CallRefused(422, "invalid", message, field)


def route(
    routes: Sequence[tuple[str, str, str]], environ: WSGIEnvironment
) -> tuple[str | None, list[str]]:
    """Return the name of the call and its arguments; None as the name if there is no such call."""
    path = environ.get("PATH_INFO", "")
    for method, pattern, name in routes:
        match = re.fullmatch(pattern, path)
        if match and method == environ["REQUEST_METHOD"]:
            return name, [unquote(part) for part in match.groups()]
    return None, []


def json_body(environ: WSGIEnvironment) -> Any:
    """Return the JSON of the body; refuse any other content."""
    if not environ.get("CONTENT_TYPE", "").startswith("application/json"):
        raise CallRefused(415, "unsupported_media_type", "The body must be JSON.")
    try:
        return json_of(environ)
    except ValueError:
        raise CallRefused(422, "invalid", "The body is not JSON.") from None


def as_object(value: Any, allowed: Types, required: Sequence[str], where: str = "") -> Any:
    """Return an object that has only allowed fields of the right types and all required ones."""
    if not isinstance(value, dict):
        raise invalid(where, "An object is needed here.")
    for name, content in value.items():
        if name not in allowed:
            raise invalid(_join_path(where, name), "There is no such field.")
        if not _has_type(content, allowed[name]):
            raise invalid(
                _join_path(where, name),
                "The value is not of the field's type; fields without a value are left out.",
            )
    for name in required:
        if value.get(name) in (None, ""):
            raise invalid(_join_path(where, name), "This field is needed.")
    return value


def _join_path(where: str, name: str) -> str:
    """Return the name of a field below another."""
    return f"{where}.{name}" if where else name


def _has_type(content: Any, expected_type: Any) -> bool:
    """Return whether a value has the type of its field; a boolean is not a number."""
    if isinstance(content, bool) and expected_type is not FLAG:
        return False
    return isinstance(content, expected_type)


def moment(text: str, field: str) -> dt.datetime:
    """Return the time in UTC that a field contains."""
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.utcoffset() is None or not text.endswith("Z"):
        raise invalid(field, "A moment in UTC that ends with Z is needed.")
    return at


def page(
    query: Mapping[str, str], names: type[PageNames], maximum: int = 100
) -> tuple[Place | None, int]:
    """Return (position after which to read, limit) of a request for a list."""
    limit = query.get(names.LIMIT, "50")
    if not limit.isdecimal() or not 1 <= int(limit) <= maximum:
        raise invalid(names.LIMIT, f"A whole number from 1 to {maximum} is needed.")
    return _parse_position(query.get(names.CURSOR), names), int(limit)


def paginate(
    query: Mapping[str, str],
    rows: Sequence[JsonObject],
    more: bool,
    names: type[PageNames],
    row: type[RowNames],
) -> JsonObject:
    """Answer a request for a list; the cursor leads on from the last row, or stays where it was."""
    after = cursor(rows[-1], row) if rows else query.get(names.CURSOR) or None
    return {names.ITEMS: rows, names.NEXT_CURSOR: after, names.HAS_MORE: more}


def cursor(row: JsonObject, names: type[RowNames]) -> str:
    """Return an opaque position: after this row."""
    return format_cursor(row[names.UPDATED_AT], row[names.ID])


def _parse_position(text: str | None, names: type[PageNames]) -> Place | None:
    """Return the place that a cursor names; None without a cursor."""
    if not text:
        return None
    try:
        return parse_cursor(text)
    except ValueError:
        raise invalid(names.CURSOR, "This is no cursor that this API gave out.") from None
