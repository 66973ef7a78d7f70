"""Days in the rows of a source."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from hub import parse_date, parse_day

DENVER = ZoneInfo("America/Denver")


@pytest.mark.parametrize(
    ("text", "zone", "day"),
    [
        ("2026-02-20", None, dt.date(2026, 2, 20)),
        ("2026-02-20", DENVER, dt.date(2026, 2, 20)),
        ("2026-02-20T00:00:00", DENVER, dt.date(2026, 2, 20)),
        ("2026-02-20T23:59:59.99", None, dt.date(2026, 2, 20)),
        ("2026-02-20T05:30:00Z", DENVER, dt.date(2026, 2, 19)),
        ("2026-02-20T00:00:00Z", DENVER, dt.date(2026, 2, 19)),
        ("2026-02-20T23:30:00-02:00", DENVER, dt.date(2026, 2, 20)),
        ("2026-02-20T23:30:00-02:00", dt.UTC, dt.date(2026, 2, 21)),
        (None, DENVER, None),
        ("", None, None),
    ],
)
def test_the_day_is_that_of_the_text_and_that_of_a_moment_in_the_zone(text, zone, day):
    assert parse_date(text, zone) == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-02-20", dt.date(2026, 2, 20)),
        ("2026-02-20T00:00:00", dt.date(2026, 2, 20)),
        ("2026-02-20T00:00:00.000Z", dt.date(2026, 2, 20)),
        ("2026-02-20T00:00:00+01:00", dt.date(2026, 2, 20)),
        ("", None),
        (None, None),
    ],
)
def test_midnight_is_its_day_in_a_field_without_a_time(text, day):
    assert parse_date(text) == parse_day(text, DENVER) == day


def test_another_moment_in_a_field_without_a_time_has_its_day_in_the_zone():
    assert parse_day("2026-02-20T05:30:00Z", DENVER) == dt.date(2026, 2, 19)
    for text in ("20.02.2026", 5):
        with pytest.raises(ValueError, match="is not a date"):
            parse_day(text, DENVER)


@pytest.mark.parametrize(
    ("text", "format", "day"),
    [
        ("20.02.2026", "%d.%m.%Y", dt.date(2026, 2, 20)),
        ("02/03/2026", "%d/%m/%Y", dt.date(2026, 3, 2)),
        ("20.02.2026 23:30 -0200", "%d.%m.%Y %H:%M %z", dt.date(2026, 2, 20)),
        ("", "%d.%m.%Y", None),
    ],
)
def test_a_day_in_another_form_is_read_in_its_format(text, format, day):
    assert parse_date(text, DENVER, format=format) == day


@pytest.mark.parametrize("text", ["31.02.2026", "20.02.26", "2026-02-20", "00.00.0000"])
def test_a_day_that_is_not_in_the_format_is_refused_with_the_text(text):
    with pytest.raises(ValueError, match=f"“{text}” is not a date"):
        parse_date(text, format="%d.%m.%Y")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-02-31", "“2026-02-31” is not a date"),
        ("20.02.2026", "“20.02.2026” is not a date"),
        ("2026-02-20T05:30:00Z", "is a moment, whose day depends on a time zone"),
    ],
)
def test_another_text_is_refused_in_a_sentence(text, words):
    with pytest.raises(ValueError, match=words):
        parse_date(text)
