"""The examples can be uploaded as they are."""

from decimal import Decimal
from pathlib import Path

import pytest

from hub import Company
from hub.testing.bench import Bench

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def bench():
    company = Company(country="NO", currency="NOK")
    return Bench("files", {"account": "7"}, company=company)


def test_the_table_is_read_with_the_columns_that_are_suggested(bench):
    content = (EXAMPLES / "bills.csv").read_bytes()
    suggestions = bench.receive("bills.csv", content).table.suggestions
    bench.receive("bills.csv", content, suggestions)
    *documents, _ = bench.read()
    assert [
        (document.kind, document.number, document.total, document.hold) for document in documents
    ] == [
        ("bill", "70011", Decimal("17375.00"), None),
        ("bill", "B-2291", Decimal("12300.63"), None),
        ("vendor_credit", "K-118", Decimal("800.00"), None),
    ]
    for document in documents:
        assert sum(line.amount + line.tax for line in document.lines) == document.total


def test_the_e_invoice_has_correct_sums(bench):
    bench.receive("invoice.xml", (EXAMPLES / "invoice.xml").read_bytes())
    bill, _ = bench.read()
    assert (bill.kind, bill.total, bill.hold) == ("bill", Decimal("9406.25"), None)
