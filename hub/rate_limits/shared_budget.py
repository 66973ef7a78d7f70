"""The budget of calls to a company or source that several machines share: how it is divided.

A process reserves starts ahead of time, in small chunks. Each reserved start has a time and must
happen within a tenth of a second of it, or it lapses. Calls that run at once are counted by shares:
a process may run as many as its share, and the share ends unless the process renews it. Everything
here is calculated from the state and a moment of the database's clock; nothing is read or written.
"""

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil, inf
from operator import attrgetter
from typing import NamedTuple

from hub.rate_limits.rules import (
    MIN_PER_MINUTE,
    MINUTE,
    RECOVERY_PER_MINUTE,
    SECOND_WINDOW,
    SLOWDOWN_FACTOR,
    CallKind,
    Limits,
)

MAX_START_DELAY = 0.1  # how much later than its time a reserved start may happen
SPARE_SECONDS = 1.0  # how long a start may be used that was reserved for a call still to come
HORIZON_SECONDS = 2 * SECOND_WINDOW  # starts further ahead than this are not reserved
SHARE_SECONDS = 6.0  # after which the share of a process that was killed or frozen ends
TERM_SECONDS = 1.0  # how long a process keeps its share while another one has none
ROTATION_SECONDS = 5.0  # how long a process has one more than others of what cannot be divided
MAX_UNCERTAINTY = 2.0  # seconds; a process that knows the time worse than this reserves nothing
MAX_AHEAD = HORIZON_SECONDS + SPARE_SECONDS + MAX_UNCERTAINTY


@dataclass
class Start:
    """A start that counts from `at`: one that happened, or one that a process has reserved.

    `items` is 0 unless it is a batch. A reserved start has an owner and a number.
    """

    at: float
    items: int = 0
    owner: str = ""
    number: int = 0


@dataclass
class Share:
    """The number of calls that a process may have under way, and until when.

    - `wanted_calls`: the number of calls that it could have under way.
    - `since`: when it got its first call, or began to wait if it has none.
    - `room`: the number of starts that a batch of the process needs; other processes keep it free.
    """

    units: int
    wanted_calls: int
    room: int
    since: float
    ends_at: float


class StartOutcome(NamedTuple):
    """The use of a reserved start: when it happened at the latest, or None if it did not."""

    number: int
    at: float | None


@dataclass(frozen=True)
class Demand:
    """The demand of a process for starts and for a share.

    - `waiting`: the items of the calls that need a start, in order.
    - `running`: the number of calls under way.
    - `wanted_calls`: the number of calls that could be under way if nothing limited them.
    - `extra`: the number of calls that may follow soon.
    - `next_number`: the number of the next reserved start.
    - `throttles`: when answers 429 came, and how long the pauses are.
    """

    process: str
    running: int = 0
    wanted_calls: int = 0
    waiting: Sequence[int] = ()
    extra: int = 0
    next_number: int = 1
    outcomes: Sequence[StartOutcome] = ()
    throttles: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True)
class Slot:
    """A reserved start, to be used from one moment to another."""

    number: int
    items: int
    start_at: float
    latest: float


@dataclass
class CallGrant:
    """The answer to a demand: reserved starts, the share, and when the next starts are possible.

    `free_at` has only the kinds of calls that have to wait.
    """

    slots: list[Slot] = field(default_factory=list)
    concurrent: int = 0
    ends_at: float = 0.0
    free_at: dict[CallKind, float] = field(default_factory=dict)


