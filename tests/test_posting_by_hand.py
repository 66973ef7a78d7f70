"""A person's decisions: what is allowed when, and that each is written into the log."""

import pytest
from sqlalchemy import select

from hub.errors import NotFound, NotNow, Refused
from hub.models import AuditEntry
from hub.posting import by_hand
from hub.store import reading
from tests.desk import Desk


@pytest.fixture
def desk(app, quickbooks, clock):
    return Desk(app, quickbooks, clock)


def log():
    with reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(entry.who, entry.what) for entry in entries if entry.who == "kari"]


def refused(desk, number="A-1"):
    id = desk.bill(number, vendor="99999")
    desk.drain()
    return id


def test_a_refused_one_is_tried_again_under_a_new_key(desk):
    id = refused(desk)
    first = desk.posting(id).requestid
    by_hand.retry(id, "kari")
    assert (desk.state(id), desk.posting(id).generation, desk.posting(id).requestid != first) == ("ready", 1, True)
    assert log() == [("kari", "posting retried")]


def test_a_posted_one_that_is_in_quickbooks_is_not_tried_again(desk):
    id = desk.bill()
    desk.drain()
    with pytest.raises(NotNow, match="is in QuickBooks; delete it there"):
        by_hand.retry(id, "kari")
    assert log() == []


def test_a_transaction_typed_in_by_hand_is_taken_as_the_document(desk):
    typed = desk.quickbooks.ask("POST", "bill", {**desk.body("A-1"), "PrivateNote": "typed in"}).json()["Bill"]
    id = refused(desk)
    by_hand.adopt(id, typed["Id"], "kari")
    assert (desk.state(id), desk.posting(id).quickbooks_id, len(desk.bills())) == ("posted", typed["Id"], 1)
    assert log() == [("kari", "posting adopted")]


def test_what_is_adopted_but_differs_is_shown(desk):
    body = {**desk.body("A-1", total="90.00"), "PrivateNote": "typed in"}
    typed = desk.quickbooks.ask("POST", "bill", body).json()["Bill"]
    id = refused(desk)
    by_hand.adopt(id, typed["Id"], "kari")
    assert (desk.state(id), desk.cases()) == ("posted", ["Posted but differs"])


def test_a_transaction_that_is_not_there_cannot_be_adopted(desk):
    id = refused(desk)
    with pytest.raises(NotFound, match="bill in QuickBooks"):
        by_hand.adopt(id, "4711", "kari")
    assert desk.state(id) == "held"


def test_the_transaction_of_another_document_cannot_be_adopted(desk):
    other = desk.bill("A-2")
    desk.drain()
    id = refused(desk)
    with pytest.raises(Refused, match="was posted for another document already"):
        by_hand.adopt(id, desk.posting(other).quickbooks_id, "kari")


def test_nothing_is_decided_about_what_is_posted(desk):
    id = desk.bill()
    desk.drain()
    with pytest.raises(NotNow):
        by_hand.not_this(id, "1", "kari")


def test_a_posting_that_does_not_exist_is_named(desk):
    with pytest.raises(NotFound, match="4711"):
        by_hand.retry(4711, "kari")
