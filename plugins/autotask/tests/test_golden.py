"""The document of each kind and each unusual case of Autotask."""

from pathlib import Path

import pytest
from hub_autotask.sandbox import expenses, invoices, orders

from hub.testing.golden import golden

FOLDER = Path(__file__).parent / "golden"
STORIES = {"invoices": invoices, "expenses": expenses, "purchase-orders": orders}
OTHERWISE = {
    "invoices-negative-total-as-credit-memo": (
        "invoices",
        "negative total",
        {"negative": "credit_memo"},
    ),
    "invoices-items-by-name": (
        "invoices",
        "three codes with one external number",
        {"item_match": "name"},
    ),
    "invoices-tax-line-by-line": (
        "invoices",
        "two rates in one region",
        {"tax": "category", "untaxed_code": "10"},
    ),
    "invoices-tax-by-QuickBooks": ("invoices", "taxed in California", {"tax": "quickbooks"}),
    "invoices-difference-in-the-memo": ("invoices", "four decimals", {"difference": "note"}),
    "invoices-with-everything": (
        "invoices",
        "order number and comments",
        {"email_invoices": True, "attach_pdf": True, "order_field": "PO Number"},
    ),
    "expenses-with-an-account-for-advances": (
        "expenses",
        "with a cash advance",
        {"advance_account": "66"},
    ),
    "purchase-orders-as-bill": (
        "purchase-orders",
        "with freight",
        {"post_as": "bill", "freight_account": "61"},
    ),
}


def cases():
    return [(app, case["name"]) for app, story in STORIES.items() for case in story.CASES]


@pytest.fixture(scope="module")
def benches():
    """Provide one bench for each app, which no test changes."""
    return {}


def bench_of(benches, open_bench, app, **settings):
    """Return a bench with these settings; those without any are shared."""
    if settings:
        return open_bench(app, **settings)
    if app not in benches:
        benches[app] = open_bench(app)
    return benches[app]


@pytest.mark.parametrize(("app", "case"), cases(), ids=lambda text: text)
def test_the_document_of_each_case_is_as_it_was(benches, open_bench, app, case):
    file = f"{app}-{case}".replace(" ", "-").replace(",", "").replace("'", "")
    golden(FOLDER / f"{file}.json", [bench_of(benches, open_bench, app).case(case)])


@pytest.mark.parametrize("name", OTHERWISE)
def test_the_settings_make_another_document_of_it(benches, open_bench, name):
    app, case, settings = OTHERWISE[name]
    golden(FOLDER / f"{name}.json", [bench_of(benches, open_bench, app, **settings).case(case)])


def test_a_receipt_becomes_a_bill_for_each_invoice_of_the_vendor(benches, open_bench):
    bench = bench_of(benches, open_bench, "purchase-orders", post_as="bill_per_receipt")
    items = bench.read(ids=["purchase_receipt:8014:ING-501", "purchase_receipt:8014:ING-502"])
    golden(FOLDER / "purchase-orders-bill-for-each-receipt.json", items)
