"""How often: minutes after the last end ("15m", "2h", "1d"), or cron in a time zone, spread where wanted."""

import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from hub.errors import Refused

UNITS = {"m": 1, "h": 60, "d": 24 * 60}
WORDS = {"m": "minute", "h": "hour", "d": "day"}
SPAN = re.compile(r"(\d{1,6})([mhd])")


@dataclass(frozen=True)
class Every:
    """Either `minutes` after the last end or `cron`; `spread` minutes over which equal cron times are spread."""

    minutes: int = 0
    cron: str = ""
    spread: int = 0

    @classmethod
    def parse(cls, text: str) -> "Every":
        """`15m`, `2h`, `1d`, or five cron fields; `0 2 * * * ~30m` starts within half an hour after two."""
        if span := SPAN.fullmatch(text.strip()):
            return cls(minutes=_minutes(span, text))
        cron, tilde, spread = (part.strip() for part in text.partition("~"))
        within = SPAN.fullmatch(spread)
        try:
            CronSim(cron, dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
        except CronSimError as error:
            raise _unreadable(text) from error
        if len(cron.split()) != 5 or (tilde and not within):
            raise _unreadable(text)
        return cls(cron=cron, spread=_minutes(within, text) if within else 0)

    def after(self, moment: dt.datetime, zone: ZoneInfo, name: str = "") -> dt.datetime:
        """The first time after `moment`; `name` decides where in the spread it falls, each time the same."""
        if self.minutes:
            return moment + dt.timedelta(minutes=self.minutes)
        late = dt.timedelta(seconds=int(_share(name) * self.spread * 60))
        found: dt.datetime = next(CronSim(self.cron, (moment - late).astimezone(zone)))
        return found.astimezone(dt.UTC) + late


def said(text: str) -> str:
    """The same as a person says it: every 15 minutes; at 06:30, Monday through Friday."""
    every = Every.parse(text)
    if every.cron:
        told = CronSim(every.cron, dt.datetime(2000, 1, 1, tzinfo=dt.UTC)).explain()
        return told[:1].lower() + told[1:]
    number, unit = int(text.strip()[:-1]), WORDS[text.strip()[-1]]
    return f"every {number} {unit}s" if number > 1 else f"every {unit}"


def zone_of(name: str) -> ZoneInfo:
    """The time zone of this name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refused(
            f"{name!r} is no time zone; it is written like Europe/Oslo or America/New_York."
        ) from None


def _minutes(span: re.Match[str], text: str) -> int:
    minutes = int(span[1]) * UNITS[span[2]]
    if not minutes:
        raise _unreadable(text)
    return minutes


def _share(name: str) -> float:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) / 2**32


def _unreadable(text: str) -> Refused:
    return Refused(
        f"{text!r} is no schedule. Write minutes, hours or days after the last end (15m, 2h, 1d), or cron in five"
        " fields, like 30 6 * * 1-5 for half past six on working days."
    )
