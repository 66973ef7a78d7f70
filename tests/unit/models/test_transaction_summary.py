"""Summaries of postings: what is stored loads as typed facts and is stored again as it was."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import pytest

from hub.models import LineSummary, TransactionSummary

GOLDEN = sorted((Path(__file__).parents[2] / "golden" / "payloads").glob("*.json"))
STORED = {
    "party": "56",
    "number": "A-1",
    "date": "2026-03-02",
    "currency": "NOK",
    "location": "",
    "note": "[hub:ABCDEFGHIJKL]",
    "total": "1000.00",
    "tax": None,
    "class": "9",
    "status": "Closed",
    "untaxed": "yes",
    "lines": [
        {
            "amount": "1000.00",
            "account": "7",
            "item": "",
            "class": "2",
            "customer": "",
            "tax_code": "",
            "id": "l1",
            "line": "4",
        },
        {
            "amount": "-5.50",
            "account": "8",
            "item": "",
            "class": "",
            "customer": "",
            "tax_code": "",
            "linked": "31",
            "linked_type": "Bill",
            "discount": "yes",
        },
    ],
    "tolerance": "0.05",
}


def test_a_stored_transaction_loads_as_typed_facts():
    summary = TransactionSummary.load(STORED)
    assert (summary.party, summary.number, summary.class_) == ("56", "A-1", "9")
    assert (summary.total, summary.tax, summary.tolerance) == (Decimal(1000), None, Decimal("0.05"))
    assert summary.parsed_date == dt.date(2026, 3, 2)
    assert (summary.is_closed, summary.is_untaxed, summary.is_list_entry) == (True, True, False)
    assert summary.lines == (
        LineSummary(Decimal(1000), account="7", class_="2", id="l1", quickbooks_line="4"),
        LineSummary(
            Decimal("-5.5"), account="8", linked="31", linked_type="Bill", is_discount=True
        ),
    )
    assert summary.dump() == STORED


@pytest.mark.parametrize("stored", [None, {}, {"removed_by": "kari"}])
def test_nothing_stored_is_an_empty_summary(stored):
    summary = TransactionSummary.load(stored)
    assert summary == TransactionSummary()
    assert (summary.parsed_date, summary.total, summary.lines) == (None, None, ())


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_kind_of_summary_is_stored_again_as_it_was(path):
    stored = json.loads(path.read_text())["meaning"]
    summary = TransactionSummary.load(stored)
    dumped = {name: value for name, value in summary.dump().items() if value is not None}
    assert dumped == stored
    assert TransactionSummary.load(summary.dump()) == summary
