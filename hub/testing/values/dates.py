"""Dates in the responses of a source: a moment is a day in the zone of the app."""

import datetime as dt
from zoneinfo import ZoneInfo

from hub.contract.documents import Document
from hub.testing.bench import Bench
from hub.testing.values.changed_responses import ChangedResponses

FAR_ZONES = ("Etc/GMT+12", "Etc/GMT-14")  # 12 hours behind UTC, and 14 before it
DATE_SHIFT = dt.timedelta(days=3)


def find_date_defect(responses: ChangedResponses, bench: Bench, document: Document) -> str:
    """Change the moments that may be its date, and read it in other zones if one is."""
    invented = _find_invented_date(responses, bench, document)
    if invented:
        return invented
    day = document.date
    if any(_day_of(value.value) == day for value in responses.values):
        return ""
    for value in responses.values:
        moment = _moment_of(value.value)
        if moment is None or moment.astimezone(dt.UTC).date() != day:
            continue
        changed = responses.read(value, (moment + DATE_SHIFT).isoformat())
        decides = changed is not None and changed.date != day
        if decides and not _follows_zone(bench, document):
            return (
                f"its date is {day} in each zone of the app, and the source answers the moment"
                f" {value.value} as {value.name}. Write parse_date(row[…], site.zone)."
            )
    return ""


def find_due_date_defect(responses: ChangedResponses, document: Document) -> str:
    """Change the values whose name says that they are the due date."""
    for value in responses.values:
        day = _day_of(value.value)
        if not day or "due" not in str(value.path[-1]).lower():
            continue
        if responses.read(value, (day + DATE_SHIFT).isoformat()) == document:
            return f"it stays as it is if {value.name} is another day."
    return ""


def _find_invented_date(responses: ChangedResponses, bench: Bench, document: Document) -> str:
    """Return that a document whose source has no date gets that of today; "" if none does."""
    days_of_reading = (bench.today, dt.datetime.now(dt.UTC).date())
    if document.date in days_of_reading:
        return ""
    for value in responses.values:
        if _day_of(value.value) is None and _moment_of(value.value) is None:
            continue
        changed = responses.read(value, None)
        if changed is not None and changed.date in days_of_reading:
            return (
                f"its date is today if {value.name} is missing, so that it would be another one"
                " with each reading. A document without a date waits with that reason."
            )
    return ""


def _follows_zone(bench: Bench, document: Document) -> bool:
    """Return whether a document has another date where the app has another zone."""
    zone = bench.zone
    dates: set[dt.date | None] = set()
    for name in FAR_ZONES:
        bench.zone = ZoneInfo(name)
        dates.update(getattr(item, "date", None) for item in bench.read(ids=[document.source_id]))
    bench.zone = zone
    return dates != {document.date}


def _day_of(value: object) -> dt.date | None:
    """Return a value that is a day and no moment."""
    try:
        return dt.datetime.strptime(str(value), "%Y-%m-%d").date()  # noqa: DTZ007 (a day)
    except ValueError:
        return None


def _moment_of(value: object) -> dt.datetime | None:
    """Return a value that is a moment with a zone; midnight may stand for a day and does not count.

    A text that is no moment is none.
    """
    try:
        moment = dt.datetime.fromisoformat(str(value))
    except ValueError:
        return None
    is_day = moment.tzinfo is None or moment.time() == dt.time()
    return None if is_day else moment
