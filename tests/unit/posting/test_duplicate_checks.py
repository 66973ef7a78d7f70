"""Detecting expenses that are in QuickBooks already."""

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace

import pytest

from hub.models import Posting, SourceDocument, TransactionHead
from hub.posting.preflight.context import RelatedTransactions
from hub.posting.preflight.duplicate_checks import check_duplicates

DAY = dt.date(2026, 3, 10)
MEANING = {
    "date": "2026-03-10",
    "total": "9.00",
    "party": "56",
    "currency": "USD",
    "payment_account": "35",
    "number": "",
}


def find_duplicates(**about):
    return list(find_problems(**about)) != []


def find_problems(source_party="", **about):
    posting = Posting(
        kind="expense",
        stored_summary=MEANING,
        document=SourceDocument(marker="M", source_id="e:1", party=source_party),
        rejected_ids=[],
    )
    posting.operation = "create"
    facts = {
        "party": "56",
        "account": "35",
        "date": DAY,
        "currency": "USD",
        "total": Decimal(9),
        "marker": "",
    } | about
    head = TransactionHead(kind="expense", quickbooks_id="7", number="", state="live", **facts)
    context = SimpleNamespace(
        related=RelatedTransactions(by_total={("expense", Decimal("9.00")): [head]})
    )
    return check_duplicates(posting, context)


@pytest.mark.parametrize(
    ("about", "alike"),
    [
        ({}, True),
        ({"party": "", "date": DAY + dt.timedelta(days=5)}, True),
        ({"date": DAY + dt.timedelta(days=6)}, False),
        ({"party": "57"}, False),
        ({"account": "", "party": "", "date": DAY - dt.timedelta(days=3)}, True),
        ({"account": "41", "party": "", "date": DAY}, False),
        ({"account": "41", "date": DAY + dt.timedelta(days=1)}, False),
        ({"account": "41"}, True),
    ],
    ids=str,
)
def test_another_account_is_alike_only_with_the_same_party_on_the_same_day(about, alike):
    assert find_duplicates(**about) is alike


@pytest.mark.parametrize(
    ("party", "expected"), [("Hara", "transaction 7 (expense of Hara)."), ("", " 7 (expense).")]
)
def test_the_reason_names_what_quickbooks_may_have(party, expected):
    [problem] = find_problems(source_party=party)
    assert problem.text.reason.endswith(expected)
