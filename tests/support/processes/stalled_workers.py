"""Worker processes that are stopped (SIGSTOP) while sending and continue later.

Their clock jumps while all of them wait: a stop outlasts deadline, lease and quiet time at no cost,
on any machine.
"""

import faulthandler
import itertools
import json
import os
import signal
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event, func, select

from hub import config as configuration
from hub.app import create_app
from hub.db.engine import db, read_only_session
from hub.errors import HubError
from hub.models import Posting, Run
from hub.qbo import transport
from hub.qbo.client import Client
from hub.scheduling import folder_lock, run_log, runner
from qbo_sandbox.kit.server import Server
from tests.support.processes.shared_clock import SharedClock
from tests.support.runs.hub_environment import INTUIT, SECRET_KEY, VAULT_KEYS
from tests.support.runs.shared_compilation import share_statements

# How long a request may be under way and then be pending. The quiet time is longer.
MAX_REQUEST_AGE = 20.0
LATE_SECONDS = 12.0
SHORT_TIME_LIMITS = {
    "HUB_DEADLINE_SECONDS": "20",
    "HUB_LEASE_SECONDS": "26",
    "HUB_QUIET_SECONDS": "40",
}
LEASE = 26.0
MAX_STOP_SECONDS = 600.0
TIME_LIMIT = 700  # real seconds
CHECK_INTERVAL_SECONDS = 0.01  # real seconds between two checks
TRANSACTION_STEP = 0.2  # virtual seconds per check while a transaction is open
SETTLE_SECONDS = 10.0  # after which postings in flight belong to a stopped worker
WORKERS_FOLDER = "f" * 64  # identity of the data folder that all workers report
OPEN = ("ready", "sending", "unknown", "waiting")
# The moments in a send at which a worker is stopped.
BEFORE_THE_DEADLINE = "before it looks at its deadline"
BEFORE_THE_BYTES = "between that and the first byte"
CARRIED_OUT_LATE = "under way, carried out late"
ANSWER_HELD = "under way, its answer held"
ANSWER_READ = "with the answer read and not written"
IN_TRANSACTION = "within the transaction that writes the result"
WRITTEN = "with the result written"
MOMENTS = (BEFORE_THE_DEADLINE, CARRIED_OUT_LATE, ANSWER_HELD, ANSWER_READ, IN_TRANSACTION, WRITTEN)


class SendStopper:
    """A controller in a worker that stops the process in every `every`-th send.

    It uses each of the moments in turn.
    """

    def __init__(
        self, moments: Sequence[str], every: int, first: int, clock: SharedClock, note: Path
    ) -> None:
        self.clock, self.note = clock, note
        self.moments, self.every = itertools.islice(itertools.cycle(moments), first, None), every
        self.sends, self.owed = first, ""
        self.strict = BEFORE_THE_BYTES not in moments  # otherwise only the key prevents a duplicate
        self._lock = threading.Lock()
        self._thread = threading.local()
        self._wrap(Client, "_exchange", self._send)
        self._wrap(transport, "send", self._send_over_wire)
        self._wrap(db.engine.dialect, "do_commit", self._commit)
        if db.engine.dialect.name == "sqlite":
            self._wrap(db.engine.dialect, "do_begin", self._begin)
        else:
            event.listen(db.engine, "begin", lambda connection: self._hold(connection, True))
        event.listen(db.engine, "rollback", lambda connection: self._hold(connection, False))

    def _begin(self, function: Callable[..., Any], connection: Any) -> None:
        """Hold once a writer has its lock; read-only transactions use another dialect."""
        function(connection)
        self.clock.hold(True)

    def _hold(self, connection: Any, holds: bool) -> None:
        if not connection.get_execution_options().get("hub_reading"):
            self.clock.hold(holds)

    def _wrap(self, owner: Any, name: str, around: Callable[..., Any]) -> None:
        function = getattr(owner, name)
        setattr(owner, name, lambda *args, **options: around(function, *args, **options))

    def _stop(self, moment: str) -> None:
        self.note.write_text(moment)
        os.kill(os.getpid(), signal.SIGSTOP)

    def _next_moment(self) -> str:
        with self._lock:
            self.sends += 1
            return next(self.moments) if self.sends % self.every == 0 else ""

    def _send(self, function: Callable[..., Any], client: Client, call: Any, *more: Any) -> Any:
        self._thread.moment = moment = self._next_moment() if call.writes else ""
        if moment == BEFORE_THE_DEADLINE:
            self._stop(moment)
        if moment in (IN_TRANSACTION, WRITTEN):
            self.owed = moment
        self._thread.began = self.clock.monotonic()
        return function(client, call, *more)

    def _send_over_wire(self, function: Callable[..., Any], request: Any, **options: Any) -> Any:
        moment = getattr(self._thread, "moment", "")
        if moment == BEFORE_THE_BYTES:
            self._stop(moment)
        if moment in (CARRIED_OUT_LATE, ANSWER_HELD):
            self.note.write_text(moment)
            request.headers["X-Stop"] = f"{os.getpid()} {moment}"
        if self.strict and "requestid=" in request.url:
            request.headers["X-Began"] = str(self._thread.began)
        reply = function(request, **options)
        if moment == ANSWER_READ:
            self._stop(moment)
        return reply

    def _commit(self, function: Callable[..., Any], connection: Any) -> None:
        owed = self.owed if threading.current_thread() is threading.main_thread() else ""
        if owed:
            self.owed = ""
        if owed == IN_TRANSACTION:
            self._stop(owed)
        function(connection)
        self.clock.hold(False)
        if owed == WRITTEN:
            self._stop(owed)


