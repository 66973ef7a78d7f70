"""Places in a payload that wait for something to be made first: their ids begin with @."""

from collections.abc import Mapping
from typing import Any

PLACES = ("value", "TxnId", "TxnLineId")  # of a reference, and of a link to a transaction


def placeholders(body: Any) -> frozenset[str]:
    """What still has to be made, as @role:code."""
    if isinstance(body, list):
        return frozenset[str]().union(*map(placeholders, body))
    if not isinstance(body, dict):
        return frozenset()
    mine = {body[name] for name in PLACES if str(body.get(name, "")).startswith("@")}
    return frozenset(mine).union(*map(placeholders, body.values()))


def fill(body: Any, ids: Mapping[str, str]) -> Any:
    """The body with the ids of what has been made."""
    if isinstance(body, list):
        return [fill(value, ids) for value in body]
    if not isinstance(body, dict):
        return body
    return {
        name: ids.get(value, value) if name in PLACES else fill(value, ids)
        for name, value in body.items()
    }
