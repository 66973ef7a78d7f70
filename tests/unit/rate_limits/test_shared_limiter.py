"""Rate limits are shared between the processes of all machines, through a row of the database."""

import datetime as dt
import random
import threading
from contextlib import ExitStack

import pytest
from sqlalchemy import create_engine, text

from hub.context import current_hub
from hub.errors import DatabaseUnavailable
from hub.rate_limits.budget_row import BudgetRow
from hub.rate_limits.limiter import (
    Limits,
    NoSlot,
    RateLimiter,
    get_rate_limiter,
    get_shared_limiter,
)
from hub.rate_limits.shared_budget import SHARE_SECONDS, SharedBudget
from hub.rate_limits.shared_limiter import SharedRateLimiter
from hub.request_ban import require_requests_allowed
from hub.testing.clock import FakeClock
from tests.support.processes.distributed_processes import end_background_work
from tests.support.proofs.windows import most_within

WIDE = Limits(per_second=50, per_period=400, concurrent=4)
SMALL = Limits(per_second=4, per_period=40, concurrent=4, batches=6)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def engine(postgres_url):
    engine = create_engine(postgres_url.replace("postgresql:", "postgresql+psycopg:", 1))
    yield engine
    engine.dispose()


@pytest.fixture
def make(engine, clock):
    """Make the limiter of one process."""

    def make_limiter(limits=SMALL, clock=clock):
        return SharedRateLimiter(clock, limits, BudgetRow(engine, "1", clock), renews=False)

    return make_limiter


def start_alternately(limiters, clock, count, items=0):
    starts = []
    for _ in range(count):
        for limiter in limiters:
            with limiter.slot(items=items):
                require_requests_allowed()
                starts.append(clock.monotonic())
    return starts


def is_refused(limiter, clock, seconds=0.5):
    try:
        with limiter.slot(until=clock.monotonic() + seconds):
            return False
    except NoSlot:
        return True


def test_two_processes_together_keep_the_limits_of_one(make, clock):
    two = [make(), make()]
    starts = start_alternately(two, clock, 35)
    assert (most_within(starts, 1.0), most_within(starts, 60.0)) == (4, 40)
    assert most_within(start_alternately(two, clock, 7, items=30), 60.0) == 6


def test_all_processes_learn_of_a_pause_and_of_the_lower_limit(make, clock):
    one, other = make(Limits()), make(Limits())
    start_alternately([one], clock, 8)
    one.note_throttling(60)
    paused_at = clock.monotonic()
    assert (other.budget().paused, other.budget().requests) == (60, 242)
    with pytest.raises(NoSlot) as full, other.slot(until=clock.monotonic() + 30):
        pass
    assert full.value.after == pytest.approx(60)
    assert start_alternately([other], clock, 1)[0] >= paused_at + 60


@pytest.mark.parametrize("passed", [0, 3600])
def test_a_pause_and_a_lower_limit_end_although_the_clock_of_the_database_is_set_back(
    make, clock, passed
):
    one, other = make(Limits()), make(Limits())
    start_alternately([one], clock, 8)
    one.note_throttling(60)
    clock.advance(passed)
    clock.set(clock.now() - dt.timedelta(days=1))
    for seconds in (62, 3600):
        assert not is_refused(other, clock, seconds)
        clock.advance(3600)
    assert other.budget().requests >= 490


def test_a_refusal_after_batches_counts_them_as_their_items_everywhere(make, clock):
    one, other = make(), make()
    start_alternately([one], clock, 1, items=30)
    other.note_throttling(60)
    starts = start_alternately([one, other], clock, 2, items=9)
    assert most_within(starts, 60.0) <= 40 // 9


def test_calls_that_run_at_once_are_counted_on_all_machines(make, clock):
    one, other = make(WIDE), make(WIDE)
    with ExitStack() as running:
        for _ in range(4):
            running.enter_context(one.slot())
        assert is_refused(other, clock)
    one.renew()
    assert not is_refused(other, clock)


