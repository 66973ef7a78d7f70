"""Postings in doubt are found, adopted, decided by a person or sent again, never twice."""

import pytest
from sqlalchemy import select

from hub.db.engine import read_only_session, transaction
from hub.models import Case, ConnectedCompany, Posting, Proof
from hub.posting.actions import manual, retries
from hub.qbo import record_download


class Killed(BaseException):
    """The process ends at this moment."""


def killed(desk, monkeypatch, where: str) -> int:
    """Kill the process while a bill is sent, before or after the request was sent."""
    from hub.qbo.client import Client

    create = Client.create

    def dies(self, *args, **options):
        if where == "after":
            create(self, *args, **options)
        raise Killed

    monkeypatch.setattr(Client, "create", dies)
    id = desk.bill()
    with pytest.raises(Killed):
        desk.drain()
    monkeypatch.undo()
    desk.restart()
    return id


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_process_that_died_while_sending_leaves_a_doubt_that_another_one_settles(
    desk, monkeypatch, where
):
    id = killed(desk, monkeypatch, where)
    assert desk.state(id) == "sending"
    desk.pass_time(300)
    desk.drain()
    assert (desk.state(id), len(desk.bills())) == ("posted", 1)


def test_a_short_lived_process_finishes_at_once_when_quickbooks_clock_has_moved_on(
    desk, monkeypatch
):
    id = killed(desk, monkeypatch, "after")
    now = desk.clock.now()
    desk.quickbooks.clock.set(now.timestamp() + 300)
    slept = len(desk.clock.slept)
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), len(desk.bills()), desk.clock.slept[slept:]) == ("posted", 1, [])


def test_a_clock_set_forward_does_not_shorten_the_quiet_time(desk):
    desk.quickbooks.add_fault("lose_answer", "bill.create")
    id = desk.bill()
    desk.drain()
    desk.clock.followers.clear()
    desk.clock.set(desk.clock.now().replace(year=2027))
    desk.drain()
    assert desk.state(id) == "unknown"


def test_nothing_there_is_proved_and_the_same_key_is_sent_again(desk):
    desk.quickbooks.add_fault("lose_request", "bill.create")
    id = desk.bill()
    desk.drain(wait_for_doubts=True)
    first, second = desk.attempts(id)
    assert (first.requestid, desk.proofs(id)) == (second.requestid, ["absent"])
    assert desk.state(id) == "posted"


@pytest.mark.parametrize("treatment", ["replay", "refuse", "duplicate", "ignore"])
def test_repeated_keys_lead_to_one_bill_however_quickbooks_treats_them(desk, treatment):
    desk.quickbooks.switch(requestid=treatment)
    for fault in ("lose_request", "lose_answer"):
        desk.quickbooks.add_fault(fault, "bill.create")
    id = desk.bill()
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), len(desk.bills())) == ("posted", 1)


def test_five_rounds_without_an_answer_hold_it_with_the_proofs(desk):
    desk.quickbooks.add_fault("lose_request", "bill.create", count=0)
    id = desk.bill()
    desk.drain(wait_for_doubts=True)
    posting = desk.posting(id)
    assert (posting.state, posting.held_by, posting.rekey) == ("held", "quickbooks", True)
    assert desk.proofs(id) == ["absent"] * 5
    assert desk.cases() == ["No answer from QuickBooks"]


def test_a_person_who_tries_again_has_it_looked_for_and_sent_under_a_new_key(desk):
    desk.quickbooks.add_fault("lose_request", "bill.create", count=5)
    id = desk.bill()
    desk.drain(wait_for_doubts=True)
    retries.retry(id, "kari")
    desk.drain(wait_for_doubts=True)
    keys = [attempt.requestid for attempt in desk.attempts(id)]
    assert (desk.state(id), len(set(keys)), len(desk.proofs(id))) == ("posted", 2, 6)
    assert (len(desk.bills()), desk.cases()) == (1, [])


def test_several_looks_after_one_send_are_one_round(desk):
    desk.quickbooks.add_fault("lose_request", "bill.create", count=2)
    id = desk.bill()
    desk.drain()
    with transaction() as session:
        for _ in range(
            6
        ):  # by workers that read the doubt at the same time, or ended before continuing
            about = {
                "posting_id": id,
                "generation": 0,
                "at": desk.clock.now(),
                "rows": 0,
                "result": "absent",
            }
            session.add(Proof(since=desk.clock.now(), until=desk.clock.now(), sends=1, **about))
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), len(desk.bills()), len(desk.attempts(id))) == ("posted", 1, 3)


