"""Hubs as processes of their own, each ended at a chosen boundary, on a stand-in that outlives them all.

A boundary lies before and after every statement, BEGIN and COMMIT, every file made safe on disk, and before, within and
after every HTTP call. The stand-in is in this process; a hub is a copy of it and calls through a pipe.
"""

import datetime as dt
import gc
import io
import json
import os
import pickle
import shutil
import signal
import sqlite3
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

import psycopg
import requests
from flask import Flask
from requests.adapters import HTTPAdapter
from sqlalchemy import create_engine, event, text

from hub import config as configuration
from hub import store, wsgi
from hub.app import create_app
from hub.testing.clock import FakeClock
from tests import snapshot
from tests.conftest import COMPILED, INTUIT, QUICKBOOKS, SECRET_KEY, VAULT_KEYS

SHORT = {"HUB_DEADLINE_SECONDS": "20", "HUB_LEASE_SECONDS": "25", "HUB_QUIET_SECONDS": "30"}
FLEETING = ("Id", "SyncToken", "MetaData", "TxnId", "FileAccessUri", "TempDownloadUri", "value", "id", "line")
Work = Callable[[], Any]
Act = Callable[[Any], object]


class Boundaries:
    """Counts the boundaries that a process passes, and does something at one of them.

    Those of transactions that only read are left out unless `reads`: nothing outside the process moves at them.
    """

    def __init__(self, act: Callable[[], object], at: int, reads: bool) -> None:
        self.act, self.at, self.reads = act, at, reads
        self.names: list[str] = []
        self._lock = threading.Lock()

    def __call__(self, name: str) -> None:
        with self._lock:
            self.names.append(name)
            if len(self.names) == self.at:
                self.act()

    def around(self, owner: Any, name: str) -> None:
        """A boundary before and after a function."""
        done = getattr(owner, name)

        def call(*args: Any, **options: Any) -> Any:
            self(f"before {name}")
            made = done(*args, **options)
            self(f"after {name}")
            return made

        setattr(owner, name, call)

    def watch(self, engine: Any) -> None:
        """All of the database, and the files that are made safe."""
        for place in ("before", "after"):
            event.listen(engine, f"{place}_cursor_execute", partial(self._statement, place))
        self.around(engine.dialect, "do_commit")
        self.around(os, "fsync")
        if engine.dialect.name != "sqlite":
            self.around(engine.dialect, "do_begin")

    def _statement(self, place: str, connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if self.reads or not connection.get_execution_options().get("hub_reading"):
            self(f"{place} {' '.join(statement.split()[:3])}")


class WrongClock(FakeClock):
    """A clock whose hands were moved; time passes as it did."""

    moved = dt.timedelta(0)

    def now(self) -> dt.datetime:
        return super().now() + self.moved

    @property
    def true(self) -> dt.datetime:
        """What time it is everywhere else."""
        return super().now()


class Pipeline(HTTPAdapter):
    """Carries calls from a hub to the stand-in in the process that started it."""

    def __init__(self, end: Connection, clock: WrongClock) -> None:
        super().__init__()
        self.end, self.clock, self.boundary = end, clock, lambda name: None
        self._lock = threading.Lock()

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        self.boundary("before send")
        with self._lock:
            self.end.send(("call", request, self.clock.true))
            self.boundary("sent")
            status, headers, body = self.end.recv()
        self.boundary("after answer")
        return self.build_response(request, wsgi._raw(status, "", headers, io.BytesIO(body)))

    def tell(self, word: str, *about: Any) -> None:
        with self._lock:
            self.end.send((word, *about))
            self.end.recv()


def die(pipe: Pipeline) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def back_up(pipe: Pipeline) -> None:
    """A backup is taken here, and the hub goes on; not while an answer is under way."""
    pipe.tell("backup")


class Ended(Exception):
    """What a hub met that should have come to its end."""


class World:
    """A connected hub and its stand-in as they stood at the start, to which every history goes back."""

    def __init__(self, app: Flask, quickbooks: Any, clock: FakeClock, folder: Path, url: Callable[[], str]) -> None:
        self.app, self.quickbooks, self.clock, self.folder, self.url = app, quickbooks, clock, folder, url
        self.base = app.extensions["hub"].config.data
        self.adapter = app.extensions["hub"].mounts[QUICKBOOKS]
        store.db.engine.dispose()
        self.database, self.tables = "", dict[str, bytes]()
        self.words: dict[str, Callable[[], object]] = {"backup": self.back_up}
        self.moved = dt.timedelta(0)  # how far the clock of the hubs that begin from now on is wrong
        self.books, self.start = snapshot.books_of(quickbooks), (clock.now(), clock.monotonic())

    def reset(self) -> None:
        """The same hub and the same books again."""
        self.clock.set(self.start[0])
        snapshot.put_books(self.quickbooks, self.books)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700)
        self.database = self.url()
        if not self.database:  # a file of its own
            shutil.copy(self.base / "hub.db", self.folder / "hub.db")

    def change(self, statement: str) -> None:
        """Something of the hub as it is before it starts."""
        engine = create_engine(self.database or f"sqlite:///{self.folder / 'hub.db'}")
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def run(self, work: Work, at: int = 0, act: Act = die, reads: bool = False) -> "Told":
        """A hub that does this, to its end or to the boundary; what it told."""
        here, there = Pipe()
        gc.freeze()  # or the copy would touch, and so double, all that it was born with
        child = os.fork()
        if child == 0:
            here.close()
            self._be(
                work,
                Pipeline(there, self._clock()),
                lambda act_on: Boundaries(partial(act, act_on), at, reads),
            )
        there.close()
        told = Told()
        with suppress(EOFError, OSError, pickle.UnpicklingError):
            while True:
                self._serve(here, *here.recv(), told=told)
        here.close()
        told.code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if told.code not in (0, -signal.SIGKILL):
            raise Ended(told.trace)
        return told

    def _clock(self) -> WrongClock:
        clock = WrongClock(self.clock.now())
        clock.moved = self.moved
        return clock

    def _serve(self, here: Connection, word: str, *about: Any, told: "Told") -> None:
        answer: Any = None
        if word == "call":
            self.clock.set(about[1])
            response = self.adapter.send(about[0], timeout=(5, 100))
            told.calls += 1
            answer = response.status_code, list(response.raw.headers.items()), response.content
        elif word in self.words:
            self.words[word]()
        else:
            setattr(told, word, about[0])
        with suppress(OSError):
            here.send(answer)

    def _be(self, work: Work, pipe: Pipeline, watched: Callable[[Pipeline], Boundaries]) -> None:
        """The life of a hub; it never returns."""
        code = 1
        try:
            app = self._opened({QUICKBOOKS: pipe}, pipe.clock)
            with app.app_context():
                pipe.boundary = boundaries = watched(pipe)
                boundaries.watch(store.db.engine)
                made = work()
                names, boundaries.at = list(boundaries.names), 0
            pipe.boundary = lambda name: None
            pipe.tell("made", made)
            pipe.tell("names", names)
            code = 0
        except BaseException:
            pipe.tell("trace", traceback.format_exc())
        finally:
            os._exit(code)

    def _opened(self, mounts: dict[str, Any], clock: FakeClock) -> Flask:
        environ = {"HUB_DATA": str(self.folder), "HUB_SECRET_KEY": SECRET_KEY, "HUB_VAULT_KEYS": VAULT_KEYS}
        database = {"HUB_DATABASE_URL": self.database} if self.database else {}
        config = configuration.load(environ | INTUIT | SHORT | database)
        plugins = self.app.extensions["hub"].plugins
        app = create_app(config, plugins=plugins, clock=clock, mounts=mounts, pages=False)
        with app.app_context():
            store.db.engine.update_execution_options(compiled_cache=COMPILED)
        return app

    # -- a backup -----------------------------------------------------------------------------------------------------

    def back_up(self) -> None:
        """A copy of the database as it is committed now, while a hub works on it."""
        if self.database:
            self.tables = copy_out(self.database)
            return
        with closing(sqlite3.connect(self.folder / "hub.db")) as live, closing(sqlite3.connect(self._kept())) as kept:
            live.backup(kept)

    def restore(self) -> None:
        if self.database:
            copy_in(self.database, self.tables)
            return
        for path in self.folder.glob("hub.db*"):
            path.unlink()
        shutil.copy(self._kept(), self.folder / "hub.db")

    def _kept(self) -> Path:
        return self.folder / "backup"

    # -- what came of it ----------------------------------------------------------------------------------------------

    def ledger(self) -> Counter[str]:
        """Everything in the books, but for what depends on the order in which it came."""
        books = self.quickbooks.books()[self.quickbooks.realm]
        told = [f"{kind} {json.dumps(plain(one), sort_keys=True)}" for kind in books for one in listed(books[kind])]
        return Counter(told)


