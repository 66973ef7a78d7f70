"""When a person is mailed: at once, once a day or never, for each app and for everything else."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_security import current_user
from sqlalchemy import Select, select
from werkzeug import Response

from hub import notices, notifications
from hub.db.engine import read_only_session, transaction
from hub.errors import HubError
from hub.models import ConnectedCompany, Installation
from hub.notices.timing import TIMINGS
from hub.security import people
from hub.translations.messages import gettext, gettext_noop, translate
from hub.web import company_choice, destinations, row_ids
from hub.web.access import OWN, load_scope, require_role
from hub.web.layout import app_name
from hub.web.paging import build_first_address, is_past_end, page

TIMING_LABELS = {
    notices.NOW: gettext_noop("At once"),
    notices.DAILY: gettext_noop("Once a day, at seven"),
    notices.OFF: gettext_noop("Never"),
}
EVERYTHING_ELSE = "other"
APPS_PER_PAGE = 50
BY_COMPANY = (ConnectedCompany.name, Installation.id)
pages = Blueprint("notification_choices", __name__, url_prefix="/account/notifications")


@pages.get("")
@require_role("viewer", of=OWN)
def show() -> str | Response:
    """Show when the person is mailed about each app that they may see, a page of them."""
    words = request.args.get("q", "").strip()
    with read_only_session() as session:
        timings = notices.load(session, current_user.id)
        apps = page(session, _select_apps(words), by=BY_COMPANY, down=False, size=APPS_PER_PAGE)
        if is_past_end(apps):
            return redirect(build_first_address())
        choices = []
        for row in apps.rows:
            company = row.company.name or row.company.realm
            name = f"{app_name(row.slug)} · {company}"
            choices.append((str(row.id), name, timings.of(current_user.id, row.id)))
        has_apps = bool(choices or words)
        rest = gettext("Everything else") if has_apps else gettext("Everything")
        choices.append((EVERYTHING_ELSE, rest, timings.of(current_user.id, None)))
    return render_template(
        "notification_choices.html",
        choices=choices,
        page=apps,
        search=words,
        kept=destinations.page_address(),
        labels=TIMING_LABELS,
        address=people.mail_address(current_user),
        is_set=notifications.is_set(),
    )


@pages.post("")
@require_role("viewer", of=OWN)
def store() -> Response:
    """Store when the person is mailed."""
    timings: dict[int | None, str] = {}
    with transaction() as session:
        sent_ids = _read_sent_ids()
        own = _select_apps("").where(Installation.id.in_(sent_ids))
        keys: list[int | None] = [None, *(row.id for row in session.scalars(own))]
        for key in keys:
            name = EVERYTHING_ELSE if key is None else str(key)
            timing = request.form.get(f"timing-{name}", "")
            if timing in TIMINGS:
                timings[key] = timing
        notices.store(session, current_user.id, timings)
    flash(gettext("Your notifications are saved."), "success")
    return redirect(_list_address())


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


def _select_apps(words: str) -> Select[Any]:
    """Return the query for the apps that the person may see, in companies that words find."""
    visible = select(Installation).join(Installation.company)
    visible = visible.where(*load_scope().installations())
    if words:
        visible = visible.where(company_choice.matches_words(words))
    return visible


def _read_sent_ids() -> list[int]:
    """Return the ids of the apps in the form, at most as many as a page has."""
    ids: list[int] = []
    for name in request.form:
        id = row_ids.parse(name.removeprefix("timing-"))
        if id is not None and len(ids) < APPS_PER_PAGE:
            ids.append(id)
    return ids


def _list_address() -> str:
    """Return the page of the list from which the form was sent."""
    address = url_for("notification_choices.show")
    sent = destinations.local_path(request.form.get("kept", ""))
    return sent if sent.partition("?")[0] == address else address
