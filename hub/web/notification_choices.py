"""When a person is mailed: at once, once a day or never, for each app and for everything else."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_security import current_user
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub import notices, notifications
from hub.db.engine import read_only_session, transaction
from hub.errors import HubError
from hub.models import Installation
from hub.notices.timing import TIMINGS
from hub.security import people
from hub.translations.messages import gettext, gettext_noop, translate
from hub.web.access import OWN, load_scope, require_role
from hub.web.layout import app_name

LABELS = {
    notices.NOW: gettext_noop("At once"),
    notices.DAILY: gettext_noop("Once a day, at seven"),
    notices.OFF: gettext_noop("Never"),
}
EVERYTHING_ELSE = "other"
MAX_APPS = 100  # that the page lists
pages = Blueprint("notification_choices", __name__, url_prefix="/account/notifications")


@pages.get("")
@require_role("viewer", of=OWN)
def show() -> str:
    """Show when the person is mailed about each app that they may see."""
    with read_only_session() as session:
        timings = notices.load(session, current_user.id)
        choices = []
        for row in _apps(session):
            company = row.company.name or row.company.realm
            name = f"{app_name(row.slug)} · {company}"
            choices.append((str(row.id), name, timings.of(current_user.id, row.id)))
        rest = gettext("Everything else") if choices else gettext("Everything")
        choices.append((EVERYTHING_ELSE, rest, timings.of(current_user.id, None)))
    return render_template(
        "notification_choices.html",
        choices=choices,
        labels=LABELS,
        address=people.mail_address(current_user),
        is_set=notifications.is_set(),
    )


@pages.post("")
@require_role("viewer", of=OWN)
def store() -> Response:
    """Store when the person is mailed."""
    timings: dict[int | None, str] = {}
    with transaction() as session:
        keys: list[int | None] = [None, *(row.id for row in _apps(session))]
        for key in keys:
            name = EVERYTHING_ELSE if key is None else str(key)
            timing = request.form.get(f"timing-{name}", "")
            if timing in TIMINGS:
                timings[key] = timing
        notices.store(session, current_user.id, timings)
    flash(gettext("Your notifications are saved."), "success")
    return redirect(url_for("notification_choices.show"))


@pages.post("/test")
@require_role("viewer", of=OWN)
def test() -> Response:
    """Send a test message to the person's own address."""
    address = people.mail_address(current_user)
    if not address:
        flash(gettext("You have no e-mail address. An owner can invite you with one."), "error")
        return redirect(url_for("notification_choices.show"))
    try:
        text = gettext("The hub can mail you.")
        notifications.send([address], gettext("Test message of the hub"), f"{text}\n")
        flash(gettext("A test message is on its way to %(address)s.", address=address), "success")
    except HubError as error:
        flash(translate(error.sentence), "error")
    return redirect(url_for("notification_choices.show"))


def _apps(session: Session) -> list[Installation]:
    """Return the apps that the person may see, the first ones."""
    visible = select(Installation).where(*load_scope().installations())
    return list(session.scalars(visible.order_by(Installation.id).limit(MAX_APPS)))
