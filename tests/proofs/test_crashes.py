"""Tests with kill -9 at every boundary of a run and of its recovery: the books stay equal.

Most boundaries lie between the same two commits or sends, so kills there leave the same state:
rows, files, books and time. Recovery runs once for each distinct state, and again for a sample of
the repeated ones.
"""

import signal
import threading
from collections import Counter, defaultdict
from dataclasses import replace
from decimal import Decimal as D

import pytest
from sqlalchemy import func, select

from hub import Attachment, Code, Item, Party, hookimpl
from hub.db.engine import db, read_only_session
from hub.models import Attempt, Posting, Proof, SourceDocument
from hub.models.enums import UNPROCESSED_OUTCOMES
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import runner
from qbo_sandbox.kit.faults import Fault
from tests.stories.test_kinds import independent_document
from tests.support.processes import crash_runner
from tests.support.processes.crash_runner import MOST_BOUNDARIES, ForkedHub
from tests.support.runs.tiers import FULL, LONG, by_form
from tests.support.sources import every_kind_source
from tests.support.sources.every_kind_source import (
    CLIENT,
    DAY,
    ShopSite,
    ShopSource,
    document,
    everything,
    line,
)
from tests.support.sources.stand_in_fixtures import mount_quickbooks

pytestmark = [pytest.mark.proof, pytest.mark.forks]
PAST_DOUBT_SECONDS = 400
# Kinds of boundaries at which every story is killed.
SORTS = {"before send", "sent", "after answer", "before fsync", "after do_commit"}
PARTS = 8  # into which the long proof divides the kills in runs that recover
START_STATES = {}  # the state in which the stories start, by database
FRESH = Code(id="s2", name="Fresh Supplier", create=Party(name="Fresh Supplier"))
SCAN = Attachment(id="f", name="scan.pdf", mime="application/pdf")


class ShopWithFiles(ShopSource):
    """A shop with a file for every bill."""

    @hookimpl
    def hub_attachment(self, app, site, document, attachment):
        return b"%PDF-1.4 the paper"


def another_of(kind, **more):
    """Return a second document of a kind, which the books do not contain yet."""
    base = independent_document(kind)
    return replace(base, **{"source_id": f"{base.source_id}b", "number": None, **more})


TOGETHER = "five kinds in one batch"
PAYS = line("1", "60.00", pays="invoice:1b")
STORIES = {
    "bill with file, new vendor": [
        another_of("bill", codes={"supplier": FRESH}, attachments=(SCAN,))
    ],
    "vendor credit, expense": [another_of("vendor_credit"), another_of("expense")],
    "invoice, payment": [
        another_of("invoice"),
        document("payment", "payment:1b", PAYS, total="75.00", client=CLIENT),
    ],
    TOGETHER: [
        another_of(kind)
        for kind in ("bill", "vendor_credit", "expense", "purchase_order", "invoice")
    ],
    "purchase order": [another_of("purchase_order")],
    "item, vendor": [
        another_of("item", details=Item(name="Nail", type="inventory", cost=D("1.20"), start=DAY)),
        another_of("vendor", details=Party(name="A third one")),
    ],
}
FILED, APART = list(STORIES)[:2]


