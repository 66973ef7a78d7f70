"""The times of the next syncs of apps, also right after somebody changed a schedule."""

import datetime as dt
from collections.abc import Collection

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, contains_eager

from hub.contract.interval import Interval, zone_of
from hub.errors import Refused
from hub.models import ConnectedCompany, Installation, Run, Schedule
from hub.models.enums import RunKind


def load_next_runs(
    session: Session, installation_ids: Collection[int], now: dt.datetime
) -> dict[int, dt.datetime]:
    """Return when the next sync of each installation starts; those without one are left out.

    The schedule rows follow the settings with the next tick. Until then, and while a sync runs
    that was due before, the time is computed from the settings.
    """
    is_own = and_(Schedule.installation_id == Installation.id, Schedule.kind == RunKind.SYNC)
    query = (
        select(Installation, Schedule)
        .join(ConnectedCompany, ConnectedCompany.id == Installation.company_id)
        .options(contains_eager(Installation.company))
        .join(Schedule, is_own)
        .where(Installation.id.in_(installation_ids))
    )
    busy_ids = _load_busy_ids(session, installation_ids)
    next_runs = {}
    for installation, row in session.execute(query):
        if not installation.can_run:
            continue
        due = _find_next_due(installation, row, now, is_busy=installation.id in busy_ids)
        if due is not None:
            next_runs[installation.id] = due
    return next_runs


def _load_busy_ids(session: Session, installation_ids: Collection[int]) -> set[int | None]:
    """Return the ids of those installations whose sync waits or runs."""
    query = select(Run.installation_id).where(
        Run.installation_id.in_(installation_ids),
        Run.ended_at.is_(None),
        Run.kind == RunKind.SYNC,
    )
    return set(session.scalars(query))


def _find_next_due(
    installation: Installation, row: Schedule, now: dt.datetime, *, is_busy: bool
) -> dt.datetime | None:
    """Return when the next sync starts; None if that is not known.

    Intervals in minutes count from the end of a sync, so a sync that is due now ends before the
    interval begins.
    """
    try:
        interval = Interval.parse(installation.schedule)
        next_due = interval.after(now, zone_of(installation.zone), row.name)
    except Refused:  # an unreadable schedule is never due
        return None
    has_changed = (row.every, row.zone) != (installation.schedule, installation.zone)
    is_past = row.next_due is not None and row.next_due <= now
    if has_changed or (is_past and is_busy and interval.minutes):
        return next_due
    return row.next_due
