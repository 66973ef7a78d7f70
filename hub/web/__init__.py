"""The web pages, rendered on the server: one module for each family of pages.

Imports every package except `hub.cli`. Start reading in `pages`.
"""

from flask import Flask


def init_app(app: Flask) -> None:
    """Adds log-in, headers, error pages and every page to the application."""
    from hub.web import access, failures, headers, layout, pages

    for part in (headers, access, layout, failures):
        part.init_app(app)
    for page in pages.PAGES:
        app.register_blueprint(page)
