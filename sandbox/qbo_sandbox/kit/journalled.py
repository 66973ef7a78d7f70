"""Books whose truth is a journal: an event a line, written before it counts."""

import datetime as dt
import threading
from typing import Any

from qbo_sandbox.kit.clock import Clock
from qbo_sandbox.kit.journal import Journal


class Journalled:
    """A subclass says in `_apply` how an event counts, and ends its `__init__` with `_replay`."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal, self._clock, self._lock, self._last = journal, clock, threading.RLock(), ""

    def do(self, what: str, **event: Any) -> Any:
        """Writes an event down, then lets it count; returns what it brings."""
        with self._lock:
            event = {"do": what, **event, "at": self.now()}
            self._journal.append(event)
            return self._apply(event)

    def now(self) -> str:
        """A moment later than every one before, so that no change hides behind a cursor."""
        at = dt.datetime.fromtimestamp(self._clock.now(), dt.UTC)
        if self._last:
            at = max(at, dt.datetime.fromisoformat(self._last) + dt.timedelta(milliseconds=1))
        return stamp(at)

    def _replay(self) -> None:
        for event in self._journal.replay():
            self._apply(event)

    def _apply(self, event: dict[str, Any]) -> Any:
        """Each event by the method of its name."""
        self._last = event["at"]
        return getattr(self, f"_{event['do']}")(event)


def stamp(at: dt.datetime) -> str:
    """A moment in UTC as these APIs write it."""
    return at.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
