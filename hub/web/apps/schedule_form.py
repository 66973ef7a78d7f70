"""The settings that every app has: mode, schedule, zone, and the start date."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from hub.context import current_hub
from hub.db.engine import read_only_session
from hub.models import Installation, SourceDocument
from hub.money import precision
from hub.qbo import intuit_keys
from hub.translations.messages import gettext, gettext_noop, pgettext
from hub.web.apps import schedule_picker
from hub.web.apps.schedule_picker import Picker
from hub.web.frame.forms import Input
from hub.web.frame.state_labels import MODE_LABELS
from hub.web.frame.viewer_choices import list_time_zones

START_DATE_HELP = gettext_noop(
    "Documents from before this day are left out; single ones can be included later. If it is"
    " empty, documents of every date are posted."
)
SECOND_APPROVAL_HELP = gettext_noop(
    "A document above this amount is posted once two people have approved it in Review, in"
    " automatic mode too. So are documents in another currency or without an amount, and their"
    " changes and removals. Empty: one approval is enough, and automatic mode needs none."
)
SCHEDULE_HELP = gettext_noop(
    "15m, 2h or 1d after the last run, or cron in five fields: 30 6 * * 1-5 is half past six on"
    " working days."
)


def build_hub_inputs(
    row: Installation, form_values: dict[str, Any], mode: str | None
) -> list[Input]:
    """Return the inputs with the values as typed or stored."""
    start = form_values["start_date"] if "start_date" in form_values else _format_start_date(row)
    modes = [
        (name, f"{gettext(word)}: {gettext(words)}") for name, (word, words) in MODE_LABELS.items()
    ]
    first = _load_zones_of_company(row)
    others = [name for name in list_time_zones() if name not in first]
    zones = [(name, name) for name in (*first, *others)]
    return [
        _build_input(
            "mode",
            gettext("Mode"),
            gettext("A new app starts in review."),
            "radios",
            mode or row.mode,
            modes,
        ),
        _build_input(
            "schedule",
            gettext("How often"),
            SCHEDULE_HELP,
            "text",
            form_values.get("schedule") or row.schedule,
        ),
        _build_input(
            "zone",
            gettext("Time zone"),
            gettext("The schedule and the dates on the pages of the app are in this zone."),
            "suggest",
            form_values.get("zone") or row.zone,
            zones,
        ),
        _build_input(
            "start_date",
            gettext("Documents from"),
            START_DATE_HELP,
            "date",
            start,
        ),
        _build_input(
            "second_approval_above",
            gettext(
                "Two people approve above (%(company)s)",
                company=row.company.currency or gettext("the company's currency"),
            ),
            SECOND_APPROVAL_HELP,
            "text",
            _format_limit(row, form_values),
        ),
    ]


def _load_zones_of_company(row: Installation) -> list[str]:
    """Return the time zones of the company's apps, which a list offers first."""
    query = select(Installation.zone).where(Installation.company_id == row.company_id).distinct()
    with read_only_session() as session:
        return sorted(session.scalars(query))


def build_picker(row: Installation, form_values: dict[str, Any]) -> Picker:
    """Return the picker with the schedule as typed or stored."""
    text = form_values.get("schedule") or row.schedule
    return schedule_picker.build_picker(text, form_values.get("zone") or row.zone)


def _format_limit(row: Installation, form_values: dict[str, Any]) -> str:
    """Return the amount above which two people approve, as typed or stored."""
    if "second_approval_above" in form_values:
        return str(form_values["second_approval_above"])
    limit = row.second_approval_above
    if limit is None:
        return ""
    exponent = int(limit.normalize().as_tuple().exponent)
    return f"{limit:.{max(precision(row.company.currency), -exponent)}f}"


def _format_start_date(row: Installation) -> str:
    """Return the start date as stored; for an app that is not enabled yet suggest one."""
    start = row.start_date if row.id else _suggest_start(row)
    if start is None:
        return ""
    return start.isoformat()


def _suggest_start(row: Installation) -> dt.date | None:
    """Suggest today, because older documents may have been entered in QuickBooks by hand.

    For a stand-in, suggest the date of the first document that the app has shown so far, or none:
    nobody has entered its documents.
    """
    if not current_hub().is_demo and not intuit_keys.read().stand_in:
        local = current_hub().clock.now().astimezone(ZoneInfo(row.zone))
        return local.date()
    first = select(func.min(SourceDocument.date)).where(SourceDocument.slug == row.slug)
    with read_only_session() as session:
        return session.scalar(first)


def read_hub_values(form: MultiDict[str, str]) -> dict[str, Any]:
    """Return the values of these settings that a form has."""
    values = {
        name: form.get(name, "").strip()
        for name in ("zone", "start_date", "second_approval_above")
        if name in form
    }
    if "schedule" in form:
        values["schedule"] = schedule_picker.read_schedule(form)
    return values


def _build_input(
    name: str, label: str, help: str, kind: str, value: str, choices: Any = ()
) -> Input:
    """Return one input; the start date and the limit of one approval are optional."""
    is_required = name not in ("start_date", "second_approval_above")
    return Input(
        name=name,
        label=label,
        help=help,
        section=pgettext("settings", "Running"),  # elsewhere it is the state of a run
        kind=kind,
        required=is_required,
        value=value,
        choices=choices,
        allows_blank=not is_required,
    )
