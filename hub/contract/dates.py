"""Days and moments in the rows of a source."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from hub.errors import Sentence

UnixTimes = Literal["unix", "unix_ms"]
UNITS_IN_SECOND: Mapping[UnixTimes, int] = {"unix": 1, "unix_ms": 1000}
UNIT_NAMES: Mapping[UnixTimes, str] = {"unix": "seconds", "unix_ms": "milliseconds"}
UNIX_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MILLISECOND = dt.timedelta(milliseconds=1)
RECENT_SECONDS = (100_000_000, 10_000_000_000)  # from 1973 to 2286


def parse_date(
    text: str | None, zone: dt.tzinfo | None = None, *, format: str = ""
) -> dt.date | None:
    """Return the day that a text names, such as 2026-02-20; None without a text.

    A text with a time and its offset, such as 2026-02-20T23:30:00Z, is a moment, whose day depends
    on the `zone`: `site.zone`, unless the source says otherwise. A time without an offset does not
    change the day before it: 2026-02-20T00:00:00. Without a `zone`, for a field that has a day and
    no time, neither does midnight with an offset, which some programs write: 2026-02-20T00:00:00Z.
    If a source writes a day in another form, `format` describes it, as for `datetime.strptime`:
    "%d.%m.%Y" for 20.02.2026. Raise ValueError for another text, and for another moment without a
    zone.
    """
    if not text:
        return None
    try:
        moment = _parse_in_format(text, format) if format else dt.datetime.fromisoformat(text)
    except (TypeError, ValueError):  # a number or a list is no date either
        raise ValueError(Sentence("“%(text)s” is not a date", text=str(text))) from None
    is_day = zone is None and moment.time() == dt.time()
    if moment.tzinfo is None or is_day:
        return moment.date()
    if zone is None:
        raise ValueError(
            Sentence("“%(text)s” is a moment, whose day depends on a time zone", text=text)
        )
    return moment.astimezone(zone).date()


def parse_day(text: str | None, zone: dt.tzinfo) -> dt.date | None:
    """Return the day in a field that has a day and no time; None without a text.

    Midnight with an offset does not change the day before it, as for `parse_date` without a zone:
    in America, midnight in UTC would be the day before. Any other moment has its day in the `zone`.
    """
    try:
        return parse_date(text)
    except ValueError:
        return parse_date(text, zone)


def _parse_in_format(text: str, format: str) -> dt.datetime:
    """Return the time that a text names; the text has an offset if the format has one."""
    return dt.datetime.strptime(text, format)  # noqa: DTZ007 (a day needs no zone)


def parse_unix_time(number: str | float | Decimal, unit: UnixTimes) -> str:
    """Return seconds or milliseconds since 1970 as a moment, such as 2026-03-02T11:00:00.000Z.

    Raise ValueError for a number that is one of the other unit.
    """
    seconds = Decimal(str(number)) / UNITS_IN_SECOND[unit]
    other: UnixTimes = "unix_ms" if unit == "unix" else "unix"
    as_other = Decimal(str(number)) / UNITS_IN_SECOND[other]
    if not _is_recent(seconds) and _is_recent(as_other):
        raise ValueError(
            f'{number!r} counts no {UNIT_NAMES[unit]} since 1970, as times="{unit}" says, but'
            f' {UNIT_NAMES[other]}: pass times="{other}".'
        )
    return format_moment(dt.datetime.fromtimestamp(float(seconds), dt.UTC))


def format_unix_time(moment: str, unit: UnixTimes) -> str:
    """Return a moment as the whole seconds, or milliseconds, since 1970 that had passed by then."""
    since = dt.datetime.fromisoformat(moment) - UNIX_EPOCH
    return str(since // dt.timedelta(seconds=1) if unit == "unix" else since // MILLISECOND)


def _is_recent(seconds: Decimal) -> bool:
    """Return whether seconds since 1970 are a time at which a source may have changed a row."""
    return RECENT_SECONDS[0] <= seconds < RECENT_SECONDS[1]


def format_moment(moment: dt.datetime) -> str:
    """Return a moment as text in UTC, such as 2026-03-02T11:00:00.000Z."""
    utc = moment.astimezone(dt.UTC)
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
