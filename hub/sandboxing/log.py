"""The list of requests a stand-in answered, with its verdict on each, for tests to read."""

import itertools
from collections import deque
from typing import Any

from hub.sandboxing.clock import iso


class RequestLog:
    """The newest requests, oldest first; headers are never kept, since they hold tokens."""

    def __init__(self, keep: int = 100_000) -> None:
        self._entries: deque[tuple[Any, ...]] = deque(maxlen=keep)
        self._numbers = itertools.count(1)

    def add(self, at: float, method: str, path: str, call: str, status: int, fault: str, note: dict[str, Any]) -> None:
        self._entries.append((next(self._numbers), at, method, path, call, status, fault, note))

    def entries(self, call: str | None = None) -> list[dict[str, Any]]:
        return [_entry(*row) for row in list(self._entries) if call in (None, row[4])]

    def page(self, method: str, body: object) -> object:
        """What /_sandbox/log does: GET reads, DELETE empties."""
        if method == "DELETE":
            self._entries.clear()
        return {"requests": self.entries()}


def _entry(
    number: int, at: float, method: str, path: str, call: str, status: int, fault: str, note: dict[str, Any]
) -> dict[str, Any]:
    named = {"number": number, "at": iso(at), "method": method, "path": path, "call": call, "status": status}
    return named | ({"fault": fault} if fault else {}) | note