def test_a_refusal_on_a_re_send_is_not_believed(desk):
    desk.quickbooks.add_fault("commit_late", "bill.create", seconds=170)
    desk.quickbooks.switch(requestid="refuse")
    id = desk.bill()
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), len(desk.bills())) == ("posted", 1)


def test_refused_and_absent_again_is_held(desk):
    desk.quickbooks.add_fault("lose_request", "bill.create")
    id = desk.bill(vendor="99999")
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), desk.posting(id).rekey, desk.proofs(id)) == (
        "held",
        True,
        ["absent", "absent"],
    )


def test_an_edited_one_without_our_mark_is_put_before_a_person(desk):
    desk.quickbooks.add_fault("lose_answer", "bill.create")
    id = desk.bill()
    desk.drain()
    desk.edit(desk.bills()[0]["Id"], PrivateNote="ours now")
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), desk.posting(id).held_by, desk.cases()) == (
        "held",
        "person",
        ["Is it this document?"],
    )
    assert len(desk.bills()) == 1


def in_question(desk) -> tuple[int, str]:
    """Provide a bill whose response was lost and whose memo a person has edited since."""
    desk.quickbooks.add_fault("lose_answer", "bill.create")
    id = desk.bill()
    desk.drain()
    bill_id = desk.bills()[0]["Id"]
    desk.edit(bill_id, PrivateNote="ours now")
    desk.drain(wait_for_doubts=True)
    return id, bill_id


def test_adopting_a_candidate_posts_the_document_as_it(desk):
    id, bill_id = in_question(desk)
    manual.adopt(id, bill_id, "kari")
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), desk.posting(id).quickbooks_id) == ("posted", bill_id)
    assert (len(desk.bills()), desk.cases()) == (1, [])


def test_not_this_one_sends_it(desk):
    desk.quickbooks.switch(requestid="ignore")
    id, bill_id = in_question(desk)
    desk.edit(bill_id, DocNumber="B-7")
    manual.reject_match(id, bill_id, "kari")
    desk.drain(wait_for_doubts=True)
    posting = desk.posting(id)
    assert (posting.state, posting.quickbooks_id != bill_id, len(desk.bills())) == (
        "posted",
        True,
        2,
    )


def test_a_deleted_one_that_was_never_seen_is_asked_about(desk):
    desk.quickbooks.add_fault("lose_answer", "bill.create")
    id = desk.bill()
    desk.drain()
    desk.quickbooks.act("delete", kind="Bill", id=desk.bills()[0]["Id"])
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), desk.cases()) == ("held", ["Posted and deleted, or never arrived?"])
    assert len(desk.sent("bill.create")) == 1
    manual.reject_match(id, case_candidates()[0]["id"], "kari")
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), desk.cases(), len(desk.bills()), len(desk.sent("bill.create"))) == (
        "posted",
        [],
        1,
        2,
    )


def case_candidates():
    with read_only_session() as session:
        return (
            session.scalars(select(Case).where(Case.closed_at.is_(None)))
            .one()
            .details["candidates"]
        )


def test_bills_of_other_documents_are_no_candidates(desk):
    desk.quickbooks.add_fault("lose_request", "bill.create", nth=2)
    first, second = desk.bill("A-1"), desk.bill("A-2")
    desk.drain(wait_for_doubts=True)
    assert (desk.state(first), desk.state(second), len(desk.bills())) == ("posted", "posted", 2)


def test_one_look_serves_all_that_are_in_doubt(desk):
    desk.quickbooks.add_fault("lose_answer", "bill.create", count=8)
    ids = [desk.bill(f"A-{n}") for n in range(8)]
    desk.drain()
    desk.pass_time(200)
    assert desk.drain().reads == 2
    assert {desk.state(id) for id in ids} == {"posted"}


def test_one_question_asks_for_the_numbers_of_all_that_did_not_arrive(desk):
    desk.quickbooks.add_fault("lose_request", "bill.create", count=8)
    ids = [desk.bill(f"A-{n}") for n in range(8)]
    desk.drain()
    desk.pass_time(200)
    by_marker, deleted, numbers, read_back = 1, 1, 1, 8
    assert desk.drain().reads == by_marker + deleted + numbers + read_back
    assert {desk.state(id) for id in ids} == {"posted"}


def test_a_posting_stays_in_doubt_while_searches_fail(desk):
    desk.quickbooks.add_fault("lose_answer", "bill.create")
    id = desk.bill()
    desk.drain()
    desk.quickbooks.add_fault("status", "query*", status=500, count=0)
    desk.pass_time(400)
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), desk.proofs(id)) == ("unknown", [])
    desk.quickbooks.faults.clear()
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), len(desk.bills())) == ("posted", 1)


