"""The page that chooses the app of a list's filter, where a menu would be too long."""

from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, abort, render_template, request, url_for
from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import contains_eager

from hub.context import current_hub
from hub.db.engine import read_only_session
from hub.db.text_search import contains_text
from hub.models import ConnectedCompany, Installation
from hub.web.authentication.access import ANYWHERE, load_scope, require_role
from hub.web.frame import company_choice
from hub.web.frame.app_filter import LISTS_BY_APP
from hub.web.frame.paging import load_page

APPS_PER_PAGE = 25
# Arguments that another app makes meaningless.
REPLACED_ARGUMENTS = ("installation", "before", "after")
pages = Blueprint("app_choice", __name__)


@pages.get("/choose-app")
@require_role("viewer", of=ANYWHERE)
def show() -> str:
    """List the apps by company; each leads back to the list that asked, with its other filters."""
    list_name = request.args.get("list", "")
    if list_name not in LISTS_BY_APP:
        abort(404)
    filters = request.args.get("filters", "")
    other_filters = _parse_other_filters(filters)
    words = request.args.get("q", "").strip()
    by_name = [ConnectedCompany.name, ConnectedCompany.id, Installation.id]
    with read_only_session() as session:
        apps = load_page(
            session, _select(words), order_by=by_name, is_descending=False, size=APPS_PER_PAGE
        )
        endpoint = LISTS_BY_APP[list_name]
        rows = []
        for installation in apps.rows:
            address = url_for(endpoint, installation=installation.id, **other_filters)
            rows.append((installation, installation.company, address))
        return render_template(
            "choose_app.html",
            page=apps,
            rows=rows,
            search=words,
            list_name=list_name,
            filters=filters,
            back=url_for(endpoint, **other_filters),
            section=endpoint.partition(".")[0],
        )


def _select(words: str) -> Select[Any]:
    """Return the query for the apps that the person may see, of companies or apps of this name."""
    query = (
        select(Installation)
        .join(Installation.company)
        .options(contains_eager(Installation.company))
        .where(*load_scope().installations())
    )
    return query.where(_has_words(words)) if words else query


def _has_words(words: str) -> ColumnElement[bool]:
    """Return the condition that a company or an app has these words, or a company this number."""
    return or_(company_choice.matches_words(words), matches_app_words(words))


def matches_app_words(words: str) -> ColumnElement[bool]:
    """Return the condition that the name of an app has these words.

    Lists show the slug of an app whose plugin is not installed, so it is found by that.
    """
    apps = current_hub().plugins.apps
    slugs = [slug for slug, app in apps.items() if words.casefold() in app.name.casefold()]
    return or_(
        Installation.slug.in_(slugs),
        and_(Installation.slug.not_in(list(apps)), contains_text(Installation.slug, words)),
    )


def _parse_other_filters(text: str) -> dict[str, Any]:
    """Return the other filters of the list, which come as the query of its address.

    Names with an underscore in front would change how the address is built.
    """
    filters: dict[str, Any] = {}
    for name, value in parse_qsl(text):
        if not name.startswith("_") and name not in REPLACED_ARGUMENTS:
            filters.setdefault(name, []).append(value)
    return filters
