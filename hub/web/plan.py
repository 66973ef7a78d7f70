"""The questions that every app is asked beside its own: mode, schedule, zone, and the first day that counts."""

from typing import Any
from zoneinfo import available_timezones

from werkzeug.datastructures import MultiDict

from hub.hookspecs import App
from hub.models import Installation
from hub.web.forms import Input
from hub.web.frame import MODES

EVERY = "15m, 2h or 1d after the last run, or cron in five fields: 30 6 * * 1-5 is half past six on working days."


def plan_inputs(
    row: Installation, app: App, typed: dict[str, Any], mode: str | None
) -> list[Input]:
    """The questions with the present answers."""
    start = typed.get("start_date") or (row.start_date.isoformat() if row.start_date else "")
    modes = [(name, f"{word}: {words}") for name, (word, words) in MODES.items()]
    zones = [(name, name) for name in sorted(available_timezones())]
    return [
        _input("mode", "Mode", "A new app starts in review.", "select", mode or row.mode, modes),
        _input("schedule", "How often", EVERY, "text", typed.get("schedule") or row.schedule),
        _input(
            "zone",
            "Time zone",
            "Of the schedule and of dates.",
            "suggest",
            typed.get("zone") or row.zone,
            zones,
        ),
        _input(
            "start_date",
            "Documents from",
            "Earlier ones are left alone; empty takes all.",
            "date",
            start,
        ),
    ]


def plan_typed(form: MultiDict[str, str]) -> dict[str, Any]:
    """What was typed."""
    return {
        name: form.get(name, "").strip()
        for name in ("schedule", "zone", "start_date")
        if name in form
    }


def _input(name: str, label: str, help: str, kind: str, value: str, choices: Any = ()) -> Input:
    needed = name != "start_date"
    return Input(name, label, help, "Running", kind, needed, value, choices, blank=not needed)
