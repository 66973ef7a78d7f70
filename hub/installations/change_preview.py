"""Preview which settings of an app answers would change, without saving or testing them."""

from collections.abc import Mapping
from typing import Any

from hub import sources
from hub.contract import settings_schema
from hub.contract.types import App
from hub.db.engine import read_only_session
from hub.installations import hub_answers, setting_changes
from hub.installations.setting_choices import Choice, list_record_choices
from hub.models import Installation
from hub.qbo import records


def preview(
    app: App, row: Installation, answers: Mapping[str, Any], mode: str | None
) -> dict[str, Any]:
    """Return the old and the new value of each setting that would change, by its name.

    Raise SettingsInvalid if the answers cannot be stored. Neither QuickBooks nor the source is
    called, so choices are checked against the lists as last read.
    """
    changes, draft = hub_answers.parse_all(app, row, answers)
    changes["settings"] = draft.settings | _load_chosen_records(app, row, draft.settings)
    if mode:
        changes["mode"] = mode
    stored_secrets = sources.load_stored_secrets(app, row)
    secret_changes = setting_changes.describe_secrets(stored_secrets, draft.secrets)
    return setting_changes.describe_changes(row, changes) | secret_changes


def _load_chosen_records(
    app: App, row: Installation, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the settings that choose from stored lists of QuickBooks, with the ids of records."""
    choices_by_role: dict[str, list[Choice]] = {}
    record_settings = {}
    with read_only_session() as session:
        for name, field in settings_schema.get_schema(app).fields.items():
            source = str(field.metadata.get("choices_from", ""))
            if source not in records.ROLE_LIST or not settings.get(name):
                continue
            if source not in choices_by_role:
                choices_by_role[source] = list_record_choices(session, row.company_id, source)
            if choices_by_role[source]:
                record_settings[name] = settings[name]
    return settings_schema.resolve_choices(app, record_settings, lambda role: choices_by_role[role])
