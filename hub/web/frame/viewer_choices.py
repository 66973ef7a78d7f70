"""The choices of a person about the pages: language, number format and time zone."""

from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, flash, redirect, request, url_for
from flask_security import current_user
from sqlalchemy import update
from werkzeug import Response

from hub.db.engine import transaction
from hub.models import User
from hub.translations.catalogs import LANGUAGES
from hub.translations.messages import gettext
from hub.translations.numbers import FORMATS
from hub.web.authentication.access import OWN, require_role
from hub.web.frame import viewer

EXAMPLE_AMOUNT = Decimal("8200000.50")
pages = Blueprint("viewer_choices", __name__, url_prefix="/account/formats")


@pages.post("")
@require_role("viewer", of=OWN)
def store() -> Response:
    """Store the choices of the person; an empty one is left to browser, language and apps."""
    zone = request.form.get("zone", "").strip()
    if zone and not viewer.is_zone(zone):
        flash(
            gettext("There is no time zone “%(zone)s”. Choose one of the list.", zone=zone), "error"
        )
        return redirect(url_for("account.show"))
    language = request.form.get("language", "")
    number_format = request.form.get("number_format", "")
    choices = {
        "language": language if language in LANGUAGES else None,
        "number_format": number_format if number_format in FORMATS else None,
        "zone": zone or None,
    }
    with transaction() as session:
        session.execute(update(User).where(User.id == current_user.id).values(choices))
    viewer.set_reader(choices["language"], choices["number_format"])
    flash(gettext("Your language and formats are saved."), "success")
    return redirect(url_for("account.show"))


def list_choices() -> dict[str, Any]:
    """Return the languages, formats and zones of the form, and what the person has chosen."""
    return {
        "languages": LANGUAGES,
        "own_language": current_user.language or "",
        "number_formats": [(name, one.amount(EXAMPLE_AMOUNT, 2)) for name, one in FORMATS.items()],
        "own_number_format": current_user.number_format or "",
        "zones": list_time_zones(),
        "own_zone": current_user.zone or "",
    }


@cache
def list_time_zones() -> tuple[str, ...]:
    """Return the names of all time zones in order; finding them reads hundreds of files."""
    return tuple(sorted(available_timezones()))
