"""Claims, waves and results on PostgreSQL and SQLite."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import select

from hub.context import Ending, current_hub
from hub.db.engine import read_only_session, transaction
from hub.errors import DatabaseUnavailable
from hub.models import Attempt, ConnectedCompany, Posting
from hub.posting.outcome import batch_sizing
from hub.posting.outcome.load import load_snapshots
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.history import QuietPeriod
from hub.posting.send import pipeline, prepare, requests
from hub.posting.send.results import _note_attempts, _with_answer
from hub.qbo.client import TOKEN_SECONDS, Client
from hub.qbo.oauth import tokens
from hub.qbo.responses import Answer
from hub.rate_limits.limiter import rate_limiter


@pytest.fixture
def app(pg_app):
    return pg_app


def test_many_are_posted_once(desk):
    ids = [desk.bill(f"A-{n}") for n in range(23)]
    result = desk.drain()
    assert {desk.state(id) for id in ids} == {"posted"}
    assert (result.writes, len(desk.bills())) == (23, 23)


def test_batches_are_claimed_sent_and_settled_there_too(desk):
    desk.send_by("batch", size=10)
    desk.quickbooks.add_fault("lose_answer", "batch", nth=2)
    ids = [desk.bill(f"A-{n}") for n in range(23)]
    desk.drain(wait_for_doubts=True)
    assert {desk.state(id) for id in ids} == {"posted"}
    assert (len(desk.bills()), len(desk.sent("batch"))) == (23, 3)


def test_lost_answers_are_found_again(desk):
    desk.quickbooks.add_fault("lose_answer", "bill.create", count=0, probability=0.3, seed=7)
    desk.quickbooks.add_fault("status", "bill.create", count=0, probability=0.2, seed=8, status=503)
    ids = [desk.bill(f"A-{n}") for n in range(20)]
    desk.drain(wait_for_doubts=True)
    assert {desk.state(id) for id in ids} == {"posted"}
    assert len(desk.bills()) == len({bill["DocNumber"] for bill in desk.bills()}) == 20


def claimed(desk, worker):
    return pipeline.claim_prepared(
        worker, prepare.prepare(worker, prepare.select_waiting(worker, 10))
    )


def test_two_workers_never_claim_the_same(desk):
    for n in range(10):
        desk.bill(f"A-{n}")
    first, second = PostingSession(desk.company_id), PostingSession(desk.company_id)
    both = (
        prepare.prepare(first, prepare.select_waiting(first, 10)),
        prepare.prepare(second, prepare.select_waiting(second, 10)),
    )
    jobs: list = [[], []]

    def claim(n):
        with desk.app.app_context():
            jobs[n] = pipeline.claim_prepared((first, second)[n], both[n])

    threads = [threading.Thread(target=claim, args=(n,)) for n in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [job.posting.id for job in [*jobs[0], *jobs[1]]]
    assert (len(ids), len(set(ids))) == (10, 10)


@pytest.fixture
def held_back(desk, monkeypatch):
    """Hold back responses until a second wave is claimed or three seconds have passed.

    Provide the number of waves.
    """
    waves, second, claim, create = [], threading.Event(), pipeline.claim_prepared, Client.create

    def counted(worker, prepared):
        waves.append(len(prepared))
        jobs = claim(worker, prepared)
        if len(waves) == 2:
            second.set()
        return jobs

    def wait_and_create(self, *args, **options):
        if not second.wait(3):
            waves.append("late")
        return create(self, *args, **options)

    monkeypatch.setattr(pipeline, "claim_prepared", counted)
    monkeypatch.setattr(Client, "create", wait_and_create)
    monkeypatch.setattr(batch_sizing, "MAX_SINGLE_REQUESTS", 5)
    return waves


def test_the_next_wave_is_claimed_while_one_is_on_its_way(desk, held_back):
    ids = [desk.bill(f"A-{n}") for n in range(8)]
    desk.drain()
    assert held_back == [5, 3]
    assert {desk.state(id) for id in ids} == {"posted"}


def test_sent_postings_are_recorded_however_a_run_ends(desk, held_back):
    ids = [desk.bill(f"A-{n}") for n in range(8)]

    def told_to_end(phase, done, of):
        if phase == "post":
            raise Ending

    with pytest.raises(Ending):
        desk.drain(progress=told_to_end)
    assert held_back == [5, 3]
    assert {desk.state(id) for id in ids} == {"posted"}


def test_key_bytes_and_date_are_committed_before_the_first_byte(desk, monkeypatch):
    create, calls = Client.create, []

    def watched(self, kind, body, requestid, **options):
        with read_only_session() as session:
            posting = session.scalars(select(Posting)).one()
            attempt = session.scalars(select(Attempt)).one()
            calls.append(
                (
                    posting.state,
                    posting.payload == body,
                    attempt.requestid == requestid,
                    attempt.outcome,
                )
            )
            calls.append(posting.sent_date is not None and posting.doubted_date is not None)
        return create(self, kind, body, requestid, **options)

    monkeypatch.setattr(Client, "create", watched)
    desk.bill()
    desk.drain()
    assert calls == [("sending", True, True, "sent"), True]


def test_a_posting_that_was_revised_after_it_was_prepared_is_not_claimed(desk):
    id = desk.bill()
    worker = PostingSession(desk.company_id)
    prepared = prepare.prepare(worker, prepare.select_waiting(worker, 10))
    with transaction() as session:
        session.get_one(Posting, id).revision += 1
    assert pipeline.claim_prepared(worker, prepared) == []


def test_an_answer_to_an_earlier_claim_moves_nothing_that_was_claimed_again(desk):
    id = desk.bill()
    first, second = PostingSession(desk.company_id), PostingSession(desk.company_id)
    prepared = prepare.prepare(second, prepare.select_waiting(second, 10))
    earlier = claimed(desk, first)[0]
    with transaction() as session:
        session.get_one(Posting, id).state = "ready"
    later = pipeline.claim_prepared(second, prepared)[0]
    pipeline.record_results(
        first, [(earlier, Answer("refused", status=400, text="An earlier answer"))]
    )
    assert (desk.state(id), desk.posting(id).fence, desk.cases()) == ("sending", later.fence, [])
    assert [attempt.outcome for attempt in desk.attempts(id)] == ["refused", "sent"]


def test_after_the_deadline_nothing_is_sent(desk):
    id = desk.bill()
    worker = PostingSession(desk.company_id)
    jobs = claimed(desk, worker)
    desk.pass_time(101)
    answer = requests.send(worker, jobs[0])
    pipeline.record_results(worker, [(jobs[0], answer)])
    assert (answer.outcome, desk.state(id), desk.sent("bill.create")) == ("unsent", "ready", [])


def test_an_answer_that_is_throttled_is_waited_for_and_not_counted(desk):
    desk.quickbooks.add_fault("status", "bill.create", status=429, count=3)
    ids = [desk.bill(f"A-{n}") for n in range(3)]
    desk.drain(wait_for_doubts=True)
    assert ({desk.state(id) for id in ids}, len(desk.bills())) == ({"posted"}, 3)


def pause_calls(desk, monkeypatch, seconds):
    """Let the limits of calls forbid all calls for some seconds once the first wave is claimed."""
    limiter = rate_limiter(desk.quickbooks.realm, desk.clock, current_hub().config)
    launch, waves = pipeline.launch_wave, []

    def launch_late(*arguments):
        if not waves:
            limiter.note_throttling(seconds)
        waves.append(arguments)
        return launch(*arguments)

    monkeypatch.setattr(pipeline, "launch_wave", launch_late)


def test_a_pause_longer_than_the_deadline_of_a_call_does_not_end_the_run(desk, monkeypatch):
    ids = [desk.bill(f"A-{n}") for n in range(3)]
    pause_calls(desk, monkeypatch, current_hub().config.deadline_seconds + 50)
    result = desk.drain()
    assert ({desk.state(id) for id in ids}, len(desk.bills())) == ({"posted"}, 3)
    assert result.stop_reason == ""


def test_a_database_that_gives_no_access_token_for_a_moment_does_not_end_the_run(desk, monkeypatch):
    ids = [desk.bill(f"A-{n}") for n in range(3)]
    launch, access_token = pipeline.launch_wave, tokens.access_token
    failures = []

    def access_token_later(*arguments, **options):
        if len(failures) < 3:
            failures.append(arguments)
            raise DatabaseUnavailable("postgresql://hub", "connection timeout expired")
        return access_token(*arguments, **options)

    def launch_without_token(*arguments):
        if not failures:
            desk.pass_time(TOKEN_SECONDS + 1)
            monkeypatch.setattr(tokens, "access_token", access_token_later)
        return launch(*arguments)

    monkeypatch.setattr(pipeline, "launch_wave", launch_without_token)
    result = desk.drain()
    assert len(failures) == 3
    assert ({desk.state(id) for id in ids}, len(desk.bills())) == ({"posted"}, 3)
    assert result.stop_reason == ""


def test_a_pause_of_an_hour_ends_the_run_and_leaves_everything_ready(desk, monkeypatch):
    ids = [desk.bill(f"A-{n}") for n in range(3)]
    pause_calls(desk, monkeypatch, 3600)
    result = desk.drain()
    assert {desk.state(id) for id in ids} == {"ready"}
    assert "its limit of calls leaves no room" in result.stop_reason


def test_a_connection_that_is_refused_stops_the_drain_and_leaves_everything_ready(desk):
    desk.quickbooks.act("disconnect")
    ids = [desk.bill(f"A-{n}") for n in range(12)]
    result = desk.drain()
    assert {desk.state(id) for id in ids} == {"ready"}
    assert (result.stop_reason != "", len(desk.cases())) == (True, 1)
    with read_only_session() as session:
        assert session.get_one(ConnectedCompany, desk.company_id).state == "reconnect"


def test_a_late_answer_of_another_id_than_the_postings_own_is_a_case(desk):
    id = desk.bill()
    worker = PostingSession(desk.company_id)
    jobs = claimed(desk, worker)
    answer = requests.send(worker, jobs[0])
    with transaction() as session:
        posting = session.get_one(Posting, id)
        posting.state, posting.fence, posting.quickbooks_id = "posted", "another", "777"
    pipeline.record_results(worker, [(jobs[0], answer)])
    assert desk.cases() == ["Perhaps twice in QuickBooks"]
    assert desk.attempts(id)[0].seen_id == answer.id


def test_a_history_kept_in_memory_equals_the_one_loaded_from_its_rows(desk):
    desk.quickbooks.add_fault("status", "bill.create", status=429)
    ids, worker = [desk.bill("A-0")], PostingSession(desk.company_id)
    pipeline.record_results(
        worker, [(job, requests.send(worker, job)) for job in claimed(desk, worker)]
    )
    ids += [desk.bill("A-1"), desk.bill("A-2")]
    desk.pass_time(600)
    jobs = claimed(desk, worker)
    results = [(job, requests.send(worker, job)) for job in jobs]
    with transaction() as session:
        _note_attempts(session, worker, results)
        read = {snapshot.id: snapshot for snapshot in load_snapshots(session, worker, ids)}
    assert sorted(len(snapshot.history.sends) for snapshot in read.values()) == [1, 1, 2]
    for job, answer in results:
        snapshot_in_memory = _with_answer(job, answer, {})
        assert snapshot_in_memory is not None
        assert replace(snapshot_in_memory.history, quiet_period=QuietPeriod()) == replace(
            read[job.posting.id].history, quiet_period=QuietPeriod()
        )
