"""Postings in doubt are found, adopted, decided by a person or sent again, never twice."""

import datetime as dt
import json
from decimal import Decimal
from email.utils import format_datetime

import pytest
from sqlalchemy import select

from hub import outbox
from hub.db.engine import read_only_session, transaction
from hub.models import Case, ConnectedCompany, Posting, Proof
from hub.posting.actions import manual, retries
from hub.posting.outcome.session import PostingSession
from hub.posting.reconcile.refresh import refresh
from hub.posting.recovery import restore
from hub.qbo import changes, record_download, transaction_download
from hub.qbo.oauth import connect as oauth_connect
from tests.support.processes.restored_database import put_back


class Killed(BaseException):
    """The process ends at this moment."""


def killed(bench, monkeypatch, where: str) -> int:
    """Kill the process while a bill is sent, before or after the request was sent."""
    from hub.qbo.client import Client

    create = Client.create

    def dies(self, *args, **options):
        if where == "after":
            create(self, *args, **options)
        raise Killed

    monkeypatch.setattr(Client, "create", dies)
    id = bench.bill()
    with pytest.raises(Killed):
        bench.drain()
    monkeypatch.undo()
    bench.restart()
    return id


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_process_that_died_while_sending_leaves_a_doubt_that_another_one_settles(
    bench, monkeypatch, where
):
    id = killed(bench, monkeypatch, where)
    assert bench.state(id) == "sending"
    bench.pass_time(300)
    bench.drain()
    assert (bench.state(id), len(bench.bills())) == ("posted", 1)


def test_a_short_lived_process_finishes_at_once_when_quickbooks_clock_has_moved_on(
    bench, monkeypatch
):
    id = killed(bench, monkeypatch, "after")
    now = bench.clock.now()
    bench.quickbooks.clock.set(now.timestamp() + 300)
    slept = len(bench.clock.slept)
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), len(bench.bills()), bench.clock.slept[slept:]) == ("posted", 1, [])


def test_a_clock_set_forward_does_not_shorten_the_quiet_time(bench):
    bench.quickbooks.add_fault("lose_answer", "bill.create")
    id = bench.bill()
    bench.drain()
    bench.clock.followers.clear()
    bench.clock.set(bench.clock.now().replace(year=2027))
    bench.drain()
    assert bench.state(id) == "unknown"


def test_nothing_there_is_proved_and_the_same_key_is_sent_again(bench):
    bench.quickbooks.add_fault("lose_request", "bill.create")
    id = bench.bill()
    bench.drain(wait_for_doubts=True)
    first, second = bench.attempts(id)
    assert (first.requestid, bench.proofs(id)) == (second.requestid, ["absent"])
    assert bench.state(id) == "posted"


@pytest.mark.parametrize("treatment", ["replay", "refuse", "duplicate", "ignore"])
def test_repeated_keys_lead_to_one_bill_however_quickbooks_treats_them(bench, treatment):
    bench.quickbooks.switch(requestid=treatment)
    for fault in ("lose_request", "lose_answer"):
        bench.quickbooks.add_fault(fault, "bill.create")
    id = bench.bill()
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), len(bench.bills())) == ("posted", 1)


def test_five_rounds_without_an_answer_hold_it_with_the_proofs(bench):
    bench.quickbooks.add_fault("lose_request", "bill.create", count=0)
    id = bench.bill()
    bench.drain(wait_for_doubts=True)
    posting = bench.posting(id)
    assert (posting.state, posting.held_by, posting.rekey) == ("held", "quickbooks", True)
    assert bench.proofs(id) == ["absent"] * 5
    assert bench.cases() == ["No answer from QuickBooks"]


def test_a_retried_posting_is_searched_for_and_sent_under_a_new_key(bench):
    bench.quickbooks.add_fault("lose_request", "bill.create", count=5)
    id = bench.bill()
    bench.drain(wait_for_doubts=True)
    retries.retry(id, "kari")
    bench.drain(wait_for_doubts=True)
    keys = [attempt.requestid for attempt in bench.attempts(id)]
    assert (bench.state(id), len(set(keys)), len(bench.proofs(id))) == ("posted", 2, 6)
    assert (len(bench.bills()), bench.cases()) == (1, [])


