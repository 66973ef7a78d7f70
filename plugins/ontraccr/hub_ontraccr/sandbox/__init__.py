"""An Ontraccr to run against: its API, strict about what it is sent, and pages to drive it.

Start reading in `api`; `books` keeps the state of the company.
"""

from hub_ontraccr.client import RATE
from hub_ontraccr.sandbox import company, views
from hub_ontraccr.sandbox.api import Api
from hub_ontraccr.sandbox.books import Books
from hub_ontraccr.sandbox.calls import Calls
from hub_ontraccr.sandbox.pages import Pages
from qbo_sandbox import kit
from qbo_sandbox.kit import Journal, Limits, Tokens

TOKEN_SECONDS = 86400


class StandIn(kit.StandIn):
    """The company's books, the application that serves them, and the settings that lead there."""

    name = "Ontraccr"

    def __init__(self, journal, documents=None, seed=0, clock=None, *, demo=False):
        super().__init__(clock)
        self.books = Books(journal, self.clock, documents, seed, demo)
        tokens = Tokens(self.clock, {company.CLIENT: company.SECRET}, lifetime=TOKEN_SECONDS)
        limits = Limits.at_rate(self.clock, RATE)
        calls = Calls(self.books)
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
        """Return what an installation needs to reach a division at this address."""
        settings = {
            "client_id": company.CLIENT,
            "client_secret": company.SECRET,
            "division": division,
        }
        return {"base_url": url.rstrip("/"), **settings}


def open_sandbox(folder, documents, seed, demo):
    """Return the stand-in, with its journal in the folder if there is one."""
    path = folder / "ontraccr.jsonl" if folder else None
    journal = Journal(path)
    return StandIn(journal, documents, seed, demo=demo)
