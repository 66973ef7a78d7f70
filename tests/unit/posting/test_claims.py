"""Claims: only what is ready is taken, once, and only its holder writes the result."""

import threading

import pytest

from hub import outbox
from hub.db.engine import read_only_session, transaction
from hub.models import Attempt, Posting
from hub.posting import claims
from tests.support.rows.small_outbox import check, claim, get, now, plan_of


def test_a_claim_takes_ready_postings_and_writes_their_attempts(box):
    id = box()
    revisions = check(id)
    with transaction() as session:
        (claimed,) = claim(session, revisions)
    with read_only_session() as session:
        posting = session.get_one(Posting, id)
        assert (posting.state, posting.fence, posting.sent_date) == ("sending", "f1", now())
        (attempt,) = session.query(Attempt).all()
        assert (attempt.requestid, attempt.generation, attempt.outcome) == (
            claimed.requestid,
            0,
            "sent",
        )


@pytest.mark.parametrize("state", ["held", "waiting", "review", "skipped", "withdrawn"])
def test_only_what_is_ready_is_claimed(box, state):
    id = box(state=state)
    revisions = check(id)
    with transaction() as session:
        assert claim(session, revisions) == []


def test_a_posting_that_is_not_checked_is_not_claimed(box):
    id = box()
    with transaction() as session:
        assert claim(session, {id: 0}) == []


def test_one_operation_of_a_document_goes_at_a_time(box):
    first = box()
    second = box(part="scan", operation="attach")
    revisions = check(first, second)
    with transaction() as session:
        assert [row.id for row in claim(session, revisions)] == [first]
    with transaction() as session:
        assert claim(session, revisions, "f2") == []


def test_two_workers_never_claim_the_same(box):
    ids = [box(f"invoice:{number}") for number in range(6)]
    app, claimed_ids, revisions = current_app(), [], check(*ids)

    def work(fence):
        with app.app_context(), transaction() as session:
            claimed_ids.extend(row.id for row in claim(session, revisions, fence))

    threads = [threading.Thread(target=work, args=(f"f{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed_ids) == ids


def current_app():
    from flask import current_app as app

    return app._get_current_object()


def test_a_result_is_written_only_under_its_own_fence(box):
    id = box()
    revisions = check(id)
    with transaction() as session:
        claim(session, revisions)
    with transaction() as session:
        assert not claims.store_result(session, id, "f0", "posted", quickbooks_id="5")
        assert claims.store_result(session, id, "f1", "posted", quickbooks_id="5")
        assert not claims.store_result(session, id, "f1", "held")
    assert (get(id).state, get(id).quickbooks_id) == ("posted", "5")


def test_a_posting_that_changes_while_it_is_being_claimed_is_checked_again_first(box):
    id, app, claimed_ids = box(payload=b"old"), current_app(), []
    revisions = check(id)

    def work():
        with app.app_context(), transaction() as session:
            claimed_ids.extend(row.id for row in claim(session, revisions))

    worker = threading.Thread(target=work)
    with transaction() as session:
        row = session.get_one(Posting, id).document
        postings = outbox.load_history(session, [row])[row.id]
        worker.start()
        worker.join(0.2)
        plan = plan_of(operation="create", kind="bill", payload=b"new", state="ready")
        outbox.plan_posting(session, row, plan, postings=postings)
    worker.join()
    assert (claimed_ids, get(id).state) == ([], "ready")
