"""A CostTracker to run against: its API, strict about what it is sent, and a page to drive it."""

import json

from hub.sandboxing import Clock, Faults, Harness, Journal, Tokens
from hub_costtracker.sandbox import api, company
from hub_costtracker.sandbox.books import Books
from hub_costtracker.sandbox.calls import Calls
from hub_costtracker.sandbox.pages import Pages

PROBLEMS = {
    401: ("unauthorized", "The bearer token is missing, unknown or expired."),
    409: ("stale", "Something newer is already known."),
    422: ("invalid", "The data is not as agreed."),
    429: ("too_many_requests", "Too many requests; wait."),
    503: ("unavailable", "CostTracker is being updated."),
}


class StandIn:
    """The account's books, the application that serves them, and the settings that lead there."""

    def __init__(self, journal, documents=None, seed=0, clock=None):
        self.clock = clock or Clock()
        self.books = Books(journal, self.clock, documents, seed)
        self.faults = Faults()
        tokens = Tokens(self.clock, {company.CLIENT: company.SECRET}, lifetime=api.LIFETIME)
        self._api, self._pages = api.Api(self.books, tokens), Pages(self.books, Calls(self.books))
        pages = {"books": self._told}
        self.wsgi = Harness(self._serve, clock=self.clock, faults=self.faults, call=_call, shape=_shape, pages=pages)

    def _serve(self, environ, start):
        is_api = environ.get("PATH_INFO", "").startswith(("/v1/", "/oauth/"))
        return (self._api if is_api else self._pages)(environ, start)

    def _told(self, method, body):
        return {
            "invoices": [self.books.invoice(id) for id in self.books.invoices],
            "statuses": self.books.statuses,
            "lists": self.books.lists.pushed,
            "suppliers": list(self.books.edits.values()),
        }

    @staticmethod
    def settings(url):
        """What an installation needs to reach the stand-in at this address."""
        known = {"client_id": company.CLIENT, "client_secret": company.SECRET, "webhook_secret": company.WEBHOOK_SECRET}
        return {"base_url": url.rstrip("/"), **known}


def open_sandbox(folder, documents, seed):
    """The stand-in, with its journal in the folder if there is one."""
    return StandIn(Journal(folder / "costtracker.jsonl" if folder else None), documents, seed)


def _call(environ):
    """The call's name, for faults and the log: `invoices`, `status`, `push`, …; `page` for what people look at."""
    return api.route(environ)[0] or "page"


def _shape(status, environ):
    code, message = PROBLEMS.get(status, ("internal", "Something went wrong in CostTracker."))
    return "application/json", json.dumps({"code": code, "message": message, "field": None}).encode()
