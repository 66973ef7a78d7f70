"""Secrets that were entered into a form of settings and are not saved yet.

They are stored under a token, so that a page never repeats them.
"""

from collections.abc import Mapping
from typing import Any

from flask import request

from hub.contract import settings_schema
from hub.contract.types import App
from hub.http import allowlist
from hub.models import Installation
from hub.web.authentication.access import person_name
from hub.web.request import form_drafts


def load(app: App, row: Installation, typed: Mapping[str, Any]) -> dict[str, str]:
    """Return the secrets entered when this form was last sent.

    They are dropped if they would now go to another address.
    """
    token = request.form.get("draft", "")
    draft = form_drafts.load(token, person_name())
    if draft.get("subject") != _get_subject(row):
        return {}
    addresses = _list_addresses(app, row, typed)
    if addresses != draft["addresses"]:
        return {}
    entered: dict[str, str] = draft["secrets"]
    return entered


def save(app: App, row: Installation, values: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Store the secrets of a form that is shown again; return their token and names.

    This keeps them out of the page.
    """
    entered = {}
    for name in settings_schema.list_secret_names(app):
        if values.get(name):
            entered[name] = str(values[name])
    if not entered:
        return "", []
    draft = {
        "subject": _get_subject(row),
        "addresses": _list_addresses(app, row, values),
        "secrets": entered,
    }
    token = form_drafts.save(draft, person_name())
    if not token:  # too long to be stored: the secrets have to be typed again
        return "", []
    return token, list(entered)


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
