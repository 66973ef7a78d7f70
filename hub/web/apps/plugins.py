"""The former page of plugins, which is now a part of the page of apps."""

from flask import Blueprint, redirect, url_for
from werkzeug import Response

from hub.web.authentication.access import require_role

pages = Blueprint("plugins", __name__, url_prefix="/plugins")


@pages.get("/")
@require_role("viewer")
def index() -> Response:
    """Redirect to the plugins on the page of apps."""
    return redirect(url_for("marketplace.show", _anchor="plugins"))
