"""Dates as the person who looks at the page writes them."""

import datetime as dt

from hub.translations.catalogs import ENGLISH
from hub.web import viewer


def date(value: dt.date) -> str:
    """Format a date so that the month is a word, as 22 Nov 2026."""
    return _format(value, "%d %b %Y", "d. MMM y")


def month(value: dt.date) -> str:
    """Format the month of a date, as Nov 2026."""
    return _format(value, "%b %Y", "MMM y")


def month_name(value: dt.date) -> str:
    """Format the month of a date without its year, as Nov."""
    return _format(value, "%b", "MMM")


def day_of_month(value: dt.date) -> str:
    """Format a date without its year, as 2 Nov."""
    return f"{value.day} {month_name(value)}"


def _format(value: dt.date, english: str, other: str) -> str:
    """Format a date with one pattern for English and one for all other languages."""
    language = viewer.language()
    if language == ENGLISH:
        return format(value, english)
    from babel.dates import format_date  # English pages do without it

    return format_date(value, other, locale=language)
