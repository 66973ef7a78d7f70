"""Work that stands between two syncs: approved postings, doubts and retries whose time came, receipts to repeat."""

import datetime as dt

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from hub.models import Company, Installation, Posting, ReceiptRow, Run
from hub.store import reading, transaction

REST = dt.timedelta(minutes=1)


def claim(now: dt.datetime) -> int:
    """Makes a waiting run for every installation with something to send, at most one a minute each."""
    with reading() as session:
        if not _wanting(session, now):
            return 0
    with transaction() as session:
        found = _wanting(session, now)
        session.add_all(Run(kind="post", company_id=c, installation_id=i, asked_by="engine") for i, c in found)
        return len(found)


def _wanting(session: Session, now: dt.datetime) -> list[tuple[int, int]]:
    ids = select(Installation.id, Installation.company_id).join(Company, Company.id == Installation.company_id)
    may = and_(Installation.enabled, Installation.mode != "paused", Company.state == "connected")
    return list(session.execute(ids.where(may, _has_work(now), ~_runs(now))))


def _has_work(now: dt.datetime) -> ColumnElement[bool]:
    mine = exists().where(Posting.installation_id == Installation.id)
    sendable = mine.where(Posting.state.in_(("ready", "sending", "unknown")))
    again = mine.where(Posting.state == "waiting", Posting.next_try_at <= now)
    told = exists().where(ReceiptRow.installation_id == Installation.id, ReceiptRow.next_try_at <= now)
    return or_(sendable, again, told)


def _runs(now: dt.datetime) -> ColumnElement[bool]:
    """A run that goes on, or one that only just ended."""
    busy = or_(Run.ended_at.is_(None), and_(Run.ended_at > now - REST, Run.kind == "post"))
    return exists().where(Run.installation_id == Installation.id, busy)
