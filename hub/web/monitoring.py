"""The addresses that machines call to learn how the hub is: alive, ready, and its figures."""

import ipaddress
import secrets

from flask import Blueprint, Flask, Response, current_app, jsonify, request

from hub.context import current_hub
from hub.errors import DatabaseUnavailable
from hub.metrics import exposition
from hub.web.authentication.access import require_role
from hub.web.readiness import EXTENSION, ReadinessCheck
from hub.web.request import client_address

pages = Blueprint("monitoring", __name__)
BEARER = "Bearer "
FORBIDDEN_MESSAGE = (
    "The figures are shown with the token of HUB_METRICS_TOKEN; without that setting only to"
    " programs on the machine of the hub, and not through a proxy.\n"
)
UNKNOWN_CALLER = "The header Authorization must carry the token of HUB_METRICS_TOKEN.\n"


def init_app(app: Flask) -> None:
    """Start with nothing checked and nothing counted."""
    app.extensions[EXTENSION] = ReadinessCheck(app)
    exposition.init_app(app)


@pages.get("/healthz")
@require_role("anyone")
def health() -> Response:
    """Answer without the database: the process works on requests."""
    return _build_text_response("ok\n")


@pages.get("/readyz")
@require_role("anyone")
def ready() -> tuple[Response, int]:
    """Return whether requests and schedules can be worked on, and if not, why."""
    check: ReadinessCheck = current_app.extensions[EXTENSION]
    readiness = check.check()
    return jsonify(readiness.as_json()), 200 if readiness.is_ready else 503


@pages.get("/metrics")
@require_role("anyone")
def metrics() -> Response:
    """Show the figures to callers with the token; without a token, to this machine only."""
    token = current_hub().config.metrics_token
    if token and not _carries_token(token):
        return _build_text_response(UNKNOWN_CALLER, 401, {"WWW-Authenticate": "Bearer"})
    if not token and not _is_from_this_machine():
        return _build_text_response(FORBIDDEN_MESSAGE, 403)
    try:
        content, content_type = exposition.render(request.headers.get("Accept", ""))
    except DatabaseUnavailable:
        return _build_text_response("The database cannot be used now.\n", 503)
    return Response(content, content_type=content_type)


def _carries_token(token: str) -> bool:
    """Return whether the request carries the token."""
    header = request.headers.get("Authorization", "")
    sent_token = header.removeprefix(BEARER).encode("utf-8", "replace")
    return header.startswith(BEARER) and secrets.compare_digest(sent_token, token.encode())


def _is_from_this_machine() -> bool:
    """Return whether the request came from this machine and through no proxy.

    A hub with a public https address is behind a proxy. If the proxy is not declared, it may be on
    this machine and pass on requests of anybody, so no request counts as coming from here.
    """
    config = current_hub().config
    has_undeclared_proxy = config.public_url.startswith("https:") and not config.trusted_proxy
    if has_undeclared_proxy or not request.environ.get(client_address.IS_DIRECT):
        return False
    caller = client_address.parse(request.remote_addr or "")
    return isinstance(caller, ipaddress.IPv4Address | ipaddress.IPv6Address) and caller.is_loopback


def _build_text_response(
    text: str, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return a line of text."""
    return Response(text, status, headers, mimetype="text/plain")
