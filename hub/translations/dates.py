"""Dates as the person who reads a page or a mail writes them."""

import datetime as dt
import re

from hub.translations import messages
from hub.translations.catalogs import ENGLISH

ENGLISH_DATE = "%d %b %Y"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# A date as `format_english_date` writes it.
DATE = re.compile(rf"\b(\d{{2}}) ({'|'.join(MONTHS)}) (\d{{4}})\b")
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def format_english_date(value: dt.date) -> str:
    """Format a date for a sentence that is stored or logged, as 02 Mar 2026.

    Pages find such dates by their form and rewrite them for the person (`dates_within`).
    """
    return format(value, ENGLISH_DATE)


def rewrite_iso(text: str) -> str:
    """Return a date such as 2026-03-02 as 02 Mar 2026; what is no date stays."""
    try:
        return format_english_date(dt.date.fromisoformat(text))
    except ValueError:
        return text


def date(value: dt.date) -> str:
    """Format a date so that the month is a word, as 22 Nov 2026."""
    return _format(value, ENGLISH_DATE, "d. MMM y")


def month(value: dt.date) -> str:
    """Format the month of a date, as Nov 2026."""
    return _format(value, "%b %Y", "MMM y")


def month_name(value: dt.date) -> str:
    """Format the month of a date without its year, as Nov."""
    return _format(value, "%b", "MMM")


def day_of_month(value: dt.date) -> str:
    """Format a date without its year, as 2 Nov."""
    return f"{value.day} {month_name(value)}"


def short_day(value: dt.date) -> str:
    """Format a date without its year, with the day of the week, as Mon 02 Mar."""
    return _format(value, "%a %d %b", "EEE d. MMM")


def dates_within(text: str) -> str:
    """Return a text with its dates, such as 02 Mar 2026, in the form of the person."""
    return DATE.sub(_rewrite, text)


def is_date(text: str) -> bool:
    """Return whether a text is nothing but a date, such as 02 Mar 2026 or 2026-03-02."""
    return bool(DATE.fullmatch(text) or ISO_DATE.fullmatch(text))


def rewrite_date(text: str) -> str:
    """Return a text that is a date in the form of the person; what is no date stays."""
    try:
        return date(dt.date.fromisoformat(text))
    except ValueError:
        return dates_within(text)


def _rewrite(match: re.Match[str]) -> str:
    """Return a date of a text in the form of the person; what is no date stays."""
    day, month_, year = match.groups()
    try:
        return date(dt.date(int(year), MONTHS.index(month_) + 1, int(day)))
    except ValueError:
        return match[0]


def _format(value: dt.date, english: str, other: str) -> str:
    """Format a date with one pattern for English and one for all other languages."""
    language = messages.reader().language
    if language == ENGLISH:
        return format(value, english)
    from babel.dates import format_date  # English pages do without it

    return format_date(value, other, locale=language)
