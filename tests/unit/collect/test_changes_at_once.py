"""Settings and matches that a person changes on PostgreSQL while a transaction plans by them."""

import datetime as dt
from functools import partial

import pytest

from hub import Checkpoint
from hub.collect import commit
from hub.collect import run as collect_run
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session, transaction
from hub.errors import Refused
from hub.installations import enable, match_files, matches
from hub.models import Cursor, Installation, Match
from hub.web.codes import code_decisions
from tests.support.servers.blocked_transactions import start_beside
from tests.support.sources.small_source import (
    SmallSource,
    bill,
    document,
    install_small_source,
    postings,
)

START, EARLIER_START = dt.date(2026, 2, 1), dt.date(2026, 1, 1)


@pytest.fixture
def source():
    return SmallSource()


@pytest.fixture
def installation_id(source, pg_app):
    object.__setattr__(pg_app.extensions["hub"], "plugins", Plugins.load([source], installed=False))
    return install_small_source(mode="auto", start_date=START, tenant="t1")


@pytest.fixture
def collect_beside(pg_app, source, installation_id, monkeypatch):
    """Return a function that collects a bill while somebody does something.

    That begins after the bill is planned, and before it is committed.
    """
    store_cursor = commit.BatchWriter._store_cursor

    def collect(item, act):
        threads = []

        def store_cursor_beside(writer, session, *args):
            session.flush()
            threads.append(start_beside(pg_app, session, act))
            store_cursor(writer, session, *args)

        monkeypatch.setattr(commit.BatchWriter, "_store_cursor", store_cursor_beside)
        source.items = [item, Checkpoint(cursor="A")]
        result = collect_run.collect(installation_id)
        for thread in threads:
            thread.join()
        monkeypatch.setattr(commit.BatchWriter, "_store_cursor", store_cursor)
        return result

    return collect


def change(**answers):
    mode = answers.pop("mode", None)
    enable.change(1, "small", answers, who="kari", mode=mode)


def match(installation_id, code, record):
    with transaction() as session:
        installation = session.get_one(Installation, installation_id)
        matches.store_decision(session, installation, "account", code, record, who="kari")


def test_an_earlier_start_date_is_not_lost_with_its_cursor(collect_beside):
    collect_beside(bill(), lambda: change(start_date=EARLIER_START))
    with read_only_session() as session:
        assert session.query(Cursor).all() == []
    assert document().reread


def test_a_review_holds_for_what_is_being_planned(collect_beside):
    collect_beside(bill(), lambda: change(mode="review"))
    assert [posting.state for posting in postings()] == ["review"]


def test_a_match_that_is_taken_back_does_not_hold_for_what_is_being_planned(
    collect_beside, installation_id, clock
):
    match(installation_id, "unknown", "8")
    clock.advance(60)
    collect_beside(
        bill(account="unknown"),
        lambda: code_decisions.forget(installation_id, "account", "unknown", "kari"),
    )
    assert document().reread


def decide(installation_id):
    code_decisions.decide(installation_id, "account", "4010", "8", "kari")


def import_file(installation_id):
    with read_only_session() as session:
        row = session.get_one(Installation, installation_id)
    match_files.import_csv(row, b"field,code,quickbooks_id\naccount,4010,8\n", who="kari")


@pytest.mark.parametrize("act", [decide, import_file])
def test_a_match_that_is_being_stored_counts_for_what_is_planned_meanwhile(
    pg_app, source, installation_id, clock, monkeypatch, act
):
    record = matches.DecisionWriter.record
    threads = []

    def record_beside(writer):
        record(writer)
        clock.advance(1)
        session = writer._session
        session.flush()
        source.items = [bill()]
        collect = partial(collect_run.collect, installation_id)
        threads.append(start_beside(pg_app, session, collect))

    monkeypatch.setattr(matches.DecisionWriter, "record", record_beside)
    act(installation_id)
    threads[0].join()
    (posting,) = postings()
    assert b'"8"' in posting.payload


def test_two_files_with_matches_of_a_code_are_imported_one_after_the_other(
    pg_app, installation_id, monkeypatch
):
    record = matches.DecisionWriter.record
    threads = []

    def record_beside(writer):
        monkeypatch.setattr(matches.DecisionWriter, "record", record)
        record(writer)
        writer._session.flush()
        import_again = partial(import_file, installation_id)
        threads.append(start_beside(pg_app, writer._session, import_again))

    monkeypatch.setattr(matches.DecisionWriter, "record", record_beside)
    import_file(installation_id)
    threads[0].join()
    with read_only_session() as session:
        (stored,) = session.query(Match).all()
    assert stored.record == "8"


def test_of_two_people_who_match_a_code_at_once_the_second_is_told(
    pg_app, installation_id, monkeypatch
):
    store_decision = matches.store_decision
    refusals, threads = [], []

    def decide(record, who):
        try:
            code_decisions.decide(
                installation_id, "account", "unknown", record, who, shown_version=""
            )
        except Refused as error:
            refusals.append(error.text)

    def store_decision_beside(session, *args, **options):
        monkeypatch.setattr(matches, "store_decision", store_decision)
        threads.append(start_beside(pg_app, session, lambda: decide("8", "ola")))
        return store_decision(session, *args, **options)

    monkeypatch.setattr(matches, "store_decision", store_decision_beside)
    decide("7", "kari")
    threads[0].join()
    with read_only_session() as session:
        (stored,) = session.query(Match).all()
        assert (stored.record, stored.who) == ("7", "kari")
    assert refusals == [
        "kari matched unknown to 4010 Materials in the meantime. Nothing was changed. Choose again"
        " to match it to another record."
    ]
