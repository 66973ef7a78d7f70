"""Keep the schedule rows in line with installations and companies; claim each due time once."""

import datetime as dt
import logging
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Insert,
    Table,
    and_,
    bindparam,
    exists,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from hub.contract.interval import Interval, zone_of
from hub.db import bulk
from hub.db.engine import read_only_session, transaction
from hub.errors import Refused
from hub.models import ConnectedCompany, Installation, Run, Schedule
from hub.models.enums import ConnectionState, RunKind

NIGHTLY_SCHEDULES: dict[str, str] = {
    RunKind.LISTS: "0 2 * * * ~60m",
    RunKind.RECONCILE: "30 3 * * * ~60m",
    RunKind.CHANGES: "1h",
    RunKind.TOKENS: "6h",
}
REQUESTER = "schedule"  # requests the runs that are due
log = logging.getLogger("hub")
_schedules = cast(Table, Schedule.__table__)
_SET_NEXT_DUE = (
    update(_schedules)
    .where(bulk.is_among(_schedules.c.id, "ids"))
    .values(next_due=bindparam("due"))
)
TRY_CLAIM_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('due schedules', 0))")


def tick(now: dt.datetime) -> int:
    """Update the schedule rows and claim those that are due; return the number of runs created.

    Return 0 while another process does so: a second one would only wait for the same rows.
    """
    any_due = select(exists().where(_match_due(now)))
    with read_only_session() as session:
        # In this order: an exists ends at the first row, the other reads all of them.
        has_work = session.scalar(any_due) or _must_be_arranged(session)
    if not has_work:
        return 0
    with transaction() as session:
        if not _lock_claims(session):
            return 0
        add_missing_schedules(session, now)
        return claim_due(session, now)


def _lock_claims(session: Session) -> bool:
    """Return whether this transaction alone may claim schedules until it ends.

    On SQLite a transaction that writes is the only one.
    """
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(session.scalar(TRY_CLAIM_LOCK))


def replan_after_clock_change(now: dt.datetime) -> None:
    """Bring schedules forward that are due too late, after the clock was set back.

    Times that were claimed too early are due again when they come.
    """
    query = select(Schedule).where(Schedule.enabled, Schedule.next_due > now)
    with transaction() as session:
        session.execute(update(Run).where(Run.due_at > now).values(due_at=None))
        for row in session.scalars(query):
            with suppress(Refused):  # an unreadable schedule was never due
                interval = Interval.parse(row.every)
                due = interval.after(now, zone_of(row.zone), row.name)
                row.next_due = min(row.next_due or due, due)


def claim_due(session: Session, now: dt.datetime) -> int:
    """Create one run for every due schedule, however many of its times have passed.

    A time that was claimed stays claimed.
    """
    statement = _build_claim(session, now).returning(Run.id)
    run_ids = session.scalars(statement).all()
    is_claimed = exists().where(Run.schedule_id == Schedule.id, Run.due_at == Schedule.next_due)
    claimed_rows = session.execute(
        select(Schedule.id, Schedule.every, Schedule.zone, Schedule.name).where(
            Schedule.next_due <= now, is_claimed
        )
    )
    # One statement for all schedules that are due next at the same time, as most of them are.
    for next_due, ids in _group_by_next_due_time(claimed_rows, now).items():
        session.execute(_SET_NEXT_DUE, {"due": next_due, "ids": ids})
    return len(run_ids)


def reschedule_after(
    session: Session,
    run: Run,
    now: dt.datetime,
    *,
    again: bool = False,
    continue_after: float | None = None,
) -> None:
    """Set when a schedule is due after its run ended; `again` makes it due at once.

    Intervals in minutes count from this end. A run that has more to do is due after
    `continue_after` seconds at the latest.
    """
    is_own = Schedule.id == run.schedule_id
    if run.installation_id is not None:
        is_of_installation = and_(
            Schedule.installation_id == run.installation_id, Schedule.kind == run.kind
        )
        is_own = or_(is_own, is_of_installation)
    query = select(Schedule).where(is_own, Schedule.enabled)
    for row in session.scalars(query):
        with suppress(Refused):  # an unreadable schedule was never due
            every = Interval.parse(row.every)
            if again:
                row.next_due = now
            elif every.minutes:
                row.next_due = every.after(now, zone_of(row.zone))
            if continue_after is not None:
                continue_at = now + dt.timedelta(seconds=continue_after)
                row.next_due = min(row.next_due or continue_at, continue_at)


