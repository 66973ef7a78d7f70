"""An installation of CostTracker on its stand-in, as the hub would hand it to the plugin."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import requests
from hub_costtracker import APP, Settings, hub_documents, hub_records
from hub_costtracker.sandbox import StandIn

from hub import Company, Party, Record, Site
from hub.testing.bench import URL, KeptSecrets, open_http
from hub.testing.clock import FakeClock
from hub.testing.openapi import checked
from qbo_sandbox.kit import Clock, Journal
from qbo_sandbox.kit.wsgi import mount

NOW = dt.datetime(2026, 3, 20, 8, 0, tzinfo=dt.UTC)


def records():
    """The lists of a small Norwegian company, by field."""
    return {
        "supplier": [_vendor(id, "NOK") for id in range(50, 70)]
        + [_vendor(80, "EUR"), _vendor(81, "SEK")],
        "account": [
            Record(id="33", name="Leverandørgjeld", number="2400", type="Accounts Payable"),
            *(
                Record(
                    id=str(id), name=f"Varekost {id}", number=f"4{id}", type="Cost of Goods Sold"
                )
                for id in range(60, 64)
            ),
            *(
                Record(id=str(id), name=f"Drift {id}", number=f"6{id}", type="Expense")
                for id in range(64, 72)
            ),
        ],
        "tax_code": [_tax("5", "25"), _tax("6", "15"), _tax("7", "0")],
        "location": [Record(id="1", name="Oslo"), Record(id="2", name="Hamar")],
        "class": [Record(id=f"c{n}", name=f"Class {n}") for n in range(4)],
        "customer": [
            Record(id="90", name="Client"),
            *(Record(id=f"9{n}", name=f"Job {n}", parent="90") for n in range(1, 6)),
        ],
    }


def _vendor(id, currency):
    return Record(
        id=str(id), name=f"Vendor {id}", party=Party(name=f"Vendor {id}", currency=currency)
    )


def _tax(id, rate):
    return Record(id=id, name=f"MVA {rate}", rate=rate, use="purchase")


class Bench:
    """The stand-in, and the site that leads to it."""

    def __init__(self, documents=150, folder=None, **settings):
        self.stand_in = StandIn(
            Journal(folder / "costtracker.jsonl" if folder else None),
            documents,
            1,
            Clock(NOW.timestamp(), frozen=True),
        )
        self.wsgi = checked(self.stand_in.wsgi, APP.assumed_api)
        self.secrets = KeptSecrets()
        self.browser = requests.Session()
        mount(self.browser, URL, self.wsgi)
        self.set(**settings)

    @property
    def books(self):
        return self.stand_in.books

    def set(self, **changes):
        given = {**StandIn.settings(URL), "payable_account": "33", **changes}
        loaded = Settings().load(given)
        self.secrets |= {name: loaded.pop(name) for name in ("client_secret", "webhook_secret")}
        self.site = Site(
            settings=loaded,
            secrets=self.secrets,
            http=open_http(APP, loaded, self.wsgi, FakeClock(NOW)),
            company=Company(country="NO", currency="NOK"),
            zone=ZoneInfo("Europe/Oslo"),
            today=NOW.date(),
        )

    def push(self, **lists):
        """Pushes the company's lists, as the hub's first download does."""
        return {
            field: hub_records(app="costtracker", site=self.site, field=field, records=entries)
            for field, entries in (records() | lists).items()
        }

    def asked(self, call):
        """How often the stand-in heard a call."""
        return len(self.stand_in.wsgi.log.entries(call))

    def collect(self, cursors=None, ids=()):
        return list(
            hub_documents(app="costtracker", site=self.site, cursors=cursors or {}, ids=list(ids))
        )

    def case(self, words):
        """What the hub reads of the invoice that shows a case."""
        raw = self.raw(words)
        return self.collect(ids=[f"invoice:{raw['id']}"])[0]

    def raw(self, words):
        return next(raw for raw in self.books.invoices.values() if raw["case"] == words)


@pytest.fixture
def open_bench():
    """Opens a bench: documents, folder, settings by name."""
    return Bench


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def connected():
    """A bench whose lists were pushed."""
    ready = Bench()
    ready.push()
    return ready
