"""The page of installed plugins: their apps and hooks, and why one cannot be used."""

from flask import Blueprint, render_template

from hub.context import current
from hub.web.access import needs

pages = Blueprint("plugins", __name__, url_prefix="/plugins")


@pages.get("/")
@needs("viewer")
def index() -> str:
    """List the installed plugins."""
    plugins = current().plugins.describe()
    return render_template("plugins.html", plugins=plugins)