@dataclass
class SharedBudget:
    """Starts of the last period, shares, and the limits learnt from refusals.

    All times are seconds of the database's clock. `starts` are sorted by time. `pause_seconds` is
    how long the pause that ends at `paused_to` was when it began.
    """

    paused_to: float = 0.0
    pause_seconds: float = 0.0
    cap: float = inf
    cap_at: float = 0.0
    # Intuit does not document how a batch counts; the first refusal after batches decides.
    by_items: bool = False
    starts: list[Start] = field(default_factory=list)
    shares: dict[str, Share] = field(default_factory=dict)

    def reserve(
        self, demand: Demand, limits: Limits, now: float, uncertainty: float = 0.0
    ) -> CallGrant:
        """Note the report of a process, and return the starts that are reserved for it.

        `uncertainty` is how imprecisely the process knows the time of the database.
        """
        self._forget(now, limits.window)
        self._drop_unused(demand)
        for at, seconds in demand.throttles:
            self._throttle(at, seconds, limits)
        concurrent = self._renew_share(demand, limits, now)
        reservation = _Reservation(self, demand, limits, now, uncertainty)
        reservation.fill(concurrent)
        return reservation.grant

    def compute_allowed_calls(self, limits: Limits, now: float) -> float:
        """Return how many calls may start in a period."""
        seconds_since_cap = max(0.0, now - self.cap_at)
        recovery = RECOVERY_PER_MINUTE * seconds_since_cap / MINUTE
        return min(float(limits.per_period), self.cap + recovery)

    def count_calls(self, since: float) -> int:
        """Return how often calls have counted since a moment."""
        return sum(self.get_weight(start.items) for start in self.starts if start.at > since)

    def count_batches(self, since: float) -> int:
        """Return how many batches have started since a moment."""
        return sum(start.items > 0 and start.at > since for start in self.starts)

    def get_weight(self, items: int) -> int:
        """Return how often a call counts."""
        return items if items and self.by_items else 1

    def _forget(self, now: float, window: float) -> None:
        """Forget starts and shares that are over; shorten what a clock set back prolongs."""
        self.paused_to = min(self.paused_to, now + self.pause_seconds)
        self.cap_at = min(self.cap_at, self.paused_to)
        for start in self.starts:
            start.at = min(start.at, now + MAX_AHEAD)
        self.starts = [start for start in self.starts if start.at > now - window]
        for process, share in list(self.shares.items()):
            share.ends_at = min(share.ends_at, now + SHARE_SECONDS)
            share.since = min(share.since, now)
            if share.ends_at <= now:
                del self.shares[process]

    def _drop_unused(self, demand: Demand) -> None:
        """Drop the reserved starts of a process that were not used; the used ones lose their owner.

        A start that was a little late still counts from its time, because the windows allow for
        that. Otherwise every delay would make all later starts later.
        """
        outcomes = {outcome.number: outcome for outcome in demand.outcomes}
        starts = []
        for start in self.starts:
            is_own = start.owner == demand.process
            outcome = outcomes.get(start.number) if is_own else None
            if outcome is None:
                starts.append(start)
            elif outcome.at is not None:
                starts.append(Start(min(start.at, outcome.at), start.items))
        self.starts = sorted(starts, key=attrgetter("at"))

    def _throttle(self, at: float, seconds: float, limits: Limits) -> None:
        """Pause, and continue a little slower; see `RateLimiter.note_throttling`."""
        if seconds >= limits.period and at >= self.paused_to:
            self._slow_down(at, limits)
            self.cap_at = at + seconds
        if at + seconds > self.paused_to:
            self.paused_to = at + seconds
            self.pause_seconds = seconds

    def _slow_down(self, at: float, limits: Limits) -> None:
        """Allow fewer calls than before a refusal at this time."""
        since = at - limits.period
        recent = [start for start in self.starts if start.at > since]
        self.by_items = self.by_items or any(start.items > 1 for start in recent)
        allowed_calls = self.compute_allowed_calls(limits, at)
        slower = min(allowed_calls, self.count_calls(since)) * SLOWDOWN_FACTOR
        self.cap = max(MIN_PER_MINUTE, slower, allowed_calls / 2)

    def _renew_share(self, demand: Demand, limits: Limits, now: float) -> int:
        """Renew the share of a process and return how many calls it may have under way.

        If there are more processes than calls at once, they take turns.
        """
        former = self.shares.pop(demand.process, None)
        if demand.wanted_calls == 0:
            return 0
        has_turn = former is not None and former.units > 0
        since = former.since if former else now
        free = limits.concurrent - sum(share.units for share in self.shares.values())
        others_without = self._count_without(since, includes_later=has_turn)
        if not has_turn:
            free -= others_without
        concurrent = max(0, min(self._compute_fair_share(demand, limits, now), free))
        if has_turn and others_without and now - since >= TERM_SECONDS:
            concurrent = min(concurrent, demand.running)
        units = max(demand.running, concurrent)
        if has_turn != (units > 0):
            since = now
        ends_at = now + SHARE_SECONDS
        self.shares[demand.process] = Share(units, demand.wanted_calls, 0, since, ends_at)
        return concurrent

    def _count_without(self, since: float, *, includes_later: bool) -> int:
        """Return how many processes without a share have waited longer, or wait at all."""
        waits = [share.since for share in self.shares.values() if share.units == 0]
        return sum(includes_later or waiting_since < since for waiting_since in waits)

    def _compute_fair_share(self, demand: Demand, limits: Limits, now: float) -> int:
        """Return an equal part of the calls at once; the processes get the remainder in turn."""
        place = sum(process < demand.process for process in self.shares)
        position = (place + int(now / ROTATION_SECONDS)) % (len(self.shares) + 1)
        others = [share.wanted_calls for share in self.shares.values()]
        return _compute_equal_part(limits.concurrent, demand.wanted_calls, others, position)


