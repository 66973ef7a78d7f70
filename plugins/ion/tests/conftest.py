"""An installation of ION on its stand-in, as the hub would hand it to the plugin."""

import datetime as dt

import pytest
from hub_ion.sandbox import StandIn

from hub.testing.bench import URL, Bench, Cases
from qbo_sandbox.kit import Clock, Journal

NOW = dt.datetime(2026, 3, 20, 8, 0, tzinfo=dt.UTC)
ACCOUNTS = {
    "payable_account": "33",
    "income_account": "79",
    "asset_account": "81",
    "expense_account": "80",
}


class IonBench(Bench):
    """A bench with ION's stand-in."""

    def move(self, case, *statuses):
        """Take an order through statuses; return it."""
        for status in statuses:
            order = self.raw(case)
            self.stand_in.changes.updatePurchaseOrder(
                {"id": order["id"], "etag": order["_etag"], "status": status}
            )
        return self.raw(case)


@pytest.fixture(scope="session")
def open_bench():
    """Return a function that opens a bench: documents, folder, environment, settings by name."""

    def open_bench(documents=29, folder=None, environment="production", **settings):
        journal = Journal(folder / "ion.jsonl" if folder else None)
        bench = IonBench(
            "ion",
            {**StandIn.settings(URL, environment), **ACCOUNTS, **settings},
            stand_in=StandIn(journal, documents, 1, Clock(NOW.timestamp(), frozen=True)),
            zone="America/Los_Angeles",
            now=NOW,
            cases=Cases(lambda stand_in: stand_in.books.rows("orders"), "order:"),
        )
        bench.webhook_url = "https://hub.example/w"
        return bench

    return open_bench


@pytest.fixture
def bench(open_bench):
    """Open a bench for one test."""
    return open_bench()
