"""Random actions of sources, admins, bookkeepers and networks: the books stay right."""

from pathlib import Path

import pytest

from tests.proofs.shop_machine import Machine, StartingPoint
from tests.support.proofs.random_histories import replay, run_histories
from tests.support.runs.tiers import FULL, by_form

pytestmark = pytest.mark.proof
SEEDS, HISTORIES, STEPS = by_form(small=(1, 1, 30), full=(1, 4, 50), long=(20, 25, 50))
SAVED_HISTORIES = Path(__file__).parents[1] / "golden" / "machine"


@pytest.mark.parametrize(
    "path", sorted(SAVED_HISTORIES.glob("*.txt"))[: None if FULL else 1], ids=lambda path: path.stem
)
def test_a_history_that_is_kept_leaves_the_books_right(app, quickbooks, clock, tmp_path, path):
    Machine.starting_point = StartingPoint(app, quickbooks, clock)
    replay(Machine(), path)


@pytest.mark.parametrize("number", range(SEEDS))
def test_any_history_leaves_the_books_right(app, quickbooks, clock, tmp_path, figure, number):
    starting_point = Machine.starting_point = StartingPoint(app, quickbooks, clock, number)
    count = run_histories(Machine, number, HISTORIES, STEPS)
    assert starting_point.batches >= 2 or not FULL, "too few sends were batches"
    figure(
        f"histories of {STEPS} steps against the ledger, seed {number}",
        count,
        HISTORIES,
    )
