"""The examples become the documents in the folder `golden`, one of each kind."""

from pathlib import Path

import pytest
from e_invoices import credit_note

from hub import Company
from hub.testing.bench import Bench
from hub.testing.golden import golden

EXAMPLES = Path(__file__).parents[1] / "examples"
FOLDER = Path(__file__).parent / "golden"
SETTINGS = {"account": "7", "item": "9", "tax_code": "3"}
E_INVOICE = (EXAMPLES / "invoice.xml").read_bytes()
CREDIT_NOTE = credit_note().xml()


@pytest.fixture
def bench():
    return Bench("files", SETTINGS, company=Company(country="NO", currency="NOK"))


def test_the_rows_of_the_table_become_these_bills_and_this_credit(bench):
    content = (EXAMPLES / "bills.csv").read_bytes()
    suggestions = bench.receive("bills.csv", content).table.suggestions
    bench.receive("bills.csv", content, suggestions)
    *documents, _ = bench.read()
    golden(FOLDER / "table.json", documents)


@pytest.mark.parametrize(
    ("kind", "content", "own_ids"),
    [
        ("bill", E_INVOICE, ""),
        ("invoice", E_INVOICE, "974760673"),
        ("vendor_credit", CREDIT_NOTE, ""),
        ("credit_memo", CREDIT_NOTE, "984661185"),
    ],
)
def test_an_e_invoice_of_each_kind_becomes_this_document(bench, kind, content, own_ids):
    bench.set(own_ids=own_ids)
    bench.receive("e-invoice.xml", content)
    document, _ = bench.read()
    assert document.kind == kind
    golden(FOLDER / f"{kind}.json", document)
