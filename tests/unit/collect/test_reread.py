"""Rereading waiting documents: after new ones, longest unread first, within a budget."""

import shutil

import pytest
from sqlalchemy import select
from werkzeug.test import Client

from hub import Code, outbox
from hub.collect import reread
from hub.collect import run as collect_run
from hub.context import current_hub
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session, transaction
from hub.errors import PluginFault, Refused, Retry, TooOften
from hub.installations import enable
from hub.models import Installation, Match, Posting, SourceDocument
from hub.scheduling import runner
from hub.web import webhooks
from tests.support.runs.hub_environment import COSTTRACKER
from tests.support.sources.small_source import (
    SmallSource,
    bill,
    document,
    install_small_source,
    make_page,
    postings,
    vendor_code,
)
from tests.support.sources.stand_in_fixtures import mount_costtracker

BUDGET = 20


@pytest.fixture
def source():
    return SmallSource()


@pytest.fixture
def hub(source, make_app, make_config, empty_database, clock):
    """Enable the small source.

    Return a function that collects and returns the ids that were read, in order.
    """
    config = make_config(HUB_REREAD_IDS=str(BUDGET))
    shutil.copy(empty_database, config.data / "hub.db")
    with make_app(config, plugins=Plugins.load([source], installed=False)).app_context():
        id = install_small_source()

        def collect(*items, **options):
            clock.advance(60)
            source.items, source.order = list(items), []
            result = collect_run.collect(id, **options)
            collect.notes, collect.continue_after = result.notes, result.continue_after
            return [int(id.partition(":")[2]) for id in source.order if id != "the list"]

        collect.id = id
        yield collect


def wait(hub, source, count, **values):
    """Store this number of documents that the source does not want posted yet."""
    items = [bill(str(n), stage="pending", hold="Not yet.", **values) for n in range(count)]
    hub(*items)
    source.by_id = {item.source_id: item for item in items}


def ask_for(*numbers):
    """Request that these documents are read again, as a webhook or a retry does."""
    ids = [f"invoice:{number}" for number in numbers]
    with transaction() as session:
        rows = session.query(SourceDocument).filter(SourceDocument.source_id.in_(ids))
        rows.update({"reread": True})


# -- the order -------------------------------------------------------------------------------------


def test_new_documents_are_read_before_those_that_wait(hub, source):
    wait(hub, source, 3)
    hub(bill("new"))
    assert source.order[0] == "the list"
    assert len(source.order) == 4


def test_a_document_that_the_list_has_just_shown_is_not_asked_for_again(hub, source):
    wait(hub, source, 3)
    assert hub(bill("1", stage="pending", hold="Still not.")) == [0, 2]


def test_every_document_has_its_turn_longest_unread_first(hub, source):
    wait(hub, source, 50)
    assert hub() == [*range(20)]
    assert hub() == [*range(20, 40)]
    assert hub() == [*range(40, 50), *range(10)]


def test_a_document_that_the_source_does_not_answer_does_not_stay_in_front(hub, source):
    wait(hub, source, 30)
    source.by_id = {}
    assert hub() == [*range(20)]
    assert hub() == [*range(20, 30), *range(10)]


@pytest.mark.parametrize(("mode", "state"), [("auto", "waiting"), ("review", "review")])
def test_a_document_that_needs_a_record_that_cannot_be_created_is_read_again(
    hub, source, mode, state
):
    with transaction() as session:
        session.get_one(Installation, hub.id).mode = mode
    hub(bill("1", codes={"supplier": vendor_code(name="Stål: Nord")}))
    assert [posting.state for posting in postings()] == ["held", state]
    renamed = bill("1", codes={"supplier": vendor_code(name="Stål Nord")})
    source.by_id = {renamed.source_id: renamed}
    assert hub() == [1]
    assert "held" not in [posting.state for posting in postings()]


@pytest.mark.parametrize("defect", [ZeroDivisionError("division by zero"), Refused("No.")])
def test_a_document_that_stops_the_reading_does_not_stop_the_next_one(hub, source, defect):
    wait(hub, source, 5)
    source.by_id["invoice:2"] = defect
    with pytest.raises((PluginFault, Refused)):
        hub()
    assert source.order[-1] == "invoice:2"
    with pytest.raises((PluginFault, Refused)):
        hub()
    assert source.order[1:] == [f"invoice:{n}" for n in (3, 4, 0, 1, 2)]


# -- the limit -------------------------------------------------------------------------------------


def test_a_run_that_is_throttled_is_read_on_by_the_next(hub, source):
    wait(hub, source, 15)
    for expected in ([*range(6)], [*range(6, 12)], [12, 13, 14, 0, 1, 2]):
        source.answers_left = 6
        assert hub() == expected
        assert "The next run reads the rest" in hub.notes[0]


