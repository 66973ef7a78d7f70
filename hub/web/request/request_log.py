"""Give each request an id, and count and log it when its response is complete."""

import logging
import re
import secrets
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, request
from werkzeug.wsgi import ClosingIterator

from hub.context import get_hub
from hub.metrics import totals
from hub.telemetry import log_context
from hub.telemetry.counts import OTHER, WEB_REQUESTS, WEB_SECONDS
from hub.web.request.client_address import Proxies

HEADER, IN_ENVIRON = "X-Request-ID", "HTTP_X_REQUEST_ID"
REQUEST_ID = "hub.request_id"  # in the environment of WSGI, as the next two
ROUTE, BLUEPRINT = "hub.route", "hub.blueprint"
# What a proxy may name a request: an id, never a text that imitates other fields of a log.
ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE = "none"  # the route of addresses that do not exist
log = logging.getLogger("hub.web")


class RequestLog:
    """Wrap an application: the outermost part, so that nothing is answered without an id."""

    def __init__(self, wsgi: WSGIApplication, app: Flask, proxies: Proxies) -> None:
        """Wrap the application of a hub."""
        self._wsgi = wsgi
        self._app = app
        self._hub = get_hub(app)
        self._proxies = proxies

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Work on a request; log lines in between carry its id."""
        request_id = self._request_id(environ)
        environ[REQUEST_ID] = request_id
        before = log_context.current_fields()
        log_context.replace({"request_id": request_id})
        began = self._hub.clock.monotonic()
        status = ""

        def start_with_id(line: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            """Start the response with the id of the request."""
            nonlocal status
            status = line.partition(" ")[0]
            return start(line, [*headers, (HEADER, request_id)], *error)

        def end() -> None:
            """Count and log the request."""
            try:
                self._note(environ, status, self._hub.clock.monotonic() - began)
            finally:
                log_context.replace(before)

        try:
            body = self._wsgi(environ, start_with_id)
        except BaseException:
            log_context.replace(before)
            raise
        file_wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(file_wrapper, type) and isinstance(body, file_wrapper):
            end()  # servers send a file in one piece, but not one that is wrapped again
            return body
        return ClosingIterator(body, end)

    def _request_id(self, environ: WSGIEnvironment) -> str:
        """Return the id that a declared proxy gave the request, or a new one."""
        proposed_id: str = environ.get(IN_ENVIRON, "")
        is_proxy = self._proxies.is_proxy(environ.get("REMOTE_ADDR") or "")
        if is_proxy and ACCEPTED_ID.fullmatch(proposed_id):
            return proposed_id
        return secrets.token_hex(16)

    def _note(self, environ: WSGIEnvironment, status: str, seconds: float) -> None:
        """Count the request by its route; log it without its query, which may hold what is typed.

        What was counted is stored now and then, when the response is already on its way.
        """
        sent_method = environ.get("REQUEST_METHOD", "")
        method = sent_method if sent_method in METHODS else OTHER
        route = environ.get(ROUTE, NO_ROUTE)
        self._hub.counts.add(WEB_REQUESTS, route, method, status)
        self._hub.counts.observe(WEB_SECONDS, seconds, environ.get(BLUEPRINT, NO_ROUTE))
        if log.isEnabledFor(logging.INFO):
            path = environ.get("PATH_INFO", "").encode("latin-1", "replace")
            fields = {
                "method": method,
                "path": path.decode("utf-8", "replace")[:500],
                "route": route,
                "status": status,
                "seconds": round(seconds, 4),
                "client": environ.get("REMOTE_ADDR", ""),
            }
            log.info("Answered %s %s with %s", method, route, status, extra=fields)
        with self._app.app_context():
            totals.store_if_due()


def init_app(app: Flask) -> None:
    """Note the route of each request before anything can refuse it, and log all of them.

    Call this after everything else has wrapped the application.
    """
    app.before_request_funcs.setdefault(None, []).insert(0, _note_route)
    hub = get_hub(app)
    request_log = RequestLog(app.wsgi_app, app, Proxies(hub.config.trusted_proxy))
    app.wsgi_app = request_log  # type: ignore[method-assign, assignment]


def request_id() -> str:
    """Return the id of the request."""
    return str(request.environ.get(REQUEST_ID, ""))


def _note_route() -> None:
    """Note which route a request has, for what is counted after it."""
    if request.url_rule is not None:
        request.environ[ROUTE] = request.url_rule.rule
        request.environ[BLUEPRINT] = request.blueprint or "hub"
