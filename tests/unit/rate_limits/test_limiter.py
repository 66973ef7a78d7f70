"""The rate limit: within Intuit's limits, fair between apps, slower after a 429."""

import random
import threading
from pathlib import Path

import pytest

from hub.config import Config
from hub.rate_limits.limiter import INTUIT_LIMITS, Limits, NoSlot, RateLimiter, get_rate_limiter
from hub.rate_limits.permit import MAX_STARTS
from hub.testing.clock import FakeClock
from tests.support.proofs.windows import most_within


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def starts(limiter: RateLimiter, clock: FakeClock, count: int, *, items: int = 0) -> list[float]:
    """Return the times at which this number of requests began, one right after the other."""
    start_times = []
    for _ in range(count):
        with limiter.slot("app", items=items):
            start_times.append(clock.monotonic())
    return start_times


def test_ten_requests_start_in_a_second(clock):
    assert most_within(starts(RateLimiter(clock), clock, 35), 1.0) == 10


def test_five_hundred_requests_start_in_a_minute(clock):
    assert most_within(starts(RateLimiter(clock), clock, 1200), 60.0) == 500


def test_forty_batches_start_in_a_minute(clock):
    assert most_within(starts(RateLimiter(clock), clock, 100, items=30), 60.0) == 40


def test_delays_in_the_network_do_not_exceed_the_limits(clock):
    start_times = starts(RateLimiter(clock), clock, 1200)
    batches = starts(RateLimiter(clock), clock, 100, items=30)
    assert most_within(start_times, 1.0 + 0.19) <= 10
    assert most_within(start_times, 60.0 + 0.49) <= 500
    assert most_within(batches, 60.0 + 0.49) <= 40


