"""A stand-in for Autotask: its REST API, with strict checks of requests, and pages to act in it.

Start reading in `api`; `msp` has the lists that exist at the start.
"""

import json

from hub_autotask.sandbox import msp
from hub_autotask.sandbox.api import Api, call_of, find_route
from hub_autotask.sandbox.books import Books
from hub_autotask.sandbox.pages import Pages
from qbo_sandbox.kit import Clock, Faults, Harness, Journal


class StandIn:
    """The data, its WSGI application, and the settings to connect."""

    def __init__(self, journal, app=None, documents=None, clock=None, *, demo=False):
        self.clock = clock or Clock()
        self.books = Books(journal, self.clock, app, documents, demo)
        self.faults = Faults(
            {"no_patch": "this zone knows no PATCH, and answers `status` (404); a PUT does it"}
        )
        self._api = Api(self.books, self.clock)
        self._pages = Pages(self.books)
        pages = {
            "books": self._list_books,
            "do": self._do,
            "limit": self._api.limits.page,
        }
        self.wsgi = Harness(
            self._serve,
            clock=self.clock,
            faults=self.faults,
            call=call_of,
            shape=_shape_status,
            pages=pages,
        )

    def _serve(self, environ, start):
        """Answer a call of the API, or of a page."""
        zone = self.books.zone
        path = environ.get("PATH_INFO", "")
        if zone and path.startswith(f"{zone}/"):
            environ = {**environ, "PATH_INFO": path.removeprefix(zone)}
        elif zone and _is_api(environ) and find_route(environ)[0] != "zone":
            # A database that moved is unknown in its old zone.
            environ = {**environ, "HTTP_SECRET": ""}
        application = self._api if _is_api(environ) else self._pages
        return application(environ, start)

    def _list_books(self, method, body):
        """Answer /_sandbox/books: the rows of the entities that matter to tests."""
        entities = ("Invoices", "ExpenseReports", "PurchaseOrders", "Companies")
        return {entity: list(self.books.rows(entity).values()) for entity in entities}

    def _do(self, method, body):
        """Answer /_sandbox/do: any event, such as {"do": "put", "entity": …, "id": …}."""
        return {"done": self.books.do(body.pop("do"), **body)}

    @staticmethod
    def settings(url):
        """Return the settings to connect to the stand-in at this address."""
        return {
            "address": url.rstrip("/"),
            "username": msp.USER,
            "integration_code": msp.INTEGRATION_CODE,
            "secret": msp.SECRET,
        }


def open_sandbox(app, folder, documents, demo):
    """Return the stand-in, with its journal in the folder if there is one."""
    path = folder / "autotask.jsonl" if folder else None
    journal = Journal(path)
    return StandIn(journal, app, documents, demo=demo)


def _is_api(environ):
    """Return whether a request is one of the API, and not of a page."""
    path = environ.get("PATH_INFO", "")
    return path.lower().startswith("/atservicesrest/")


def _shape_status(status, environ):
    """Return the body of an injected status; empty if Autotask sends none."""
    if status == 401:
        return "text/html", b""
    return "application/json", json.dumps({"errors": ["The server is busy."]}).encode()
