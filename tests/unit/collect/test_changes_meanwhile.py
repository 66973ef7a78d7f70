"""Settings and matches that people change while documents are read, or before they are sent."""

import datetime as dt
import shutil

import pytest
from sqlalchemy import select

from hub import (
    Checkpoint,
    FileContent,
    FileField,
    FileKinds,
    FileTable,
    Gone,
    NeedsAttention,
    hookimpl,
    outbox,
)
from hub.collect import replanning
from hub.collect import run as collect_run
from hub.context import current_hub
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session, transaction
from hub.installations import enable, full_reading, matches
from hub.models import Case, Cursor, Installation, SourceDocument
from hub.models.enums import FileWay
from hub.sources import file_intake, file_mapping
from hub.web.codes import code_decisions
from tests.support.sources.small_source import (
    SmallSource,
    bill,
    document,
    install_small_source,
    postings,
)

START = dt.date(2026, 2, 1)
EARLIER_START = dt.date(2026, 1, 1)
FILE_KINDS = FileKinds(
    suffixes=(".csv",), limit=100, fields=(FileField(name="number", label="Number"),)
)


@pytest.fixture
def source():
    return SmallSource()


@pytest.fixture
def hub(source, make_app, make_config, empty_database, clock):
    """Enable the small source in review mode; return a function that collects items."""
    config = make_config()
    shutil.copy(empty_database, config.data / "hub.db")
    with make_app(config, plugins=Plugins.load([source], installed=False)).app_context():
        id = install_small_source(mode="review", start_date=START, tenant="t1")

        def collect(items=()):
            clock.advance(60)
            source.items = items
            return collect_run.collect(id)

        collect.id = id
        yield collect


def change(**answers):
    """Change settings as a person does."""
    mode = answers.pop("mode", None)
    enable.change(1, "small", answers, who="kari", mode=mode)


def match(hub, code, record):
    """Match an account as a person does."""
    with transaction() as session:
        installation = session.get_one(Installation, hub.id)
        matches.store_decision(session, installation, "account", code, record, who="kari")


def take_back(hub, code):
    """Take back the match of an account as a person does."""
    code_decisions.forget(hub.id, "account", code, "kari")


def only_posting():
    (posting,) = postings()
    return posting


def cursors(hub):
    with read_only_session() as session:
        rows = session.query(Cursor).filter_by(installation_id=hub.id)
        return {row.stream: row.value for row in rows}


# -- settings --------------------------------------------------------------------------------------


def test_a_start_date_that_is_moved_during_a_reading_is_not_lost_with_its_cursor(hub, source):
    def read_while_the_start_date_is_moved():
        yield bill("1")
        yield Checkpoint(cursor="A")
        change(start_date=EARLIER_START)
        yield bill("2")
        yield Checkpoint(cursor="B")

    result = hub(read_while_the_start_date_is_moved())
    assert (cursors(hub), document("invoice:2"), result.continue_after) == ({}, None, 0)
    assert "The settings of Small were changed while its documents were read" in result.notes[0]

    hub([bill("1"), bill("2"), bill("3", date=dt.date(2026, 1, 20)), Checkpoint(cursor="B")])
    assert source.cursors[-1] == {}
    assert [posting.state for posting in postings()] == ["review"] * 3


def test_a_reading_that_is_to_start_again_stores_no_cursor_of_before(hub, source):
    hub([bill("1"), Checkpoint(cursor="A"), Checkpoint(cursor="1", stream="deletions")])

    def read_while_a_person_asks_for_everything():
        yield bill("2")
        yield Checkpoint(cursor="B")
        full_reading.start_over(hub.id, "kari")
        yield bill("3")
        yield Checkpoint(cursor="2", stream="deletions")
        yield Checkpoint(cursor="C")

    result = hub(read_while_a_person_asks_for_everything())
    assert (cursors(hub), result.continue_after) == ({"deletions": "2"}, 0)
    assert "Small is to be read from the beginning" in result.notes[0]
    hub([bill(str(number)) for number in (1, 2, 3)])
    assert source.cursors[-1] == {"deletions": "2"}
    assert len(postings()) == 3


def test_a_mode_that_is_changed_during_a_reading_holds_for_the_documents_after_it(hub):
    change(mode="auto")

    def read_while_the_mode_is_changed():
        yield bill("1")
        yield Checkpoint(cursor="A")
        change(mode="review")
        yield bill("2")
        yield Checkpoint(cursor="B")

    hub(read_while_the_mode_is_changed())
    assert document("invoice:2") is None
    hub([bill("2")])
    assert [posting.state for posting in postings()] == ["review", "review"]


