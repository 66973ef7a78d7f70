"""Schedule rows: they follow the installations and companies, and each due time is claimed once."""

import datetime as dt
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from sqlalchemy import ColumnElement, Insert, and_, exists, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from hub.contract.interval import Every, zone_of
from hub.db.engine import reading, transaction
from hub.errors import Refused
from hub.models import Company, Installation, Run, Schedule
from hub.qbo.connection import ConnectionState

NIGHTLY = {
    "lists": "0 2 * * * ~60m",
    "reconcile": "30 3 * * * ~60m",
    "changes": "1h",
    "tokens": "6h",
}


def tick(now: dt.datetime) -> int:
    """Brings the rows up to date and claims what is due; returns how many runs now wait to be started."""
    with reading() as session:
        if not (_unarranged(session) or session.scalar(select(exists().where(_due(now))))):
            return 0
    with transaction() as session:
        arrange(session, now)
        return claim(session, now)


def rewind(now: dt.datetime) -> None:
    """The clock was set back: what is planned for later than it can be from now on is planned anew."""
    with transaction() as session:
        for row in session.scalars(
            select(Schedule).where(Schedule.enabled, Schedule.next_due > now)
        ):
            with suppress(Refused):  # an unreadable schedule was never due
                due = Every.parse(row.every).after(now, zone_of(row.zone), row.name)
                row.next_due = min(row.next_due or due, due)


def due(session: Session, now: dt.datetime) -> list[Schedule]:
    """What is due and not running, longest due first."""
    return list(
        session.scalars(select(Schedule).where(_due(now)).order_by(Schedule.next_due, Schedule.id))
    )


def claim(session: Session, now: dt.datetime) -> int:
    """Makes one run of every due schedule, however many of its times have passed; a claimed time stays claimed."""
    claimed = session.scalars(_insert(session, now).returning(Run.id)).all()
    taken = exists().where(Run.schedule_id == Schedule.id, Run.due_at == Schedule.next_due)
    moved = session.execute(
        select(Schedule.id, Schedule.every, Schedule.zone, Schedule.name).where(
            Schedule.next_due <= now, taken
        )
    )
    later = _later(moved, now)
    if later:
        session.execute(update(Schedule), later)
    return len(claimed)


def ended(session: Session, run: Run, now: dt.datetime, *, again: bool = False) -> None:
    """Counts the minutes from this end; `again` makes an interrupted one due at once."""
    own = Schedule.id == run.schedule_id
    if run.installation_id is not None:
        own = or_(
            own, and_(Schedule.installation_id == run.installation_id, Schedule.kind == run.kind)
        )
    for row in session.scalars(select(Schedule).where(own, Schedule.enabled)):
        with suppress(Refused):  # an unreadable schedule was never due
            every = Every.parse(row.every)
            if again:
                row.next_due = now
            elif every.minutes:
                row.next_due = every.after(now, zone_of(row.zone))


# -- rows follow what they serve -------------------------------------------------------------------------------------


def arrange(session: Session, now: dt.datetime) -> None:
    """Gives every installation its sync and every company its nightly runs; the rows of disconnected ones rest."""
    for installation, row in session.execute(_installations()):
        _follow(session, row, now, **_sync(installation))
    for company in session.scalars(_companies()):
        _nightly(session, company, now)


def _unarranged(session: Session) -> bool:
    return bool(
        session.execute(_installations().limit(1)).first()
        or session.scalars(_companies().limit(1)).first()
    )


def _installations() -> Any:
    wanted = and_(Installation.enabled, Installation.mode != "paused", _is_tried())
    differs = or_(
        Schedule.every != Installation.schedule,
        Schedule.zone != Installation.zone,
        Schedule.enabled != wanted,
    )
    row = and_(Schedule.installation_id == Installation.id, Schedule.kind == "sync")
    joined = select(Installation, Schedule).join(Company, Company.id == Installation.company_id)
    return joined.outerjoin(Schedule, row).where(or_(Schedule.id.is_(None), differs))


