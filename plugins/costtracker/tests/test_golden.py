"""The document of each kind of invoice."""

from pathlib import Path

import pytest
from hub_costtracker.sandbox.cases import CASES

from hub.testing.golden import golden

FOLDER = Path(__file__).parent / "golden"
PLAIN = (
    "without an order",
    "matched with an order",
    "partly matched with an order",
    "orders, budget and neither",
)


def checked(name, items):
    golden(FOLDER / f"{name.replace(' ', '-').replace(',', '')}.json", items)


@pytest.mark.parametrize("case", [*PLAIN, *(name for name, _ in CASES)])
def test_the_document_of_each_case_is_as_it_was(connected, case):
    checked(case, [connected.case(case)])


def test_an_invoice_before_the_lists_were_pushed(bench):
    checked("before-the-lists", [bench.case("without an order")])


def test_supplier_edits(open_bench):
    bench = open_bench(update_suppliers=True)
    bench.push_lists()
    checked("supplier-edits", bench.read(ids=["supplier:s3", "supplier:s4"]))
