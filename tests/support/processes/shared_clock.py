"""A clock shared with forked processes that jumps ahead while all of them wait."""

import datetime as dt
import mmap
import struct
import threading
import time

from hub.clock import Clock

SPEED = 4  # virtual seconds in one real second
OFTEN = 0.005  # real seconds between a sleeper's checks for a jump
NUMBER = struct.Struct("d")
AWAKE, HOLDS = 0.0, -1.0  # values for a process that does not sleep


class SharedClock(Clock):
    """A clock in shared memory: the time jumped, and the state of each process.

    The state is the time until which a process sleeps, or that it holds something others wait for.
    """

    def __init__(self, start: dt.datetime, places: int) -> None:
        self._start, self._real, self.place = start, time.monotonic(), 0
        self._shared = mmap.mmap(-1, NUMBER.size * (places + 1))

    def now(self) -> dt.datetime:
        return self._start + dt.timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (time.monotonic() - self._real) * SPEED + self._read(0)

    def sleep(self, seconds: float) -> None:
        until = self.monotonic() + max(0.0, seconds)
        self._store_state(until)
        while (remaining := until - self.monotonic()) > 0:
            time.sleep(min(remaining / SPEED, OFTEN))
        self._store_state(AWAKE)

    def hold(self, holds: bool) -> None:
        """Set whether this process holds something that others wait for."""
        self._store_state(HOLDS if holds else AWAKE)

    def holds(self, place: int) -> bool:
        """Return whether the process at this place holds something that others wait for."""
        return self._read(place) == HOLDS

    def until(self, place: int) -> float:
        """Return the time until which a process sleeps; a past time if it does not."""
        return self._read(place)

    def jump(self, to: float) -> None:
        """Jump to a time unless it has passed; for the controlling process only."""
        self._write(0, self._read(0) + max(0.0, to - self.monotonic()))

    def _store_state(self, value: float) -> None:
        """Store this process's state; ignore threads other than the main one, which only send."""
        if self.place and threading.current_thread() is threading.main_thread():
            self._write(self.place, value)

    def _read(self, place: int) -> float:
        value: float = NUMBER.unpack_from(self._shared, place * NUMBER.size)[0]
        return value

    def _write(self, place: int, value: float) -> None:
        NUMBER.pack_into(self._shared, place * NUMBER.size, value)
