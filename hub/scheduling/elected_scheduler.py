"""The scheduler of the distributed engine: each worker has one, and the elected one is at work."""

from collections.abc import Callable

from flask import Flask

from hub.db import lease_rows
from hub.scheduling import election, folder_lock, run_log
from hub.scheduling.queue import RunQueue
from hub.scheduling.scheduler import Scheduler, close_if_interrupted


class ElectedScheduler(Scheduler):
    """Claim due schedules and pass their runs to the queue, in the one process that is elected."""

    def __init__(
        self, app: Flask, queue: RunQueue, announce: Callable[[str], None] | None = None
    ) -> None:
        super().__init__(app, threads=1, announce=announce)
        self._queue = queue

    def _try_to_lead(self) -> bool:
        """Stand for election, or stay elected; return whether this process runs the schedules.

        Without the database no process is elected. The threads that send mails and prune ask
        meanwhile whether this process is at work, so that changes only with the result.
        """
        if self._folder_lock is None:
            self._folder_lock = folder_lock.process_lock()
            self._folder_lock.hold()
        try:
            standby = self._folder_lock.claim()
            is_elected = standby is None and election.stand_for_election()
        except BaseException:
            self._is_at_work = False
            raise
        if standby:
            election.resign()
            self._stand_by(standby)
        elif not is_elected:
            self._is_at_work = False
        elif not self._is_at_work:
            self._begin()
        return self._is_at_work

    def _close_interrupted(self) -> None:
        """Close the runs of dead processes and delete the jobs of dead workers.

        Schedules that become due again by this are claimed in the same tick.
        """
        under_way = run_log.list_runs_under_way()
        held_names = lease_rows.process_leases().held_names()
        for run in under_way:
            if run_log.get_lease_name(run) not in held_names:
                close_if_interrupted(run)
        self._queue.delete_stalled(held_names)

    def _start_waiting(self) -> int:
        """Defer a job for each run that can start."""
        return self._queue.defer_waiting()

    def _resign(self) -> None:
        """Let another worker run the schedules, and release the folder lock."""
        election.resign()
        super()._resign()
