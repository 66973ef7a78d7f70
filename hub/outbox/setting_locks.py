"""Locks of app settings, for planning and releasing postings by them.

On PostgreSQL, a change of settings that is committed while a posting is planned with the old ones
would miss this posting. Both therefore lock the installation before any posting. Plans share the
lock, and a change waits for them. On SQLite, only one transaction writes at a time anyway.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.models import Installation


def lock_to_plan(session: Session, installation_id: int) -> Installation:
    """Return an installation with a shared lock on its settings until the transaction ends."""
    options = {"read": True, "of": Installation}
    return session.get_one(Installation, installation_id, with_for_update=options)


def lock_all_to_plan(session: Session, company_id: int, ids: Sequence[int] | None) -> None:
    """Take the shared lock of these installations, or of all of a company."""
    query = select(Installation.id).where(Installation.company_id == company_id)
    if ids is not None:
        query = query.where(Installation.id.in_(ids))
    session.execute(query.order_by(Installation.id).with_for_update(read=True)).all()


def lock_to_change(session: Session, installation_id: int) -> Installation:
    """Return an installation with an exclusive lock, for changing its settings or matches."""
    options = {"key_share": True, "of": Installation}
    return session.get_one(Installation, installation_id, with_for_update=options)