def test_the_share_of_a_process_that_is_gone_returns_within_seconds(make, clock):
    one, other = make(WIDE), make(WIDE)
    with ExitStack() as calls, ExitStack() as later_calls:
        for _ in range(4):
            calls.enter_context(one.slot())
        gone_at = clock.monotonic()
        for _ in range(4):
            later_calls.enter_context(other.slot(until=gone_at + SHARE_SECONDS + 3))
        assert gone_at + SHARE_SECONDS - 0.1 <= clock.monotonic() <= gone_at + SHARE_SECONDS + 2
        calls.close()  # it was only frozen, and its answers had come
        assert is_refused(one, clock)


def test_a_share_is_renewed_while_requests_run(make, clock):
    one, other = make(WIDE), make(WIDE)
    with ExitStack() as running:
        for _ in range(4):
            running.enter_context(one.slot())
        for _ in range(4):
            clock.advance(SHARE_SECONDS / 2)
            one.renew()
        assert is_refused(other, clock)


def test_a_start_that_was_reserved_before_a_freeze_is_not_used_after_it(make, clock):
    one, other = make(WIDE), make(WIDE)
    start_alternately([one], clock, 2)  # and it expects two more
    clock.advance(SHARE_SECONDS + 1)
    with ExitStack() as running:
        for _ in range(4):
            running.enter_context(other.slot())
        assert is_refused(one, clock)


def test_while_the_row_cannot_be_reached_nothing_starts(clock):
    absent = create_engine("postgresql+psycopg://hub:x@127.0.0.1:1/hub?connect_timeout=1")
    limiter = SharedRateLimiter(clock, SMALL, BudgetRow(absent, "1", clock), renews=False)
    with pytest.raises(NoSlot), limiter.slot(until=clock.monotonic() + 2.5):
        pass
    with pytest.raises(DatabaseUnavailable, match=r"127\.0\.0\.1") as error, limiter.slot():
        pass
    assert ":x@" not in error.value.text


def test_no_row_is_locked_while_a_process_calculates(engine, clock):
    one, other = BudgetRow(engine, "1", clock), BudgetRow(engine, "1", clock)
    calls = []

    def pause(budget, *_):
        calls.append(budget.paused_to)
        if len(calls) == 1:
            other.change(lambda budget, *_: setattr(budget, "paused_to", 5.0))
        budget.cap = 100.0

    one.change(pause)
    budget, _ = other.read()
    assert (calls, budget.paused_to, budget.cap) == ([0.0, 5.0], 5.0, 100.0)


def test_a_row_that_cannot_be_read_counts_as_used_up_for_a_minute(make, engine, clock):
    start_alternately([make()], clock, 1)
    with engine.begin() as connection:
        connection.execute(text("UPDATE shared_rate_limit SET state = '[1'"))
    limiter = make()
    assert is_refused(limiter, clock, seconds=30)
    assert start_alternately([limiter], clock, 1)[0] >= 60


class RowInMemory:
    """A row without a database, for many histories."""

    def __init__(self, clock):
        self.clock, self.budget = clock, SharedBudget()

    def change(self, change):
        now = self.clock.monotonic()
        return change(self.budget, self.clock.now().timestamp(), now, now)


