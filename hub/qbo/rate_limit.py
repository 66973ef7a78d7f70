"""How fast a company may be called: one rate limiter for all its apps, fair between them, that learns from a refusal."""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path

from flask import current_app

from hub.clock import Clock
from hub.config import Config
from hub.qbo.rate_limit_state import RateLimitState, SharedState

# What starts evenly does not arrive evenly: the limits are kept over a little more than a second and a minute.
IN_A_SECOND, IN_A_MINUTE = 1.2, 61.0
LEAST_PER_MINUTE, REGAINED_PER_MINUTE = 30, 50
MINUTE = 60.0


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


@dataclass(frozen=True, eq=False)
class Ticket:
    """One request that waits: the app that it is for, and how many items it has where it is a batch."""

    app: str
    items: int


class RateLimiter:
    """Lets requests of one company start, waiting rather than provoking a refusal."""

    def __init__(self, clock: Clock, limits: Limits = INTUIT, file: Path | None = None) -> None:
        self._clock, self._limits = clock, limits
        self._shared = SharedState(file) if file else None
        self._changed = threading.Condition()
        self._starts: deque[float] = deque(maxlen=limits.per_second)
        self._counted: deque[float] = deque(
            maxlen=limits.per_minute
        )  # starts, as often as they count in a minute
        self._batches: deque[tuple[float, int]] = deque(maxlen=limits.batches)
        self._by_items = (
            False  # whether a batch counts as its items: nobody says, until one meets a refusal
        )
        self._waiting: dict[tuple[str, bool], deque[Ticket]] = {}
        self._served: dict[str, int] = {}
        self._turn = self._running = 0
        self._paused_to = 0.0
        self._cap, self._cap_at = inf, clock.monotonic()

    @contextmanager
    def slot(self, app: str = "", *, items: int = 0, until: float | None = None) -> Iterator[None]:
        """Held while a request runs, with `items` a batch; raises NoSlot rather than start one after `until`."""
        self._enter(Ticket(app, items), until)
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def throttled(self, seconds: float) -> None:
        """QuickBooks asked to slow down: nothing starts for so long, and then a little slower than it did.

        At the least half as fast as was allowed: where few had started, it was another client or a second's limit.
        Not slower after a shorter pause than a minute, which no minute's limit asks for, nor for each of those that
        were under way when the pause began.
        """
        with self._changed, self._together():
            now = self._clock.monotonic()
            if seconds >= MINUTE and now >= self._paused_to:
                self._learn_of_batches(now)
                used = sum(start > now - MINUTE for start in self._counted)
                allowed = self._allowed(now)
                self._cap = max(LEAST_PER_MINUTE, min(allowed, used) * 0.9, allowed / 2)
                self._cap_at = now + seconds
            self._paused_to = max(self._paused_to, now + seconds)

    def budget(self) -> Budget:
        """What is left at this moment."""
        with self._changed, self._together():
            now = self._clock.monotonic()
            used = sum(start > now - 60 for start in self._counted)
            batches = sum(start > now - 60 for start, _ in self._batches)
            left = max(0, int(self._allowed(now)) - used)
            waiting = sum(map(len, self._waiting.values()))
            paused = max(0.0, self._paused_to - now)
            return Budget(left, self._limits.batches - batches, self._running, waiting, paused)

    def _learn_of_batches(self, now: float) -> None:
        items = [
            start for start, items in self._batches for _ in range(items - 1) if start > now - 60
        ]
        if items and not self._by_items:
            self._by_items = True
            self._counted = deque(sorted((*self._counted, *items)), maxlen=self._limits.per_minute)

    def _enter(self, ticket: Ticket, until: float | None) -> None:
        with self._changed:
            lane = self._waiting.setdefault((ticket.app, ticket.items > 0), deque())
            lane.append(ticket)
            try:
                while (delay := self._started(ticket, until)) is None or delay > 0:
                    self._rest(delay)
            finally:
                lane.remove(ticket)
                self._changed.notify_all()

    def _started(self, ticket: Ticket, until: float | None) -> float | None:
        """0 once it has started; else how many seconds are to be waited, None where it is another one's turn."""
        with self._together():
            delay = self._delay(ticket)
            if until is not None and self._clock.monotonic() + delay >= until:
                raise NoSlot(delay)
            if self._running >= self._limits.at_once or self._next() is not ticket:
                return None
            if delay <= 0:
                self._start(ticket)
            return delay

    def _rest(self, seconds: float | None) -> None:
        if seconds is None:
            self._changed.wait(1.0)
            return
        self._changed.release()
        try:
            self._clock.sleep(seconds)
        finally:
            self._changed.acquire()

    @contextmanager
    def _together(self) -> Iterator[None]:
        """What other processes have started and learnt counts too, and they hear of what this one does meanwhile."""
        if self._shared is None:
            yield
            return
        with self._shared.locked():
            self._hear(self._shared.read())
            yield
            learnt = self._paused_to, self._cap, self._cap_at, self._by_items
            self._shared.write(RateLimitState(*learnt, self._starts, self._batches, self._counted))

    def _hear(self, known: RateLimitState | None) -> None:
        if (
            known is None or known.newest() > self._clock.monotonic()
        ):  # the machine was started anew since
            return
        self._paused_to, self._cap, self._cap_at = known.paused_to, known.cap, known.cap_at
        self._by_items = known.by_items
        self._starts = deque(known.starts, maxlen=self._limits.per_second)
        self._counted = deque(known.counted, maxlen=self._limits.per_minute)
        self._batches = deque(known.batches, maxlen=self._limits.batches)

    def _start(self, ticket: Ticket) -> None:
        now = self._clock.monotonic()
        self._turn += 1
        self._running += 1
        self._served[ticket.app] = self._turn
        self._starts.append(now)
        self._counted.extend([now] * self._weight(ticket))
        if ticket.items:
            self._batches.append((now, ticket.items))

    def _next(self) -> Ticket:
        """The first of the app that waited longest for its turn; batches beyond their own limit let others pass."""
        heads = [queue[0] for queue in self._waiting.values() if queue]
        return min(heads, key=lambda head: (self._batch_at(head), self._served.get(head.app, 0)))

    def _delay(self, ticket: Ticket) -> float:
        now = self._clock.monotonic()
        room = max(1, int(self._allowed(now)) - self._weight(ticket) + 1)
        waits = [
            self._paused_to,
            self._batch_at(ticket),
            _free_at(self._starts, self._limits.per_second, IN_A_SECOND),
            _free_at(self._counted, room, IN_A_MINUTE),
        ]
        return max(0.0, max(waits) - now)

    def _batch_at(self, ticket: Ticket) -> float:
        """When the limit of batches leaves room for it; a past moment where it does now."""
        begun = [start for start, _ in self._batches] if ticket.items else []
        at = _free_at(begun, self._limits.batches, IN_A_MINUTE)
        return at if at > self._clock.monotonic() else 0.0

    def _weight(self, ticket: Ticket) -> int:
        return ticket.items if ticket.items and self._by_items else 1

    def _allowed(self, now: float) -> float:
        return min(
            float(self._limits.per_minute),
            self._cap + REGAINED_PER_MINUTE * max(0.0, now - self._cap_at) / 60,
        )


def _free_at(starts: Sequence[float], room: int, seconds: float) -> float:
    """When fewer than `room` starts lie within so many seconds."""
    return starts[-room] + seconds if len(starts) >= room else 0.0


_making = threading.Lock()


def rate_limiter(realm: str, clock: Clock, config: Config) -> RateLimiter:
    """The one rate limiter of a company in this process; those of one data folder share what they know."""
    limits = Limits(per_second=config.qbo_per_second, per_minute=config.qbo_per_minute)
    # A pace above Intuit's is for a server of one's own, of which a minute may hold any number of starts.
    file = (
        config.data / "pace" / f"{realm}.starts" if limits.per_minute <= INTUIT.per_minute else None
    )
    with _making:
        all_of_them: dict[str, RateLimiter] = current_app.extensions.setdefault("hub.quota", {})
        return all_of_them.setdefault(realm, RateLimiter(clock, limits, file))
