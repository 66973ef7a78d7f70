"""Cases: one open case for each cause, closed when it holds nothing anymore."""

import datetime as dt
import threading

import pytest
from sqlalchemy import select

from hub.cases import inbox
from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.models import Case, ConnectedCompany, Installation
from hub.reasons.texts import CaseText
from tests.support.rows.small_outbox import posting
from tests.support.servers.blocked_transactions import wait_until_blocked

TEXT = CaseText("source.warning", app="Acme", warning="One")
OTHER = CaseText("source.warning", app="Acme", warning="Another")


def still_open():
    with read_only_session() as session:
        rows = session.scalars(select(Case).where(Case.closed_at.is_(None)).order_by(Case.cause))
        return {case.cause: sorted(posting.id for posting in case.postings) for case in rows}


def still_open_in(session, cause):
    session.expire_all()
    case = session.scalars(select(Case).where(Case.cause == cause, Case.closed_at.is_(None))).one()
    return sorted(posting.id for posting in case.postings)


def stopped_by(case_id):
    with read_only_session() as session:
        case = session.get_one(Case, case_id)
        assert case.closed_at
        return sorted(posting.id for posting in case.postings)


@pytest.fixture
def three(box):
    return [posting(f"invoice:{number}", state="held") for number in range(3)]


def test_a_cause_has_one_open_case_with_all_it_stops(three):
    with transaction() as session:
        first = inbox.open(session, "a", TEXT, postings=three[:2])
        assert inbox.open(session, "a", TEXT, postings=three[1:]).id == first.id
    assert still_open() == {"a": three}


def test_opening_a_case_again_replaces_its_reason(three):
    with transaction() as session:
        inbox.open(session, "a", TEXT)
        inbox.open(session, "a", OTHER)
    with read_only_session() as session:
        assert session.scalars(select(Case)).one().reason == "Another"


def test_a_closed_cause_may_open_again(three):
    with transaction() as session:
        inbox.open(session, "a", TEXT)
        assert inbox.close(session, "a", by="kari")
        assert not inbox.close(session, "a")
        inbox.open(session, "a", TEXT)
    with read_only_session() as session:
        assert [case.closed_by for case in session.scalars(select(Case).order_by(Case.id))] == [
            "kari",
            None,
        ]


def test_a_case_closes_when_the_last_posting_leaves_it(three):
    with transaction() as session:
        inbox.open(session, "a", TEXT, postings=three[:2])
        inbox.detach(session, three[0])
    assert still_open() == {"a": [three[1]]}
    with transaction() as session:
        inbox.detach(session, three[1])
    assert still_open() == {}


def test_a_posting_may_keep_some_of_its_cases(three):
    with transaction() as session:
        for cause in ("a", "b"):
            inbox.open(session, cause, TEXT, postings=three[:1])
        inbox.detach(session, three[0], keep=["b"])
    assert still_open() == {"b": [three[0]]}


def test_causes_are_found_by_how_they_begin(three):
    with transaction() as session:
        for cause in ("warning:1:a", "warning:1:b", "warning:12:a", "warning_1"):
            inbox.open(session, cause, TEXT)
        assert inbox.list_open_causes(session, "warning:1:") == ["warning:1:a", "warning:1:b"]


def test_a_closed_case_has_every_posting_that_it_stopped(three):
    with transaction() as session:
        case_id = inbox.open(session, "a", TEXT, postings=three).id
        for posting_id in three[:2]:
            inbox.detach(session, posting_id)
        inbox.open(session, "a", TEXT, postings=three[:1])
        assert still_open_in(session, "a") == [three[0], three[2]]
        inbox.detach_all(session, three)
    assert stopped_by(case_id) == three


def test_a_case_that_a_person_closes_has_the_postings_that_left_it(three):
    with transaction() as session:
        case_id = inbox.open(session, "a", TEXT, postings=three).id
        inbox.detach(session, three[1])
        inbox.close(session, "a", by="kari")
    assert stopped_by(case_id) == three
    with transaction() as session:
        assert inbox.open(session, "a", TEXT, postings=three[:1]).id != case_id
        inbox.detach(session, three[0])
    assert stopped_by(case_id) == three


# -- two processes on PostgreSQL -------------------------------------------------------------------


@pytest.fixture
def two(pg_app):
    """Return two held postings, of which the first has a case."""
    now = current_hub().clock.now()
    with transaction() as session:
        company = ConnectedCompany(realm="9130", currency="NOK", connected_at=now, newest_date=now)
        session.add(Installation(id=1, company=company, slug="small", tenant="t1", created_at=now))
    ids = [posting(f"invoice:{number}", state="held") for number in range(2)]
    with transaction() as session:
        inbox.open(session, "a", TEXT, postings=ids[:1])
    return ids


def do_at_once(app, first, second):
    """Carry out the first act, and the second one in another transaction before the first ends."""

    def act():
        with app.app_context(), transaction() as session:
            second(session)

    thread = threading.Thread(target=act)
    with transaction() as session:
        first(session)
        thread.start()
        wait_until_blocked(session)
    thread.join(30)


def test_a_case_stays_open_for_what_is_added_while_the_rest_is_released(pg_app, two):
    released, added = two
    do_at_once(
        pg_app,
        lambda session: inbox.open(session, "a", TEXT, postings=[added]),
        lambda session: inbox.detach(session, released),
    )
    assert still_open() == {"a": [added]}


def test_a_case_stays_open_for_what_is_added_while_it_is_closed(pg_app, two):
    _, added = two
    do_at_once(
        pg_app,
        lambda session: inbox.close(session, "a"),
        lambda session: inbox.open(session, "a", TEXT, postings=[added]),
    )
    assert still_open() == {"a": [added]}


def test_a_snooze_ends_once_the_case_is_about_another_problem(three):
    until = current_hub().clock.now() + dt.timedelta(days=30)
    with transaction() as session:
        inbox.open(session, "a", TEXT)
        session.scalars(select(Case)).one().snoozed_until = until
        assert inbox.open(session, "a", OTHER).snoozed_until == until
        problem = CaseText("source.access", app="Acme", problem="The key ended.", next_attempt="")
        assert inbox.open(session, "a", problem).snoozed_until is None
