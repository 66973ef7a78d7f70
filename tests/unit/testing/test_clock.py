"""The fake clock for tests."""

import datetime as dt

from hub.testing.clock import START, FakeClock


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


def test_followers_of_a_fake_clock_get_each_moment():
    clock, moments = FakeClock(), []
    clock.followers.append(moments.append)
    clock.advance(1)
    assert moments == [START + dt.timedelta(seconds=1)]