def test_several_looks_after_one_send_are_one_round(bench):
    bench.quickbooks.add_fault("lose_request", "bill.create", count=2)
    id = bench.bill()
    bench.drain()
    with transaction() as session:
        for _ in range(
            6
        ):  # by workers that read the doubt at the same time, or ended before continuing
            about = {
                "posting_id": id,
                "generation": 0,
                "at": bench.clock.now(),
                "rows": 0,
                "result": "absent",
            }
            session.add(Proof(since=bench.clock.now(), until=bench.clock.now(), sends=1, **about))
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), len(bench.bills()), len(bench.attempts(id))) == ("posted", 1, 3)


def test_a_refusal_on_a_re_send_is_not_believed(bench):
    bench.quickbooks.add_fault("commit_late", "bill.create", seconds=170)
    bench.quickbooks.switch(requestid="refuse")
    id = bench.bill()
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), len(bench.bills())) == ("posted", 1)


def test_refused_and_absent_again_is_held(bench):
    bench.quickbooks.add_fault("lose_request", "bill.create")
    id = bench.bill(vendor="99999")
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), bench.posting(id).rekey, bench.proofs(id)) == (
        "held",
        True,
        ["absent", "absent"],
    )


def test_an_edited_one_without_our_mark_is_put_before_a_person(bench):
    bench.quickbooks.add_fault("lose_answer", "bill.create")
    id = bench.bill()
    bench.drain()
    bench.edit(bench.bills()[0]["Id"], PrivateNote="ours now")
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), bench.posting(id).held_by, bench.cases()) == (
        "held",
        "person",
        ["Is it this document?"],
    )
    assert len(bench.bills()) == 1


def in_question(bench) -> tuple[int, str]:
    """Provide a bill whose response was lost and whose memo a person has edited since."""
    bench.quickbooks.add_fault("lose_answer", "bill.create")
    id = bench.bill()
    bench.drain()
    bill_id = bench.bills()[0]["Id"]
    bench.edit(bill_id, PrivateNote="ours now")
    bench.drain(wait_for_doubts=True)
    return id, bill_id


def test_adopting_a_candidate_posts_the_document_as_it(bench):
    id, bill_id = in_question(bench)
    manual.adopt(id, bill_id, "kari")
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), bench.posting(id).quickbooks_id) == ("posted", bill_id)
    assert (len(bench.bills()), bench.cases()) == (1, [])


def test_a_posting_is_sent_once_a_person_rejects_the_candidate(bench):
    bench.quickbooks.switch(requestid="ignore")
    id, bill_id = in_question(bench)
    bench.edit(bill_id, DocNumber="B-7")
    manual.reject_match(id, bill_id, "kari")
    bench.drain(wait_for_doubts=True)
    posting = bench.posting(id)
    assert (posting.state, posting.quickbooks_id != bill_id, len(bench.bills())) == (
        "posted",
        True,
        2,
    )


