"""Forked hubs that are killed at a chosen boundary, with a stand-in that survives them.

The stand-in runs in this process; a hub is a fork of it and calls through a pipe. Randomness is the
same for every first hub of a history, for every second one, and so on, so that equal states can be
recognized.
"""

import datetime as dt
import faulthandler
import gc
import json
import os
import pickle
import signal
import traceback
from collections import Counter
from collections.abc import Callable, Container
from contextlib import suppress
from functools import partial
from itertools import count
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import create_engine, text

from hub import config as configuration
from hub.app import create_app
from hub.db import engine as db_engine
from hub.posting.send import pipeline
from hub.testing.clock import FakeClock
from qbo_sandbox.api import responses
from tests.support.processes import folder_snapshots, restored_database
from tests.support.processes.crash_points import (
    Act,
    Boundaries,
    Pipeline,
    SerialExecutor,
    WrongClock,
    adopt_orphans,
    die,
    die_and_continue_in_fork,
    seed_randomness,
)
from tests.support.runs import prepared_state
from tests.support.runs.hub_environment import INTUIT, QUICKBOOKS, SECRET_KEY, VAULT_KEYS
from tests.support.runs.shared_compilation import share_statements

SHORT_TIME_LIMITS = {
    "HUB_DEADLINE_SECONDS": "20",
    "HUB_LEASE_SECONDS": "25",
    "HUB_QUIET_SECONDS": "30",
}
UNSTABLE_FIELDS = (
    "Id",
    "SyncToken",
    "MetaData",
    "TxnId",
    "FileAccessUri",
    "TempDownloadUri",
    "value",
    "id",
    "line",
)
MOST_BOUNDARIES = 1_000_000  # more than any run passes
EVERY = range(1, MOST_BOUNDARIES)  # every boundary
SILENCE_SECONDS = 120  # seconds without a message after which a hub counts as hanging
Work = Callable[[], Any]


class HubFailed(Exception):
    """The unexpected error of a hub."""


