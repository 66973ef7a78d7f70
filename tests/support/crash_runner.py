"""Run hubs as forks that end at a chosen boundary, on a stand-in that survives them.

The stand-in is in this process; a hub is a copy of it and calls through a pipe. What would be chance is the same for
every first hub of a history, for every second one, and so on: so that what one leaves can be recognised.
"""

import datetime as dt
import faulthandler
import gc
import json
import os
import pickle
import shutil
import signal
import sqlite3
import traceback
from collections import Counter
from collections.abc import Callable, Container
from contextlib import closing, suppress
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
from qbo_sandbox.api import answering
from tests.support import folder_snapshots, prepared_state
from tests.support.crash_points import (
    Act,
    Boundaries,
    InOrder,
    Pipeline,
    WrongClock,
    die,
    die_and_go_on,
    inheriting,
    repeatable,
)
from tests.support.hub_environment import INTUIT, QUICKBOOKS, SECRET_KEY, VAULT_KEYS
from tests.support.shared_compilation import STATEMENTS

SHORT = {"HUB_DEADLINE_SECONDS": "20", "HUB_LEASE_SECONDS": "25", "HUB_QUIET_SECONDS": "30"}
FLEETING = (
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
EVERY = range(1, MOST_BOUNDARIES)  # boundary
PATIENCE = 120  # seconds that a hub may say nothing
Work = Callable[[], Any]


class Ended(Exception):
    """What a hub met that should have come to its end."""


class World:
    """A connected hub and its stand-in as they stood at the start, to which every history goes back."""

    def __init__(
        self,
        app: Flask,
        quickbooks: Any,
        clock: FakeClock,
        folder: Path,
        start: folder_snapshots.Remains | None = None,
    ) -> None:
        self.app, self.quickbooks, self.clock, self.folder = app, quickbooks, clock, folder
        self.adapter, self.keeper = (
            app.extensions["hub"].mounts[QUICKBOOKS],
            folder_snapshots.Keeper(),
        )
        url = db_engine.db.engine.url.set(drivername="postgresql")
        self.database = (
            ""
            if db_engine.db.engine.dialect.name == "sqlite"
            else url.render_as_string(hide_password=False)
        )
        db_engine.db.engine.dispose()
        self.words: dict[str, Callable[[], object]] = {"backup": self.back_up}
        self.moved = dt.timedelta(
            0
        )  # how far the clock of the hubs that begin from now on is wrong
        self.in_order, self.generation = True, 0
        self._books = b""  # as they are, where they are known
        path = app.extensions["hub"].config.data / "hub.db"
        self.start = start or self._left({} if self.database else {path.name: path.read_bytes()})
        self.kept = self.start.rows

    def reset(self) -> None:
        """The same hub and the same books again."""
        self.put(self.start)

    def put(self, left: folder_snapshots.Remains) -> None:
        """What a hub left, for the next one."""
        self.clock.set(left.moment)
        self.generation, self._books = left.generation, b""
        prepared_state.put_books(self.quickbooks, left.books)
        folder_snapshots.put_files(self.folder, left.files)
        if left.rows:
            folder_snapshots.copy_in(self.database, left.rows)

    def left(self) -> folder_snapshots.Remains:
        """What there is now for the next hub."""
        return self._left(folder_snapshots.files_of(self.folder))

    def _left(self, files: folder_snapshots.Files) -> folder_snapshots.Remains:
        rows = folder_snapshots.copy_out(self.database) if self.database else None
        self._books = self._books or prepared_state.books_of(self.quickbooks)
        return self.keeper.keep(files, rows, self._books, self.clock.now(), self.generation)

    def change(self, statement: str) -> None:
        """Something of the hub as it is before it starts."""
        engine = create_engine(
            db_engine._with_driver(self.database or f"sqlite:///{self.folder / 'hub.db'}")
        )
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def run(
        self, work: Work, at: int | Container[int] = 0, act: Act = die, reads: bool = False
    ) -> "Told":
        """A hub that does this, to its end or to the boundary; what it told."""
        return self._hub(
            work, range(at, at + 1) if isinstance(at, int) else at, act, reads, lambda: None
        )

    def killed_along(
        self, work: Work, boundaries: Container[int] = EVERY
    ) -> tuple["Told", list[folder_snapshots.Remains]]:
        """Kill a hub at these boundaries while its copy goes on; return what each kill left."""
        left: list[folder_snapshots.Remains] = []
        with inheriting():
            told = self._hub(
                work,
                boundaries,
                die_and_go_on,
                False,
                lambda: left.append(self.left()),
            )
        return told, left

    def _hub(
        self, work: Work, at: Container[int], act: Act, reads: bool, killed: Callable[[], object]
    ) -> "Told":
        ours, theirs = zip(Pipe(), Pipe(), strict=True)
        gc.freeze()  # or the copy would touch, and so double, all that it was born with
        self.generation += 1
        answering._traces = count(self.generation * 10_000)
        child = os.fork()
        if child == 0:
            for end in ours:
                end.close()
            pipe = Pipeline(*theirs, self._clock())
            self._be(work, pipe, Boundaries(partial(act, pipe), at, reads))
        for end in theirs:
            end.close()
        told = Told(child)
        with repeatable(f"QuickBooks {self.generation}"):
            while self._hear(*ours, told, killed):
                pass
        for end in ours:
            end.close()
        told.code = os.waitstatus_to_exitcode(os.waitpid(told.pid, 0)[1])
        if told.code not in (0, -signal.SIGKILL):
            raise Ended(told.trace)
        return told

    def _clock(self) -> WrongClock:
        clock = WrongClock(self.clock.now())
        clock.moved = self.moved
        return clock

    def _hear(
        self, calls: Connection, marks: Connection, told: "Told", killed: Callable[[], object]
    ) -> bool:
        """Takes what a hub says next, a call that left before a kill before that kill; whether it said something."""
        ready = wait([calls, marks], PATIENCE)
        if not ready:
            os.kill(told.pid, signal.SIGABRT)
            os.waitpid(told.pid, 0)
            raise Ended(
                f"It said nothing for {PATIENCE} seconds. Its threads:\n{self._stacks().read_text()}"
            )
        said = _received(calls if calls in ready else marks)
        if said and calls in ready:
            self._serve(calls, *said, told=told)
        elif said:
            dead, told.pid = said
            assert os.waitstatus_to_exitcode(os.waitpid(dead, 0)[1]) == -signal.SIGKILL
            killed()
            marks.send(None)
        return said is not None

    def _stacks(self) -> Path:
        return self.folder.with_suffix(".stacks")

    def _serve(self, here: Connection, word: str, *about: Any, told: "Told") -> None:
        answer: Any = None
        if word == "call":
            self.clock.set(about[1])
            response = self.adapter.send(about[0], timeout=(5, 100))
            told.calls, self._books = told.calls + 1, b""
            answer = response.status_code, list(response.raw.headers.items()), response.content
        elif word in self.words:
            self.words[word]()
        else:
            setattr(told, word, about[0])
        with suppress(OSError):
            here.send(answer)

    def _be(self, work: Work, pipe: Pipeline, boundaries: Boundaries) -> None:
        """The life of a hub; it never returns."""
        code = 1
        gc.disable()  # it is too short for that
        faulthandler.enable(self._stacks().open("w"))
        if self.in_order:
            pipeline.ThreadPoolExecutor = InOrder  # type: ignore[assignment,misc]
        try:
            with (
                repeatable(f"hub {self.generation}"),
                self._opened({QUICKBOOKS: pipe}, pipe.clock).app_context(),
            ):
                pipe.boundary = boundaries
                boundaries.watch(db_engine.db.engine)
                made = work()
                names, boundaries.at = list(boundaries.names), ()
            pipe.boundary = lambda name: None
            pipe.tell("made", made)
            pipe.tell("names", names)
            code = 0
        except BaseException:
            pipe.tell("trace", traceback.format_exc())
        finally:
            os._exit(code)

    def _opened(self, mounts: dict[str, Any], clock: FakeClock) -> Flask:
        environ = {
            "HUB_DATA": str(self.folder),
            "HUB_SECRET_KEY": SECRET_KEY,
            "HUB_VAULT_KEYS": VAULT_KEYS,
        }
        database = {"HUB_DATABASE_URL": self.database} if self.database else {}
        config = configuration.load(environ | INTUIT | SHORT | database)
        plugins = self.app.extensions["hub"].plugins
        app = create_app(config, plugins=plugins, clock=clock, mounts=mounts, pages=False)
        with app.app_context():
            db_engine.db.engine.update_execution_options(compiled_cache=STATEMENTS)
        return app

    # -- a backup -----------------------------------------------------------------------------------------------------

    def back_up(self) -> None:
        """A copy of the database as it is committed now, while a hub works on it."""
        if self.database:
            self.kept = folder_snapshots.copy_out(self.database)
            return
        with (
            closing(sqlite3.connect(self.folder / "hub.db")) as live,
            closing(sqlite3.connect(self._backup())) as kept,
        ):
            live.backup(kept)

    def restore(self) -> None:
        if self.kept:
            folder_snapshots.copy_in(self.database, self.kept)
            return
        for path in self.folder.glob("hub.db*"):
            path.unlink()
        shutil.copy(self._backup(), self.folder / "hub.db")

    def _backup(self) -> Path:
        return self.folder / "backup"

    # -- what came of it ----------------------------------------------------------------------------------------------

    def ledger(self) -> Counter[str]:
        """Everything in the books, but for what depends on the order in which it came."""
        books = self.quickbooks.books()[self.quickbooks.realm]
        told = [
            f"{kind} {json.dumps(plain(one), sort_keys=True)}"
            for kind in books
            for one in listed(books[kind])
        ]
        return Counter(told)


class Told:
    """What a hub told before its end."""

    made: Any = None
    calls = code = 0
    trace = ""
    names: list[str] = []  # noqa: RUF012  (replaced, never changed)

    def __init__(self, pid: int) -> None:
        self.pid = pid


def _received(end: Connection) -> Any:
    """What came next; None when the other side has ended."""
    with suppress(EOFError, OSError, pickle.UnpicklingError):
        return end.recv()
    return None


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def plain(value: Any) -> Any:
    """Without what depends on the order in which things came."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items() if name not in FLEETING}
    return [plain(one) for one in value] if isinstance(value, list) else value
