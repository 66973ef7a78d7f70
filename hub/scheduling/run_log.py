"""Write the row and log lines of a run, and list the runs that wait to start."""

import datetime as dt
import logging
from collections.abc import Collection
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from hub.context import Progress, current_hub, raise_if_ending
from hub.db.engine import read_only_session, transaction
from hub.errors import Busy
from hub.metrics import totals
from hub.models import ConnectedCompany, Installation, Run, RunLine
from hub.models.enums import RunKind, RunOutcome
from hub.scheduling import folder_lock, leases, schedule
from hub.telemetry.counts import RUN_SECONDS

PROGRESS_SECONDS = 1.0
INTERRUPTION_MESSAGE = (
    "It was interrupted before it was done; what was committed stays, and the next run goes on"
    " from there."
)
OF_INSTALLATION = (RunKind.SYNC, RunKind.POST)
ENGINE = "engine"  # requests runs that post what is left between two syncs
WEBHOOK = "webhook"
SCHEDULE = schedule.REQUESTER
AUTOMATIC_REQUESTERS = (ENGINE, WEBHOOK, SCHEDULE)
log = logging.getLogger("hub")
_runs = cast(Table, Run.__table__)
# These statements are built once and without the ORM, which takes three times as long: runs and
# webhooks execute them all the time.
_RECORD_PROGRESS = (
    update(_runs)
    .where(_runs.c.id == bindparam("run"), _runs.c.ended_at.is_(None))
    .values(phase=bindparam("reached"), done=bindparam("steps"), total=bindparam("in_all"))
)
_waiting_ids = (
    select(_runs.c.id)
    .where(
        _runs.c.started_at.is_(None),
        _runs.c.ended_at.is_(None),
        _runs.c.kind == bindparam("kind"),
    )
    .order_by(_runs.c.id)
    .limit(1)
)
_FIND_WAITING_OF_INSTALLATION = _waiting_ids.where(_runs.c.installation_id == bindparam("subject"))
_FIND_WAITING_OF_COMPANY = _waiting_ids.where(
    _runs.c.company_id == bindparam("subject"), _runs.c.installation_id.is_(None)
)
_FIND_POLLS = select(_runs.c.company_id, _runs.c.requested_by, _runs.c.started_at).where(
    _runs.c.ended_at.is_(None),
    _runs.c.kind == RunKind.CHANGES,
    _runs.c.company_id.in_(bindparam("companies", expanding=True)),
    _runs.c.installation_id.is_(None),
)
_ADD_RUN = insert(_runs).returning(_runs.c.id)


class RunRecorder:
    """Record one run from its start to its end.

    `on_progress` is called at every step; the row is written at most once a second.
    """

    def __init__(self, run_id: int, on_progress: Progress | None = None) -> None:
        self.run_id = run_id
        self._on_progress = on_progress
        # The phase that the row has, and when it was written on the monotonic clock.
        self._written: tuple[str, float] = ("", 0.0)

    def line(self, text: str, level: str = "info") -> None:
        """Add a line to the log of the run."""
        with transaction() as session:
            session.add(
                RunLine(run_id=self.run_id, at=current_hub().clock.now(), level=level, text=text)
            )

    def progress(self, phase: str, done: int = 0, of: int = 0) -> None:
        """Record how far the run is, and end it here if the process ends.

        Callers have no request under way.
        """
        raise_if_ending()
        if self._on_progress:
            self._on_progress(phase, done, of)
        now = current_hub().clock.monotonic()
        written_phase, written_at = self._written
        if phase == written_phase and now - written_at < PROGRESS_SECONDS:
            return
        self._written = (phase, now)
        folder_lock.process_lock().require()
        leases.require()
        with transaction() as session:
            values = {"run": self.run_id, "reached": phase[:40], "steps": done, "in_all": of}
            session.execute(_RECORD_PROGRESS, values)
        totals.store_if_due()

    def end(
        self,
        counts: dict[str, Any],
        error: str = "",
        *,
        again: bool = False,
        continue_after: float | None = None,
    ) -> Run:
        """Close the run, as stopped after an error; `again` repeats it at once.

        A run that has more to do is repeated after `continue_after` seconds at the latest.
        """
        now = current_hub().clock.now()
        outcome = RunOutcome.STOPPED if error else RunOutcome.DONE
        with transaction() as session:
            run = session.get_one(Run, self.run_id)
            run.ended_at = now
            run.counts = counts
            run.error = error
            run.outcome = outcome
            run.phase = ""
            schedule.reschedule_after(session, run, now, again=again, continue_after=continue_after)
            if again:
                _repeat_post(session, run)
        if run.started_at:
            # Negative if the clock was set back meanwhile; the sum of durations never falls.
            seconds = max(0.0, (now - run.started_at).total_seconds())
            current_hub().counts.observe(RUN_SECONDS, seconds, run.kind, outcome.value)
        totals.store_if_due()
        log.info("The run ended", extra={"outcome": outcome.value, "error": error or None})
        return run


