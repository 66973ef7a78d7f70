"""An installation of Ontraccr on its stand-in, as the hub would hand it to the plugin."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import requests
from hub_ontraccr import APP, Settings, hub_documents, hub_records
from hub_ontraccr.sandbox import StandIn

from hub import Company, Party, Record, Site
from hub.testing.bench import URL, KeptSecrets, open_http
from hub.testing.clock import FakeClock
from hub.testing.openapi import checked
from qbo_sandbox.kit import Clock, Journal
from qbo_sandbox.kit.wsgi import mount

NOW = dt.datetime(2026, 3, 20, 8, 0, tzinfo=dt.UTC)


def records():
    """The lists of a small American company, by field."""
    return {
        "vendor": [_vendor(n) for n in range(50, 60)],
        "project": [
            Record(id="90", name="Client"),
            *(
                Record(id=f"9{n}", name=f"Job {n}", full_name=f"Client:Job {n}", parent="90")
                for n in range(1, 7)
            ),
        ],
        "cost_code": [
            *(
                Record(id=str(n), name=f"Item {n}", number=f"S{n}", type="Service", use="both")
                for n in range(10, 18)
            ),
            Record(id="19", name="Sold only", type="Service", use="sales"),
        ],
        "purchase_account": [
            Record(id="35", name="Checking", type="Bank"),
            Record(id="41", name="Mastercard", type="Credit Card"),
            Record(id="43", name="Old card", type="Credit Card", active=False),
        ],
        "class": [Record(id="c1", name="Commercial"), Record(id="c2", name="Residential")],
        "tax_code": [
            Record(id="5", name="GST", use="both"),
            Record(id="6", name="GST on sales", use="sales"),
        ],
    }


def _vendor(id):
    return Record(id=str(id), name=f"Vendor {id}", party=Party(name=f"Vendor {id}", currency="USD"))


class Bench:
    """The stand-in, and the site that leads to it."""

    records = staticmethod(records)

    def __init__(self, documents=68, folder=None, **settings):
        journal = Journal(folder / "ontraccr.jsonl" if folder else None)
        self.stand_in = StandIn(journal, documents, 1, Clock(NOW.timestamp(), frozen=True))
        self.books, self.secrets = self.stand_in.books, KeptSecrets()
        self.wsgi = checked(self.stand_in.wsgi, APP.assumed_api)
        self.browser = requests.Session()
        mount(self.browser, URL, self.wsgi)
        self.set(**settings)

    def set(self, **changes):
        loaded = Settings().load({**StandIn.settings(URL), "purchase_account": "35", **changes})
        self.secrets["client_secret"] = loaded.pop("client_secret")
        self.site = Site(
            settings=loaded, secrets=self.secrets, http=open_http(APP, loaded, self.wsgi, FakeClock(NOW)),
            company=Company(country="US", currency="USD"), zone=ZoneInfo("America/Vancouver"), today=NOW.date(),
            webhook_url="http://127.0.0.1:9/none",
        )  # fmt: skip

    def allow_undescribed_answers(self):
        """Let the stand-in send what its description does not allow, as a real Ontraccr might."""
        self.wsgi = self.stand_in.wsgi
        self.set()

    def push(self, **lists):
        """Brings the company's lists into Ontraccr, as the hub's first download does; what came back, by field."""
        return {
            field: {code.id: code.quickbooks_id for code in self.push_one(field, entries)}
            for field, entries in (records() | lists).items()
        }

    def push_one(self, field, entries):
        return hub_records(app="ontraccr", site=self.site, field=field, records=entries)

    def asked(self, call):
        """How often the stand-in heard a call."""
        return len(self.stand_in.wsgi.log.entries(call))

    def collect(self, cursors=None, ids=()):
        return list(
            hub_documents(app="ontraccr", site=self.site, cursors=cursors or {}, ids=list(ids))
        )

    def case(self, words):
        """What the hub reads of the payable that shows a case."""
        return self.collect(ids=[f"payable:{self.raw(words)['id']}"])[0]

    def raw(self, words):
        return next(raw for raw in self.books.payables.values() if raw["case"] == words)

    def ask(self, method, path, **what):
        """The API as any client sees it."""
        if "access_token" not in self.secrets:
            self.collect(ids=["payable:2001"])
        headers = {"Authorization": f"Bearer {self.secrets['access_token'].split()[1]}"} | what.pop(
            "headers", {}
        )
        return self.browser.request(method, URL + path, headers=headers, **what)

    def page(self, path, data=None):
        """A page as a person sees it, or a form that one sends."""
        return self.browser.request("GET" if data is None else "POST", URL + path, data=data)

    def drive(self, name, body=None):
        return self.browser.request(
            "GET" if body is None else "POST", f"{URL}/_sandbox/{name}", json=body
        )


@pytest.fixture
def open_bench():
    """Opens a bench: documents, folder, settings by name."""
    return Bench


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture(scope="module")
def api():
    """The API of one bench for all tests of a module, as any client sees it."""
    return Bench().ask


@pytest.fixture(scope="module")
def connected():
    """A bench whose lists were brought over; nothing in it may be changed."""
    ready = Bench(project_class=True, line_account="20", retainage_account="100")
    ready.push()
    ready.books.do("profile", kind="projects", id="p1", fields={"class": "c1"})
    return ready
