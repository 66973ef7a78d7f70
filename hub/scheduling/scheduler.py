"""The default engine: APScheduler for one tick, a thread pool for the runs, locks of the operating system as leases."""

import datetime as dt
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from apscheduler.schedulers.background import BackgroundScheduler
from filelock import FileLock
from flask import Flask

from hub import notifications
from hub.context import current
from hub.db.engine import transaction
from hub.errors import Busy, HubError, OtherFolderActive
from hub.models import Run
from hub.scheduling import folder_lock, pending_work, run_log, runner, schedule
from hub.scheduling.folder_lock import FolderLock
from hub.scheduling.leases import take
from hub.sources import outage

TICK_SECONDS = 1
MAIL_SECONDS = 60
THREADS = 8
SET_BACK = dt.timedelta(minutes=1)  # more than a clock is put right by
TAKES_OVER = "This data folder works on the database from now on."
log = logging.getLogger("hub")
# A tick that is left out because the last one is still at work is no warning.
logging.getLogger("apscheduler").setLevel(logging.ERROR)


class Embedded:
    """Starts what is due in this process; of several on one data folder one is at work, the others stand by."""

    def __init__(
        self, app: Flask, threads: int = THREADS, tell: Callable[[str], None] | None = None
    ) -> None:
        self._app = app
        self._tell = tell or (lambda text: None)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="run")
        self._scheduler = BackgroundScheduler(timezone="UTC")
        self._lock: FileLock | None = None  # the scheduler's, within the data folder
        self._folder_lock: FolderLock | None = None
        self._is_at_work = False
        self._standby = ""  # which data folder was told to have the turn, and whether it is at work
        self._submitted: set[int] = set()
        self._guard = threading.Lock()
        self._said = ""
        self._newest: dt.datetime | None = (
            None  # the newest moment that this process, or one before it, saw
        )

    def start(self) -> None:
        """Begins to tick; returns at once."""
        self._scheduler.add_job(
            self.tick,
            "interval",
            seconds=TICK_SECONDS,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        self._scheduler.add_job(
            self.notify, "interval", seconds=MAIL_SECONDS, coalesce=True, max_instances=1
        )
        self._scheduler.start()

    def stop(self) -> None:
        """Ticks no more and lets what the runs have under way come to its end; the next start goes on with them."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
        ending: threading.Event = self._app.extensions["hub"].ending
        ending.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
        ending.clear()
        self._is_at_work = False
        if self._folder_lock:
            with self._app.app_context():
                self._folder_lock.release()
            self._folder_lock = None
        if self._lock:
            self._lock.release()
            self._lock = None

    def tick(self) -> int:
        """Claims what is due and starts what waits; how many runs it handed to the threads."""
        with self._app.app_context():
            try:
                started = self._tick()
            except Exception as error:
                self._say(error)
                return 0
            self._said = ""
            return started

    def notify(self) -> int:
        """Mails what has begun to need a person, from the one process at work; how many messages left."""
        if not self._is_at_work:
            return 0
        with self._app.app_context():
            try:
                outage.report()
                return notifications.digest()
            except HubError as error:
                log.warning("%s", error.text)
                return 0

    def _say(self, error: Exception) -> None:
        """Logs what stops the clock, once as long as it stays the same."""
        told = f"{type(error).__name__}: {error}"
        if told != self._said:
            self._said = told
            log.error(
                "The clock met a defect; it ticks on. %s",
                told,
                exc_info=not isinstance(error, HubError),
            )

    def _tick(self) -> int:
        if not self._leads():
            return 0
        now = current().clock.now()
        if self._newest and now < self._newest - SET_BACK:
            schedule.rewind(now)
            self._newest = None
        self._newest = max(now, self._newest or now)
        schedule.tick(now)
        pending_work.claim(now)
        with self._guard:  # a run is no longer submitted only once it no longer waits
            new = [row.id for row in run_log.waiting() if row.id not in self._submitted]
            self._submitted.update(new)
        for run_id in new:
            self._pool.submit(self._execute, run_id)
        return len(new)

    def _leads(self) -> bool:
        """Whether this process runs the schedules: one of a data folder, and one data folder of a database."""
        if self._lock is None:
            self._lock = take("scheduler")
        if self._lock is None:
            return False
        if self._folder_lock is None:
            self._folder_lock = folder_lock.of_process()
            self._folder_lock.hold()
        standby = self._folder_lock.claim()
        if standby:
            self._stand_by(standby)
        elif not self._is_at_work:
            self._begin()
        return self._is_at_work

    def _stand_by(self, standby: folder_lock.Standby) -> None:
        """Say once that another data folder works on the database."""
        self._is_at_work = False
        turn = f"{standby.place} {standby.seconds is None}"
        if turn != self._standby:
            self._standby = turn
            log.warning("%s", standby.text)
            self._tell(standby.text)

    def _begin(self) -> None:
        """Take over: runs that nobody works on any more are closed and due again."""
        self._newest = run_log.newest()
        for left in run_log.under_way():
            _close_if_dead(left)
        self._is_at_work = True
        if self._standby:
            self._standby = ""
            log.warning(TAKES_OVER)
            self._tell(TAKES_OVER)

    def _execute(self, run_id: int) -> None:
        with self._app.app_context():
            try:
                runner.execute(run_id)
            except (Busy, OtherFolderActive):
                pass
            except Exception:
                log.exception("Run %s met a defect.", run_id)
            finally:
                with self._guard:
                    self._submitted.discard(run_id)


def _close_if_dead(left: Run) -> None:
    subject_id = run_log.subject_of(left)
    lock = take(run_log.lease_of(left.kind, subject_id))
    if lock is None:
        return
    try:
        with transaction() as session:
            run_log.close_left_open(session, left.kind, subject_id, current().clock.now())
    finally:
        lock.release()
