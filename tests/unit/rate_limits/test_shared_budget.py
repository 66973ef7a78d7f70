"""The shared budget of several machines: no limit is exceeded, whatever processes do."""

import heapq
import random
from dataclasses import dataclass, field

import pytest

from hub.rate_limits.budget_row import decode, encode
from hub.rate_limits.limiter import INTUIT_LIMITS, Limits
from hub.rate_limits.rules import CallKind
from hub.rate_limits.shared_budget import HORIZON_SECONDS, Demand, SharedBudget, Slot, StartOutcome
from tests.support.proofs.windows import most_within

NOW = 1_790_000_000.0


@dataclass
class Process:
    """A process that uses its reserved starts somewhere within their time, or not at all."""

    name: str
    chooser: random.Random
    is_reliable: bool = True
    items: int = 0
    answer_seconds: float = 0.3
    number: int = 1
    slots: list[Slot] = field(default_factory=list)
    outcomes: list[StartOutcome] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    started: list[tuple[float, int]] = field(default_factory=list)
    share_ends_at: float = 0.0
    concurrent: int = 0
    ask_at: float = 0.0

    def step(self, now: float) -> None:
        """Use the available starts; an unreliable process is late, idle or frozen at times."""
        self.ends = [end for end in self.ends if end > now]
        for slot in list(self.slots):
            is_late = now > slot.latest
            wastes = not self.is_reliable and self.chooser.random() < 0.1
            has_unit = len(self.ends) < self.concurrent and now < self.share_ends_at
            if is_late or wastes:
                self.slots.remove(slot)
                self.outcomes.append(StartOutcome(slot.number, None))
            elif slot.start_at <= now and has_unit:
                self.slots.remove(slot)
                self.outcomes.append(StartOutcome(slot.number, now))
                self.started.append((now, slot.items))
                self.ends.append(now + self.answer_seconds)

    def demand(self, now: float, waiting: int = 10) -> Demand:
        self.ends = [end for end in self.ends if end > now]
        running = len(self.ends)
        return Demand(
            self.name,
            running=running,
            wanted_calls=running + waiting,
            waiting=[self.items] * max(0, waiting - len(self.slots)),
            next_number=self.number,
            outcomes=tuple(self.outcomes),
        )

    def ask(self, budget: SharedBudget, now: float, limits: Limits = INTUIT_LIMITS) -> SharedBudget:
        """Reserve from the budget, which is stored now and then; retry when it may have room."""
        if self.number % 7 == 0:
            budget = decode(encode(budget), now)
        grant = budget.reserve(self.demand(now), limits, now)
        self.outcomes = []
        self.number += len(grant.slots)
        self.slots += grant.slots
        self.concurrent, self.share_ends_at = grant.concurrent, grant.ends_at
        free_at = grant.free_at.get(CallKind.of_items(self.items), 0.0)
        self.ask_at = now + min(1.0, max(0.1, free_at - HORIZON_SECONDS - now))
        if 0 < self.concurrent <= len(self.ends):
            self.ask_at = min([now + 1.0, *self.ends])
        return budget


def simulate(processes: list[Process], seconds: float, *, step: float = 0.05) -> int:
    """Let the processes work side by side; return how often they looked at the row."""
    budget, contacts = SharedBudget(), 0
    for tick in range(int(seconds / step)):
        now = NOW + tick * step
        for process in processes:
            process.step(now)
            is_frozen = not process.is_reliable and process.chooser.random() < 0.3
            is_due = now >= process.ask_at and not process.slots
            if is_due and not is_frozen and len(process.ends) < 10:
                budget = process.ask(budget, now)
                contacts += 1
                process.step(now)
    return contacts


def starts_of(processes: list[Process]) -> list[float]:
    return sorted(at for process in processes for at, _ in process.started)


def most_at_once(processes: list[Process]) -> int:
    running: list[float] = []
    most = 0
    events = sorted(
        (at, process.answer_seconds) for process in processes for at, _ in process.started
    )
    for at, seconds in events:
        while running and running[0] <= at:
            heapq.heappop(running)
        heapq.heappush(running, at + seconds)
        most = max(most, len(running))
    return most


@pytest.mark.parametrize("count", [1, 4])
def test_processes_that_share_a_company_reach_98_percent_of_its_minute(count):
    processes = [Process(str(number), random.Random(number)) for number in range(count)]
    contacts = simulate(processes, 122)
    starts = starts_of(processes)
    later = [start for start in starts if start >= NOW + 61]
    assert len(later) / 61 * 60 >= 0.98 * 500
    assert contacts < len(starts)
    assert most_within(starts, 60.0) <= 500
    assert most_within(starts, 1.0) <= 10
    shares = [len(process.started) for process in processes]
    assert min(shares) > 0.8 * max(shares)


@pytest.mark.parametrize("seed", range(4))
def test_no_limit_is_exceeded_by_any_sequence_of_calls(seed):
    chooser = random.Random(seed)
    processes = [
        Process(
            str(number),
            random.Random(chooser.random()),
            is_reliable=chooser.random() < 0.5,
            items=chooser.choice([0, 0, 30]),
            answer_seconds=chooser.choice([0.05, 0.5, 4.0]),
        )
        for number in range(chooser.randint(2, 13))
    ]
    simulate(processes, 40)
    starts = starts_of(processes)
    batches = sorted(at for process in processes for at, items in process.started if items)
    assert most_within(starts, 1.0) <= 10
    assert most_within(starts, 60.0) <= 500
    assert not batches or most_within(batches, 60.0) <= 40
    assert most_at_once(processes) <= 10
    assert all(process.started for process in processes)
