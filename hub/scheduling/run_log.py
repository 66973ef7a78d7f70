"""A run's row and its log lines, written while it goes on; and the runs that wait for the engine."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub.context import current, may_end
from hub.db.engine import reading, transaction
from hub.models import Company, Installation, Run, RunLine
from hub.scheduling import folder_lock, schedule

INTERVAL = 1.0
INTERRUPTED = "It was interrupted before it was done; what was committed stays, and the next run goes on from there."
OF_INSTALLATION = ("sync", "post")
ENGINE = "engine"  # who asks for runs that post what is left between two syncs
WEBHOOK = "webhook"
Progress = Callable[[str, int, int], None]


class Logbook:
    """One run, from its start to its end; `tell` hears every step, the row is written once a second."""

    def __init__(self, run_id: int, tell: Progress | None = None) -> None:
        self.run_id = run_id
        self._tell = tell
        self._written: tuple[str, float] = ("", 0.0)

    def line(self, text: str, level: str = "info") -> None:
        with transaction() as session:
            session.add(
                RunLine(run_id=self.run_id, at=current().clock.now(), level=level, text=text)
            )

    def progress(self, phase: str, done: int = 0, of: int = 0) -> None:
        """How far it is; called where nothing is under way, so that the run can end here."""
        may_end()
        if self._tell:
            self._tell(phase, done, of)
        now = current().clock.monotonic()
        last, at = self._written
        if phase == last and now - at < INTERVAL:
            return
        self._written = (phase, now)
        folder_lock.of_process().require()
        with transaction() as session:
            step = update(Run).where(Run.id == self.run_id, Run.ended_at.is_(None))
            session.execute(step.values(phase=phase[:40], done=done, of=of))

    def end(self, counts: dict[str, Any], error: str = "", *, again: bool = False) -> Run:
        """Closes the run; with an error it is stopped, else done; `again` makes its schedule due at once."""
        now = current().clock.now()
        with transaction() as session:
            run = session.get_one(Run, self.run_id)
            run.ended_at, run.counts, run.error = now, counts, error
            run.outcome, run.phase = ("stopped" if error else "done"), ""
            schedule.ended(session, run, now, again=again)
        return run


def begin(
    kind: str,
    subject: Installation | Company,
    asked_by: str,
    run_id: int | None,
    tell: Progress | None,
) -> Logbook:
    """Starts the run that waits under `run_id`, or a new one; earlier ones left open by a dead process are closed."""
    now = current().clock.now()
    with transaction() as session:
        close_left_open(session, kind, subject.id, now)
        run = session.get(Run, run_id) if run_id else None
        if run is None:
            run = _new(kind, subject, asked_by)
            session.add(run)
        run.started_at = now
        session.flush()
        return Logbook(run.id, tell)


def ask(kind: str, subject_id: int, asked_by: str) -> int:
    """A run for the engine to start at once (of an installation: sync, post; of a company: lists, reconcile,
    changes, tokens); the id of the one that waits already, if there is one."""
    with transaction() as session:
        waits = select(Run.id).where(
            Run.kind == kind, Run.started_at.is_(None), *_open(kind, subject_id)
        )
        found = session.scalar(waits.order_by(Run.id))
        if found is None:
            run = _new(kind, _subject(session, kind, subject_id), asked_by)
            session.add(run)
            session.flush()
            found = run.id
        return found


def newest() -> dt.datetime | None:
    """When the newest run began."""
    with reading() as session:
        began = select(Run.started_at).where(Run.started_at.is_not(None))
        return session.scalar(began.order_by(Run.id.desc()).limit(1))


def waiting() -> list[Run]:
    """Runs that nobody started yet, oldest first."""
    with reading() as session:
        open_ = select(Run).where(Run.ended_at.is_(None), Run.started_at.is_(None))
        return list(session.scalars(open_.order_by(Run.id)))


def under_way() -> list[Run]:
    """Runs that were started and not ended, by living or dead processes."""
    with reading() as session:
        return list(
            session.scalars(select(Run).where(Run.ended_at.is_(None), Run.started_at.is_not(None)))
        )


def close_left_open(session: Session, kind: str, subject_id: int, now: dt.datetime) -> None:
    """Closes started runs as stopped; only for who holds their lease, so that no living process can be at work."""
    for run in session.scalars(
        select(Run).where(*_open(kind, subject_id), Run.started_at.is_not(None))
    ):
        run.ended_at, run.outcome, run.error, run.phase = now, "stopped", INTERRUPTED, ""
        schedule.ended(session, run, now, again=True)


def lease_of(kind: str, subject_id: int) -> str:
    """The lease under which a run goes on: an installation has one run at a time, a company one of each kind."""
    return f"installation-{subject_id}" if kind in OF_INSTALLATION else f"{kind}-{subject_id}"


def subject_of(run: Run) -> int:
    return run.installation_id or run.company_id or 0


def _open(kind: str, subject_id: int) -> tuple[Any, ...]:
    if kind in OF_INSTALLATION:
        return Run.ended_at.is_(None), Run.installation_id == subject_id
    return (
        Run.ended_at.is_(None),
        Run.company_id == subject_id,
        Run.kind == kind,
        Run.installation_id.is_(None),
    )


def _subject(session: Session, kind: str, subject_id: int) -> Installation | Company:
    if kind in OF_INSTALLATION:
        return session.get_one(Installation, subject_id)
    return session.get_one(Company, subject_id)


def _new(kind: str, subject: Installation | Company, asked_by: str) -> Run:
    of_installation = isinstance(subject, Installation)
    company_id = subject.company_id if isinstance(subject, Installation) else subject.id
    return Run(
        kind=kind,
        company_id=company_id,
        installation_id=subject.id if of_installation else None,
        asked_by=asked_by,
    )