def test_a_document_that_is_read_by_old_settings_is_read_again(hub, source):
    hub([bill()])

    def read_while_the_settings_are_changed():
        change(differ="split")
        yield bill()

    hub(read_while_the_settings_are_changed())
    assert document().reread
    source.by_id = {"invoice:1": bill()}
    hub()
    assert (source.requested_ids, document().reread) == ([("invoice:1",)], False)


def test_settings_that_are_changed_while_matched_documents_are_read_hold_for_those_after_them(
    hub, source, clock
):
    hub([bill(account="unknown")])
    clock.advance(60)
    match(hub, "unknown", "8")

    def read_while_the_settings_are_changed(ids):
        change(differ="split")
        yield bill(account="unknown")

    read_by_id, source.read_by_id = source.read_by_id, read_while_the_settings_are_changed
    result = collect_run.collect_matched(hub.id)
    assert (only_posting().state, result.continue_after) == ("held", 0)
    assert "The settings of Small were changed while its documents were read" in result.notes[0]
    source.read_by_id, source.by_id = read_by_id, {"invoice:1": bill(account="unknown")}
    hub()
    assert only_posting().state == "review"


def test_a_document_marked_before_the_clock_was_set_back_is_read_again_once(hub, source, clock):
    hub([bill(account="unknown")])
    clock.advance(3600)
    with transaction() as session:
        assert outbox.retry(session, [only_posting().id], "kari") == 1
    clock.set(clock.now() - dt.timedelta(hours=1))
    source.by_id = {"invoice:1": bill()}
    hub()
    assert (source.requested_ids, document().reread) == ([("invoice:1",)], False)


# -- matches ---------------------------------------------------------------------------------------


def test_a_match_that_is_changed_during_a_reading_counts_for_the_documents_after_it(hub, clock):
    def read_while_a_match_is_changed():
        clock.advance(1)
        match(hub, "4010", "8")
        clock.advance(1)
        yield bill()

    hub(read_while_a_match_is_changed())
    assert b'"7"' in only_posting().payload
    assert replanning.has_stale(hub.id)
    replanning.replan_stale_of(hub.id)
    assert b'"8"' in only_posting().payload


def test_a_match_that_is_made_during_a_reading_releases_the_documents_after_it(hub, source, clock):
    def read_while_a_code_is_matched():
        clock.advance(1)
        match(hub, "unknown", "8")
        clock.advance(1)
        yield bill(account="unknown")

    hub(read_while_a_code_is_matched())
    assert only_posting().state == "held"
    source.by_id = {"invoice:1": bill(account="unknown")}
    clock.advance(60)
    collect_run.collect_matched(hub.id)
    assert only_posting().state == "review"
    collect_run.collect_matched(hub.id)
    assert source.requested_ids == [("invoice:1",)]


def test_a_match_that_is_changed_before_an_approval_is_not_forgotten(hub, clock):
    hub([bill()])
    clock.advance(60)
    match(hub, "4010", "8")
    clock.advance(60)
    with transaction() as session:
        assert outbox.approve(session, [only_posting().id], "kari") == 1
    assert replanning.has_stale(hub.id)
    hub()
    posting = only_posting()
    assert (b'"8"' in posting.payload, posting.state, posting.approved_by) == (True, "review", None)
    clock.advance(60)
    assert not replanning.has_stale(hub.id)


def test_a_match_that_is_taken_back_during_a_reading_does_not_hold_after_it(hub, source, clock):
    change(mode="auto")
    match(hub, "unknown", "8")

    def read_while_the_match_is_taken_back():
        yield bill("1", account="unknown")
        yield Checkpoint(cursor="A")
        take_back(hub, "unknown")
        yield bill("2", account="unknown")
        yield Checkpoint(cursor="B")

    result = hub(read_while_the_match_is_taken_back())
    assert (document("invoice:1").reread, document("invoice:2")) == (True, None)
    assert (cursors(hub), result.continue_after) == ({"": "A"}, 0)
    assert "A match of Small was removed while its documents were read" in result.notes[0]

    source.by_id = {"invoice:1": bill("1", account="unknown")}
    hub([bill("2", account="unknown"), Checkpoint(cursor="B")])
    assert [posting.state for posting in postings()] == ["held", "held"]


def test_a_match_that_is_taken_back_while_another_is_made_does_not_hold_after_it(hub, clock):
    change(mode="auto")
    match(hub, "unknown", "8")

    def read_while_one_match_replaces_the_other():
        clock.advance(1)
        take_back(hub, "unknown")
        match(hub, "other", "7")
        clock.advance(1)
        yield bill(account="unknown")

    hub(read_while_one_match_replaces_the_other())
    assert replanning.has_stale(hub.id)
    replanning.replan_stale_of(hub.id)
    assert only_posting().state == "held"


# -- columns of files ------------------------------------------------------------------------------


