"""The queue of the distributed engine: procrastinate passes waiting runs to the workers.

The table of runs is the truth. A job only names a kind of run and its subject, so a job that is
lost, repeated or out of date does no harm: the worker executes the oldest run that waits for that
subject, and does nothing if none does. Nothing is scheduled in the queue, and no job is retried:
the elected scheduler defers a job for each waiting run that has none.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Any

import procrastinate
import psycopg
import psycopg_pool
from flask import Flask
from procrastinate.connector import LISTEN_TIMEOUT
from procrastinate.jobs import Job
from sqlalchemy import text
from sqlalchemy.engine import URL

from hub.context import Ending, current_hub
from hub.db import coordination, lease_rows
from hub.db.engine import address_without_password, db, read_only_session, transaction
from hub.db.time_limit import LimitedAsyncConnection
from hub.errors import Busy, DatabaseUnavailable, LeaseLost, OtherFolderActive
from hub.models import Run
from hub.scheduling import queue_tables, run_log, runner
from hub.telemetry.repeated_warnings import RepeatedWarnings

QUEUE = "runs"
TASK = "execute_run"
MAX_STALLED_SECONDS = 15.0  # without a heartbeat, after which the jobs of a worker count as dead
HEARTBEATS_PER_STALL = 3
POLLING_SECONDS = 5.0  # in case that a notification was lost
MAX_CONNECTIONS = 4  # connections of the queue in each worker
OPEN_SECONDS = 5.0  # how long to wait for the first one
# For a statement of the queue, and longer than it waits for a notification before it asks again.
STATEMENT_SECONDS = LISTEN_TIMEOUT + 10.0
_LISTED_LOCKS = text(
    "SELECT queueing_lock FROM procrastinate_jobs"
    " WHERE status IN ('todo', 'doing') AND queueing_lock IS NOT NULL"
)
_HAS_BEGUN = text("SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE status = 'doing')")
_DELETE_STALLED = text(
    "DELETE FROM procrastinate_jobs AS job WHERE job.status = 'doing' AND NOT EXISTS ("
    " SELECT FROM procrastinate_workers AS worker WHERE worker.id = job.worker_id"
    " AND worker.last_heartbeat >= now() - make_interval(secs => :seconds))"
    " RETURNING job.queueing_lock"
)
# The worker is alive, but could not reach the server when the job ended, and does not try again.
_SELECT_ENDED = text(
    "SELECT job.id FROM procrastinate_jobs AS job WHERE job.status = 'doing'"
    " AND job.queueing_lock <> ALL(:held) AND NOT EXISTS ("
    " SELECT FROM procrastinate_events AS event WHERE event.job_id = job.id"
    " AND event.type = 'started' AND event.at >= now() - make_interval(secs => :seconds))"
)
_DELETE = text(
    "DELETE FROM procrastinate_jobs WHERE status = 'doing' AND id = ANY(:ids)"
    " RETURNING queueing_lock"
)
log = logging.getLogger("hub")
# The hub logs by itself what matters of these.
for _name in ("procrastinate", "psycopg.pool"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


class _ConnectionPool(psycopg_pool.AsyncConnectionPool[Any]):
    """A pool with a short time limit for opening, because the pauses between its tries grow."""

    async def open(self, wait: bool = False, timeout: float | None = None) -> None:
        """Open the pool; raise PoolTimeout if the server accepts no connection in time."""
        await super().open(wait, timeout or OPEN_SECONDS)


class _QueueConnection(LimitedAsyncConnection):
    """A connection that soon gives up on a frozen server: another one may have taken its place."""

    work_seconds = STATEMENT_SECONDS


class CountedAsEnded(Exception):
    """Other workers have removed this one from the list of workers, because it was frozen."""


class RunQueue:
    """The queue of this process: it defers jobs and executes them."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        with app.app_context():
            self._address = address_without_password(db.engine.url)
            self._stalled_seconds = min(MAX_STALLED_SECONDS, current_hub().config.lease_seconds)
            name = coordination.application_name(current_hub().process)
            settings = _build_connection_settings(db.engine.url, name)
            self._warnings = RepeatedWarnings(current_hub().clock)
        connector = procrastinate.PsycopgConnector(pool_factory=_ConnectionPool, **settings)
        self._working = _make_app(connector, self._execute)
        # It has no connections of its own.
        self._deferring = _make_app(procrastinate.SyncPsycopgConnector(), self._execute)
        self.is_connected = False  # whether `work` has opened its connection
        self._ended_ids: set[int] = set()  # jobs that seemed to have ended at the last look

    async def work(self, concurrency: int) -> None:
        """Execute up to `concurrency` jobs at a time, until the task is cancelled.

        Return if the connection to the database is lost; raise DatabaseUnavailable if it cannot be
        opened, and CountedAsEnded if this process was frozen for long. If the database was replaced
        by one without the tables of the queue, they are created.
        """
        asyncio.get_running_loop().set_exception_handler(_log_unexpected)
        await asyncio.to_thread(self._prepare_tables)
        try:
            async with self._working.open_async():
                self.is_connected = True
                await self._working.run_worker_async(
                    queues=[QUEUE],
                    concurrency=concurrency,
                    delete_jobs="always",
                    install_signal_handlers=False,
                    fetch_job_polling_interval=POLLING_SECONDS,
                    update_heartbeat_interval=self._stalled_seconds / HEARTBEATS_PER_STALL,
                    stalled_worker_timeout=self._stalled_seconds,
                )
        except psycopg_pool.PoolTimeout as error:
            reason = f"it accepted no connection of the queue within {OPEN_SECONDS:g} s"
            raise DatabaseUnavailable(self._address, reason) from error
        except procrastinate.exceptions.ConnectorException as error:
            if isinstance(error.__cause__, psycopg.errors.ForeignKeyViolation):
                seconds = f"{self._stalled_seconds:g} s"
                raise CountedAsEnded(
                    f"It gave no sign of life for {seconds}, so others counted it as ended."
                ) from error
            raise DatabaseUnavailable(self._address, _describe_failure(error)) from error
        finally:
            self.is_connected = False
            await self._working.close_async()  # a pool that could not be opened would be used again

    def defer_waiting(self) -> int:
        """Defer a job for each subject with a waiting run that has none and could start now.

        Return their number. Only the elected scheduler may call this.
        """
        waiting = _pick_oldest_runs_by_lease(run_log.list_waiting_runs())
        if not waiting:
            return 0
        occupied_names = lease_rows.process_leases().held_names() | _load_listed_locks()
        jobs = [
            _queue_job(name, run) for name, run in waiting.items() if name not in occupied_names
        ]
        if jobs:
            self._defer(jobs)
        return len(jobs)

    def delete_stalled(self, held_names: Collection[str]) -> int:
        """Delete the jobs of dead workers, and those whose end was lost; return their number.

        A run holds its lease until it has ended. So a job that began some time ago and has no lease
        is no longer executed. A job ends a moment after its run, so it is deleted only if the
        previous call saw it too. Runs that still wait get another job; runs that had begun are
        closed once their lease is over, and are due again.
        """
        if not _has_begun_jobs():
            self._ended_ids = set()
            return 0
        values = {"seconds": self._stalled_seconds}
        with transaction() as session:
            dead = session.scalars(_DELETE_STALLED, values).all()
            ended_ids = set(session.scalars(_SELECT_ENDED, {**values, "held": list(held_names)}))
            ended_names = session.scalars(_DELETE, {"ids": list(ended_ids & self._ended_ids)}).all()
        self._ended_ids = ended_ids
        for name in dead:
            log.warning(
                "The worker that had the job %s has ended or lost its connection; the run is"
                " carried out again.",
                name,
            )
        for name in ended_names:
            log.warning("The end of the job %s was lost with a connection; it is removed.", name)
        return len(dead) + len(ended_names)

    def _defer(self, jobs: list[Job]) -> None:
        """Defer jobs over a connection of the hub, so that none has to be free for the queue."""
        try:
            with transaction() as session:
                driver_connection = session.connection().connection.driver_connection
                self._deferring.job_manager.batch_defer_jobs(jobs, connection=driver_connection)
        except procrastinate.exceptions.AlreadyEnqueued:
            pass  # by the scheduler before this one; the next tick sees it
        except procrastinate.exceptions.ConnectorException as error:
            raise DatabaseUnavailable(self._address, _describe_failure(error)) from error

    def _prepare_tables(self) -> None:
        with self._app.app_context():
            queue_tables.prepare()

    def _execute(self, kind: str, subject_id: int) -> None:
        """Execute the oldest waiting run of a subject; a run that cannot start stays waiting."""
        with self._app.app_context():
            run_id = None
            try:
                run_id = run_log.find_oldest_waiting_run(kind, subject_id)
                if run_id is not None and not current_hub().ending.is_set():
                    runner.execute(run_id)
            except (Busy, OtherFolderActive, LeaseLost, Ending):
                pass
            except DatabaseUnavailable as error:
                if self._warnings.is_due(error.text):  # every run that begins now meets it
                    log.warning("%s", error.text)
            except Exception:
                log.exception("Run %s met a defect.", run_id)


