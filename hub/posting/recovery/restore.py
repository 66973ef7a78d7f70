"""Notices that an older database was put back, and finds what it had forgotten."""

import datetime as dt
import os
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.db.engine import transaction
from hub.errors import FolderUnavailable
from hub.models import Attempt, Company, Posting
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.history import QuietPeriod

YOUNGEST = 500  # postings among which the newest date is looked for


def count(posting_session: PostingSession, sends: int) -> None:
    """Writes beside the database how many claims there were; called after a claim is committed, before its sends."""
    path = _counter(posting_session.company.realm)
    draft = path.with_suffix(".draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("w") as file:
            file.write(str(max(sends, _counted(posting_session.company.realm))))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise FolderUnavailable(path, error) from error


def notice(posting_session: PostingSession) -> None:
    """If more was sent than the database knows of, it was put back from a backup."""
    company = posting_session.company
    if _counted(company.realm) > company.sends:
        with transaction() as session:
            mark(session, session.get_one(Company, company.id))
        posting_session.reload()
    if posting_session.company.restored_since and not posting_session.company.restored_seen:
        posting_session.fetch_date()
        with transaction() as session:
            session.get_one(Company, company.id).restored_seen = posting_session.latest()
        posting_session.reload()


def restored() -> None:
    """A person says that the database was put back: whatever it does not know as done is in doubt."""
    with transaction() as session:
        for company in session.scalars(select(Company)):
            mark(session, company)


def mark(session: Session, company: Company) -> None:
    """From the newest posting that the database knows of, more may have been posted than it says."""
    known = newest(session, company.id) or company.connected_at
    if company.restored_since and not company.restored_until:
        known = min(known, company.restored_since)
    company.restored_since, company.restored_seen, company.restored_until = known, None, None
    company.sends = max(company.sends, _counted(company.realm))


def newest(session: Session, company_id: int) -> dt.datetime | None:
    """QuickBooks' date of the newest posting that the database knows of, or one shortly before: never a later one."""
    posted = select(Posting.id).where(Posting.company_id == company_id, Posting.state == "posted")
    youngest = posted.order_by(Posting.id.desc()).limit(YOUNGEST)
    landed = Attempt.posting_id.in_(youngest), Attempt.outcome == "landed"
    return session.scalar(select(func.max(Attempt.quickbooks_date)).where(*landed))


def seconds_left(posting_session: PostingSession) -> float:
    """Return the seconds until nothing that was sent before the restore can still land.

    0 without a restore, or if QuickBooks was searched since.
    """
    company = posting_session.company
    if not company.restored_since or company.restored_until:
        return 0.0
    now = posting_session.clock.monotonic()
    key = (0, f"restore {company.id} {company.restored_seen}")
    first_seen = posting_session.memory.seen.setdefault(key, now)
    there = None
    if posting_session.date and company.restored_seen:
        there = (posting_session.date - company.restored_seen).total_seconds()
    period = QuietPeriod(
        local_seconds=now - first_seen,
        remote_seconds=there,
        deadline_seconds=posting_session.config.deadline_seconds,
        quiet_seconds=posting_session.config.quiet_seconds,
    )
    return period.seconds_left()


def _counter(realm: str) -> Path:
    return hub_context.current().config.data / "sends" / realm


def _counted(realm: str) -> int:
    try:
        return int(_counter(realm).read_text() or 0)
    except (OSError, ValueError):
        return 0