def start(
    kind: str,
    subject: Installation | ConnectedCompany,
    requested_by: str,
    run_id: int | None,
    on_progress: Progress | None,
) -> RunRecorder:
    """Start the run that waits under `run_id`, or a new one.

    Close earlier runs of the subject that a dead process left open. Raise Busy if another process
    has started the run before this one got its lease.
    """
    now = current_hub().clock.now()
    with transaction() as session:
        close_interrupted(session, kind, subject.id, now, repeat=False)
        run = session.get(Run, run_id) if run_id else None
        if run is not None and run.started_at is not None:
            raise Busy("This run")
        if run is None:
            run = _build_run(kind, subject, requested_by)
            session.add(run)
        run.started_at = now
        session.flush()
    fields = {"run_id": run.id, "kind": kind, "subject_id": subject.id}
    log.info("A run began, requested by %s", requested_by, extra=fields)
    return RunRecorder(run.id, on_progress)


def request(kind: str, subject_id: int, requested_by: str) -> int:
    """Ask the scheduler to start a run at once and return its id, or that of one already waiting.

    Runs of an installation are sync and post; those of a company are lists, reconcile, changes and
    tokens.
    """
    with transaction() as session:
        return request_within(session, kind, subject_id, requested_by)


def request_within(session: Session, kind: str, subject_id: int, requested_by: str) -> int:
    """Ask for a run as `request` does, in a transaction that the caller commits."""
    is_of_installation = kind in OF_INSTALLATION
    find = _FIND_WAITING_OF_INSTALLATION if is_of_installation else _FIND_WAITING_OF_COMPANY
    run_id: int | None = session.scalar(find, {"kind": kind, "subject": subject_id})
    if run_id is None:
        company_id = subject_id
        if is_of_installation:
            company_id = session.get_one(Installation, subject_id).company_id
        new_run = {
            "kind": kind,
            "company_id": company_id,
            "installation_id": subject_id if is_of_installation else None,
            "requested_by": requested_by,
        }
        run_id = session.execute(_ADD_RUN, new_run).scalar_one()
    fields = {"run_id": run_id, "kind": kind, "subject_id": subject_id}
    log.info("A run was requested by %s", requested_by, extra=fields)
    return run_id


def request_changes(session: Session, company_id: int) -> int:
    """Ask for a poll of the changes of a company, in the transaction that notes a webhook."""
    return request_within(session, RunKind.CHANGES, company_id, WEBHOOK)


def list_companies_awaiting_changes(session: Session, company_ids: Collection[int]) -> set[int]:
    """Return the companies for which a webhook has requested a poll that has not begun.

    Companies with another poll under way are left out: it may have read before the newest change.
    """
    waiting: set[int] = set()
    under_way: set[int] = set()
    for company_id, requested_by, started_at in session.execute(
        _FIND_POLLS, {"companies": company_ids}
    ):
        if started_at is not None:
            under_way.add(company_id)
        elif requested_by == WEBHOOK:
            waiting.add(company_id)
    return waiting - under_way