def _make_app(connector: Any, execute: Callable[[str, int], None]) -> procrastinate.App:
    app = procrastinate.App(connector=connector)
    app.task(name=TASK, queue=QUEUE)(execute)
    return app


def _build_connection_settings(url: URL, name: str) -> dict[str, Any]:
    """Return the arguments of the connection pools of the queue.

    The address is read as for every other connection: the driver alone would use only the last one
    of several servers.
    """
    _, address = url.get_dialect()().create_connect_args(url)
    return {
        "connection_class": _QueueConnection,
        "kwargs": {**address, **coordination.build_connect_arguments(url, name)},
        "min_size": 1,
        "max_size": MAX_CONNECTIONS,
        "timeout": 10.0,
    }


def _log_unexpected(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log an error of a task that nobody awaits, unless the connection was lost.

    A job that ends while the connection is lost raises one; it stays in the table until it counts
    as dead.
    """
    if not isinstance(context.get("exception"), procrastinate.exceptions.ConnectorException):
        loop.default_exception_handler(context)


def _describe_failure(error: procrastinate.exceptions.ConnectorException) -> str:
    """Return why a statement failed, without the statement."""
    cause = error.__cause__ or error
    message = cause.diag.message_primary if isinstance(cause, psycopg.Error) else None
    return message or str(cause).strip()


def _pick_oldest_runs_by_lease(runs: list[Run]) -> dict[str, Run]:
    """Return the first of the runs under each lease; they come oldest first."""
    oldest: dict[str, Run] = {}
    for run in runs:
        lease_name = run_log.get_lease_name(run)
        oldest.setdefault(lease_name, run)
    return oldest


def _has_begun_jobs() -> bool:
    """Return whether a worker has begun a job; asked every second, so without a transaction."""
    with coordination.connection() as connection:
        return bool(connection.scalar(_HAS_BEGUN))


def _load_listed_locks() -> set[str]:
    with read_only_session() as session:
        return set(session.scalars(_LISTED_LOCKS))


def _queue_job(lease_name: str, run: Run) -> Job:
    return Job(
        id=None,
        queue=QUEUE,
        task_name=TASK,
        lock=None,  # the lease is what keeps two runs of a subject apart
        queueing_lock=lease_name,
        task_kwargs={"kind": run.kind, "subject_id": run_log.get_subject_id(run)},
    )
