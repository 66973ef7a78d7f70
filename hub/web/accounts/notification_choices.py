"""The page where people choose their mail: in general, by company, and by app."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_security import current_user
from sqlalchemy import Select, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub import notifications
from hub.db.engine import read_only_session, transaction
from hub.errors import HubError
from hub.models import ConnectedCompany, Installation
from hub.notifications import mail_timing
from hub.notifications.mail_timing import INHERITED, TIMINGS, Timings
from hub.security import people
from hub.translations.messages import gettext, gettext_noop, translate
from hub.web.authentication.access import OWN, load_scope, require_role
from hub.web.frame import company_choice
from hub.web.frame.names import app_name
from hub.web.frame.paging import build_first_address, is_past_end, load_page
from hub.web.request import destinations, row_ids, test_messages

TIMING_LABELS = {
    mail_timing.NOW: gettext_noop("At once"),
    mail_timing.DAILY: gettext_noop("Once a day, at seven"),
    mail_timing.OFF: gettext_noop("Never"),
}
EVERYTHING = "other"
COMPANY_PREFIX = "company-"
COMPANIES_PER_PAGE = 25
MAX_IDS = 500  # more apps than the companies of a page have
MAX_UNFOLDED_COMPANIES = 3  # the apps of more companies are folded
pages = Blueprint("notification_choices", __name__, url_prefix="/account/notifications")


@dataclass(frozen=True)
class AppChoice:
    """An app of a company, and the person's own choice for it."""

    id: int
    name: str
    timing: str


@dataclass(frozen=True)
class CompanyChoice:
    """A company, the person's own choice for it, and its apps."""

    company: ConnectedCompany
    timing: str
    apps: list[AppChoice]

    @property
    def own_count(self) -> int:
        """Return how many of its apps have a choice of their own."""
        return sum(app.timing != INHERITED for app in self.apps)


@pages.get("")
@require_role("viewer", of=OWN)
def show() -> str | Response:
    """Show when the person is mailed about each company that they may see, a page of them."""
    words = request.args.get("q", "").strip()
    with read_only_session() as session:
        timings = mail_timing.load(session, current_user.id)
        visible = _select_companies(words)
        companies = load_page(
            session,
            visible,
            order_by=company_choice.BY_NAME,
            is_descending=False,
            size=COMPANIES_PER_PAGE,
        )
        if is_past_end(companies):
            return redirect(build_first_address())
        choices = _build_choices(session, companies.rows, timings)
    return render_template(
        "notification_choices.html",
        choices=choices,
        general_timing=timings.of(current_user.id, None),
        opens_apps=len(choices) <= MAX_UNFOLDED_COMPANIES,
        page=companies,
        search=words,
        list_address=destinations.page_address(),
        timing_labels=TIMING_LABELS,
        address=people.mail_address(current_user),
        has_mail_server=notifications.is_set(),
    )


@pages.post("")
@require_role("viewer", of=OWN)
def store() -> Response:
    """Store when the person is mailed about what they may see."""
    with transaction() as session:
        apps = select(Installation.id).where(
            Installation.id.in_(_read_sent_ids("")), *load_scope().installations()
        )
        companies = select(ConnectedCompany.id).where(
            ConnectedCompany.id.in_(_read_sent_ids(COMPANY_PREFIX)), *load_scope().companies()
        )
        timings: dict[int | None, str] = {}
        for app_id in session.scalars(apps):
            if (timing := _read_timing(str(app_id))) is not None:
                timings[app_id] = timing
        if usual := _read_timing(EVERYTHING):
            timings[None] = usual
        company_timings = {}
        for company_id in session.scalars(companies):
            if (timing := _read_timing(f"{COMPANY_PREFIX}{company_id}")) is not None:
                company_timings[company_id] = timing
        people.lock(session, current_user.id)
        mail_timing.store(session, current_user.id, timings)
        mail_timing.store_for_companies(session, current_user.id, company_timings)
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
        test_messages.count()
        text = gettext("The hub can mail you.")
        notifications.send([address], gettext("Test message of the hub"), f"{text}\n")
        flash(gettext("A test message is on its way to %(address)s.", address=address), "success")
    except HubError as error:
        flash(translate(error.sentence), "error")
    return redirect(url_for("notification_choices.show"))


def _select_companies(words: str) -> Select[Any]:
    """Return the query for the companies that the person may see and that words find."""
    visible = select(ConnectedCompany).where(*load_scope().companies())
    if words:
        visible = visible.where(company_choice.matches_words(words))
    return visible


def _build_choices(
    session: Session, companies: Sequence[ConnectedCompany], timings: Timings
) -> list[CompanyChoice]:
    """Return the person's choices for companies and those of their apps that they may see."""
    user_id = current_user.id
    ids = [company.id for company in companies]
    visible = select(Installation).where(
        Installation.company_id.in_(ids), *load_scope().installations()
    )
    apps = defaultdict(list)
    for row in session.scalars(visible.order_by(Installation.id)):
        timing = timings.chosen_for_app(user_id, row.id)
        apps[row.company_id].append(AppChoice(row.id, app_name(row.slug), timing))
    choices = []
    for company in companies:
        timing = timings.chosen_for_company(user_id, company.id)
        choices.append(CompanyChoice(company, timing, apps[company.id]))
    return choices


def _read_timing(name: str) -> str | None:
    """Return the choice that was sent under a name; None if it is none."""
    timing = request.form.get(f"timing-{name}")
    return timing if timing in (*TIMINGS, INHERITED) else None


def _read_sent_ids(prefix: str) -> list[int]:
    """Return the ids of the rows in the form whose names have a prefix."""
    ids: list[int] = []
    for name in request.form:
        id = row_ids.parse(name.removeprefix(f"timing-{prefix}"))
        if id is not None and len(ids) < MAX_IDS:
            ids.append(id)
    return ids


def _list_address() -> str:
    """Return the page of the list from which the form was sent."""
    address = url_for("notification_choices.show")
    path = destinations.local_path(request.form.get("kept", ""))
    return path if path.partition("?")[0] == address else address
