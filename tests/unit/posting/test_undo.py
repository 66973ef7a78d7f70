"""Undoing postings: unchanged ones are removed once, others stay with a reason."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from hub.db.engine import read_only_session, transaction
from hub.models import AuditEntry, ConnectedCompany, Installation, Posting
from hub.posting.actions import undo
from hub.posting.reconcile.run import reconcile
from tests.support.rows.three_bills import bench, bill

__all__ = ["bench"]


def why(bench, n=0):
    result = undo.plan_posting(bench.ids[n])
    return result.blocked[0].reason if result.blocked else ""


def test_an_unchanged_document_is_deleted_once_and_reconciliation_agrees(bench):
    result = undo.plan_posting(bench.ids[0])
    assert undo.undo(result, "kari") == 1
    assert undo.undo(result, "ola") == 0, "kari has done it"
    bench.drain()
    assert undo.undo(result, "ola") == 0
    with read_only_session() as session:
        assert session.scalars(
            select(AuditEntry.who).where(AuditEntry.what == "postings undone")
        ).all() == ["kari"]
        deletion = session.scalars(select(Posting).where(Posting.operation == "delete")).one()
    assert deletion.approved_by == "kari"
    assert len(bench.sent("bill.delete")) == 1
    assert {bill["DocNumber"] for bill in bench.bills()} == {"A-2", "A-3"}
    assert reconcile(bench.company_id).differences == []


def test_a_document_with_a_file_is_deleted_in_the_version_that_the_file_raised(bench):
    bench.attach(bench.ids[0])
    bench.drain()
    assert undo.undo(undo.plan_posting(bench.ids[0]), "kari") == 1
    bench.drain()
    assert {bill["DocNumber"] for bill in bench.bills()} == {"A-2", "A-3"}


def test_a_lost_answer_to_the_deletion_deletes_nothing_twice(bench):
    bench.quickbooks.add_fault("lose_answer", "bill.delete")
    undo.undo(undo.plan_posting(bench.ids[0]), "kari")
    bench.drain(wait_for_doubts=True)
    assert len(bench.bills()) == 2
    with read_only_session() as session:
        assert {posting.state for posting in session.query(Posting)} == {"posted"}


def test_a_run_is_taken_back_whole_but_for_what_was_touched(bench):
    with transaction() as session:
        session.query(Posting).update({"run_id": None})
    bench.edit(bill(bench, 1), DocNumber="A-2b")
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
def test_an_app_that_sends_nothing_promises_no_removal(bench, rest, reason):
    with transaction() as session:
        session.query(Installation).update(rest)
    assert why(bench).startswith(reason)


def test_a_paid_document_stays(bench):
    line = {"Amount": Decimal("10.00"), "LinkedTxn": [{"TxnId": bill(bench), "TxnType": "Bill"}]}
    check = {"PayType": "Check", "CheckPayment": {"BankAccountRef": {"value": "35"}}}
    bench.quickbooks.ask(
        "POST",
        "billpayment",
        {"VendorRef": {"value": "1"}, "TotalAmt": Decimal("10.00"), "Line": [line], **check},
    )
    assert why(bench).startswith("It is paid in QuickBooks")


def test_transactions_of_two_kinds_that_the_hub_does_not_post_are_different(bench):
    with transaction() as session:
        posting = session.get_one(Posting, bench.ids[0])
        posting.answer = {
            **posting.answer,
            "LinkedTxn": [{"TxnId": "5", "TxnType": "TimeActivity"}],
        }
    bench.edit(bill(bench), LinkedTxn=[{"TxnId": "5", "TxnType": "ReimburseCharge"}])
    assert why(bench) == "Another transaction in QuickBooks is linked to it."


def test_a_document_that_is_gone_from_quickbooks_cannot_be_removed(bench):
    bench.quickbooks.act("delete", kind="Bill", id=bill(bench))
    assert why(bench) == "It is no longer in QuickBooks."


def test_a_closed_period_stays(bench):
    with transaction() as session:
        company = session.get_one(ConnectedCompany, bench.company_id)
        books = {"AccountingInfoPrefs": {"BookCloseDate": "2026-12-31"}}
        company.preferences = {**company.preferences, **books}
    assert why(bench) == "The books are closed up to 31 Dec 2026."


def test_a_change_on_its_way_comes_first(bench):
    bench.change(bench.ids[0], total="11.00")
    assert why(bench) == "A change of it is on its way."


def test_a_removed_document_is_not_offered_again(bench):
    undo.undo(undo.plan_posting(bench.ids[0]), "kari")
    bench.drain()
    assert undo.plan_posting(bench.ids[0]).removable == ()


def test_undo_of_bills_reads_no_bank_report_and_reads_a_run_by_hundreds(bench):
    before = len(bench.sent(""))
    assert len(undo.plan_selection([Posting.operation == "create"]).removable) == 3
    assert [entry["call"] for entry in bench.sent("")[before:]] == ["query.bill"]


def test_entries_and_changes_of_a_run_are_listed_as_what_stays(bench):
    bench.change(bench.ids[0], total="11.00")
    bench.plan("V-1", "create", {"DisplayName": "New Vendor"}, kind="vendor")
    bench.drain()
    result = undo.plan_selection([Posting.company_id == bench.company_id])
    assert ([step.reason for step in result.blocked], len(result.removable)) == (
        [undo.LIST_ENTRY_REASON],
        3,
    )
    result = undo.plan_selection([Posting.operation == "update"])
    assert ([step.reason for step in result.blocked], result.removable) == (
        [undo.CHANGE_REASON],
        (),
    )


def test_the_audit_log_names_who_removed_which_documents(bench):
    undo.undo(undo.plan_selection([Posting.operation == "create"]), "kari")
    with read_only_session() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.what == "postings undone")
        ).one()
    assert (entry.who, entry.detail["quickbooks_ids"]) == (
        "kari",
        {str(id): bill(bench, n) for n, id in enumerate(bench.ids)},
    )