def test_a_deleted_transaction_that_was_never_read_needs_a_decision(bench):
    bench.quickbooks.add_fault("lose_answer", "bill.create")
    id = bench.bill()
    bench.drain()
    bench.quickbooks.act("delete", kind="Bill", id=bench.bills()[0]["Id"])
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), bench.cases()) == ("held", ["Posted and deleted, or never arrived?"])
    assert len(bench.sent("bill.create")) == 1
    manual.reject_match(id, case_candidates()[0]["id"], "kari")
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), bench.cases(), len(bench.bills()), len(bench.sent("bill.create"))) == (
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


def test_bills_of_other_documents_are_no_candidates(bench):
    bench.quickbooks.add_fault("lose_request", "bill.create", nth=2)
    first, second = bench.bill("A-1"), bench.bill("A-2")
    bench.drain(wait_for_doubts=True)
    assert (bench.state(first), bench.state(second), len(bench.bills())) == ("posted", "posted", 2)


def test_one_search_serves_all_postings_in_doubt(bench):
    bench.quickbooks.add_fault("lose_answer", "bill.create", count=8)
    ids = [bench.bill(f"A-{n}") for n in range(8)]
    bench.drain()
    bench.pass_time(200)
    by_creation, nothing_new, deleted = 1, 1, 1
    assert bench.drain().reads == by_creation + nothing_new + deleted
    assert {bench.state(id) for id in ids} == {"posted"}


def test_one_query_asks_for_the_numbers_of_all_postings_that_did_not_arrive(bench):
    bench.quickbooks.add_fault("lose_request", "bill.create", count=8)
    ids = [bench.bill(f"A-{n}") for n in range(8)]
    bench.drain()
    bench.pass_time(200)
    by_creation, nothing_new, deleted, numbers, read_back = 1, 1, 1, 1, 8
    expected = by_creation + nothing_new + deleted + numbers + read_back
    assert bench.drain().reads == expected
    assert {bench.state(id) for id in ids} == {"posted"}


def test_a_number_that_no_query_can_contain_stops_no_search_for_others(bench):
    bench.quickbooks.add_fault("lose_request", "bill.create", count=3)
    ids = [bench.bill(number) for number in ("A–1", "A-2", "Ł")]
    bench.drain(wait_for_doubts=True)
    assert [bench.state(id) for id in ids] == ["posted"] * 3
    assert sorted(bill["DocNumber"] for bill in bench.bills()) == ["A-2", "A–1", "Ł"]


@pytest.mark.parametrize("named", ["nothing", "a deleted bill"])
def test_a_bill_is_found_although_its_response_named_another_one(bench, named):
    bill_id = "999999"
    if named == "a deleted bill":
        bench.bill("A-0")
        bench.drain()
        bill_id = bench.bills()[0]["Id"]
        bench.quickbooks.act("delete", kind="Bill", id=bill_id)
    other = {"Bill": {"Id": bill_id, "SyncToken": "0"}}
    bench.quickbooks.add_fault("wrong_json", "bill.create", body=json.dumps(other))
    id = bench.bill()
    bench.drain(wait_for_doubts=True)
    (bill,) = bench.bills()
    assert (bench.state(id), bench.posting(id).quickbooks_id) == ("posted", bill["Id"])


def test_a_posting_stays_in_doubt_while_searches_fail(bench):
    bench.quickbooks.add_fault("lose_answer", "bill.create")
    id = bench.bill()
    bench.drain()
    bench.quickbooks.add_fault("status", "query*", status=500, count=0)
    bench.pass_time(400)
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), bench.proofs(id)) == ("unknown", [])
    bench.quickbooks.faults.clear()
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), len(bench.bills())) == ("posted", 1)


def test_an_answer_that_came_after_the_fence_was_lost_is_remembered_and_read(bench, monkeypatch):
    from hub.posting.send import pipeline

    settle = pipeline.record_results

    def taken_over(worker, results):
        with transaction() as session:
            session.get_one(Posting, results[0][0].posting.id).fence = "another"
        return settle(worker, results)

    monkeypatch.setattr(pipeline, "record_results", taken_over)
    id = bench.bill()
    bench.drain()
    monkeypatch.undo()
    bill_id = bench.bills()[0]["Id"]
    assert (bench.state(id), bench.attempts(id)[0].seen_id) == ("sending", bill_id)
    bench.drain()
    assert (bench.state(id), bench.posting(id).quickbooks_id) == ("posted", bill_id)


def test_a_restored_database_finds_what_it_had_forgotten(bench, tmp_path):
    bench.bill("A-0")
    bench.drain()
    id = bench.bill("A-1")
    put_back(bench.app, tmp_path, bench.drain)
    assert bench.state(id) == "ready"
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), len(bench.bills())) == ("posted", 2)


