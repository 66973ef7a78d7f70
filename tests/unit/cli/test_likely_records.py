"""A code without a record gets the likeliest one in `hub dev`."""

import pytest

from hub.cli.likely_records import (
    NOT_SIMILAR,
    OF_TYPE,
    SAME_NAME_REASON,
    SIMILAR_NAME_REASON,
    find_likely_records,
)
from hub.models import SeenCode, StoredRecord


def record(id, name, type="", number="", full_name=""):
    return StoredRecord(
        quickbooks_id=id, name=name, full_name=full_name or name, type=type, number=number
    )


ACCOUNTS = [
    record("1", "Checking", "Bank", "1000"),
    record("2", "Rent received", "Income", "3000"),
    record("3", "Timber", "Cost of Goods Sold", "4300", "Materials:Timber"),
    record("4", "Office", "Expense", "6800"),
    record("5", "Rent", "Other Current Asset"),
]


@pytest.mark.parametrize(
    ("code", "kind", "suggested_ids", "record_id", "reason"),
    [
        ({"code": "7", "name": "TIMBER"}, "bill", ["4"], "3", SAME_NAME_REASON),
        ({"code": "7", "name": "Materials:Timber"}, "bill", [], "3", SAME_NAME_REASON),
        ({"code": "4300", "name": "Anything"}, "bill", ["4"], "3", SAME_NAME_REASON),
        ({"code": "7", "number": "6800"}, "bill", ["3"], "4", SAME_NAME_REASON),
        (
            {"code": "rent"},
            "bill",
            ["2"],
            "5",
            SAME_NAME_REASON,
        ),  # although no expense is posted to it
        ({"code": "Rents"}, "bill", ["5", "2", "4"], "4", SIMILAR_NAME_REASON),
        ({"code": "Rents"}, "invoice", ["5", "2", "4"], "2", SIMILAR_NAME_REASON),
        ({"code": "Rents"}, "payment", ["5", "2"], "5", SIMILAR_NAME_REASON),
        ({"code": "Paper"}, "vendor_credit", [], "3", OF_TYPE),
        ({"code": "Paper"}, "deposit", ["1"], "2", OF_TYPE),
    ],
)
def test_the_likeliest_account_is_found(code, kind, suggested_ids, record_id, reason):
    seen = SeenCode(**{"name": "", "number": "", **code})
    likely = find_likely_records(seen, "account", kind, ACCOUNTS, suggested_ids)
    assert (likely.records[0].quickbooks_id, likely.reason) == (record_id, reason)
    assert likely.is_known == (reason in (SAME_NAME_REASON, SIMILAR_NAME_REASON))


def test_records_that_are_no_accounts_have_no_type_that_a_document_uses():
    items = [record("8", "Saw", "Service"), record("9", "Drill", "Inventory")]
    likely = find_likely_records(
        SeenCode(code="x", name="", number=""), "item", "bill", items, ["1"]
    )
    assert (list(likely.records), likely.reason) == (items, NOT_SIMILAR)


def test_an_account_of_another_type_is_taken_if_there_is_no_other():
    bank = ACCOUNTS[:1]
    likely = find_likely_records(
        SeenCode(code="x", name="", number=""), "account", "bill", bank, []
    )
    assert (list(likely.records), likely.reason) == (bank, NOT_SIMILAR)
