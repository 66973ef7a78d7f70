"""The rate at which a caller may call: a burst, then steadily; counted in this process."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass

MAX_CALLERS = 10_000


@dataclass(frozen=True)
class BurstRate:
    """A burst of calls, and how many follow in a minute."""

    burst: int
    per_minute: int


class CallRates:
    """The calls that each of many callers has left, refilled steadily."""

    def __init__(self, rate: BurstRate, now: Callable[[], float]) -> None:
        """Start with every caller's full burst; `now` returns seconds that never decrease."""
        self._rate = rate
        self._per_second = rate.per_minute / 60
        self._now = now
        self._left: dict[Hashable, tuple[float, float]] = {}  # calls left, and since when
        self._lock = threading.Lock()

    def count_call(self, caller: Hashable) -> float:
        """Count a call; return 0, or the seconds until the next one if there was one too many."""
        now = self._now()
        with self._lock:
            if len(self._left) >= MAX_CALLERS:
                self._forget_idle(now)
            calls_left = self._count_calls_left(caller, now)
            if calls_left < 1:
                return (1 - calls_left) / self._per_second
            self._left[caller] = (calls_left - 1, now)
            return 0.0

    def get_pause(self, caller: Hashable) -> float:
        """Return the seconds until a caller may call, 0 for now; count nothing."""
        with self._lock:
            calls_left = self._count_calls_left(caller, self._now())
        return 0.0 if calls_left >= 1 else (1 - calls_left) / self._per_second

    def _count_calls_left(self, caller: Hashable, now: float) -> float:
        """Return how many calls a caller has left at a moment."""
        calls_left, since = self._left.get(caller, (self._rate.burst, now))
        return min(self._rate.burst, calls_left + (now - since) * self._per_second)

    def _forget_idle(self, now: float) -> None:
        """Forget the callers whose burst is full again, and all if none is."""
        busy = {
            caller: entry
            for caller, entry in self._left.items()
            if self._count_calls_left(caller, now) < self._rate.burst
        }
        self._left = busy if len(busy) < MAX_CALLERS else {}
