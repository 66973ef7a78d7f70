"""Keep the schedule rows in line with installations and companies; claim each due time once."""

import datetime as dt
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from sqlalchemy import ColumnElement, Insert, and_, exists, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from hub.contract.interval import Interval, zone_of
from hub.db.engine import reading, transaction
from hub.errors import Refused
from hub.models import Company, Installation, Run, Schedule
from hub.models.enums import ConnectionState, InstallationMode, RunKind

NIGHTLY: dict[str, str] = {
    RunKind.LISTS: "0 2 * * * ~60m",
    RunKind.RECONCILE: "30 3 * * * ~60m",
    RunKind.CHANGES: "1h",
    RunKind.TOKENS: "6h",
}


def tick(now: dt.datetime) -> int:
    """Update the schedule rows and claim what is due; return the number of runs created."""
    with reading() as session:
        if not (_needs_arranging(session) or session.scalar(select(exists().where(_due(now))))):
            return 0
    with transaction() as session:
        arrange(session, now)
        return claim_due(session, now)


def rewind(now: dt.datetime) -> None:
    """Plan again what is due later than its schedule allows, after the clock was set back."""
    with transaction() as session:
        for row in session.scalars(
            select(Schedule).where(Schedule.enabled, Schedule.next_due > now)
        ):
            with suppress(Refused):  # an unreadable schedule was never due
                due = Interval.parse(row.every).after(now, zone_of(row.zone), row.name)
                row.next_due = min(row.next_due or due, due)


def due(session: Session, now: dt.datetime) -> list[Schedule]:
    """Return the schedules that are due and not running, longest due first."""
    return list(
        session.scalars(select(Schedule).where(_due(now)).order_by(Schedule.next_due, Schedule.id))
    )


def claim_due(session: Session, now: dt.datetime) -> int:
    """Create one run for every due schedule, however many of its times have passed.

    A time that was claimed stays claimed.
    """
    claimed = session.scalars(_insert_runs(session, now).returning(Run.id)).all()
    is_claimed = exists().where(Run.schedule_id == Schedule.id, Run.due_at == Schedule.next_due)
    claimed_rows = session.execute(
        select(Schedule.id, Schedule.every, Schedule.zone, Schedule.name).where(
            Schedule.next_due <= now, is_claimed
        )
    )
    updates = _next_due_times(claimed_rows, now)
    if updates:
        session.execute(update(Schedule), updates)
    return len(claimed)


def reschedule_after(session: Session, run: Run, now: dt.datetime, *, again: bool = False) -> None:
    """Set when a schedule is due after its run ended; `again` makes it due at once.

    Intervals in minutes count from this end.
    """
    own = Schedule.id == run.schedule_id
    if run.installation_id is not None:
        own = or_(
            own, and_(Schedule.installation_id == run.installation_id, Schedule.kind == run.kind)
        )
    for row in session.scalars(select(Schedule).where(own, Schedule.enabled)):
        with suppress(Refused):  # an unreadable schedule was never due
            every = Interval.parse(row.every)
            if again:
                row.next_due = now
            elif every.minutes:
                row.next_due = every.after(now, zone_of(row.zone))


# -- rows follow what they serve --


def arrange(session: Session, now: dt.datetime) -> None:
    """Give every installation its sync and every company its nightly runs.

    The rows of disconnected companies are disabled.
    """
    for installation, row in session.execute(_installations()):
        _update_row(session, row, now, **_sync_fields(installation))
    for company in session.scalars(_companies()):
        _arrange_nightly(session, company, now)


def _needs_arranging(session: Session) -> bool:
    return bool(
        session.execute(_installations().limit(1)).first()
        or session.scalars(_companies().limit(1)).first()
    )


def _installations() -> Any:
    should_run = and_(
        Installation.enabled, Installation.mode != InstallationMode.PAUSED, _is_connected()
    )
    differs = or_(
        Schedule.every != Installation.schedule,
        Schedule.zone != Installation.zone,
        Schedule.enabled != should_run,
    )
    row = and_(Schedule.installation_id == Installation.id, Schedule.kind == RunKind.SYNC)
    joined = select(Installation, Schedule).join(Company, Company.id == Installation.company_id)
    return joined.outerjoin(Schedule, row).where(or_(Schedule.id.is_(None), differs))


