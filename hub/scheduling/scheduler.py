"""The scheduler: threads for the tick and the mails, a thread pool for runs, files as leases."""

import datetime as dt
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from hub import notifications
from hub.context import Ending, current_hub, get_hub
from hub.db import planner_statistics
from hub.db.engine import transaction
from hub.errors import Busy, HubError, OtherFolderActive
from hub.metrics import totals
from hub.models import Run
from hub.outbox import document_search
from hub.scheduling import (
    folder_lock,
    long_hooks,
    pending_work,
    retention,
    run_log,
    runner,
    schedule,
)
from hub.scheduling.folder_lock import FolderLock
from hub.scheduling.leases import HeldLease, take
from hub.scheduling.regular_work import RegularWork
from hub.sources import outage
from hub.telemetry.heartbeat import SCHEDULER_HEARTBEAT, Heartbeat

TICK_SECONDS = 1
MAIL_SECONDS = 60
PASSWORD_SECONDS = 5
STATISTICS_SECONDS = 3600
LONG_HOOK_SECONDS = 60
PRUNE_TIMES = {"minute": "*/10"}  # when pruning starts if it is due, as fields of a cron trigger
MAX_CONCURRENT_RUNS = 8
# One thread of so many is kept for companies without a run under way, so that they go on while the
# runs of busy companies wait for each other to post.
THREADS_PER_KEPT_THREAD = 4
MIN_SETBACK = dt.timedelta(minutes=1)  # more than the usual correction of a clock
TAKEOVER_TEXT = "This data folder works on the database from now on."
log = logging.getLogger("hub")
# Only its errors matter; the hub logs its own work itself.
logging.getLogger("apscheduler").setLevel(logging.ERROR)