def test_after_a_restore_what_was_never_sent_is_sent_once(bench, tmp_path):
    id = bench.bill("A-1")
    put_back(bench.app, tmp_path, lambda: (bench.bill("A-2"), bench.drain()))
    bench.drain(wait_for_doubts=True)
    later = bench.bill("A-2")
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), bench.state(later), len(bench.bills())) == ("posted", "posted", 2)


def send_and_delete_bill(bench):
    """Send a bill, which a person then deletes in QuickBooks."""
    bench.bill("A-1")
    bench.drain()
    (id,) = [bill["Id"] for bill in bench.bills() if bill["DocNumber"] == "A-1"]
    bench.quickbooks.act("delete", kind="Bill", id=id)


def test_what_was_removed_since_the_backup_is_not_posted_again_after_a_new_sign_in(bench, tmp_path):
    """The backup has no posting, and a person connects the company again after the restore."""
    quickbooks = bench.quickbooks
    quickbooks.switch(requestid="ignore")
    put_back(bench.app, tmp_path, lambda: send_and_delete_bill(bench))
    bench.pass_time(14 * 24 * 3600)
    token = quickbooks.refresh_tokens[quickbooks.realm]
    oauth_connect.connect_with_refresh_token(quickbooks.realm, token)
    restore.declare_restore()
    id = bench.bill("A-1")
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), bench.cases()) == ("held", ["Posted and deleted, or never arrived?"])
    assert bench.bills() == []


@pytest.mark.parametrize("days", [-1, 30])
def test_a_bill_with_a_later_date_that_was_removed_since_the_backup_is_not_posted_again(
    bench, tmp_path, days
):
    """The bill is dated before or after the restore; its source delivers it at once again."""
    bench.quickbooks.switch(requestid="ignore")
    bench.bill("A-0")
    bench.drain()
    put_back(bench.app, tmp_path, lambda: send_and_delete_bill(bench))
    restore.declare_restore()
    id = bench.bill("A-1")
    with transaction() as session:
        date = (bench.clock.now() + dt.timedelta(days=days)).date()
        session.get_one(Posting, id).document.date = date
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), len(bench.bills())) == ("held", 1)


def test_after_a_restore_a_refusal_is_not_believed(bench, tmp_path):
    id = bench.bill("A-1", DocNumber="longer than 21 characters")
    put_back(bench.app, tmp_path, lambda: (bench.bill("A-2"), bench.drain()))
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), bench.proofs(id)) == ("held", ["absent", "absent"])


@pytest.mark.parametrize("laid", ["release", "review"])
def test_after_a_restore_a_check_holds_nothing_that_was_not_looked_for(bench, tmp_path, laid):
    id = bench.bill("A-1")
    bench.clear_check(id)
    put_back(bench.app, tmp_path, bench.drain)
    getattr(bench, laid)(id)
    bench.quickbooks.act("close_books", date="2026-03-31")
    record_download.refresh(1)
    bench.drain(wait_for_doubts=laid == "release")
    assert (bench.cases(), bench.state(id)) == ([], "posted" if laid == "release" else "review")
    bench.pass_time(300)
    bench.drain()
    assert (bench.state(id), bench.cases(), len(bench.bills())) == ("posted", [], 1)


def test_an_unmarked_transaction_after_a_restore_needs_a_decision(bench, tmp_path):
    id = bench.bill("A-1")

    def posted_and_edited():
        bench.drain()
        bench.edit(bench.bills()[0]["Id"], PrivateNote="ours now")

    put_back(bench.app, tmp_path, posted_and_edited)
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), bench.cases(), len(bench.bills())) == (
        "held",
        ["Is it this document?"],
        1,
    )


def test_a_new_database_adopts_what_an_older_one_had_posted(bench):
    id = bench.bill("A-1")
    bench.quickbooks.ask(
        "POST", "bill", bench.body("A-1") | {"Line": bench.bills() or bench.body("A-1")["Line"]}
    )
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), len(bench.bills()), len(bench.attempts(id))) == ("posted", 1, 0)