@dataclass
class Stop:
    """A stop of a worker: since when, and how many postings left in flight others took over."""

    moment: str
    since: float
    holds: bool  # has an open transaction for which the others wait
    waits: bool  # waits until another worker has taken over
    lasted: float = 0.0
    in_flight: set[tuple[int, str]] = field(default_factory=set)
    taken_over: int = 0

    def future_ends(self, now: float) -> list[float]:
        """Return the times at which the stop may have an effect or end."""
        ends = [self.since + lasted for lasted in (SETTLE_SECONDS, LEASE, MAX_STOP_SECONDS)]
        return [end for end in ends if end > now]


class WorkerGroup:
    """Workers of one company and the stand-in they post to, until all postings are finished."""

    def __init__(
        self, app: Flask, quickbooks: Any, clock: SharedClock, folder: Path, installation_id: int
    ) -> None:
        self.app, self.quickbooks, self.clock, self.folder = app, quickbooks, clock, folder
        self.installation_id = installation_id
        self._setting = threading.Lock()
        self._calls: dict[int, float] = {}  # by thread: the time until which a call is pending
        self.stops: list[Stop] = []

    def run(
        self, workers: int, every: int, moments: Sequence[str] = MOMENTS, alone: bool = True
    ) -> list[str]:
        """Run workers and return their errors.

        With `alone`, each acts as if the others' leases had expired.
        """
        self._alone = alone
        self.server = Server(self._answer)
        db.engine.dispose()
        pids = [self._start(number, every, moments, alone) for number in range(workers)]
        try:
            self.server.start()
            codes = self._watch(pids)
        finally:
            for pid in pids:
                _kill_running(pid)
            self.server.stop()
        reports = [
            json.loads((self.folder / f"{number}.json").read_text()) for number in range(workers)
        ]
        assert codes == [0] * workers, [report["trace"] for report in reports]
        return [text for report in reports for text in report["errors"]]

    def _answer(self, environ: dict[str, Any], start: Any) -> Any:
        """Answer for the stand-in; stop the caller meanwhile if asked, and reject late requests."""
        self._calls[threading.get_ident()] = 0.0
        try:
            return self._answer_or_reject(environ, start)
        finally:
            del self._calls[threading.get_ident()]

    def _answer_or_reject(self, environ: dict[str, Any], start: Any) -> Any:
        pid, _, moment = environ.get("HTTP_X_STOP", "").partition(" ")
        if pid:
            os.kill(int(pid), signal.SIGSTOP)
        if self.clock.monotonic() - float(environ.get("HTTP_X_BEGAN", "inf")) > MAX_REQUEST_AGE:
            start("504 Gateway Timeout", [("Content-Type", "text/plain")])
            return [b"too late"]
        if moment == CARRIED_OUT_LATE:
            self._calls[threading.get_ident()] = self.clock.monotonic() + LATE_SECONDS
            self.clock.sleep(LATE_SECONDS)
        with self._setting:
            self.quickbooks.clock.set(self.clock.now().timestamp())
        return self.quickbooks.wsgi(environ, start)

    def _watch(self, pids: Sequence[int]) -> list[int]:
        """Continue each stopped worker when its time is over, until all have ended."""
        codes: dict[int, int] = {}
        stopped: dict[int, Stop] = {}
        end = time.monotonic() + TIME_LIMIT
        while len(codes) < len(pids):
            for pid in set(pids) - set(codes):
                waited_pid, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
                if waited_pid and os.WIFSTOPPED(status):
                    stopped[pid] = self._read_stop(pid, pids.index(pid) + 1)
                    self.stops.append(stopped[pid])
                elif waited_pid:
                    codes[pid] = os.waitstatus_to_exitcode(status)
            self._continue_stopped(stopped, alone=len(stopped) == len(pids) - len(codes))
            working = [place for place, pid in enumerate(pids, 1) if pid not in codes | stopped]
            self._pass_time(working, stopped.values())
            time.sleep(CHECK_INTERVAL_SECONDS)
            if time.monotonic() > end:
                _print_stacks(pids)
                late = (
                    f"of workers {pids} only {codes} have ended; {stopped} are stopped, "
                    f"{working} not; {count_by_state()}"
                )
                raise AssertionError(late)
        return [codes[pid] for pid in pids]

    def _continue_stopped(self, stopped: dict[int, Stop], alone: bool) -> None:
        under_way = postings_in_flight() if stopped else set()
        for pid in [pid for pid, stop in stopped.items() if self._is_over(stop, alone, under_way)]:
            del stopped[pid]
            os.kill(pid, signal.SIGCONT)

    def _pass_time(self, working: Sequence[int], stops: Collection[Stop]) -> None:
        """Jump to the next event if all workers and pending calls only wait."""
        now = self.clock.monotonic()
        calls = list(self._calls.values())
        waits = [self.clock.until(place) for place in working] + calls
        if all(until > now for until in waits):
            events = waits + [end for stop in stops for end in stop.future_ends(now)]
            self.clock.jump(min(events, default=now) + CHECK_INTERVAL_SECONDS)
        elif any(stop.holds for stop in stops) and all(until > now for until in calls):
            self.clock.jump(now + TRANSACTION_STEP)

    def _read_stop(self, pid: int, place: int) -> Stop:
        moment, holds = (self.folder / f"{pid}").read_text(), self.clock.holds(place)
        waits = self._alone and not holds and len(self.stops) % 4 != 3  # some continue earlier
        return Stop(moment, self.clock.monotonic(), holds, waits)

    def _is_over(self, stop: Stop, alone: bool, under_way: set[tuple[int, str]]) -> bool:
        """Return whether a stop is over: after the lease, and if needed after a takeover."""
        stop.lasted = self.clock.monotonic() - stop.since
        if not stop.in_flight and stop.lasted > SETTLE_SECONDS:
            stop.in_flight = under_way
        if stop.lasted <= LEASE:
            return False
        may_be_taken_over = stop.waits and not alone and stop.in_flight & under_way
        if may_be_taken_over and stop.lasted <= MAX_STOP_SECONDS:
            return False
        stop.taken_over = len(stop.in_flight - under_way)
        return True

    def _start(self, number: int, every: int, moments: Sequence[str], alone: bool) -> int:
        child = os.fork()
        if child == 0:
            report: dict[str, Any] = {"errors": [], "trace": ""}
            self.clock.place = number + 1
            faulthandler.enable(2)
            if alone:  # lease files are separate; the database sees one data folder
                folder_lock.identify_folder = lambda data: WORKERS_FOLDER  # type: ignore[assignment]
            try:
                with self._open_app(number if alone else 0).app_context():
                    SendStopper(
                        moments, every, number * 3, self.clock, self.folder / f"{os.getpid()}"
                    )
                    report["errors"] = list(self._post())
                    db.engine.dispose()
            except BaseException:
                report["trace"] = traceback.format_exc()
            finally:
                (self.folder / f"{number}.json").write_text(json.dumps(report))
                os._exit(1 if report["trace"] else 0)
        return child

    def _open_app(self, number: int) -> Flask:
        config = self.app.extensions["hub"].config
        data = self.folder / f"data-{number}"
        data.mkdir(mode=0o700, exist_ok=True)
        url = self.server.url
        to = {"HUB_QBO_API_URL": url, "HUB_QBO_TOKEN_URL": f"{url}/oauth2/v1/tokens/bearer"}
        keys = {"HUB_SECRET_KEY": SECRET_KEY, "HUB_VAULT_KEYS": VAULT_KEYS}
        environ = {"HUB_DATA": str(data), "HUB_DATABASE_URL": config.database_url, **keys}
        plugins = self.app.extensions["hub"].plugins
        loaded = configuration.load(environ | INTUIT | SHORT_TIME_LIMITS | to)
        app = create_app(loaded, plugins=plugins, clock=self.clock, pages=False)
        share_statements(app)
        return app

    def _post(self) -> Iterator[str]:
        """Post as the engine does until nothing is left; yield the errors."""
        while count_open():
            try:
                run_id = run_log.request("post", self.installation_id, "engine")
                runner.execute(run_id)
                yield from run_errors(run_id)
            except HubError as error:
                yield error.text
            self.clock.sleep(5)


