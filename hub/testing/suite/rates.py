"""Contract tests of the rate that an app declares: its stand-in enforces it, the hub keeps it."""

from typing import Any

import pytest

from hub.contract.rate import Rate
from hub.errors import TooOften
from hub.rate_limits.limiter import Limits, RateLimiter
from hub.testing.bench import Bench
from hub.testing.clock import FakeClock

ADMITTED_CALLS = 1  # calls that the stand-in admits in the time of the rate during the test


class _BenchClock(FakeClock):
    """A clock whose pauses pass at the stand-in of a bench, too."""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._bench = bench

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._bench.drive("clock", {"advance": seconds})


def _check_twice(bench: Bench) -> None:
    """Check the access twice, which makes at least two calls."""
    for _ in range(2):
        bench.check()


def _expect_no_limit(bench: Bench) -> None:
    """Fail if the stand-in of an app that declares no rate limits its calls."""
    limit = bench.look("limit")
    if isinstance(limit, dict) and limit.get("requests"):
        pytest.fail(
            f"The stand-in of {bench.app.slug} admits {limit['requests']} calls in"
            f" {limit['seconds']} seconds, and the app declares no rate, so that the hub would be"
            " refused. Declare what the source allows: App(rate=RATE)."
        )


class RateTests:
    """Tests of the rate; an app without a rate and without a limit passes them."""

    slug: str
    settings: dict[str, Any]

    def test_the_stand_in_enforces_the_declared_rate(self) -> None:
        """Compare the rates, and call a stand-in that admits one call until it refuses one."""
        bench = Bench(self.slug, self.settings)
        if not bench.app.rate:
            _expect_no_limit(bench)
            return
        seconds = self._limit_calls(bench)
        wait = self._wait_of_refusal(bench)
        advice = "Send the seconds that Limits.wait() returns."
        if wait is None:
            pytest.fail(f"{self.slug}: its stand-in sends no Retry-After with a 429. {advice}")
        if not 0 < wait <= seconds:
            pytest.fail(
                f"{self.slug}: its stand-in sends Retry-After: {wait:g} with a 429, and a call is"
                f" possible after at most {seconds:g} seconds. {advice}"
            )

    def test_a_source_called_at_the_declared_rate_refuses_nothing(self) -> None:
        """Read as the hub does: it waits before a call that the rate does not allow."""
        bench = Bench(self.slug, self.settings)
        if not bench.app.rate:
            return
        seconds = self._limit_calls(bench)
        limits = Limits(
            per_second=ADMITTED_CALLS, per_period=ADMITTED_CALLS, batches=1, period=seconds
        )
        limiter = RateLimiter(_BenchClock(bench), limits)
        bench.pace(limiter.slot)
        tenant = bench.check()
        ids = [item.source_id for item in bench.read() if hasattr(item, "source_id")]
        assert tenant.id
        assert ids

    def _wait_of_refusal(self, bench: Bench) -> float | None:
        """Call the stand-in until it refuses a call; return how long it asks to wait."""
        try:
            _check_twice(bench)
        except TooOften as error:
            return error.after
        pytest.fail(
            f"The stand-in of {self.slug} was called more often than the rate {bench.app.rate}"
            " allows, and answered. Count each call: answer 429 while Limits.wait() returns"
            " seconds. If hub_check makes no call, let it make one."
        )

    def _limit_calls(self, bench: Bench) -> float:
        """Stop the stand-in's clock and let it admit one call; return in how many seconds."""
        rate = Rate.parse(bench.app.rate)
        limit = bench.drive("limit", method="GET")
        if not isinstance(limit, dict) or "requests" not in limit:
            pytest.fail(
                f"{self.slug} declares the rate {bench.app.rate}, but its stand-in has no page"
                " /_sandbox/limit. Create Limits.at_rate(clock, rate) of qbo_sandbox.kit, count"
                " each call with it, and pass its page to the Harness as pages={'limit': …}."
            )
        enforced_rate = Rate(int(limit["requests"]), int(limit["seconds"]))
        if not rate.is_within(enforced_rate):
            pytest.fail(
                f"{self.slug} declares the rate {bench.app.rate}, but its stand-in allows"
                f" {enforced_rate} only: with Limits.at_rate(clock, rate) they are the same."
            )
        bench.drive("clock", {"frozen": True})
        bench.drive("limit", {"requests": ADMITTED_CALLS})
        return float(enforced_rate.seconds)
