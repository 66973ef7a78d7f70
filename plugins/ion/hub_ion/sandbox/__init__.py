"""A stand-in for ION: its GraphQL API, with strict checks of requests, and pages to act in it.

Start reading in `api`; `graph` resolves the fields of the schema.
"""

import json

from hub_ion.sandbox import api
from hub_ion.sandbox.books import Books
from hub_ion.sandbox.changes import Changes
from hub_ion.sandbox.pages import Pages
from hub_ion.sandbox.webhooks import Webhooks
from qbo_sandbox.kit import Clock, Faults, Harness, Journal

ERROR_MESSAGES = {
    401: "The access token is missing, unknown or expired.",
    403: "This key may not do that.",
    409: "The row has been updated since the etag was read.",
    422: "The data breaks a rule.",
    429: "Too many requests.",
    503: "ION is being updated.",
}


class StandIn:
    """The data of the organization, its WSGI application, and the settings to connect."""

    def __init__(self, journal, documents=None, seed=0, clock=None, *, demo=False):
        self.clock = clock or Clock()
        self.books = Books(journal, self.clock, documents, seed, demo)
        self.changes = Changes(self.books)
        self.calls = Webhooks(self.books, api.ORGANIZATIONS["production"]["id"])
        self.faults = Faults(api.GRAPHQL_FAULTS, options=("message", "type", "id"))
        self._api = api.Api(self.books, self.clock)
        self._pages = Pages(self.books, self.changes, self.calls)
        pages = {
            "books": self._list_books,
            "webhooks": self.calls.page,
            "limit": self._api.limit.page,
            "schema": self._api.schema_page,
        }
        self.wsgi = Harness(
            self._serve,
            clock=self.clock,
            faults=self.faults,
            call=_call,
            shape=_shape_error,
            pages=pages,
        )

    def _serve(self, environ, start):
        """Answer a call of the API, or of a page."""
        application = self._api if api.find_operation(environ) else self._pages
        return application(environ, start)

    def _list_books(self, method, body):
        """Answer /_sandbox/books: the rows of all tables."""
        return {name: self.books.rows(name) for name in self.books.tables}

    @staticmethod
    def settings(url, environment="production"):
        """Return the settings with which an installation reaches the stand-in at this address."""
        base = url.rstrip("/") + ("/staging" if environment == "sandbox" else "")
        client, secret = next(iter(api.API_KEYS[environment].items()))
        return {
            "environment": "custom",
            "api_url": f"{base}/graphql",
            "token_url": f"{base}/realms/api-keys/protocol/openid-connect/token",
            "client_id": client,
            "client_secret": secret,
        }


def open_sandbox(folder, documents, seed, demo):
    """Return the stand-in, with its journal in the folder if there is one."""
    path = folder / "ion.jsonl" if folder else None
    journal = Journal(path)
    return StandIn(journal, documents, seed, demo=demo)


def settings(url):
    """Return the settings that reach the stand-in and post everything; fees need an account."""
    return {**StandIn.settings(url), "fee_account": "Cost of Goods Sold"}


def _call(environ):
    """Return the call's name, for faults and the log: an operation, `token`, or `page`."""
    return api.find_operation(environ) or "page"


def _shape_error(status, environ):
    """Return the media type and the body of an answer that only reports an error."""
    message = ERROR_MESSAGES.get(status, "Something went wrong in ION.")
    body = json.dumps({"errors": [{"message": message}]})
    return "application/json", body.encode()