def part(bench, number: str, total: str, state: str = "ready") -> int:
    """Plan one part of a document that is split; all parts have its marker."""
    body = bench.body("A-1", total) | {"DocNumber": number}
    return bench.plan("A-1", "create", body, part=number, state=state, total=Decimal(total))


@pytest.mark.parametrize("state", ["held", "review", "waiting", "withdrawn"])
def test_a_part_that_is_not_to_be_sent_stays_as_it_is_once_another_one_is_posted(bench, state):
    part(bench, "A-1", "60.00")
    bench.drain()
    stopped = bench.bill("A-2")
    bench.hold(stopped, "person", "decide")
    id = part(bench, "A-1-2", "40.00", "review")
    with transaction() as session:
        posting = session.get_one(Posting, id)
        posting.state, posting.after_id = state, stopped
        posting.held_by = "person" if state == "held" else ""
    bench.clear_check(bench.bill("B-1"))
    bench.drain()
    bench.drain()
    assert (bench.state(id), len(bench.bills())) == (state, 2)


@pytest.mark.parametrize("restored", [False, True])
@pytest.mark.parametrize("posted", [0, 1])
@pytest.mark.parametrize("parts", [[("A-1", "60.00"), ("A-1-2", "40.00")], [("", "50.00")] * 2])
def test_each_part_that_an_older_database_had_posted_is_found_once(bench, parts, posted, restored):
    bodies = [bench.body("A-1", total) | {"DocNumber": number} for number, total in parts]
    ids = []
    for place, ((_, total), body) in enumerate(zip(parts, bodies, strict=True)):
        values = {"part": f"location:{place}", "total": Decimal(total)}
        ids.append(bench.plan("A-1", "create", body, **values))
    bench.quickbooks.ask("POST", "bill", bodies[posted])
    if restored:
        restore.declare_restore()
    bench.drain(wait_for_doubts=True)
    assert ([bench.state(id) for id in ids], bench.cases()) == (["posted"] * 2, [])
    assert len({bench.posting(id).quickbooks_id for id in ids}) == 2
    totals = sorted(str(bill["TotalAmt"]) for bill in bench.bills())
    assert totals == sorted(total for _, total in parts)


@pytest.mark.parametrize("mode", ["single", "batch"])
def test_a_bill_that_an_older_database_had_posted_is_not_sent_while_it_cannot_be_read(bench, mode):
    bench.set_sending_mode(mode)
    bench.quickbooks.switch(requestid="ignore")
    bodies = [bench.body(f"A-{n}") for n in range(3)]
    for body in bodies:
        del body["DocNumber"]
    ids = [bench.plan(f"A-{n}", "create", body) for n, body in enumerate(bodies)]
    bench.quickbooks.ask("POST", "bill", bodies[1])
    bench.quickbooks.add_fault("server_error", "bill.read", count=3)
    bench.drain()
    assert [bench.state(id) for id in ids] == ["posted", "unknown", "posted"]
    bench.drain(wait_for_doubts=True)
    assert (bench.state(ids[1]), len(bench.bills()), bench.attempts(ids[1])) == ("posted", 3, [])


def test_a_person_can_say_that_the_database_was_put_back(bench):
    bench.bill()
    bench.drain()
    restore.declare_restore()
    with transaction() as session:
        company = session.get_one(ConnectedCompany, bench.company_id)
        assert (company.restored_since is not None, company.restored_until) == (True, None)
    bench.drain()
    bench.pass_time(300)
    bench.drain()
    with transaction() as session:
        assert session.get_one(ConnectedCompany, bench.company_id).restored_until is not None


@pytest.mark.parametrize("days", [1, 40])
def test_a_document_long_after_a_restore_is_sent_without_a_question(bench, days):
    bench.bill("A-0")
    bench.drain()
    restore.declare_restore()
    bench.drain()
    bench.pass_time(300)
    bench.drain()
    bench.pass_time(days * 24 * 3600)
    id = bench.bill("A-1")
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), bench.cases()) == ("posted", [])


