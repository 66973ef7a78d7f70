"""How fast a company may be called: one governor for all its apps, fair between them, that learns from a refusal."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import current_app

from hub.clock import Clock
from hub.config import Config

LEAST_PER_MINUTE, REGAINED_PER_MINUTE = 30, 50


@dataclass(frozen=True)
class Limits:
    """How many requests may start in a second and a minute, run at once, and how many batches start in a minute."""

    per_second: int = 10
    per_minute: int = 500
    at_once: int = 10
    batches: int = 40


INTUIT = Limits()


class NoSlot(Exception):
    """The company's budget leaves no room before the deadline; `after` is how many seconds it would take."""

    def __init__(self, after: float) -> None:
        super().__init__(f"no room within {after:.0f} s")
        self.after = after


@dataclass(frozen=True)
class Budget:
    """What is left: requests and batches in this minute; under way and waiting; seconds of an ordered pause."""

    requests: int
    batches: int
    running: int
    waiting: int
    paused: float


class Governor:
    """Lets requests of one company start, waiting rather than provoking a refusal."""

    def __init__(self, clock: Clock, limits: Limits = INTUIT) -> None:
        self._clock, self._limits = clock, limits
        self._changed = threading.Condition()
        self._starts: deque[float] = deque(maxlen=limits.per_minute)
        self._batches: deque[float] = deque(maxlen=limits.batches)
        self._waiting: dict[tuple[str, bool], deque[object]] = {}
        self._served: dict[str, int] = {}
        self._turn = self._running = 0
        self._paused_to = 0.0
        self._cap, self._cap_at = float(limits.per_minute), clock.monotonic()

    @contextmanager
    def slot(self, app: str = "", *, batch: bool = False, until: float | None = None) -> Iterator[None]:
        """Held while a request runs; raises NoSlot rather than start one after `until` (monotonic)."""
        self._enter(app, batch, until)
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def throttled(self, seconds: float) -> None:
        """QuickBooks asked to slow down: nothing starts for so long, and then a little slower than it did."""
        with self._changed:
            now = self._clock.monotonic()
            used = sum(start > now - 60 for start in self._starts)
            self._cap = float(max(LEAST_PER_MINUTE, min(self._allowed(now), used) * 0.9))
            self._cap_at = now + seconds
            self._paused_to = max(self._paused_to, now + seconds)

    def budget(self) -> Budget:
        """What is left at this moment."""
        with self._changed:
            now = self._clock.monotonic()
            used = sum(start > now - 60 for start in self._starts)
            batches = sum(start > now - 60 for start in self._batches)
            left = max(0, int(self._allowed(now)) - used)
            waiting = sum(map(len, self._waiting.values()))
            paused = max(0.0, self._paused_to - now)
            return Budget(left, self._limits.batches - batches, self._running, waiting, paused)

    def _enter(self, app: str, batch: bool, until: float | None) -> None:
        ticket, lane = object(), (app, batch)
        with self._changed:
            self._waiting.setdefault(lane, deque()).append(ticket)
            try:
                while not self._may_start(ticket, lane, until):
                    pass
                self._start(lane)
            finally:
                self._waiting[lane].remove(ticket)
                self._changed.notify_all()

    def _may_start(self, ticket: object, lane: tuple[str, bool], until: float | None) -> bool:
        delay = self._delay(lane[1])
        if until is not None and self._clock.monotonic() + delay >= until:
            raise NoSlot(delay)
        if self._running >= self._limits.at_once or self._next() is not ticket:
            self._changed.wait(1.0)
            return False
        if delay > 0:
            self._rest(delay)
        return delay <= 0

    def _rest(self, seconds: float) -> None:
        self._changed.release()
        try:
            self._clock.sleep(seconds)
        finally:
            self._changed.acquire()

    def _start(self, lane: tuple[str, bool]) -> None:
        now = self._clock.monotonic()
        self._turn += 1
        self._running += 1
        self._served[lane[0]] = self._turn
        self._starts.append(now)
        if lane[1]:
            self._batches.append(now)

    def _next(self) -> object:
        """The first of the app that waited longest for its turn, among those that may start soonest."""
        delays = {batch: self._delay(batch) for batch in (False, True)}
        lanes = [lane for lane, queue in self._waiting.items() if queue]
        best = min(lanes, key=lambda lane: (delays[lane[1]], self._served.get(lane[0], 0)))
        return self._waiting[best][0]

    def _delay(self, batch: bool) -> float:
        now = self._clock.monotonic()
        waits = [self._paused_to, self._free_at(self._starts, self._limits.per_second, 1.0)]
        waits.append(self._free_at(self._starts, max(1, int(self._allowed(now))), 60.0))
        if batch:
            waits.append(self._free_at(self._batches, self._limits.batches, 60.0))
        return max(0.0, max(waits) - now)

    @staticmethod
    def _free_at(starts: deque[float], limit: int, seconds: float) -> float:
        return starts[-limit] + seconds if len(starts) >= limit else 0.0

    def _allowed(self, now: float) -> float:
        return min(float(self._limits.per_minute), self._cap + REGAINED_PER_MINUTE * max(0.0, now - self._cap_at) / 60)


_making = threading.Lock()


def governor(realm: str, clock: Clock, config: Config) -> Governor:
    """The one governor of a company in this process."""
    limits = Limits(per_second=config.qbo_per_second, per_minute=config.qbo_per_minute)
    with _making:
        all_of_them: dict[str, Governor] = current_app.extensions.setdefault("hub.quota", {})
        return all_of_them.setdefault(realm, Governor(clock, limits))
