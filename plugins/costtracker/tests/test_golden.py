"""Each kind of invoice as the document it becomes."""

from pathlib import Path

import pytest

from hub.testing.golden import golden

FOLDER = Path(__file__).parent / "golden"
CASES = (
    "without an order", "matched with an order", "partly matched with an order", "orders, budget and neither",
    "credit note", "foreign currency", "locations that differ", "number of 30 characters", "letters and quotes",
    "sum off by one øre", "waits for its approvers", "rejected", "deleted after approval", "a date that is none",
    "a supplier that QuickBooks does not know", "read by OCR",
)  # fmt: skip


def checked(name, items):
    golden(FOLDER / f"{name.replace(' ', '-').replace(',', '')}.json", items)


@pytest.mark.parametrize("case", CASES)
def test_the_document_of_each_case_is_as_it_was(connected, case):
    checked(case, [connected.case(case)])


def test_an_invoice_before_the_lists_were_pushed(bench):
    checked("before-the-lists", [bench.case("without an order")])


def test_supplier_edits(open_bench):
    bench = open_bench(update_suppliers=True)
    bench.push()
    checked("supplier-edits", bench.collect(ids=["supplier:s3", "supplier:s4"]))
