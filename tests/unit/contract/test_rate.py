"""Rates are read from a text, compared, and divided into parts that keep the whole."""

import pytest

from hub.contract.rate import Rate
from hub.errors import Refused
from qbo_sandbox.kit import Clock, Limits


@pytest.mark.parametrize(
    ("text", "calls", "seconds", "words"),
    [
        ("100/15s", 100, 15, "100 calls in 15 seconds"),
        ("10/s", 10, 1, "10 calls in 1 second"),
        ("2500/5m", 2500, 300, "2,500 calls in 5 minutes"),
        ("10000/h", 10_000, 3600, "10,000 calls in 1 hour"),
        ("1/1d", 1, 86_400, "1 call in 1 day"),
    ],
)
def test_a_rate_is_a_number_of_calls_and_a_time(text, calls, seconds, words):
    rate = Rate.parse(text)
    assert (rate, str(rate)) == (Rate(calls, seconds), words)
    limits = Limits.at_rate(Clock(), text)
    assert (limits.requests, limits.seconds) == (calls, seconds)


@pytest.mark.parametrize(
    "text", ["", "100", "100/15", "0/15s", "100/0s", "100 / 15s", "-1/s", "10/2d", "10/w", "1.5/s"]
)
def test_any_other_text_is_refused_with_an_example(text):
    with pytest.raises(Refused, match='Write the number of calls and the time, such as "100/15s"'):
        Rate.parse(text)


@pytest.mark.parametrize(
    ("text", "calls", "seconds"),
    [
        ("100/15s", 100, 15),
        ("1000/30s", 500, 15),
        ("10000/h", 166, 60),
        ("10/h", 10, 3600),
        ("5000/d", 50, 864),
    ],
)
def test_a_long_period_is_divided_so_that_calls_are_spread_over_it(text, calls, seconds):
    rate = Rate.parse(text)
    assert rate.part == (calls, seconds)
    parts = rate.seconds / seconds
    assert parts * calls <= rate.calls


@pytest.mark.parametrize(
    ("text", "other", "is_within"),
    [
        ("100/15s", "100/15s", True),
        ("50/15s", "100/15s", True),
        ("100/15s", "50/15s", False),
        ("100/15s", "1000/m", True),
        ("1000/m", "100/15s", False),  # at once, they are more than a hundred
        ("100/m", "100/15s", True),
    ],
)
def test_a_rate_is_within_another_if_it_never_exceeds_it(text, other, is_within):
    assert Rate.parse(text).is_within(Rate.parse(other)) is is_within


def test_a_stand_in_refuses_a_rate_that_it_cannot_read():
    with pytest.raises(ValueError, match="write it as 100/15s"):
        Limits.at_rate(Clock(), "often")
