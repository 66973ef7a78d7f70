"""The rate limiter of a company or source: fair between apps, and slower after a refusal."""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import inf
from pathlib import Path

from flask import current_app

from hub.clock import Clock
from hub.config import Config
from hub.db.engine import db
from hub.rate_limits.budget_row import BudgetRow
from hub.rate_limits.permit import Permit, RequestSlots
from hub.rate_limits.rules import (
    INTUIT_LIMITS,
    MIN_PER_MINUTE,
    MINUTE,
    RECOVERY_PER_MINUTE,
    SECOND_WINDOW,
    SLOWDOWN_FACTOR,
    TURN_SECONDS,
    Budget,
    Limits,
    NoSlot,
    Ticket,
)
from hub.rate_limits.shared_limiter import SharedRateLimiter
from hub.rate_limits.state_file import RateLimitState, SharedState

__all__ = [
    "INTUIT_LIMITS",
    "LIMITERS",
    "Budget",
    "Limits",
    "NoSlot",
    "Permit",
    "RateLimiter",
    "get_rate_limiter",
    "get_shared_limiter",
]


class RateLimiter(RequestSlots):
    """Let requests of one company start at a rate that QuickBooks accepts."""

    def __init__(
        self, clock: Clock, limits: Limits = INTUIT_LIMITS, file: Path | None = None
    ) -> None:
        super().__init__(clock)
        self._limits = limits
        self._shared = SharedState(file) if file else None
        self._starts: deque[float] = deque(maxlen=limits.per_second)
        # Starts as QuickBooks counts them: a batch may count as one request or as its items.
        self._counted: deque[float] = deque(maxlen=limits.per_period)
        self._batches: deque[tuple[float, int]] = deque(maxlen=limits.batches)
        # Intuit does not document how a batch counts; the first refusal after batches decides.
        self._by_items = False
        self._paused_to = 0.0
        self._cap = inf
        self._cap_at = clock.monotonic()

    def note_throttling(self, seconds: float) -> None:
        """Pause for as long as QuickBooks asked, and continue a little slower than before.

        The rate falls to half at most: if few requests had started, another client or the limit of
        a second was the cause. It stays after a pause shorter than a minute, because the limit of a
        minute asks for a longer one. It falls only once for all requests that were under way when
        the pause began.
        """
        with self._changed, self._synchronize():
            now = self._clock.monotonic()
            if seconds >= self._limits.period and now >= self._paused_to:
                self._count_batches_by_items(now)
                used = sum(start > now - self._limits.period for start in self._counted)
                allowed_requests = self._compute_allowed_requests(now)
                slower = min(allowed_requests, used) * SLOWDOWN_FACTOR
                self._cap = max(MIN_PER_MINUTE, slower, allowed_requests / 2)
                self._cap_at = now + seconds
            self._paused_to = max(self._paused_to, now + seconds)

    def budget(self) -> Budget:
        """Return the budget that is left now; the state of other processes is only read."""
        with self._changed:
            self._read_shared()
            now = self._clock.monotonic()
            since = now - self._limits.period
            used = sum(start > since for start in self._counted)
            batches = sum(start > since for start, _ in self._batches)
            allowed_requests = int(self._compute_allowed_requests(now))
            return Budget(
                requests=max(0, allowed_requests - used),
                batches=self._limits.batches - batches,
                running=self._running,
                waiting=self._count_waiting(),
                paused=max(0.0, self._paused_to - now),
            )

    def _count_batches_by_items(self, now: float) -> None:
        """Count every item of the batches of the last period from now on, if there were any."""
        if self._by_items:
            return
        further_items = []
        for start, items in self._batches:
            if start > now - self._limits.period:
                further_items += [start] * (items - 1)
        if further_items:
            self._by_items = True
            request_times = sorted((*self._counted, *further_items))
            self._counted = deque(request_times, maxlen=self._limits.per_period)

    def _enter(self, ticket: Ticket, until: float | None) -> None:
        """Wait in a queue until the request has started."""
        with self._changed, self._queue(ticket):
            delay = self._try_start(ticket, until)
            while delay != 0:
                self._wait(delay)
                delay = self._try_start(ticket, until)

    def _try_start(self, ticket: Ticket, until: float | None) -> float | None:
        """Start a request if it may start now.

        Return 0 if it started, else the seconds to wait, or None if it is the turn of another one.
        """
        with self._synchronize():
            delay = self._compute_delay(ticket)
            if until is not None and self._clock.monotonic() + delay >= until:
                raise NoSlot(delay)
            if self._running >= self._limits.concurrent or self._find_next_request() is not ticket:
                return None
            if delay == 0:
                self._start(ticket)
            return delay

    def _wait(self, seconds: float | None) -> None:
        """Wait for some seconds, or for the turn of another request, and let others continue."""
        if seconds is None:
            self._changed.wait(TURN_SECONDS)
        else:
            self._sleep(seconds)

    @contextmanager
    def _synchronize(self) -> Iterator[None]:
        """Share the state with other processes: read theirs before the block, write it after."""
        if self._shared is None:
            yield
            return
        with self._shared.lock():
            state = self._shared.read()
            if state is not None:
                self._adopt(state)
            yield
            self._shared.write(self._build_shared_state())

    def _read_shared(self) -> None:
        """Adopt the state of other processes, if there is any."""
        if self._shared is None or not self._shared.exists():
            return
        with self._shared.lock():
            state = self._shared.read()
        if state is not None:
            self._adopt(state)

    def _build_shared_state(self) -> RateLimitState:
        """Return the state of this process for the other ones."""
        return RateLimitState(
            paused_to=self._paused_to,
            cap=self._cap,
            cap_at=self._cap_at,
            by_items=self._by_items,
            starts=self._starts,
            batches=self._batches,
            counted=self._counted,
        )

    def _adopt(self, state: RateLimitState) -> None:
        """Take over the shared state, unless the machine was restarted since it was written."""
        limits = self._limits
        if state.get_newest_start() > self._clock.monotonic():
            return
        self._paused_to = state.paused_to
        self._cap = state.cap
        self._cap_at = state.cap_at
        self._by_items = state.by_items
        self._starts = deque(state.starts, maxlen=limits.per_second)
        self._counted = deque(state.counted, maxlen=limits.per_period)
        self._batches = deque(state.batches, maxlen=limits.batches)

    def _start(self, ticket: Ticket) -> None:
        """Count a request that starts now."""
        now = self._clock.monotonic()
        self._begin(ticket, now)
        self._starts.append(now)
        self._counted.extend([now] * self._count_weight(ticket))
        if ticket.items:
            self._batches.append((now, ticket.items))

    def _compute_delay(self, ticket: Ticket) -> float:
        """Return the seconds until the limits allow a request; never negative."""
        now = self._clock.monotonic()
        allowed_requests = int(self._compute_allowed_requests(now))
        room = max(1, allowed_requests - self._count_weight(ticket) + 1)
        second_free_at = _compute_next_free_time(
            self._starts, self._limits.per_second, SECOND_WINDOW
        )
        period_free_at = _compute_next_free_time(self._counted, room, self._limits.window)
        start_at = max(
            self._paused_to,
            self._compute_earliest_start(ticket),
            second_free_at,
            period_free_at,
        )
        return max(0.0, start_at - now)

    def _compute_earliest_start(self, ticket: Ticket) -> float:
        """Return when the limit of batches allows a request; 0 if it does now."""
        if not ticket.items:
            return 0.0
        starts = [start for start, _ in self._batches]
        free_at = _compute_next_free_time(starts, self._limits.batches, self._limits.window)
        if free_at <= self._clock.monotonic():
            return 0.0
        return free_at

    def _count_weight(self, ticket: Ticket) -> int:
        """Return how often a request counts."""
        if ticket.items and self._by_items:
            return ticket.items
        return 1

    def _compute_allowed_requests(self, now: float) -> float:
        """Return how many requests may start in a period."""
        seconds_since_cap = max(0.0, now - self._cap_at)
        recovery = RECOVERY_PER_MINUTE * seconds_since_cap / MINUTE
        limit = float(self._limits.per_period)
        return min(limit, self._cap + recovery)


