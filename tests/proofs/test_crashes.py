"""Tests with kill -9 at every boundary of a run and of its recovery: the books stay equal.

Most boundaries lie between the same two commits or sends, so kills there leave the same state:
rows, files, books and time. Recovery runs once for each distinct state, and again for a sample of
the repeated ones.
"""

import signal
import threading
from collections import Counter

import pytest

from tests.support.processes import crash_runner
from tests.support.processes.crash_runner import MOST_BOUNDARIES
from tests.support.processes.forked_shop import (
    APART,
    FILED,
    PAST_DOUBT_SECONDS,
    STORIES,
    file_source,
    forked_shop,
    shop_on_postgres,
)
from tests.support.runs.tiers import FULL, LONG, by_form

__all__ = ["file_source", "forked_shop", "shop_on_postgres"]
pytestmark = [pytest.mark.proof, pytest.mark.forks]
# Kinds of boundaries at which every story is killed.
SORTS = {"before send", "sent", "after answer", "before fsync", "after do_commit"}
PARTS = 8  # into which the long proof divides the kills in runs that recover


class RecoveryCheck:
    """Runs the recovery after each distinct state left by kills and checks it.

    The result must equal that of an uninterrupted run.
    """

    def __init__(self, forked_shop, name):
        self.forked_shop, self.hub, self.name, self.checked_marks = (
            forked_shop,
            forked_shop.hub,
            name,
            set(),
        )
        self.right = forked_shop.run_undisturbed(name)

    def kill_at_boundaries(self, where, boundaries):
        """Kill the next run at these boundaries; return the names passed and the states left."""
        report, states = self.hub.kill_at_boundaries(self.forked_shop.sync, boundaries)
        self.compare(report, f"{where}, by the last copy")
        killed_at = [at for at in range(1, len(report.names) + 1) if at in boundaries]
        assert len(states) == len(killed_at)
        for at, state in zip(killed_at, states, strict=True):
            self.recover(state, f"{where}, killed at {at}")
        return report.names, states

    def kill_at(self, at):
        """Kill a run at a boundary and recover from it; return whether the state was known."""
        self.forked_shop.start_story(self.name)
        assert self.hub.run(self.forked_shop.sync, at=at).code == -signal.SIGKILL
        state = self.hub.snapshot()
        is_known = state.mark in self.checked_marks
        self.recover(state, f"killed at {at} from the beginning", anyway=True)
        return is_known

    def recover(self, state, where, anyway=False):
        is_known = state.mark in self.checked_marks
        if anyway or not is_known:
            self.checked_marks.add(state.mark)
            self.put(state, other=is_known)
            self.compare(self.hub.run(self.forked_shop.sync), where)

    def put(self, state, other=False):
        """Restore a state; in two of three cases, move the clock past the time limit of doubt.

        `other` selects the opposite case.
        """
        self.hub.restore_state(state)
        if (state.mark[0] % 3 == 0) is other:
            self.hub.clock.advance(PAST_DOUBT_SECONDS)

    def compare(self, report, where):
        books, right = self.hub.count_books(), self.right[1]
        result = report.result, books - right, right - books
        assert result == (self.right[0].result, Counter(), Counter()), f"{self.name}, {where}"

    def report_figures(self, figure, sort, kills, goal):
        figure(
            f"{sort} of {self.name} ({len(self.checked_marks)} different states left)", kills, goal
        )


