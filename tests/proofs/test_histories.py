"""Tests of recorded and random histories of faults, crashes and restarts: the books stay right."""

import random
from collections import Counter

import pytest

from hub.db.engine import read_only_session
from hub.posting.recovery import complete_search, resolve
from hub.posting.send import pipeline, results
from hub.qbo.client import Client
from qbo_sandbox import Switches
from tests.support.proofs import recorded_histories
from tests.support.proofs.sent_keys import torn_batches
from tests.support.rows.posting_bench import PostingBench
from tests.support.runs.tiers import by_form
from tests.support.servers.unsynced_database import make_volatile

pytestmark = pytest.mark.proof
SEEDS = by_form(small=3, full=28, long=200)  # 28 meet every fault
FAILED_ONCE: tuple[int, ...] = ()  # seeds of past failures, which always run
FAULTS = (
    "refuse",
    "reset_request",
    "lose_request",
    "lose_answer",
    "commit_late",
    "delay",
    "reset",
    "hang_up",
    "status",
    "server_error",
    "bad_gateway",
    "unavailable",
    "gateway_timeout",
    "truncate",
    "empty",
    "wrong_type",
    "mislabelled",
    "wrong_json",
    "redirect",
    "internal",
    "system_failure",
)
MAY_DIE = [
    (Client, "create"),
    (Client, "batch"),
    (Client, "query"),
    (Client, "cdc"),
    (pipeline, "claim_prepared"),
    (pipeline, "record_results"),
    (complete_search, "search_postings"),
    (results, "record_posted"),
    (results, "apply_step"),
    (resolve, "apply_step"),
]


class Killed(BaseException):
    """The process is killed at this moment."""


@pytest.fixture
def bench(app, quickbooks, clock):
    """Open a bench on a database without disk syncs."""
    return PostingBench(make_volatile(app), quickbooks, clock)


def kill_at_random(monkeypatch, dice):
    """Let the process die at random before or after each of these calls."""

    def deadly(act):
        def call(*args, **options):
            if dice.random() < 0.03:
                raise Killed
            result = act(*args, **options)
            if dice.random() < 0.03:
                raise Killed
            return result

        return call

    for owner, name in MAY_DIE:
        monkeypatch.setattr(owner, name, deadly(getattr(owner, name)))


def choose_answers(dice):
    """Return a random plausible choice for each switch that only Intuit could answer."""
    unknown = {
        name: switch["choices"]
        for name, switch in Switches().page().items()
        if switch["says"].startswith("X")
    }
    return {
        name: dice.choice([choice for choice in choices if choice != "any number"])
        for name, choices in unknown.items()
    }


def cause_trouble(bench, dice):
    bench.quickbooks.switch(**choose_answers(dice))
    for _ in range(4):
        fault = {"seconds": dice.choice([1, 30, 95]), "commit": dice.random() < 0.5, "count": 0}
        call = dice.choice(["bill.create", "bill.create", "batch", "query*", "cdc", "bill.read"])
        bench.quickbooks.add_fault(
            dice.choice(FAULTS), call, probability=0.25, seed=dice.randrange(1000), **fault
        )


def run_process(bench, dice):
    """Run the process until it ends or is killed."""
    try:
        bench.drain(wait_for_doubts=dice.random() < 0.7)
    except Killed:
        bench.restart()
    bench.pass_time(dice.choice([1, 60, 200, 400]))


@pytest.mark.parametrize("seed", sorted({*range(SEEDS), *FAILED_ONCE}))
def test_after_any_history_each_bill_is_in_the_books_once_or_held_and_not_there(
    bench, monkeypatch, seed
):
    dice = random.Random(seed)
    if seed % 2:
        bench.set_sending_mode("batch", size=dice.choice([2, 5, 10]))
    ids = {f"A-{n}": bench.bill(f"A-{n}", vendor=dice.choice("123")) for n in range(8)}
    with monkeypatch.context() as patched:
        kill_at_random(patched, dice)
        cause_trouble(bench, dice)
        for _ in range(6):
            run_process(bench, dice)
    bench.quickbooks.faults.clear()
    bench.quickbooks.switch(index_lag=0)
    bench.restart()
    for _ in range(3):
        bench.pass_time(400)
        bench.drain(wait_for_doubts=True)
    books = Counter(bill["DocNumber"] for bill in bench.bills())
    states = {number: bench.state(id) for number, id in ids.items()}
    assert set(states.values()) <= {"posted", "held"}
    assert books == {number: 1 for number, state in states.items() if state == "posted"}
    with read_only_session() as session:
        assert torn_batches(session) == []


def test_every_recorded_history_takes_the_same_steps_to_the_same_end(figure):
    histories = recorded_histories.load_histories()
    for history in histories:
        assert recorded_histories.replay(history) == {
            "steps": history["steps"],
            "end": history["end"],
        }, history["path"]
    figure("recorded histories of the decision, replayed", len(histories), 200)