def _compute_next_free_time(starts: Sequence[float], room: int, seconds: float) -> float:
    """Return when fewer than `room` of the starts lie within so many seconds."""
    if len(starts) < room:
        return 0.0
    return starts[-room] + seconds


LIMITERS = "hub.rate_limiters"  # the limiters of a process, among the extensions of its app
_creation_lock = threading.Lock()


def get_rate_limiter(realm: str, clock: Clock, config: Config) -> RateLimiter | SharedRateLimiter:
    """Return the rate limiter of a company in this process.

    A limiter above Intuit's own rate is for a test server. It is not shared between processes,
    because it allows any number of requests in a minute.
    """
    limits = Limits(per_second=config.qbo_per_second, per_period=config.qbo_per_minute)
    is_shared = limits.per_period <= INTUIT_LIMITS.per_period
    return get_shared_limiter(realm, limits, clock, config, is_shared=is_shared)


def get_shared_limiter(
    name: str, limits: Limits, clock: Clock, config: Config, *, is_shared: bool = True
) -> RateLimiter | SharedRateLimiter:
    """Return the rate limiter with this name in this process.

    Limiters of one name share their state within a data folder, or within the database if the hub
    is distributed.
    """
    limiters: dict[str, RateLimiter | SharedRateLimiter]
    with _creation_lock:
        limiters = current_app.extensions.setdefault(LIMITERS, {})
        if name not in limiters:
            if not is_shared:
                limiters[name] = RateLimiter(clock, limits)
            elif config.is_distributed:
                limiters[name] = SharedRateLimiter(clock, limits, BudgetRow(db.engine, name, clock))
            else:
                limiters[name] = RateLimiter(clock, limits, config.data / "pace" / f"{name}.starts")
        return limiters[name]
