"""Locks of the settings of apps, by which postings are planned and released.

On PostgreSQL a change of settings that is committed while a posting is planned by the old ones
could not see this posting. Both therefore lock the installation before they lock any posting: many
plans may share the lock, and a change waits for them. On SQLite a transaction that writes is the
only one.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.models import Installation


def lock_to_plan(session: Session, installation_id: int) -> Installation:
    """Return an installation whose settings stay as they are until the transaction ends."""
    options = {"read": True, "of": Installation}
    return session.get_one(Installation, installation_id, with_for_update=options)


def lock_all_to_plan(session: Session, company_id: int, ids: Sequence[int] | None) -> None:
    """Keep the settings of these apps, or of all of a company, until the transaction ends."""
    query = select(Installation.id).where(Installation.company_id == company_id)
    if ids is not None:
        query = query.where(Installation.id.in_(ids))
    session.execute(query.order_by(Installation.id).with_for_update(read=True)).all()


def lock_to_change(session: Session, installation_id: int) -> Installation:
    """Return an installation whose settings or matches nobody else changes or plans by."""
    options = {"key_share": True, "of": Installation}
    return session.get_one(Installation, installation_id, with_for_update=options)
