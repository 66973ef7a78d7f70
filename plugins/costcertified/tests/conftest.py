"""An installation of CostCertified on its stand-in, as the hub would hand it to the plugin."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import requests
from hub_costcertified import APP, Settings, hub_documents
from hub_costcertified.sandbox import StandIn

from hub import Company, Site
from hub.testing.bench import URL, KeptSecrets, open_http
from hub.testing.clock import FakeClock
from hub.testing.openapi import checked
from qbo_sandbox.kit import Clock, Journal
from qbo_sandbox.kit.wsgi import mount

NOW = dt.datetime(2026, 3, 20, 8, 0, tzinfo=dt.UTC)
ACCOUNTS = {
    "income_account": "79",
    "bank_account": "35",
    "fee_account": "9",
    "holding_account": "36",
}
SECRETS = ("client_secret", "refresh_token", "webhook_secret")


class Bench:
    """The stand-in, the site that leads to it, and what happens there."""

    def __init__(self, documents=44, folder=None, country="US", **settings):
        journal = Journal(folder / "costcertified.jsonl" if folder else None)
        self.stand_in = StandIn(journal, documents, 1, Clock(NOW.timestamp(), frozen=True))
        self.books, self.do = self.stand_in.books, self.stand_in.books.do
        self.secrets, self.country = KeptSecrets(), country
        self.wsgi = checked(self.stand_in.wsgi, APP.assumed_api)
        self.browser = requests.Session()
        mount(self.browser, URL, self.wsgi)
        self.given = {**StandIn.settings(URL), **ACCOUNTS, **settings}
        self.set()

    def set(self, **changes):
        self.given |= changes
        loaded = Settings().load(self.given)
        self.secrets |= {name: loaded.pop(name) for name in SECRETS}
        self.settings = loaded

    def allow_undescribed_answers(self):
        """Let the stand-in send what its description does not allow, as a real CostCertified might."""
        self.wsgi = self.stand_in.wsgi

    @property
    def site(self):
        return Site(
            settings=self.settings, secrets=self.secrets, today=NOW.date(), zone=ZoneInfo("America/Denver"),
            http=open_http(APP, self.settings, self.wsgi, FakeClock(NOW)),
            company=Company(country=self.country, currency="USD"),
        )  # fmt: skip

    def collect(self, cursors=None, ids=()):
        return list(
            hub_documents(app="costcertified", site=self.site, cursors=cursors or {}, ids=list(ids))
        )

    def read(self, id):
        return self.collect(ids=[id])[0]

    def raw(self, words):
        return next(row for row in self.books.rows["invoices"].values() if row["case"] == words)

    def case(self, words):
        """What the hub reads of the invoice that shows a case."""
        return self.read(f"invoice:{self.raw(words)['id']}")

    def payment_of(self, words):
        """The id of what was paid on the invoice that shows a case."""
        return self.books.payments_of[self.raw(words)["id"]][0]

    def asked(self, call):
        """How often the stand-in heard a call."""
        return len(self.stand_in.wsgi.log.entries(call))

    def page(self, path, data=None, **what):
        """What a person sees at a path, or does there."""
        return self.browser.request(
            "GET" if data is None else "POST", URL + path, data=data, **what
        )


@pytest.fixture(scope="session")
def told():
    """A bench that is only read."""
    return Bench()


@pytest.fixture
def open_bench():
    """Opens a bench: documents, folder, country, settings by name."""
    return Bench


@pytest.fixture
def bench():
    return Bench()
