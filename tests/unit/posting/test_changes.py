"""Changes and deletions of posted transactions never overwrite a person's work."""

import pytest

from hub.posting.actions import manual
from tests.support.posting_bench import Desk


@pytest.fixture
def desk(app, quickbooks, clock):
    new_desk = Desk(app, quickbooks, clock)
    new_desk.first = new_desk.bill()
    new_desk.drain()
    return new_desk


def first_bill(desk):
    return desk.bills()[0]


def test_a_change_is_read_compared_and_written_once(desk):
    id = desk.change(desk.first, total="120.00")
    result = desk.drain()
    assert (desk.state(id), str(first_bill(desk)["TotalAmt"]), result.writes, result.reads) == (
        "posted",
        "120.00",
        1,
        1,
    )
    assert desk.posting(id).sync_token == "1"


def test_the_key_of_a_change_names_what_it_is_written_against(desk):
    id = desk.change(desk.first, total="120.00")
    desk.drain()
    bill = desk.posting(desk.first)
    assert desk.posting(id).base == f"{bill.quickbooks_id}:0"
    assert desk.posting(id).requestid != bill.requestid


def test_a_change_whose_answer_was_lost_is_found_again(desk):
    desk.quickbooks.add_fault("lose_answer", "bill.update")
    id = desk.change(desk.first, total="120.00")
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), str(first_bill(desk)["TotalAmt"]), first_bill(desk)["SyncToken"]) == (
        "posted",
        "120.00",
        "1",
    )


def test_a_change_that_never_arrived_is_sent_again(desk):
    desk.quickbooks.add_fault("lose_request", "bill.update")
    id = desk.change(desk.first, total="120.00")
    desk.drain(wait_for_doubts=True)
    first, second = desk.attempts(id)
    assert (desk.state(id), first_bill(desk)["SyncToken"], first.requestid) == (
        "posted",
        "1",
        second.requestid,
    )


def test_an_edit_in_quickbooks_is_never_overwritten_unseen(desk):
    id = desk.change(desk.first, total="120.00")
    desk.edit(first_bill(desk)["Id"], TxnDate="2026-03-01")
    desk.drain()
    assert (desk.state(id), desk.posting(id).held_by, desk.cases()) == (
        "held",
        "person",
        ["Changed in QuickBooks"],
    )
    assert (desk.sent("bill.update"), first_bill(desk)["TxnDate"]) == ([], "2026-03-01")


def test_a_person_may_have_it_written_over(desk):
    id = desk.change(desk.first, total="120.00")
    desk.edit(first_bill(desk)["Id"], TxnDate="2026-03-01")
    desk.drain()
    manual.reject_match(id, first_bill(desk)["Id"], "kari")
    desk.drain()
    assert (desk.state(id), first_bill(desk)["TxnDate"], str(first_bill(desk)["TotalAmt"])) == (
        "posted",
        "2026-03-02",
        "120.00",
    )
    assert desk.cases() == []


def test_a_change_of_nothing_that_counts_is_written_onto(desk):
    id = desk.change(desk.first, total="120.00")
    desk.edit(first_bill(desk)["Id"], PrivateNote=f"seen [hub:{desk.marker('A-1')}]")
    desk.drain()
    assert (
        desk.state(id),
        desk.posting(id).base.rpartition(":")[2],
        first_bill(desk)["SyncToken"],
    ) == (
        "posted",
        "1",
        "2",
    )


def test_a_change_that_became_stale_before_the_write_is_held(desk):
    desk.quickbooks.add_fault("stale_object", "bill.update")
    id = desk.change(desk.first, total="120.00")
    desk.drain()
    assert desk.state(id) == "held"
    assert desk.posting(id).rekey


@pytest.mark.parametrize("fault", [None, "lose_answer", "lose_request"])
def test_a_deletion_is_done_once(desk, fault):
    if fault:
        desk.quickbooks.add_fault(fault, "bill.delete")
    id = desk.change(desk.first, "delete")
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), desk.bills()) == ("posted", [])


def test_a_transaction_that_is_deleted_already_needs_no_deletion(desk):
    id = desk.change(desk.first, "delete")
    desk.quickbooks.act("delete", kind="Bill", id=first_bill(desk)["Id"])
    desk.drain()
    assert (desk.state(id), desk.sent("bill.delete")) == ("posted", [])


def test_a_change_of_something_deleted_is_put_before_a_person(desk):
    id = desk.change(desk.first, total="120.00")
    desk.quickbooks.act("delete", kind="Bill", id=first_bill(desk)["Id"])
    desk.drain()
    assert (desk.state(id), desk.cases()) == ("held", ["Deleted in QuickBooks"])


def test_a_later_change_waits_while_an_earlier_one_is_in_doubt(desk):
    desk.quickbooks.add_fault("lose_answer", "bill.update")
    desk.change(desk.first, total="120.00")
    desk.drain()
    file = desk.attach(desk.first)
    result = desk.drain()
    assert (result.writes, desk.state(file)) == (0, "ready")
    desk.drain(wait_for_doubts=True)
    assert desk.state(file) == "posted"
