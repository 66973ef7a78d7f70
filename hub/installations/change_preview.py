"""Tell what answers to an app's settings would change, without saving or testing them."""

from collections.abc import Mapping
from typing import Any

from hub import sources
from hub.contract.types import App
from hub.installations import enable, setting_changes
from hub.models import Installation


def preview(
    app: App, row: Installation, answers: Mapping[str, Any], mode: str | None
) -> dict[str, Any]:
    """Return the old and the new value of each setting that would change, by its name.

    Raise SettingsInvalid if the answers cannot be stored.
    """
    changes = enable.parse_hub_settings(app, answers)
    app_answers = {
        name: value for name, value in answers.items() if name not in enable.HUB_SETTINGS
    }
    draft = sources.draft(app, row, app_answers)
    changes["settings"] = draft.settings
    if mode:
        changes["mode"] = mode
    stored = sources.stored_secrets(app, row)
    secret_changes = setting_changes.describe_secrets(stored, draft.secrets)
    return enable.describe_changes(row, changes) | secret_changes
