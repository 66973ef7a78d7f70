"""The maximum size of a request body, by its route and by whether somebody is logged in."""

from typing import Any, cast

from flask import Flask, Request, abort, current_app, request
from werkzeug.exceptions import HTTPException

from hub.web.authentication import access

ANONYMOUS_LIMIT = 64_000
FORM_LIMIT = 1_000_000  # the largest upload is a file of matches
WEBHOOK_LIMIT = 1_000_000
UPLOAD_LIMIT = 25_000_000  # all files of one upload together
UPLOAD_ENDPOINT = "received_files.upload"


def init_app(app: Flask) -> None:
    """Limit the body of every request before it is read, on every server."""
    app.config["MAX_CONTENT_LENGTH"] = FORM_LIMIT
    app.config["MAX_FORM_MEMORY_SIZE"] = FORM_LIMIT
    app.before_request(_limit_body)


def get_limit(app: Flask, method: str, path: str, cookies: str) -> int:
    """Return the limit of a request of which only the header is known.

    `path` is as in WSGI: each character is one byte.
    """
    path = path.encode("latin-1", "replace").decode("utf-8", "replace")
    try:
        endpoint, _ = app.url_map.bind("").match(path, method)
    except HTTPException:
        return ANONYMOUS_LIMIT
    if endpoint.startswith("webhooks."):
        return WEBHOOK_LIMIT
    if access.find_required_role(app, endpoint) == "anyone":
        return ANONYMOUS_LIMIT
    if not _is_logged_in(app, cookies):
        return ANONYMOUS_LIMIT
    return UPLOAD_LIMIT if endpoint == UPLOAD_ENDPOINT else FORM_LIMIT


def _is_logged_in(app: Flask, cookies: str) -> bool:
    """Return whether the signed cookie of a session belongs to somebody who logged in."""
    environ = {"REQUEST_METHOD": "GET", "HTTP_COOKIE": cookies}
    session = app.session_interface.open_session(app, Request(environ))
    return session is not None and "_user_id" in session


def _limit_body() -> None:
    """Set the limit of the request; refuse one that announces a larger body."""
    environ = request.environ
    app = cast(Any, current_app)._get_current_object()
    cookies = environ.get("HTTP_COOKIE", "")
    limit = get_limit(app, request.method, environ["PATH_INFO"], cookies)
    request.max_content_length = limit
    if (request.content_length or 0) > limit:
        abort(413)
