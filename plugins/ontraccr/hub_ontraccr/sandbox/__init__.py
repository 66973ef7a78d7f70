"""An Ontraccr to run against: its API, strict about what it is sent, and pages to drive it."""

import json

from hub.sandboxing import Clock, Faults, Harness, Journal, Tokens
from hub_ontraccr.sandbox import api, company, views
from hub_ontraccr.sandbox.books import Books
from hub_ontraccr.sandbox.calls import Calls
from hub_ontraccr.sandbox.limits import Limits
from hub_ontraccr.sandbox.pages import Pages

PROBLEMS = {
    401: ("unauthorized", "The bearer token is missing, unknown or expired."),
    409: ("stale", "Something newer is already known."),
    422: ("invalid", "The data is not as agreed."),
    429: ("too_many_requests", "Too many requests; wait."),
    503: ("unavailable", "Ontraccr is being updated."),
}


class StandIn:
    """The company's books, the application that serves them, and the settings that lead there."""

    def __init__(self, journal, documents=None, seed=0, clock=None):
        self.clock = clock or Clock()
        self.books = Books(journal, self.clock, documents, seed)
        self.calls, self.limits, self.faults = Calls(self.books), Limits(self.clock), Faults()
        tokens = Tokens(self.clock, {company.CLIENT: company.SECRET}, lifetime=api.LIFETIME)
        self._api, self._pages = api.Api(self.books, tokens, self.limits), Pages(self.books, self.calls)
        pages = {"books": self._told, "limit": self.limits.page, "webhooks": self.calls.page}
        self.wsgi = Harness(self._serve, clock=self.clock, faults=self.faults, call=_call, shape=_shape, pages=pages)

    def _serve(self, environ, start):
        is_api = environ.get("PATH_INFO", "").startswith(("/v1/", "/oauth/"))
        return (self._api if is_api else self._pages)(environ, start)

    def _told(self, method, body):
        return {
            "payables": [views.payable(self.books, row) for row in self.books.payables.values()],
            "statuses": self.books.statuses,
            "profiles": {kind: list(rows.values()) for kind, rows in self.books.profiles.rows.items()},
        }

    @staticmethod
    def settings(url, division=company.WEST):
        """What an installation needs to reach a division of the stand-in at this address."""
        known = {"client_id": company.CLIENT, "client_secret": company.SECRET, "division": division}
        return {"base_url": url.rstrip("/"), **known}


def open_sandbox(folder, documents, seed):
    """The stand-in, with its journal in the folder if there is one."""
    return StandIn(Journal(folder / "ontraccr.jsonl" if folder else None), documents, seed)


def _call(environ):
    """The call's name, for faults and the log: `payables`, `status`, `import`, …; `page` for what people look at."""
    return api.route(environ)[0] or "page"


def _shape(status, environ):
    code, message = PROBLEMS.get(status, ("internal", "Something went wrong in Ontraccr."))
    return "application/json", json.dumps({"code": code, "message": message, "field": None}).encode()
