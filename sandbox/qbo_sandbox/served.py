"""Serve a stand-in over HTTP in this process, for tests."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from qbo_sandbox.factory import QuickBooks, create
from qbo_sandbox.kit import Fault, Server
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.options import US, Options


class ServedQuickBooks:
    """A stand-in at a local address; `quickbooks` is the stand-in in this process."""

    def __init__(self, quickbooks: QuickBooks, url: str) -> None:
        self.quickbooks = quickbooks
        self.url = url
        self.client_id = quickbooks.client_id
        self.client_secret = quickbooks.client_secret
        self.webhook_verifier = quickbooks.webhook_verifier

    @property
    def api_url(self) -> str:
        """Return the base address of the accounting API, which takes the place of Intuit's."""
        return f"{self.url}/v3"

    @property
    def token_url(self) -> str:
        """Return the address that exchanges codes and refresh tokens for access tokens."""
        return f"{self.url}/oauth2/v1/tokens/bearer"

    @property
    def discovery_url(self) -> str:
        """Return the address of the discovery document, which names those of the sign-in."""
        return f"{self.url}/.well-known/openid_configuration"

    @property
    def realm(self) -> str:
        """Return the id of the first company."""
        return self.quickbooks.realm

    @property
    def access_token(self) -> str:
        """Return an access token that opens the first company now."""
        return self.quickbooks.token(self.realm)

    @property
    def refresh_token(self) -> str:
        """Return the refresh token that the first company was opened with."""
        return self.quickbooks.refresh_tokens[self.realm]

    def create(self, kind: str, **fields: Any) -> JsonObject:
        """Create an object in the first company as the API would, and return it as answered."""
        answer = self.quickbooks.ask("POST", kind.lower(), fields)
        if answer.status != 200:
            raise ValueError(f"QuickBooks refuses this {kind}: {answer.text}")
        entity: JsonObject = answer.json()[kind]
        return entity

    def select(self, query: str) -> JsonObject:
        """Return the QueryResponse of a query to the first company."""
        return self.quickbooks.select(query)

    def objects(self, kind: str) -> list[JsonObject]:
        """Return the objects of a kind in the first company, at most 1000 as in any query."""
        query = f"select * from {kind} maxresults 1000"  # noqa: S608 (a test's own words)
        rows: list[JsonObject] = self.select(query).get(kind, [])
        return rows

    def books(self, **filters: str) -> Any:
        """Return the whole ledger: objects, entries, balances; `realm` and `kind` filter it."""
        return self.quickbooks.books(**filters)

    def act(self, do: str, **details: Any) -> Any:
        """Do what a person does in QuickBooks: edit, delete, void, pay, create, close_books, …"""
        return self.quickbooks.act(do, **details)

    def open(self, profile: str, **options: Any) -> str:
        """Open one more company by the name of its profile, and return its realm."""
        return self.quickbooks.open(profile, **options)

    def switch(self, **switches: Any) -> None:
        """Choose behavior that Intuit leaves open: switch(requestid="refuse")."""
        self.quickbooks.switch(**switches)

    def add_fault(self, kind: str, call: str = "*", **options: Any) -> Fault:
        """Make a call go wrong: add_fault("lose_answer", "bill.create", nth=2)."""
        return self.quickbooks.add_fault(kind, call, **options)


@contextmanager
def serve_in_background(
    companies: Iterable[Options] = (US,), **switches: Any
) -> Iterator[ServedQuickBooks]:
    """Serve a new stand-in on a free port of this machine until the block ends."""
    quickbooks = create(companies=companies, **switches)
    with Server(quickbooks.wsgi) as server:
        yield ServedQuickBooks(quickbooks, server.url)