def test_requested_documents_are_read_as_soon_as_the_source_allows_it(hub, source):
    wait(hub, source, 15)
    source.answers_left = 6
    hub()
    assert hub.continue_after is None  # nobody asked for what waits
    ask_for(*range(15))
    source.answers_left = 6
    hub()
    assert hub.continue_after == 7
    source.answers_left = None
    hub()
    assert hub.continue_after is None


def test_a_run_that_is_throttled_while_it_reads_again_has_read_what_is_new(hub, source):
    wait(hub, source, 5)
    source.answers_left = 0
    hub(*make_page(bill("new"), cursor="A"))
    assert document("invoice:new") is not None


def test_reading_by_id_reports_that_it_was_throttled(hub, source):
    wait(hub, source, 3)
    source.answers_left = 1
    with pytest.raises(TooOften):
        hub(ids=["invoice:0", "invoice:1"])


def test_a_source_that_does_not_answer_stops_the_run_and_what_was_read_is_kept(hub, source):
    wait(hub, source, 5)
    source.by_id["invoice:2"] = Retry("Small is busy.")
    with pytest.raises(Retry, match="Small is busy"):
        hub()
    source.by_id["invoice:2"] = source.by_id["invoice:1"]
    assert hub()[:3] == [2, 3, 4]


# -- documents outside the budget ------------------------------------------------------------------


def test_all_requested_documents_are_read_before_the_others(hub, source):
    wait(hub, source, 60)
    expected = [*range(25, 60)]
    ask_for(*expected)
    assert hub() == [*expected, *range(20)]
    assert hub() == [*range(20, 25), *range(15)]


def add_held_bills(hub, source, count, account="9"):
    items = [bill(str(n), account=account) for n in range(count)]
    hub(*items)
    source.by_id |= {item.source_id: item for item in items}


def match(record):
    """Match the account of code 9 as a person does."""
    about = {"company_id": 1, "scope": "small-source", "tenant": "t1", "role": "account"}
    with transaction() as session:
        now = current_hub().clock.now()
        decision = {"record": record, "match_method": "decided", "who": "kari", "at": now}
        session.add(Match(field="account", code="9", **decision, **about))


def test_a_match_releases_all_that_it_held_in_one_run(hub, source):
    add_held_bills(hub, source, 30)
    match("8")
    assert hub() == [*range(30)]
    assert {row.state for row in postings()} == {"ready"}


def test_a_match_that_releases_nothing_is_tried_once(hub, source):
    add_held_bills(hub, source, 30, account=Code(id="9", name="Nine"))
    match("none")
    assert len(hub()) == 30
    assert len(hub()) == BUDGET


def test_nothing_is_sent_before_it_was_read_again_under_the_new_settings(hub, source):
    items = [bill("1"), bill("2")]
    hub(*items)
    source.by_id = {item.source_id: item for item in items}
    with transaction() as session:
        outbox.mark_for_reread(session, hub.id)
    source.answers_left = 1
    hub()
    with read_only_session() as session:
        current_ones = session.scalars(select(Posting.number).where(outbox.IS_CURRENT)).all()
    assert [row.state for row in postings()] == ["ready", "ready"]
    assert current_ones == ["F-1"]


# -- calls -----------------------------------------------------------------------------------------


class Calls:
    """The calls of a run, as the budget counts them."""

    def __init__(self, calls):
        self.calls = calls


@pytest.mark.parametrize(
    ("before", "most"),
    [
        (2, 50),  # a run that reads little still has fifty calls
        (100, 50),
        (300, 100),  # a quarter of all: a hundred of four hundred
    ],
)
def test_a_run_spends_a_quarter_of_its_calls_on_what_waits(hub, source, before, most):
    setup = collect_run.prepare(hub.id)
    calls = Calls(before)
    object.__setattr__(setup.site, "http", calls)
    budget = reread.RereadBudget(setup)
    budget._max_ids = 1000
    while not budget.is_spent():
        calls.calls += 1
        budget.spend(1)
    assert calls.calls - before == most


# -- CostTracker, which takes a hundred calls ------------------------------------------------------


class Waiting:
    """150 invoices that nobody has approved, at a CostTracker with a limit on calls."""

    def __init__(self, stand_in):
        self.source = Client(stand_in.wsgi)
        for invoice in self.source.get("/_sandbox/books").json["invoices"]:
            self.source.post(f"/invoices/{invoice['id']}/send")
        settings = {**stand_in.settings(COSTTRACKER), "payable_account": "Accounts Payable (A/P)"}
        self.id = enable.enable(1, "costtracker", settings, who="kari", mode="review").id

    def sync(self):
        """Run a sync later than the last one; return the run and the invoices read singly."""
        self.source.post("/_sandbox/clock", json={"advance": 900})
        current_hub().clock.advance(900)
        self.source.delete("/_sandbox/log")
        run = runner.sync(self.id, requested_by="kari")
        calls = self.source.get("/_sandbox/log").json["requests"]
        read = [
            call["path"] for call in calls if call["call"] == "invoice" and call["status"] == 200
        ]
        return run, [path.rpartition("/")[2] for path in read]

    def pending(self):
        """Return the numbers of the waiting invoices that the hub has stored."""
        statement = select(SourceDocument.source_id).where(SourceDocument.stage == "pending")
        with read_only_session() as session:
            return [id.removeprefix("invoice:") for id in session.scalars(statement)]

    def take(self, calls):
        self.source.post("/_sandbox/limit", json={"requests": calls})


