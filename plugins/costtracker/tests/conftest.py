"""An installation of CostTracker on its stand-in, as the hub would hand it to the plugin."""

import datetime as dt

import pytest
from hub_costtracker.sandbox import StandIn

from hub import Company, Party, Record
from hub.testing.bench import Bench, Cases
from qbo_sandbox.kit import Clock, Journal

NOW = dt.datetime(2026, 3, 20, 8, 0, tzinfo=dt.UTC)


def records():
    """Return the lists of a small Norwegian company, by field."""
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


@pytest.fixture
def open_bench():
    """Return a function that opens a bench: documents, folder, settings by name."""

    def open_bench(documents=150, folder=None, **settings):
        journal = Journal(folder / "costtracker.jsonl" if folder else None)
        return Bench(
            "costtracker",
            {"payable_account": "33", **settings},
            stand_in=StandIn(journal, documents, 1, Clock(NOW.timestamp(), frozen=True)),
            company=Company(country="NO", currency="NOK"),
            zone="Europe/Oslo",
            now=NOW,
            cases=Cases(lambda stand_in: stand_in.books.invoices.values(), "invoice:"),
            lists=records(),
        )

    return open_bench


@pytest.fixture
def bench(open_bench):
    """Open a bench for one test."""
    return open_bench()


@pytest.fixture
def connected(open_bench):
    """Provide a bench whose lists were pushed."""
    ready = open_bench()
    ready.push_lists()
    return ready
