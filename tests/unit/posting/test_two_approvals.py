"""Without two approvals runs post nothing above the limit, whatever the mode."""

from decimal import Decimal

import pytest
from sqlalchemy import delete

from hub import outbox
from hub.db.engine import transaction
from hub.models import Approval, Installation, Posting
from hub.outbox import approvals
from hub.posting.actions import retries
from tests.support.rows.posting_bench import PostingBench


@pytest.fixture
def bench(app, quickbooks, clock):
    new_desk = PostingBench(app, quickbooks, clock)
    set_limit(new_desk, Decimal("50.00"))
    return new_desk


def set_limit(bench, limit):
    with transaction() as session:
        session.get_one(Installation, bench.installation_id).second_approval_above = limit


def approve(bench, id, who):
    with transaction() as session:
        approvals.add(session, [id], who)
        return outbox.approve(session, [id], who)


def test_in_automatic_mode_only_what_is_below_the_limit_is_posted(bench):
    large, small = bench.bill("LARGE"), bench.bill("SMALL")
    set_limit(bench, Decimal("99.99"))
    with transaction() as session:
        row = session.get_one(Posting, small)
        row.total = row.document.total = Decimal("99.99")
    bench.drain()
    states = bench.posting(large).state, bench.posting(small).state
    assert states == ("review", "posted")
    assert [bill["DocNumber"] for bill in bench.bills()] == ["SMALL"]


def test_the_second_person_releases_and_it_is_posted_once(bench):
    id = bench.bill()
    assert bench.drain().writes == 0
    assert approve(bench, id, "anna") == 0
    assert (bench.drain().writes, bench.posting(id).state) == (0, "review")
    assert approve(bench, id, "anna") == 0
    assert approve(bench, id, "ben") == 1
    assert (bench.drain().writes, bench.posting(id).state) == (1, "posted")
    assert len(bench.bills()) == 1


def test_a_retry_is_no_approval(bench):
    id = bench.bill()
    with transaction() as session:
        row = session.get_one(Posting, id)
        row.state, row.held_by = "held", "preflight"
    retries.retry_each([id], "anna")
    assert (bench.drain().writes, bench.posting(id).state) == (0, "review")


def test_a_posting_is_not_sent_if_an_approval_is_removed_before(bench):
    id = bench.bill()
    bench.drain()
    approve(bench, id, "anna")
    approve(bench, id, "ben")
    with transaction() as session:
        session.execute(delete(Approval).where(Approval.who == "anna"))
    assert (bench.drain().writes, bench.posting(id).state) == (0, "review")


@pytest.mark.parametrize(("fault", "state"), [("lose_request", "posted"), ("refuse", "review")])
def test_a_new_limit_stops_what_never_left_but_resolves_a_doubt(bench, fault, state):
    """A doubt is sent again under its key; a request that was never sent has to be approved."""
    set_limit(bench, None)
    bench.quickbooks.add_fault(fault, "bill.create")
    id = bench.bill()
    bench.drain()
    set_limit(bench, Decimal(0))
    bench.pass_time(600)
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), len(bench.bills())) == (state, int(state == "posted"))
