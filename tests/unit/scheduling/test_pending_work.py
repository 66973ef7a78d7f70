"""Runs between syncs for approved, due and doubtful postings, at most one a minute."""

import datetime as dt

import pytest
from sqlalchemy import select

from hub.context import current
from hub.db.engine import reading, transaction
from hub.models import Company, Installation, Posting, Run, SourceDocument
from hub.scheduling import pending_work

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def now(either_app):
    with either_app.app_context():
        yield current().clock.now()


@pytest.fixture
def posting(now):
    with transaction() as session:
        company = Company(realm="1", connected_at=now)
        installation = Installation(company=company, slug="x", mode="auto", created_at=now)
        session.add(installation)
        session.flush()
        mine = {"installation_id": installation.id, "company_id": company.id}
        document = SourceDocument(
            slug="x", tenant="t", source_id="1", marker="M", seen_at=now, **mine
        )
        row = Posting(
            document=document, kind="bill", operation="create", requestid="r", state="posted", created_at=now,
            changed_at=now, **mine,
        )  # fmt: skip
        session.add(row)
    return row


def change(model, **values):
    with transaction() as session:
        row = session.scalars(select(model)).one()
        for name, value in values.items():
            setattr(row, name, value)


def runs():
    with reading() as session:
        return [run.kind for run in session.scalars(select(Run))]


def end(now, outcome="done"):
    with transaction() as session:
        for run in session.scalars(select(Run).where(Run.ended_at.is_(None))):
            run.started_at = run.ended_at = now
            run.outcome = outcome


def test_what_rests_needs_no_run(now, posting):
    assert pending_work.claim(now) == 0


@pytest.mark.parametrize("state", ["ready", "unknown", "sending"])
def test_an_approved_or_doubtful_posting_gets_a_run(now, posting, state):
    change(Posting, state=state)
    assert (pending_work.claim(now), pending_work.claim(now), runs()) == (1, 0, ["post"])


def test_a_retry_gets_its_run_when_its_time_has_come(now, posting):
    change(Posting, state="waiting", next_try_at=now + MINUTE)
    assert pending_work.claim(now) == 0
    assert pending_work.claim(now + MINUTE) == 1


def test_the_next_run_comes_a_minute_later_and_after_a_failure_later_still(now, posting):
    change(Posting, state="ready")
    pending_work.claim(now)
    end(now)
    assert [pending_work.claim(now), pending_work.claim(now + 2 * MINUTE)] == [0, 1]
    end(now + 2 * MINUTE, "stopped")
    assert [pending_work.claim(now + 4 * MINUTE), pending_work.claim(now + 13 * MINUTE)] == [0, 1]


@pytest.mark.parametrize("rests", [{"mode": "paused"}, {"enabled": False}])
def test_an_app_at_rest_gets_none(now, posting, rests):
    change(Posting, state="ready")
    change(Installation, **rests)
    assert pending_work.claim(now) == 0


def test_a_company_without_connection_gets_none(now, posting):
    change(Posting, state="ready")
    change(Company, state="reconnect")
    assert pending_work.claim(now) == 0
