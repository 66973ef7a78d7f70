"""Changes that people make in QuickBooks to posted transactions."""

import datetime as dt
from decimal import Decimal

import pytest
from sqlalchemy import select

from hub.cases import discrepancies, inbox
from hub.context import current_hub
from hub.contract.codec import load
from hub.contract.receipts import Receipt
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session, transaction
from hub.models import Case, Installation, Posting, ReceiptRow, TransactionHead
from hub.posting import receipt_delivery
from hub.posting.actions import manual
from hub.posting.reconcile import drift
from hub.posting.reconcile.drift import watch
from hub.posting.reconcile.run import reconcile
from hub.qbo import changes, transaction_download
from tests.support.rows.posting_bench import PostingBench


@pytest.fixture
def bench(app, quickbooks, clock):
    new_desk = PostingBench(
        app, quickbooks, clock, wants=("posted", "part_paid", "paid", "changed", "missing")
    )
    transaction_download.download_missing(new_desk.company_id, ["bill"], dt.date(2026, 1, 1))
    new_desk.id = new_desk.bill("A-1", total="100.00")
    new_desk.drain()
    return new_desk


def bill(bench):
    return bench.posting(bench.id).quickbooks_id


def poll(bench):
    bench.clock.advance(60)
    changes.poll(bench.company_id)
    return dict(watch(bench.company_id))