def kill_all(forked_shop, name, step, apart):
    """Kill a story at every `step`-th boundary, and at some again in runs without copies."""
    judge = RecoveryCheck(forked_shop, name)
    forked_shop.start_story(name)
    boundaries = set(range(1, MOST_BOUNDARIES, step))
    if FULL:
        boundaries |= first_of_each_sort(judge.right[0].names)
    names, states = judge.kill_at_boundaries("in a run", boundaries)
    again = [judge.kill_at(at) for at in range(1 + apart // 2, len(names) + 1, apart)]
    assert sum(again) * 2 > len(again) or step > 1, "States left by kills are not recognized."
    boundary_names = [name for at, name in enumerate(names, 1) if at in boundaries]
    return judge, boundary_names, len(states) + len(again)


def first_of_each_sort(names):
    """Return the first boundary of each of SORTS."""
    return {1 + names.index(name) for name in SORTS & set(names)}


@pytest.mark.proof(full=4)
@pytest.mark.parametrize("name", STORIES if FULL else [FILED])
def test_a_kill_at_any_boundary_leaves_the_books_right(forked_shop, figure, name):
    step, apart, goal = by_form(small=(120, 999, 3), full=(120, 900, 4), long=(1, 8, 190))
    judge, boundary_names, kills = kill_all(forked_shop, name, step, apart)
    judge.report_figures(figure, "kills on SQLite at boundaries", kills, goal)
    if FULL:
        assert set(boundary_names) >= SORTS


@pytest.mark.proof(small=0, full=1)
@pytest.mark.parametrize("name", STORIES)
def test_a_kill_at_any_boundary_on_postgresql_leaves_the_books_right(
    shop_on_postgres, figure, name
):
    step, apart, goal = (1, 12, 280) if LONG else (110, 450, 5)
    judge, _, kills = kill_all(shop_on_postgres, name, step, apart)
    judge.report_figures(figure, "kills on PostgreSQL at boundaries", kills, goal)


def kill_after_last_send(judge):
    """Return the state left by a kill after the last send, whose answer never arrives."""
    judge.forked_shop.start_story(judge.name)
    last_send = max(at for at, passed in enumerate(judge.right[0].names, 1) if passed == "sent")
    judge.hub.run(judge.forked_shop.sync, at=last_send)
    return judge.hub.snapshot()


def kill_everywhere(judge):
    """Return each distinct state that a kill of a run leaves."""
    judge.forked_shop.start_story(judge.name)
    _, states = judge.hub.kill_at_boundaries(judge.forked_shop.sync)
    return list({state.mark: state for state in states}.values())


@pytest.mark.proof(full=1)
@pytest.mark.parametrize("part", range(PARTS if LONG else 1))
@pytest.mark.parametrize("name", STORIES if FULL else [FILED])
def test_a_kill_in_the_run_that_recovers_changes_nothing(forked_shop, figure, name, part):
    judge, kills = RecoveryCheck(forked_shop, name), 0
    step = by_form(small=70, full=40, long=40)
    beginnings = (
        list(enumerate(kill_everywhere(judge)))[part::PARTS]
        if LONG
        else [(0, kill_after_last_send(judge))]
    )
    for number, first in beginnings:
        judge.put(first)
        # Each run begins at another boundary; together they are killed at every one.
        boundaries = range(1 + number % step, MOST_BOUNDARIES, step)
        kills += len(judge.kill_at_boundaries("in the run that recovers", boundaries)[1])
    sort = f"kills in runs that recover{f', part {part + 1},' if LONG else ''}"
    judge.report_figures(figure, sort, kills, 10 if LONG else 5 if FULL else 1)


@pytest.mark.proof(small=0, full=1)
@pytest.mark.parametrize("name", [APART, "item, vendor"])
def test_a_kill_while_threads_send_leaves_the_books_right(forked_shop, figure, name):
    judge, kills = RecoveryCheck(forked_shop, name), 0
    for at in range(3, len(judge.right[0].names) + 1, 5 if LONG else 30):
        forked_shop.start_story(name)
        forked_shop.hub.in_order = False  # with threads, time passes only when one of them sleeps
        kills += (
            forked_shop.hub.run(forked_shop.sync, at=at).code == -signal.SIGKILL
        )  # so the run may give up and end before the kill
        forked_shop.hub.in_order = True
        judge.recover(forked_shop.hub.snapshot(), f"killed at {at} with threads")
    judge.report_figures(
        figure, "kills at boundaries, its threads in any order,", kills, 20 if LONG else 5
    )


# -- the harness itself ----------------------------------------------------------------------------


def mark_after(hub, change):
    """Return the mark of the state after a change."""
    hub.reset()
    change()
    return hub.snapshot().mark


def test_everything_that_the_next_hub_can_see_changes_the_state(forked_shop):
    hub, company = (
        forked_shop.hub,
        forked_shop.hub.quickbooks.companies[forked_shop.hub.quickbooks.realm],
    )
    marks = [
        mark_after(hub, lambda: None),
        mark_after(hub, lambda: hub.change("UPDATE company SET sends = sends + 1")),
        mark_after(hub, lambda: (hub.folder / "sends").write_text("1")),
        mark_after(hub, lambda: hub.clock.advance(1)),
        mark_after(hub, lambda: company.tables.pop("Bill")),
    ]
    assert len(set(marks)) == len(marks)
    assert (
        mark_after(hub, lambda: hub.change("UPDATE company SET sends = sends")) == marks[0]
    )  # other bytes, same rows


def test_a_hub_that_hangs_is_ended_and_tells_where(forked_shop, monkeypatch):
    monkeypatch.setattr(crash_runner, "SILENCE_SECONDS", 0.5)
    forked_shop.hub.reset()
    with pytest.raises(crash_runner.HubFailed, match=r"(?s)sent nothing for 0.5 seconds.*in wait"):
        forked_shop.hub.run(threading.Event().wait)
