"""The time of the last change of a row: kept as text in ISO 8601, shown as the source writes it."""

import datetime as dt
from collections.abc import Mapping
from typing import Literal

UnixTimes = Literal["unix", "unix_ms"]
Times = Literal["iso", "unix", "unix_ms"]
UNIX_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
UNITS: Mapping[UnixTimes, dt.timedelta] = {
    "unix": dt.timedelta(seconds=1),
    "unix_ms": dt.timedelta(milliseconds=1),
}


def format_moment(moment: dt.datetime) -> str:
    """Return a moment in UTC with a final Z."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def format_time(moment: str, times: UnixTimes) -> int:
    """Return a moment as the number of seconds or milliseconds since 1970."""
    return (dt.datetime.fromisoformat(moment) - UNIX_EPOCH) // UNITS[times]


def parse_time(number: int, times: UnixTimes) -> str:
    """Return a number of seconds or milliseconds since 1970 as a moment in whole seconds."""
    return format_moment(UNIX_EPOCH + number * UNITS[times])
