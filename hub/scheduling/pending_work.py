"""Find work between two syncs: approved postings, due retries, open doubts, unsent receipts."""

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Select, and_, case, exists, or_, select
from sqlalchemy.orm import Session, aliased

from hub import outbox
from hub.cases.other_account import has_other_account
from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.models import ConnectedCompany, Installation, Posting, ReceiptRow, Run
from hub.models.enums import Holder, PostingState, RunKind, RunOutcome
from hub.posting import receipt_delivery
from hub.qbo import connection
from hub.scheduling import run_log

PAUSE_AFTER_RUN = dt.timedelta(minutes=1)
PAUSE_AFTER_STOP = dt.timedelta(minutes=10)


def request_runs(now: dt.datetime) -> int:
    """Create a waiting run for every installation that has something to send; return how many.

    An installation gets at most one such run a minute, and fewer after a failed one.
    """
    with read_only_session() as session:
        if not _find_installations_with_work(session, now):
            return 0
    with transaction() as session:
        rows = _find_installations_with_work(session, now)
        session.add_all(
            Run(
                kind=RunKind.POST,
                company_id=company_id,
                installation_id=installation_id,
                requested_by=run_log.ENGINE,
            )
            for installation_id, company_id in rows
        )
        return len(rows)


def has_writes(company_id: int) -> bool:
    """Return whether a company has anything that is to be sent to QuickBooks, now or later.

    What is ready in a paused app, or waits for a document that is held, may never be sent.
    """
    waits_for_time = and_(Posting.state == PostingState.WAITING, Posting.next_try_at.is_not(None))
    is_sendable = and_(
        Installation.is_active, or_(Posting.state == PostingState.READY, waits_for_time)
    )
    query = (
        select(Posting.id)
        .join(Installation, Installation.id == Posting.installation_id)
        .where(
            Posting.company_id == company_id,
            outbox.IS_CURRENT,
            or_(is_sendable, Posting.state.in_(outbox.IN_FLIGHT)),
        )
    )
    with read_only_session() as session:
        return session.scalar(query.limit(1)) is not None


def select_sendable(installation_ids: Iterable[int], now: dt.datetime) -> set[int]:
    """Return the ids of those of the installations that have something ready to send.

    A run of another app may have created what they waited for.
    """
    is_active = and_(Installation.id.in_(installation_ids), Installation.is_active)
    ready = exists().where(
        Posting.installation_id == Installation.id,
        Posting.state == PostingState.READY,
        outbox.is_due(now),
        outbox.IS_CURRENT,
        outbox.IS_FETCHABLE,
    )
    with read_only_session() as session:
        return set(session.scalars(select(Installation.id).where(is_active, ready)))


def find_next_attempt(session: Session, run: Run) -> dt.datetime | None:
    """Return when the work of a stopped run that posts is tried again.

    None if nothing is left of it, or if another run does it.
    """
    if run.ended_at is None:
        return None
    due = run.ended_at + PAUSE_AFTER_STOP
    if due <= current_hub().clock.now():
        return None
    with_work = _select_installations_with_work(due)
    is_tried = session.execute(with_work.where(Installation.id == run.installation_id)).first()
    return due if is_tried else None


def _find_installations_with_work(session: Session, now: dt.datetime) -> list[tuple[int, int]]:
    """Return the installations that have work and are not running, each with its company."""
    return list(session.execute(_select_installations_with_work(now)))


def _select_installations_with_work(now: dt.datetime) -> Select[int, int]:
    """Return the query for the installations that have work and are not running.

    The only work of an installation that is disabled, paused or without its plugin is to resolve
    doubts.
    """
    is_loaded = Installation.slug.in_(sorted(current_hub().plugins.apps))
    return (
        select(Installation.id, Installation.company_id)
        .join(ConnectedCompany, ConnectedCompany.id == Installation.company_id)
        .where(
            connection.may_be_called(now),
            or_(and_(Installation.is_active, is_loaded, _has_work(now)), _has_postings_in_flight()),
            ~_has_recent_run(now),
        )
    )


def _has_work(now: dt.datetime) -> ColumnElement[bool]:
    """Match installations that have something to send, to retry or to report."""
    own_posting = exists().where(Posting.installation_id == Installation.id)
    # A send that was not processed, or a file that could not be fetched, has a time of its own.
    sendable = own_posting.where(
        Posting.state == PostingState.READY,
        outbox.is_due(now),
        outbox.IS_CURRENT,
        outbox.IS_FETCHABLE,
    )
    due_again = own_posting.where(
        Posting.state == PostingState.WAITING,
        Posting.next_try_at.is_not(None),
        outbox.is_due(now),
    )
    parent = aliased(Posting)
    is_freed = exists().where(parent.id == Posting.after_id, parent.state == PostingState.POSTED)
    # Such as a file whose bill was found in QuickBooks at the very end of a run.
    follower_ready = own_posting.where(
        Posting.state == PostingState.WAITING,
        Posting.held_by == Holder.NOBODY,
        outbox.is_due(now),
        is_freed,
    )
    receipt_due = exists().where(
        ReceiptRow.installation_id == Installation.id,
        receipt_delivery.is_due(now),
        ~has_other_account(Installation.id),
    )
    return or_(sendable, due_again, follower_ready, receipt_due)


def _has_postings_in_flight() -> ColumnElement[bool]:
    """Match installations with postings that were sent and whose result is not known."""
    own_posting = exists().where(Posting.installation_id == Installation.id)
    return own_posting.where(Posting.state.in_(outbox.IN_FLIGHT))


def _has_recent_run(now: dt.datetime) -> ColumnElement[bool]:
    """Match installations with an open run, or with a run that has just ended.

    The pause after a stopped run is longer, unless a later run is done. A run that ended in the
    future ended before the clock was set back, so it does not count.
    """
    quiet_time = dt.timedelta(seconds=current_hub().config.quiet_seconds)
    pause = min(PAUSE_AFTER_RUN, quiet_time)
    later = aliased(Run)
    has_later = exists().where(
        later.installation_id == Run.installation_id,
        later.id > Run.id,
        later.outcome == RunOutcome.DONE,
    )
    is_stopped = and_(Run.outcome == RunOutcome.STOPPED, ~has_later)
    pause_began = case((is_stopped, now - PAUSE_AFTER_STOP), else_=now - pause)
    is_open = Run.ended_at.is_(None)
    ended_recently = and_(
        Run.ended_at > pause_began, Run.ended_at <= now + PAUSE_AFTER_RUN, Run.kind == RunKind.POST
    )
    return exists().where(
        Run.installation_id == Installation.id,
        or_(is_open, ended_recently),
    )
