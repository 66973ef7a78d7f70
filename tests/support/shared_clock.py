"""A clock shared with forked processes that jumps ahead while all of them wait."""

import datetime as dt
import mmap
import struct
import threading
import time

from hub.clock import Clock

SPEED = 4  # seconds in one real second
OFTEN = 0.005  # real seconds after which a sleeper looks whether time has leapt
NUMBER = struct.Struct("d")
AWAKE, HOLDS = 0.0, -1.0  # what stands in the place of a process that does not sleep


class SharedClock(Clock):
    """What it has leapt, and until when each process sleeps or that others wait for it, all of them see in memory."""

    def __init__(self, start: dt.datetime, places: int) -> None:
        self._start, self._real, self.place = start, time.monotonic(), 0
        self._shared = mmap.mmap(-1, NUMBER.size * (places + 1))

    def now(self) -> dt.datetime:
        return self._start + dt.timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (time.monotonic() - self._real) * SPEED + self._read(0)

    def sleep(self, seconds: float) -> None:
        until = self.monotonic() + max(0.0, seconds)
        self._tell(until)
        while (left := until - self.monotonic()) > 0:
            time.sleep(min(left / SPEED, OFTEN))
        self._tell(AWAKE)

    def hold(self, holds: bool) -> None:
        """Whether others wait for what this process holds now."""
        self._tell(HOLDS if holds else AWAKE)

    def holds(self, place: int) -> bool:
        """Whether others wait for what the process of this place holds."""
        return self._read(place) == HOLDS

    def until(self, place: int) -> float:
        """The time at which the process of this place goes on; one long gone while it does not sleep."""
        return self._read(place)

    def leap(self, to: float) -> None:
        """It is this time now, if it is not later: for the one process that steers it."""
        self._write(0, self._read(0) + max(0.0, to - self.monotonic()))

    def _tell(self, value: float) -> None:
        """Of the main thread: the others only send."""
        if self.place and threading.current_thread() is threading.main_thread():
            self._write(self.place, value)

    def _read(self, place: int) -> float:
        found: float = NUMBER.unpack_from(self._shared, place * NUMBER.size)[0]
        return found

    def _write(self, place: int, value: float) -> None:
        NUMBER.pack_into(self._shared, place * NUMBER.size, value)
