"""Documents that a source no longer has: proof, withdrawal and return."""

import shutil

import pytest
from sqlalchemy import select, update

from hub import Checkpoint, Gone, Retry, Unreadable, outbox
from hub.collect import run as collect_run
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session, transaction
from hub.errors import HubError, Refused, TooOften
from hub.models import Case, Installation, ListState, Posting, SourceDocument
from tests.support.sources.small_source import (
    SmallSource,
    bill,
    document,
    install_small_source,
    postings,
    update_posting,
)

HOUR = 3600
ABSENT = Gone(source_id="invoice:1", reason="Small does not have it.")
SLOW_DOWN = TooOften("source.test", "Small", 7)


@pytest.fixture
def source():
    return SmallSource(gone="delete")


@pytest.fixture
def hub(source, make_app, make_config, empty_database, clock):
    """Enable the small source in automatic mode.

    Return a function that collects, an hour later if needed.
    """
    config = make_config()
    shutil.copy(empty_database, config.data / "hub.db")
    with make_app(config, plugins=Plugins.load([source], installed=False)).app_context():
        id = install_small_source()

        def collect(*items, later=0, **options):
            clock.advance(later)
            with transaction() as session:  # QuickBooks' lists are fresh at any time
                session.execute(update(ListState).values(read_at=clock.now()))
            source.items = list(items)
            return dict(collect_run.collect(id, **options).counts)

        collect.id = id
        yield collect


def ask_for(source_id="invoice:1"):
    """Request that this document is read again, as a webhook does."""
    with transaction() as session:
        session.query(SourceDocument).filter_by(source_id=source_id).update({"reread": True})


def posting(**where):
    (posting_row,) = postings(**where)
    return posting_row


def open_causes():
    with read_only_session() as session:
        return list(session.scalars(select(Case.cause).where(Case.closed_at.is_(None))))


def land():
    update_posting(posting().id, state="posted", quickbooks_id="500", sync_token="0")


def held_document(hub):
    """Provide a document that waits for a match, with its case."""
    hub(bill(account="9"))
    return posting()


# -- before the absence is certain -----------------------------------------------------------------


def test_a_document_that_is_absent_once_keeps_its_state_and_its_case(hub, source):
    before = held_document(hub)
    source.by_id = {"invoice:1": ABSENT}
    assert hub() == {"absent": 1, "documents": 1}
    now = posting()
    assert (now.state, now.held_by, now.reason) == ("held", "mapping", before.reason)
    assert document().gone is None
    assert open_causes() == [f"match:{hub.id}:account:9"]


@pytest.mark.parametrize(
    "waits",
    [
        lambda: bill(stage="pending", hold="Not approved."),
        lambda: Unreadable(source_id="invoice:1", reason="No date."),
        lambda: bill(account="9"),
    ],
)
def test_within_an_hour_any_number_of_answers_proves_nothing(hub, source, waits):
    hub(waits())
    before = [row.state for row in postings()]
    source.by_id = {"invoice:1": ABSENT}
    for _ in range(5):
        hub(later=HOUR / 5 - 1)
    assert document().gone is None
    assert [row.state for row in postings()] == before


def test_two_answers_an_hour_apart_prove_absence(hub, source):
    held_document(hub)
    source.by_id = {"invoice:1": ABSENT}
    hub()
    assert hub(later=HOUR) == {"gone": 1, "documents": 1}
    assert (posting().state, posting().reason) == ("withdrawn", "Small does not have it.")
    assert document().gone == "Small does not have it."
    assert open_causes() == []


def test_a_document_that_was_there_in_between_has_to_be_absent_twice_again(hub, source):
    held_document(hub)
    for answer, gone in (
        (ABSENT, False),
        (bill(account="9"), False),
        (ABSENT, False),
        (ABSENT, True),
    ):
        source.by_id = {"invoice:1": answer}
        hub(later=HOUR)
        assert (document().gone is not None) is gone