def test_the_date_of_a_restore_is_known_before_the_search_although_the_first_call_failed(bench):
    """A search before that date proves nothing, so it would be repeated until the date is over."""
    bench.bill("A-0")
    bench.drain()
    restore.declare_restore()
    ids = [bench.bill(f"A-{number}") for number in (1, 2)]
    bench.pass_time(4000)
    bench.quickbooks.add_fault("reset", "token.refresh")
    bench.drain(wait_for_doubts=True)
    with read_only_session() as session:
        company = session.get_one(ConnectedCompany, bench.company_id)
    assert company.restored_seen < company.restored_until
    calls = len(bench.quickbooks.log.entries())
    bench.drain(wait_for_doubts=True)
    assert len(bench.quickbooks.log.entries()) - calls < 20
    assert ([bench.state(id) for id in ids], len(bench.bills())) == (["posted", "posted"], 3)


@pytest.mark.parametrize("wait_for_doubts", [False, True])
def test_searches_that_prove_nothing_yet_are_not_repeated_without_end(bench, wait_for_doubts):
    """The date of the restore is from a server of QuickBooks whose clock is ahead."""
    bench.bill("A-0")
    bench.drain()
    restore.declare_restore()
    let_restore_settle(bench)
    with transaction() as session:
        company = session.get_one(ConnectedCompany, bench.company_id)
        company.restore_settled += dt.timedelta(minutes=10)
    id = bench.bill("A-1")
    calls = len(bench.quickbooks.log.entries())
    bench.drain(wait_for_doubts=wait_for_doubts)
    assert bench.state(id) == "unknown"
    assert len(bench.quickbooks.log.entries()) - calls < 60
    bench.pass_time(600)
    bench.drain()
    assert (bench.state(id), len(bench.bills()), bench.cases()) == ("posted", 2, [])


@pytest.mark.parametrize("entered", ["before", "after"])
def test_a_bill_that_people_entered_is_not_taken_for_a_document_after_a_restore(bench, entered):
    by_hand = bench.body("H-1", "77.00", PrivateNote="by hand")
    bench.bill("A-0")
    bench.drain()
    if entered == "before":
        bench.quickbooks.ask("POST", "bill", by_hand)
    restore.declare_restore()
    bench.drain()
    bench.pass_time(300)
    bench.drain()
    bench.pass_time(3600)
    if entered == "after":
        bench.quickbooks.ask("POST", "bill", by_hand)
        bench.index_all_bills()
    id = bench.bill("A-1")
    with transaction() as session:
        day = dt.timedelta(days=1 if entered == "before" else -1)
        session.get_one(Posting, id).document.date = (bench.clock.now() + day).date()
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), bench.cases()) == ("posted", [])


def let_restore_settle(bench):
    """Let QuickBooks be searched after a restore, and once more an hour later."""
    bench.drain()
    for seconds in (300, 3600):
        bench.pass_time(seconds)
        bench.drain()


def batch_sizes(bench, ids):
    """Return how many of the postings were sent in each request, with 0 for one sent alone."""
    batches = [bench.attempts(id)[-1].batch for id in ids]
    return sorted(batches.count(batch) if batch else 0 for batch in set(batches))


def test_an_hour_after_a_restore_documents_are_sent_in_batches_again(bench):
    bench.bill("A-0")
    bench.drain()
    bench.set_sending_mode("batch")
    restore.declare_restore()
    early = [bench.bill(f"B-{n}") for n in range(3)]
    bench.drain(wait_for_doubts=True)
    assert ({bench.state(id) for id in early}, batch_sizes(bench, early)) == ({"posted"}, [0])
    let_restore_settle(bench)
    late = [bench.bill(f"C-{n}") for n in range(3)]
    bench.drain(wait_for_doubts=True)
    assert ({bench.state(id) for id in late}, batch_sizes(bench, late)) == ({"posted"}, [3])
    assert [bench.proofs(id) for id in late] == [["absent"]] * 3