class ForkedShop:
    """A shop whose books hold one document of each kind, and a world to post further ones."""

    def __init__(self, app, quickbooks, clock, folder):
        self.shop, kind = ShopSite(app, quickbooks, clock), db.engine.dialect.name
        if kind not in START_STATES:
            assert set(self.shop.run(*everything()).values()) == {"posted"}
            clock.advance(
                5 * 3600
            )  # the access token expires, so that every story begins with a new one
        self.hub = ForkedHub(app, quickbooks, clock, folder, START_STATES.get(kind))
        if kind not in START_STATES:
            self.compile_statements()
        START_STATES[kind] = self.hub.start

    def compile_statements(self):
        """Post all stories in this process, so that its forks need not compile each statement."""
        items = [item for story in STORIES.values() for item in story]
        self.shop.source.items = {item.source_id: item for item in items}
        self.shop.quickbooks.faults.add(Fault(kind="lose_answer", call="bill.create"))
        assert self.sync()[0]
        self.shop.quickbooks.faults.clear()

    def start_story(self, name):
        self.shop.source.items = {item.source_id: item for item in STORIES[name]}
        self.hub.reset()
        if name == TOGETHER:
            self.hub.change("UPDATE company SET batches = 'batch'")

    def sync(self):
        """Sync once to the end; return the postings, reasons, cases and violations afterwards."""
        runner.sync(self.shop.id, requested_by="kari", wait=True)
        with read_only_session() as session:
            rows = select(SourceDocument.source_id, Posting.part, Posting.operation, Posting.state)
            standing = sorted(map(tuple, session.execute(rows.join(SourceDocument))))
            return (
                standing,
                self.shop.reasons(),
                self.shop.cases(),
                unproved_keys(session),
                torn_batches(session),
            )

    def run_undisturbed(self, name):
        """Return the result of an uninterrupted run of a story, and the books after it."""
        self.start_story(name)
        report = self.hub.run(self.sync)
        assert {state for *_, state in report.result[0]} == {"posted"}, report.result
        return report, self.hub.count_books()


def unproved_keys(session):
    """Return postings sent under more keys than they have proofs.

    A new key needs no proof if the posting was refused and never in doubt.
    """
    proofs = dict(
        session.execute(select(Proof.posting_id, func.count()).group_by(Proof.posting_id)).all()
    )
    sends = select(Attempt).where(Attempt.outcome.not_in(UNPROCESSED_OUTCOMES)).order_by(Attempt.id)
    keys = defaultdict(dict)  # for each posting its keys, and whether a new one needed a proof
    doubted = set()
    for attempt in session.scalars(sends):
        keys[attempt.posting_id].setdefault(attempt.requestid, attempt.posting_id in doubted)
        if attempt.outcome != "refused":
            doubted.add(attempt.posting_id)
    return [id for id, needed in keys.items() if sum(needed.values()) > proofs.get(id, 0)]


def torn_batches(session):
    """Return batches sent in part, and batches with a posting that was in doubt before."""
    sends, torn, doubted = defaultdict(lambda: defaultdict(list)), [], set()
    for attempt in session.scalars(select(Attempt).order_by(Attempt.id)):
        if attempt.batch:
            item = attempt.requestid, attempt.posting_id
            sends[attempt.batch][attempt.fence].append(item)
            if attempt.posting_id in doubted:
                torn.append(attempt.batch)
        if attempt.outcome in ("sent", "doubt"):
            doubted.add(attempt.posting_id)
    for batch, items_by_fence in sends.items():
        compositions = {tuple(items) for items in items_by_fence.values()}
        if len(compositions) > 1:
            torn.append(batch)
    return torn


@pytest.fixture
def file_source(monkeypatch):
    """Give every bill of the shop a file."""
    monkeypatch.setattr(every_kind_source, "ShopSource", ShopWithFiles)


@pytest.fixture
def forked_shop(file_source, app, quickbooks, clock, tmp_path):
    """Open a shop whose hub is forked and killed, on SQLite."""
    quickbooks.switch(previous_refresh_token="grace", requestid="ignore")
    return ForkedShop(app, quickbooks, clock, tmp_path / "world")


@pytest.fixture
def shop_on_postgres(file_source, pg_app, clock, tmp_path):
    """Open a shop whose hub is forked and killed, on PostgreSQL."""
    quickbooks = mount_quickbooks(pg_app, clock)
    quickbooks.switch(previous_refresh_token="grace", requestid="ignore")
    company = oauth_connect.connect_with_refresh_token(
        quickbooks.realm, quickbooks.refresh_tokens[quickbooks.realm]
    )
    record_download.refresh(company.id)
    return ForkedShop(pg_app, quickbooks, clock, tmp_path / "world")


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
