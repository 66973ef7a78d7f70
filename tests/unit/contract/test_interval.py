"""Intervals and cron expressions, also across clock changes."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from hub.contract.interval import Interval, describe, zone_of
from hub.errors import Refused

NEW_YORK = ZoneInfo("America/New_York")


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


@pytest.mark.parametrize(("text", "minutes"), [("15m", 15), ("2h", 120), ("1d", 1440)])
def test_minutes_hours_and_days_count_from_the_last_end(text, minutes):
    assert Interval.parse(text).after(at("2026-03-02T09:00Z"), NEW_YORK) - at(
        "2026-03-02T09:00Z"
    ) == dt.timedelta(minutes=minutes)


def test_cron_is_read_in_the_zone_of_the_installation():
    every = Interval.parse("30 6 * * 1-5")
    assert every.after(at("2026-03-06T12:00Z"), NEW_YORK) == at("2026-03-09T10:30Z")
    assert every.after(at("2026-03-06T12:00Z"), ZoneInfo("Europe/Oslo")) == at("2026-03-09T05:30Z")


def test_monday_is_one_and_sunday_is_seven():
    assert (
        Interval.parse("0 9 * * 1").after(at("2026-03-06T12:00Z"), ZoneInfo("UTC")).strftime("%a")
        == "Mon"
    )
    assert (
        Interval.parse("0 9 * * 7").after(at("2026-03-06T12:00Z"), ZoneInfo("UTC")).strftime("%a")
        == "Sun"
    )


def test_a_time_that_comes_twice_in_autumn_is_due_once():
    every = Interval.parse("30 1 * * *")
    first = every.after(at("2026-11-01T04:00Z"), NEW_YORK)
    assert first == at("2026-11-01T05:30Z")
    assert every.after(first, NEW_YORK) == at("2026-11-02T06:30Z")


def test_the_next_time_is_never_past_in_the_hour_that_comes_twice():
    every = Interval.parse("30 1 * * *")
    assert every.after(at("2026-11-01T06:05Z"), NEW_YORK) == at("2026-11-02T06:30Z")


def test_a_time_that_is_skipped_in_spring_is_not_lost():
    every = Interval.parse("30 2 * * *")
    assert every.after(at("2026-03-08T05:00Z"), NEW_YORK) == at("2026-03-08T07:00Z")


def test_a_spread_is_within_its_minutes_and_always_the_same_for_one_name():
    every = Interval.parse("0 2 * * * ~30m")
    results = {
        every.after(at("2026-03-02T00:00Z"), ZoneInfo("UTC"), f"lists {n}") for n in range(50)
    }
    assert all(at("2026-03-02T02:00Z") <= moment < at("2026-03-02T02:30Z") for moment in results)
    assert len(results) > 40
    first = every.after(at("2026-03-02T00:00Z"), ZoneInfo("UTC"), "lists 1")
    assert every.after(first, ZoneInfo("UTC"), "lists 1") == first + dt.timedelta(days=1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0m",
        "soon",
        "15",
        "* * * *",
        "61 * * * *",
        "* * * * * *",
        "0 2 * * * ~",
        "15m ~5m",
        "999999d",
        "0 2 * * * ~999999d",
        "0 0 */29 2 5#5",  # the fifth Friday of a month is never its first day
    ],
)
def test_an_invalid_schedule_is_refused_with_how_to_write_one(text):
    with pytest.raises(Refused, match=r"isn't a valid schedule\. Write minutes"):
        Interval.parse(text)


def test_an_unknown_zone_is_answered_with_how_to_write_one():
    with pytest.raises(
        Refused, match=r"“Oslo” isn't a valid time zone\. Write it like Europe/Oslo"
    ):
        zone_of("Oslo")


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("15m", "every 15 minutes"),
        ("1h", "every hour"),
        ("2d", "every 2 days"),
        ("30 6 * * 1-5", "at 06:30 on Monday through Friday"),
        ("5 18 * * *", "at 18:05 every day"),
        ("0 6 1 * *", "at 06:00 on the first day of every month"),
    ],
)
def test_an_interval_is_formatted_for_people(text, description):
    assert describe(text) == description