@pytest.mark.parametrize("marked", [True, False])
def test_a_forgotten_bill_is_found_long_after_a_restore(bench, tmp_path, marked):
    bench.bill("A-0")
    bench.drain()
    bench.set_sending_mode("batch")
    bench.quickbooks.switch(requestid="ignore")

    def post_and_edit():
        bench.bill("A-1")
        bench.drain()
        if not marked:
            (posted,) = (bill for bill in bench.bills() if bill["DocNumber"] == "A-1")
            bench.edit(posted["Id"], PrivateNote="")

    put_back(bench.app, tmp_path, post_and_edit)
    restore.declare_restore()
    let_restore_settle(bench)
    others = [bench.bill(f"A-{n}", f"{n}00.00", vendor="2") for n in (2, 3)]
    ids = [bench.bill("A-1"), *others]
    bench.drain(wait_for_doubts=True)
    first = "posted" if marked else "held"
    assert ([bench.state(id) for id in ids], len(bench.bills())) == ([first, "posted", "posted"], 4)


def test_a_bill_in_the_index_long_after_a_restore_is_not_sent_again(bench, tmp_path):
    bench.bill("A-0")
    bench.drain()
    bench.quickbooks.switch(requestid="ignore")
    body = bench.body("A-1")
    del body["DocNumber"]
    id = bench.plan("A-1", "create", body)

    def post_and_lag():
        bench.drain()
        bench.quickbooks.switch(index_lag=1800)

    put_back(bench.app, tmp_path, post_and_lag)
    bench.hold(id, "person", "decide")
    restore.declare_restore()
    bench.change_document(bench.bill("A-2", "200.00", vendor="2"), total="200.00")
    bench.drain(wait_for_doubts=True)
    let_restore_settle(bench)
    bench.release(id)
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), len(bench.bills()), bench.attempts(id)) == ("posted", 3, [])


def test_a_refusal_long_after_a_restore_is_believed(bench):
    bench.bill("A-0")
    bench.drain()
    restore.declare_restore()
    let_restore_settle(bench)
    id = bench.bill("A-1", vendor="99999")
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), bench.proofs(id), len(bench.attempts(id))) == ("held", ["absent"], 1)


def test_a_later_restore_begins_again(bench):
    bench.bill("A-0")
    bench.drain()
    bench.set_sending_mode("batch")
    restore.declare_restore()
    let_restore_settle(bench)
    restore.declare_restore()
    ids = [bench.bill(f"B-{n}") for n in range(3)]
    bench.drain(wait_for_doubts=True)
    assert ({bench.state(id) for id in ids}, batch_sizes(bench, ids)) == ({"posted"}, [0])


@pytest.mark.parametrize("days", [1, 40])
def test_a_bill_that_a_person_wants_posted_again_is_sent_without_a_question(bench, days):
    first = bench.bill()
    bench.drain()
    bench.pass_time(days * 24 * 3600)
    bench.quickbooks.act("delete", kind="Bill", id=bench.bills()[0]["Id"])
    refresh(PostingSession(bench.company_id))
    retries.retry(first, "kari")
    body = bench.body("A-1")
    id = bench.plan("A-1", "create", body, repetition=outbox.Repetition.REQUESTED)
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), bench.cases(), len(bench.bills())) == ("posted", [], 1)