@pytest.mark.parametrize(
    "broken",
    [
        {"check_fails": Refused("There is nothing at this address.")},
        {"fails": Retry("Small is busy.")},
    ],
)
def test_answers_of_a_source_that_fails_otherwise_prove_nothing(hub, source, broken):
    held_document(hub)
    source.by_id = {"invoice:1": ABSENT}
    for name, error in broken.items():
        setattr(source, name, error)
    for _ in range(4):
        with pytest.raises(HubError):
            hub(later=HOUR)
    assert (posting().state, document().gone, document().absent_since) == ("held", None, None)


def test_only_answers_in_good_runs_count_however_long_ago_the_first_other_one_was(hub, source):
    held_document(hub)
    source.by_id = {"invoice:1": ABSENT}
    source.check_fails = Refused("There is nothing at this address.")
    with pytest.raises(Refused):
        hub()
    source.check_fails = None
    hub(later=2 * HOUR)
    assert document().gone is None
    hub(later=HOUR)
    assert document().gone is not None


def test_the_source_is_checked_once_in_a_run_and_only_where_something_is_absent(hub, source):
    hub(bill("1", account="9"), bill("2", account="9"))
    source.by_id = {"invoice:1": bill("1", account="9"), "invoice:2": bill("2", account="9")}
    before = source.checks
    hub()
    assert source.checks == before
    source.by_id = {id: Gone(source_id=id) for id in source.by_id}
    hub()
    assert source.checks == before + 1


def test_single_documents_that_a_person_asks_for_prove_nothing(hub, source):
    held_document(hub)
    source.by_id = {"invoice:1": ABSENT}
    for _ in range(3):
        assert hub(ids=["invoice:1"], later=HOUR) == {"absent": 1, "documents": 1}
    assert (posting().state, document().absent_at is not None) == ("held", True)


def test_an_absent_document_is_not_posted_until_the_source_has_it_again(hub, source):
    hub(bill())
    ask_for()
    source.by_id = {"invoice:1": ABSENT}
    hub()
    ready = posting()
    assert ready.state == "ready"
    assert _sendable(hub) == []
    source.by_id = {"invoice:1": bill()}
    hub()
    assert _sendable(hub) == [ready.id]


def _sendable(hub):
    with read_only_session() as session:
        conditions = Posting.installation_id == hub.id, Posting.state == "ready", outbox.IS_CURRENT
        return list(session.scalars(select(Posting.id).where(*conditions)))


# -- a source that asks to slow down ---------------------------------------------------------------


def held_documents(hub, source, count):
    """Provide documents that wait for a match; the source has all but the second."""
    items = [bill(str(n), account="9") for n in range(count)]
    hub(*items)
    source.by_id = {item.source_id: item for item in items} | {"invoice:1": ABSENT}


def test_answers_before_the_source_asks_to_slow_down_prove_absence(hub, source):
    held_documents(hub, source, 3)
    source.answers_left = 2
    hub()
    assert (document().absent_since is not None, document().gone) == (True, None)
    source.answers_left = 3
    hub(later=HOUR)
    assert document().gone == "Small does not have it."


def test_answers_before_the_list_is_interrupted_by_the_limit_prove_nothing(hub, source):
    held_documents(hub, source, 3)
    source.fails = SLOW_DOWN
    for _ in range(4):
        with pytest.raises(TooOften):
            hub(Gone(source_id="invoice:1", inferred=True), later=HOUR)
    assert (document().absent_since, document().gone) == (None, None)


@pytest.mark.parametrize("answers_left", [2, None])
def test_answers_prove_nothing_if_the_check_of_the_connection_is_throttled(
    hub, source, answers_left
):
    held_documents(hub, source, 3)
    source.check_fails = SLOW_DOWN
    for _ in range(4):
        source.answers_left = answers_left
        hub(later=HOUR)
    assert document().absent_at is not None
    assert (document().absent_since, document().gone) == (None, None)


# -- deletions that the source reports -------------------------------------------------------------


def test_a_deletion_that_the_source_announces_counts_at_once(hub, source):
    held_document(hub)
    hub(ABSENT)
    assert (posting().state, document().gone) == ("withdrawn", "Small does not have it.")


