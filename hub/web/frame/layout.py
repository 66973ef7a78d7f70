"""The parts that every page shares: frame, assets, labels, formats of amounts and moments."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, Response, g, request, send_from_directory, url_for
from flask_bootstrap import Bootstrap5
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.cases import advice, inbox
from hub.context import current_hub
from hub.contract.interval import describe
from hub.db.engine import joined_session
from hub.models import Case, Installation
from hub.models.display_names import DisplayName, NamedDocument
from hub.posting.case_texts import RECONCILIATION_QUESTIONS
from hub.scheduling import run_log
from hub.security import people
from hub.security.rights import Subject
from hub.translations import dates
from hub.translations.messages import gettext, gettext_noop
from hub.web.authentication import access
from hub.web.frame import viewer
from hub.web.frame.case_outcomes import describe_outcome
from hub.web.frame.case_titles import format_reason, list_differences, shorten_reason
from hub.web.frame.kind_labels import kind_label
from hub.web.frame.source_view import (
    apply_sign_of_kind,
    format_amount,
    format_dates,
    format_fact,
    format_money,
    format_payload,
    format_quantity,
    format_short_money,
)
from hub.web.frame.state_labels import MODE_LABELS, STATE_LABELS
from hub.web.request import destinations, row_ids

MAX_COUNTED = 10_000  # open cases; more are shown as "10,000+"
MAX_CHOICES = 20  # installations that the menu of a filter offers; of more a page chooses one
LISTS_BY_APP = {"documents": "documents.index", "inbox": "inbox.show", "runs": "runs.index"}
# The pages below an entry of the menu -> the entry; other pages have one of their own, or none.
MENU_SECTIONS = {
    "chat_webhook": "mail_server",
    "comparing": "marketplace",
    "earlier": "marketplace",
    "installation": "marketplace",
    "invitations": "people",
    "matching": "marketplace",
    "match_files": "marketplace",
    "person_sessions": "people",
    "plugins": "marketplace",
    "preview": "marketplace",
    "ready": "marketplace",
    "received_files": "marketplace",
    "review": "marketplace",
    "rights": "people",
    "settings": "marketplace",
    "undoing": "documents",
}
HTMX = str(files("js_lib_htmx") / "static" / "htmx")
pages = Blueprint(
    "frame",
    "hub.web",  # the package with the folders of templates and static files
    static_folder="static",
    static_url_path="/assets",
    template_folder="templates",
)

REQUESTER_LABELS = {
    run_log.SCHEDULE: gettext_noop("the schedule"),
    run_log.ENGINE: gettext_noop("the hub"),
    run_log.WEBHOOK: gettext_noop("a webhook"),
}
NAMES_OF_DAYS = {0: gettext_noop("today"), 1: gettext_noop("yesterday")}


def init_app(app: Flask) -> None:
    """Add assets, filters and what the frame of the pages shows."""
    app.config.setdefault("BOOTSTRAP_SERVE_LOCAL", True)
    Bootstrap5(app)
    app.register_blueprint(pages)
    app.context_processor(_build_page_values)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        amount=format_amount,
        quantity=format_quantity,
        money=format_money,
        signed_total=apply_sign_of_kind,
        short_money=format_short_money,
        moment=format_moment,
        exact_time=format_exact_time,
        day=format_day,
        month=format_month,
        day_of_month=dates.day_of_month,
        format_month=dates.month,
        format_fact=format_fact,
        kind_label=kind_label,
        document_title=document_title,
        describe_schedule=describe,
        format_payload=format_payload,
        initials=get_initials,
        requester_label=format_requester,
        case_reason=format_reason,
        case_differences=list_differences,
        shorten_reason=shorten_reason,
        case_outcome=describe_outcome,
        case_instruction=advice.get_instruction,
        format_dates=format_dates,
    )
    app.jinja_env.globals.update(
        STATE_LABELS=STATE_LABELS,
        MODE_LABELS=MODE_LABELS,
        RECONCILIATION_QUESTIONS=RECONCILIATION_QUESTIONS,
        app_name=app_name,
        has_plugin=has_plugin,
        source_name=advice.get_source_name,
        is_corrected_in_file=advice.is_corrected_in_file,
        app_drawing=app_drawing,
        may=access.may,
        may_anywhere=access.may_anywhere,
        may_here=access.may_here,
        may_open_run=access.may_open_run,
        person_name=access.person_name,
        may_configure=may_configure,
        page_address=destinations.page_address,
        document_address=destinations.document_address,
        list_before=destinations.list_before,
    )


@pages.get("/assets/htmx.min.js")
def htmx() -> Response:
    """Serve the script that polls progress; every page works without it."""
    return send_from_directory(HTMX, "htmx.min.js", max_age=86400)


@pages.get("/favicon.ico")
def favicon() -> Response:
    """Serve the icon for browsers that ask for it here."""
    return send_from_directory(str(pages.static_folder), "icon.svg")


def format_moment(value: dt.datetime | None) -> str:
    """Format a time to the minute, in the zone that the foot of the page names.

    The last two days are "today" and "yesterday"; None is "never".
    """
    if value is None:
        return gettext("never")
    page_zone = ZoneInfo(zone())
    local = value.astimezone(page_zone)
    now = current_hub().clock.now().astimezone(page_zone)
    days_ago = (now.date() - local.date()).days
    date = gettext(NAMES_OF_DAYS[days_ago]) if days_ago in NAMES_OF_DAYS else format_day(local)
    return f"{date} {local:%H:%M}"


def format_exact_time(value: dt.datetime) -> str:
    """Format a time to the second, with its date and zone."""
    local = value.astimezone(ZoneInfo(zone()))
    date = format_day(local)
    time = f"{local:%H:%M:%S}"
    zone_name = local.tzname()
    return f"{date} {time} {zone_name}"


def format_zone() -> str:
    """Return the zone of the page and its abbreviation now, as "Oslo time (CET)"."""
    name = zone()
    if "/" not in name:
        return name
    local = current_hub().clock.now().astimezone(ZoneInfo(name))
    city = name.rsplit("/", 1)[1].replace("_", " ")
    return gettext("%(city)s time (%(zone)s)", city=city, zone=local.tzname())


def zone() -> str:
    """Return the zone that the person chose, else that of the installation of the page.

    If the page is about no installation, it is the zone of the first one that the person may see.
    It is looked up once for each page.
    """
    if "zone" not in g:
        g.zone = viewer.chosen_zone()
    if not g.zone:
        g.zone = _find_zone_of_installation() or "UTC"
    return str(g.zone)


def _find_zone_of_installation() -> str | None:
    """Return the zone of the installation of the page, or else of the first that is visible."""
    installation_id = (request.view_args or {}).get("installation_id")
    visible = select(Installation.zone).where(*access.load_scope().installations())
    zone_name: str | None = None
    with joined_session() as session:
        if installation_id:
            zone_name = session.scalar(visible.where(Installation.id == installation_id))
        return zone_name or session.scalar(visible.order_by(Installation.id).limit(1))


def today() -> dt.date:
    """Return the date of today in the zone of the page."""
    date: dt.date = current_hub().clock.now().astimezone(ZoneInfo(zone())).date()
    return date


def use_zone_of(installation: Installation | None) -> None:
    """Show the times of this page in the installation's zone, unless the person chose one."""
    if installation and not viewer.chosen_zone():
        g.zone = installation.zone


