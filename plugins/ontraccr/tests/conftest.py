"""An installation of Ontraccr on its stand-in, as the hub would hand it to the plugin."""

import datetime as dt

import pytest
from hub_ontraccr.sandbox import StandIn

from hub import Company, Party, Record
from hub.testing.bench import Bench, Cases
from qbo_sandbox.kit import Clock, Journal

NOW = dt.datetime(2026, 3, 20, 8, 0, tzinfo=dt.UTC)


def records():
    """Return the lists of a small American company, by field."""
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


@pytest.fixture(scope="session")
def open_bench():
    """Return a function that opens a bench: documents, folder, settings by name."""

    def open_bench(documents=68, folder=None, **settings):
        journal = Journal(folder / "ontraccr.jsonl" if folder else None)
        return Bench(
            "ontraccr",
            {"purchase_account": "35", **settings},
            stand_in=StandIn(journal, documents, 1, Clock(NOW.timestamp(), frozen=True)),
            company=Company(country="US", currency="USD"),
            zone="America/Vancouver",
            now=NOW,
            cases=Cases(lambda stand_in: stand_in.books.payables.values(), "payable:"),
            lists=records(),
        )

    return open_bench


@pytest.fixture
def bench(open_bench):
    """Open a bench for one test."""
    return open_bench()


@pytest.fixture(scope="module")
def api(open_bench):
    """Provide the API of one bench for all tests of a module, as any client calls it."""
    return open_bench().ask


@pytest.fixture(scope="module")
def connected(open_bench):
    """Provide a bench with imported lists; no test may change it."""
    ready = open_bench(project_class=True, line_account="20", retainage_account="100")
    ready.push_lists()
    ready.books.do("profile", kind="projects", id="p1", fields={"class": "c1"})
    return ready
