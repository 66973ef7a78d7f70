"""Places in a payload that wait for something to be made first: their ids begin with @."""

from collections.abc import Mapping
from typing import Any


def placeholders(body: Any) -> frozenset[str]:
    """What still has to be made, as @role:code."""
    if isinstance(body, dict):
        return frozenset().union(*map(placeholders, body.values()))
    if isinstance(body, list):
        return frozenset().union(*map(placeholders, body))
    return frozenset({body}) if isinstance(body, str) and body.startswith("@") and ":" in body else frozenset()


def fill(body: Any, ids: Mapping[str, str]) -> Any:
    """The body with the ids of what has been made."""
    if isinstance(body, dict):
        return {name: fill(value, ids) for name, value in body.items()}
    if isinstance(body, list):
        return [fill(value, ids) for value in body]
    return ids.get(body, body) if isinstance(body, str) else body
