"""Fill the placeholders in a body for objects that are not created yet."""

from collections.abc import Mapping
from typing import Any

ID_FIELDS = ("value", "TxnId", "TxnLineId")  # ids in a reference, and in a link to a transaction


def fill(body: Any, ids: Mapping[str, str]) -> Any:
    """Return a body with ids in place of their placeholders."""
    if isinstance(body, list):
        return [fill(value, ids) for value in body]
    if not isinstance(body, dict):
        return body
    filled_body = {}
    for name, value in body.items():
        if name in ID_FIELDS:
            filled_body[name] = ids.get(value, value)
        else:
            filled_body[name] = fill(value, ids)
    return filled_body
