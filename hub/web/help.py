"""The help: the documentation for admins, with a link from every page to its section."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, render_template, request, url_for
from markupsafe import Markup

import hub
from hub.web.authentication.access import OWN, require_role
from hub.web.frame import markdown, viewer

PACKAGE = Path(hub.__file__).parent
FILE_NAME = "admin.md"
# Where the English text is in a wheel, and where in a checkout.
HELP_FILES = (PACKAGE / FILE_NAME, PACKAGE.parent / "docs" / FILE_NAME)
# The text in the folder of another language, with the headings of the English text.
TRANSLATED_FILE_NAME = "help.md"
# The pages -> the heading of their section; other pages lead to the beginning.
SECTION_HEADINGS: Mapping[str, str] = {
    "account": "Log-in, second factor, sessions",
    "app_choice": "2. Enable the app",
    "api_tokens": "People",
    "audit": "Audit log",
    "case_bulk": "5. Clear the inbox",
    "companies": "1. Connect the company",
    "comparing": "3. Download master data",
    "confirmation": "Log-in, second factor, sessions",
    "documents": "6. Changes in QuickBooks, and removal",
    "earlier": "2. Enable the app",
    "factor": "Log-in, second factor, sessions",
    "home": "Home",
    "inbox": "5. Clear the inbox",
    "installation": "2. Enable the app",
    "invitations": "People",
    "mail_server": "0. Set up the hub",
    "marketplace": "2. Enable the app",
    "match_files": "3. Download master data",
    "matching": "3. Download master data",
    "notification_choices": "Notifications",
    "people": "People",
    "person_sessions": "Log-in, second factor, sessions",
    "preview": "4. Preview, approve",
    "ready": "4. Preview, approve",
    "received_files": "Upload files",
    "reconciliations": "Reconciliation",
    "reports": "Reports",
    "review": "4. Preview, approve",
    "rights": "Rights of people",
    "runs": "Runs",
    "search": "Search",
    "settings": "2. Enable the app",
    "setup": "0. Set up the hub",
    "to_approve": "4. Preview, approve",
    "undoing": "6. Changes in QuickBooks, and removal",
}
pages = Blueprint("help", __name__)


def init_app(app: Flask) -> None:
    """Let every page know the address of its help."""
    app.context_processor(_build_page_values)


@pages.get("/help")
@require_role("viewer", of=OWN)
def show() -> str:
    """Show the documentation for admins."""
    language = viewer.language()
    return render_template(
        "help.html", text=_render_text(language), contents=_list_contents(language)
    )


def build_address() -> str:
    """Return the address of the section of the help about this page."""
    section = SECTION_HEADINGS.get(request.blueprint or "", "")
    return url_for("help.show", _anchor=markdown.build_anchor(section) or None)


@cache
def _render_text(language: str) -> Markup:
    """Return the text in a language as HTML, without its title.

    Headings have the anchors of the English ones, so that links lead to them in every language.
    """
    return markdown.render(_remove_title(_find_file(language)), _list_anchors())


@cache
def _list_contents(language: str) -> list[tuple[str, str]]:
    """Return the anchor and the heading of each section, in a language."""
    headings = markdown.find_headings(_remove_title(_find_file(language)))
    return list(zip(_list_anchors(), headings, strict=True))


def _list_anchors() -> list[str]:
    """Return the anchors of the English headings."""
    return markdown.find_anchors(_remove_title(_find_english_file()))


def _find_file(language: str) -> Path:
    """Return the file of the text in a language, else that of the English text."""
    translation = PACKAGE / "translations" / language / TRANSLATED_FILE_NAME
    return translation if translation.exists() else _find_english_file()


def _find_english_file() -> Path:
    """Return the file of the English text, in a wheel or in a checkout."""
    return next(place for place in HELP_FILES if place.exists())


def _remove_title(path: Path) -> str:
    """Return the text of a file without its first line, which is the title."""
    _, _, text = path.read_text(encoding="utf-8").partition("\n")
    return text


def _build_page_values() -> dict[str, Any]:
    """Return the function that the frame of a page calls."""
    return {"help_address": build_address}
