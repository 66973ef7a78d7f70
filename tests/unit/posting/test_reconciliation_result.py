"""What a reconciliation run stores is read again, also as older versions stored it."""

from decimal import Decimal

import pytest

from hub.posting.reconcile.result import ReconciliationResult
from hub.posting.reconcile.run import reconcile
from tests.support.rows.posting_bench import PostingBench

OLDEST_LINE = {
    "app": "bench",
    "kind": "bill",
    "period": "2026-03",
    "currency": "USD",
    "documents": 2,
    "source": "20.00",
    "posted": "20.00",
    "quickbooks": "17.50",
    "difference": "-2.50",
}
OLDEST = {
    "proved_at": "2026-03-01T00:00:00+00:00",
    "documents": 2,
    "found": 2,
    "accepted": 0,
    "troubles": 1,
    "totals": [OLDEST_LINE],
    "wrong": [
        {
            "posting": 7,
            "document": "Bill A-1 of Mason",
            "why": "differs",
            "reason": "It has another total.",
            "accepted": False,
        }
    ],
}


@pytest.fixture
def bench(app, quickbooks, clock):
    return PostingBench(app, quickbooks, clock)


def test_the_stored_result_is_read_as_it_was(bench):
    ids = [bench.bill(f"A-{n}", total=f"{n}0.10") for n in range(1, 4)]
    bench.drain()
    bench.quickbooks.act("delete", kind="Bill", id=bench.posting(ids[0]).quickbooks_id)
    line = {**bench.body("A-1", total="31.10")["Line"][0], "Amount": 31.10}
    bench.edit(bench.posting(ids[1]).quickbooks_id, Line=[line])
    result = reconcile(bench.company_id)
    assert {entry.discrepancy for entry in result.differences} == {"missing", "differs"}
    assert ReconciliationResult.load(result.dump()) == result


def test_a_result_without_the_keys_of_later_versions_is_read():
    result = ReconciliationResult.load(OLDEST)
    (line,), (difference,) = result.totals, result.differences
    assert (line.open_difference, line.unaccepted) == (Decimal("2.50"), Decimal("-2.50"))
    assert (difference.posting_id, difference.quickbooks, difference.slug) == (7, None, "")
    assert "Difference \N{MINUS SIGN}2.50 USD" in result.summary


@pytest.mark.parametrize(("open", "unaccepted"), [("0.00", "0"), ("2.50", "-2.50")])
def test_the_sign_of_an_open_difference_is_that_of_the_whole(open, unaccepted):
    """A version before stored how much of a difference was open, but no sign for it."""
    result = ReconciliationResult.load(OLDEST | {"totals": [OLDEST_LINE | {"open": open}]})
    assert result.totals[0].unaccepted == Decimal(unaccepted)