class Scheduler:
    """Start the runs that are due, in this process.

    Of several processes on one data folder, one is at work and the others stand by.
    """

    def __init__(
        self,
        app: Flask,
        threads: int = MAX_CONCURRENT_RUNS,
        announce: Callable[[str], None] | None = None,
    ) -> None:
        self._app = app
        self._announce = announce or (lambda text: None)
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="run")
        self._regular_work = RegularWork()
        self._scheduler = BackgroundScheduler(timezone="UTC")  # for times of the day
        self._lock: HeldLease | None = None  # the scheduler's, within the data folder
        self._folder_lock: FolderLock | None = None
        self._is_at_work = False
        # The other data folder that was announced, and whether it is at work; "" if none was.
        self._announced_standby = ""
        self._submitted: dict[int, Run] = {}
        # The reasons of runs that could not begin, or could not store their end.
        self._run_errors: dict[int, str] = {}
        self._guard = threading.Lock()
        self._last_error = ""
        self._heartbeat = Heartbeat(get_hub(app).clock.monotonic)  # ticks without an error
        # The document up to which none lacks terms for searches; None if no document does.
        self._terms_added_up_to: int | None = None
        # The latest time that this process, or one before it, has read from the clock.
        self._newest: dt.datetime | None = None

    def start(self) -> None:
        """Start to tick; return at once."""
        self._heartbeat.beat()
        self._app.extensions[SCHEDULER_HEARTBEAT] = self._heartbeat
        self._regular_work = RegularWork()
        for work, seconds in (
            (self.tick, TICK_SECONDS),
            (self.notify, MAIL_SECONDS),
            (self.answer_password_requests, PASSWORD_SECONDS),
            (self.update_statistics, STATISTICS_SECONDS),
            (self.report_long_hooks, LONG_HOOK_SECONDS),
        ):
            self._regular_work.start(work, seconds)
        self._schedule_pruning()
        self._scheduler.start()

    def stop(self) -> None:
        """Stop ticking and let requests under way finish; the next start continues the runs."""
        ending = get_hub(self._app).ending
        ending.set()  # at first, so that runs and pruning end while this waits for the threads
        self._regular_work.stop()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
        self._pool.shutdown(wait=True, cancel_futures=True)
        ending.clear()
        self._is_at_work = False
        with self._app.app_context():
            self._resign()

    def _resign(self) -> None:
        """Release the locks under which this process ran the schedules."""
        if self._folder_lock:
            self._folder_lock.release()
            self._folder_lock = None
        if self._lock:
            self._lock.release()
            self._lock = None
        self._app.extensions.pop(SCHEDULER_HEARTBEAT, None)

    def tick(self) -> int:
        """Claim the schedules that are due and start waiting runs; return how many were started."""
        with self._app.app_context():
            try:
                started_count = self._tick()
            except Exception as error:
                self._log_error(error)
                return 0
            self._log_end_of_error()
            self._heartbeat.beat()
            totals.store_if_due()
            return started_count

    def notify(self) -> int:
        """Mail new cases, from the one process at work; return the number of messages sent."""
        if not self._is_at_work:
            return 0
        with self._log_hub_errors():
            outage.report()
            return notifications.mail_digest()
        return 0

    def answer_password_requests(self) -> int:
        """Mail codes for forgotten passwords; return the number of messages sent."""
        if not self._is_at_work:
            return 0
        with self._log_hub_errors():
            return notifications.answer_password_requests()
        return 0

    def update_statistics(self) -> None:
        """Update the statistics of the database, from the one process at work."""
        if not self._is_at_work:
            return
        with self._log_hub_errors():
            planner_statistics.update()

    def report_long_hooks(self) -> int:
        """Name the hooks that have been running in this process for long; return their number."""
        with self._log_hub_errors():
            return long_hooks.report()
        return 0

    def _schedule_pruning(self) -> None:
        """Plan the next time at which pruning starts if it is due, unless it is switched off."""
        if not get_hub(self._app).config.prune:
            return
        self._scheduler.add_job(
            self.prune,
            "cron",
            **PRUNE_TIMES,
            id="prune",
            replace_existing=True,
            coalesce=True,
            misfire_grace_time=None,
        )

    def prune(self) -> None:
        """Remove old data by the retention rules, once a night, from the one process at work.

        If the hub ends meanwhile, the next start continues.
        """
        if not self._is_at_work:
            return
        with self._log_hub_errors(), suppress(Ending):
            retention.prune_if_due()

    @contextmanager
    def _log_hub_errors(self) -> Iterator[None]:
        """Open the application context; log an error of the hub, after which work goes on."""
        with self._app.app_context():
            try:
                yield
            except HubError as error:
                log.warning("%s", error.text)

    def _log_error(self, error: Exception) -> None:
        """Log an error of the tick once, as long as it stays the same."""
        text = f"{type(error).__name__}: {error}"
        if text != self._last_error:
            self._last_error = text
            if isinstance(error, HubError):
                log.error("The schedules pause until this is over: %s", error.text)
            else:
                log.exception("The clock met a defect; it ticks on. %s", text)

    def _log_end_of_error(self) -> None:
        """Log where the schedules continue once a tick succeeds after one with an error."""
        if not self._last_error:
            return
        self._last_error = ""
        if self._is_at_work:
            log.warning("The schedules continue.")
        else:
            log.warning("The pause is over: another process runs the schedules.")

    def _tick(self) -> int:
        """Claim due schedules and start waiting runs, if this process runs the schedules.

        If the clock was set back, compute the due times again: otherwise nothing would be due until
        the clock has caught up.
        """
        if not self._try_to_lead():
            return 0
        now = current_hub().clock.now()
        newest = self._newest
        if newest and now < newest - MIN_SETBACK:
            schedule.replan_after_clock_change(now)
            self._schedule_pruning()
            newest = None
        self._newest = max(now, newest or now)
        self._close_interrupted()
        schedule.tick(now)
        pending_work.request_runs(now)
        started_count = self._start_waiting()
        if self._terms_added_up_to is not None:
            self._terms_added_up_to = document_search.add_missing_terms(self._terms_added_up_to)
        return started_count

    def _close_interrupted(self) -> None:
        """Close the runs that nobody works on any more, so that they are due again.

        Their process died, or could not write to the database when they ended.
        """
        for run in run_log.list_runs_under_way():
            close_if_interrupted(run)

    def _start_waiting(self) -> int:
        """Submit the runs that can start to the thread pool; return their number."""
        if current_hub().ending.is_set():
            return 0
        with self._guard:  # so that a run that ends meanwhile is not taken for one that waits
            startable = self._select_startable(run_log.list_waiting_runs())
            self._submitted |= {run.id: run for run in startable}
        return sum(self._submit(run) for run in startable)

    def _submit(self, run: Run) -> bool:
        """Submit a run to the thread pool; return False if no thread could be started for it.

        It then waits for the next tick. The pool keeps it in its queue all the same, so that a
        thread may still take it before.
        """
        try:
            self._pool.submit(self._execute, run)
        except RuntimeError as error:
            with self._guard:
                self._submitted.pop(run.id, None)
            self._log_run_error(run.id, f"the system starts no thread for it ({error}).")
            return False
        return True

    def _select_startable(self, waiting: Iterable[Run]) -> list[Run]:
        """Return the runs that are not submitted yet and can start.

        A run waits for one of the same subject, and also if its company has runs under way and only
        the threads are free that are kept for other companies.
        """
        names = {run_log.get_lease_name(run) for run in self._submitted.values()}
        busy_companies = {run.company_id for run in self._submitted.values()}
        free = self._threads - len(self._submitted)
        startable = []
        for run in waiting:
            name = run_log.get_lease_name(run)
            is_kept_waiting = free <= self._threads // THREADS_PER_KEPT_THREAD
            if name in names or (run.company_id in busy_companies and is_kept_waiting):
                continue
            names.add(name)
            busy_companies.add(run.company_id)
            free -= 1
            startable.append(run)
        return startable

    def _try_to_lead(self) -> bool:
        """Take the locks of the scheduler; return whether this process runs the schedules.

        It must be the only one of its data folder, and its folder the only one of the database.
        """
        if self._lock is None:
            self._lock = take("scheduler")
        if self._lock is None:
            return False
        if self._folder_lock is None:
            self._folder_lock = folder_lock.process_lock()
            self._folder_lock.hold()
        standby = self._folder_lock.claim()
        if standby:
            self._stand_by(standby)
        elif not self._is_at_work:
            self._begin()
        return self._is_at_work

    def _stand_by(self, standby: folder_lock.Standby) -> None:
        """Announce once that another data folder works on the database.

        Announce it again when the other folder changes or ends, but not for each second of waiting.
        """
        self._is_at_work = False
        is_running = standby.seconds is None
        state = f"{standby.place} {is_running}"
        if state != self._announced_standby:
            self._announced_standby = state
            log.warning("%s", standby.text)
            self._announce(standby.text)

    def _begin(self) -> None:
        """Take over the schedules from the process that ran them before."""
        self._newest = run_log.find_newest_start_time()
        self._terms_added_up_to = 0
        self._is_at_work = True
        self.update_statistics()  # its job begins an interval after the start
        if self._announced_standby:
            self._announced_standby = ""
            log.warning(TAKEOVER_TEXT)
            self._announce(TAKEOVER_TEXT)

    def _log_run_error(self, run_id: int, reason: str) -> None:
        """Log why a run could not be done now; once, as long as the reason stays the same."""
        if self._run_errors.get(run_id) != reason:
            self._run_errors[run_id] = reason
            log.warning("Run %s is tried again: %s", run_id, reason)

    def _execute(self, run: Run) -> None:
        run_id = run.id
        with self._guard:
            if self._submitted.get(run_id) is not run:
                return  # its thread could not be started, so it was released
        with self._app.app_context():
            try:
                runner.execute(run_id)
                self._run_errors.pop(run_id, None)
            except (Busy, OtherFolderActive):
                pass
            except HubError as error:
                self._log_run_error(run_id, error.text)
            except Exception:
                log.exception("Run %s met a defect.", run_id)
            finally:
                with self._guard:
                    del self._submitted[run_id]


def close_if_interrupted(run: Run) -> None:
    """Close a run that was started and not ended if no living process works on it."""
    subject_id = run_log.get_subject_id(run)
    lock = take(run_log.get_lease_name(run))
    if lock is None:
        return
    try:
        with transaction() as session:
            run_log.close_interrupted(session, run.kind, subject_id, current_hub().clock.now())
    finally:
        lock.release()
