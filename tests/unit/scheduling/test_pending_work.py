"""Runs between syncs for approved, due and doubtful postings, at most one a minute."""

import datetime as dt

import pytest
from sqlalchemy import select

from hub.db.engine import read_only_session, transaction
from hub.models import ConnectedCompany, Installation, Posting, Run, SourceDocument
from hub.scheduling import pending_work

MINUTE = dt.timedelta(minutes=1)
AT_NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)


@pytest.fixture
def posting(now):
    with transaction() as session:
        company = ConnectedCompany(realm="1", connected_at=now)
        installation = Installation(company=company, slug="files", mode="auto", created_at=now)
        session.add(installation)
        session.flush()
        values = {"installation_id": installation.id, "company_id": company.id}
        document = SourceDocument(
            slug="files", tenant="t", source_id="1", marker="M", seen_at=now, **values
        )
        row = Posting(
            document=document,
            kind="bill",
            operation="create",
            requestid="r",
            state="posted",
            created_at=now,
            changed_at=now,
            **values,
        )
        session.add(row)
    return row


def change(model, **values):
    with transaction() as session:
        row = session.scalars(select(model)).one()
        for name, value in values.items():
            setattr(row, name, value)


def runs():
    with read_only_session() as session:
        return [run.kind for run in session.scalars(select(Run))]


def end(now, outcome="done"):
    with transaction() as session:
        for run in session.scalars(select(Run).where(Run.ended_at.is_(None))):
            run.started_at = run.ended_at = now
            run.outcome = outcome


def test_installations_without_pending_work_need_no_run(now, posting):
    assert pending_work.request_runs(now) == 0


@pytest.mark.parametrize("state", ["ready", "unknown", "sending"])
def test_an_approved_or_doubtful_posting_gets_a_run(now, posting, state):
    change(Posting, state=state)
    assert (pending_work.request_runs(now), pending_work.request_runs(now), runs()) == (
        1,
        0,
        ["post"],
    )


@pytest.mark.parametrize("state", ["waiting", "ready"])
def test_a_retry_gets_its_run_when_its_time_has_come(now, posting, state):
    change(Posting, state=state, next_try_at=now + MINUTE)
    assert pending_work.request_runs(now) == 0
    assert pending_work.request_runs(now + MINUTE) == 1


def test_the_next_run_comes_a_minute_later_and_after_a_failure_later_still(now, posting):
    change(Posting, state="ready")
    pending_work.request_runs(now)
    end(now)
    assert [pending_work.request_runs(now), pending_work.request_runs(now + 2 * MINUTE)] == [0, 1]
    end(now + 2 * MINUTE, "stopped")
    assert [
        pending_work.request_runs(now + 4 * MINUTE),
        pending_work.request_runs(now + 13 * MINUTE),
    ] == [0, 1]


@pytest.mark.parametrize("rests", [{"mode": "paused"}, {"enabled": False}])
def test_a_paused_or_disabled_app_gets_no_run(now, posting, rests):
    change(Posting, state="ready")
    change(Installation, **rests)
    assert pending_work.request_runs(now) == 0


def test_a_company_without_connection_gets_none(now, posting):
    change(Posting, state="ready")
    change(ConnectedCompany, state="reconnect")
    assert pending_work.request_runs(now) == 0


def add_file(posting, **values):
    """Add a file that waits for the bill of the posting."""
    with transaction() as session:
        session.add(
            Posting(
                document_id=posting.document_id,
                company_id=posting.company_id,
                installation_id=posting.installation_id,
                kind="bill",
                operation="attach",
                part="scan.pdf",
                requestid="f",
                after_id=posting.id,
                created_at=posting.created_at,
                changed_at=posting.changed_at,
                **{"state": "waiting", **values},
            )
        )


def test_a_file_whose_bill_is_posted_by_now_gets_a_run(now, posting):
    add_file(posting)
    assert pending_work.request_runs(now) == 1


@pytest.mark.parametrize(
    "rests",
    [{"state": "held", "held_by": "source"}, {"held_by": "quickbooks"}, {"state": "skipped"}],
)
def test_a_file_with_another_holder_gets_no_run(now, posting, rests):
    add_file(posting, **rests)
    assert pending_work.request_runs(now) == 0


def test_a_file_whose_bill_is_not_posted_yet_gets_none(now, posting):
    change(Posting, state="held")
    add_file(posting)
    assert pending_work.request_runs(now) == 0


def test_a_run_that_was_stopped_delays_nothing_after_a_later_success(now, posting):
    change(Posting, state="ready")
    assert pending_work.request_runs(now) == 1
    end(now, outcome="stopped")
    assert pending_work.request_runs(now + 2 * MINUTE) == 0
    with transaction() as session:
        stopped = session.scalars(select(Run)).one()
        later = Run(
            kind="sync",
            company_id=stopped.company_id,
            installation_id=stopped.installation_id,
            requested_by="schedule",
            started_at=now,
            ended_at=now,
            outcome="done",
        )
        session.add(later)
    assert pending_work.request_runs(now + 2 * MINUTE) == 1


@pytest.mark.parametrize(("pause", "count"), [(MINUTE, 0), (dt.timedelta(days=2), 1)])
def test_a_pause_from_before_the_clock_was_set_back_delays_nothing(now, posting, pause, count):
    change(Posting, state="ready")
    change(ConnectedCompany, state="interrupted", next_try_at=now + pause)
    assert pending_work.request_runs(now) == count


def test_a_run_that_ended_before_the_clock_was_set_back_delays_nothing(now, posting):
    change(Posting, state="ready")
    pending_work.request_runs(now)
    end(now)
    assert pending_work.request_runs(now - 60 * MINUTE) == 1


@pytest.mark.parametrize(
    ("values", "mode", "expected"),
    [
        ({"state": "ready"}, "auto", True),
        ({"state": "waiting", "next_try_at": AT_NOON}, "auto", True),
        ({"state": "unknown"}, "paused", True),
        ({"state": "ready"}, "paused", False),
        ({"state": "waiting"}, "auto", False),
    ],
)
def test_writes_that_nothing_sends_do_not_count(now, posting, values, mode, expected):
    change(Posting, **values)
    change(Installation, mode=mode)
    assert pending_work.has_writes(posting.company_id) is expected
