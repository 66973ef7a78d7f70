"""The web: what a person sees and presses; one module per family of pages, each drawn on the server."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Adds log-in, headers, error pages and every page to the application."""
    from hub.web import access, failures, frame, headers, pages

    for part in (headers, access, frame, failures):
        part.init_app(app)
    for page in pages.PAGES:
        app.register_blueprint(page)