@pytest.mark.parametrize("seed", [*range(8), "in the database"])
def test_no_limit_is_exceeded_when_processes_end_or_freeze(request, clock, seed):
    """Processes start, answer, freeze and die at random on one row."""
    chooser = random.Random(seed)
    row = RowInMemory(clock)
    if seed == "in the database":
        row = BudgetRow(request.getfixturevalue("engine"), "1", clock)

    def make():
        return SharedRateLimiter(clock, SMALL, row, renews=False)

    limiters = [make() for _ in range(3)]
    running = []  # when it ends, what ends it, and the limiter
    starts, batches = [], []
    for _ in range(100):
        clock.advance(chooser.choice([0.0, 0.01, 0.05, 0.3, 2.0]))
        for ended in [call for call in running if call[0] <= clock.monotonic()]:
            running.remove(ended)
            ended[1].close()
        limiter = chooser.choice(limiters)
        if chooser.random() < 0.05:
            limiters[limiters.index(limiter)] = make()  # it was killed
            continue
        if chooser.random() < 0.2:
            limiter.renew()
        if sum(owner is limiter for _, _, owner in running) == SMALL.concurrent:
            continue
        items = chooser.choice([0, 0, 0, 5])
        call = ExitStack()
        try:
            call.enter_context(limiter.slot(items=items, until=clock.monotonic() + 0.7))
        except NoSlot:
            continue
        now = clock.monotonic()
        starts.append(now)
        batches += [now] * (items > 0)
        running.append((now + chooser.choice([0.0, 0.2, 1.5]), call, limiter))
        assert len([end for end, *_ in running if end > now]) <= SMALL.concurrent
    assert len(starts) >= 25
    assert most_within(starts, 1.0) <= SMALL.per_second
    assert most_within(starts, 60.0) <= SMALL.per_period
    assert most_within(batches, 60.0) <= SMALL.batches


class Gated(FakeClock):
    """A clock on which sleeping ends when the test says so."""

    def __init__(self):
        super().__init__()
        self.gate = threading.Event()

    def sleep(self, seconds):
        self.gate.wait(20)
        super().sleep(seconds)


def test_requests_that_were_delayed_after_their_start_wait_for_another_one(make, clock):
    two, sent, dice = [make(), make()], [], random.Random(7)
    for _ in range(30):
        for limiter in two:
            with limiter.slot() as permit:
                clock.sleep(dice.choice([0.0, 0.0, 0.05, 0.3, 0.7]))
                permit.confirm()
                require_requests_allowed()
                sent.append(clock.monotonic())
    assert most_within(sent, 1.0) <= SMALL.per_second
    assert [limiter.budget().running for limiter in two] == [0, 0]


def test_the_apps_of_a_process_take_turns(make):
    clock = Gated()
    limiter, served = make(Limits(), clock), []
    limiter.note_throttling(1)

    def work(app):
        with limiter.slot(app):
            served.append(app)

    threads = [threading.Thread(target=work, args=(app,)) for app in ["busy"] * 6 + ["quiet"]]
    for thread in threads:
        thread.start()
    while limiter.budget().waiting < 7:
        threading.Event().wait(0.001)
    clock.gate.set()
    for thread in threads:
        thread.join()
    assert "quiet" in served[:2]


def test_a_distributed_hub_shares_its_limits_unless_the_server_is_its_own(
    make_app, make_config, clock, postgres_url
):
    environ = {
        "HUB_ENGINE": "distributed",
        "HUB_DATABASE_URL": postgres_url,
        "HUB_QBO_PER_SECOND": "10",
        "HUB_QBO_PER_MINUTE": "500",
    }
    with make_app(make_config(**environ)).app_context():
        assert isinstance(get_rate_limiter("1", clock, make_config(**environ)), SharedRateLimiter)
        unlimited = make_config(**environ | {"HUB_QBO_PER_MINUTE": "9000"})
        assert isinstance(get_rate_limiter("2", clock, unlimited), RateLimiter)


def test_no_thread_renews_the_share_of_a_hub_whose_background_work_was_ended(make_process):
    app = make_process("one")
    earlier_threads = set(threading.enumerate())
    with app.app_context():
        with get_shared_limiter("1", SMALL, current_hub().clock, current_hub().config).slot():
            assert set(threading.enumerate()) > earlier_threads
        end_background_work(app)
    # It would return its connection to a pool that nobody closes any more.
    assert set(threading.enumerate()) <= earlier_threads
