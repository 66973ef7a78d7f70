"""Changes and deletions of posted transactions never overwrite a person's work."""

import datetime as dt

import pytest
from sqlalchemy import select

from hub.db.engine import read_only_session, transaction
from hub.errors import NotNow, Refused
from hub.models import Case, Posting
from hub.posting.actions import manual, overwrites, retries
from hub.qbo.client import Client
from tests.support.rows.posting_bench import PostingBench


@pytest.fixture
def bench(app, quickbooks, clock):
    new_desk = PostingBench(app, quickbooks, clock)
    new_desk.first = new_desk.bill()
    new_desk.drain()
    return new_desk


def first_bill(bench):
    return bench.bills()[0]


def test_a_change_is_read_compared_and_written_once(bench):
    id = bench.change(bench.first, total="120.00")
    result = bench.drain()
    assert (bench.state(id), str(first_bill(bench)["TotalAmt"]), result.writes, result.reads) == (
        "posted",
        "120.00",
        1,
        1,
    )
    assert bench.posting(id).sync_token == "1"


def test_the_key_of_a_change_names_what_it_is_written_against(bench):
    id = bench.change(bench.first, total="120.00")
    bench.drain()
    bill = bench.posting(bench.first)
    assert bench.posting(id).base == f"{bill.quickbooks_id}:0"
    assert bench.posting(id).requestid != bill.requestid


def test_a_bill_with_a_file_is_changed_in_the_version_that_the_file_raised(bench):
    bench.attach(bench.first)
    bench.drain()
    id = bench.change(bench.first, total="120.00")
    bench.drain()
    assert (bench.state(id), str(first_bill(bench)["TotalAmt"])) == ("posted", "120.00")
    assert bench.posting(id).sync_token == "2"


def test_a_change_whose_answer_was_lost_is_found_again(bench):
    bench.quickbooks.add_fault("lose_answer", "bill.update")
    id = bench.change(bench.first, total="120.00")
    bench.drain(wait_for_doubts=True)
    assert (
        bench.state(id),
        str(first_bill(bench)["TotalAmt"]),
        first_bill(bench)["SyncToken"],
    ) == (
        "posted",
        "120.00",
        "1",
    )


def test_a_change_that_never_arrived_is_sent_again(bench):
    bench.quickbooks.add_fault("lose_request", "bill.update")
    id = bench.change(bench.first, total="120.00")
    bench.drain(wait_for_doubts=True)
    first, second = bench.attempts(id)
    assert (bench.state(id), first_bill(bench)["SyncToken"], first.requestid) == (
        "posted",
        "1",
        second.requestid,
    )


def test_an_edit_in_quickbooks_is_never_overwritten_unseen(bench):
    id = bench.change(bench.first, total="120.00")
    bench.edit(first_bill(bench)["Id"], TxnDate="2026-03-01")
    bench.drain()
    assert (bench.state(id), bench.posting(id).held_by, bench.cases()) == (
        "held",
        "person",
        ["Our change was not written"],
    )
    assert (bench.sent("bill.update"), first_bill(bench)["TxnDate"]) == ([], "2026-03-01")


def test_the_case_of_an_edited_transaction_says_that_it_would_be_removed(bench):
    id = bench.change(bench.first, "delete")
    bench.edit(first_bill(bench)["Id"], TxnDate="2026-03-01")
    bench.drain()
    assert (bench.state(id), len(bench.bills())) == ("held", 1)
    with read_only_session() as session:
        (case,) = session.scalars(select(Case).where(Case.closed_at.is_(None)))
        assert "Press “Remove it all the same”" in case.instruction
    overwrites.permit(id, first_bill(bench)["SyncToken"], "kari")
    bench.drain()
    assert (bench.state(id), bench.bills(), bench.cases()) == ("posted", [], [])


def test_an_edit_is_overwritten_if_a_person_permits_it(bench):
    id = bench.change(bench.first, total="120.00")
    bench.edit(first_bill(bench)["Id"], TxnDate="2026-03-01")
    bench.drain()
    overwrites.permit(id, first_bill(bench)["SyncToken"], "kari")
    bench.drain()
    assert (bench.state(id), first_bill(bench)["TxnDate"], str(first_bill(bench)["TotalAmt"])) == (
        "posted",
        "2026-03-02",
        "120.00",
    )
    assert bench.cases() == []


