"""The log of answered requests, with a verdict on each, for tests."""

import threading
from collections import deque
from typing import Any

from qbo_sandbox.kit.clock import iso
from qbo_sandbox.kit.json_object import JsonObject

VERDICTS_BY_STATUS = {0: "lost", 401: "unauthorised", 403: "forbidden", 429: "throttled"}


def describe_verdict(status: int, note: JsonObject) -> str:
    """Return what happened to a request, whatever its client received."""
    if status in VERDICTS_BY_STATUS:
        return VERDICTS_BY_STATUS[status]
    if status >= 400 or "code" in note:
        return "failed" if status >= 500 else "refused"
    return "replayed" if note.get("replayed") else "accepted"


# Shared by all logs, because a log with a lock of its own could not be copied.
_NUMBER_LOCK = threading.Lock()


class RequestLog:
    """The newest requests, the oldest first; without headers, because they contain tokens."""

    def __init__(self, keep: int = 100_000) -> None:
        self._entries: deque[tuple[Any, ...]] = deque(maxlen=keep)
        self._newest_number = 0

    def add(
        self,
        at: float,
        method: str,
        path: str,
        call: str,
        status: int,
        fault: str,
        note: JsonObject,
    ) -> None:
        """Add a call with its answer's status."""
        with _NUMBER_LOCK:
            self._newest_number += 1
            number = self._newest_number
            self._entries.append((number, at, method, path, call, status, fault, note))

    def entries(self, call: str | None = None) -> list[JsonObject]:
        """Return the requests, all of them or those of one call, the oldest first."""
        entries = []
        for row in list(self._entries):
            if call in (None, row[4]):
                entries.append(_log_entry(*row))
        return entries

    def page(self, method: str, body: object) -> object:
        """Answer /_sandbox/log: GET reads, filtered by `call` and `after`; DELETE empties it."""
        query = body if isinstance(body, dict) else {}
        if method == "DELETE":
            self._entries.clear()
        after = int(query.get("after") or 0)
        return {
            "requests": [
                entry for entry in self.entries(query.get("call")) if entry["number"] > after
            ]
        }


def _log_entry(
    number: int,
    at: float,
    method: str,
    path: str,
    call: str,
    status: int,
    fault: str,
    note: JsonObject,
) -> JsonObject:
    """Return a call as the control page shows it."""
    entry = {
        "number": number,
        "at": iso(at),
        "method": method,
        "path": path,
        "call": call,
        "status": status,
    }
    return entry | ({"fault": fault} if fault else {}) | note
