"""Secrets that were entered into a form of settings and are not saved yet.

They are stored under a token, so that a page never repeats them.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import request

from hub import sources
from hub.contract import settings_schema
from hub.contract.types import App
from hub.errors import Sentence, SettingsInvalid
from hub.http import allowlist
from hub.models import Installation
from hub.web.authentication.access import person_name
from hub.web.request import form_drafts

ENTER_AGAIN = Sentence(
    "Enter this again: the address has changed, and a secret is only sent to the address that it"
    " was entered for."
)


def load(app: App, row: Installation, form_values: Mapping[str, Any]) -> dict[str, str]:
    """Return the secrets entered when this form was last sent.

    They are dropped if they would now go to another address.
    """
    draft = _load_draft(row)
    if not draft or _list_addresses(app, row, form_values) != draft["addresses"]:
        return {}
    secret_values: dict[str, str] = draft["secrets"]
    return secret_values


def require_dropped(app: App, row: Installation, form_values: Mapping[str, Any]) -> None:
    """Raise SettingsInvalid if secrets were dropped for another address and not entered again.

    It names all that is wrong with the form, so that a person corrects it at once.
    """
    draft = _load_draft(row)
    if not draft or _list_addresses(app, row, form_values) == draft["addresses"]:
        return
    fields = settings_schema.get_schema(app).fields
    missing_secrets: dict[str, list[str]] = {}
    for name in draft["secrets"]:
        if not form_values.get(name) and settings_schema.applies(fields[name], form_values):
            missing_secrets[name] = [ENTER_AGAIN]
    if not missing_secrets:
        return
    problems: dict[str, list[str]] = {}
    try:
        settings_schema.load(
            app, {**row.settings, **sources.load_stored_secrets(app, row), **form_values}
        )
    except SettingsInvalid as error:
        problems = error.fields
    raise SettingsInvalid(app.name, problems | missing_secrets)


def _load_draft(row: Installation) -> dict[str, Any]:
    """Return the draft that the form was sent with; nothing if it is of another app or company."""
    token = request.form.get("draft", "")
    draft = form_drafts.load(token, person_name())
    return draft if draft.get("subject") == _get_subject(row) else {}


class SecretsDraft(NamedTuple):
    """The token under which the secrets of a form are stored, and their names."""

    token: str = ""
    names: tuple[str, ...] = ()


def save(app: App, row: Installation, values: Mapping[str, Any]) -> SecretsDraft:
    """Store the secrets of a form that is shown again, which keeps them out of the page."""
    secret_values = {}
    for name in settings_schema.list_secret_names(app):
        if values.get(name):
            secret_values[name] = str(values[name])
    if not secret_values:
        return SecretsDraft()
    draft = {
        "subject": _get_subject(row),
        "addresses": _list_addresses(app, row, values),
        "secrets": secret_values,
    }
    token = form_drafts.save(draft, person_name())
    if not token:  # too long to be stored: the secrets have to be typed again
        return SecretsDraft()
    return SecretsDraft(token, tuple(secret_values))


def _get_subject(row: Installation) -> str:
    """Return the app and company that a draft is about."""
    return f"{row.slug}:{row.company_id}"


def _list_addresses(app: App, row: Installation, values: Mapping[str, Any]) -> list[str]:
    """Return the addresses that the app would call with these values, sorted.

    A setting that is not among the values is as stored.
    """
    settings = {**row.settings, **values}
    addresses = allowlist.list_addresses(app.hosts, settings)
    return sorted(addresses)
