"""The picker of a schedule: how often, at which time, and the next times it would run."""

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request
from werkzeug.datastructures import MultiDict

from hub.context import current_hub
from hub.contract.interval import DAILY_CRON_PATTERN, Interval, zone_of
from hub.errors import Refused
from hub.translations import dates
from hub.translations.messages import gettext, gettext_noop
from hub.web.authentication.access import OWN, require_role
from hub.web.authentication.expired_forms import renew_while_typing

DAILY = "daily"
WORKING_DAYS = "weekdays"
CUSTOM = "custom"
CHOICES = (
    ("15m", gettext_noop("Every 15 minutes")),
    ("30m", gettext_noop("Every 30 minutes")),
    ("1h", gettext_noop("Every hour")),
    (DAILY, gettext_noop("Every day at a time")),
    (WORKING_DAYS, gettext_noop("Monday to Friday at a time")),
    (CUSTOM, gettext_noop("Custom")),
)
# How the days of a schedule at a time are written in cron.
CRON_DAYS = {DAILY: "*", WORKING_DAYS: "1-5"}
TIME_PATTERN = re.compile(r"(\d{1,2}):(\d{2})")
USUAL_TIME = "06:00"
NEXT_TIMES = 5
pages = Blueprint("schedule", __name__)


@dataclass(frozen=True)
class Picker:
    """A schedule as the form shows it, with its next times."""

    choice: str
    time: str
    text: str
    next_times: list[str]
    choices: tuple[tuple[str, str], ...] = CHOICES

    @property
    def counts_from_end(self) -> bool:
        """Return whether the times depend on when the run before ends."""
        return self.choice not in CRON_DAYS and not _has_cron(self.text)


@pages.get("/schedule/next")
@renew_while_typing
@require_role("viewer", of=OWN)
def show() -> str:
    """Return the next times of the schedule that the form has now, for htmx."""
    text = read_schedule(request.args)
    return render_template(
        "next_times.html", picker=build_picker(text, request.args.get("zone", ""))
    )


def build_picker(text: str, zone: str) -> Picker:
    """Return the picker for a schedule, whether it can be read or not."""
    choice, time = _parse_choice(text)
    return Picker(choice, time, text, _list_next_times(text, zone))


def read_schedule(form: MultiDict[str, str]) -> str:
    """Return the schedule that a form has: that of its choice, or its text."""
    text = form.get("schedule", "").strip()
    choice = form.get("often", CUSTOM)
    if choice in CRON_DAYS:
        return _build_cron(choice, form.get("daily_at", "").strip())
    return text if choice == CUSTOM else choice


def _build_cron(choice: str, time: str) -> str:
    """Return a schedule at a time of the day in cron; a text that is none for another time."""
    match = TIME_PATTERN.fullmatch(time)
    if not match:
        return gettext("%(choice)s at %(time)s", choice=choice, time=time)
    hour, minute = (int(part) for part in match.groups())
    return f"{minute} {hour} * * {CRON_DAYS[choice]}"


def _parse_choice(text: str) -> tuple[str, str]:
    """Return the choice that a schedule is, and its time of the day."""
    if text in dict(CHOICES):
        return text, USUAL_TIME
    match = DAILY_CRON_PATTERN.fullmatch(text)
    if not match:
        return CUSTOM, USUAL_TIME
    minute, hour, days = match.groups()
    choice = DAILY if days == "*" else WORKING_DAYS
    return choice, f"{int(hour):02}:{int(minute):02}"


def _list_next_times(text: str, zone_name: str) -> list[str]:
    """Return the next times of a schedule in its zone; none if it cannot be read."""
    try:
        interval = Interval.parse(text)
        zone = zone_of(zone_name)
        moment = current_hub().clock.now()
        times = []
        for _ in range(NEXT_TIMES):
            moment = interval.after(moment, zone)
            times.append(_format(moment, zone))
    except (Refused, OverflowError):
        return []
    return times


def _format(moment: dt.datetime, zone: ZoneInfo) -> str:
    """Return a time as its day and minute in a zone."""
    local = moment.astimezone(zone)
    return f"{dates.short_day(local)} {local:%H:%M}"


def _has_cron(text: str) -> bool:
    """Return whether a text is a schedule in cron."""
    try:
        return bool(Interval.parse(text).cron)
    except Refused:
        return False
