"""Let the processes of one data folder at a time work on a database.

Locks, rate limits and send counters are in the data folder, so processes of two folders would not
see each other: both would run the schedules, and each would close the other's runs. Every process
that works therefore holds a lock of its folder, and gets it only while no process of another folder
holds one. On SQLite it is a lock beside the file. On PostgreSQL it is an advisory lock, on a
connection of its own.

That lock ends with its connection, although the process may live on and still have requests under
way. If a folder did not release it in order, the next one waits for HUB_LEASE_SECONDS before
it works. That is longer than a request can take, and a process that lost its lock ends its runs at
their next step unless it gets the lock back.

In the distributed engine all processes share one identity instead of that of a folder: they work
together, because their locks are rows of the database, and processes of the embedded engine stay
out.
"""

import datetime as dt
import hashlib
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from flask import current_app
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from hub.config import Config
from hub.context import current_hub, raise_if_ending
from hub.db import coordination
from hub.db.engine import (
    CLIENT_KEEPALIVES,
    SERVER_KEEPALIVES,
    db,
    insert,
    read_only_session,
    transaction,
    translate_errors,
)
from hub.errors import DatabaseUnavailable, OtherFolderActive, Sentence
from hub.models import ActiveFolder
from hub.scheduling.database_file_lock import DatabaseFileLock, LockingFolder, find_lock_file
from hub.scheduling.leases import POLL_SECONDS, WaitNotice

ROW_ID = 1  # the id of the only row
# The identity that all machines of the distributed engine share.
DISTRIBUTED_FOLDER = hashlib.sha256(b"distributed").hexdigest()
DISTRIBUTED_PLACE = "HUB_ENGINE=distributed"
MAX_PLACE_LENGTH = 500
LOCK_CLASS = 0x68756271  # the first key of the advisory locks
# The second key while a process counts the locks of others; otherwise it is that of a folder.
MUTEX_KEY = 0
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# If a process is frozen while it holds the mutex, the server ends its session after this time.
MUTEX_SECONDS = 20
CONNECT_ARGUMENTS = {
    **CLIENT_KEEPALIVES,
    "options": (
        f"{SERVER_KEEPALIVES} -c lock_timeout={coordination.STATEMENT_SECONDS}s"
        f" -c idle_in_transaction_session_timeout={MUTEX_SECONDS}s"
    ),
}
COUNT_LOCKS = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"
    " AND classid = :class"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
log = logging.getLogger("hub")


@dataclass(frozen=True)
class Standby:
    """The reason why this process must not work on the database now."""

    place: str  # machine and path of the data folder that works on it, or did
    since: dt.datetime | None
    # How long until this folder takes over from one that ended without releasing the database.
    seconds: float | None = None

    @property
    def subject(self) -> str:
        """Return the other folder as the subject of a sentence."""
        if self.place == DISTRIBUTED_PLACE:
            return Sentence("A hub with %(setting)s", setting=DISTRIBUTED_PLACE)
        if self.place:
            return Sentence("The data folder %(place)s", place=self.place)
        return Sentence("Another data folder")

    @property
    def text(self) -> str:
        """Explain why this process stands by, and when it takes over."""
        if self.seconds is not None:
            return Sentence(
                "%(folder)s worked on this database and ended without saying so. This one takes"
                " over in %(seconds)s s.",
                folder=self.subject,
                seconds=f"{self.seconds:.0f}",
            )
        since = f" (since {self.since:%Y-%m-%d %H:%M}Z)" if self.since else ""
        return Sentence(
            "%(folder)s works on this database%(since)s. This one stands by and takes over when"
            " that one has ended.",
            folder=self.subject,
            since=since,
        )


