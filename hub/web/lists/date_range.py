"""The first and the last day of a list, as an address names them."""

import datetime as dt
from collections.abc import Mapping

from hub.translations.messages import gettext


def parse_day(text: str) -> dt.date | None:
    """Parse a day of an address; None if it is not one."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def find_problems(filters: Mapping[str, str]) -> dict[str, str]:
    """Return for each of the two days that is not one what a person should correct."""
    problems = {}
    for name in ("from", "to"):
        text = filters[name]
        if text and parse_day(text) is None:
            problems[name] = gettext(
                "The date is not used: %(text)s is not a day of the calendar.", text=text
            )
    return problems
