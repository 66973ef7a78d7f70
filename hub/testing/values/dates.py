"""Dates in the responses of a source: a moment is a day in the zone of the app."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from hub.contract.documents import Document
from hub.testing.bench import Bench
from hub.testing.exchanges.response_values import ResponseValue
from hub.testing.values.changed_responses import ChangedResponses

FAR_ZONES = ("Etc/GMT+12", "Etc/GMT-14")  # 12 hours behind UTC, and 14 before it
DATE_SHIFT = dt.timedelta(days=3)
UNIX_TIMES = {  # how many of a number are a second: how it becomes a day
    1: "datetime.fromtimestamp(row[…], site.zone).date()",
    1000: "datetime.fromtimestamp(row[…] / 1000, site.zone).date()",
}
FIRST_SECOND, LAST_SECOND = 946_684_800, 4_102_444_800  # of the years 2000 to 2099


def find_date_defect(responses: ChangedResponses, bench: Bench, document: Document) -> str:
    """Change the moments that may be its date, and read it in other zones if one is."""
    problem = _find_invented_date(responses, bench, document)
    if problem:
        return problem
    day = document.date
    if any(_read_day(value.value) == day for value in responses.values):
        return ""
    for value in responses.values:
        defect = _find_zone_defect(responses, bench, value, "date")
        if defect:
            return f"its date is {defect}"
    return ""


def find_due_date_defect(responses: ChangedResponses, bench: Bench, document: Document) -> str:
    """Change the values whose name says that they are the due date."""
    for value in responses.values:
        later = _shift_days(value.value)
        if later is None or "due" not in str(value.path[-1]).lower():
            continue
        if responses.read(value, later) == document:
            return f"it stays as it is if {value.name} is another day."
        defect = _find_zone_defect(responses, bench, value, "due")
        if defect:
            return f"it is {defect}"
    return ""


def _find_zone_defect(
    responses: ChangedResponses, bench: Bench, value: ResponseValue, name: str
) -> str:
    """Return that a day of a document follows a moment and no zone of the app; "" if it does."""
    day, moment = getattr(responses.document, name), _read_moment(value.value)
    if moment is None or moment.astimezone(dt.UTC).date() != day:
        return ""
    reading = responses.read(value, _shift_days(value.value))
    if reading is None or getattr(reading, name) == day:
        return ""
    if _follows_zone(bench, reading.source_id, name):
        return ""
    scale = _find_unix_scale(value.value)
    advice = UNIX_TIMES[scale] if scale else "parse_date(row[…], site.zone)"
    return (
        f"{day} in each zone of the app, and the source answers the moment {value.value} as"
        f" {value.name}. Write {advice}."
    )


def _find_invented_date(responses: ChangedResponses, bench: Bench, document: Document) -> str:
    """Return that a document whose source has no date gets that of today; "" if none does."""
    days_of_reading = (bench.today, dt.datetime.now(dt.UTC).date())
    if document.date in days_of_reading:
        return ""
    for value in responses.values:
        if _read_day(value.value) is None and _read_moment(value.value) is None:
            continue
        reading = responses.read(value, None)
        if reading is not None and reading.date in days_of_reading:
            return (
                f"its date is today if {value.name} is missing, so that it would be another one"
                " with each reading. A document without a date waits with that reason."
            )
    return ""


def _follows_zone(bench: Bench, id: str, name: str) -> bool:
    """Return whether the day of a document is another one where the app has another zone."""
    zone = bench.zone
    dates: set[dt.date | None] = set()
    for far_zone in FAR_ZONES:
        bench.zone = ZoneInfo(far_zone)
        dates.update(getattr(item, name, None) for item in bench.read(ids=[id]))
    bench.zone = zone
    return len(dates) > 1


def _read_day(value: object) -> dt.date | None:
    """Return a value that is a day and no moment."""
    try:
        return dt.datetime.strptime(str(value), "%Y-%m-%d").date()  # noqa: DTZ007 (a day)
    except ValueError:
        return None


def _read_moment(value: object) -> dt.datetime | None:
    """Return a value that is a moment with a zone; midnight may stand for a day and does not count.

    A text that is no moment is none.
    """
    moment = _parse_moment(value)
    is_day = moment is None or moment.time() == dt.time()
    return None if is_day else moment


def _parse_moment(value: object) -> dt.datetime | None:
    """Return a value that is a moment: a text with an offset, or a number since 1970."""
    scale = _find_unix_scale(value)
    if scale:
        return dt.datetime.fromtimestamp(int(str(value)) / scale, dt.UTC)
    try:
        moment = dt.datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment


def _find_unix_scale(value: object) -> int:
    """Return how many of a number since 1970 are a second: 1 or 1000; 0 for any other value."""
    text = str(value)
    if not text.isdecimal():
        return 0
    scales = (scale for scale in UNIX_TIMES if FIRST_SECOND <= int(text) // scale < LAST_SECOND)
    return next(scales, 0)


def _shift_days(value: object) -> Any:
    """Return a day or a moment some days later, in the form of the value; None for other values."""
    day, moment, scale = _read_day(value), _parse_moment(value), _find_unix_scale(value)
    if day:
        return (day + DATE_SHIFT).isoformat()
    if moment is None:
        return None
    if not scale:
        return (moment + DATE_SHIFT).isoformat()
    later = int(str(value)) + int(DATE_SHIFT.total_seconds()) * scale
    return str(later) if isinstance(value, str) else later
