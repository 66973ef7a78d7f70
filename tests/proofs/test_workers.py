"""Tests of workers stopped for longer than a lease: each document is posted once."""

import re
from dataclasses import dataclass

import pytest

from hub.posting.outcome import batch_sizing
from hub.posting.send import pipeline
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from tests.support.processes.shared_clock import SharedClock
from tests.support.processes.stalled_workers import (
    BEFORE_THE_BYTES,
    BEFORE_THE_DEADLINE,
    LEASE,
    MOMENTS,
    WorkerGroup,
    count_by_state,
)
from tests.support.rows.posting_bench import PostingBench
from tests.support.runs.tiers import FULL, LONG, by_form
from tests.support.sources.stand_in_fixtures import mount_quickbooks

pytestmark = [pytest.mark.proof, pytest.mark.forks]
TIMES = by_form(small=1, full=1, long=6)  # factor for documents and stops in the long proof
# Chance decides how many sends are stopped, so new bills are posted up to this many times.
ROUNDS = 5
GIVEN_UP = re.compile(r"(W-\d+) of Acme was sent \d+ times without an answer")
MARKER = re.compile(r"\[hub:([A-Z2-7]+)\]")


@dataclass(frozen=True)
class WorkerRun:
    """The workers and bills of a run, with a stop in every `every`-th send and at least `stops`."""

    workers: int
    bills: int
    every: int
    stops: int
    moments: tuple[str, ...] = MOMENTS
    keys: str = "ignore"  # the meaning of a repeated key in QuickBooks
    alone: bool = True  # each as if the others' leases had expired
    wave: int = 30  # postings that a worker takes at once
    together: int = 0  # postings in each request


SHIFTS = {
    "2 workers": WorkerRun(2, 65, 8, 5),
    "8 workers": WorkerRun(8, 65, 7, 5, wave=6),
    "4 workers, also before the first byte": WorkerRun(
        4, 40, 8, 3, (*MOMENTS, BEFORE_THE_BYTES), keys="replay", wave=10
    ),
    "4 workers with batches": WorkerRun(4, 50, 4, 3, wave=15, together=5),
    "3 workers of one data folder": WorkerRun(3, 20, 8, 2, alone=False),
}
MAX_WORKERS = max(shift.workers for shift in SHIFTS.values())
ON_BOTH = ("8 workers", "4 workers with batches", *(("2 workers",) if LONG else ()))
PAIRS = [("SQLite", name) for name in SHIFTS] + [("PostgreSQL", name) for name in ON_BOTH]
SMALL_SHIFTS = {"2 workers": WorkerRun(2, 12, 10, 1, (BEFORE_THE_DEADLINE,))}


@pytest.fixture
def crew(request, clock, tmp_path):
    """Return a function that builds workers that post the bills of a bench, on each database."""
    app = request.getfixturevalue("app" if request.param == "SQLite" else "pg_app")
    quickbooks = mount_quickbooks(app, clock)
    company = oauth_connect.connect_with_refresh_token(
        quickbooks.realm, quickbooks.refresh_tokens[quickbooks.realm]
    )
    record_download.refresh(company.id)
    bench = PostingBench(app, quickbooks, clock)

    def make(together=0):
        if together:
            bench.set_sending_mode("batch", together)
        return WorkerGroup(
            app, quickbooks, SharedClock(clock.now(), MAX_WORKERS), tmp_path, bench.installation_id
        )

    make.bench = bench
    make.database = request.param
    return make


def assert_posted_once(crew, bills):
    """Check that the books and the hub agree on each bill, once and with its own total.

    Some may be held because their worker was stopped too often; the books contain none of those.
    """
    counts = count_by_state()
    numbers_by_reason = {}
    for state, reason in counts:
        match = GIVEN_UP.search(reason)
        if state == "held" and match:
            numbers_by_reason[reason] = match[1]
    assert counts == {
        ("posted", ""): bills - len(numbers_by_reason),
        **{("held", reason): 1 for reason in numbers_by_reason},
    }
    assert len(numbers_by_reason) * 4 <= bills
    posted = {f"W-{number}": number + 1 for number in range(bills)}
    for number in numbers_by_reason.values():
        posted.pop(number, None)
    books = crew.quickbooks.books()[crew.quickbooks.realm]
    rows = [row for row in books["Bill"] if MARKER.search(row["PrivateNote"])]
    assert sorted((row["DocNumber"], row["TotalAmt"]) for row in rows) == sorted(posted.items())


def post_more_bills(bench, crew, shift):
    """Let the workers post new bills; check the books and the workers' errors."""
    first = sum(count_by_state().values())
    bills = first + shift.bills * TIMES
    for number in range(first, bills):
        bench.bill(f"W-{number}", total=f"{number + 1}.00")
    errors = crew.run(shift.workers, shift.every, shift.moments, shift.alone)
    assert_posted_once(crew, bills)
    texts_of_defects = [text for text in errors if not text.endswith(".") or "defect" in text]
    assert texts_of_defects == []


@pytest.mark.proof(full=3)
@pytest.mark.parametrize(
    ("crew", "name"), PAIRS if FULL else [("SQLite", "2 workers")], indirect=["crew"]
)
def test_workers_stopped_for_longer_than_a_lease_post_each_document_once(
    crew, figure, monkeypatch, name
):
    shift = (SHIFTS if FULL else SMALL_SHIFTS)[name]
    monkeypatch.setattr(batch_sizing, "MAX_SINGLE_REQUESTS", shift.wave)
    workers = crew(shift.together)
    workers.quickbooks.switch(
        requestid=shift.keys, requestid_batch=shift.keys, duplicate_bills="always"
    )
    for _ in range(ROUNDS):
        post_more_bills(crew.bench, workers, shift)
        stops = sum(stop.lasted > LEASE for stop in workers.stops)
        others = sum(stop.taken_over for stop in workers.stops)
        if stops >= shift.stops * TIMES and (others or not shift.alone):
            break
    where = f"{name}, at least {shift.bills * TIMES} documents once each on {crew.database}"
    figure(f"stops longer than a lease: {where}", stops, shift.stops * TIMES)
    if shift.alone:
        figure(f"postings of stopped workers that others took over: {where}", others, 1)
    else:
        assert others == 0  # the lease holder is waited for


@pytest.mark.parametrize("fault", ["refuse", "lose_request", "lose_answer", None])
def test_a_worker_that_wakes_after_another_has_finished_overwrites_nothing(
    app, quickbooks, clock, monkeypatch, fault
):
    bench, settle, asleep = PostingBench(app, quickbooks, clock), pipeline.record_results, [True]
    if fault:
        quickbooks.add_fault(fault, "bill.create")

    def wake_late(*answered):
        if asleep.pop() if asleep else False:
            bench.restart()
            bench.pass_time(400)
            bench.drain(wait_for_doubts=True)
        return settle(*answered)

    monkeypatch.setattr(pipeline, "record_results", wake_late)
    id = bench.bill()
    bench.drain()
    assert (bench.state(id), len(bench.bills()), bench.cases()) == ("posted", 1, [])
