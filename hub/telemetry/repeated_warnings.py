"""Decide how often a warning is logged whose reason many runs meet."""

import threading

from hub.clock import Clock

REPEAT_SECONDS = 300.0


class RepeatedWarnings:
    """The reasons that were logged a short time ago."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._logged_at: dict[str, float] = {}  # by reason, on the monotonic clock

    def is_due(self, reason: str) -> bool:
        """Return whether a reason has to be logged now, and remember that it was."""
        now = self._clock.monotonic()
        with self._lock:
            for earlier_reason, logged_at in list(self._logged_at.items()):
                if now - logged_at >= REPEAT_SECONDS:
                    del self._logged_at[earlier_reason]
            is_due = reason not in self._logged_at
            self._logged_at.setdefault(reason, now)
        return is_due
