"""Transactions covered by a bank reconciliation are not removed."""

import datetime as dt
from decimal import Decimal

import pytest

from hub.errors import Refused
from hub.posting.actions import undo
from hub.posting.outcome.session import PostingSession
from hub.posting.preflight import bank_reconciliation


def expense(bench, day="2026-03-02"):
    line = {"Amount": Decimal("9.00"), "DetailType": "AccountBasedExpenseLineDetail"}
    line["AccountBasedExpenseLineDetail"] = {"AccountRef": {"value": "7"}}
    note = f"[hub:{bench.marker('E-1')}]"
    body = {
        "AccountRef": {"value": "35"},
        "PaymentType": "Cash",
        "TxnDate": day,
        "PrivateNote": note,
        "Line": [line],
    }
    expense_id = bench.plan("E-1", "create", body, kind="expense", total=Decimal("9.00"))
    bench.drain()
    return expense_id


def test_a_transaction_covered_by_a_bank_reconciliation_is_not_removed(bench):
    expense_id = expense(bench)
    assert [step.posting.id for step in undo.plan_posting(expense_id).removable] == [expense_id]
    bench.quickbooks.act("reconcile", kind="Purchase", id=bench.posting(expense_id).quickbooks_id)
    assert [step.reason for step in undo.plan_posting(expense_id).blocked] == [
        undo.RECONCILED_REASON
    ]


def test_accounts_and_parties_that_the_list_names_by_their_ids_are_no_transactions(bench):
    id = bench.posting(expense(bench)).quickbooks_id
    bench.quickbooks.act("reconcile", kind="Purchase", id=id)
    worker = PostingSession(bench.company_id)
    month = bank_reconciliation.fetch_reconciled_month(worker, dt.date(2026, 3, 1))
    assert (month.ids, month.problem) == ({id}, None)


def test_bills_never_touch_a_bank_so_it_is_not_asked(bench):
    bill_id = bench.bill("B-1")
    bench.drain()
    assert [step.posting.id for step in undo.plan_posting(bill_id).removable] == [bill_id]
    calls = [entry["call"] for entry in bench.quickbooks.log.entries()]
    assert [call for call in calls if call.startswith("report.")] == []


def test_nothing_is_removed_if_a_reconciled_transaction_is_listed_without_its_id(
    bench, monkeypatch
):
    expense_id = expense(bench)
    bench.quickbooks.act("reconcile", kind="Purchase", id=bench.posting(expense_id).quickbooks_id)
    iterate = bank_reconciliation._iter_report_rows

    def iterate_without_ids(section):
        for cells in iterate(section):
            yield [{"value": cell["value"]} for cell in cells]

    monkeypatch.setattr(bank_reconciliation, "_iter_report_rows", iterate_without_ids)
    with pytest.raises(Refused, match="2026-03 without their ids"):
        undo.plan_posting(expense_id)