class ForkedHub:
    """A connected hub and its stand-in with a starting state that each history returns to."""

    def __init__(
        self,
        app: Flask,
        quickbooks: Any,
        clock: FakeClock,
        folder: Path,
        start: folder_snapshots.Snapshot | None = None,
    ) -> None:
        self.app, self.quickbooks, self.clock, self.folder = app, quickbooks, clock, folder
        self.adapter = app.extensions["hub"].mounts[QUICKBOOKS]
        self.snapshots = folder_snapshots.SnapshotMaker()
        self.database = ""  # the address of a PostgreSQL database
        if db_engine.db.engine.dialect.name != "sqlite":
            url = db_engine.db.engine.url.set(drivername="postgresql")
            self.database = url.render_as_string(hide_password=False)
        db_engine.db.engine.dispose()
        self.words: dict[str, Callable[[], object]] = {"backup": self.back_up}
        self.moved = dt.timedelta(0)  # clock offset of the hubs that start from now on
        self.in_order, self.generation = True, 0
        self._books = b""  # current content, if known
        path = app.extensions["hub"].config.data / "hub.db"
        files = {} if self.database else {path.name: path.read_bytes()}
        self.start = start or self._snapshot(files)
        self.backup_rows = self.start.rows

    def reset(self) -> None:
        """Return to the starting state."""
        self.restore_state(self.start)

    def restore_state(self, state: folder_snapshots.Snapshot) -> None:
        """Restore a state for the next hub."""
        self.clock.set(state.moment)
        self.generation, self._books = state.generation, b""
        prepared_state.restore_books(self.quickbooks, state.books)
        folder_snapshots.write_files(self.folder, state.files)
        if state.rows:
            folder_snapshots.write_rows(self.database, state.rows)

    def snapshot(self) -> folder_snapshots.Snapshot:
        """Return the current state for the next hub."""
        return self._snapshot(folder_snapshots.read_files(self.folder))

    def _snapshot(self, files: folder_snapshots.Files) -> folder_snapshots.Snapshot:
        rows = folder_snapshots.read_rows(self.database) if self.database else None
        self._books = self._books or prepared_state.dump_books(self.quickbooks)
        return self.snapshots.make(files, rows, self._books, self.clock.now(), self.generation)

    def change(self, statement: str) -> None:
        """Execute a statement on the hub's database before it starts."""
        engine = create_engine(
            db_engine._add_driver(self.database or f"sqlite:///{self.folder / 'hub.db'}")
        )
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def run(
        self, work: Work, at: int | Container[int] = 0, act: Act = die, reads: bool = False
    ) -> "Report":
        """Run a hub to its end or to the boundary and return its report."""
        return self._fork_hub(
            work, range(at, at + 1) if isinstance(at, int) else at, act, reads, lambda: None
        )

    def kill_at_boundaries(
        self, work: Work, boundaries: Container[int] = EVERY
    ) -> tuple["Report", list[folder_snapshots.Snapshot]]:
        """Kill a hub at these boundaries while its fork continues; return each state left."""
        states: list[folder_snapshots.Snapshot] = []
        with adopt_orphans():
            report = self._fork_hub(
                work,
                boundaries,
                die_and_continue_in_fork,
                False,
                lambda: states.append(self.snapshot()),
            )
        return report, states

    def _fork_hub(
        self, work: Work, at: Container[int], act: Act, reads: bool, killed: Callable[[], object]
    ) -> "Report":
        own_ends, hub_ends = zip(Pipe(), Pipe(), strict=True)
        gc.freeze()  # otherwise each fork would copy all inherited memory by touching it
        self.generation += 1
        responses._traces = count(self.generation * 10_000)
        child = os.fork()
        if child == 0:
            for end in own_ends:
                end.close()
            pipe = Pipeline(*hub_ends, self._clock())
            self._run_in_fork(work, pipe, Boundaries(partial(act, pipe), at, reads))
        for end in hub_ends:
            end.close()
        report = Report(child)
        with seed_randomness(f"QuickBooks {self.generation}"):
            while self._handle_message(*own_ends, report, killed):
                pass
        for end in own_ends:
            end.close()
        report.code = os.waitstatus_to_exitcode(os.waitpid(report.pid, 0)[1])
        if report.code not in (0, -signal.SIGKILL):
            raise HubFailed(report.trace)
        return report

    def _clock(self) -> WrongClock:
        clock = WrongClock(self.clock.now())
        clock.moved = self.moved
        return clock

    def _handle_message(
        self, calls: Connection, marks: Connection, report: "Report", killed: Callable[[], object]
    ) -> bool:
        """Handle the next message of a hub; return False once it has ended.

        A call sent before a kill is handled before that kill.
        """
        ready = wait([calls, marks], SILENCE_SECONDS)
        if not ready:
            os.kill(report.pid, signal.SIGABRT)
            os.waitpid(report.pid, 0)
            raise HubFailed(
                f"It sent nothing for {SILENCE_SECONDS} seconds. Its "
                f"threads:\n{self._stacks_path().read_text()}"
            )
        message = _receive(calls if calls in ready else marks)
        if message and calls in ready:
            self._answer_message(calls, *message, report=report)
        elif message:
            dead, report.pid = message
            assert os.waitstatus_to_exitcode(os.waitpid(dead, 0)[1]) == -signal.SIGKILL
            killed()
            marks.send(None)
        return message is not None

    def _stacks_path(self) -> Path:
        return self.folder.with_suffix(".stacks")

    def _answer_message(self, here: Connection, word: str, *about: Any, report: "Report") -> None:
        answer: Any = None
        if word == "call":
            self.clock.set(about[1])
            response = self.adapter.send(about[0], timeout=(5, 100))
            report.calls, self._books = report.calls + 1, b""
            answer = response.status_code, list(response.raw.headers.items()), response.content
        elif word in self.words:
            self.words[word]()
        else:
            setattr(report, word, about[0])
        with suppress(OSError):
            here.send(answer)

    def _run_in_fork(self, work: Work, pipe: Pipeline, boundaries: Boundaries) -> None:
        """Run the hub in the forked process and exit."""
        code = 1
        gc.disable()  # unnecessary in such a short process
        faulthandler.enable(self._stacks_path().open("w"))
        if self.in_order:
            pipeline.ThreadPoolExecutor = SerialExecutor  # type: ignore[assignment,misc]
        try:
            with (
                seed_randomness(f"hub {self.generation}"),
                self._open_app({QUICKBOOKS: pipe}, pipe.clock).app_context(),
            ):
                pipe.boundary = boundaries
                boundaries.watch(db_engine.db.engine)
                result = work()
                names, boundaries.at = list(boundaries.names), ()
            pipe.boundary = lambda name: None
            pipe.send_message("result", result)
            pipe.send_message("names", names)
            code = 0
        except BaseException:
            pipe.send_message("trace", traceback.format_exc())
        finally:
            os._exit(code)

    def _open_app(self, mounts: dict[str, Any], clock: FakeClock) -> Flask:
        environ = {
            "HUB_DATA": str(self.folder),
            "HUB_SECRET_KEY": SECRET_KEY,
            "HUB_VAULT_KEYS": VAULT_KEYS,
        }
        database = {"HUB_DATABASE_URL": self.database} if self.database else {}
        config = configuration.load(environ | INTUIT | SHORT_TIME_LIMITS | database)
        plugins = self.app.extensions["hub"].plugins
        app = create_app(config, plugins=plugins, clock=clock, mounts=mounts, pages=False)
        share_statements(app)
        return app

    # -- a backup ----------------------------------------------------------------------------------

    def back_up(self) -> None:
        """Copy the database as currently committed, while a hub uses it."""
        if self.database:
            self.backup_rows = folder_snapshots.read_rows(self.database)
            return
        restored_database.copy_database(self.folder / "hub.db", self._backup_path())

    def restore_backup(self) -> None:
        if self.backup_rows:
            folder_snapshots.write_rows(self.database, self.backup_rows)
            return
        restored_database.replace_database(self.folder / "hub.db", self._backup_path())

    def _backup_path(self) -> Path:
        return self.folder / "backup"

    # -- the result --------------------------------------------------------------------------------

    def count_books(self) -> Counter[str]:
        """Count everything in the books, ignoring values that depend on the order of creation."""
        books = self.quickbooks.books()[self.quickbooks.realm]
        entries = [
            f"{kind} {json.dumps(remove_unstable_fields(entity), sort_keys=True)}"
            for kind in books
            for entity in as_list(books[kind])
        ]
        return Counter(entries)


class Report:
    """The report of a hub."""

    result: Any = None
    calls = code = 0
    trace = ""
    names: list[str] = []  # noqa: RUF012  (replaced, never changed)

    def __init__(self, pid: int) -> None:
        self.pid = pid


def _receive(end: Connection) -> Any:
    """Return the next message, or None if the other side has ended."""
    with suppress(EOFError, OSError, pickle.UnpicklingError):
        return end.recv()
    return None


def as_list(value: Any) -> list[Any]:
    """Return a list as it is, and any other value as the only item of one."""
    return value if isinstance(value, list) else [value]


def remove_unstable_fields(value: Any) -> Any:
    """Remove the values that depend on the order of creation."""
    if isinstance(value, dict):
        return {
            name: remove_unstable_fields(item)
            for name, item in value.items()
            if name not in UNSTABLE_FIELDS
        }
    return [remove_unstable_fields(item) for item in value] if isinstance(value, list) else value