@dataclass
class _Reservation:
    """The starts that one demand reserves."""

    budget: SharedBudget
    demand: Demand
    limits: Limits
    now: float
    uncertainty: float
    grant: CallGrant = field(default_factory=CallGrant)

    def fill(self, concurrent: int) -> None:
        """Reserve a chunk of starts: an equal part of what may start in a second."""
        self.grant.concurrent = concurrent
        self.grant.ends_at = self.now + SHARE_SECONDS
        if concurrent == 0:
            return
        equal_part = ceil(self.limits.per_second / len(self.budget.shares))
        chunk = min(equal_part, concurrent)
        ready = self.demand.waiting[:chunk]
        if self._reserve_waiting(ready):
            self._reserve_extra(min(chunk, self.demand.extra) - len(ready))

    def _reserve_waiting(self, ready: Sequence[int]) -> bool:
        """Reserve starts for calls that wait; return whether none has to wait for room.

        A batch that waits for the limit of batches lets other calls pass.
        """
        soon = self.now + HORIZON_SECONDS
        free_units = self.grant.concurrent - self.demand.running
        for place, items in enumerate(ready):
            batch_at = self._compute_batch_start(items)
            start_at = max(self.now, batch_at, self._compute_next_free_time(items))
            if place >= free_units and start_at == self.now:
                return True  # nothing but the share limits it
            if start_at <= soon:
                self._add(items, start_at, start_at + MAX_START_DELAY)
                continue
            self.grant.free_at.setdefault(CallKind.of_items(items), start_at)
            if batch_at <= soon:
                self._keep_room(items)
                return False
        return True

    def _reserve_extra(self, count: int) -> None:
        """Reserve starts for calls that may follow soon, as long as half of the limits is free."""
        for _ in range(count):
            if self._is_tight():
                return
            self._add(0, self.now, self.now + SPARE_SECONDS)

    def _is_tight(self) -> bool:
        """Return whether half of a limit is used, or calls are paused."""
        budget = self.budget
        in_second = sum(start.at > self.now - SECOND_WINDOW for start in budget.starts)
        in_period = budget.count_calls(self.now - self.limits.window)
        return (
            in_second >= self.limits.per_second // 2
            or in_period >= budget.compute_allowed_calls(self.limits, self.now) // 2
            or budget.paused_to > self.now
        )

    def _add(self, items: int, start_at: float, latest: float) -> None:
        """Reserve one start; it counts from the last time at which it would not be late."""
        latest += self.uncertainty
        number = self.demand.next_number + len(self.grant.slots)
        self.grant.slots.append(Slot(number, items, start_at, latest))
        start = Start(latest - MAX_START_DELAY, items, self.demand.process, number)
        insort(self.budget.starts, start, key=attrgetter("at"))

    def _keep_room(self, items: int) -> None:
        """Make other processes leave room for a batch that counts as its items."""
        weight = self.budget.get_weight(items)
        if weight > 1:
            self.budget.shares[self.demand.process].room = weight

    def _compute_next_free_time(self, items: int) -> float:
        """Return when pauses and the limits of a second and a period allow a call."""
        budget = self.budget
        shares = budget.shares.items()
        others_room = sum(share.room for owner, share in shares if owner != self.demand.process)
        allowed_calls = int(budget.compute_allowed_calls(self.limits, self.now))
        room = max(0, allowed_calls - others_room - budget.get_weight(items))
        starts = budget.starts
        per_second = self.limits.per_second
        second_free_at = 0.0
        if len(starts) >= per_second:
            second_free_at = starts[-per_second].at + SECOND_WINDOW
        return max(budget.paused_to, second_free_at, self._compute_period_free_time(room))

    def _compute_period_free_time(self, room: int) -> float:
        """Return when the starts of a period count for no more than `room`."""
        total = 0
        for start in reversed(self.budget.starts):
            total += self.budget.get_weight(start.items)
            if total > room:
                return start.at + self.limits.window
        return 0.0

    def _compute_batch_start(self, items: int) -> float:
        """Return when the limit of batches allows a call; 0 if it is no batch."""
        if not items:
            return 0.0
        starts = [start.at for start in self.budget.starts if start.items]
        if len(starts) < self.limits.batches:
            return 0.0
        return starts[-self.limits.batches] + self.limits.window


def _compute_equal_part(total: int, own_demand: int, others: Iterable[int], position: int) -> int:
    """Return the part of a total that a process with `own_demand` gets beside others.

    A process that wants less than an equal part leaves the difference to the others. A remainder
    goes to the processes at the first positions.
    """
    demands = sorted([*others, own_demand])
    remaining = total
    for index, demand in enumerate(demands):
        part, remainder = divmod(remaining, len(demands) - index)
        if demand > part:
            return min(own_demand, part + (position < remainder))
        if demand == own_demand:
            return own_demand
        remaining -= demand
    return own_demand