def test_an_answer_that_came_after_the_fence_was_lost_is_remembered_and_read(desk, monkeypatch):
    from hub.posting.send import pipeline

    settle = pipeline.record_results

    def taken_over(worker, results):
        with transaction() as session:
            session.get_one(Posting, results[0][0].posting.id).fence = "another"
        return settle(worker, results)

    monkeypatch.setattr(pipeline, "record_results", taken_over)
    id = desk.bill()
    desk.drain()
    monkeypatch.undo()
    bill_id = desk.bills()[0]["Id"]
    assert (desk.state(id), desk.attempts(id)[0].seen_id) == ("sending", bill_id)
    desk.drain()
    assert (desk.state(id), desk.posting(id).quickbooks_id) == ("posted", bill_id)


def put_back(desk, tmp_path, change) -> None:
    """Restore the database to its state before `change`."""
    import shutil

    from hub.db.engine import db

    path = desk.app.extensions["hub"].config.data / "hub.db"
    db.engine.dispose()
    shutil.copy(path, tmp_path / "backup.db")
    change()
    db.engine.dispose()
    for old in path.parent.glob("hub.db*"):
        old.unlink()
    shutil.copy(tmp_path / "backup.db", path)
    desk.restart()


def test_a_restored_database_finds_what_it_had_forgotten(desk, tmp_path):
    desk.bill("A-0")
    desk.drain()
    id = desk.bill("A-1")
    put_back(desk, tmp_path, desk.drain)
    assert desk.state(id) == "ready"
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), len(desk.bills())) == ("posted", 2)


def test_after_a_restore_what_was_never_sent_is_sent_once(desk, tmp_path):
    id = desk.bill("A-1")
    put_back(desk, tmp_path, lambda: (desk.bill("A-2"), desk.drain()))
    desk.drain(wait_for_doubts=True)
    later = desk.bill("A-2")
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), desk.state(later), len(desk.bills())) == ("posted", "posted", 2)


def test_after_a_restore_a_refusal_is_not_believed(desk, tmp_path):
    id = desk.bill("A-1", vendor="99999")
    put_back(desk, tmp_path, lambda: (desk.bill("A-2"), desk.drain()))
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), desk.proofs(id)) == ("held", ["absent", "absent"])


@pytest.mark.parametrize("laid", ["release", "review"])
def test_after_a_restore_a_check_holds_nothing_that_was_not_looked_for(desk, tmp_path, laid):
    id = desk.bill("A-1")
    desk.uncheck(id)
    put_back(desk, tmp_path, desk.drain)
    getattr(desk, laid)(id)
    desk.quickbooks.act("close_books", date="2026-03-31")
    record_download.refresh(1)
    desk.drain(wait_for_doubts=laid == "release")
    assert (desk.cases(), desk.state(id)) == ([], "posted" if laid == "release" else "review")
    desk.pass_time(300)
    desk.drain()
    assert (desk.state(id), desk.cases(), len(desk.bills())) == ("posted", [], 1)


def test_an_unmarked_one_after_a_restore_is_asked_about(desk, tmp_path):
    id = desk.bill("A-1")

    def posted_and_edited():
        desk.drain()
        desk.edit(desk.bills()[0]["Id"], PrivateNote="ours now")

    put_back(desk, tmp_path, posted_and_edited)
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), desk.cases(), len(desk.bills())) == (
        "held",
        ["Is it this document?"],
        1,
    )


def test_a_new_database_adopts_what_an_older_one_had_posted(desk):
    id = desk.bill("A-1")
    desk.quickbooks.ask(
        "POST", "bill", desk.body("A-1") | {"Line": desk.bills() or desk.body("A-1")["Line"]}
    )
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), len(desk.bills()), len(desk.attempts(id))) == ("posted", 1, 0)


def test_a_person_can_say_that_the_database_was_put_back(desk):
    from hub.posting.recovery import restore

    desk.bill()
    desk.drain()
    restore.declare_restore()
    with transaction() as session:
        company = session.get_one(ConnectedCompany, desk.company_id)
        assert (company.restored_since is not None, company.restored_until) == (True, None)
    desk.drain()
    desk.pass_time(300)
    desk.drain()
    with transaction() as session:
        assert session.get_one(ConnectedCompany, desk.company_id).restored_until is not None


def test_success_on_a_re_send_is_read_before_it_is_believed(desk):
    desk.quickbooks.add_fault("lose_answer", "bill.create")
    id = desk.bill()
    desk.drain()
    desk.quickbooks.act("delete", kind="Bill", id=desk.bills()[0]["Id"])
    desk.quickbooks.switch(index_lag=3600)
    desk.drain(wait_for_doubts=True)
    assert (desk.state(id), desk.cases(), desk.bills()) == ("held", ["Deleted in QuickBooks"], [])
