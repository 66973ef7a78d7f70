"""Read the body and the date of a response: JSON with exact numbers, the entity in its place."""

import datetime as dt
import re
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

from hub import exact_json

ID_AND_TOKEN = re.compile(rb'"Id"\s*:\s*"([^"\s]+)"\s*,\s*"SyncToken"\s*:\s*"(\d+)"')


def parse_json(body: bytes) -> dict[str, Any]:
    """Return a JSON object with exact numbers; an empty one if the body is anything else.

    A field that is null counts as one that is left out.
    """
    try:
        content = exact_json.parse(body)
        if b"null" in body:
            content = _drop_nulls(content)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _drop_nulls(content: Any) -> Any:
    """Return parsed JSON without the fields that are null."""
    if isinstance(content, list):
        return [_drop_nulls(item) for item in content]
    if isinstance(content, dict):
        return {name: _drop_nulls(value) for name, value in content.items() if value is not None}
    return content


def extract_entity(body: dict[str, Any], place: str) -> dict[str, Any] | None:
    """Return the entity that was asked for, or a list under the key `rows`."""
    content = body.get(place)
    if place == "AttachableResponse" and isinstance(content, list):
        first = content[0] if content else None
        if isinstance(first, dict):
            content = first.get("Attachable")
    if isinstance(content, list):
        return {"rows": content}
    if not isinstance(content, dict):
        return None
    return content


def parse_version(entity: dict[str, Any] | None, body: bytes) -> dict[str, Any]:
    """Return the Id and SyncToken of an entity, or else the first ones in the bytes of a body."""
    if entity and entity.get("Id"):
        id = str(entity["Id"])
        token = str(entity.get("SyncToken", ""))
        return {"id": id, "sync_token": token or None}
    match = ID_AND_TOKEN.search(body)
    if match is None:
        return {"id": None, "sync_token": None}
    return {"id": match[1].decode(), "sync_token": match[2].decode()}


def find_date(header: str, body: dict[str, Any]) -> dt.datetime | None:
    """Return the date of a response in whole seconds: that of its header, or else of its body."""
    return _parse_date(header) or _parse_time(body.get("time"))


def _parse_time(value: Any) -> dt.datetime | None:
    """Return a time of a body in UTC; None if there is none, or one without an offset."""
    try:
        moment = dt.datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment.astimezone(dt.UTC).replace(microsecond=0) if moment.tzinfo else None


@lru_cache(maxsize=100)  # the responses of a second have the same date
def _parse_date(text: str) -> dt.datetime | None:
    """Return the date of a header in UTC; None if there is none that can be read."""
    if not text:
        return None
    try:
        return parsedate_to_datetime(text).astimezone(dt.UTC)
    except ValueError:
        return None
