"""The company that the pages are about: one that the person chose, or all of them.

The choice is kept in the session. It narrows lists and counts, and never adds anything that a
person may not see. A page about one document, case or run is the same whatever company is chosen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Flask, abort, g, redirect, render_template, request, url_for
from flask import session as cookie
from sqlalchemy import ColumnElement, Row, Select, case, func, or_, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.cases import inbox
from hub.db.engine import joined_session, read_only_session
from hub.db.text_search import contains_text
from hub.models import Case, ConnectedCompany, Installation
from hub.models.enums import ConnectionState
from hub.web.authentication import access
from hub.web.authentication.access import ANYWHERE, require_role
from hub.web.frame.paging import load_page, load_pairs
from hub.web.request import row_ids
from hub.web.request.destinations import local_path

MAX_IN_MENU = 8  # companies in the menu of the switcher; of more a page chooses one
COMPANIES_PER_PAGE = 25
BY_NAME = (ConnectedCompany.name, ConnectedCompany.id)
COLOR_COUNT = 12  # hub.css has as many
# By list the filters that stay when another company is chosen. Others name rows of one company,
# such as an app or a run, or a page of the list.
FILTERS_OF_EVERY_COMPANY: Mapping[str, tuple[str, ...]] = {
    "inbox.show": ("show", "act", "words", "sort"),
    "documents.index": ("q", "state", "kind", "from", "to", "amount", "sort"),
    "runs.index": ("kind", "state"),
    "search.show": ("q",),
    "reports.show": ("year",),
    "marketplace.show": ("q",),
}
pages = Blueprint("company_choice", __name__)
NamedCompany = Row[int, str]  # id and display name


@dataclass(frozen=True)
class Switcher:
    """The choice of the company in the frame: the chosen one, and those of the menu.

    `companies` are empty if there are too many for a menu.
    """

    chosen: NamedCompany | None
    companies: list[NamedCompany]
    are_several: bool


def init_app(app: Flask) -> None:
    """Let every page know the chosen company."""
    app.context_processor(_build_page_values)
    app.jinja_env.filters.update(company_color=color, company_crumbs=build_crumbs)


@pages.get("/companies/choose")
@require_role("viewer", of=ANYWHERE)
def show() -> str:
    """List the companies by name, with a search, so that one can be chosen."""
    words = request.args.get("q", "").strip()
    visible = select_visible_companies()
    if words:
        visible = visible.where(matches_words(words))
    with read_only_session() as session:
        companies = load_page(
            session, visible, order_by=BY_NAME, is_descending=False, size=COMPANIES_PER_PAGE
        )
        ids = [company.id for company in companies.rows]
        case_counts = (
            select(Case.company_id, func.count())
            .where(*_build_listed_conditions(), Case.company_id.in_(ids))
            .group_by(Case.company_id)
        )
        return render_template(
            "choose_company.html",
            page=companies,
            search=words,
            cases=load_pairs(session, case_counts),
            next=local_path(request.args.get("next", "/")),
            section="companies",
        )


@pages.post("/companies/choose")
@require_role("viewer", of=ANYWHERE)
def choose() -> Response:
    """Show one company from now on, or all; answer 404 for one that the person may not see."""
    company_id = row_ids.parse(request.form.get("company", ""))
    if company_id is not None:
        with read_only_session() as session:
            company = session.scalar(
                select_visible_companies().where(ConnectedCompany.id == company_id)
            )
        if company is None:
            abort(404)
    if company_id is None:
        cookie.pop(access.CHOSEN_COMPANY, None)
    else:
        cookie[access.CHOSEN_COMPANY] = company_id
    return redirect(local_path(request.form.get("next", "/")))


def color(company: ConnectedCompany | NamedCompany) -> str:
    """Return the class of a company's own color."""
    return f"company-{company.id % COLOR_COUNT}"


def build_crumbs(company: ConnectedCompany | None) -> list[tuple[str, str]]:
    """Return the place of a company in the crumbs of a page about one thing of it."""
    if company is None:
        return []
    return [(company.display_name, url_for("companies.index", q=company.realm))]