# -- the rows of installations and companies --


def add_missing_schedules(session: Session, now: dt.datetime) -> None:
    """Give every installation its sync and every company its nightly runs.

    The rows of disconnected companies are disabled. A company is usually connected before its first
    app is enabled, so its nightly runs follow the zone of that app later.
    """
    companies: dict[int, ConnectedCompany] = {}
    for installation, row in session.execute(_select_installations_to_schedule()):
        _update_row(session, row, now, **_build_sync_fields(installation))
        companies[installation.company_id] = installation.company
    for company in companies.values():
        if _has_other_zone(session, company):
            _arrange_nightly(session, company, now)
    for company in session.scalars(_select_companies_to_schedule()):
        _arrange_nightly(session, company, now)


def _must_be_arranged(session: Session) -> bool:
    """Return whether a schedule row is missing, or differs from its installation or company.

    Usually no row does. With a limit PostgreSQL expects to find one soon and compares row by row,
    which takes seconds for 10,000 installations; without a limit it joins the tables at once.
    """
    if session.execute(_select_installations_to_schedule()).first():
        return True
    return session.scalars(_select_companies_to_schedule()).first() is not None


def _select_installations_to_schedule() -> Any:
    """Select installations, each with its schedule, that have none or one that is out of date."""
    should_run = and_(Installation.is_active, _is_connected())
    differs = or_(
        Schedule.every != Installation.schedule,
        Schedule.zone != Installation.zone,
        Schedule.enabled != should_run,
    )
    is_own = and_(Schedule.installation_id == Installation.id, Schedule.kind == RunKind.SYNC)
    return (
        select(Installation, Schedule)
        .join(ConnectedCompany, ConnectedCompany.id == Installation.company_id)
        .outerjoin(Schedule, is_own)
        .where(or_(Schedule.id.is_(None), differs))
    )


def _select_companies_to_schedule() -> Any:
    """Select companies without nightly runs, or whose runs are not enabled as they should be."""
    rows = select(Schedule.id).where(
        Schedule.company_id == ConnectedCompany.id,
        Schedule.installation_id.is_(None),
    )
    has_none = ~rows.exists()
    differs = rows.where(Schedule.enabled != _is_connected()).exists()
    return select(ConnectedCompany).where(or_(has_none, differs))


def _is_connected() -> ColumnElement[bool]:
    """Match companies that are not disconnected.

    Refused connections are still tried on schedule, so that the hub notices when they work again.
    """
    return ConnectedCompany.state != ConnectionState.DISCONNECTED


def _build_sync_fields(installation: Installation) -> dict[str, Any]:
    """Return the columns of the schedule of an installation."""
    return {
        "name": f"sync {installation.id}",
        "installation_id": installation.id,
        "company_id": installation.company_id,
        "kind": RunKind.SYNC,
        "every": installation.schedule,
        "zone": installation.zone,
        "enabled": installation.can_run,
    }


def _arrange_nightly(session: Session, company: ConnectedCompany, now: dt.datetime) -> None:
    """Add or update the schedules of the nightly runs of a company, in the zone of its apps."""
    zone = _find_nightly_zone(session, company)
    for kind, every in NIGHTLY_SCHEDULES.items():
        name = f"{kind} {company.id}"
        row = session.scalar(select(Schedule).where(Schedule.name == name))
        _update_row(
            session,
            row,
            now,
            name=name,
            kind=kind,
            every=every,
            zone=zone,
            enabled=not company.is_disconnected,
            company_id=company.id,
            installation_id=None,
        )


