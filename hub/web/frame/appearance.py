"""Light or dark colors: those of the person's system, unless they choose otherwise.

The choice is a cookie of the browser, so that it also holds for the log-in page.
"""

from typing import Any

from flask import Blueprint, Flask, redirect, request
from werkzeug import Response

from hub.web.authentication.access import OWN, require_role
from hub.web.request import destinations, signed_cookies

COOKIE = "hub-theme"
COOKIE_SECONDS = 365 * 24 * 3600
# The choices -> the color schemes of the page, and the media for which dark.css is loaded.
# Paper is white, so it is for screens only.
THEMES = {
    "system": ("light dark", "screen and (prefers-color-scheme: dark)"),
    "light": ("light", ""),
    "dark": ("dark", "screen"),
}
pages = Blueprint("appearance", __name__)


def init_app(app: Flask) -> None:
    """Let every page know the chosen colors."""
    app.context_processor(_build_page_values)


@pages.post("/appearance")
@require_role("viewer", of=OWN)
def choose() -> Response:
    """Keep the chosen colors and return to the page on which they were chosen."""
    response = redirect(destinations.local_path(request.form.get("next", "/")))
    name = request.form.get("theme", "")
    if name in THEMES:
        response.set_cookie(
            signed_cookies.full_name(COOKIE),
            name,
            max_age=COOKIE_SECONDS,
            secure=signed_cookies.is_secure(),
            httponly=True,
            samesite="Lax",
        )
    return response


def theme() -> str:
    """Return the chosen colors: system, light or dark."""
    name = request.cookies.get(signed_cookies.full_name(COOKIE), "") if request else ""
    return name if name in THEMES else "system"


def return_address() -> str:
    """Return the address of this page, or of the home page if the page answers a form."""
    if request.method != "GET":
        return "/"
    return destinations.current_address()


def _build_page_values() -> dict[str, Any]:
    """Return the values of the frame of a page: the theme and its colors."""
    color_scheme, dark_media = THEMES[theme()]
    return {
        "themes": THEMES,
        "theme": theme(),
        "color_scheme": color_scheme,
        "dark_media": dark_media,
        "return_address": return_address,
    }
