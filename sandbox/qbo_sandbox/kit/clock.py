"""The stand-in's clock: it follows the real one until a test sets, moves or stops it."""

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from qbo_sandbox.kit.json_object import JsonObject


class Clock:
    """A clock that can be set; with `frozen` it only moves when it is set."""

    def __init__(self, now: float | None = None, *, frozen: bool = False) -> None:
        self._offset = 0.0
        self._stopped: float | None = None
        self._pretended = threading.local()
        self.on_change: list[Callable[[], None]] = []
        if now is not None:
            self._offset = now - time.time()
        if frozen:
            self._stopped = time.time() if now is None else now

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        pretended_time: float | None = getattr(self._pretended, "now", None)
        if pretended_time is not None:
            return pretended_time
        if self._stopped is not None:
            return self._stopped
        return time.time() + self._offset

    def set(self, now: float, *, frozen: bool | None = None) -> None:
        """Set the clock; without `frozen` it keeps running, or stays frozen, as before."""
        if frozen is None:
            frozen = self._stopped is not None
        self._offset = now - time.time()
        self._stopped = now if frozen else None
        for notify in self.on_change:
            notify()

    def state(self) -> dict[str, float | None]:
        """Return the state of the clock for the journal, see `restore`."""
        return {"offset": self._offset, "stopped": self._stopped}

    def restore(self, state: JsonObject) -> None:
        """Continue from a recorded state."""
        stopped_at = state["stopped"]
        self._offset = float(state["offset"])
        self._stopped = None
        if stopped_at is not None:
            self._stopped = float(stopped_at)

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self.set(self.now() + seconds)

    @contextmanager
    def pretend(self, now: float) -> Iterator[None]:
        """Let this thread see the time `now` within the block."""
        self._pretended.now = now
        try:
            yield
        finally:
            self._pretended.now = None

    def page(self, method: str, body: object) -> object:
        """Answer /_sandbox/clock: POST {"now": iso, "frozen": bool} or {"advance": seconds}."""
        if method == "POST" and isinstance(body, dict):
            now = self.now()
            if "advance" in body:
                now += float(body["advance"])
            elif "now" in body:
                now = moment(body["now"])
            self.set(now, frozen=body.get("frozen"))
        return {
            "now": iso(self.now()),
            "epoch": self.now(),
            "frozen": self._stopped is not None,
        }


def moment(text: str) -> float:
    """Parse an ISO date and time, as UTC if it has no offset."""
    time_of_text = dt.datetime.fromisoformat(text)
    if time_of_text.tzinfo is None:
        time_of_text = time_of_text.replace(tzinfo=dt.UTC)
    return time_of_text.timestamp()


def iso(now: float) -> str:
    """Return a moment as text, in UTC."""
    utc_time = dt.datetime.fromtimestamp(now, dt.UTC)
    return utc_time.isoformat(timespec="milliseconds")
