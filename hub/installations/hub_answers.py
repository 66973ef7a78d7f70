"""The settings that every app has and that the hub itself uses: their values from a form."""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError

from hub import sources
from hub.contract.interval import Interval, zone_of
from hub.contract.setting import AmountField
from hub.contract.types import App
from hub.errors import Refused, Sentence, SettingsInvalid
from hub.models import Installation
from hub.models.installations import MAX_SCHEDULE_LENGTH
from hub.sources import SettingsDraft

MAX_LIMIT = 10**12  # the largest amount above which two people approve


def _parse_start_date(value: Any) -> dt.date:
    """Return a date, from a date or its ISO text; raise ValueError for anything else."""
    if isinstance(value, dt.date):
        return value
    return dt.date.fromisoformat(str(value))


def _parse_schedule(value: Any) -> str:
    """Return the text of a schedule; raise Refused if it is none."""
    text = str(value).strip()
    Interval.parse(text)
    if len(text) > MAX_SCHEDULE_LENGTH:
        raise Refused(
            "A schedule has at most %(max_length)s characters. Write it shorter, like 0-59 for all"
            " minutes.",
            max_length=MAX_SCHEDULE_LENGTH,
        )
    return text


def _parse_limit(value: Any) -> Decimal:
    """Return an amount of at least 0; raise Refused for anything else."""
    try:
        answer = value if isinstance(value, Decimal) else str(value)
        limit = AmountField().deserialize(answer)
    except ValidationError:
        limit = Decimal(-1)
    is_amount = limit.is_finite() and 0 <= limit < MAX_LIMIT and limit == round(limit, 2)
    if not is_amount:
        raise Refused("“%(text)s” isn't a valid amount. Write it like 10000.00.", text=str(value))
    return limit


# The settings that every app has, and that the hub itself uses.
HUB_SETTINGS: dict[str, Callable[[Any], Any]] = {
    "start_date": _parse_start_date,
    "schedule": _parse_schedule,
    "zone": lambda value: zone_of(str(value)).key,
    "second_approval_above": _parse_limit,
}
# Settings that an empty answer empties: documents of any date count, and one approval is enough.
OPTIONAL_SETTINGS = ("start_date", "second_approval_above")


def parse_all(
    app: App, row: Installation, answers: Mapping[str, Any]
) -> tuple[dict[str, Any], SettingsDraft]:
    """Return the columns of an installation that the answers change, and the app's own settings.

    Raise SettingsInvalid with everything that is wrong with either.
    """
    problems: dict[str, list[str]] = {}
    try:
        draft = sources.make_draft(app, row, select_app_answers(answers))
    except SettingsInvalid as error:
        problems |= error.fields
    try:
        changes = parse(app, answers)
    except SettingsInvalid as error:
        problems |= error.fields
    if problems:
        raise SettingsInvalid(app.name, problems)
    return changes, draft


def select_app_answers(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers for the settings of the app itself, without those of the hub."""
    return {name: value for name, value in answers.items() if name not in HUB_SETTINGS}


def parse(app: App, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of an installation that the answers change.

    Raise SettingsInvalid with a sentence for each answer that cannot be used.
    """
    changes: dict[str, Any] = {}
    problems: dict[str, list[str]] = {}
    for name, parse_answer in HUB_SETTINGS.items():
        answer = answers.get(name)
        if answer in (None, ""):
            continue
        try:
            changes[name] = parse_answer(answer)
        except Refused as error:
            problems[name] = [error.sentence]
        except ValueError:
            problems[name] = [
                Sentence(
                    "“%(text)s” isn't a valid date. Write it like 2026-01-31.", text=str(answer)
                )
            ]
    if problems:
        raise SettingsInvalid(app.name, problems)
    for name in OPTIONAL_SETTINGS:
        if name in answers and name not in changes:
            changes[name] = None
    return changes
