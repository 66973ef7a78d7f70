"""An installation of each Autotask app on the stand-in, as the hub would hand it to the plugin."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import requests
from hub_autotask import MODULES, hub_check, hub_codes, hub_documents, hub_report
from hub_autotask.sandbox import StandIn

from hub import Company, Receipt, Site
from hub.testing.bench import URL, KeptSecrets, open_http
from hub.testing.clock import FakeClock
from qbo_sandbox.kit import Clock, Journal, ask
from qbo_sandbox.kit.wsgi import mount

NOW = dt.datetime(2026, 3, 20, 15, 0, tzinfo=dt.UTC)
NEEDED = {
    "autotask-invoices": {"income_account": "1"},
    "autotask-expenses": {"payable_account": "33"},
    "autotask-purchase-orders": {
        "payable_account": "33",
        "expense_account": "80",
        "income_account": "1",
    },
}
ENTITIES = {
    "autotask-invoices": "Invoices",
    "autotask-expenses": "ExpenseReports",
    "autotask-purchase-orders": "PurchaseOrders",
}


class Bench:
    """The stand-in, and the site of one app that leads to it."""

    def __init__(self, app, documents=None, folder=None, company=None, **settings):
        self.app, self.module = f"autotask-{app}", MODULES[f"autotask-{app}"]
        self.entity = ENTITIES[self.app]
        journal = Journal(folder / "autotask.jsonl" if folder else None)
        self.stand_in = StandIn(journal, self.app, documents, Clock(NOW.timestamp(), frozen=True))
        self.browser = requests.Session()
        mount(self.browser, URL, self.stand_in.wsgi)
        self.company, self.secrets = company or Company(country="US", currency="USD"), KeptSecrets()
        self.set(**settings)

    @property
    def books(self):
        return self.stand_in.books

    def set(self, **changes):
        loaded = self.module.APP.settings().load(
            {**StandIn.settings(URL), **NEEDED[self.app], **changes}
        )
        self.secrets["secret"] = loaded.pop("secret")
        self.site = Site(
            settings=loaded,
            secrets=self.secrets,
            http=open_http(self.module.APP, loaded, self.stand_in.wsgi, FakeClock(NOW)),
            company=self.company,
            zone=ZoneInfo("America/New_York"),
            today=NOW.date(),
        )

    def check(self):
        return hub_check(app=self.app, site=self.site)

    def codes(self, field):
        return hub_codes(app=self.app, site=self.site, field=field)

    def collect(self, cursor=None, ids=()):
        cursors = {"": cursor} if cursor else {}
        return list(hub_documents(app=self.app, site=self.site, cursors=cursors, ids=list(ids)))

    def polled(self, cursor=None):
        """(what one poll brings by the case it shows, the cursor after it)."""
        found = self.collect(cursor)
        named = {self.case_of(item): item for item in found if hasattr(item, "source_id")}
        return named, found[-1].cursor

    def case_of(self, item):
        return self.books.cases.get(
            (self.entity, int(item.source_id.rpartition(":")[2])), item.source_id
        )

    def id(self, words):
        """The id of the row that shows a case."""
        return next(
            id
            for (entity, id), name in self.books.cases.items()
            if (entity, name) == (self.entity, words)
        )

    def case(self, words):
        """What the hub reads of the row that shows a case."""
        return self.collect(ids=[f"{self._prefix()}{self.id(words)}"])[0]

    def _prefix(self):
        return {"Invoices": "invoice:", "ExpenseReports": "expense_report:"}.get(
            self.entity, "purchase_order:"
        )

    def row(self, words):
        return self.books.rows(self.entity)[self.id(words)]

    def put(self, words, **fields):
        self.books.do("put", entity=self.entity, id=self.id(words), fields=fields)

    def report(self, document, state, **more):
        hub_report(
            app=self.app,
            site=self.site,
            document=document,
            receipt=Receipt(state=state, at=NOW, **more),
        )

    def call(self, method, path, body=None, **headers):
        """A call to the API with the right credentials, past the plugin."""
        known = dict(
            zip(("apiintegrationcode", "username", "secret"), self.books.credentials, strict=True)
        )
        target = f"/ATServicesRest/V1.0/{path}"
        return ask(
            self.stand_in.wsgi,
            method,
            target,
            body,
            content_type="application/json",
            **known | headers,
        )

    def asked(self, call="*"):
        """How often the stand-in heard a call."""
        return len(self.stand_in.wsgi.log.entries(call))


@pytest.fixture
def open_bench():
    """Opens a bench: app, documents, folder, settings by name."""
    return Bench


@pytest.fixture
def invoices():
    return Bench("invoices")


@pytest.fixture
def expenses():
    return Bench("expenses")


@pytest.fixture
def orders():
    return Bench("purchase-orders")
