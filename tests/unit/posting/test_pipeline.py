"""Claims, waves and results on PostgreSQL and SQLite."""

import itertools
import threading
from collections import Counter
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
from hub.posting.send import pipeline, prepare, requests, selection
from hub.posting.send.results import SummarizedResult, _add_response, _store_attempts
from hub.qbo.client import TOKEN_SECONDS, Client
from hub.qbo.oauth import tokens
from hub.qbo.responses import QuickBooksResponse
from hub.rate_limits.limiter import get_rate_limiter


@pytest.fixture
def app(pg_app):
    return pg_app


def test_many_are_posted_once(bench):
    ids = [bench.bill(f"A-{n}") for n in range(23)]
    result = bench.drain()
    assert {bench.state(id) for id in ids} == {"posted"}
    assert (result.writes, len(bench.bills())) == (23, 23)


def test_batches_are_posted_once(bench):
    bench.set_sending_mode("batch", size=10)
    bench.quickbooks.add_fault("lose_answer", "batch", nth=2)
    ids = [bench.bill(f"A-{n}") for n in range(23)]
    bench.drain(wait_for_doubts=True)
    assert {bench.state(id) for id in ids} == {"posted"}
    assert (len(bench.bills()), len(bench.sent("batch"))) == (23, 3)


def test_lost_answers_are_found_again(bench):
    bench.quickbooks.add_fault("lose_answer", "bill.create", count=0, probability=0.3, seed=7)
    bench.quickbooks.add_fault(
        "status", "bill.create", count=0, probability=0.2, seed=8, status=503
    )
    ids = [bench.bill(f"A-{n}") for n in range(20)]
    bench.drain(wait_for_doubts=True)
    assert {bench.state(id) for id in ids} == {"posted"}
    assert len(bench.bills()) == len({bill["DocNumber"] for bill in bench.bills()}) == 20


def claimed(bench, worker):
    return pipeline.claim_prepared(
        worker, prepare.prepare(worker, selection.select_ready(worker, 10))
    )