@pytest.fixture
def waiting(app, quickbooks):
    return Waiting(mount_costtracker(app, documents=150))


def test_a_source_that_takes_few_calls_shows_what_is_new_in_the_first_run(waiting):
    waiting.sync()
    first, *others = waiting.pending()
    assert len(others) >= 140
    waiting.take(100)
    waiting.source.post(f"/invoices/{first}/approve")
    done, read = waiting.sync()
    assert done.outcome == "done"
    assert first not in waiting.pending()
    assert len(read) == reread.MIN_CALLS
    assert {*read, *waiting.sync()[1], *waiting.sync()[1]} >= {*others}


def test_a_source_that_takes_fewer_than_wait_is_read_on_where_it_stopped(waiting):
    waiting.sync()
    waiting.take(40)
    runs = [waiting.sync() for _ in range(5)]
    assert {done.outcome for done, _ in runs} == {"done"}
    assert {id for _, read in runs for id in read} >= {*waiting.pending()}


# -- versions that a list repeats ------------------------------------------------------------------

ordered_versions = pytest.mark.parametrize(
    ("older", "newer"),
    [("9", "10"), ("2026-03-01T08:00:00Z", "2026-03-01T10:00:00+01:00")],
)


def planned_total():
    """Return the total of the only posting that was not withdrawn."""
    (posting,) = (posting for posting in postings() if posting.state != "withdrawn")
    return f"{posting.total:.2f}"


@ordered_versions
@pytest.mark.parametrize("is_same_reading", [True, False])
def test_an_older_version_in_the_list_is_read_by_its_id(hub, source, older, newer, is_same_reading):
    """The list of a source may come from a copy of its database that lags behind."""
    first, second = bill("1", version=older), bill("1", total="300.30", version=newer)
    source.by_id = {second.source_id: second}
    hub(first)
    if is_same_reading:
        assert hub(second, first) == [1]
    else:
        hub(second)
        assert hub(first) == [1]
    assert planned_total() == "300.30"
    assert not hub()


@ordered_versions
def test_a_source_that_has_the_older_version_again_is_believed_by_its_answer_to_the_id(
    hub, source, older, newer
):
    """A source may have been restored from a backup."""
    first, second = bill("1", version=older), bill("1", total="300.30", version=newer)
    source.by_id = {first.source_id: first}
    hub(second)
    assert hub(first) == [1]
    assert planned_total() == "125.00"
    assert not hub()


@pytest.mark.parametrize(("earlier", "later"), [("b7", "a3"), (None, "1"), ("2", None)])
def test_versions_without_an_order_are_taken_as_they_come(hub, source, earlier, later):
    hub(bill("1", version=earlier))
    assert not hub(bill("1", total="300.30", version=later))
    assert planned_total() == "300.30"


# -- a notice during the reading -------------------------------------------------------------------


def mark(number):
    """Mark a document as a notice of its source does."""
    with read_only_session() as session:
        installation = session.scalars(select(Installation)).one()
    webhooks._read_again(installation, [f"invoice:{number}"])


def read_marks():
    with read_only_session() as session:
        return dict(session.execute(select(SourceDocument.source_id, SourceDocument.reread)).all())


@pytest.mark.parametrize("asked_before", [False, True])
def test_a_notice_that_comes_while_a_document_is_read_is_not_lost(hub, source, clock, asked_before):
    hub(bill("1"))
    source.by_id = {"invoice:1": bill("1", total="30.00")}
    if asked_before:
        mark("1")

    def read_list():
        clock.advance(1)
        mark("1")
        yield bill("1")

    source.items = read_list()
    clock.advance(60)
    collect_run.collect(hub.id)
    assert (source.order[-1], read_marks()) == ("invoice:1", {"invoice:1": False})
    assert postings()[-1].total == 30


def test_a_notice_that_comes_while_a_document_is_asked_for_has_it_read_by_the_next_run(
    hub, source, clock
):
    hub(bill("1"))
    mark("1")

    class Noticed(dict):
        def get(self, id):
            clock.advance(1)
            mark("1")
            return bill("1")

    source.by_id = Noticed()
    hub()
    assert read_marks() == {"invoice:1": True}
    source.by_id = {"invoice:1": bill("1", total="30.00")}
    assert hub() == [1]
    assert (read_marks(), postings()[-1].total) == ({"invoice:1": False}, 30)


def test_a_notice_that_came_before_the_reading_is_met_by_it(hub, source):
    hub(bill("1"))
    mark("1")
    source.by_id = {"invoice:1": bill("1")}
    assert hub() == [1]
    assert read_marks() == {"invoice:1": False}
