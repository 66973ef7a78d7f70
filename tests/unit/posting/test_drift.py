"""Changes that people make in QuickBooks to posted transactions."""

import datetime as dt
from decimal import Decimal

import pytest
from sqlalchemy import select

from hub.contract.codec import load
from hub.contract.receipts import Receipt
from hub.db.engine import read_only_session, transaction
from hub.models import Case, Posting, ReceiptRow
from hub.posting.reconcile.drift import watch
from hub.posting.reconcile.run import reconcile
from hub.qbo import changes, transaction_download
from tests.support.posting_bench import Desk


@pytest.fixture
def desk(app, quickbooks, clock):
    new_desk = Desk(
        app, quickbooks, clock, wants=("posted", "part_paid", "paid", "changed", "missing")
    )
    transaction_download.download_missing(new_desk.company_id, ["bill"], dt.date(2026, 1, 1))
    new_desk.id = new_desk.bill("A-1", total="100.00")
    new_desk.drain()
    return new_desk


def bill(desk):
    return desk.posting(desk.id).quickbooks_id


def poll(desk):
    desk.clock.advance(60)
    changes.poll(desk.company_id)
    return dict(watch(desk.company_id))


def pay(desk, amount, day="2026-03-20"):
    line = {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": bill(desk), "TxnType": "Bill"}]}
    check = {"BankAccountRef": {"value": "35"}}
    body = {
        "VendorRef": {"value": "1"},
        "TotalAmt": Decimal(amount),
        "TxnDate": day,
        "Line": [line],
    }
    return desk.quickbooks.ask(
        "POST", "billpayment", body | {"PayType": "Check", "CheckPayment": check}
    )


def current_receipts(desk):
    with read_only_session() as session:
        rows = session.scalars(
            select(ReceiptRow).where(ReceiptRow.ended != "replaced").order_by(ReceiptRow.id)
        )
        return [load(Receipt, row.body) for row in rows]


def test_writes_of_the_hub_are_not_drift(desk):
    assert poll(desk) == {}
    assert [receipt.state for receipt in current_receipts(desk)] == ["posted"]


def test_a_payment_is_reported_with_amount_and_day_part_by_part(desk):
    pay(desk, "40.00")
    assert poll(desk) == {"part_paid": 1}
    receipt = current_receipts(desk)[-1]
    assert (receipt.state, receipt.paid, receipt.paid_on) == (
        "part_paid",
        Decimal("40.00"),
        dt.date(2026, 3, 20),
    )
    pay(desk, "60.00", "2026-04-02")
    assert poll(desk) == {"paid": 1}
    assert (current_receipts(desk)[-1].paid, current_receipts(desk)[-1].paid_on) == (
        Decimal("100.00"),
        dt.date(2026, 4, 2),
    )
    assert poll(desk) == {}
    assert desk.cases() == []


def test_a_payment_that_is_taken_back_is_reported_too(desk):
    payment = pay(desk, "100.00").json()["BillPayment"]["Id"]
    assert poll(desk) == {"paid": 1}
    desk.quickbooks.act("delete", kind="BillPayment", id=payment)
    assert poll(desk) == {"posted": 1}


def test_an_account_that_was_changed_is_a_case_though_the_total_is_the_same(desk):
    line = desk.body("A-1")["Line"][0]
    desk.edit(
        bill(desk), Line=[{**line, "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "8"}}}]
    )
    assert poll(desk) == {"differs": 1}
    assert desk.cases() == ["Changed in QuickBooks"]
    assert (
        "QuickBooks has 6150 Bank Charges as the account instead of 6000 Advertising"
        in current_receipts(desk)[-1].message
    )
    reconcile(desk.company_id)
    assert desk.cases() == ["Changed in QuickBooks"]


def test_a_note_that_was_changed_is_nobody_s_trouble(desk):
    desk.edit(bill(desk), PrivateNote="Ask Kari")
    assert poll(desk) == {}


def test_a_case_that_a_person_closed_stays_closed(desk):
    desk.edit(bill(desk), DocNumber="A-1b")
    assert poll(desk) == {"differs": 1}
    with transaction() as session:
        case = session.scalars(select(Case)).one()
        case.closed_at, case.closed_by = desk.clock.now(), "kari"
    desk.edit(bill(desk), PrivateNote="touched again")
    poll(desk)
    assert desk.cases() == []


def test_a_deleted_transaction_is_reported_as_missing(desk):
    desk.quickbooks.act("delete", kind="Bill", id=bill(desk))
    assert poll(desk) == {"missing": 1}
    assert [receipt.state for receipt in current_receipts(desk)][-1] == "missing"
    assert desk.cases() == ["Missing in QuickBooks"]


def test_payments_cost_one_read_for_their_days_however_many_documents(desk):
    pay(desk, "40.00")
    desk.id = desk.bill("A-2")
    desk.drain()
    pay(desk, "50.00")
    desk.clock.advance(60)
    changes.poll(desk.company_id)
    before = len(desk.sent(""))
    watch(desk.company_id)
    assert [entry["call"] for entry in desk.sent("")[before:]] == ["query.billpayment"]


def test_edited_transactions_are_read_in_one_query_and_a_payment_is_no_edit(desk):
    others = [desk.bill(f"B-{n}") for n in range(5)]
    desk.drain()
    for other in others:
        desk.edit(desk.posting(other).quickbooks_id, DocNumber=f"B-{other} edited")
    desk.clock.advance(60)
    changes.poll(desk.company_id)
    before = len(desk.sent(""))
    assert watch(desk.company_id) == {"differs": 5}
    assert [entry["call"] for entry in desk.sent("")[before:]] == ["query.bill"]


def test_a_change_of_ours_that_is_on_its_way_is_no_drift_and_what_follows_it_is(desk):
    change = desk.change(desk.id, total="120.00")
    desk.edit(bill(desk), **desk.body("A-1", total="120.00"))
    with transaction() as session:
        session.get_one(Posting, change).state = "sending"
    assert poll(desk) == {}
    assert reconcile(desk.company_id)["under_way"] == 1
    assert desk.cases() == []
    with transaction() as session:
        session.get_one(Posting, change).state = "withdrawn"
    assert poll(desk) == {"differs": 1}
