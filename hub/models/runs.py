"""Schedules, runs with their logs, and which process may work on what."""

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.engine import Model
from hub.models.enums import RunState


class Schedule(Model):
    """A schedule; `every` is minutes after the last end ("15m"), or cron in `zone`."""

    __table_args__ = (
        Index("ix_schedule_installation", "installation_id", "kind"),
        Index("ix_schedule_company", "company_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"))
    installation_id: Mapped[int | None] = mapped_column(ForeignKey("installation.id"))
    every: Mapped[str] = mapped_column(String(100))
    zone: Mapped[str] = mapped_column(String(60), default="UTC")
    enabled: Mapped[bool] = mapped_column(default=True)
    next_due: Mapped[dt.datetime | None] = mapped_column(index=True)


class Run(Model):
    """One run; a schedule has at most one run for each due time."""

    __table_args__ = (
        UniqueConstraint("schedule_id", "due_at"),
        Index("ix_run_open", "ended_at", "id"),
        Index("ix_run_installation", "installation_id", "id"),
        Index("ix_run_company", "company_id", "kind", "id"),
        Index("ix_run_company_outcome", "company_id", "kind", "outcome", "id"),
        Index("ix_run_kind", "kind", "id"),
        Index("ix_run_outcome", "outcome", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int | None] = mapped_column(ForeignKey("schedule.id"))
    due_at: Mapped[dt.datetime | None]
    kind: Mapped[str] = mapped_column(String(20))
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"))
    installation_id: Mapped[int | None] = mapped_column(ForeignKey("installation.id"))
    requested_by: Mapped[str] = mapped_column(String(200), default="schedule")
    started_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    # One of `RunOutcome`; `error` is the reason of a run that was stopped.
    outcome: Mapped[str] = mapped_column(String(12), default="")
    error: Mapped[str] = mapped_column(Text, default="")
    # The progress that its page shows: what it does now, and how much of that is done.
    phase: Mapped[str] = mapped_column(String(40), default="")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)

    @property
    def state(self) -> str:
        """Return whether it waits, is under way or how it ended: one of `RunState`."""
        if self.ended_at:
            return self.outcome
        return RunState.RUNNING if self.started_at else RunState.QUEUED


class RunLine(Model):
    """A line of a run's log."""

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"), index=True)
    at: Mapped[dt.datetime]
    level: Mapped[str] = mapped_column(String(8))
    text: Mapped[str] = mapped_column(Text)


class ActiveFolder(Model):
    """The data folder whose processes work on this database, if several could; one row at most.

    `released_at` is empty while they work. It stays empty if the last of them ends without
    releasing the database.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    # Its identity on its machine; machine and path for people.
    folder: Mapped[str] = mapped_column(String(64))
    place: Mapped[str] = mapped_column(String(500))
    since: Mapped[dt.datetime]
    released_at: Mapped[dt.datetime | None]


class Lease(Model):
    """A lease of the distributed engine: a right that one process has at a time.

    The row stays when the lease is released, so that its fence only grows. `backend_pid` and
    `backend_start` are the database session over which the holder renews it.
    """

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    # The process that holds it; "" if it is free.
    holder: Mapped[str] = mapped_column(String(32), default="")
    fence: Mapped[int]
    # When it was last renewed, by the clock of the database.
    heartbeat_at: Mapped[dt.datetime]
    backend_pid: Mapped[int]
    backend_start: Mapped[dt.datetime | None]
