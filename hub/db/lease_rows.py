"""Leases as rows of the database, for processes on several machines.

A lease has a holder, a fence that grows with each holder, and a heartbeat that a thread of the
holder renews. All times come from the database's clock. If a heartbeat is older than the duration
of the lease, its holder has ended or is frozen. A successor then ends the database sessions of the
holder, so that no lock and no open transaction is left, and takes the lease with the next fence. A
holder that continues later finds its fence outdated and ends its work.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app
from sqlalchemy import Connection, Row, text
from sqlalchemy.orm import Session

from hub.db.coordination import application_name, process_coordination, this_process
from hub.errors import DatabaseUnavailable, LeaseLost

MAX_HEARTBEAT_SECONDS = 10.0
HEARTBEATS_PER_LEASE = 5
SESSION_END_MILLISECONDS = 5000  # how long to wait until a session has ended
# A lease that its own process holds, but no longer uses, was not released because of an error.
_TAKE = text(
    "INSERT INTO lease AS held (name, holder, fence, heartbeat_at, backend_pid, backend_start)"
    " VALUES (:name, :process, 1, clock_timestamp(), pg_backend_pid(),"
    " (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()))"
    " ON CONFLICT (name) DO UPDATE SET"
    " holder = excluded.holder, fence = held.fence + 1, heartbeat_at = clock_timestamp(),"
    " backend_pid = excluded.backend_pid, backend_start = excluded.backend_start"
    " WHERE held.holder IN ('', :process)"
    " OR (held.holder = :expired"
    " AND held.heartbeat_at < clock_timestamp() - make_interval(secs => :seconds))"
    " RETURNING fence"
)
# Reading waits for nobody: a frozen holder may have locked the row in an open transaction.
_SELECT_HOLDER = text(
    "SELECT holder, backend_pid, backend_start,"
    " heartbeat_at < clock_timestamp() - make_interval(secs => :seconds) AS is_expired"
    " FROM lease WHERE name = :name AND holder NOT IN ('', :process)"
)
_END_SESSIONS = text(
    "SELECT pg_terminate_backend(pid, :patience) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND (application_name = :application OR (pid = :pid AND backend_start = :start))"
)
_RELEASE = text(
    "UPDATE lease SET holder = '' WHERE name = :name AND holder = :process AND fence = :fence"
)
_RENEW = text(
    "UPDATE lease SET heartbeat_at = clock_timestamp(), backend_pid = pg_backend_pid(),"
    " backend_start = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())"
    " WHERE name IN (SELECT name FROM lease WHERE holder = :process AND name = ANY(:names)"
    " ORDER BY name FOR UPDATE) RETURNING name, fence"
)
# In a transaction of the work that the lease protects: nobody takes it before that has ended.
_CONFIRM = text(
    "UPDATE lease SET heartbeat_at = clock_timestamp()"
    " WHERE holder = :process AND name = :name AND fence = :fence RETURNING fence"
)
_SELECT_HELD = text(
    "SELECT name FROM lease WHERE holder <> ''"
    " AND heartbeat_at >= clock_timestamp() - make_interval(secs => :seconds)"
)
log = logging.getLogger("hub")


@dataclass(eq=False)
class RowLease:
    """A lease that this process holds, until `release` or until another process takes it."""

    name: str
    fence: int
    rows: "LeaseRows"
    is_lost: bool = False

    def release(self) -> None:
        """Release the lease, unless it was lost."""
        self.rows.release(self)


class LeaseRows:
    """The leases of this process, and the thread that renews them."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._process = this_process().process
        self._seconds = this_process().config.lease_seconds
        self._guard = threading.Lock()
        self._leases: dict[str, RowLease] = {}
        self._unreleased: dict[str, RowLease] = {}
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()

    @property
    def heartbeat_seconds(self) -> float:
        """Return how often the leases are renewed."""
        return min(MAX_HEARTBEAT_SECONDS, self._seconds / HEARTBEATS_PER_LEASE)

    def take(self, name: str) -> RowLease | None:
        """Take a lease and return it; None if another process or thread has it.

        A lease is taken from a holder that has sent no heartbeat for too long.
        """
        with self._guard, process_coordination().connection() as connection:
            if name in self._leases:
                return None
            values: dict[str, Any] = {
                "name": name,
                "process": self._process,
                "seconds": self._seconds,
            }
            holder = connection.execute(_SELECT_HOLDER, values).first()
            if holder is not None and not holder.is_expired:
                return None
            if holder is not None:
                self._end_sessions(connection, name, holder)
            values["expired"] = None if holder is None else holder.holder
            fence = connection.scalar(_TAKE, values)
            if fence is None:
                return None
            lease = RowLease(name, fence, self)
            self._leases[name] = lease
            self._unreleased.pop(name, None)
            self._start_heartbeats()
            return lease

    def release(self, lease: RowLease) -> None:
        """Release a lease; if the database is not available, the thread does it later."""
        with self._guard:
            if self._leases.get(lease.name) is lease:
                del self._leases[lease.name]
        if lease.is_lost:
            return
        try:
            self._release_row(lease)
        except DatabaseUnavailable:
            with self._guard:
                self._unreleased[lease.name] = lease
                self._start_heartbeats()

    def renew(self) -> None:
        """Renew the heartbeats of all leases of this process in one statement; note lost ones."""
        with self._guard:
            leases = dict(self._leases)
            unreleased_leases = list(self._unreleased.values())
        for lease in unreleased_leases:
            self._release_row(lease)
            with self._guard:  # a later lease of the same name may wait for its release by now
                if self._unreleased.get(lease.name) is lease:
                    del self._unreleased[lease.name]
        if not leases:
            return
        values = {"process": self._process, "names": list(leases)}
        with process_coordination().connection() as connection:
            rows = connection.execute(_RENEW, values).all()
        fences: dict[str, int] = {row.name: row.fence for row in rows}
        with self._guard:  # one that was released meanwhile is not lost
            own_leases = [
                lease for lease in leases.values() if self._leases.get(lease.name) is lease
            ]
        for lease in own_leases:
            if fences.get(lease.name) != lease.fence:
                self._note_loss(lease)

    def require(self, lease: RowLease) -> None:
        """Raise LeaseLost if another process has taken the lease meanwhile."""
        if not lease.is_lost:
            with process_coordination().connection() as connection:
                fence = connection.scalar(_CONFIRM, self._build_lease_values(lease))
            if fence is None:
                self._note_loss(lease)
        if lease.is_lost:
            raise LeaseLost(lease.name)

    def confirm(self, session: Session, lease: RowLease) -> None:
        """Raise LeaseLost unless the lease is held; nobody takes it before the transaction ends."""
        fence = session.connection().scalar(_CONFIRM, self._build_lease_values(lease))
        if fence is None:
            self._note_loss(lease)
            raise LeaseLost(lease.name)

    def held_names(self) -> set[str]:
        """Return the names of the leases that some process holds and renews."""
        with process_coordination().connection() as connection:
            return set(connection.scalars(_SELECT_HELD, {"seconds": self._seconds}))

    def stop_heartbeats(self) -> None:
        """End the thread; leases that are still held expire."""
        thread = self._thread
        with self._guard:
            self._leases.clear()
            self._unreleased.clear()
        self._wake.set()
        if thread is not None:
            thread.join()

    def _end_sessions(self, connection: Connection, name: str, holder: Row[Any]) -> None:
        """End the database sessions of a holder that gives no sign of life, and log it."""
        ended_count = end_sessions(connection, holder)
        log.warning(
            "The process %s has not renewed its lease %s for %g s: this one takes it, and ended %d"
            " database sessions of that process.",
            holder.holder,
            name,
            self._seconds,
            ended_count,
        )

    def _release_row(self, lease: RowLease) -> None:
        with process_coordination().connection() as connection:
            connection.execute(_RELEASE, self._build_lease_values(lease))

    def _note_loss(self, lease: RowLease) -> None:
        lease.is_lost = True
        with self._guard:
            if self._leases.get(lease.name) is lease:
                del self._leases[lease.name]
        log.warning("The lease %s of this process was taken by another one.", lease.name)

    def _build_lease_values(self, lease: RowLease) -> dict[str, Any]:
        return {"process": self._process, "name": lease.name, "fence": lease.fence}

    def _start_heartbeats(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._wake.clear()
            self._thread = threading.Thread(
                target=self._renew_regularly, name="leases", daemon=True
            )
            self._thread.start()

    def _renew_regularly(self) -> None:
        """Renew the leases until there are none."""
        with self._app.app_context():
            while not self._wake.wait(self.heartbeat_seconds):
                with suppress(DatabaseUnavailable):  # the next heartbeat tries again
                    self.renew()
                with self._guard:
                    if not self._leases and not self._unreleased:
                        self._thread = None
                        return


class _Thread(threading.local):
    """The leases that protect the work of this thread."""

    def __init__(self) -> None:
        self.leases: list[RowLease] = []


_thread = _Thread()
_creation = threading.Lock()


@contextmanager
def protect_work(lease: RowLease) -> Iterator[None]:
    """Protect the work of this thread by a lease: `require_all` and `confirm_all` check it."""
    _thread.leases.append(lease)
    try:
        yield
    finally:
        _thread.leases.remove(lease)


def require_all() -> None:
    """Raise LeaseLost if another process has taken a lease that this thread works under."""
    for lease in _thread.leases:
        lease.rows.require(lease)


def confirm_all(session: Session) -> None:
    """Keep the leases of this thread until the transaction has ended; raise LeaseLost otherwise.

    Rows are locked in the order of their names, as the heartbeats do, so that there is no deadlock.
    """
    for lease in sorted(_thread.leases, key=lambda lease: lease.name):
        lease.rows.confirm(session, lease)


def end_sessions(connection: Connection, holder: Row[Any]) -> int:
    """End the database sessions of the holder of a lease, and return their number.

    The row has `holder`, `backend_pid` and `backend_start`. If the holder is this process, only the
    session that took the lease is ended: it is a coordination connection that was lost.
    """
    is_own = holder.holder == this_process().process
    values = {
        "patience": SESSION_END_MILLISECONDS,
        "application": None if is_own else application_name(holder.holder),
        "pid": holder.backend_pid,
        "start": holder.backend_start,
    }
    return len(connection.scalars(_END_SESSIONS, values).all())


def process_leases() -> LeaseRows:
    """Return the leases of this process; create them on first use."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    with _creation:
        if "hub.lease_rows" not in app.extensions:
            app.extensions["hub.lease_rows"] = LeaseRows(app)
    rows: LeaseRows = app.extensions["hub.lease_rows"]
    return rows
