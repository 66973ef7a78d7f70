"""An installation of CostTracker on its stand-in, as the hub would hand it to the plugin."""

import contextlib
import datetime as dt
import json
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import requests
from hub_costtracker import Settings, hub_documents, hub_records
from hub_costtracker.sandbox import StandIn

from hub import Company, NeedsAttention, Party, Record, Refused, Retry, Site
from hub.hookspecs import Secrets
from hub.sandboxing import Clock, Journal
from hub.wsgi import mount

NOW = dt.datetime(2026, 3, 20, 8, 0, tzinfo=dt.UTC)
URL = "http://costtracker.test/below"


class Kept(dict, Secrets):
    """Secrets in memory."""

    def lock(self):
        return contextlib.nullcontext()


class Reply:
    """An answer as the hub's client gives it."""

    def __init__(self, answer):
        self.status, self.headers, self.body = answer.status_code, answer.headers, answer.content

    def json(self):
        return json.loads(self.body, parse_float=Decimal)

    def check(self):
        if self.status in (401, 403):
            raise NeedsAttention(f"CostTracker answered {self.status}: {self.body.decode()}")
        if self.status >= 400:
            raise Refused(f"CostTracker answered {self.status}: {self.body.decode()}")
        return self


class Http:
    """Calls the stand-in without a socket; keeps what was called."""

    def __init__(self, wsgi):
        self.session, self.calls = requests.Session(), []
        mount(self.session, URL, wsgi)

    def request(self, method, url, *, json=None, **what):
        body = {} if json is None else {"data": dumped(json), "headers": {"Content-Type": "application/json"}}
        headers = {**what.pop("headers", {}), **body.pop("headers", {})}
        answer = self.session.request(method, url, headers=headers, **{**what, **body})
        self.calls.append((method, url.removeprefix(URL), answer.status_code))
        if answer.status_code == 429 or answer.status_code >= 500:
            raise Retry("CostTracker is busy.", float(answer.headers.get("Retry-After", 0)))
        return Reply(answer)


def dumped(value):
    return json.dumps(value, default=float)


def records():
    """The lists of a small Norwegian company, by field."""
    return {
        "supplier": [_vendor(id, "NOK") for id in range(50, 70)] + [_vendor(80, "EUR"), _vendor(81, "SEK")],
        "account": [
            Record(id="33", name="Leverandørgjeld", number="2400", type="Accounts Payable"),
            *(
                Record(id=str(id), name=f"Varekost {id}", number=f"4{id}", type="Cost of Goods Sold")
                for id in range(60, 64)
            ),
            *(Record(id=str(id), name=f"Drift {id}", number=f"6{id}", type="Expense") for id in range(64, 72)),
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
    return Record(id=str(id), name=f"Vendor {id}", party=Party(name=f"Vendor {id}", currency=currency))


def _tax(id, rate):
    return Record(id=id, name=f"MVA {rate}", rate=rate, use="purchase")


class Bench:
    """The stand-in, and the site that leads to it."""

    def __init__(self, documents=150, folder=None, **settings):
        self.stand_in = StandIn(
            Journal(folder / "costtracker.jsonl" if folder else None), documents, 1, Clock(NOW.timestamp(), frozen=True)
        )
        self.secrets = Kept()
        self.http = Http(self.stand_in.wsgi)
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
            http=self.http,
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

    def collect(self, cursors=None, ids=()):
        return list(hub_documents(app="costtracker", site=self.site, cursors=cursors or {}, ids=list(ids)))

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
