"""An installation of CostCertified on its stand-in, as the hub would hand it to the plugin."""

import datetime as dt

import pytest
from hub_costcertified.sandbox import StandIn

from hub import Company
from hub.testing.bench import Bench, Cases
from qbo_sandbox.kit import Clock, Journal

NOW = dt.datetime(2026, 3, 20, 8, 0, tzinfo=dt.UTC)
ACCOUNTS = {
    "income_account": "79",
    "bank_account": "35",
    "fee_account": "9",
    "holding_account": "36",
}


@pytest.fixture(scope="session")
def open_bench():
    """Return a function that opens a bench: documents, folder, country, settings by name."""

    def open_bench(documents=44, folder=None, country="US", **settings):
        journal = Journal(folder / "costcertified.jsonl" if folder else None)
        return Bench(
            "costcertified",
            {**ACCOUNTS, **settings},
            stand_in=StandIn(journal, documents, 1, Clock(NOW.timestamp(), frozen=True)),
            company=Company(country=country, currency="USD"),
            zone="America/Denver",
            now=NOW,
            cases=Cases(lambda stand_in: stand_in.books.rows["invoices"].values(), "invoice:"),
        )

    return open_bench


@pytest.fixture(scope="session")
def shared_bench(open_bench):
    """Provide a bench that is only read."""
    return open_bench()


@pytest.fixture
def bench(open_bench):
    """Open a bench for one test."""
    return open_bench()
