"""Schedules: an interval after the last end ("15m", "2h", "1d"), or cron in a time zone."""

import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from hub.errors import Refused
from hub.translations.messages import ENGLISH, gettext, ngettext, reader

UNIT_MINUTES = {"m": 1, "h": 60, "d": 24 * 60}
UNIT_TEXTS = {
    "m": ("every minute", "every %(count)s minutes"),
    "h": ("every hour", "every %(count)s hours"),
    "d": ("every day", "every %(count)s days"),
}
MAX_MINUTES = 366 * 24 * 60  # a longer spread has no first day in the calendar
DURATION_PATTERN = re.compile(r"(\d{1,6})([mhd])")
CRON_FIELDS = 5
DAILY_CRON_PATTERN = re.compile(r"(\d{1,2}) (\d{1,2}) \* \* (\*|1-5)")  # minute, hour, days
# CronSim needs a start. To validate or describe an expression, any moment will do.
ANY_MOMENT = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Interval:
    """Either `minutes` after the last end, or `cron`.

    `spread` is the number of minutes over which jobs with the same cron expression are spread.
    """

    minutes: int = 0
    cron: str = ""
    spread: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `15m`, `2h`, `1d`, or five cron fields.

        A spread may follow: `0 2 * * * ~30m` starts within half an hour after two.
        """
        duration = DURATION_PATTERN.fullmatch(text.strip())
        if duration:
            return cls(minutes=_parse_minutes(duration, text))
        cron, tilde, spread_text = (part.strip() for part in text.partition("~"))
        if not _is_cron(cron):
            raise _build_unreadable_error(text)
        if not tilde:
            return cls(cron=cron)
        spread = DURATION_PATTERN.fullmatch(spread_text)
        if not spread:
            raise _build_unreadable_error(text)
        return cls(cron=cron, spread=_parse_minutes(spread, text))

    def after(self, moment: dt.datetime, zone: ZoneInfo, name: str = "") -> dt.datetime:
        """Return the first due time after `moment`; raise Refused if there is none.

        `name` determines the place within the spread, which is always the same for a name.
        """
        if self.minutes:
            return moment + dt.timedelta(minutes=self.minutes)
        spread_seconds = self.spread * 60
        delay = dt.timedelta(seconds=int(_compute_stable_fraction(name) * spread_seconds))
        start = moment - delay
        dues = (due.astimezone(dt.UTC) for due in CronSim(self.cron, start.astimezone(zone)))
        # In the hour that comes twice in autumn, CronSim may return a time of its first round.
        first = next((due for due in dues if due > start), None)
        if first is None:  # CronSim has found none within fifty years
            raise _build_unreadable_error(self.cron)
        return first + delay


def describe(text: str) -> str:
    """Describe a schedule in words: every 15 minutes; at 06:30, Monday through Friday."""
    interval = Interval.parse(text)
    if interval.cron:
        return _describe_cron(interval.cron)
    duration = text.strip()
    number = int(duration[:-1])
    singular, plural = UNIT_TEXTS[duration[-1]]
    return ngettext(singular, plural, number)


def _describe_cron(cron: str) -> str:
    """Describe a cron expression; only the usual ones have words in every language."""
    if match := DAILY_CRON_PATTERN.fullmatch(cron):
        minute, hour, days = match.groups()
        time = f"{int(hour):02}:{int(minute):02}"
        if days == "*":
            return gettext("at %(time)s every day", time=time)
        return gettext("at %(time)s on Monday through Friday", time=time)
    if reader().language != ENGLISH.language:
        return f"cron {cron}"
    words = CronSim(cron, ANY_MOMENT).explain()
    return words[:1].lower() + words[1:]


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone with this name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refused(
            "“%(name)s” isn't a valid time zone. Write it like Europe/Oslo or America/New_York.",
            name=name,
        ) from None


def _is_cron(text: str) -> bool:
    """Return whether a text is a cron expression with some time at which it is due."""
    if len(text.split()) != CRON_FIELDS:
        return False
    try:
        first = next(CronSim(text, ANY_MOMENT), None)
    except CronSimError:
        return False
    return first is not None


def _parse_minutes(duration: re.Match[str], text: str) -> int:
    """Return the minutes of a duration; raise Refused if it is nothing, or more than a year."""
    number, unit = duration.groups()
    minutes = int(number) * UNIT_MINUTES[unit]
    if not 0 < minutes <= MAX_MINUTES:
        raise _build_unreadable_error(text)
    return minutes


def _compute_stable_fraction(name: str) -> float:
    """Return a number from 0 to 1 that is always the same for a name."""
    digest = hashlib.sha256(name.encode()).digest()
    number = int.from_bytes(digest[:4])
    return number / 2**32


def _build_unreadable_error(text: str) -> Refused:
    return Refused(
        "“%(text)s” isn't a valid schedule. Write minutes, hours or days after the last end "
        "(15m, 2h, 1d), or cron in five fields, like 30 6 * * 1-5 for half past six on "
        "working days.",
        text=text,
    )
