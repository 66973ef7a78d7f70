"""Tests of a backup restored in the middle of a run: no posting is forgotten or posted twice."""

from collections import Counter

import pytest

from tests.proofs.test_crashes import LATER, STORIES, filed, shown, shown_on_postgres
from tests.support.crash_points import back_up
from tests.support.tiers import FULL

__all__ = ["filed", "shown", "shown_on_postgres"]
pytestmark = pytest.mark.proof
PAID = "invoice, payment"  # its invoice is paid in the books when the payment is forgotten


def restore_each(shown, name, moments):
    """Restore backups from several moments of a run after it, and sync; return their number."""
    right = shown.undisturbed(name)
    free = [
        at for at, passed in enumerate(right[0].names, 1) if passed != "sent"
    ]  # boundaries at which the pipe is free
    chosen = free[1 :: len(free) // moments][:moments]
    for at in chosen:
        shown.tell(name)
        shown.world.run(shown.sync, at=at, act=back_up)
        shown.world.restore()
        shown.world.clock.advance(LATER)
        report, books = shown.world.run(shown.sync), shown.world.ledger()
        where = f"{name}, backup taken at {at}"
        assert (report.made[:3], books - right[1], right[1] - books) == (
            right[0].made[:3],
            Counter(),
            Counter(),
        ), where
    return len(chosen)


@pytest.mark.parametrize("name", STORIES if FULL else [PAID])
def test_a_backup_of_any_moment_put_back_after_the_run_doubles_nothing(shown, figure, name):
    goal = 4 if FULL else 1
    restored = restore_each(shown, name, goal)
    figure(f"backups of {name} put back, nothing lost, nothing doubled", restored, goal)


@pytest.mark.proof(small=0)
@pytest.mark.parametrize("name", [PAID, "bill with file, new vendor"])
def test_on_postgresql_as_well(shown_on_postgres, figure, name):
    restored = restore_each(shown_on_postgres, name, 3)
    figure(f"backups of {name} put back on PostgreSQL", restored, 3)
