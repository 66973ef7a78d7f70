"""Find and fill the placeholders in a payload for objects that are not created yet."""

from collections.abc import Mapping
from typing import Any

from hub.mapping.placeholders import is_placeholder

ID_FIELDS = ("value", "TxnId", "TxnLineId")  # ids in a reference, and in a link to a transaction


def find_placeholders(body: Any) -> frozenset[str]:
    """Return the placeholders in a body."""
    if isinstance(body, list):
        return frozenset[str]().union(*map(find_placeholders, body))
    if not isinstance(body, dict):
        return frozenset()
    here = set()
    for name in ID_FIELDS:
        id = str(body.get(name, ""))
        if is_placeholder(id):
            here.add(id)
    inside = map(find_placeholders, body.values())
    return frozenset(here).union(*inside)


def fill(body: Any, ids: Mapping[str, str]) -> Any:
    """Return a body with ids in place of their placeholders."""
    if isinstance(body, list):
        return [fill(value, ids) for value in body]
    if not isinstance(body, dict):
        return body
    filled = {}
    for name, value in body.items():
        if name in ID_FIELDS:
            filled[name] = ids.get(value, value)
        else:
            filled[name] = fill(value, ids)
    return filled
