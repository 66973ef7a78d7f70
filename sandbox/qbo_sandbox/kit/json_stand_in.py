"""A stand-in of a source with a strict JSON API: one application of API, pages and control."""

import json
from collections.abc import Iterable, Mapping
from typing import ClassVar
from wsgiref.types import StartResponse, WSGIEnvironment

from qbo_sandbox.kit.api import Api
from qbo_sandbox.kit.clock import Clock
from qbo_sandbox.kit.faults import Faults
from qbo_sandbox.kit.harness import Harness, Page
from qbo_sandbox.kit.pages import Pages
from qbo_sandbox.kit.webhook_sender import WebhookSender

ERRORS_BY_STATUS = {
    401: ("unauthorized", "The bearer token is missing, unknown or expired."),
    409: ("stale", "Something newer is already known."),
    422: ("invalid", "The data is not as agreed."),
    429: ("too_many_requests", "Too many requests; wait."),
}


class StandIn:
    """A subclass makes its books, and ends its `__init__` with `open`."""

    name: ClassVar[str]

    def __init__(self, clock: Clock | None) -> None:
        self.clock = clock or Clock()
        self.faults = Faults()

    def open(self, api: Api, pages: Pages, calls: WebhookSender, doors: Mapping[str, Page]) -> None:
        """Build `wsgi` from the API, the pages for people, and the control pages, `doors`."""
        self.api = api
        self.pages = pages
        self.calls = calls
        self.limits = api.limits
        every = {"limit": self.limits.page, "webhooks": calls.page, **doors}
        self.wsgi = Harness(
            self._serve,
            clock=self.clock,
            faults=self.faults,
            call=self._call,
            shape=self._shape,
            pages=every,
        )

    def _serve(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a call of the API, or a page for people."""
        is_api = environ.get("PATH_INFO", "").startswith(("/v1/", "/oauth/"))
        application = self.api if is_api else self.pages
        return application(environ, start)

    def _call(self, environ: WSGIEnvironment) -> str:
        """Return the call's name, for faults and the log; `page` for pages."""
        return self.api.call(environ) or "page"

    def _shape(self, status: int, environ: WSGIEnvironment) -> tuple[str, bytes]:
        """Return the content type and the body of an error."""
        if status in ERRORS_BY_STATUS:
            code, message = ERRORS_BY_STATUS[status]
        elif status == 503:
            code = "unavailable"
            message = f"{self.name} is being updated."
        else:
            code = "internal"
            message = f"Something went wrong in {self.name}."
        problem = {"code": code, "message": message, "field": None}
        return "application/json", json.dumps(problem).encode()
