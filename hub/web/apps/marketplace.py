"""The marketplace: a tile per app, what it does, and its way in: enable it, or ask for access."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import Select, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub import notifications
from hub.context import current_hub
from hub.contract.tiers import TIER_TITLES, assess
from hub.contract.types import App
from hub.db.engine import read_only_session, transaction
from hub.installations import source_access
from hub.models import Access, ConnectedCompany
from hub.notifications import waiting_messages
from hub.security import audit
from hub.security.rights import Subject
from hub.translations.messages import gettext, gettext_noop
from hub.web.apps.app_tiles import build_tiles
from hub.web.authentication.access import (
    ANYWHERE,
    load_rights,
    load_scope,
    may,
    person_name,
    require_role,
)
from hub.web.frame import company_choice
from hub.web.frame.kind_labels import kind_label
from hub.web.frame.lookup import get_app_or_404, get_row_or_404
from hub.web.frame.paging import load_page
from hub.web.frame.viewer import translate_for_app

# What a plugin does at its source, by the hooks that it implements.
READING_HOOKS = {
    "hub_documents": gettext_noop("documents"),
    "hub_codes": gettext_noop("lists of codes"),
    "hub_attachment": gettext_noop("files"),
}
WRITING_HOOKS = {
    "hub_report": gettext_noop("what became of a document"),
    "hub_records": gettext_noop("lists of QuickBooks"),
    "hub_subscribe": gettext_noop("its calls to this hub"),
}
COMPANIES_PER_TILE, COMPANIES_PER_PAGE = 10, 50
pages = Blueprint("marketplace", __name__, url_prefix="/apps")


@pages.get("/")
@require_role("viewer", of=ANYWHERE)
def show() -> str:
    """List the apps that fit the search, and the plugins for people who run the server."""
    plugins = current_hub().plugins
    text = request.args.get("q", "").strip()
    apps = []
    for app in plugins.apps.values():
        if load_rights().role_within(Subject(slug=app.slug)) and _has_words(app, text):
            apps.append(app)
    with read_only_session() as session:
        order = company_choice.problems_first()
        query = _select_companies().order_by(*order).limit(COMPANIES_PER_TILE + 1)
        companies = list(session.scalars(query))
        app_tiles = build_tiles(session, apps, load_rights(), companies[:COMPANIES_PER_TILE])
    return render_template(
        "marketplace.html",
        tiles=app_tiles,
        broken=plugins.broken,
        search=text,
        plugins=plugins.describe() if may("viewer") else (),
        has_more=len(companies) > COMPANIES_PER_TILE,
    )


@pages.get("/<slug>")
@require_role("viewer")
def one(slug: str) -> str:
    """Show one app: what it posts and calls, and its state at each company."""
    app = get_app_or_404(slug)
    with read_only_session() as session:
        order = company_choice.problems_first(slug)
        companies = load_page(
            session,
            _select_companies(),
            order_by=order,
            is_descending=False,
            size=COMPANIES_PER_PAGE,
        )
        tile = build_tiles(session, [app], load_rights(), companies.rows)[0]
        company_ids = [place.company.id for place in tile.places]
        query = select(Access).where(Access.slug == slug, Access.company_id.in_(company_ids))
        requests = {row.company_id: row for row in session.scalars(query)}
    return render_template(
        "app.html",
        tile=tile,
        page=companies,
        requests=requests,
        plugin=current_hub().plugins.installed_plugin(slug),
        is_listed=current_hub().config.allowed_plugins is not None,
        reading_labels=_describe_abilities(slug, READING_HOOKS),
        writing_labels=_describe_abilities(slug, WRITING_HOOKS),
        quality=assess(current_hub().plugins, slug),
        tier_titles=TIER_TITLES,
    )


def _has_words(app: App, text: str) -> bool:
    """Return whether every word of a search begins a word of what an app says about itself.

    It says it in English and in the language of the person.
    """
    summary = translate_for_app(app.summary, app.slug)
    kinds = [*app.posts, *map(kind_label, app.posts)]
    description = " ".join([app.name, app.slug, app.summary, summary, *kinds]).lower()
    words = description.replace("_", " ").replace("-", " ").split()
    return all(any(word.startswith(part) for word in words) for part in text.lower().split())


def _select_companies() -> Select[Any]:
    """Return the query for the companies that the person may see."""
    return select(ConnectedCompany).where(*load_scope().companies())


def _describe_abilities(slug: str, hooks: Mapping[str, str]) -> list[str]:
    """Return a phrase for each of `hooks` that the plugin of an app implements."""
    plugins = current_hub().plugins
    return [what for hook, what in hooks.items() if plugins.has(slug, hook)]


@pages.get("/<slug>/openapi.yaml")
@require_role("viewer")
def openapi(slug: str) -> Response:
    """Serve the assumed API description of an app; answer 404 if its source publishes one."""
    app = get_app_or_404(slug)
    if app.assumed_api is None:
        abort(404)
    content = app.assumed_api.read_text(encoding="utf-8")
    return Response(content, mimetype="application/yaml")


@pages.post("/<slug>/<int:company_id>/ask")
@require_role("viewer")
def ask(slug: str, company_id: int) -> Response:
    """Record that somebody requests access to an app."""
    app = get_app_or_404(slug)
    mailed_owners = 0
    with transaction() as session:
        company = get_row_or_404(session, ConnectedCompany, company_id)
        if source_access.request(session, company_id, slug, who=person_name()):
            company_name = company.display_name
            audit.record(session, person_name(), "access asked for", f"{slug} for {company_name}")
            mailed_owners = _tell_owners(session, app, company, company_name)
    next_step = _describe_next_step(app)
    if mailed_owners and notifications.is_set():
        message = gettext(
            "Your request is recorded and mailed to the owners. %(next_step)s", next_step=next_step
        )
    else:
        message = gettext(
            "Your request is recorded. Owners see it on their page Home. %(next_step)s",
            next_step=next_step,
        )
    flash(message, "success")
    return redirect(url_for("marketplace.one", slug=slug))


def _tell_owners(session: Session, app: App, company: ConnectedCompany, company_name: str) -> int:
    """Mail the owners that somebody requests access, with the page where they approve it.

    Return how many of them have an address.
    """
    address = f"{current_hub().config.public_url}{url_for('marketplace.one', slug=app.slug)}"

    def compose() -> tuple[str, str]:
        title = gettext(
            "%(person)s requests access to %(app)s for %(company)s",
            person=person_name(),
            app=app.name,
            company=company_name,
        )
        return title, f"{title}.\n{_describe_next_step(app)}\n{address}\n"

    return waiting_messages.add_for_owners(session, Subject(company.id, app.slug), compose)


@pages.post("/<slug>/<int:company_id>/grant")
@require_role("owner")
def grant(slug: str, company_id: int) -> Response:
    """Record that access was granted, which lets the app be enabled."""
    app = get_app_or_404(slug)
    with read_only_session() as session:
        company = get_row_or_404(session, ConnectedCompany, company_id)
    source_access.grant(company_id, slug, who=person_name())
    company_name = company.display_name
    flash(
        gettext(
            "%(name)s can now be enabled for %(company_name)s.",
            name=app.name,
            company_name=company_name,
        ),
        "success",
    )
    return redirect(url_for("marketplace.one", slug=slug))


def _describe_next_step(app: App) -> str:
    """Describe what happens after somebody asked for access."""
    if app.access_gate:
        return gettext(
            "%(access)s grants it; an owner of the hub then marks it as approved.",
            access=translate_for_app(app.access or "", app.slug),
        )
    return gettext(
        "Now ask %(access)s. Once your account has access, press Enable.",
        access=translate_for_app(app.access or "", app.slug),
    )