def pay(bench, amount, day="2026-03-20"):
    line = {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": bill(bench), "TxnType": "Bill"}]}
    check = {"BankAccountRef": {"value": "35"}}
    body = {
        "VendorRef": {"value": "1"},
        "TotalAmt": Decimal(amount),
        "TxnDate": day,
        "Line": [line],
    }
    return bench.quickbooks.ask(
        "POST", "billpayment", body | {"PayType": "Check", "CheckPayment": check}
    )


def current_receipts(bench):
    with read_only_session() as session:
        rows = session.scalars(
            select(ReceiptRow).where(ReceiptRow.ended != "replaced").order_by(ReceiptRow.id)
        )
        return [load(Receipt, row.body) for row in rows]


def test_writes_of_the_hub_are_not_drift(bench):
    assert poll(bench) == {}
    assert [receipt.state for receipt in current_receipts(bench)] == ["posted"]


def test_a_file_at_a_bill_is_no_edit_although_it_raises_the_version(bench):
    bench.attach(bench.id)
    bench.drain()
    assert [row["SyncToken"] for row in bench.bills()] == ["1"]
    assert poll(bench) == {}


def test_a_payment_is_reported_with_amount_and_day_part_by_part(bench):
    pay(bench, "40.00")
    assert poll(bench) == {"part_paid": 1}
    receipt = current_receipts(bench)[-1]
    assert (receipt.state, receipt.paid, receipt.paid_on) == (
        "part_paid",
        Decimal("40.00"),
        dt.date(2026, 3, 20),
    )
    pay(bench, "60.00", "2026-04-02")
    assert poll(bench) == {"paid": 1}
    assert (current_receipts(bench)[-1].paid, current_receipts(bench)[-1].paid_on) == (
        Decimal("100.00"),
        dt.date(2026, 4, 2),
    )
    assert poll(bench) == {}
    assert bench.cases() == []


def test_a_payment_that_came_while_the_plugin_was_not_loaded_is_reported_afterwards(bench):
    receipt_delivery.deliver(bench.installation_id)
    plugins = current_hub().plugins
    object.__setattr__(current_hub(), "plugins", Plugins.load([], installed=False))
    pay(bench, "100.00")
    assert poll(bench) == {"paid": 1}
    object.__setattr__(current_hub(), "plugins", plugins)
    assert receipt_delivery.deliver(bench.installation_id) == 1
    assert [state for _, state, _ in bench.source.receipts] == ["posted", "paid"]


def test_a_payment_without_a_date_was_made_on_the_day_of_the_app_at_that_time(bench):
    with transaction() as session:
        session.get_one(Installation, bench.installation_id).zone = "America/Los_Angeles"
        # As after a journal entry was applied to the bill, which QuickBooks' answer does not link.
        head = session.get_one(TransactionHead, (bench.company_id, "bill", bill(bench)))
        head.balance, head.links, head.news = Decimal(0), [], True
        head.updated_at = dt.datetime(2026, 4, 1, 2, 0, tzinfo=dt.UTC)
    assert watch(bench.company_id) == {"paid": 1}
    assert current_receipts(bench)[-1].paid_on == dt.date(2026, 3, 31)


def test_a_payment_that_is_taken_back_is_reported_too(bench):
    payment = pay(bench, "100.00").json()["BillPayment"]["Id"]
    assert poll(bench) == {"paid": 1}
    bench.quickbooks.act("delete", kind="BillPayment", id=payment)
    assert poll(bench) == {"posted": 1}


def test_an_account_that_was_changed_is_a_case_though_the_total_is_the_same(bench):
    line = bench.body("A-1")["Line"][0]
    bench.edit(
        bill(bench),
        Line=[{**line, "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "8"}}}],
    )
    assert poll(bench) == {"differs": 1}
    assert bench.cases() == ["Changed in QuickBooks"]
    assert (
        "QuickBooks has 6150 Bank Charges as the account instead of 6000 Advertising"
        in current_receipts(bench)[-1].message
    )
    reconcile(bench.company_id)
    assert bench.cases() == ["Changed in QuickBooks"]


def test_a_note_that_was_changed_is_nobody_s_trouble(bench):
    bench.edit(bill(bench), PrivateNote="Ask Kari")
    assert poll(bench) == {}


def test_a_case_that_a_person_closed_stays_closed(bench):
    bench.edit(bill(bench), DocNumber="A-1b")
    assert poll(bench) == {"differs": 1}
    with transaction() as session:
        case = session.scalars(select(Case)).one()
        case.closed_at, case.closed_by = bench.clock.now(), "kari"
    bench.edit(bill(bench), PrivateNote="touched again")
    poll(bench)
    assert bench.cases() == []


def test_a_deleted_transaction_is_reported_as_missing(bench):
    bench.quickbooks.act("delete", kind="Bill", id=bill(bench))
    assert poll(bench) == {"missing": 1}
    assert [receipt.state for receipt in current_receipts(bench)][-1] == "missing"
    assert bench.cases() == ["Missing in QuickBooks"]


def test_payments_cost_one_read_for_their_days_however_many_documents(bench):
    pay(bench, "40.00")
    bench.id = bench.bill("A-2")
    bench.drain()
    pay(bench, "50.00")
    bench.clock.advance(60)
    changes.poll(bench.company_id)
    before = len(bench.sent(""))
    watch(bench.company_id)
    assert [entry["call"] for entry in bench.sent("")[before:]] == ["query.billpayment"]


def test_edited_transactions_are_read_in_one_query_and_a_payment_is_no_edit(bench):
    others = [bench.bill(f"B-{n}") for n in range(5)]
    bench.drain()
    for other in others:
        bench.edit(bench.posting(other).quickbooks_id, DocNumber=f"B-{other} edited")
    bench.clock.advance(60)
    changes.poll(bench.company_id)
    before = len(bench.sent(""))
    assert watch(bench.company_id) == {"differs": 5}
    assert [entry["call"] for entry in bench.sent("")[before:]] == ["query.bill"]


def test_a_change_of_ours_that_is_on_its_way_is_no_drift_and_what_follows_it_is(bench):
    change = bench.change(bench.id, total="120.00")
    bench.edit(bill(bench), **bench.body("A-1", total="120.00"))
    with transaction() as session:
        session.get_one(Posting, change).state = "sending"
    assert poll(bench) == {}
    assert reconcile(bench.company_id).changing == 1
    assert bench.cases() == []
    with transaction() as session:
        session.get_one(Posting, change).state = "withdrawn"
    assert poll(bench) == {"differs": 1}


def accept(bench):
    """Accept what QuickBooks has, as on the page of the case."""
    with transaction() as session:
        case = session.scalars(select(Case).where(Case.closed_at.is_(None))).one()
        inbox.close(session, case.cause, "kari")
        discrepancies.compare_again(session, case.cause)


def test_a_payment_of_a_bill_whose_edit_was_accepted_is_reported(bench):
    bench.edit(bill(bench), DocNumber="A-1b")
    poll(bench)
    accept(bench)
    assert poll(bench) == {"differs": 1}
    pay(bench, "100.00")
    assert poll(bench) == {"differs": 1, "paid": 1}
    assert current_receipts(bench)[-1].paid == Decimal("100.00")
    assert poll(bench) == {}
    assert bench.cases() == []


def test_a_payment_of_an_edited_bill_is_reported_once_the_edit_is_accepted(bench):
    bench.edit(bill(bench), DocNumber="A-1b")
    poll(bench)
    pay(bench, "40.00")
    assert poll(bench) == {"differs": 1}
    assert current_receipts(bench)[-1].state == "changed"
    accept(bench)
    assert poll(bench) == {"differs": 1, "part_paid": 1}
    assert current_receipts(bench)[-1].paid == Decimal("40.00")


@pytest.mark.parametrize(("paid", "state"), [("", "posted"), ("40.00", "part_paid")])
def test_a_bill_that_is_as_it_was_posted_again_is_no_longer_reported_as_changed(bench, paid, state):
    if paid:
        pay(bench, paid)
        poll(bench)
    bench.edit(bill(bench), DocNumber="A-1b")
    poll(bench)
    assert current_receipts(bench)[-1].state == "changed"
    bench.edit(bill(bench), DocNumber="A-1")
    assert poll(bench) == {"corrected": 1}
    receipt = current_receipts(bench)[-1]
    assert (receipt.state, receipt.paid) == (state, Decimal(paid) if paid else None)
    assert bench.cases() == []
    bench.edit(bill(bench), PrivateNote="Ask Kari")
    assert poll(bench) == {}


def test_a_document_is_paid_once_all_of_its_parts_are(bench):
    parts = []
    for part, total in (("class:1", "60.00"), ("class:2", "40.00")):
        body = bench.body("B-1", total) | {"DocNumber": f"B-1-{part[-1]}"}
        parts.append(bench.plan("B-1", "create", body, part=part, total=Decimal(total)))
    bench.drain()
    bench.id = parts[0]
    pay(bench, "60.00")
    assert poll(bench) == {"part_paid": 1}
    assert current_receipts(bench)[-1].paid == Decimal("60.00")
    bench.id = parts[1]
    pay(bench, "40.00")
    assert poll(bench) == {"paid": 1}
    assert current_receipts(bench)[-1].paid == Decimal("100.00")


def test_a_document_of_which_a_part_is_not_posted_yet_is_paid_in_part(bench):
    bench.id = bench.plan("B-1", "create", bench.body("B-1", "60.00"), part="class:1")
    bench.drain()
    bench.plan("B-1", "create", bench.body("B-1", "40.00"), part="class:2", state="held")
    pay(bench, "60.00")
    assert poll(bench) == {"part_paid": 1}


def test_the_date_of_an_order_is_no_date_of_a_payment(bench):
    line = bench.body("A-1")["Line"][0]
    order = bench.quickbooks.act(
        "create",
        kind="PurchaseOrder",
        set={"VendorRef": {"value": "1"}, "TxnDate": "2026-01-10", "Line": [line]},
    )
    with transaction() as session:
        # As after a journal entry was applied to the bill, which QuickBooks' answer does not link.
        head = session.get_one(TransactionHead, (bench.company_id, "bill", bill(bench)))
        head.balance, head.news = Decimal(0), True
        head.links = [{"type": "PurchaseOrder", "id": order["Id"]}]
        head.updated_at = dt.datetime(2026, 4, 1, 12, 0, tzinfo=dt.UTC)
    assert watch(bench.company_id) == {"paid": 1}
    assert current_receipts(bench)[-1].paid_on == dt.date(2026, 4, 1)


def test_a_change_that_the_hub_makes_meanwhile_is_no_edit(bench, monkeypatch):
    bench.edit(bill(bench), DocNumber="A-1b")
    bench.clock.advance(60)
    changes.poll(bench.company_id)
    fetch_current = drift.fetch_current

    def write_and_fetch(*arguments):
        if bench.posting(bench.id).posted_total == Decimal(100) and not written:
            change = bench.change(bench.id, total="120.00")
            with transaction() as session:
                version = f"{bill(bench)}:{bench.bills()[0]['SyncToken']}"
                session.get_one(Posting, change).overwrite_permitted = version
            bench.drain()
            written.append(bench.state(change))
        return fetch_current(*arguments)

    written = []
    monkeypatch.setattr(drift, "fetch_current", write_and_fetch)
    assert watch(bench.company_id) == {}
    assert written == ["posted"]
    assert bench.cases() == []
    assert watch(bench.company_id) == {}
    assert "changed" not in [receipt.state for receipt in current_receipts(bench)]


def test_an_adopted_bill_that_is_paid_already_is_reported_as_paid(bench):
    typed = bench.quickbooks.ask("POST", "bill", {**bench.body("A-2"), "PrivateNote": "typed in"})
    bench.id = bench.bill("A-2", vendor="99999")
    bench.drain()
    with transaction() as session:
        session.get_one(Posting, bench.id).quickbooks_id = typed.json()["Bill"]["Id"]
    pay(bench, "100.00")
    poll(bench)
    manual.adopt(bench.id, bill(bench), "kari")
    assert current_receipts(bench)[-1].state == "posted"
    assert poll(bench) == {"paid": 1}


def test_a_bill_that_was_paid_before_a_doubt_about_it_ended_is_reported_as_paid(bench):
    bench.quickbooks.add_fault("lose_answer", "bill.create")
    bench.id = bench.bill("A-2")
    bench.drain()
    (landed,) = [one["Id"] for one in bench.bills() if one["DocNumber"] == "A-2"]
    bench.quickbooks.act("pay", kind="Bill", id=landed)
    bench.pass_time(200)
    bench.drain()
    assert bench.state(bench.id) == "posted"
    assert poll(bench) == {"paid": 1}
