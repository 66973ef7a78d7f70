"""The demo's own page, which starts the demo over."""

from collections.abc import Callable

from flask import Blueprint, render_template, url_for
from werkzeug import Response

from hub.web.authentication.access import require_role


def create_pages(reset: Callable[[], None]) -> Blueprint:
    """Return the pages of a demo; `reset` only asks for a new beginning and returns at once."""
    pages = Blueprint("demo", __name__, url_prefix="/demo")

    @pages.get("/reset")
    @require_role("owner")
    def show() -> str:
        """Describe what a new beginning takes away."""
        return render_template("demo_reset.html")

    @pages.post("/reset")
    @require_role("owner")
    def start_over() -> Response:
        """Start the demo over; the browser follows as soon as the demo answers again."""
        reset()
        response = Response(render_template("demo_resetting.html"))
        response.headers["Refresh"] = f"2; url={url_for('home.show')}"
        return response

    @pages.app_context_processor
    def add_link() -> dict[str, str]:
        """Give every page the address of the reset."""
        return {"demo_reset_url": url_for("demo.show")}

    return pages
