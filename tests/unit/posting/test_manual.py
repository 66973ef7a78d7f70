"""Decisions of a person: when each is allowed, and its audit entry."""

import pytest
from sqlalchemy import select

from hub.db.engine import read_only_session
from hub.errors import NotFound, NotNow, Refused
from hub.models import AuditEntry
from hub.posting.actions import manual, retries
from hub.posting.reconcile.run import reconcile

INVOICE = {
    "CustomerRef": {"value": "41"},
    "Line": [
        {
            "Amount": 100,
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
        }
    ],
}


def log():
    with read_only_session() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(entry.who, entry.what) for entry in entries if entry.who == "kari"]


def refused(desk, number="A-1"):
    id = desk.bill(number, vendor="99999")
    desk.drain()
    return id


def test_a_refused_one_is_tried_again_under_a_new_key(desk):
    id = refused(desk)
    first = desk.posting(id).requestid
    retries.retry(id, "kari")
    assert (desk.state(id), desk.posting(id).generation, desk.posting(id).requestid != first) == (
        "ready",
        1,
        True,
    )
    assert log() == [("kari", "posting retried")]


def test_a_posted_one_that_is_in_quickbooks_is_not_tried_again(desk):
    id = desk.bill()
    desk.drain()
    with pytest.raises(NotNow, match="is in QuickBooks already"):
        retries.retry(id, "kari")
    assert log() == []


def test_a_transaction_typed_in_by_hand_is_taken_as_the_document(desk):
    typed = desk.quickbooks.ask(
        "POST", "bill", {**desk.body("A-1"), "PrivateNote": "typed in"}
    ).json()["Bill"]
    id = refused(desk)
    manual.adopt(id, typed["Id"], "kari")
    assert (desk.state(id), desk.posting(id).quickbooks_id, len(desk.bills())) == (
        "posted",
        typed["Id"],
        1,
    )
    assert log() == [("kari", "posting adopted")]


def test_an_adopted_transaction_that_differs_gets_a_case(desk):
    body = {**desk.body("A-1", total="90.00"), "PrivateNote": "typed in"}
    typed = desk.quickbooks.ask("POST", "bill", body).json()["Bill"]
    id = refused(desk)
    manual.adopt(id, typed["Id"], "kari")
    assert (desk.state(id), desk.cases()) == ("posted", ["Posted but differs"])


def test_a_transaction_that_is_not_there_cannot_be_adopted(desk):
    id = refused(desk)
    with pytest.raises(NotFound, match="bill in QuickBooks"):
        manual.adopt(id, "4711", "kari")
    assert desk.state(id) == "held"


def test_the_transaction_of_another_document_cannot_be_adopted(desk):
    other = desk.bill("A-2")
    desk.drain()
    id = refused(desk)
    with pytest.raises(Refused, match="was posted for another document already"):
        manual.adopt(id, desk.posting(other).quickbooks_id, "kari")


def test_nothing_is_decided_about_what_is_posted(desk):
    id = desk.bill()
    desk.drain()
    with pytest.raises(NotNow):
        manual.reject_match(id, "1", "kari")


def test_a_posting_that_does_not_exist_is_named(desk):
    with pytest.raises(NotFound, match="4711"):
        retries.retry(4711, "kari")


def post_and_delete(desk):
    """Post a bill and delete it in QuickBooks, so that the nightly reconciliation misses it."""
    id = desk.bill()
    desk.drain()
    desk.quickbooks.act("delete", kind="Bill", id=desk.posting(id).quickbooks_id)
    reconcile(desk.company_id)
    return id


def test_a_deleted_document_can_be_skipped_and_reconciliation_succeeds_again(desk):
    id = post_and_delete(desk)
    assert desk.cases() == ["Missing in QuickBooks"]
    manual.skip(id, "entered by mistake", "kari")
    assert (desk.state(id), desk.cases(), log()) == ("skipped", [], [("kari", "posting skipped")])
    reconciliation = reconcile(desk.company_id)
    assert (reconciliation["documents"], reconciliation["troubles"], desk.cases()) == (0, 0, [])


def test_a_document_that_is_in_quickbooks_is_not_skipped(desk):
    id = desk.bill()
    desk.drain()
    with pytest.raises(NotNow, match="is in QuickBooks, so it cannot be skipped"):
        manual.skip(id, "no", "kari")


def test_skipping_without_a_reason_is_refused(desk):
    with pytest.raises(Refused, match="Enter why"):
        manual.skip(refused(desk), " ", "kari")


def test_a_voided_transaction_is_not_adopted(desk):
    typed = desk.quickbooks.ask("POST", "invoice", INVOICE).json()["Invoice"]
    desk.quickbooks.act("void", kind="Invoice", id=typed["Id"])
    body = INVOICE | {"CustomerRef": {"value": "99999"}}
    id = desk.plan("I-1", "create", body, kind="invoice")
    desk.drain()
    with pytest.raises(Refused, match=r"was voided in QuickBooks.*Skip leaves the document out"):
        manual.adopt(id, typed["Id"], "kari")
