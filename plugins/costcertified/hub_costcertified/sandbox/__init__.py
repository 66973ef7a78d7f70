"""A stand-in for CostCertified: its API, with strict checks of requests, and pages to act in it.

Start reading in `api`; `acts` has the events of the account.
"""

from hub_costcertified.client import RATE_LIMIT
from hub_costcertified.sandbox import company
from hub_costcertified.sandbox.api import Api
from hub_costcertified.sandbox.books import LIST_NAMES, Books
from hub_costcertified.sandbox.pages import Pages
from hub_costcertified.sandbox.webhooks import Webhooks
from qbo_sandbox import kit
from qbo_sandbox.kit import Journal, Limits, Tokens

TOKEN_SECONDS = 3600


class StandIn(kit.StandIn):
    """The data of the account, its WSGI application, and the settings to connect."""

    name = "CostCertified"

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
        """Answer /_sandbox/books: the rows of all lists, and the statuses."""
        answer = {"statuses": self.books.statuses}
        for list_name in LIST_NAMES:
            answer[list_name] = [self.books.row(list_name, id) for id in self.books.rows[list_name]]
        return answer

    def _do(self, method, body):
        """Answer /_sandbox/do: any act, such as {"do": "settle", "payment": "p3"}."""
        return {"done": self.books.do(body.pop("do"), **body)}

    @staticmethod
    def settings(url):
        """Return the settings to connect to the stand-in at this address."""
        return {
            "base_url": url.rstrip("/"),
            "client_id": company.CLIENT_ID,
            "client_secret": company.CLIENT_SECRET,
            "refresh_token": company.REFRESH_TOKEN,
            "webhook_secret": company.WEBHOOK_SECRET,
        }


def open_sandbox(folder, documents, seed, demo):
    """Return the stand-in, with its journal in the folder if there is one."""
    path = folder / "costcertified.jsonl" if folder else None
    journal = Journal(path)
    return StandIn(journal, documents, seed, demo=demo)
