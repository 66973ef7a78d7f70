"""The system clock."""

import datetime as dt
import time

import pytest

from hub.clock import SystemClock


def test_the_systems_clock_is_aware_and_in_utc():
    assert SystemClock().now().tzinfo is dt.UTC


def test_the_systems_seconds_only_grow():
    clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(-1)
    assert clock.monotonic() >= before


@pytest.mark.skipif(
    not hasattr(time, "CLOCK_BOOTTIME"), reason="this system does not count the time asleep"
)
def test_the_systems_seconds_go_on_while_the_machine_sleeps():
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before <= SystemClock().monotonic() <= time.clock_gettime(time.CLOCK_BOOTTIME)
