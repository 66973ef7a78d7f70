"""The frame of every page, and the filters and functions that templates use."""

from importlib.resources import files
from typing import Any

from flask import Blueprint, Flask, Response, request, send_from_directory
from flask_bootstrap import Bootstrap5

from hub.cases import advice
from hub.contract.interval import describe
from hub.posting.case_texts import RECONCILIATION_QUESTIONS
from hub.translations import dates
from hub.web.authentication import access
from hub.web.frame.app_rights import may_configure
from hub.web.frame.case_outcomes import describe_outcome
from hub.web.frame.case_titles import format_reason, list_differences, shorten_reason
from hub.web.frame.kind_labels import kind_label
from hub.web.frame.moments import (
    format_day,
    format_exact_time,
    format_moment,
    format_month,
    format_zone,
)
from hub.web.frame.names import (
    app_drawing,
    app_name,
    document_title,
    format_requester,
    get_initials,
    has_plugin,
)
from hub.web.frame.open_cases import count_open_cases, format_capped_count
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
from hub.web.request import destinations

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
