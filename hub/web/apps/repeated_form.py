"""The fields with which a page sends the form of an app's settings again."""

from typing import Any

from flask import request

from hub.contract import settings_schema
from hub.contract.types import App
from hub.models import Installation
from hub.web.apps import entered_secrets, setting_preview
from hub.web.authentication import confirmation


def list_repeat_fields(
    app: App, row: Installation, values: dict[str, Any]
) -> confirmation.Fields | None:
    """Return the fields of this form with a token in place of its secrets.

    None if the secrets cannot be stored: then the form has to be filled in again.
    """
    secret_names = settings_schema.list_secret_names(app)
    token = entered_secrets.save(app, row, values).token
    if not token and any(values.get(name) for name in secret_names):
        return None
    left_out = {"draft", setting_preview.DIGEST_FIELD, *confirmation.OWN_FIELDS, *secret_names}
    entries = request.form.items(multi=True)
    fields = [(name, value) for name, value in entries if name not in left_out]
    return [*fields, ("draft", token)]