@pytest.mark.parametrize(
    ("date", "delivered", "state"),
    [
        ("2026-03-02", "at once", "held"),
        ("2026-06-02", "at once", "held"),
        ("2026-04-12", "after the search", "held"),
        ("2026-04-13", "after the search", "posted"),
    ],
)
def test_after_the_restore_of_an_old_backup_a_person_is_asked_about_deletions(
    bench, date, delivered, state
):
    bench.bill("A-0")
    bench.drain()
    bench.pass_time((40 * 24 + 2) * 3600)  # in Auckland it is the 12th of April
    restore.declare_restore()
    bench.drain()
    bench.pass_time(300)
    if delivered == "after the search":
        bench.drain()
        bench.pass_time(1)
    id = bench.bill("A-1")
    with transaction() as session:
        session.get_one(Posting, id).document.date = dt.date.fromisoformat(date)
    bench.drain(wait_for_doubts=True)
    cases = ["Perhaps posted and deleted"] if state == "held" else []
    assert (bench.state(id), bench.cases()) == (state, cases)


@pytest.mark.parametrize("known", ["as a bill", "not at all"])
def test_after_a_restore_a_document_of_another_kind_is_not_posted_beside_the_first(
    bench, tmp_path, known
):
    """The source made a bill a credit, and the restored database lacks that the bill was sent."""
    transaction_download.download_missing(bench.company_id, ["bill"], dt.date(2026, 1, 1))
    bench.bill("A-0")
    bench.drain()
    if known == "as a bill":
        bench.plan("A-1", "create", bench.body("A-1"), state="review")

    def send_bill():
        bench.release(bench.bill("A-1"))
        bench.drain()

    put_back(bench.app, tmp_path, send_bill)
    id = bench.plan("A-1", "create", bench.body("A-1"), kind="vendor_credit")
    bench.drain(wait_for_doubts=True)
    assert bench.quickbooks.select("select * from VendorCredit") == {}
    assert (bench.state(id), bench.cases()) == ("held", ["In QuickBooks as another kind"])
    bill_id = next(bill["Id"] for bill in bench.bills() if bill["DocNumber"] == "A-1")
    assert f"bill {bill_id}" in str(bench.posting(id).reasons)

    bench.quickbooks.act("delete", kind="Bill", id=bill_id)
    changes.poll(bench.company_id)
    with transaction() as session:  # as if the next run had read the document
        session.get_one(Posting, id).document.reread = False
    bench.drain(wait_for_doubts=True)
    if known == "not at all":  # it has the key of the bill, whose response QuickBooks repeats
        retries.retry(id, "kari")
        bench.drain(wait_for_doubts=True)
    assert (bench.state(id), bench.cases()) == ("posted", [])


def test_success_on_a_re_send_is_read_before_it_is_believed(bench):
    bench.quickbooks.add_fault("lose_answer", "bill.create")
    id = bench.bill()
    bench.drain()
    bench.quickbooks.act("delete", kind="Bill", id=bench.bills()[0]["Id"])
    bench.quickbooks.switch(index_lag=3600)
    bench.drain(wait_for_doubts=True)
    assert (bench.state(id), bench.cases(), bench.bills()) == (
        "held",
        ["Deleted in QuickBooks"],
        [],
    )


@pytest.mark.parametrize("status", ["200 OK", "503 Service Unavailable"])
def test_the_date_of_a_proxy_does_not_say_since_when_to_search(bench, status):
    """A proxy whose clock is a day ahead answers with a page of its own."""
    bench.quickbooks.switch(requestid="ignore")
    adapter = bench.app.extensions["hub"].mounts["https://quickbooks.test"]
    quickbooks = adapter.app
    tomorrow = format_datetime(bench.clock.now() + dt.timedelta(days=1), usegmt=True)

    def answer_as_proxy(environ, start):
        adapter.app = quickbooks
        start(status, [("Content-Type", "text/html"), ("Date", tomorrow)])
        return [b"<html><h1>Service away</h1></html>"]

    adapter.app = answer_as_proxy
    first = bench.bill()
    bench.drain(wait_for_doubts=True)
    bench.quickbooks.add_fault("lose_answer", "bill.create")
    body = bench.body("A-2")
    del body["DocNumber"]
    second = bench.plan("A-2", "create", body)
    bench.drain(wait_for_doubts=True)
    assert (bench.state(first), bench.state(second), len(bench.bills())) == ("posted", "posted", 2)
