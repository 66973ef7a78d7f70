"""The order of a run: tests that fork their process come first, then other long tests.

A worker grows to several times its size within a run. A fork copies the table of its pages, and
both processes then copy each page that they touch, so that such a test would take twice as long at
the end as at the beginning.

A long test that starts last keeps one worker busy while the others have nothing to do. Proofs,
stories in a browser and tests of processes therefore start before the short tests. Those of one
file go to the same worker, because they share what they set up.

Tests of processes mostly wait, also for leases that pass in real time. Cores would be idle while
all workers run such tests, so one half of the workers starts with them and the other half with
tests that compute. In the small form one worker runs them all, because each worker would import the
hub for them once more.
"""

import os
from itertools import groupby
from pathlib import Path

import pytest

from tests.support.runs.tiers import FULL

FORK_MARK = "forks"
LONG_MARKS = ("proof", "browser")
PROCESS_FOLDER = "e2e"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put some of the long tests at the beginning of what each worker runs."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    shares = first_shares(items, workers)
    placed = {item for share in shares for item in share}
    others = [item for item in items if item not in placed]
    ordered: list[pytest.Item] = []
    for worker, share in enumerate(shares):
        size = (len(items) - len(ordered)) // (workers - worker)  # as `--dist worksteal` divides
        rest = max(size - len(share), 0)
        ordered += share + others[:rest]
        del others[:rest]
    items[:] = ordered + others


def first_shares(items: list[pytest.Item], workers: int) -> list[list[pytest.Item]]:
    """Return for each worker the tests that it runs first.

    One half of the workers gets tests of processes. The others get those that fork, then long ones.
    """
    forking = [item for item in items if item.get_closest_marker(FORK_MARK)]
    of_processes = [item for item in items if is_of_processes(item)]
    placed = {*forking, *of_processes}
    long = [item for item in items if item not in placed and is_long(item)]
    half = min(workers // 2, len(places_of(of_processes)))
    shares: list[list[pytest.Item]] = [[] for _ in range(workers)]
    waiting, computing = shares[:half] or shares, shares[half:]
    for tests in (forking, long):
        for place, share in enumerate(computing):
            share += deal(tests, len(computing), place)
    for tests in sorted(places_of(of_processes), key=len, reverse=True):
        min(waiting, key=len).extend(tests)  # whole files, which have one test or dozens
    return shares


def is_of_processes(item: pytest.Item) -> bool:
    """Return whether a test runs the hub in processes of its own."""
    return item.path.parent.name == PROCESS_FOLDER and not item.get_closest_marker(FORK_MARK)


def is_long(item: pytest.Item) -> bool:
    """Return whether a test is of a kind that often takes long."""
    return any(item.get_closest_marker(mark) for mark in LONG_MARKS)


def deal(items: list[pytest.Item], workers: int, place: int) -> list[pytest.Item]:
    """Return the tests of every `workers`-th place, beginning with the one at `place`."""
    return [item for tests in places_of(items)[place::workers] for item in tests]


def places_of(items: list[pytest.Item]) -> list[list[pytest.Item]]:
    """Return the tests of each place together."""
    return [list(group) for _, group in groupby(items, place_of)]


def place_of(item: pytest.Item) -> Path:
    """Return the file or folder whose tests go to the same worker."""
    if item.path.parent.name == PROCESS_FOLDER and not FULL:
        return item.path.parent
    return item.path