def _companies() -> Any:
    rows = select(Schedule.id).where(
        Schedule.company_id == Company.id, Schedule.installation_id.is_(None)
    )
    differs = rows.where(Schedule.enabled != _is_tried())
    return select(Company).where(or_(~rows.exists(), differs.exists()))


def _is_tried() -> ColumnElement[bool]:
    """Select companies that are tried on schedule: also those that QuickBooks refuses, to notice when that ends."""
    return Company.state != ConnectionState.DISCONNECTED


def _sync(installation: Installation) -> dict[str, Any]:
    tried = installation.company.state != ConnectionState.DISCONNECTED
    return {
        "name": f"sync {installation.id}",
        "installation_id": installation.id,
        "company_id": installation.company_id,
        "kind": "sync",
        "every": installation.schedule,
        "zone": installation.zone,
        "enabled": installation.enabled and installation.mode != "paused" and tried,
    }


def _nightly(session: Session, company: Company, now: dt.datetime) -> None:
    zone = (
        session.scalar(
            select(Installation.zone).where(Installation.company_id == company.id).limit(1)
        )
        or "UTC"
    )
    for kind, every in NIGHTLY.items():
        name = f"{kind} {company.id}"
        row = session.scalar(select(Schedule).where(Schedule.name == name))
        about = {
            "name": name,
            "kind": kind,
            "every": every,
            "zone": zone,
            "enabled": company.state != ConnectionState.DISCONNECTED,
        }
        _follow(session, row, now, company_id=company.id, installation_id=None, **about)


def _follow(session: Session, row: Schedule | None, now: dt.datetime, **about: Any) -> None:
    row = row or Schedule()
    for name, value in about.items():
        setattr(row, name, value)
    try:
        every = Every.parse(row.every)
        row.next_due = now if every.minutes else every.after(now, zone_of(row.zone), row.name)
    except Refused:  # one unreadable schedule must not stop the clock of the others
        row.next_due = None
    session.add(row)


# -- the claim -------------------------------------------------------------------------------------------------------


# Made once: making an alias takes longer than most statements.
_own, _other = aliased(Run), aliased(Run)


def _due(now: dt.datetime) -> ColumnElement[bool]:
    own = exists().where(_own.ended_at.is_(None), _own.schedule_id == Schedule.id)
    same = and_(_other.installation_id == Schedule.installation_id, _other.kind == Schedule.kind)
    return and_(
        Schedule.enabled,
        Schedule.next_due <= now,
        ~own,
        ~exists().where(_other.ended_at.is_(None), same),
    )


def _insert(session: Session, now: dt.datetime) -> Insert:
    told = {
        "asked_by": "schedule",
        "outcome": "",
        "error": "",
        "phase": "",
        "done": 0,
        "of": 0,
        "counts": {},
    }
    copied = [
        Schedule.id,
        Schedule.next_due,
        Schedule.kind,
        Schedule.company_id,
        Schedule.installation_id,
    ]
    fixed = [
        literal(value, getattr(Run, name).type).label(f"new_{name}") for name, value in told.items()
    ]
    rows = select(*copied, *fixed).where(_due(now)).order_by(Schedule.next_due, Schedule.id)
    names = ["schedule_id", "due_at", "kind", "company_id", "installation_id", *told]
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    claim: Insert = dialect.insert(Run).from_select(names, rows).on_conflict_do_nothing()
    return claim


def _later(rows: Iterable[tuple[int, str, str, str]], now: dt.datetime) -> list[dict[str, Any]]:
    known: dict[tuple[str, str, str], dt.datetime | None] = {}
    later = []
    for id, text, zone, name in rows:
        key = (text, zone, name if "~" in text else "")
        if key not in known:
            every = Every.parse(text)
            known[key] = None if every.minutes else every.after(now, zone_of(zone), name)
        later.append({"id": id, "next_due": known[key]})
    return later