@pytest.mark.parametrize("operation", ["update", "delete"])
def test_a_permission_to_overwrite_ends_with_the_next_edit(bench, operation):
    id = bench.change(bench.first, operation)
    bench.edit(first_bill(bench)["Id"], TxnDate="2026-03-01")
    bench.drain()
    question = bench.cases()
    overwrites.permit(id, first_bill(bench)["SyncToken"], "kari")

    bench.clock.advance(20 * 24 * 3600)
    line = {**first_bill(bench)["Line"][0], "Amount": 999}
    bench.edit(first_bill(bench)["Id"], Line=[line], DocNumber="OTHER-1")
    bench.drain()
    assert (bench.state(id), bench.cases()) == ("held", question)
    assert [(bill["DocNumber"], bill["TotalAmt"]) for bill in bench.bills()] == [("OTHER-1", 999)]


def test_lines_that_others_added_are_removed_only_with_a_permission(bench):
    id = bench.change(bench.first, total="120.00")
    line = first_bill(bench)["Line"][0]
    added = {name: value for name, value in line.items() if name != "Id"} | {"Amount": 8}
    bench.edit(first_bill(bench)["Id"], Line=[line, added])
    bench.drain()
    assert (bench.state(id), first_bill(bench)["TotalAmt"]) == ("held", 108)
    overwrites.permit(id, first_bill(bench)["SyncToken"], "kari")
    bench.drain()
    bill = first_bill(bench)
    assert (bench.state(id), bill["TotalAmt"], len(bill["Line"])) == ("posted", 120, 1)


def test_a_permission_ends_the_question_about_a_change_whose_answer_was_lost(bench):
    bench.quickbooks.add_fault("lose_request", "bill.update")
    id = bench.change(bench.first, total="120.00")
    bench.drain()
    bench.edit(first_bill(bench)["Id"], TxnDate="2026-03-01")
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), bench.cases()) == ("held", ["Our change was not written"])
    overwrites.permit(id, first_bill(bench)["SyncToken"], "kari")
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), first_bill(bench)["TotalAmt"], bench.cases()) == ("posted", 120, [])


def test_a_version_that_is_no_longer_the_newest_cannot_be_overwritten(bench):
    id = bench.change(bench.first, "delete")
    bench.edit(first_bill(bench)["Id"], TxnDate="2026-03-01")
    bench.drain()
    seen = first_bill(bench)["SyncToken"]
    bench.edit(first_bill(bench)["Id"], TxnDate="2026-03-05")
    with pytest.raises(NotNow, match="was changed in QuickBooks again"):
        overwrites.permit(id, seen, "kari")
    assert (bench.state(id), bench.posting(id).overwrite_permitted) == ("held", "")


def test_a_rejection_that_an_earlier_version_stored_overwrites_nothing(bench):
    """It named the transaction, and not the version that the person had seen."""
    id = bench.change(bench.first, "delete")
    bench.edit(first_bill(bench)["Id"], TxnDate="2026-03-01")
    with transaction() as session:
        session.get_one(Posting, id).rejected_ids = [first_bill(bench)["Id"]]
    bench.drain()
    assert (bench.state(id), len(bench.bills())) == ("held", 1)


def test_what_a_change_would_overwrite_is_not_rejected_as_another_document(bench):
    id = bench.change(bench.first, "delete")
    with pytest.raises(Refused, match="No open case asks whether"):
        overwrites.permit(id, "0", "kari")
    bench.edit(first_bill(bench)["Id"], TxnDate="2026-03-01")
    bench.drain()
    with pytest.raises(Refused, match="is the one that Bill A-1 of Acme changes"):
        manual.reject_match(id, first_bill(bench)["Id"], "kari")
    assert bench.state(id) == "held"


def test_a_change_of_nothing_that_counts_is_written_onto(bench):
    id = bench.change(bench.first, total="120.00")
    bench.edit(first_bill(bench)["Id"], PrivateNote=f"seen [hub:{bench.marker('A-1')}]")
    bench.drain()
    assert (
        bench.state(id),
        bench.posting(id).base.rpartition(":")[2],
        first_bill(bench)["SyncToken"],
    ) == (
        "posted",
        "1",
        "2",
    )


def test_a_change_that_became_stale_before_the_write_is_held(bench):
    bench.quickbooks.add_fault("stale_object", "bill.update")
    id = bench.change(bench.first, total="120.00")
    bench.drain()
    assert bench.state(id) == "held"
    assert bench.posting(id).rekey


