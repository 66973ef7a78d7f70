"""A stand-in for CostTracker: its API, with strict checks of requests, and pages to act in it.

Start reading in `api`; `books` keeps the state of the account.
"""

from hub_costtracker.client import RATE_LIMIT
from hub_costtracker.sandbox import company
from hub_costtracker.sandbox.api import Api
from hub_costtracker.sandbox.books import Books
from hub_costtracker.sandbox.pages import Pages
from hub_costtracker.sandbox.webhooks import Webhooks
from qbo_sandbox import kit
from qbo_sandbox.kit import Journal, Limits, Tokens

TOKEN_SECONDS = 86400


class StandIn(kit.StandIn):
    """The data of the account, its WSGI application, and the settings to connect."""

    name = "CostTracker"

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
        self.open(api, pages, calls, {"books": self._list_books, "do": self._do})

    def _list_books(self, method, body):
        """Answer /_sandbox/books: invoices, statuses, pushed lists and edits of suppliers."""
        return {
            "invoices": [self.books.invoice(id) for id in self.books.invoices],
            "statuses": self.books.statuses,
            "lists": self.books.lists.pushed,
            "suppliers": list(self.books.edits.values()),
        }

    def _do(self, method, body):
        """Answer /_sandbox/do: any act, such as {"do": "delete", "invoice": "1001"}."""
        return {"done": self.books.do(body.pop("do"), **body)}

    @staticmethod
    def settings(url):
        """Return the settings to connect to the stand-in at this address."""
        credentials = {
            "client_id": company.CLIENT_ID,
            "client_secret": company.CLIENT_SECRET,
            "webhook_secret": company.WEBHOOK_SECRET,
        }
        return {"base_url": url.rstrip("/"), **credentials}


def open_sandbox(folder, documents, seed, demo):
    """Return the stand-in, with its journal in the folder if there is one."""
    path = folder / "costtracker.jsonl" if folder else None
    journal = Journal(path)
    return StandIn(journal, documents, seed, demo=demo)
