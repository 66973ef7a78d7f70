"""The period of a report, and how it is split into columns."""

import calendar
import datetime as dt
from typing import NamedTuple

from qbo_sandbox.accounting.refusals import Refusal

TODAY = "today"
EARLIEST_DATE = dt.date(1970, 1, 1)
MONTHS_BY_INTERVAL = {"month": 1, "quarter": 3, "year": 12}
INTERVALS = {
    "days": "day",
    "day": "day",
    "week": "week",
    "weeks": "week",
    "month": "month",
    "months": "month",
    "quarter": "quarter",
    "quarters": "quarter",
    "year": "year",
    "years": "year",
}


class Period(NamedTuple):
    """A period, both days included; `macro` is its name in the request, or of the default."""

    start: dt.date
    end: dt.date
    macro: str = ""


def read_period(params: dict[str, str], today: dt.date, usual: str) -> Period:
    """Return the period of the parameters, or the default period.

    A report of what is open today has no other days than its `report_date`.
    """
    macro = params.get("date_macro", "").strip().lower()
    if macro:
        return _get_named_period(macro, today)
    if params.get("report_date"):
        day = _parse_day(params["report_date"], "report_date")
        return Period(day, day)
    has_days = params.get("start_date") or params.get("end_date")
    if usual == TODAY or not has_days:
        return _get_named_period(usual, today)
    end = today
    if params.get("end_date"):
        end = _parse_day(params["end_date"], "end_date")
    start = end.replace(month=1, day=1)
    if params.get("start_date"):
        start = _parse_day(params["start_date"], "start_date")
    if start > end:
        raise Refusal("2060", "Invalid Date : start_date lies after end_date", "start_date")
    return Period(start, end)


def _parse_day(text: str, name: str) -> dt.date:
    """Return the date of a parameter."""
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        raise Refusal("2060", f"Invalid Date : {text}", name) from None


def _get_named_period(macro: str, today: dt.date) -> Period:
    """Return the period of a macro such as "last month" or "this fiscal year-to-date"."""
    if macro in ("all", "all dates"):
        return Period(EARLIEST_DATE, dt.date.max, "all")
    if macro in ("today", "yesterday"):
        day = today if macro == "today" else today - dt.timedelta(days=1)
        return Period(day, day, macro)
    which, _, unit = macro.removesuffix("-to-date").partition(" ")
    offset = {"last": -1, "this": 0, "next": 1}.get(which)
    unit = unit.removeprefix("fiscal ").removeprefix("calendar ")
    if offset is None or unit not in ("week", *MONTHS_BY_INTERVAL):
        raise Refusal("2170", f"Invalid Enumeration : {macro}", "date_macro")
    start = _move_period(_get_first_day(today, unit), unit, offset)
    end = _move_period(start, unit, 1) - dt.timedelta(days=1)
    if macro.endswith("-to-date"):
        length = today - _get_first_day(today, unit)
        end = min(end, start + length)
    return Period(start, end, macro)


def _get_first_day(day: dt.date, unit: str) -> dt.date:
    """Return the first day of the week, month, quarter or year of a day."""
    if unit == "day":
        return day
    if unit == "week":
        return day - dt.timedelta(days=(day.weekday() + 1) % 7)
    size = MONTHS_BY_INTERVAL[unit]
    return dt.date(day.year, (day.month - 1) // size * size + 1, 1)


def _move_period(day: dt.date, unit: str, count: int) -> dt.date:
    """Return the first day of the period that is some periods later."""
    if unit == "day":
        return day + dt.timedelta(days=count)
    if unit == "week":
        return day + dt.timedelta(weeks=count)
    months = day.year * 12 + day.month - 1 + count * MONTHS_BY_INTERVAL[unit]
    year, month = divmod(months, 12)
    return dt.date(year, month + 1, 1)


def split_period(period: Period, by: str) -> list[Period]:
    """Split a period into days, weeks, months, quarters or years; refuse the year 9999."""
    unit = INTERVALS[by.lower()]
    if period.end.year == dt.MAXYEAR:
        raise Refusal("2060", f"Invalid Date : {period.end}", "end_date")
    parts = []
    start = period.start
    while start <= period.end:
        next_start = _move_period(_get_first_day(start, unit), unit, 1)
        last_day = next_start - dt.timedelta(days=1)
        parts.append(Period(start, min(period.end, last_day)))
        start = next_start
    return parts


def format_column_title(period: Period) -> str:
    """Return the title of a period's column."""
    start = period.start
    end = period.end
    _, days_in_month = calendar.monthrange(end.year, end.month)
    has_whole_months = start.day == 1 and end.day == days_in_month
    if (start.year, start.month) == (end.year, end.month):
        if has_whole_months:
            return f"{start:%b %Y}"
        return f"{start:%b} {start.day} - {end.day}, {start.year}"
    if has_whole_months and start.year == end.year:
        return f"{start:%b} - {end:%b %Y}"
    return f"{start:%b} {start.day} - {end:%b} {end.day}, {end.year}"
