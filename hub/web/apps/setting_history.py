"""The history of the settings of an app: who changed what, and when. It shows no secrets."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from decimal import InvalidOperation
from operator import attrgetter
from typing import Any, NamedTuple

from marshmallow.fields import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.contract import settings_schema
from hub.contract.interval import describe
from hub.contract.types import App
from hub.errors import Refused
from hub.installations import act_log, setting_changes
from hub.installations.approval_changes import LIMIT_SETTING
from hub.models import AuditEntry, Installation
from hub.translations.messages import gettext, gettext_noop
from hub.web.apps.setting_choices import build_choice_lister
from hub.web.frame.forms import list_schema_choices
from hub.web.frame.source_view import format_amount, format_dates
from hub.web.frame.state_labels import MODE_LABELS
from hub.web.frame.viewer import translate_for_app

CHANGE_LABELS = {
    gettext_noop("app enabled"): gettext_noop("Enabled"),
    gettext_noop("settings changed"): gettext_noop("Settings saved"),
    gettext_noop("mode changed"): gettext_noop("Mode changed"),
    gettext_noop("app disabled"): gettext_noop("Disabled"),
    gettext_noop("app handed over"): gettext_noop("Handed over"),
}
MAX_ENTRIES = 10
NO_VALUE = gettext_noop("none")
SETTING_LABELS = {
    "mode": gettext_noop("Mode"),
    "owner": gettext_noop("Owner"),
    "schedule": gettext_noop("Schedule"),
    "zone": gettext_noop("Time zone"),
    "start_date": gettext_noop("Documents from"),
    "second_approval_above": gettext_noop("Two people approve above"),
}


Names = Callable[[str, str], str]  # from the source of a setting's choices and an id to its name


class SettingsEntry(NamedTuple):
    """One act on the settings, with a sentence for each value that changed."""

    at: dt.datetime
    who: str
    what: str
    changes: list[str]


def read(
    session: Session, app: App, row: Installation, limit: int = MAX_ENTRIES
) -> list[SettingsEntry]:
    """Return the last acts on the settings of an installation, newest first."""
    entries = []
    for entry in load_entries(session, row, CHANGE_LABELS, limit):
        changes = _list_change_sentences(app, row, entry.detail, _load_stored_names(row))
        entries.append(SettingsEntry(entry.at, entry.who, CHANGE_LABELS[entry.what], changes))
    return entries


def load_entries(
    session: Session, row: Installation, acts: Collection[str], limit: int
) -> list[AuditEntry]:
    """Return the newest entries of the audit log about acts on an installation, newest first.

    Earlier versions recorded only its name, which ends with that of the company.
    """
    newest = (
        select(AuditEntry)
        .where(AuditEntry.what.in_(acts))
        .order_by(AuditEntry.id.desc())
        .limit(limit)
    )
    by_id = newest.where(AuditEntry.installation_id == row.id)
    has_name = AuditEntry.subject == act_log.format_audit_subject(row)
    by_name = newest.where(AuditEntry.installation_id.is_(None), has_name)
    entries = [*session.scalars(by_id), *session.scalars(by_name)]
    entries.sort(key=attrgetter("id"), reverse=True)
    return entries[:limit]


def format_changes(
    app: App, row: Installation, detail: Mapping[str, Any], name_of: Names
) -> list[str]:
    """Return a sentence for each change that an entry of the audit log holds, or that it has none.

    A token that the source renewed meanwhile is no change for people.
    """
    texts = _list_change_sentences(app, row, detail, name_of)
    if "changes" in detail and not texts:
        return [gettext("Nothing changed")]
    return texts


def _list_change_sentences(
    app: App, row: Installation, detail: Mapping[str, Any], name_of: Names
) -> list[str]:
    """Return a sentence for each change that an entry of the audit log holds."""
    if "before" in detail:
        label = _get_label(app, "mode")
        return [f"{label}: {_get_mode_name(detail['before'])} → {_get_mode_name(detail['after'])}"]
    if "to" in detail:
        return [f"{_get_label(app, 'owner')}: {detail['to']}"]
    return _list_sentences(app, row, detail.get("changes") or {}, name_of)


def format_setting_changes(app: App, row: Installation, changes: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each change of a setting, as `setting_changes` describes them."""
    return _list_sentences(app, row, changes, _load_stored_names(row))


def _load_stored_names(row: Installation) -> Names:
    """Return a function that names a record to which a setting of the app refers."""

    def name_of(source: str, id: str) -> str:
        """Return the name of a record, or its id if it is no longer known."""
        return dict(build_choice_lister(row)(source)).get(id, id)

    return name_of


def _list_sentences(
    app: App, row: Installation, changes: Mapping[str, Any], name_of: Names
) -> list[str]:
    """Return a sentence for each setting that changed; a secret shows no values."""
    schema = settings_schema.get_schema(app)
    currency = row.company.currency
    texts = []
    for name, change in changes.items():
        label = _get_label(app, name)
        if change == setting_changes.SECRET_CHANGED:
            if name in schema.fields:  # not a token that the source renewed meanwhile
                texts.append(gettext("%(label)s changed", label=label))
        else:
            before = _format_value(app, name, change["from"], name_of, currency)
            after = _format_value(app, name, change["to"], name_of, currency)
            texts.append(f"{label}: {before} → {after}")
    return texts


def _get_label(app: App, name: str) -> str:
    """Return the label of a setting, as the form has it."""
    if name in SETTING_LABELS:
        return gettext(SETTING_LABELS[name])
    field = settings_schema.get_schema(app).fields.get(name)
    words = name.replace("_", " ").capitalize()
    if field is None:
        return words
    return translate_for_app(str(field.metadata.get("label", words)), app.slug)


def _format_value(app: App, name: str, value: Any, name_of: Names, currency: str) -> str:
    """Return a value as a person reads it; `currency` is that of the amounts."""
    if value in setting_changes.EMPTY_VALUES:
        return gettext(NO_VALUE)
    if isinstance(value, bool):
        return gettext("on") if value else gettext("off")
    text = str(value)
    if name == "mode":
        return _get_mode_name(text)
    if name == "schedule":
        return _format_schedule(text)
    field = settings_schema.get_schema(app).fields.get(name)
    if field is None:
        return _format_amount(text, currency) if name == LIMIT_SETTING else format_dates(text)
    return _format_answer(app, field, text, name_of, currency)


def _format_answer(app: App, field: "Field[Any]", text: str, name_of: Names, currency: str) -> str:
    """Return the value of a setting of the app as a person reads it."""
    if field.metadata.get("money"):
        return _format_amount(text, currency)
    source = str(field.metadata.get("choices_from", ""))
    if source:
        return name_of(source, text)
    label = dict(list_schema_choices(field)).get(text)
    return translate_for_app(label, app.slug) if label else format_dates(text)


def _get_mode_name(name: str) -> str:
    """Return the name of a mode as the form has it."""
    title, _ = MODE_LABELS.get(name, (name, ""))
    return gettext(title)


def _format_amount(text: str, currency: str) -> str:
    """Return an amount as lists show it; its text if the setting was no amount then."""
    try:
        return format_amount(text, currency)
    except InvalidOperation:
        return text


def _format_schedule(text: str) -> str:
    """Return a schedule in words; its text if it cannot be read any more."""
    try:
        return describe(text)
    except Refused:
        return text