def copy_out(url: str) -> dict[str, bytes]:
    """All rows of a PostgreSQL database, of one moment."""
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        named = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {name: _copied(connection, f'COPY "{name}" TO STDOUT') for (name,) in named}


def copy_in(url: str, tables: dict[str, bytes]) -> None:
    """Those rows and no others; ids go on after the highest."""
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        for name, rows in tables.items():
            connection.execute(f'TRUNCATE "{name}" CASCADE')
            with connection.cursor().copy(f'COPY "{name}" FROM STDIN') as copy:
                copy.write(rows)
        for (sequence,) in connection.execute("SELECT sequencename FROM pg_sequences").fetchall():
            table = sequence.removesuffix("_id_seq")
            connection.execute(f"SELECT setval('{sequence}', (SELECT coalesce(max(id), 0) + 1 FROM \"{table}\"))")


def _copied(connection: Any, statement: str) -> bytes:
    with connection.cursor().copy(statement) as copy:
        return b"".join(bytes(part) for part in copy)


class Told:
    """What a hub told before its end."""

    made: Any = None
    calls = code = 0
    trace = ""
    names: list[str] = []  # noqa: RUF012  (replaced, never changed)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def plain(value: Any) -> Any:
    """Without what depends on the order in which things came."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items() if name not in FLEETING}
    return [plain(one) for one in value] if isinstance(value, list) else value
