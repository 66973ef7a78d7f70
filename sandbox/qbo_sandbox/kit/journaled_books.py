"""Books that are stored as a journal: one event per line, written before it takes effect."""

import datetime as dt
import threading
from typing import Any

from qbo_sandbox.kit.clock import Clock
from qbo_sandbox.kit.journal import Journal
from qbo_sandbox.kit.json_object import JsonObject


class JournaledBooks:
    """A subclass says in `_apply` how an event counts, and ends its `__init__` with `_replay`."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._lock = threading.RLock()
        self._last = ""

    def do(self, event_type: str, **event: Any) -> Any:
        """Write an event to the journal, apply it, and return what it yields."""
        with self._lock:
            event = {"do": event_type, **event, "at": self.now()}
            self._journal.append(event)
            return self._apply(event)

    def now(self) -> str:
        """Return a time later than all before, so that no cursor skips a change."""
        at = dt.datetime.fromtimestamp(self._clock.now(), dt.UTC)
        if self._last:
            at = max(at, dt.datetime.fromisoformat(self._last) + dt.timedelta(milliseconds=1))
        return stamp(at)

    def _replay(self) -> None:
        """Apply the events in the journal again."""
        for event in self._journal.replay():
            self._apply(event)

    def _apply(self, event: JsonObject) -> Any:
        """Apply an event by the method of its name."""
        self._last = event["at"]
        return getattr(self, f"_{event['do']}")(event)


def stamp(at: dt.datetime) -> str:
    """Format a time in UTC as these APIs do."""
    return at.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
