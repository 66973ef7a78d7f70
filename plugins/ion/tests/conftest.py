"""An installation of ION on its stand-in, as the hub would hand it to the plugin."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import requests
from hub_ion import APP, Settings, hub_documents
from hub_ion.client import Ion
from hub_ion.sandbox import StandIn

from hub import Company, Site
from hub.testing.bench import URL, KeptSecrets, open_http
from hub.testing.clock import FakeClock
from qbo_sandbox.kit import Clock, Journal
from qbo_sandbox.kit.wsgi import mount

NOW = dt.datetime(2026, 3, 20, 8, 0, tzinfo=dt.UTC)
ACCOUNTS = {
    "payable_account": "33",
    "income_account": "79",
    "asset_account": "81",
    "expense_account": "80",
}


class Bench:
    """The stand-in, the site that leads to it, and what a person does there."""

    def __init__(self, documents=29, folder=None, environment="production", **settings):
        journal = Journal(folder / "ion.jsonl" if folder else None)
        self.stand_in = StandIn(journal, documents, 1, Clock(NOW.timestamp(), frozen=True))
        self.books, self.changes = self.stand_in.books, self.stand_in.changes
        self.secrets, self.start, self.today = KeptSecrets(), None, NOW.date()
        self.browser = requests.Session()
        mount(self.browser, URL, self.stand_in.wsgi)
        self.given = {**StandIn.settings(URL, environment), **ACCOUNTS, **settings}
        self.set()

    def set(self, **changes):
        self.given |= changes
        loaded = Settings().load(self.given)
        self.secrets["client_secret"] = loaded.pop("client_secret")
        self.settings = loaded

    @property
    def site(self):
        return Site(
            settings=self.settings, secrets=self.secrets, start=self.start, today=self.today,
            http=open_http(APP, self.settings, self.stand_in.wsgi, FakeClock(NOW)), webhook_url="https://hub.example/w",
            company=Company(country="US", currency="USD"), zone=ZoneInfo("America/Los_Angeles"),
        )  # fmt: skip

    def sign_in(self):
        """Gets a token, as every first call does."""
        Ion(self.site).organization()

    def collect(self, cursors=None, ids=()):
        return list(hub_documents(app="ion", site=self.site, cursors=cursors or {}, ids=list(ids)))

    def raw(self, words):
        return next(row for row in self.books.rows("orders") if row.get("case") == words)

    def case(self, words):
        """What the hub reads of the order that shows a case."""
        return self.collect(ids=[f"order:{self.raw(words)['id']}"])[0]

    def part(self, number):
        """What the hub reads of a part."""
        row = next(row for row in self.books.rows("parts") if row["partNumber"] == number)
        return self.collect(ids=[f"part:{row['id']}"])[0]

    def move(self, words, *statuses):
        """Takes an order through statuses; returns it."""
        for status in statuses:
            order = self.raw(words)
            self.changes.updatePurchaseOrder(
                {"id": order["id"], "etag": order["_etag"], "status": status}
            )
        return self.raw(words)

    def ask(self, query, **variables):
        """The API as any client sees it."""
        token = self.secrets["access_token"].split()[1] if "access_token" in self.secrets else ""
        body = {"query": query, "variables": variables}
        return self.browser.post(f"{URL}/graphql", json=body, headers={"Authorization": token})

    def fault(self, kind, **rule):
        assert self.browser.post(f"{URL}/_sandbox/faults", json={"kind": kind, **rule}).ok

    def asked(self, call):
        """How often the stand-in heard a call."""
        return len(self.stand_in.wsgi.log.entries(call))


@pytest.fixture
def open_bench():
    """Opens a bench: documents, folder, environment, settings by name."""
    return Bench


@pytest.fixture
def bench():
    return Bench()
