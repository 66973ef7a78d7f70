"""The rate limiter of a company whose budget all machines share through a row of the database."""

import os
import secrets
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, zip_longest
from math import inf
from operator import attrgetter
from typing import Protocol, TypeVar

from hub.clock import Clock
from hub.errors import DatabaseUnavailable
from hub.rate_limits.permit import RequestSlots
from hub.rate_limits.process_times import OwnSlot, TimedGrant
from hub.rate_limits.rules import TURN_SECONDS, Budget, CallKind, Limits, NoSlot, Ticket
from hub.rate_limits.shared_budget import (
    HORIZON_SECONDS,
    SHARE_SECONDS,
    Demand,
    SharedBudget,
    StartOutcome,
)
from hub.request_ban import forbid_requests

T = TypeVar("T")
RENEWAL_SECONDS = SHARE_SECONDS / 3
MIN_POLL_SECONDS, MAX_POLL_SECONDS = 0.1, 1.0  # between two requests to the row without a result
EXPECTATION_SECONDS = 1.0  # as many calls are expected soon as have started in this time
RETRY_SECONDS = 1.0  # while the row cannot be reached


class LimitRow(Protocol):
    """The row of a company; see `hub.rate_limits.budget_row`."""

    def change(self, change: Callable[[SharedBudget, float, float, float], T]) -> T:
        """Change the budget; `change` gets it with the database's time and the times around it."""

    def read(self) -> tuple[SharedBudget, float]:
        """Return the budget and the time of the database."""


