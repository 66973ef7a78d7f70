"""The injected clock: everything in the hub that needs the time gets it from here."""

import datetime as dt
import time
from abc import ABC, abstractmethod
from functools import partial

# The clock that also counts while the machine sleeps, if it has one: claims age in that time too.
_seconds = (
    partial(time.clock_gettime, time.CLOCK_BOOTTIME)
    if hasattr(time, "CLOCK_BOOTTIME")
    else time.monotonic
)

# The clocks of the machines of one hub differ by less; a stored time that is later than that was
# stored before the clock was set back.
MAX_CLOCK_DIFFERENCE = dt.timedelta(minutes=10)


class Clock(ABC):
    """The time: now, the time that has passed, and waiting."""

    @abstractmethod
    def now(self) -> dt.datetime:
        """Return the time in UTC, aware; a person may set it back."""

    @abstractmethod
    def monotonic(self) -> float:
        """Return seconds that never decrease, for deadlines."""

    @abstractmethod
    def sleep(self, seconds: float) -> None:
        """Wait for some seconds."""


class SystemClock(Clock):
    """The clock of this machine."""

    def now(self) -> dt.datetime:
        """Return the time of the operating system."""
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        """Return the seconds since the machine started, if possible with the time it slept."""
        return _seconds()

    def sleep(self, seconds: float) -> None:
        """Wait in this thread; return at once if the time is negative."""
        time.sleep(max(0.0, seconds))