def _companies() -> Any:
    rows = select(Schedule.id).where(
        Schedule.company_id == Company.id, Schedule.installation_id.is_(None)
    )
    differs = rows.where(Schedule.enabled != _is_connected())
    return select(Company).where(or_(~rows.exists(), differs.exists()))


def _is_connected() -> ColumnElement[bool]:
    """Match companies that are not disconnected.

    One that QuickBooks refuses is still tried on schedule, to notice when that ends.
    """
    return Company.state != ConnectionState.DISCONNECTED


def _sync_fields(installation: Installation) -> dict[str, Any]:
    is_connected = installation.company.state != ConnectionState.DISCONNECTED
    is_active = installation.enabled and installation.mode != InstallationMode.PAUSED
    return {
        "name": f"sync {installation.id}",
        "installation_id": installation.id,
        "company_id": installation.company_id,
        "kind": RunKind.SYNC,
        "every": installation.schedule,
        "zone": installation.zone,
        "enabled": is_active and is_connected,
    }


def _arrange_nightly(session: Session, company: Company, now: dt.datetime) -> None:
    zone = (
        session.scalar(
            select(Installation.zone).where(Installation.company_id == company.id).limit(1)
        )
        or "UTC"
    )
    for kind, every in NIGHTLY.items():
        name = f"{kind} {company.id}"
        row = session.scalar(select(Schedule).where(Schedule.name == name))
        fields = {
            "name": name,
            "kind": kind,
            "every": every,
            "zone": zone,
            "enabled": company.state != ConnectionState.DISCONNECTED,
        }
        _update_row(session, row, now, company_id=company.id, installation_id=None, **fields)


def _update_row(session: Session, row: Schedule | None, now: dt.datetime, **fields: Any) -> None:
    row = row or Schedule()
    for name, value in fields.items():
        setattr(row, name, value)
    try:
        every = Interval.parse(row.every)
        row.next_due = now if every.minutes else every.after(now, zone_of(row.zone), row.name)
    except Refused:  # one unreadable schedule must not stop the clock of the others
        row.next_due = None
    session.add(row)


# -- the claim --


# Made once: making an alias takes longer than most statements.
_own_run, _other_run = aliased(Run), aliased(Run)


def _due(now: dt.datetime) -> ColumnElement[bool]:
    own_run_open = exists().where(_own_run.ended_at.is_(None), _own_run.schedule_id == Schedule.id)
    is_same_subject = and_(
        _other_run.installation_id == Schedule.installation_id, _other_run.kind == Schedule.kind
    )
    return and_(
        Schedule.enabled,
        Schedule.next_due <= now,
        ~own_run_open,
        ~exists().where(_other_run.ended_at.is_(None), is_same_subject),
    )


def _insert_runs(session: Session, now: dt.datetime) -> Insert:
    defaults = {
        "requested_by": "schedule",
        "outcome": "",
        "error": "",
        "phase": "",
        "done": 0,
        "total": 0,
        "counts": {},
    }
    columns = [
        Schedule.id,
        Schedule.next_due,
        Schedule.kind,
        Schedule.company_id,
        Schedule.installation_id,
    ]
    constants = [
        literal(value, getattr(Run, name).type).label(f"new_{name}")
        for name, value in defaults.items()
    ]
    rows = select(*columns, *constants).where(_due(now)).order_by(Schedule.next_due, Schedule.id)
    names = ["schedule_id", "due_at", "kind", "company_id", "installation_id", *defaults]
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement: Insert = dialect.insert(Run).from_select(names, rows).on_conflict_do_nothing()
    return statement


def _next_due_times(
    rows: Iterable[tuple[int, str, str, str]], now: dt.datetime
) -> list[dict[str, Any]]:
    due_times: dict[tuple[str, str, str], dt.datetime | None] = {}
    updates = []
    for id, text, zone, name in rows:
        key = (text, zone, name if "~" in text else "")
        if key not in due_times:
            every = Interval.parse(text)
            due_times[key] = None if every.minutes else every.after(now, zone_of(zone), name)
        updates.append({"id": id, "next_due": due_times[key]})
    return updates