def matches_words(words: str) -> ColumnElement[bool]:
    """Return the condition of a search for companies: a part of the name, or the whole number."""
    return or_(contains_text(ConnectedCompany.name, words), ConnectedCompany.realm == words)


def find_chosen_or_only_company(session: Session) -> ConnectedCompany | None:
    """Return the chosen company, or the only one that the person may see; else None."""
    company_id = access.find_chosen_company_id()
    if company_id is not None:
        return session.get(ConnectedCompany, company_id)
    visible = select(ConnectedCompany).where(*access.load_rights_scope().companies())
    companies = session.scalars(visible.order_by(ConnectedCompany.id).limit(2)).all()
    return companies[0] if len(companies) == 1 else None


def select_visible_companies() -> Select[Any]:
    """Return the query for the companies that the person may see."""
    return select(ConnectedCompany).where(*access.load_scope().companies())


def problems_first(slug: str = "") -> list[Any]:
    """Return the order of companies that need attention first, then by name.

    First come those without a working connection, then those with open cases that the person may
    see and that are not snoozed. With `slug` only the cases of this app count. Those that a person
    disconnected come last, because nothing is wrong with them.
    """
    listed_cases = _build_listed_conditions()
    if slug:
        listed_cases.append(Case.installation_id.in_(_select_installations(slug)))
    with_cases = select(Case.company_id).where(*listed_cases)
    rank = case(
        (ConnectedCompany.state == ConnectionState.DISCONNECTED, 3),
        (ConnectedCompany.state != ConnectionState.CONNECTED, 0),
        (ConnectedCompany.id.in_(with_cases), 1),
        else_=2,
    )
    # With a name it is computed once, although the query both reads it and is ordered by it.
    return [rank.label("company_rank"), *BY_NAME]


def _build_listed_conditions() -> list[ColumnElement[bool]]:
    """Return the conditions of the open cases that the inbox lists for the person."""
    return [Case.closed_at.is_(None), inbox.is_awake(), *access.load_scope().cases()]


def _select_installations(slug: str) -> Select[Any]:
    """Return the query for the ids of an app's installations."""
    return select(Installation.id).where(Installation.slug == slug)


def load_switcher() -> Switcher:
    """Return the companies of the menu; read once for each page."""
    if "switcher" not in g:
        chosen_id = access.find_chosen_company_id()
        query = select(ConnectedCompany.id, ConnectedCompany.display_name)
        visible = query.where(*access.load_rights_scope().companies())
        with joined_session() as session:
            by_name = visible.order_by(*BY_NAME).limit(MAX_IN_MENU + 1)
            companies: list[NamedCompany] = [*session.execute(by_name)]
            is_chosen = ConnectedCompany.id == chosen_id
            chosen_company: NamedCompany | None = session.execute(query.where(is_chosen)).first()
        are_several = len(companies) > 1
        if len(companies) > MAX_IN_MENU:
            companies = []
        g.switcher = Switcher(chosen_company, companies, are_several)
    present: Switcher = g.switcher
    return present


def return_address() -> str:
    """Return where to go after another company was chosen: this list, else the home page.

    The list keeps the filters that make sense for every company, if the address is not too long.
    """
    endpoint = request.endpoint or ""
    if endpoint not in access.LIST_ENDPOINTS or endpoint == "app_choice.show":
        return url_for("home.show")
    filters = _read_common_filters(endpoint)
    if not filters:
        return request.path
    address = f"{request.path}?{urlencode(filters)}"
    return address if local_path(address) == address else request.path


def _read_common_filters(endpoint: str) -> dict[str, str]:
    """Return the filters in the address of a list that make sense for every company."""
    names = FILTERS_OF_EVERY_COMPANY.get(endpoint, ())
    return {name: request.args[name] for name in names if request.args.get(name)}


def _build_page_values() -> dict[str, Any]:
    """Return the functions that the frame of a page calls."""
    return {"load_switcher": load_switcher, "list_return_address": return_address}