def test_two_workers_never_claim_the_same(bench):
    for n in range(10):
        bench.bill(f"A-{n}")
    first, second = PostingSession(bench.company_id), PostingSession(bench.company_id)
    both = (
        prepare.prepare(first, selection.select_ready(first, 10)),
        prepare.prepare(second, selection.select_ready(second, 10)),
    )
    jobs: list = [[], []]

    def claim(n):
        with bench.app.app_context():
            jobs[n] = pipeline.claim_prepared((first, second)[n], both[n])

    threads = [threading.Thread(target=claim, args=(n,)) for n in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [job.posting.id for job in [*jobs[0], *jobs[1]]]
    assert (len(ids), len(set(ids))) == (10, 10)


@pytest.fixture
def held_back(bench, monkeypatch):
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


def test_the_next_wave_is_claimed_while_one_is_on_its_way(bench, held_back):
    ids = [bench.bill(f"A-{n}") for n in range(8)]
    bench.drain()
    assert held_back == [5, 3]
    assert {bench.state(id) for id in ids} == {"posted"}


def test_sent_postings_are_recorded_however_a_run_ends(bench, held_back):
    ids = [bench.bill(f"A-{n}") for n in range(8)]

    def told_to_end(phase, done, of):
        if phase == "post":
            raise Ending

    with pytest.raises(Ending):
        bench.drain(progress=told_to_end)
    assert held_back == [5, 3]
    assert {bench.state(id) for id in ids} == {"posted"}


@pytest.fixture
def most_at_once(monkeypatch):
    """Provide how many creations of each kind were on their way together at most.

    Each waits a moment for another one of its kind.
    """
    create, lock = Client.create, threading.Lock()
    running, most, met = Counter(), Counter(), threading.Event()

    def wait_and_create(self, kind, *args, **options):
        with lock:
            running[kind] += 1
            most[kind] = max(most[kind], running[kind])
        if running[kind] > 1:
            met.set()
        met.wait(0.2)
        response = create(self, kind, *args, **options)
        with lock:
            running[kind] -= 1
        return response

    monkeypatch.setattr(Client, "create", wait_and_create)
    return most


def test_entries_of_lists_are_created_one_after_the_other(bench, most_at_once):
    ids = []
    for n in range(3):
        body = {"DisplayName": f"Vendor {n}"}
        ids.append(bench.plan(f"v{n}", "create", body, kind="vendor", total=None))
    bench.drain()
    assert {bench.state(id) for id in ids} == {"posted"}
    assert most_at_once == {"vendor": 1}


def test_transactions_are_created_together(bench, most_at_once):
    for n in range(3):
        bench.bill(f"A-{n}")
    bench.drain()
    assert most_at_once["bill"] > 1


@pytest.mark.parametrize(("seconds", "expected"), [(0.0, 10), (0.001, 2), (0.1, 10)])
def test_few_requests_run_together_where_answers_come_at_once(
    bench, monkeypatch, seconds, expected
):
    create, launch, record = Client.create, pipeline.launch_wave, pipeline.record_results
    creations, call_counts, first_recorded = itertools.count(1), [], threading.Event()

    def create_after(self, *args, **options):
        # The second wave waits, so that the third one cannot start before the first is recorded.
        if next(creations) > 12:
            first_recorded.wait(30)
        return replace(create(self, *args, **options), seconds=seconds)

    def count_calls(*args, **options):
        wave = launch(*args, **options)
        call_counts.append(len(wave.calls))
        return wave

    def record_and_release(*args, **options):
        first_recorded.set()
        return record(*args, **options)

    monkeypatch.setattr(Client, "create", create_after)
    monkeypatch.setattr(pipeline, "launch_wave", count_calls)
    monkeypatch.setattr(pipeline, "record_results", record_and_release)
    monkeypatch.setattr(batch_sizing, "MAX_SINGLE_REQUESTS", 12)
    ids = [bench.bill(f"A-{n}") for n in range(36)]
    bench.drain()
    assert {bench.state(id) for id in ids} == {"posted"}
    assert (call_counts[0], call_counts[-1]) == (10, expected)


def test_key_bytes_and_date_are_committed_before_the_first_byte(bench, monkeypatch):
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
    bench.bill()
    bench.drain()
    assert calls == [("sending", True, True, "sent"), True]


def test_a_posting_that_was_revised_after_it_was_prepared_is_not_claimed(bench):
    id = bench.bill()
    worker = PostingSession(bench.company_id)
    prepared = prepare.prepare(worker, selection.select_ready(worker, 10))
    with transaction() as session:
        session.get_one(Posting, id).revision += 1
    assert pipeline.claim_prepared(worker, prepared) == []


def test_an_answer_to_an_earlier_claim_moves_nothing_that_was_claimed_again(bench):
    id = bench.bill()
    first, second = PostingSession(bench.company_id), PostingSession(bench.company_id)
    prepared = prepare.prepare(second, selection.select_ready(second, 10))
    earlier = claimed(bench, first)[0]
    with transaction() as session:
        session.get_one(Posting, id).state = "ready"
    later = pipeline.claim_prepared(second, prepared)[0]
    pipeline.record_results(
        first, [(earlier, QuickBooksResponse("refused", status=400, text="An earlier answer"))]
    )
    assert (bench.state(id), bench.posting(id).fence, bench.cases()) == ("sending", later.fence, [])
    assert [attempt.outcome for attempt in bench.attempts(id)] == ["refused", "sent"]


def test_after_the_deadline_nothing_is_sent(bench):
    id = bench.bill()
    worker = PostingSession(bench.company_id)
    jobs = claimed(bench, worker)
    bench.pass_time(101)
    answer = requests.send(worker, jobs[0])
    pipeline.record_results(worker, [(jobs[0], answer)])
    assert (answer.outcome, bench.state(id), bench.sent("bill.create")) == ("unsent", "ready", [])


def test_an_answer_that_is_throttled_is_waited_for_and_not_counted(bench):
    bench.quickbooks.add_fault("status", "bill.create", status=429, count=3)
    ids = [bench.bill(f"A-{n}") for n in range(3)]
    bench.drain(wait_for_doubts=True)
    assert ({bench.state(id) for id in ids}, len(bench.bills())) == ({"posted"}, 3)


def pause_calls(bench, monkeypatch, seconds):
    """Let the limits of calls forbid all calls for some seconds once the first wave is claimed."""
    limiter = get_rate_limiter(bench.quickbooks.realm, bench.clock, current_hub().config)
    launch, waves = pipeline.launch_wave, []

    def launch_late(*arguments, **options):
        if not waves:
            limiter.note_throttling(seconds)
        waves.append(arguments)
        return launch(*arguments, **options)

    monkeypatch.setattr(pipeline, "launch_wave", launch_late)


def test_a_pause_longer_than_the_deadline_of_a_call_does_not_end_the_run(bench, monkeypatch):
    ids = [bench.bill(f"A-{n}") for n in range(3)]
    pause_calls(bench, monkeypatch, current_hub().config.deadline_seconds + 50)
    result = bench.drain()
    assert ({bench.state(id) for id in ids}, len(bench.bills())) == ({"posted"}, 3)
    assert result.stop_reason == ""


def test_a_database_that_gives_no_access_token_for_a_moment_does_not_end_the_run(
    bench, monkeypatch
):
    ids = [bench.bill(f"A-{n}") for n in range(3)]
    launch, access_token = pipeline.launch_wave, tokens.get_access_token
    failures = []

    def access_token_later(*arguments, **options):
        if len(failures) < 3:
            failures.append(arguments)
            raise DatabaseUnavailable("postgresql://hub", "connection timeout expired")
        return access_token(*arguments, **options)

    def launch_without_token(*arguments, **options):
        if not failures:
            bench.pass_time(TOKEN_SECONDS + 1)
            monkeypatch.setattr(tokens, "get_access_token", access_token_later)
        return launch(*arguments, **options)

    monkeypatch.setattr(pipeline, "launch_wave", launch_without_token)
    result = bench.drain()
    assert len(failures) == 3
    assert ({bench.state(id) for id in ids}, len(bench.bills())) == ({"posted"}, 3)
    assert result.stop_reason == ""


def test_a_pause_of_an_hour_ends_the_run_and_leaves_everything_ready(bench, monkeypatch):
    ids = [bench.bill(f"A-{n}") for n in range(3)]
    pause_calls(bench, monkeypatch, 3600)
    result = bench.drain()
    assert {bench.state(id) for id in ids} == {"ready"}
    assert "its limit of calls leaves no room" in result.stop_reason


def test_a_connection_that_is_refused_stops_the_drain_and_leaves_everything_ready(bench):
    bench.quickbooks.act("disconnect")
    ids = [bench.bill(f"A-{n}") for n in range(12)]
    result = bench.drain()
    assert {bench.state(id) for id in ids} == {"ready"}
    assert (result.stop_reason != "", len(bench.cases())) == (True, 1)
    with read_only_session() as session:
        assert session.get_one(ConnectedCompany, bench.company_id).state == "reconnect"


def test_a_late_answer_of_another_id_than_the_postings_own_is_a_case(bench):
    id = bench.bill()
    worker = PostingSession(bench.company_id)
    jobs = claimed(bench, worker)
    answer = requests.send(worker, jobs[0])
    with transaction() as session:
        posting = session.get_one(Posting, id)
        posting.state, posting.fence, posting.quickbooks_id = "posted", "another", "777"
    pipeline.record_results(worker, [(jobs[0], answer)])
    assert bench.cases() == ["Perhaps twice in QuickBooks"]
    assert bench.attempts(id)[0].seen_id == answer.id


def test_a_history_kept_in_memory_equals_the_one_loaded_from_its_rows(bench):
    bench.quickbooks.add_fault("status", "bill.create", status=429)
    ids, worker = [bench.bill("A-0")], PostingSession(bench.company_id)
    pipeline.record_results(
        worker, [(job, requests.send(worker, job)) for job in claimed(bench, worker)]
    )
    ids += [bench.bill("A-1"), bench.bill("A-2")]
    bench.pass_time(600)
    jobs = claimed(bench, worker)
    results = [(job, requests.send(worker, job)) for job in jobs]
    with transaction() as session:
        _store_attempts(session, worker, results)
        read = {snapshot.id: snapshot for snapshot in load_snapshots(session, worker, ids)}
    assert sorted(len(snapshot.history.sends) for snapshot in read.values()) == [1, 1, 2]
    for job, answer in results:
        snapshot_in_memory = _add_response(SummarizedResult(job, answer, None))
        assert snapshot_in_memory is not None
        assert replace(snapshot_in_memory.history, quiet_period=QuietPeriod()) == replace(
            read[job.posting.id].history, quiet_period=QuietPeriod()
        )