class FolderLock:
    """The right of this process to work on its database."""

    def __init__(self, config: Config, url: URL, application_name: str) -> None:
        self.folder = DISTRIBUTED_FOLDER if config.is_distributed else identify_folder(config.data)
        self.place = DISTRIBUTED_PLACE
        if not config.is_distributed:
            self.place = f"{socket.gethostname()}:{config.data}"[:MAX_PLACE_LENGTH]
        self._lock: AdvisoryLock | None = None
        self._file_lock: DatabaseFileLock | None = None
        if url.get_backend_name() == "postgresql":
            self._lock = AdvisoryLock(url, self.folder, application_name)
        elif path := find_lock_file(url):
            self._file_lock = DatabaseFileLock(path, LockingFolder(self.folder, self.place))
        self._guard = threading.RLock()
        self._users = 0
        # On the monotonic clock; set while an earlier folder may still be at work.
        self._lease_ends: float | None = None

    def claim(self) -> Standby | None:
        """Get the lock, or check that it is still held; return None if this process may work."""
        if self._lock is None:
            return self._claim_file()
        with self._guard, translate_errors():
            if not self._lock.is_held():
                self._lease_ends = None
                if not self._lock.take():
                    return self.other_folder() or Standby("", None)
                self._enter()
            return self._wait_for_lease()

    def _claim_file(self) -> Standby | None:
        """Get the lock beside an SQLite file; return None if this process may work."""
        if self._file_lock is None:
            return None
        with self._guard:
            if self._file_lock.take():
                return None
            return self.other_folder() or Standby("", None)

    def require(self) -> None:
        """Raise OtherFolderActive if the lock was lost and another data folder has it now."""
        if standby := self.claim():
            raise OtherFolderActive(standby.subject)

    @contextmanager
    def use(self, *, wait: bool = False, on_wait: WaitNotice | None = None) -> Iterator[None]:
        """Hold the lock during a run; raise OtherFolderActive if another data folder has it.

        `wait` waits for the lease of a folder that ended without releasing the database.
        """
        with self._guard:
            self._users += 1
        try:
            self._claim_in_time(wait=wait, on_wait=on_wait)
            yield
        finally:
            self.release()

    def hold(self) -> None:
        """Keep the lock between runs, once `claim` has got it, until `release`."""
        with self._guard:
            self._users += 1

    def release(self) -> None:
        """Release the lock, unless something else in this process still uses it."""
        with self._guard:
            self._users -= 1
            if self._users:
                return
            if self._file_lock is not None:
                self._file_lock.close()
            if self._lock is None:
                return
            with suppress(DBAPIError, DatabaseUnavailable):
                if self._lease_ends is None and self._lock.is_held():
                    self._lock.release(before_last=self._note_release)
            self._lock.close()

    def other_folder(self) -> Standby | None:
        """Return the other data folder that is the active one; None if there is none."""
        if self._file_lock is not None:
            with self._guard:
                holder = self._file_lock.find_other()
            return Standby(holder.place, None) if holder else None
        if self._lock is None:
            return None
        with read_only_session() as session:
            row = session.get(ActiveFolder, ROW_ID)
        if row is None or row.released_at or self._is_own(row):
            return None
        return Standby(row.place, row.since)

    def _claim_in_time(self, *, wait: bool, on_wait: WaitNotice | None) -> None:
        """Get the lock; with `wait`, wait for the lease of a folder that has ended.

        Raise OtherFolderActive if another folder is at work.
        """
        while standby := self.claim():
            if not wait or standby.seconds is None:
                raise OtherFolderActive(standby.subject)
            if on_wait:
                on_wait(standby.text.rstrip("."))
                on_wait = None
            raise_if_ending()
            current_hub().clock.sleep(POLL_SECONDS)

    def _enter(self) -> None:
        """Become the active folder, or wait if the last one may still have requests under way."""
        with transaction() as session:
            row = session.get(ActiveFolder, ROW_ID)
            is_free = row is None or row.released_at is not None
            if row is None or is_free or self._is_own(row):
                self._become_active(session, row)
                return
        lease = current_hub().config.lease_seconds
        self._lease_ends = current_hub().clock.monotonic() + lease

    def _wait_for_lease(self) -> Standby | None:
        """Return why this folder waits for the lease of an earlier one; None if it may work.

        Once the lease is over, this folder becomes the active one.
        """
        if self._lease_ends is None:
            return None
        seconds_left = self._lease_ends - current_hub().clock.monotonic()
        with transaction() as session:
            row = session.get(ActiveFolder, ROW_ID)
            if seconds_left > 0 and row is not None:
                return Standby(row.place, row.since, seconds_left)
            self._become_active(session, row)
        self._lease_ends = None
        return None

    def _become_active(self, session: Session, row: ActiveFolder | None) -> None:
        """Record this folder as the active one, unless it is recorded already."""
        now = current_hub().clock.now()
        if row is None:
            # Another process of this folder may be the first at the same time.
            values = {
                "id": ROW_ID,
                "folder": self.folder,
                "place": self.place,
                "since": now,
            }
            statement = insert(session, ActiveFolder).values(values).on_conflict_do_nothing()
            session.execute(statement)
            row = session.get_one(ActiveFolder, ROW_ID)
        if row.folder == self.folder and row.released_at is None:
            return
        row.folder = self.folder
        row.place = self.place
        row.since = now
        row.released_at = None

    def _note_release(self) -> None:
        """Record that this folder has ended its work, unless another one has taken over."""
        now = current_hub().clock.now()
        with transaction() as session:
            row = session.get(ActiveFolder, ROW_ID)
            if row is not None and row.folder == self.folder:
                row.released_at = now

    def _is_own(self, row: ActiveFolder) -> bool:
        """Return whether a row is of this folder.

        The identifier changes if the machine is restarted, and the path stays the same.
        """
        is_same_folder = row.folder == self.folder
        is_same_place = row.place == self.place
        return is_same_folder or is_same_place


