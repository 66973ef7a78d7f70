"""A lock beside an SQLite file, shared by the processes of one data folder and denied to others.

The operating system releases it when the last of these processes ends, and with it end the requests
that they had under way. A database in memory has no lock, because no other process sees it.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.engine import URL

from hub.errors import FolderUnavailable

FILE_MODE = 0o600


class LockingFolder(NamedTuple):
    """The data folder whose processes held the lock last."""

    folder: str
    place: str


def find_lock_file(url: URL) -> Path | None:
    """Return where the lock of a database is; None if it is not a file that others may open."""
    name = url.database
    if url.get_backend_name() != "sqlite" or not name or name.startswith((":", "file:")):
        return None
    path = Path(name).resolve()  # one file, whatever links lead to it
    return path.parent / "locks" / f"{path.name}.folder"


class DatabaseFileLock:
    """The lock of one process; `own` is its data folder."""

    def __init__(self, path: Path, own: LockingFolder) -> None:
        self._path = path
        self._own = own
        self._file: int | None = None

    def take(self) -> bool:
        """Get the lock unless another folder has it; return whether this process has it."""
        if self._file is None:
            with self._exclude_others():
                self._file = self._lock()
        return self._file is not None

    def is_held(self) -> bool:
        """Return whether this process has the lock."""
        return self._file is not None

    def close(self) -> None:
        """Release the lock; a process that was forked from this one keeps its own hold of it."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def find_other(self) -> LockingFolder | None:
        """Return the other data folder that has the lock now; None if there is none."""
        if self._file is not None or not self._path.exists():
            return None
        with self._exclude_others():
            file = self._lock()
            if file is None:
                return self._read()
            os.close(file)
        return None

    def _lock(self) -> int | None:
        """Open and lock the file, and write who has it; return None if another folder has it."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, FILE_MODE)
        is_kept = False
        try:
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.ftruncate(file, 0)
                os.pwrite(file, json.dumps(self._own).encode(), 0)
                is_kept = True
            if not is_kept:  # held, but maybe by processes of the same folder
                holder = self._read()
                is_kept = holder is not None and holder.folder == self._own.folder
            if is_kept:
                fcntl.flock(file, fcntl.LOCK_SH)
        finally:
            if not is_kept:
                os.close(file)
        return file if is_kept else None

    def _read(self) -> LockingFolder | None:
        """Return who holds the lock; None if it was not written completely."""
        with suppress(OSError, ValueError, TypeError):
            return LockingFolder(*json.loads(self._path.read_bytes()))
        return None

    @contextmanager
    def _exclude_others(self) -> Iterator[None]:
        """Keep other processes from taking the lock meanwhile, which takes several steps.

        Raise FolderUnavailable if the file cannot be written.
        """
        mutex = None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            mutex = os.open(self._path.with_suffix(".mutex"), os.O_RDWR | os.O_CREAT, FILE_MODE)
            fcntl.flock(mutex, fcntl.LOCK_EX)
            yield
        except OSError as error:
            raise FolderUnavailable(self._path, error) from error
        finally:
            if mutex is not None:
                os.close(mutex)
