"""Moments, days and months as a page shows them, in the zone of its viewer or of its app."""

import datetime as dt
from zoneinfo import ZoneInfo

from flask import g, request
from sqlalchemy import select

from hub.context import current_hub
from hub.db.engine import joined_session
from hub.models import Installation
from hub.translations import dates
from hub.translations.messages import gettext, gettext_noop
from hub.web.authentication import access
from hub.web.frame import viewer

NAMES_OF_DAYS = {0: gettext_noop("today"), 1: gettext_noop("yesterday")}


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