@pytest.mark.parametrize("fault", [None, "lose_answer", "lose_request"])
def test_a_deletion_is_done_once(bench, fault):
    if fault:
        bench.quickbooks.add_fault(fault, "bill.delete")
    id = bench.change(bench.first, "delete")
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), bench.bills()) == ("posted", [])


def test_a_transaction_that_is_deleted_already_needs_no_deletion(bench):
    id = bench.change(bench.first, "delete")
    bench.quickbooks.act("delete", kind="Bill", id=first_bill(bench)["Id"])
    bench.drain()
    assert (bench.state(id), bench.sent("bill.delete")) == ("posted", [])


def test_a_change_of_something_deleted_is_put_before_a_person(bench):
    id = bench.change(bench.first, total="120.00")
    bench.quickbooks.act("delete", kind="Bill", id=first_bill(bench)["Id"])
    bench.drain()
    assert (bench.state(id), bench.cases()) == ("held", ["Deleted in QuickBooks"])


@pytest.mark.parametrize(("operation", "totals"), [("update", ["120.00"]), ("delete", [])])
def test_one_answer_that_a_listed_transaction_is_not_there_is_not_believed(
    bench, operation, totals
):
    bench.quickbooks.add_fault("refusal", "bill.read", code="610")
    id = bench.change(bench.first, operation, total="120.00")
    bench.drain()
    assert (bench.state(id), bench.cases()) == ("posted", [])
    assert [str(bill["TotalAmt"]) for bill in bench.bills()] == totals


def test_a_change_whose_transaction_cannot_be_read_for_an_hour_is_reported(bench):
    bench.quickbooks.add_fault("server_error", "bill.read", count=0)
    id = bench.change(bench.first, total="120.00")
    assert bench.drain().unanswered_documents == ""
    bench.pass_time(3600)
    text = bench.drain().unanswered_documents
    assert text.startswith("Bill A-1 of Acme cannot be sent: QuickBooks does not answer")
    bench.quickbooks.faults.clear()
    assert (bench.drain().unanswered_documents, bench.state(id)) == ("", "posted")


def test_a_change_that_cannot_be_read_since_before_the_clock_was_set_back_is_reported(bench):
    bench.quickbooks.add_fault("server_error", "bill.read", count=0)
    bench.change(bench.first, total="120.00")
    bench.clock.set(bench.clock.now() - dt.timedelta(days=30))
    text = bench.drain().unanswered_documents
    assert text.startswith("Bill A-1 of Acme cannot be sent: QuickBooks does not answer")


@pytest.mark.parametrize("operation", ["update", "delete"])
def test_a_change_that_refers_to_something_inactive_does_not_count_as_deleted(bench, operation):
    bench.quickbooks.add_fault("refusal", f"bill.{operation}", code="610")
    id = bench.change(bench.first, operation, total="120.00")
    bench.drain()
    assert (bench.state(id), bench.cases(), len(bench.bills())) == (
        "held",
        ["Refused by QuickBooks"],
        1,
    )
    with bench.app.app_context():
        retries.retry(id, "kari")
    bench.drain()
    assert bench.state(id) == "posted"


def test_a_change_that_stays_stale_is_held(bench):
    bench.quickbooks.add_fault("refusal", "bill.update", code="5010", count=0)
    read = Client.read

    def newer(self, kind, id, **at):
        note = first_bill(bench)["PrivateNote"]
        bench.quickbooks.act("edit", kind="Bill", id=id, set={"PrivateNote": f"seen {note}"})
        return read(self, kind, id, **at)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "read", newer)
        id = bench.change(bench.first, total="120.00")
        bench.drain()
    assert (bench.state(id), len(bench.attempts(id))) == ("held", 5)
    assert "after that, retry when they are done." in bench.posting(id).reason


def test_a_later_change_waits_while_an_earlier_one_is_in_doubt(bench):
    bench.quickbooks.add_fault("lose_answer", "bill.update")
    bench.change(bench.first, total="120.00")
    bench.drain()
    file = bench.attach(bench.first)
    result = bench.drain()
    assert (result.writes, bench.state(file)) == (0, "ready")
    bench.drain(wait_for_doubts=True)
    assert bench.state(file) == "posted"