def _has_other_zone(session: Session, company: ConnectedCompany) -> bool:
    """Return whether nightly runs of a company are in another zone than they should be."""
    query = select(Schedule.id).where(
        Schedule.company_id == company.id,
        Schedule.installation_id.is_(None),
        Schedule.zone != _find_nightly_zone(session, company),
    )
    return session.scalar(query.limit(1)) is not None


def _find_nightly_zone(session: Session, company: ConnectedCompany) -> str:
    """Return the zone of the nightly runs of a company: that of its first app."""
    zones = select(Installation.zone).where(Installation.company_id == company.id)
    return session.scalar(zones.order_by(Installation.id).limit(1)) or "UTC"


def _update_row(session: Session, row: Schedule | None, now: dt.datetime, **fields: Any) -> None:
    """Write the columns of a schedule, and when it is due next; add it if there is none.

    An interval in minutes is due at once, any other at its next time.
    """
    row = row or Schedule()
    for name, value in fields.items():
        setattr(row, name, value)
    try:
        every = Interval.parse(row.every)
        row.next_due = now
        if not every.minutes:
            row.next_due = every.after(now, zone_of(row.zone), row.name)
    except Refused:  # one unreadable schedule must not stop the clock of the others
        row.next_due = None
    session.add(row)


# -- the claim --


# Made once: making an alias takes longer than most statements.
_own_run, _other_run = aliased(Run), aliased(Run)


def _match_due(now: dt.datetime) -> ColumnElement[bool]:
    """Match schedules whose time has come and whose earlier run has ended.

    Any run of the same kind and installation counts, such as one that a person started.
    """
    has_open_run = exists().where(
        _own_run.ended_at.is_(None),
        _own_run.schedule_id == Schedule.id,
    )
    has_open_run_of_subject = exists().where(
        _other_run.ended_at.is_(None),
        _other_run.installation_id == Schedule.installation_id,
        _other_run.kind == Schedule.kind,
    )
    return and_(
        Schedule.enabled,
        Schedule.next_due <= now,
        ~has_open_run,
        ~has_open_run_of_subject,
    )


def _build_claim(session: Session, now: dt.datetime) -> Insert:
    """Return the statement that inserts a run for each schedule that is due."""
    defaults = {
        "requested_by": REQUESTER,
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
    rows = (
        select(*columns, *constants).where(_match_due(now)).order_by(Schedule.next_due, Schedule.id)
    )
    names = ["schedule_id", "due_at", "kind", "company_id", "installation_id", *defaults]
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement: Insert = dialect.insert(Run).from_select(names, rows).on_conflict_do_nothing()
    return statement


def _group_by_next_due_time(
    rows: Iterable[tuple[int, str, str, str]], now: dt.datetime
) -> dict[dt.datetime | None, list[int]]:
    """Return the ids of schedules by the time at which they are due next.

    The rows have id, interval, zone and name. Equal intervals are computed once, unless they have a
    random part, which depends on the name.
    """
    due_times: dict[tuple[str, str, str], dt.datetime | None] = {}
    ids_by_time: dict[dt.datetime | None, list[int]] = {}
    for id, every, zone, name in rows:
        has_random_part = "~" in every
        key = (every, zone, name if has_random_part else "")
        if key not in due_times:
            due_times[key] = _compute_next_due_time(every, zone, name, now)
        ids_by_time.setdefault(due_times[key], []).append(id)
    return ids_by_time


def _compute_next_due_time(
    every: str, zone: str, name: str, now: dt.datetime
) -> dt.datetime | None:
    """Return when a schedule that was claimed is due next; None if that is not known yet.

    Intervals in minutes count from the end of the run. A schedule that can no longer be read must
    not stop the others.
    """
    try:
        interval = Interval.parse(every)
        return None if interval.minutes else interval.after(now, zone_of(zone), name)
    except Refused as error:
        log.error("The schedule %s is not due any more: %s", name, error.text)
        return None
