"""The clock of this machine."""

import datetime as dt

from hub.clock import SystemClock


def test_the_systems_clock_is_aware_and_in_utc():
    assert SystemClock().now().tzinfo is dt.UTC


def test_the_systems_seconds_only_grow():
    clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(-1)
    assert clock.monotonic() >= before
