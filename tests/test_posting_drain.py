"""Draining a company: what is ready is in QuickBooks once afterwards, whatever happened on the way."""

import pytest

from tests.desk import Desk


@pytest.fixture
def desk(app, quickbooks, clock):
    return Desk(app, quickbooks, clock)


def test_a_bill_is_posted_and_known_as_quickbooks_answered(desk):
    id = desk.bill("A-1")
    drained = desk.drain()
    posting = desk.posting(id)
    assert (posting.state, posting.quickbooks_id) == ("posted", desk.bills()[0]["Id"])
    assert drained.counts == {"posted": 1}
    assert drained.writes == 1