def test_a_document_that_the_plugin_only_misses_in_a_list_has_to_be_proved_too(hub, source):
    held_document(hub)
    source.by_id = {"invoice:1": ABSENT}
    hub(Gone(source_id="invoice:1", inferred=True))
    assert (posting().state, source.requested_ids) == ("held", [])
    hub(later=HOUR)
    assert (posting().state, source.requested_ids) == ("withdrawn", [("invoice:1",)])


def test_a_missed_document_is_not_forgotten_if_the_process_is_killed_after_its_cursor(hub, source):
    hub(bill())
    land()
    source.fails = KeyboardInterrupt()  # as a kill, it is no error that is handled
    missing = Gone(source_id="invoice:1", inferred=True)
    with pytest.raises(KeyboardInterrupt):
        hub(missing, Checkpoint(cursor="2026-03-02|", stream="deletions"))
    source.fails = None
    source.by_id = {"invoice:1": ABSENT}
    hub()
    hub(later=HOUR)
    assert source.cursors[-1] == {"deletions": "2026-03-02|"}
    assert [row.operation for row in postings()] == ["create", "delete"]


def test_a_document_that_is_missed_before_two_cursors_is_counted_once(hub):
    held_document(hub)
    missing = Gone(source_id="invoice:1", inferred=True)
    cursors = [Checkpoint(cursor=cursor, stream="deletions") for cursor in ("1", "2")]
    assert hub(missing, *cursors) == {"absent": 1, "documents": 1}


# -- posted documents ------------------------------------------------------------------------------


def test_nothing_is_deleted_in_quickbooks_before_it_is_proved(hub, source):
    hub(bill())
    land()
    ask_for()
    source.by_id = {"invoice:1": ABSENT}
    hub()
    assert [row.operation for row in postings()] == ["create"]
    hub(later=HOUR)
    assert [(row.operation, row.state) for row in postings()] == [
        ("create", "posted"),
        ("delete", "ready"),
    ]


def test_a_planned_deletion_is_withdrawn_if_the_source_has_the_document_after_all(hub, source):
    hub(bill())
    land()
    hub(ABSENT)
    source.by_id = {"invoice:1": bill()}
    hub(later=HOUR)
    assert [(row.operation, row.state) for row in postings()] == [
        ("create", "posted"),
        ("delete", "withdrawn"),
    ]
    assert document().gone is None


def test_a_planned_deletion_is_withdrawn_if_the_document_comes_back_unreadable(hub, source):
    hub(bill())
    land()
    hub(ABSENT)
    source.by_id = {"invoice:1": Unreadable(source_id="invoice:1", reason="It has no date.")}
    hub()
    assert [(row.operation, row.state) for row in postings()] == [
        ("create", "posted"),
        ("delete", "withdrawn"),
    ]
    assert (document().gone, document().unreadable) == (None, "It has no date.")


# -- return ----------------------------------------------------------------------------------------


def test_a_document_that_is_gone_is_looked_for_thirty_days_and_comes_back(hub, source):
    held_document(hub)
    hub(ABSENT)
    source.by_id = {"invoice:1": ABSENT}
    hub(later=29 * 24 * HOUR)
    assert posting().state == "withdrawn"
    source.by_id = {"invoice:1": bill()}
    hub(later=HOUR)
    assert (posting().state, document().gone, document().gone_at) == ("ready", None, None)


def test_after_thirty_days_an_absent_document_is_no_longer_requested(hub, source):
    held_document(hub)
    hub(ABSENT)
    source.by_id = {"invoice:1": ABSENT}
    hub(later=29 * 24 * HOUR)
    calls = list(source.requested_ids)
    hub(later=2 * 24 * HOUR)
    assert source.requested_ids == calls


def test_a_question_that_a_person_skipped_is_not_asked_again_while_it_is_looked_for(hub, source):
    hub(bill())
    land()
    with transaction() as session:
        session.get_one(Installation, hub.id).settings = {}
    hub(ABSENT)
    with transaction() as session:
        outbox.skip(session, session.get_one(Posting, postings()[-1].id), "kari", "leave it")
    source.by_id = {"invoice:1": ABSENT}
    hub(later=HOUR)
    assert [row.state for row in postings()] == ["posted", "skipped"]
