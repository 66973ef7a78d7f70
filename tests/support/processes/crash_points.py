"""Boundaries of a run at which a process is killed, and a pipe to the stand-in.

A boundary lies before and after every statement, BEGIN and COMMIT, every fsync of a file, and
before, within and after every HTTP call.
"""

import ctypes
import datetime as dt
import io
import os
import random
import signal
import threading
from collections.abc import Callable, Container, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from sqlalchemy import event

from hub.db.engine import read_only_engine
from hub.testing.clock import FakeClock
from qbo_sandbox.kit import wsgi

SUBREAPER = 36  # prctl option: inherit the orphaned descendants
Act = Callable[[Any], object]


class Boundaries:
    """A counter of the boundaries that a process passes, with an action at some of them.

    Boundaries of read-only transactions are omitted unless `reads`, because nothing outside the
    process changes there.
    """

    def __init__(self, act: Callable[[], object], at: Container[int], reads: bool) -> None:
        self.act, self.at, self.reads = act, at, reads
        self.names: list[str] = []
        self._lock = threading.Lock()

    def __call__(self, name: str) -> None:
        with self._lock:
            self.names.append(name)
            if len(self.names) in self.at:
                self.act()

    def around(self, owner: Any, name: str) -> None:
        """Add a boundary before and after a function."""
        function = getattr(owner, name)

        def call(*args: Any, **options: Any) -> Any:
            self(f"before {name}")
            result = function(*args, **options)
            self(f"after {name}")
            return result

        setattr(owner, name, call)

    def watch(self, engine: Any) -> None:
        """Add boundaries for all database statements and for file syncs."""
        for place in ("before", "after"):
            event.listen(engine, f"{place}_cursor_execute", partial(self._statement, place))
        self.around(engine.dialect, "do_commit")
        self.around(os, "fsync")
        self.around(engine.dialect, "do_begin")
        if self.reads and engine.dialect.name == "sqlite":
            self.around(read_only_engine().dialect, "do_begin")

    def _statement(
        self, place: str, connection: Any, cursor: Any, statement: str, *more: Any
    ) -> None:
        if self.reads or not connection.get_execution_options().get("hub_reading"):
            self(f"{place} {' '.join(statement.split()[:3])}")


class WrongClock(FakeClock):
    """A clock that is offset from the true time."""

    moved = dt.timedelta(0)

    def now(self) -> dt.datetime:
        return super().now() + self.moved

    @property
    def true(self) -> dt.datetime:
        """Return the time without the offset."""
        return super().now()


class SerialExecutor:
    """An executor that runs each job at once, so that a run always passes the same boundaries."""

    def __init__(self, *about: Any, **more: Any) -> None:
        pass

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(work(*arguments))
        return future

    def __enter__(self) -> "SerialExecutor":
        return self

    def __exit__(self, *error: object) -> None:
        return None


class Pipeline(HTTPAdapter):
    """An adapter that passes calls of a hub to the stand-in in the parent process."""

    def __init__(self, end: Connection, marks: Connection, clock: WrongClock) -> None:
        super().__init__()
        self.end, self.marks, self.clock, self.boundary = end, marks, clock, lambda name: None
        self._lock = threading.Lock()

    def send(
        self, request: requests.PreparedRequest, *args: Any, **options: Any
    ) -> requests.Response:
        self.boundary("before send")
        with self._lock:
            self.end.send(("call", request, self.clock.true))
            self.boundary("sent")
            status, headers, body = self.end.recv()
        self.boundary("after answer")
        return self.build_response(
            request, wsgi._build_raw_response(status, "", headers, io.BytesIO(body))
        )

    def send_message(self, word: str, *about: Any) -> None:
        with self._lock:
            self.end.send((word, *about))
            self.end.recv()


def die(pipe: Pipeline) -> None:
    """Kill this process."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_and_continue_in_fork(pipe: Pipeline) -> None:
    """Kill this process; a fork of it continues once the state left behind is saved."""
    assert threading.current_thread() is threading.main_thread(), (
        "Only the main thread would continue in the copy."
    )
    own_pid = os.getpid()
    if os.fork():
        die(pipe)
    pipe.marks.send((own_pid, os.getpid()))
    pipe.marks.recv()


def back_up(pipe: Pipeline) -> None:
    """Take a backup and continue; not possible during a call."""
    pipe.send_message("backup")


@contextmanager
def adopt_orphans() -> Iterator[None]:
    """Make this process the parent of its orphaned descendants."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    assert prctl(SUBREAPER, 1, 0, 0, 0) == 0
    try:
        yield
    finally:
        prctl(SUBREAPER, 0, 0, 0, 0)


@contextmanager
def seed_randomness(seed: str) -> Iterator[None]:
    """Replace randomness by a seeded generator, with a different seed for each process."""
    before, generator = os.urandom, random.Random(seed)
    os.urandom = random._urandom = generator.randbytes  # type: ignore[attr-defined]
    try:
        yield
    finally:
        os.urandom = random._urandom = before  # type: ignore[attr-defined]
