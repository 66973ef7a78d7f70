"""Tests of a backup restored in the middle of a run: no posting is forgotten or posted twice."""

from collections import Counter

import pytest

from tests.support.processes.crash_points import back_up
from tests.support.processes.forked_shop import (
    PAST_DOUBT_SECONDS,
    STORIES,
    file_source,
    forked_shop,
    shop_on_postgres,
)
from tests.support.runs.tiers import FULL

__all__ = ["file_source", "forked_shop", "shop_on_postgres"]
pytestmark = pytest.mark.proof
PAID = "invoice, payment"  # its invoice is paid in the books when the payment is forgotten


def restore_each(forked_shop, name, moments):
    """Restore backups from several moments of a run after it, and sync; return their number."""
    right = forked_shop.run_undisturbed(name)
    free = [
        at for at, passed in enumerate(right[0].names, 1) if passed != "sent"
    ]  # boundaries at which the pipe is free
    chosen = free[1 :: len(free) // moments][:moments]
    for at in chosen:
        forked_shop.start_story(name)
        forked_shop.hub.run(forked_shop.sync, at=at, act=back_up)
        forked_shop.hub.restore_backup()
        forked_shop.hub.clock.advance(PAST_DOUBT_SECONDS)
        report, books = forked_shop.hub.run(forked_shop.sync), forked_shop.hub.count_books()
        where = f"{name}, backup taken at {at}"
        assert (report.result[:3], books - right[1], right[1] - books) == (
            right[0].result[:3],
            Counter(),
            Counter(),
        ), where
    return len(chosen)


@pytest.mark.proof(full=2)
@pytest.mark.parametrize("name", STORIES if FULL else [PAID])
def test_a_backup_of_any_moment_put_back_after_the_run_doubles_nothing(forked_shop, figure, name):
    goal = 4 if FULL else 1
    restored = restore_each(forked_shop, name, goal)
    figure(f"restored backups of {name}, nothing lost, nothing doubled", restored, goal)


@pytest.mark.proof(small=0, full=1)
@pytest.mark.parametrize("name", [PAID, "bill with file, new vendor"])
def test_a_backup_put_back_on_postgresql_doubles_nothing(shop_on_postgres, figure, name):
    restored = restore_each(shop_on_postgres, name, 3)
    figure(f"restored backups of {name} on PostgreSQL", restored, 3)
