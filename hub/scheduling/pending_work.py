"""Work that stands between two syncs: approved postings, doubts and retries whose time came, receipts to repeat."""

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import ColumnElement, and_, case, exists, or_, select
from sqlalchemy.orm import Session

from hub import outbox
from hub.context import current
from hub.db.engine import reading, transaction
from hub.models import Company, Installation, Posting, ReceiptRow, Run
from hub.posting import receipts
from hub.qbo.connection import ConnectionState
from hub.scheduling import run_log

REST, LONG_REST = dt.timedelta(minutes=1), dt.timedelta(minutes=10)


def claim(now: dt.datetime) -> int:
    """Makes a waiting run for every installation with something to send: one a minute, fewer after one that failed."""
    with reading() as session:
        if not _wanting(session, now):
            return 0
    with transaction() as session:
        found = _wanting(session, now)
        session.add_all(
            Run(kind="post", company_id=c, installation_id=i, asked_by=run_log.ENGINE)
            for i, c in found
        )
        return len(found)


def sendable(installation_ids: Iterable[int], now: dt.datetime) -> set[int]:
    """Those of the installations that have something ready: another one's run may have made what it waited for."""
    may = and_(
        Installation.id.in_(installation_ids), Installation.enabled, Installation.mode != "paused"
    )
    ready = exists().where(
        Posting.installation_id == Installation.id,
        Posting.state == "ready",
        outbox.is_due(now),
        outbox.IS_CURRENT,
    )
    with reading() as session:
        return set(session.scalars(select(Installation.id).where(may, ready)))


def _wanting(session: Session, now: dt.datetime) -> list[tuple[int, int]]:
    ids = select(Installation.id, Installation.company_id).join(
        Company, Company.id == Installation.company_id
    )
    calls = or_(Company.state == ConnectionState.CONNECTED, Company.next_try_at <= now)
    may = and_(Installation.enabled, Installation.mode != "paused", calls)
    return list(session.execute(ids.where(may, _has_work(now), ~_runs(now))))


def _has_work(now: dt.datetime) -> ColumnElement[bool]:
    mine = exists().where(Posting.installation_id == Installation.id)
    under_way = Posting.state.in_(("sending", "unknown"))
    sendable = mine.where(or_(under_way, and_(Posting.state == "ready", outbox.IS_CURRENT)))
    again = mine.where(
        Posting.state == "waiting", Posting.next_try_at.is_not(None), outbox.is_due(now)
    )
    told = exists().where(ReceiptRow.installation_id == Installation.id, receipts.is_due(now))
    return or_(sendable, again, told)


def _runs(now: dt.datetime) -> ColumnElement[bool]:
    """A run that goes on, or one that only just ended."""
    rest = min(REST, dt.timedelta(seconds=current().config.quiet_seconds))
    lately = Run.ended_at > case((Run.outcome == "stopped", now - LONG_REST), else_=now - rest)
    busy = or_(Run.ended_at.is_(None), and_(lately, Run.kind == "post"))
    return exists().where(Run.installation_id == Installation.id, busy)