def format_day(value: dt.date | None) -> str:
    """Format a date, or the date of a time in the zone of the page; the month is a word."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        value = value.astimezone(ZoneInfo(zone()))
    return dates.date(value)


def format_month(period: str) -> str:
    """Format a month such as 2026-09 for people."""
    if not period:
        return ""
    first_day = dt.date.fromisoformat(f"{period}-01")
    return dates.month(first_day)


def document_title(document: NamedDocument) -> str:
    """Return the name of a document beside its kind: its number, or the name of a record."""
    return DisplayName.of_document(document).label


def format_requester(name: str) -> str:
    """Return who asked for a run: a person's name, or what the hub itself is called there."""
    return gettext(REQUESTER_LABELS[name]) if name in REQUESTER_LABELS else name


def get_initials(name: str) -> str:
    """Return two letters for an app: the initials of its words, or its capitals.

    A name with one word and fewer than two capitals is shortened.
    """
    words = name.split()
    letters = [letter for letter in name if letter.isupper()]
    if len(words) > 1:
        letters = [word[0] for word in words]
    if len(letters) < 2:
        return name[:2]
    return "".join(letters[:2]).upper()


def app_name(slug: str) -> str:
    """Return the name of an app, or its slug if its plugin is not installed."""
    app = current_hub().plugins.apps.get(slug)
    return app.name if app else slug