def find_newest_start_time() -> dt.datetime | None:
    """Return when the newest run began; None if none ever began."""
    query = (
        select(Run.started_at).where(Run.started_at.is_not(None)).order_by(Run.id.desc()).limit(1)
    )
    with read_only_session() as session:
        return session.scalar(query)


def list_waiting_runs() -> list[Run]:
    """Return the runs that were not started yet, oldest first."""
    query = select(Run).where(Run.ended_at.is_(None), Run.started_at.is_(None)).order_by(Run.id)
    with read_only_session() as session:
        return list(session.scalars(query))


def find_oldest_waiting_run(kind: str, subject_id: int) -> int | None:
    """Return the id of the run that waits longest for the lease of this kind and subject."""
    is_waiting = Run.started_at.is_(None)
    query = (
        select(Run.id)
        .where(is_waiting, *_build_open_conditions(kind, subject_id))
        .order_by(Run.id)
        .limit(1)
    )
    with read_only_session() as session:
        return session.scalar(query)


def list_runs_under_way() -> list[Run]:
    """Return the runs that were started and not ended, by living or dead processes."""
    query = select(Run).where(Run.ended_at.is_(None), Run.started_at.is_not(None))
    with read_only_session() as session:
        return list(session.scalars(query))


def close_interrupted(
    session: Session, kind: str, subject_id: int, now: dt.datetime, *, repeat: bool = True
) -> None:
    """Close the started runs of a subject as stopped.

    With `repeat`, a run that posts waits again. Runs with a schedule are due again at once. The
    caller must hold their lease, so that no living process can be working on them.
    """
    for run in session.scalars(
        select(Run).where(*_build_open_conditions(kind, subject_id), Run.started_at.is_not(None))
    ):
        run.ended_at = now
        run.outcome = RunOutcome.STOPPED
        run.error = INTERRUPTION_MESSAGE
        run.phase = ""
        schedule.reschedule_after(session, run, now, again=True)
        if repeat:
            _repeat_post(session, run)


def format_lease_name(kind: str, subject_id: int) -> str:
    """Return the name of the lease under which a run is executed.

    An installation has one run at a time, a company one of each kind.
    """
    return f"installation-{subject_id}" if kind in OF_INSTALLATION else f"{kind}-{subject_id}"


def get_lease_name(run: Run) -> str:
    """Return the name of the lease under which this run is executed."""
    return format_lease_name(run.kind, get_subject_id(run))


def get_subject_id(run: Run) -> int:
    """Return the id of the installation or company that the run is of."""
    return run.installation_id or run.company_id or 0


def _build_open_conditions(kind: str, subject_id: int) -> tuple[Any, ...]:
    """Return the conditions of the runs that are not ended and exclude a run of this kind.

    A company has one run of each kind at a time, an installation one of any kind.
    """
    is_open = Run.ended_at.is_(None)
    if kind in OF_INSTALLATION:
        return (is_open, Run.installation_id == subject_id)
    return (
        is_open,
        Run.company_id == subject_id,
        Run.kind == kind,
        Run.installation_id.is_(None),
    )


def _repeat_post(session: Session, run: Run) -> None:
    """Let a run that posts wait again; it has no schedule that would be due again."""
    if run.kind != RunKind.POST:
        return
    is_waiting = Run.started_at.is_(None)
    waiting_ids = select(Run.id).where(
        Run.kind == RunKind.POST, is_waiting, *_build_open_conditions(run.kind, get_subject_id(run))
    )
    if session.scalar(waiting_ids.limit(1)) is None:
        session.add(
            Run(
                kind=RunKind.POST,
                company_id=run.company_id,
                installation_id=run.installation_id,
                requested_by=run.requested_by,
            )
        )


def _build_run(kind: str, subject: Installation | ConnectedCompany, requested_by: str) -> Run:
    if isinstance(subject, Installation):
        return Run(
            kind=kind,
            company_id=subject.company_id,
            installation_id=subject.id,
            requested_by=requested_by,
        )
    return Run(kind=kind, company_id=subject.id, installation_id=None, requested_by=requested_by)