class AdvisoryLock:
    """A PostgreSQL lock shared by the processes of one data folder and denied to other folders."""

    def __init__(self, url: URL, folder: str, application_name: str) -> None:
        self._engine = create_engine(
            url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args=coordination.build_connect_arguments(
                url, application_name, CONNECT_ARGUMENTS
            ),
        )
        coordination.limit_statements(self._engine)
        # Keys are whole numbers of 32 bits; 0 is the mutex.
        own_key = int(folder[:7], 16) + 1
        self._keys = {"class": LOCK_CLASS, "mutex": MUTEX_KEY, "own": own_key}
        self._connection: Connection | None = None
        self._is_taken = False

    def take(self) -> bool:
        """Get the lock unless another folder has one; return whether this one has it.

        The connection stays open for the next try.
        """
        try:
            connection = self._connection = self._connection or self._engine.connect()
            with self._exclude_others(connection):
                if connection.scalar(
                    text(f"{COUNT_LOCKS} AND objid NOT IN (:mutex, :own)"), self._keys
                ):
                    return False
                connection.execute(text("SELECT pg_advisory_lock_shared(:class, :own)"), self._keys)
        except DBAPIError:
            self.close()
            raise
        self._is_taken = True
        return True

    def is_held(self) -> bool:
        """Ask the server whether the connection, and with it the lock, is still there."""
        if not self._is_taken or self._connection is None:
            return False
        try:
            self._connection.execute(text("SELECT 1"))
        except DBAPIError:
            log.warning("The connection that held the lock of the data folder was lost.")
            self.close()
            return False
        return True

    def release(self, before_last: Callable[[], None]) -> None:
        """Release the lock; first call `before_last` if no other process of the folder holds it."""
        connection = self._connection
        assert connection is not None
        with self._exclude_others(connection):
            siblings = f"{COUNT_LOCKS} AND objid = :own AND pid <> pg_backend_pid()"
            if not connection.scalar(text(siblings), self._keys):
                before_last()
            connection.execute(text("SELECT pg_advisory_unlock_shared(:class, :own)"), self._keys)
        self._is_taken = False

    def close(self) -> None:
        """Close the connection, and with it release the lock."""
        connection, self._connection, self._is_taken = self._connection, None, False
        if connection is not None:
            with suppress(DBAPIError):
                connection.close()

    @contextmanager
    def _exclude_others(self, connection: Connection) -> Iterator[None]:
        """Keep every other process from taking or releasing a lock meanwhile.

        The mutex lasts as long as the transaction, which the server ends if this process is frozen.
        After an error the caller closes the connection, which releases the mutex too.
        """
        connection.execute(text("BEGIN"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:class, :mutex)"), self._keys)
        yield
        connection.execute(text("COMMIT"))


def process_lock() -> FolderLock:
    """Return the lock of this process; create it on first use."""
    extensions = current_app.extensions
    if "hub.folder_lock" not in extensions:
        name = coordination.application_name(current_hub().process)
        extensions["hub.folder_lock"] = FolderLock(current_hub().config, db.engine.url, name)
    lock: FolderLock = extensions["hub.folder_lock"]
    return lock


def identify_folder(data: Path) -> str:
    """Return an identifier of a data folder: its place on the disk of a running machine.

    A copy has another identifier, even on another machine under the same path. Containers that
    mount the same volume share it.
    """
    machine = BOOT_ID.read_text() if BOOT_ID.exists() else socket.gethostname()
    place = data.stat()
    return hashlib.sha256(f"{machine} {place.st_dev} {place.st_ino}".encode()).hexdigest()
