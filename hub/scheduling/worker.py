"""A worker of the distributed engine: executes runs from the queue and stands for election."""

import asyncio
import logging
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from flask import Flask

from hub.context import get_hub
from hub.db import coordination, lease_rows
from hub.scheduling.queue import RunQueue
from hub.telemetry.heartbeat import Heartbeat

RECONNECT_SECONDS = 1.0
HEARTBEAT_SECONDS = 5.0
log = logging.getLogger("hub")


class SchedulerThreads(Protocol):
    """A scheduler that runs in threads of its own, beside the work."""

    def start(self) -> None:
        """Start; return at once."""

    def stop(self) -> None:
        """Stop, and release its locks."""


class Worker:
    """One process that executes up to `concurrency` runs at a time, until SIGTERM or Ctrl-C."""

    def __init__(
        self, app: Flask, queue: RunQueue, scheduler: SchedulerThreads, concurrency: int
    ) -> None:
        self._app = app
        self._queue = queue
        self._scheduler = scheduler
        self._concurrency = concurrency
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        runtime = get_hub(app)
        self.heartbeat = Heartbeat(runtime.clock.monotonic)  # of the loop that takes runs

    @property
    def is_connected(self) -> bool:
        """Return whether it has a connection to the queue, and so takes runs."""
        return self._queue.is_connected

    def run(self) -> None:
        """Work until a signal; runs end at their next step, and leases and locks are released."""
        self._scheduler.start()
        try:
            asyncio.run(self._work())
        finally:
            self._scheduler.stop()
            with self._app.app_context():
                lease_rows.process_leases().stop_heartbeats()
                coordination.process_coordination().close()

    def end(self) -> None:
        """Let runs end at their next step, and `run` return; any thread may call this."""
        runtime = get_hub(self._app)
        runtime.ending.set()
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._cancel)

    async def _work(self) -> None:
        """Work until `end` is called, which a signal does too."""
        loop = self._loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.end)
        # Its own executor has fewer threads than the queue claims jobs.
        loop.set_default_executor(ThreadPoolExecutor(self._concurrency + 2, "run"))
        beating = asyncio.create_task(self._beat())
        try:
            await self._work_until_end()
        finally:
            beating.cancel()

    async def _beat(self) -> None:
        """Note regularly that the loop acts."""
        while True:
            self.heartbeat.beat()
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def _work_until_end(self) -> None:
        """Execute jobs, and start again if that ends: a restart of PostgreSQL ends it silently."""
        reported_reason = ""
        while not self._is_ending:
            self._task = asyncio.create_task(self._queue.work(self._concurrency))
            await asyncio.wait([self._task])
            if self._is_ending:
                break
            error = None if self._task.cancelled() else self._task.exception()
            reason = str(error or "the server has ended it")
            if reason != reported_reason:
                log.warning("The worker has no connection to its queue; it tries again. %s", reason)
            reported_reason = reason if error else ""
            self._task = asyncio.create_task(asyncio.sleep(RECONNECT_SECONDS))
            await asyncio.wait([self._task])

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    @property
    def _is_ending(self) -> bool:
        runtime = get_hub(self._app)
        return runtime.ending.is_set()