class FileSource(SmallSource):
    """A source whose files are tables with one document, whose number is in the chosen column.

    `acts` has what somebody does before a file is read, by its position, and before the first one.
    """

    def __init__(self):
        super().__init__(files=FILE_KINDS)
        self.acts = {}

    @hookimpl
    def hub_file(self, app, site, file, content):
        if file.mapping is None:
            return FileContent(table=FileTable(columns=("Order", "No"), rows=(("O-1", "B-1"),)))
        return FileContent(documents=(self.build_id(file, content),))

    @hookimpl
    def hub_documents(self, app, site, cursors, ids):
        self.act(0)
        for file in site.files.after(int(cursors.get("", 0))):
            self.act(file.position)
            yield bill(self.build_id(file, site.files.content(file)))
            yield Checkpoint(cursor=str(file.position))

    def act(self, position):
        self.acts.pop(position, lambda: None)()

    def build_id(self, file, content):
        return f"{file.mapping['number']} {content.decode()}"


@pytest.fixture
def file_source():
    return FileSource()


@pytest.fixture
def files(hub, file_source):
    """Return the functions with which a person adds a file, and chooses the column of one."""
    plugins = Plugins.load([file_source], installed=False)
    object.__setattr__(current_hub(), "plugins", plugins)
    with read_only_session() as session:
        installation = session.get_one(Installation, hub.id)
        assert installation.company.realm

    def add(content):
        way = FileWay.UPLOAD
        return file_intake.receive(installation, "a.csv", content, way=way, who="kari").id

    def choose(file_id, column):
        answers = {"number": column}
        file_mapping.apply(installation, file_id, "Old system", answers, "kari")

    return add, choose


def read_ids():
    with read_only_session() as session:
        return sorted(session.scalars(select(SourceDocument.source_id)))


def test_documents_of_columns_that_are_changed_during_a_reading_are_not_posted(
    hub, file_source, files
):
    add, choose = files
    id = add(b"1")
    choose(id, "Order")
    file_source.acts = {1: lambda: choose(id, "No")}
    result = hub()
    assert (read_ids(), result.continue_after) == ([], 0)
    assert "The columns of a file of Small were changed while its documents" in result.notes[0]
    hub()
    assert read_ids() == ["invoice:No 1"]


def test_columns_of_a_file_that_arrives_during_a_reading_may_be_changed_during_it(
    hub, file_source, files
):
    add, choose = files
    choose(add(b"1"), "Order")
    file_source.acts = {0: lambda: add(b"2"), 2: lambda: choose(2, "No")}
    assert hub().continue_after == 0
    assert read_ids() == ["invoice:Order 1"]
    hub()
    assert read_ids() == ["invoice:No 2", "invoice:Order 1"]


def test_a_file_that_arrives_during_a_reading_does_not_stop_it(hub, file_source, files):
    add, choose = files
    choose(add(b"1"), "Order")
    file_source.acts = {1: lambda: add(b"2")}
    assert hub().continue_after is None
    hub()
    assert read_ids() == ["invoice:Order 1", "invoice:Order 2"]


# -- an app at rest --------------------------------------------------------------------------------


def put_to_rest(rest):
    """Pause or disable the app, as a person does."""
    if rest == "paused":
        change(mode="paused")
    else:
        enable.disable(1, "small", who="kari")


class SlowlyCheckedSource(SmallSource):
    """A source during whose checks somebody does something."""

    act = None

    @hookimpl
    def hub_check(self, app, site):
        if self.act:
            self.act()
        return super().hub_check(app, site)


@pytest.mark.parametrize(
    ("source", "rest"), [(SlowlyCheckedSource(), "paused"), (SlowlyCheckedSource(), "disabled")]
)
def test_a_source_that_warns_an_app_at_rest_opens_no_case(hub, source, clock, rest):
    hub([bill(stage="pending")])
    source.by_id = {"invoice:1": Gone(source_id="invoice:1")}
    source.warnings, source.act = ("The key expires soon.",), lambda: put_to_rest(rest)
    result = hub()
    assert (source.checks, result.continue_after) == (1, 0)
    with read_only_session() as session:
        assert session.scalars(select(Case).where(Case.closed_at.is_(None))).all() == []


@pytest.mark.parametrize("rest", ["paused", "disabled"])
def test_a_source_that_refuses_an_app_at_rest_opens_no_case(hub, rest):
    def refuse_after_the_change():
        put_to_rest(rest)
        raise NeedsAttention("The key was withdrawn.")
        yield

    with pytest.raises(NeedsAttention):
        hub(refuse_after_the_change())
    with read_only_session() as session:
        open_cases = session.scalars(select(Case).where(Case.closed_at.is_(None))).all()
        assert (open_cases, session.get_one(Installation, hub.id).failed_syncs) == ([], 0)
