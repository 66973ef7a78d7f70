"""Without two approvals runs post nothing above the limit, whatever the mode."""

from decimal import Decimal

import pytest
from sqlalchemy import delete

from hub import outbox
from hub.db.engine import transaction
from hub.models import Approval, Installation, Posting
from hub.outbox import approvals
from hub.posting.actions import retries
from tests.support.posting_bench import Desk


@pytest.fixture
def desk(app, quickbooks, clock):
    new_desk = Desk(app, quickbooks, clock)
    set_limit(new_desk, Decimal("50.00"))
    return new_desk


def set_limit(desk, limit):
    with transaction() as session:
        session.get_one(Installation, desk.installation_id).second_approval_above = limit


def approve(desk, id, who):
    with transaction() as session:
        approvals.add(session, [id], who)
        return outbox.approve(session, [id], who)


def test_in_automatic_mode_only_what_is_below_the_limit_is_posted(desk):
    large, small = desk.bill("LARGE"), desk.bill("SMALL")
    set_limit(desk, Decimal("99.99"))
    with transaction() as session:
        row = session.get_one(Posting, small)
        row.total = row.document.total = Decimal("99.99")
    desk.drain()
    states = desk.posting(large).state, desk.posting(small).state
    assert states == ("review", "posted")
    assert [bill["DocNumber"] for bill in desk.bills()] == ["SMALL"]


def test_the_second_person_releases_and_it_is_posted_once(desk):
    id = desk.bill()
    assert desk.drain().writes == 0
    assert approve(desk, id, "anna") == 0
    assert (desk.drain().writes, desk.posting(id).state) == (0, "review")
    assert approve(desk, id, "anna") == 0
    assert approve(desk, id, "ben") == 1
    assert (desk.drain().writes, desk.posting(id).state) == (1, "posted")
    assert len(desk.bills()) == 1


def test_a_retry_is_no_approval(desk):
    id = desk.bill()
    with transaction() as session:
        row = session.get_one(Posting, id)
        row.state, row.held_by = "held", "preflight"
    retries.retry_each([id], "anna")
    assert (desk.drain().writes, desk.posting(id).state) == (0, "review")


def test_an_approval_that_is_gone_before_the_send_stops_it(desk):
    id = desk.bill()
    desk.drain()
    approve(desk, id, "anna")
    approve(desk, id, "ben")
    with transaction() as session:
        session.execute(delete(Approval).where(Approval.who == "anna"))
    assert (desk.drain().writes, desk.posting(id).state) == (0, "review")


@pytest.mark.parametrize(("fault", "state"), [("lose_request", "posted"), ("refuse", "review")])
def test_a_new_limit_stops_what_never_left_but_resolves_a_doubt(desk, fault, state):
    """A doubt is sent again under its key; a request that was never sent has to be approved."""
    set_limit(desk, None)
    desk.quickbooks.add_fault(fault, "bill.create")
    id = desk.bill()
    desk.drain()
    set_limit(desk, Decimal(0))
    desk.pass_time(600)
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), len(desk.bills())) == (state, int(state == "posted"))
