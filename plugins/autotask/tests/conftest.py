"""An installation of each Autotask app on the stand-in, as the hub would hand it to the plugin."""

import datetime as dt

import pytest
from hub_autotask.sandbox import StandIn

from hub.testing.bench import Bench, Cases
from qbo_sandbox.kit import Clock, Journal, send_request

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


PREFIXES = {
    "autotask-invoices": "invoice:",
    "autotask-expenses": "expense_report:",
    "autotask-purchase-orders": "purchase_order:",
}


@pytest.fixture(scope="session")
def open_bench():
    """Return a function that opens a bench: app, documents, folder, settings by name."""

    def open_bench(name, documents=None, folder=None, company=None, **settings):
        slug = f"autotask-{name}"
        journal = Journal(folder / "autotask.jsonl" if folder else None)
        return Bench(
            slug,
            {**NEEDED[slug], **settings},
            stand_in=StandIn(journal, slug, documents, Clock(NOW.timestamp(), frozen=True)),
            company=company,
            zone="America/New_York",
            now=NOW,
            cases=Cases(lambda stand_in: cases(stand_in, slug), PREFIXES[slug]),
        )

    return open_bench


def cases(stand_in, slug):
    for (entity, id), name in stand_in.books.cases.items():
        if entity == ENTITIES[slug]:
            yield {"id": id, "case": name}


@pytest.fixture(scope="session")
def poll_cases():
    """Return what one poll brings by the case it shows, and the cursor after it."""

    def poll_cases(bench, cursor=None):
        items = bench.read({"": cursor} if cursor else {})
        names = {str(row["id"]): row["case"] for row in cases(bench.stand_in, bench.app.slug)}
        values = {}
        for item in items:
            if hasattr(item, "source_id"):
                _, _, id = item.source_id.rpartition(":")
                values[names.get(id, item.source_id)] = item
        return values, items[-1].cursor

    return poll_cases


@pytest.fixture(scope="session")
def source_row():
    """Return the stand-in's row that shows a case."""

    def source_row(bench, case):
        return bench.books.rows(ENTITIES[bench.app.slug])[bench.raw(case)["id"]]

    return source_row


@pytest.fixture(scope="session")
def change_row():
    """Change fields of the stand-in's row that shows a case."""

    def change_row(bench, case, **fields):
        entity = ENTITIES[bench.app.slug]
        bench.books.do("put", entity=entity, id=bench.raw(case)["id"], fields=fields)

    return change_row


@pytest.fixture(scope="session")
def call_api():
    """Call the API with the right credentials, past the plugin."""

    def call_api(bench, method, path, body=None, **headers):
        names = ("apiintegrationcode", "username", "secret")
        credentials = dict(zip(names, bench.books.credentials, strict=True))
        return send_request(
            bench.stand_in.wsgi,
            method,
            f"/ATServicesRest/V1.0/{path}",
            body,
            content_type="application/json",
            **credentials | headers,
        )

    return call_api


@pytest.fixture
def invoices(open_bench):
    """Open a bench of the invoice app."""
    return open_bench("invoices")


@pytest.fixture
def expenses(open_bench):
    """Open a bench of the expense app."""
    return open_bench("expenses")


@pytest.fixture
def orders(open_bench):
    """Open a bench of the app for purchase orders."""
    return open_bench("purchase-orders")
