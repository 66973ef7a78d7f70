"""Days and moments in the rows of a source."""

import datetime as dt

from hub.errors import Sentence


def parse_date(
    text: str | None, zone: dt.tzinfo | None = None, *, format: str = ""
) -> dt.date | None:
    """Return the day that a text names, such as 2026-02-20; None without a text.

    A text with a time and its offset, such as 2026-02-20T23:30:00Z, is a moment, whose day depends
    on the `zone`: `site.zone`, unless the source says otherwise. A time without an offset does not
    change the day before it: 2026-02-20T00:00:00. If a source writes a day in another form,
    `format` describes it, as for `datetime.strptime`: "%d.%m.%Y" for 20.02.2026. Raise ValueError
    for another text, and for a moment without a zone.
    """
    if not text:
        return None
    try:
        moment = _parse_in_format(text, format) if format else dt.datetime.fromisoformat(text)
    except (TypeError, ValueError):  # a number or a list is no date either
        raise ValueError(Sentence("“%(text)s” is not a date", text=str(text))) from None
    if moment.tzinfo is None:
        return moment.date()
    if zone is None:
        raise ValueError(
            Sentence("“%(text)s” is a moment, whose day depends on a time zone", text=text)
        )
    return moment.astimezone(zone).date()


def _parse_in_format(text: str, format: str) -> dt.datetime:
    """Return the time that a text names; the text has an offset if the format has one."""
    return dt.datetime.strptime(text, format)  # noqa: DTZ007 (a day needs no zone)


def parse_unix_time(seconds: str | float) -> str:
    """Return seconds since 1970 as a moment in UTC, such as 2026-03-02T11:00:00.000Z."""
    return format_moment(dt.datetime.fromtimestamp(float(seconds), dt.UTC))


def format_unix_time(moment: str) -> str:
    """Return a moment as the whole seconds since 1970 that had passed by then."""
    return str(int(dt.datetime.fromisoformat(moment).timestamp()))


def format_moment(moment: dt.datetime) -> str:
    """Return a moment as text in UTC, such as 2026-03-02T11:00:00.000Z."""
    utc = moment.astimezone(dt.UTC)
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