def has_plugin(slug: str) -> bool:
    """Return whether the plugin of an app is installed and works."""
    return slug in current_hub().plugins.apps


def app_drawing(slug: str) -> str:
    """Return the name of an app's drawing, "" if it has none or its plugin is not installed."""
    app = current_hub().plugins.apps.get(slug)
    return app.icon if app else ""


def may_configure(installation: Installation) -> bool:
    """Return whether the person may change the installation's settings.

    The plugin decides whether they are personal; without the plugin, they are not.
    """
    return access.may_configure(installation, is_personal=is_personal(installation))


def is_personal(installation: Installation) -> bool:
    """Return whether nobody but its owner may change an installation's settings.

    An owner who may not change them any more, such as a disabled person, keeps nobody out.
    """
    app = current_hub().plugins.apps.get(installation.slug)
    if app is None or not app.owner_only:
        return False
    subject = Subject(installation.company_id, installation.slug)
    with joined_session() as session:
        return people.may_configure_own(session, installation.owner, subject)


def count_open_cases() -> int:
    """Count the open cases that are not snoozed, at most one more than `MAX_COUNTED`.

    They are counted once for each page.
    """
    if "open_cases" not in g:
        is_open = Case.closed_at.is_(None), inbox.is_awake(), *access.load_shown_scope().cases()
        some = select(Case.id).where(*is_open).limit(MAX_COUNTED + 1).subquery()
        with joined_session() as session:
            g.open_cases = session.scalar(select(func.count()).select_from(some))
    return int(g.open_cases)


def format_capped_count(number: int) -> str:
    """Format a count that ends above `MAX_COUNTED`."""
    if number > MAX_COUNTED:
        return f"{viewer.format_count(MAX_COUNTED)}+"
    return viewer.format_count(number)


@dataclass(frozen=True)
class AppChoices:
    """The choices of a filter by app; if there are many apps, only the chosen one."""

    options: list[Installation]
    choose_url: str = ""  # the page that chooses among many apps

    def __iter__(self) -> Iterator[Installation]:
        """Iterate over the installations of the menu."""
        return iter(self.options)


def list_installation_choices(session: Session, filter_value: str) -> AppChoices:
    """Return the installations that the filter of this list offers.

    A hub may have thousands. The menu then has the chosen one, and a link to choose another.
    """
    visible = select(Installation).where(*access.load_scope().installations())
    first = visible.order_by(Installation.id).limit(MAX_CHOICES + 1)
    ids = list(session.scalars(first.with_only_columns(Installation.id)))
    if len(ids) <= MAX_CHOICES:
        return AppChoices(list(session.scalars(first)))
    chosen_id = row_ids.parse(filter_value)
    options = []
    if chosen_id is not None:
        options = list(session.scalars(visible.where(Installation.id == chosen_id)))
    return AppChoices(options, _choose_url())


def _choose_url() -> str:
    """Return the address of the page that chooses an app for this list, "" on any other page."""
    for list_name, endpoint in LISTS_BY_APP.items():
        if endpoint == request.endpoint:
            filters = request.query_string.decode("utf-8", "replace")
            return url_for("app_choice.show", list=list_name, filters=filters or None)
    return ""


def _build_page_values() -> dict[str, Any]:
    """Return the values of every page; `section` marks the entry of the menu."""
    return {
        "count_open_cases": count_open_cases,
        "capped_count": format_capped_count,
        "zone_label": format_zone,
        "section": _find_menu_section(),
        "without_database": False,
    }


def _find_menu_section() -> str:
    """Return the entry of the menu to which the page belongs, "" outside a request."""
    name = (request.blueprint or "") if request else ""
    return MENU_SECTIONS.get(name, name)
