"""A clock for tests: it stands still until it is moved, and sleeping moves it."""

import datetime as dt
import threading
from collections.abc import Callable

from hub.clock import Clock

START = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)


class FakeClock(Clock):
    """A clock that starts at `start`; `followers` are called with each new moment."""

    def __init__(self, start: dt.datetime = START) -> None:
        self._now = start
        self._passed = 0.0  # seconds
        self._lock = threading.Lock()
        self.slept: list[float] = []
        self.followers: list[Callable[[dt.datetime], object]] = []

    def now(self) -> dt.datetime:
        return self._now

    def monotonic(self) -> float:
        return self._passed

    def sleep(self, seconds: float) -> None:
        """Record the pause and let that much time pass at once."""
        self.slept.append(seconds)
        if seconds > 0:
            self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass, on both clocks."""
        with self._lock:
            self._passed += seconds
        self.set(self._now + dt.timedelta(seconds=seconds))

    def set(self, now: dt.datetime) -> None:
        """Set the wall clock to a moment, forward or back; no time passes."""
        with self._lock:
            self._now = now
        for notify in self.followers:
            notify(now)
