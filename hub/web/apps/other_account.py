"""The page that asks whether an app is to continue with another account at its source."""

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from flask import render_template, request

from hub.context import current_hub
from hub.contract.types import App
from hub.errors import OtherTenant
from hub.installations import replaced_account
from hub.models import Installation
from hub.translations.messages import translate

ACCOUNT_FIELD = "new_account"  # the id of the account that the page has named
TICK_FIELD = "sure"
OWN_FIELDS = (ACCOUNT_FIELD, TICK_FIELD, "start_date")


def read_confirmed() -> str | None:
    """Return the id of the account with which the person lets the app continue; None for none."""
    if request.form.get(TICK_FIELD) != "1":
        return None
    return request.form.get(ACCOUNT_FIELD) or None


def render_question(
    app: App,
    row: Installation,
    error: OtherTenant,
    fields: Iterable[tuple[str, str]],
    about: Mapping[str, Any],
) -> str:
    """Return the page; its form repeats the fields of the settings with another start date.

    Today is suggested, because documents that were moved to the new account are posted already.
    """
    today = current_hub().clock.now().astimezone(ZoneInfo(row.zone)).date()
    question = replaced_account.build_question(row.id, error)
    values = {
        "app": app,
        "row": row,
        "account_id": error.account,
        "account_name": error.actual,
        "fields": [(name, value) for name, value in fields if name not in OWN_FIELDS],
        "start_date": today.isoformat(),
        "opening": translate(question.opening),
        "consequences": [translate(text) for text in question.consequences],
        "first_day": translate(question.first_day),
    }
    return render_template("other_account.html", **{**about, **values})
