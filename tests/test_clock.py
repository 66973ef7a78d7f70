"""The clock of this machine and the one that stands still."""

import datetime as dt

from hub.clock import SystemClock
from hub.testing.clock import START, FakeClock


def test_the_systems_clock_is_aware_and_in_utc():
    assert SystemClock().now().tzinfo is dt.UTC


def test_the_systems_seconds_only_grow():
    clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(-1)
    assert clock.monotonic() >= before


def test_a_fake_clock_stands_still_until_it_is_moved():
    clock = FakeClock()
    assert (clock.now(), clock.monotonic()) == (START, 0.0)
    clock.advance(90)
    assert (clock.now() - START, clock.monotonic()) == (dt.timedelta(seconds=90), 90.0)


def test_sleeping_on_a_fake_clock_moves_it_and_is_remembered():
    clock = FakeClock()
    clock.sleep(5)
    assert (clock.slept, clock.monotonic()) == ([5], 5.0)


def test_setting_the_wall_clock_back_lets_no_time_run_back():
    clock = FakeClock()
    clock.advance(10)
    clock.set(START)
    assert (clock.now(), clock.monotonic()) == (START, 10.0)


def test_followers_of_a_fake_clock_are_told_each_moment():
    clock, told = FakeClock(), []
    clock.followers.append(told.append)
    clock.advance(1)
    assert told == [START + dt.timedelta(seconds=1)]