def run_errors(run_id: int) -> list[str]:
    """Return the error of a run, if any."""
    with read_only_session() as session:
        error = session.get_one(Run, run_id).error
    return [error] if error else []


def count_open() -> int:
    """Return the number of unfinished postings."""
    with read_only_session() as session:
        return (
            session.scalar(select(func.count()).select_from(Posting).where(Posting.state.in_(OPEN)))
            or 0
        )


def postings_in_flight() -> set[tuple[int, str]]:
    """Return the postings under way or in doubt, with the fence of their claim."""
    with read_only_session() as session:
        under_way = select(Posting.id, Posting.fence).where(
            Posting.state.in_(("sending", "unknown"))
        )
        return {(id, str(fence)) for id, fence in session.execute(under_way)}


def count_by_state() -> Counter[tuple[str, str]]:
    """Count the postings by state and reason."""
    with read_only_session() as session:
        return Counter(
            (posting.state, posting.reason) for posting in session.scalars(select(Posting))
        )


def _print_stacks(pids: Sequence[int]) -> None:
    """Abort workers so that each prints its stack."""
    for pid in pids:
        for number in (signal.SIGABRT, signal.SIGCONT):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
    time.sleep(1)


def _kill_running(pid: int) -> None:
    """Kill a worker that still runs."""
    with suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0] == 0:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