@pytest.mark.parametrize("threads", [1, 10])
def test_a_request_that_was_delayed_after_its_start_waits_for_another_one(clock, threads):
    """Opening a connection takes longer for some, so they would arrive together with later ones."""
    limiter, sent, dice = RateLimiter(clock), [], random.Random(7)

    def send() -> None:
        for _ in range(60 // threads):
            with limiter.slot("app") as permit:
                clock.sleep(dice.choice([0.0, 0.0, 0.0, 0.05, 0.3, 0.7]))
                permit.confirm()
                sent.append(clock.monotonic())

    running = [threading.Thread(target=send) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert most_within(sent, 1.0 + 0.09) <= 10
    assert limiter.budget().running == 0


def test_a_request_that_is_sent_at_once_has_one_start(clock):
    limiter = RateLimiter(clock)
    with limiter.slot("app") as permit:
        clock.advance(seconds=0.09)
        permit.confirm()
    assert limiter.budget().requests == 499


def test_a_delayed_request_without_another_start_in_time_is_not_sent(clock):
    limiter = RateLimiter(clock)
    with limiter.slot("app", until=clock.monotonic() + 0.5) as permit:
        starts(limiter, clock, 9)
        clock.advance(seconds=0.3)
        with pytest.raises(NoSlot):
            permit.confirm()
    assert limiter.budget().running == 0


def test_a_machine_that_delays_every_start_sends_nevertheless(monkeypatch, clock):
    limiter, monotonic = RateLimiter(clock), clock.monotonic

    def pass_time() -> float:
        clock.advance(seconds=0.3)
        return monotonic()

    with limiter.slot("app") as permit:
        monkeypatch.setattr(clock, "monotonic", pass_time)
        permit.confirm()
        monkeypatch.undo()
    assert limiter.budget().requests == 500 - MAX_STARTS


def test_requests_take_hardly_longer_than_the_limits_allow(clock):
    start_times = starts(RateLimiter(clock), clock, 1600)
    least_seconds = 3 * 60 + 10
    assert start_times[-1] - start_times[0] <= least_seconds / 0.985


def test_ten_requests_run_at_once(clock):
    limiter = RateLimiter(clock)
    gate, running, most = threading.Event(), [], []

    def work() -> None:
        with limiter.slot():
            running.append(1)
            most.append(len(running))
            gate.wait(5)
            running.pop()

    threads = [threading.Thread(target=work) for _ in range(15)]
    for thread in threads:
        thread.start()
    while len(most) < 10:
        threading.Event().wait(0.001)
    assert limiter.budget().running == 10
    gate.set()
    for thread in threads:
        thread.join()
    assert max(most) == 10
    assert limiter.budget().running == 0


def test_a_throttle_pauses_and_then_slows_down(clock):
    limiter = RateLimiter(clock)
    starts(limiter, clock, 400)
    limiter.note_throttling(60)
    assert limiter.budget().paused == 60
    assert starts(limiter, clock, 1)[0] >= 60
    assert limiter.budget().requests < 400


def test_after_few_starts_the_rate_falls_to_half(clock):
    limiter = RateLimiter(clock)
    starts(limiter, clock, 10)
    limiter.note_throttling(60)
    clock.advance(61)
    assert 250 <= limiter.budget().requests < 350


def test_a_short_pause_does_not_slow_down_for_minutes_what_had_only_begun(clock):
    limiter = RateLimiter(clock)
    starts(limiter, clock, 10)
    limiter.note_throttling(1)
    assert starts(limiter, clock, 400)[-1] < 70


def test_answers_to_what_was_under_way_when_a_pause_began_slow_down_once(clock):
    limiter = RateLimiter(clock)
    starts(limiter, clock, 400)
    for _ in range(9):
        limiter.note_throttling(60)
    clock.advance(61)
    assert 360 <= limiter.budget().requests < 400


def test_speed_comes_back(clock):
    limiter = RateLimiter(clock)
    limiter.note_throttling(1)
    clock.advance(3600)
    assert limiter.budget().requests == INTUIT_LIMITS.per_period


def test_nothing_waits_past_its_deadline(clock):
    limiter = RateLimiter(clock)
    limiter.note_throttling(60)
    with pytest.raises(NoSlot) as full, limiter.slot(until=clock.monotonic() + 30):
        pass
    assert full.value.after == 60
    assert clock.monotonic() == 0


class Gated(FakeClock):
    """A clock on which sleeping ends when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def sleep(self, seconds: float) -> None:
        self.gate.wait(5)
        super().sleep(seconds)


def test_apps_take_turns():
    clock = Gated()
    limiter, served = RateLimiter(clock), []
    limiter.note_throttling(1)

    def work(app: str) -> None:
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


def test_after_a_refusal_a_batch_counts_as_its_items(clock):
    limiter = RateLimiter(clock)
    starts(limiter, clock, 17, items=30)
    limiter.note_throttling(60)
    start_times = starts(limiter, clock, 60, items=30)
    assert most_within(start_times, 60.0) <= 500 // 30
    assert start_times[-1] - start_times[0] < 60 * 60 / (500 // 30)


def test_a_batch_that_waits_for_room_is_not_passed_over_for_ever():
    clock = Gated()
    limiter, served = RateLimiter(clock, Limits(per_second=1000, per_period=40)), []
    starts(limiter, clock, 2, items=30)
    limiter.note_throttling(1)

    def work(app: str, items: int) -> None:
        with limiter.slot(app, items=items):
            served.append(app)

    threads = [threading.Thread(target=work, args=(f"busy {n % 3}", 0)) for n in range(60)]
    threads.append(threading.Thread(target=work, args=("batches", 30)))
    for thread in threads:
        thread.start()
    while limiter.budget().waiting < 61:
        threading.Event().wait(0.001)
    clock.gate.set()
    for thread in threads:
        thread.join()
    assert "batches" in served[:4]


def test_the_budget_can_be_asked_for(clock):
    limiter = RateLimiter(clock)
    starts(limiter, clock, 3)
    starts(limiter, clock, 2, items=30)
    budget = limiter.budget()
    assert (budget.requests, budget.batches, budget.running, budget.paused) == (495, 38, 0, 0)


def test_a_company_has_one_rate_limiter(app, clock, make_config):
    config = make_config()
    assert get_rate_limiter("1", clock, config) is get_rate_limiter("1", clock, config)
    assert get_rate_limiter("1", clock, config) is not get_rate_limiter("2", clock, config)


def test_the_pace_is_intuits_unless_set_for_a_server_of_ones_own(app, clock, make_config):
    config = make_config(HUB_QBO_PER_SECOND="2", HUB_QBO_PER_MINUTE="100")
    assert starts(get_rate_limiter("1", clock, config), clock, 3)[-1] == pytest.approx(1.2)
    bare = Config(data=Path(), database_url="", secret_key="", vault_keys=())
    assert (
        (Limits().per_second, Limits().per_period)
        == (bare.qbo_per_second, bare.qbo_per_minute)
        == (10, 500)
    )


def test_the_budget_of_all_processes_is_read_and_not_written(
    clock: FakeClock, tmp_path: Path
) -> None:
    file = tmp_path / "pace" / "1.starts"
    reader = RateLimiter(clock, file=file)
    assert reader.budget().requests == 500
    assert not file.parent.exists()
    starts(RateLimiter(clock, file=file), clock, 3)
    written = file.read_bytes()
    assert reader.budget().requests == 497
    assert file.read_bytes() == written
