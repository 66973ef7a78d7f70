"""A stand-in for Ontraccr: its API, with strict checks of requests, and pages to act in it.

Start reading in `api`; `books` keeps the state of the company.
"""

from hub_ontraccr.client import RATE_LIMIT
from hub_ontraccr.sandbox import company, views
from hub_ontraccr.sandbox.api import Api
from hub_ontraccr.sandbox.books import Books
from hub_ontraccr.sandbox.pages import Pages
from hub_ontraccr.sandbox.webhooks import Webhooks
from qbo_sandbox import kit
from qbo_sandbox.kit import Journal, Limits, Tokens

TOKEN_SECONDS = 86400


class StandIn(kit.StandIn):
    """The data of the company, its WSGI application, and the settings to connect."""

    name = "Ontraccr"

    def __init__(self, journal, documents=None, seed=0, clock=None, *, demo=False):
        super().__init__(clock)
        self.books = Books(journal, self.clock, documents, seed, demo)
        tokens = Tokens(
            self.clock, {company.CLIENT_ID: company.CLIENT_SECRET}, lifetime=TOKEN_SECONDS
        )
        limits = Limits.at_rate(self.clock, RATE_LIMIT)
        calls = Webhooks(self.books)
        api = Api(self.books, tokens, limits)
        pages = Pages(self.books, calls)
        self.open(api, pages, calls, {"books": self._list_books})

    def _list_books(self, method, body):
        """Answer /_sandbox/books: payables, statuses and profiles."""
        return {
            "payables": [views.payable(self.books, row) for row in self.books.payables.values()],
            "statuses": self.books.statuses,
            "profiles": {
                kind: list(rows.values()) for kind, rows in self.books.profiles.rows.items()
            },
        }

    @staticmethod
    def settings(url, division=company.WEST):
        """Return the settings to connect a division to the stand-in at this address."""
        settings = {
            "client_id": company.CLIENT_ID,
            "client_secret": company.CLIENT_SECRET,
            "division": division,
        }
        return {"base_url": url.rstrip("/"), **settings}


def open_sandbox(folder, documents, seed, demo):
    """Return the stand-in, with its journal in the folder if there is one."""
    path = folder / "ontraccr.jsonl" if folder else None
    journal = Journal(path)
    return StandIn(journal, documents, seed, demo=demo)