class SharedRateLimiter(RequestSlots):
    """Let requests of one company start, within limits that hold for all machines together.

    If the row cannot be reached, nothing starts except what was reserved before, and `slot` raises
    DatabaseUnavailable if it has no `until`.
    """

    def __init__(self, clock: Clock, limits: Limits, row: LimitRow, *, renews: bool = True) -> None:
        """Create the limiter; with `renews` a thread renews its share while requests run."""
        super().__init__(clock)
        self._limits = limits
        self._row = row
        self._renews = renews
        self._name = secrets.token_hex(8)
        self._recent: deque[float] = deque(maxlen=limits.per_second)
        self._slots: list[OwnSlot] = []
        self._next_number = 1
        self._outcomes: list[StartOutcome] = []
        self._throttles: list[tuple[float, float]] = []
        self._paused_to = 0.0
        self._concurrent = 0
        self._share_ends_at = 0.0
        self._is_asking = False
        self._waits_for_share = False
        self._ask_at = dict.fromkeys(CallKind, 0.0)
        self._free_at = dict.fromkeys(CallKind, 0.0)
        self._renewal: threading.Thread | None = None
        self._renewal_due = threading.Event()  # set to renew before the interval is over

    def _end(self) -> None:
        """Note that a request no longer runs; ask at once if its part of the share is free now."""
        super()._end()
        if self._waits_for_share and self._running < self._concurrent:
            self._ask_at = dict.fromkeys(CallKind, 0.0)

    def note_throttling(self, seconds: float) -> None:
        """Pause on all machines for as long as QuickBooks asked, and continue somewhat slower.

        This process pauses at once, the others when they next read the row. If the row cannot be
        reached now, this process reports the pause later.
        """
        with self._changed:
            now = self._clock.monotonic()
            self._paused_to = max(self._paused_to, now + seconds)
            self._throttles.append((now, seconds))
            self._return_slots(self._slots)
            self._ask_alone()

    def budget(self) -> Budget:
        """Return the rest of the shared budget, and the calls of this process that run and wait."""
        with forbid_requests():
            budget, now = self._row.read()
        since = now - self._limits.period
        allowed_calls = int(budget.compute_allowed_calls(self._limits, now))
        with self._changed:
            own_pause = self._paused_to - self._clock.monotonic()
            return Budget(
                requests=max(0, allowed_calls - budget.count_calls(since)),
                batches=self._limits.batches - budget.count_batches(since),
                running=self._running,
                waiting=self._count_waiting(),
                paused=max(0.0, budget.paused_to - now, own_pause),
            )

    def renew(self) -> None:
        """Renew the share while requests run or wait, else return it; report what has started."""
        with self._changed:
            self._drop_late_slots()
            self._ask_alone()

    def _enter(self, ticket: Ticket, until: float | None) -> None:
        """Wait in a queue until the request has started."""
        with self._changed, self._queue(ticket):
            while not self._try_start(ticket):
                self._wait_or_ask(ticket, until)

    def _try_start(self, ticket: Ticket) -> bool:
        """Start a request if it is its turn, and a reserved start and a part of the share are free.

        The times are checked here, immediately before: a process may be frozen at any moment.
        """
        self._drop_late_slots()
        now = self._clock.monotonic()
        slot = self._find_slot(ticket)
        is_ready = slot is not None and slot.start_at <= now and self._has_share(now)
        if slot is None or not is_ready or self._find_next_request() is not ticket:
            return False
        self._slots.remove(slot)
        self._outcomes.append(StartOutcome(slot.slot.number, now))
        self._begin(ticket, now)
        self._recent.append(now)
        self._start_renewal()
        return True

    def _wait_or_ask(self, ticket: Ticket, until: float | None) -> None:
        """Wait until a start may be possible, or ask for one; raise NoSlot if it would be late."""
        now = self._clock.monotonic()
        kind = CallKind.of_items(ticket.items)
        slot = self._find_slot(ticket)
        self._require_time(slot.start_at if slot else self._free_at[kind], until)
        is_first = self._get_queue(ticket)[0] is ticket
        if self._is_asking or not is_first or self._running >= self._limits.concurrent:
            self._changed.wait(TURN_SECONDS)
            return
        next_at = slot.start_at if slot else 0.0
        if next_at <= now and not (slot and self._has_share(now)):
            next_at = self._ask_at[kind]
            if next_at <= now:
                self._ask_or_raise(until)
                return
        self._wait(ticket, next_at - now)

    def _require_time(self, start_at: float, until: float | None) -> None:
        """Raise NoSlot if a start at this time, or after a pause, is too late."""
        now = self._clock.monotonic()
        delay = max(0.0, start_at - now, self._paused_to - now)
        if until is not None and now + delay >= until:
            raise NoSlot(delay)

    def _ask_or_raise(self, until: float | None) -> None:
        """Ask for starts; raise DatabaseUnavailable only if nothing limits the wait."""
        error = self._ask()
        if error and until is None:
            raise error

    def _has_share(self, now: float) -> bool:
        """Return whether this process may have one more call under way."""
        return self._running < self._concurrent and now < self._share_ends_at

    def _wait(self, ticket: Ticket, seconds: float) -> None:
        """Wait for some seconds; a request that is not the next one waits for its turn."""
        if self._find_next_request() is not ticket:
            self._changed.wait(TURN_SECONDS)
        elif seconds > 0:
            self._sleep(seconds)

    def _ask(self, *, reserves: bool = True) -> DatabaseUnavailable | None:
        """Report to the row, and reserve starts; return the error if it cannot be reached.

        Meanwhile other threads start no more requests than have ended: the share may get smaller.
        """
        demand = self._measure_demand(reserves=reserves)
        self._next_number += self._limits.per_second
        self._concurrent = min(self._concurrent, self._running)
        self._is_asking = True
        self._changed.release()
        timed_grant = None
        try:
            with forbid_requests():
                timed_grant = self._row.change(partial(self._reserve, demand))
        except DatabaseUnavailable as error:
            return error
        finally:
            self._changed.acquire()
            self._is_asking = False
            self._changed.notify_all()
            if timed_grant:
                self._apply_grant(demand, timed_grant)
            else:
                self._postpone_asking()
        return None

    def _ask_alone(self) -> None:
        """Report to the row without reserving anything, after another thread has asked."""
        while self._is_asking:
            self._changed.wait(TURN_SECONDS)
        self._ask(reserves=False)

    def _measure_demand(self, *, reserves: bool) -> Demand:
        """Return the demand and the report of this process, in its own time."""
        now = self._clock.monotonic()
        recent = sum(start > now - EXPECTATION_SECONDS for start in self._recent)
        return Demand(
            process=f"{os.getpid()}-{self._name}",
            running=self._running,
            wanted_calls=self._running + max(self._count_waiting(), recent if reserves else 0),
            waiting=self._list_items_without_slot() if reserves else (),
            extra=recent if reserves else 0,
            next_number=self._next_number,
            outcomes=tuple(self._outcomes),
            throttles=tuple(self._throttles),
        )

    def _reserve(
        self, demand: Demand, budget: SharedBudget, now: float, before: float, after: float
    ) -> TimedGrant:
        """Reserve starts in the budget, with the times of the demand as the database's."""
        offset = now - before
        throttles = [(at + offset, seconds) for at, seconds in demand.throttles]
        outcomes = [
            StartOutcome(number, None if at is None else at + offset)
            for number, at in demand.outcomes
        ]
        demand_in_database_time = replace(demand, throttles=throttles, outcomes=outcomes)
        grant = budget.reserve(demand_in_database_time, self._limits, now, after - before)
        return TimedGrant(grant, now, before, after)

    def _apply_grant(self, demand: Demand, timed_grant: TimedGrant) -> None:
        """Use the starts and the share that the row has granted; drop what was reported to it."""
        del self._outcomes[: len(demand.outcomes)]
        del self._throttles[: len(demand.throttles)]
        grant = timed_grant.grant
        self._concurrent = grant.concurrent
        self._share_ends_at = timed_grant.latest_time(grant.ends_at)
        for slot in grant.slots:
            start_at, latest = (
                timed_grant.earliest_time(slot.start_at),
                timed_grant.latest_time(slot.latest),
            )
            self._slots.append(OwnSlot(slot, start_at, latest))
        now = self._clock.monotonic()
        self._waits_for_share = 0 < grant.concurrent <= demand.running
        for kind in CallKind:
            free_at = timed_grant.earliest_time(grant.free_at.get(kind, 0.0))
            self._free_at[kind] = free_at
            if kind in grant.free_at:
                seconds = free_at - HORIZON_SECONDS - now
                self._ask_at[kind] = now + min(max(seconds, MIN_POLL_SECONDS), MAX_POLL_SECONDS)
            elif self._waits_for_share:
                self._ask_at[kind] = now + MAX_POLL_SECONDS
            elif grant.concurrent == 0:
                self._ask_at[kind] = now + MIN_POLL_SECONDS
            else:
                self._ask_at[kind] = 0.0

    def _postpone_asking(self) -> None:
        """Wait before the next request to a row that cannot be reached."""
        retry_at = self._clock.monotonic() + RETRY_SECONDS
        self._ask_at = dict.fromkeys(CallKind, retry_at)
        self._free_at = dict(self._ask_at)

    def _list_items_without_slot(self) -> list[int]:
        """Return the items of the calls that wait without a reserved start, app by app in turns."""
        queues = [queue for queue in self._queues.values() if queue]
        queues.sort(key=lambda queue: self._last_turns.get(queue[0].app, 0))
        slots = list(self._slots)
        items = []
        for ticket in chain(*zip_longest(*queues)):
            if ticket is None:
                continue
            slot = next((slot for slot in slots if slot.fits(ticket)), None)
            if slot is None:
                items.append(ticket.items)
            else:
                slots.remove(slot)
        return items[: self._limits.per_second]

    def _find_slot(self, ticket: Ticket) -> OwnSlot | None:
        """Return the first reserved start that a call may use."""
        slots = [slot for slot in self._slots if slot.fits(ticket)]
        return min(slots, key=attrgetter("start_at"), default=None)

    def _compute_earliest_start(self, ticket: Ticket) -> float:
        """Return when a reserved start lets a request start; without one, others pass it."""
        slot = self._find_slot(ticket)
        return max(slot.start_at, self._clock.monotonic()) if slot else inf

    def _drop_late_slots(self) -> None:
        """Report the reserved starts whose time is over as unused."""
        now = self._clock.monotonic()
        self._return_slots([slot for slot in self._slots if now > slot.latest])

    def _return_slots(self, slots: Sequence[OwnSlot]) -> None:
        """Report some reserved starts as unused."""
        for slot in list(slots):
            self._slots.remove(slot)
            self._outcomes.append(StartOutcome(slot.slot.number, None))

    def _start_renewal(self) -> None:
        """Let a thread renew the share as long as requests run; it ends when none does."""
        if self._renews and self._renewal is None:
            self._renewal = threading.Thread(target=self._renew_until_idle, daemon=True)
            self._renewal.start()

    def _renew_until_idle(self) -> None:
        """Renew the share regularly, and return it at the end.

        The pause is one of real time: a share that is not renewed ends in the database's time.
        """
        is_needed = True
        while is_needed:
            self._renewal_due.wait(RENEWAL_SECONDS)
            self.renew()
            with self._changed:
                is_needed = self._running > 0 or self._concurrent > 0
                if not is_needed:
                    self._renewal = None
