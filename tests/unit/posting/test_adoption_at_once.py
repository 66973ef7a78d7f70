"""A person and a run that take one transaction for two documents at the same moment."""

import pytest

from hub.errors import Refused
from hub.posting.actions import manual
from hub.posting.recovery import resolve
from tests.support.rows.posting_bench import PostingBench
from tests.support.servers.blocked_transactions import start_beside


@pytest.fixture
def bench(pg_app, quickbooks, clock):
    return PostingBench(pg_app, quickbooks, clock)


@pytest.fixture
def app(pg_app):
    return pg_app


def test_a_transaction_that_a_run_adopts_is_not_adopted_by_a_person_for_another_document(
    bench, monkeypatch
):
    bench.quickbooks.add_fault("lose_answer", "bill.create")
    first = bench.bill("A-1")
    bench.drain()
    (landed,) = bench.bills()
    bench.quickbooks.add_fault("refusal", "bill.create", code="6210")
    second = bench.bill("A-2")
    bench.drain()
    assert (bench.state(first), bench.state(second)) == ("unknown", "held")
    find_ids = resolve.find_ids_of_other_postings
    threads, refusals = [], []

    def adopt():
        try:
            manual.adopt(second, landed["Id"], "kari")
        except Refused as refusal:
            refusals.append(refusal.text)

    def find_and_adopt_beside(session, posting, ids):
        owned_ids = find_ids(session, posting, ids)
        if not threads:
            threads.append(start_beside(bench.app, session, adopt))
        return owned_ids

    monkeypatch.setattr(resolve, "find_ids_of_other_postings", find_and_adopt_beside)
    bench.drain(wait_for_doubts=True)
    threads[0].join()
    assert (bench.state(first), bench.state(second)) == ("posted", "held")
    assert "was posted for another document already" in refusals[0]
