"""Restoring a posted document that somebody has edited in QuickBooks."""

import datetime as dt
from decimal import Decimal

import pytest
from sqlalchemy import select

from hub.db.engine import read_only_session, transaction
from hub.errors import NotNow
from hub.models import AuditEntry, Posting
from hub.posting.actions import put_back as action
from hub.posting.reconcile.drift import watch
from hub.posting.reconcile.run import reconcile
from hub.qbo import changes, record_download, transaction_download
from hub.qbo.oauth import connect as oauth_connect
from tests.support.posting_bench import Desk
from tests.support.stand_in_fixtures import mount_quickbooks


def post_bill(app, quickbooks, clock):
    """Provide a bill that was posted."""
    new_desk = Desk(app, quickbooks, clock)
    transaction_download.download_missing(new_desk.company_id, ["bill"], dt.date(2026, 1, 1))
    new_desk.id = new_desk.bill("A-1", total="100.00")
    new_desk.drain()
    return new_desk


@pytest.fixture
def desk(app, quickbooks, clock):
    return post_bill(app, quickbooks, clock)


def bill(desk):
    return desk.bills()[0]


def edit(desk, **fields):
    """Edit the bill as a person does, and let the hub notice it."""
    desk.edit(bill(desk)["Id"], **fields)
    desk.clock.advance(60)
    changes.poll(desk.company_id)
    watch(desk.company_id)


def other_line(amount):
    detail = {"AccountRef": {"value": "7"}}
    return {
        "DetailType": "AccountBasedExpenseLineDetail",
        "Amount": Decimal(amount),
        "AccountBasedExpenseLineDetail": detail,
    }


def put_back(desk, token=None):
    action.put_back(desk.id, token or bill(desk)["SyncToken"], "kari")


def updates(desk):
    with read_only_session() as session:
        query = select(Posting).where(Posting.operation == "update").order_by(Posting.id)
        return session.scalars(query).all()


def test_an_edited_bill_is_written_again_as_it_was_posted(desk):
    edit(desk, TxnDate="2026-03-01", Line=[other_line("77.00"), other_line("1.00")])
    assert desk.cases() == ["Changed in QuickBooks"]
    before = bill(desk)
    put_back(desk)
    assert desk.cases() == []
    desk.drain()
    after = bill(desk)
    assert (str(after["TotalAmt"]), after["Id"]) == ("100.00", before["Id"])
    assert after["TxnDate"] != "2026-03-01"
    assert len(after["Line"]) == 1
    [update] = updates(desk)
    assert (update.state, update.approved_by) == ("posted", "kari")
    assert update.base == f"{before['Id']}:{before['SyncToken']}"
    assert len(desk.sent("bill.update")) == 1
    desk.clock.advance(60)
    changes.poll(desk.company_id)
    watch(desk.company_id)
    reconcile(desk.company_id)
    assert desk.cases() == []
    with read_only_session() as session:
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.what == "posting put back"))
        assert entry.who == "kari"


def test_the_same_wish_twice_is_one_update(desk):
    edit(desk, TxnDate="2026-03-01")
    put_back(desk)
    with pytest.raises(NotNow, match="waiting already"):
        put_back(desk)
    desk.drain()
    assert len(desk.sent("bill.update")) == 1


@pytest.mark.parametrize("fault", ["lose_answer", "lose_request"])
def test_a_lost_answer_is_looked_up_before_it_is_written_again(desk, fault):
    edit(desk, TxnDate="2026-03-01")
    token = int(bill(desk)["SyncToken"])
    put_back(desk)
    desk.quickbooks.add_fault(fault, "bill.update")
    desk.drain(wait_for_doubts=True)
    assert bill(desk)["TxnDate"] != "2026-03-01"
    assert int(bill(desk)["SyncToken"]) == token + 1
    assert updates(desk)[0].state == "posted"


def test_an_edit_that_the_person_has_not_seen_is_not_written_over(desk):
    edit(desk, TxnDate="2026-03-01")
    sync_token = bill(desk)["SyncToken"]
    desk.edit(bill(desk)["Id"], TxnDate="2026-03-09")
    with pytest.raises(NotNow, match="changed in QuickBooks again"):
        put_back(desk, sync_token)
    assert updates(desk) == []


def test_an_edit_between_the_wish_and_the_send_is_put_before_a_person(desk):
    edit(desk, TxnDate="2026-03-01")
    put_back(desk)
    desk.edit(bill(desk)["Id"], TxnDate="2026-03-09")
    desk.drain()
    assert (updates(desk)[0].state, updates(desk)[0].held_by) == ("held", "person")
    assert (bill(desk)["TxnDate"], desk.sent("bill.update")) == ("2026-03-09", [])


def test_a_document_that_its_source_no_longer_wants_is_not_put_back(desk):
    edit(desk, TxnDate="2026-03-01")
    with transaction() as session:
        session.get_one(Posting, desk.id).document.gone = "Deleted."
    with pytest.raises(NotNow, match="no longer wanted"):
        put_back(desk)


def test_a_deleted_transaction_is_not_put_back(desk):
    edit(desk, TxnDate="2026-03-01")
    token = bill(desk)["SyncToken"]
    desk.quickbooks.act("delete", kind="Bill", id=bill(desk)["Id"])
    with pytest.raises(NotNow, match="Press Post again"):
        put_back(desk, token)


def test_a_change_that_was_posted_is_what_is_put_back(desk):
    desk.change(desk.id, total="120.00")
    desk.drain()
    edit(desk, Line=[other_line("77.00")])
    put_back(desk)
    desk.drain()
    assert str(bill(desk)["TotalAmt"]) == "120.00"
    assert desk.cases() == []


def test_the_same_on_postgresql(pg_app, clock):
    quickbooks = mount_quickbooks(pg_app, clock)
    company = oauth_connect.connect_with_refresh_token(
        quickbooks.realm, quickbooks.refresh_tokens[quickbooks.realm]
    )
    record_download.refresh(company.id)
    desk = post_bill(pg_app, quickbooks, clock)
    edit(desk, TxnDate="2026-03-01")
    put_back(desk)
    with pytest.raises(NotNow, match="waiting already"):
        put_back(desk)
    desk.drain()
    assert bill(desk)["TxnDate"] != "2026-03-01"
    assert (desk.cases(), len(desk.sent("bill.update"))) == ([], 1)
