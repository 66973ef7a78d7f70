"""Restoring a posted document that somebody has edited in QuickBooks."""

import datetime as dt
from decimal import Decimal

import pytest
from sqlalchemy import select

from hub import outbox
from hub.db.engine import read_only_session, transaction
from hub.errors import NotNow
from hub.models import AuditEntry, Installation, Posting
from hub.posting.actions import manual
from hub.posting.actions import put_back as action
from hub.posting.reconcile.drift import watch
from hub.posting.reconcile.run import reconcile
from hub.qbo import changes, record_download, transaction_download
from hub.qbo.oauth import connect as oauth_connect
from tests.support.rows.posting_bench import PostingBench
from tests.support.sources.stand_in_fixtures import mount_quickbooks


def post_bill(app, quickbooks, clock):
    """Provide a bill that was posted."""
    new_desk = PostingBench(app, quickbooks, clock)
    transaction_download.download_missing(new_desk.company_id, ["bill"], dt.date(2026, 1, 1))
    new_desk.id = new_desk.bill("A-1", total="100.00")
    new_desk.drain()
    return new_desk


@pytest.fixture
def bench(app, quickbooks, clock):
    return post_bill(app, quickbooks, clock)


def bill(bench):
    return bench.bills()[0]


def edit(bench, **fields):
    """Edit the bill as a person does, and let the hub notice it."""
    bench.edit(bill(bench)["Id"], **fields)
    bench.clock.advance(60)
    changes.poll(bench.company_id)
    watch(bench.company_id)


def other_line(amount):
    detail = {"AccountRef": {"value": "7"}}
    return {
        "DetailType": "AccountBasedExpenseLineDetail",
        "Amount": Decimal(amount),
        "AccountBasedExpenseLineDetail": detail,
    }


def put_back(bench, token=None):
    action.put_back(bench.id, token or bill(bench)["SyncToken"], "kari")


def updates(bench):
    with read_only_session() as session:
        query = select(Posting).where(Posting.operation == "update").order_by(Posting.id)
        return session.scalars(query).all()


def test_an_edited_bill_is_written_again_as_it_was_posted(bench):
    edit(bench, TxnDate="2026-03-01", Line=[other_line("77.00"), other_line("1.00")])
    assert bench.cases() == ["Changed in QuickBooks"]
    before = bill(bench)
    put_back(bench)
    assert bench.cases() == []
    bench.drain()
    after = bill(bench)
    assert (str(after["TotalAmt"]), after["Id"]) == ("100.00", before["Id"])
    assert after["TxnDate"] != "2026-03-01"
    assert len(after["Line"]) == 1
    [update] = updates(bench)
    assert (update.state, update.approved_by) == ("posted", "kari")
    assert update.base == f"{before['Id']}:{before['SyncToken']}"
    assert len(bench.sent("bill.update")) == 1
    bench.clock.advance(60)
    changes.poll(bench.company_id)
    watch(bench.company_id)
    reconcile(bench.company_id)
    assert bench.cases() == []
    with read_only_session() as session:
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.what == "posting put back"))
        assert entry.who == "kari"


def test_two_requests_to_put_back_plan_one_update(bench):
    edit(bench, TxnDate="2026-03-01")
    put_back(bench)
    with pytest.raises(NotNow, match="waiting already"):
        put_back(bench)
    bench.drain()
    assert len(bench.sent("bill.update")) == 1


@pytest.mark.parametrize("fault", ["lose_answer", "lose_request"])
def test_a_lost_answer_is_looked_up_before_it_is_written_again(bench, fault):
    edit(bench, TxnDate="2026-03-01")
    token = int(bill(bench)["SyncToken"])
    put_back(bench)
    bench.quickbooks.add_fault(fault, "bill.update")
    bench.drain(wait_for_doubts=True)
    assert bill(bench)["TxnDate"] != "2026-03-01"
    assert int(bill(bench)["SyncToken"]) == token + 1
    assert updates(bench)[0].state == "posted"


