"""Undoing postings: unchanged ones are removed once, others stay with a reason."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from hub.db.engine import read_only_session, transaction
from hub.models import AuditEntry, ConnectedCompany, Installation, Posting
from hub.posting.actions import undo
from hub.posting.reconcile.run import reconcile
from tests.support.posting_bench import Desk


@pytest.fixture
def desk(app, quickbooks, clock):
    new_desk = Desk(app, quickbooks, clock)
    new_desk.ids = [new_desk.bill(f"A-{n}", total=f"{n}0.10") for n in range(1, 4)]
    new_desk.drain()
    return new_desk


def bill(desk, n=0):
    return desk.posting(desk.ids[n]).quickbooks_id


def why(desk, n=0):
    result = undo.plan_posting(desk.ids[n])
    return result.blocked[0].reason if result.blocked else ""


def test_an_unchanged_document_is_deleted_once_and_reconciliation_agrees(desk):
    result = undo.plan_posting(desk.ids[0])
    assert undo.undo(result, "kari") == 1
    assert undo.undo(result, "ola") == 0, "kari has done it"
    desk.drain()
    assert undo.undo(result, "ola") == 0
    with read_only_session() as session:
        assert session.scalars(
            select(AuditEntry.who).where(AuditEntry.what == "postings undone")
        ).all() == ["kari"]
        deletion = session.scalars(select(Posting).where(Posting.operation == "delete")).one()
    assert deletion.approved_by == "kari"
    assert len(desk.sent("bill.delete")) == 1
    assert {bill["DocNumber"] for bill in desk.bills()} == {"A-2", "A-3"}
    assert reconcile(desk.company_id)["wrong"] == []


def test_a_lost_answer_to_the_deletion_deletes_nothing_twice(desk):
    desk.quickbooks.add_fault("lose_answer", "bill.delete")
    undo.undo(undo.plan_posting(desk.ids[0]), "kari")
    desk.drain(wait_for_doubts=True)
    assert len(desk.bills()) == 2
    with read_only_session() as session:
        assert {posting.state for posting in session.query(Posting)} == {"posted"}


def test_a_run_is_taken_back_whole_but_for_what_was_touched(desk):
    with transaction() as session:
        session.query(Posting).update({"run_id": None})
    desk.edit(bill(desk, 1), DocNumber="A-2b")
    result = undo.plan_selection([Posting.operation == "create"])
    assert {step.posting.number for step in result.removable} == {"A-1", "A-3"}
    assert [step.reason for step in result.blocked] == [
        "It was changed in QuickBooks since it was posted."
    ]


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        ({"mode": "paused"}, "Its app is paused, so nothing is sent to QuickBooks."),
        ({"enabled": False}, "Its app is disabled, so nothing is sent to QuickBooks."),
    ],
    ids=["paused", "disabled"],
)
def test_an_app_that_sends_nothing_promises_no_removal(desk, rest, reason):
    with transaction() as session:
        session.query(Installation).update(rest)
    assert why(desk).startswith(reason)


def test_a_paid_document_stays(desk):
    line = {"Amount": Decimal("10.00"), "LinkedTxn": [{"TxnId": bill(desk), "TxnType": "Bill"}]}
    check = {"PayType": "Check", "CheckPayment": {"BankAccountRef": {"value": "35"}}}
    desk.quickbooks.ask(
        "POST",
        "billpayment",
        {"VendorRef": {"value": "1"}, "TotalAmt": Decimal("10.00"), "Line": [line], **check},
    )
    assert why(desk).startswith("It is paid in QuickBooks")


def test_transactions_of_two_kinds_that_the_hub_does_not_post_are_different(desk):
    with transaction() as session:
        posting = session.get_one(Posting, desk.ids[0])
        posting.answer = {
            **posting.answer,
            "LinkedTxn": [{"TxnId": "5", "TxnType": "TimeActivity"}],
        }
    desk.edit(bill(desk), LinkedTxn=[{"TxnId": "5", "TxnType": "ReimburseCharge"}])
    assert why(desk) == "Another transaction in QuickBooks is linked to it."


def test_a_document_that_is_gone_from_quickbooks_cannot_be_removed(desk):
    desk.quickbooks.act("delete", kind="Bill", id=bill(desk))
    assert why(desk) == "It is no longer in QuickBooks."


def test_a_closed_period_stays(desk):
    with transaction() as session:
        company = session.get_one(ConnectedCompany, desk.company_id)
        books = {"AccountingInfoPrefs": {"BookCloseDate": "2026-12-31"}}
        company.preferences = {**company.preferences, **books}
    assert why(desk) == "The books are closed up to 31 Dec 2026."


def test_a_change_on_its_way_comes_first(desk):
    desk.change(desk.ids[0], total="11.00")
    assert why(desk) == "A change of it is on its way."


def test_a_removed_document_is_not_offered_again(desk):
    undo.undo(undo.plan_posting(desk.ids[0]), "kari")
    desk.drain()
    assert undo.plan_posting(desk.ids[0]).removable == ()


def test_bills_need_no_look_at_the_bank_and_a_run_is_asked_by_hundreds(desk):
    before = len(desk.sent(""))
    assert len(undo.plan_selection([Posting.operation == "create"]).removable) == 3
    assert [entry["call"] for entry in desk.sent("")[before:]] == ["query.bill"]


def test_entries_and_changes_of_a_run_are_listed_as_what_stays(desk):
    desk.change(desk.ids[0], total="11.00")
    desk.plan("V-1", "create", {"DisplayName": "New Vendor"}, kind="vendor")
    desk.drain()
    result = undo.plan_selection([Posting.company_id == desk.company_id])
    assert ([step.reason for step in result.blocked], len(result.removable)) == (
        [undo.LIST_ENTRY_REASON],
        3,
    )
    result = undo.plan_selection([Posting.operation == "update"])
    assert ([step.reason for step in result.blocked], result.removable) == (
        [undo.CHANGE_REASON],
        (),
    )


def test_the_audit_log_names_who_removed_which_documents(desk):
    undo.undo(undo.plan_selection([Posting.operation == "create"]), "kari")
    with read_only_session() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.what == "postings undone")
        ).one()
    assert (entry.who, entry.detail["quickbooks_ids"]) == (
        "kari",
        {str(id): bill(desk, n) for n, id in enumerate(desk.ids)},
    )