def test_an_edit_that_the_person_has_not_seen_is_not_written_over(bench):
    edit(bench, TxnDate="2026-03-01")
    sync_token = bill(bench)["SyncToken"]
    bench.edit(bill(bench)["Id"], TxnDate="2026-03-09")
    with pytest.raises(NotNow, match="changed in QuickBooks again"):
        put_back(bench, sync_token)
    assert updates(bench) == []


def test_an_edit_between_the_wish_and_the_send_is_put_before_a_person(bench):
    edit(bench, TxnDate="2026-03-01")
    put_back(bench)
    bench.edit(bill(bench)["Id"], TxnDate="2026-03-09")
    bench.drain()
    assert (updates(bench)[0].state, updates(bench)[0].held_by) == ("held", "person")
    assert (bill(bench)["TxnDate"], bench.sent("bill.update")) == ("2026-03-09", [])


def test_a_document_that_its_source_no_longer_wants_is_not_put_back(bench):
    edit(bench, TxnDate="2026-03-01")
    with transaction() as session:
        session.get_one(Posting, bench.id).document.gone = "Deleted."
    with pytest.raises(NotNow, match="no longer wanted"):
        put_back(bench)


def test_a_deleted_transaction_is_not_put_back(bench):
    edit(bench, TxnDate="2026-03-01")
    token = bill(bench)["SyncToken"]
    bench.quickbooks.act("delete", kind="Bill", id=bill(bench)["Id"])
    with pytest.raises(NotNow, match="Press Post again"):
        put_back(bench, token)


def test_what_was_adopted_before_its_supplier_was_created_is_not_put_back(bench):
    supplier = bench.plan("S-1", "create", {"DisplayName": "New"}, kind="vendor", total=None)
    body = {**bench.body("A-2"), "PrivateNote": "typed in"}
    typed = bench.quickbooks.ask("POST", "bill", body).json()["Bill"]["Id"]
    planned = bench.body("A-2", vendor=outbox.format_placeholder(supplier))
    bench.id = bench.plan("A-2", "create", planned, state="waiting", after_id=supplier)
    manual.adopt(bench.id, typed, "kari")
    bench.edit(typed, TxnDate="2026-03-01")
    (entity,) = (row for row in bench.bills() if row["Id"] == typed)
    with pytest.raises(NotNow, match="no longer has what it posted of Bill A-2"):
        put_back(bench, entity["SyncToken"])
    assert updates(bench) == []


def test_a_change_that_was_posted_is_what_is_put_back(bench):
    bench.change(bench.id, total="120.00")
    bench.drain()
    edit(bench, Line=[other_line("77.00")])
    put_back(bench)
    bench.drain()
    assert str(bill(bench)["TotalAmt"]) == "120.00"
    assert bench.cases() == []


def test_a_second_request_is_refused_on_postgresql(pg_app, clock):
    quickbooks = mount_quickbooks(pg_app, clock)
    company = oauth_connect.connect_with_refresh_token(
        quickbooks.realm, quickbooks.refresh_tokens[quickbooks.realm]
    )
    record_download.refresh(company.id)
    bench = post_bill(pg_app, quickbooks, clock)
    edit(bench, TxnDate="2026-03-01")
    put_back(bench)
    with pytest.raises(NotNow, match="waiting already"):
        put_back(bench)
    bench.drain()
    assert bill(bench)["TxnDate"] != "2026-03-01"
    assert (bench.cases(), len(bench.sent("bill.update"))) == ([], 1)


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        ({"mode": "paused"}, "Its app is paused, so nothing is sent to QuickBooks."),
        ({"enabled": False}, "Its app is disabled, so nothing is sent to QuickBooks."),
    ],
    ids=["paused", "disabled"],
)
def test_the_case_stays_open_while_the_app_sends_nothing(bench, rest, reason):
    edit(bench, Line=[other_line("90.00")])
    cases = bench.cases()
    with transaction() as session:
        session.query(Installation).update(rest)
    with pytest.raises(NotNow, match=reason):
        put_back(bench)
    assert cases
    assert bench.cases() == cases
