"""Leases: one holder at a time among all processes.

In the embedded engine they are locks of the operating system, which releases them when the process
ends. In the distributed engine they are rows of the database.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from filelock import FileLock, Timeout

from hub.context import current_hub, raise_if_ending
from hub.db import lease_rows
from hub.db.lease_rows import RowLease
from hub.errors import Busy, FolderUnavailable

POLL_SECONDS = 0.2
WaitNotice = Callable[[str], None]


class HeldLease(Protocol):
    """A lease that this process holds."""

    def release(self) -> object:
        """Release the lease."""


@contextmanager
def lease(
    name: str, subject: str, *, wait: bool = False, on_wait: WaitNotice | None = None
) -> Iterator[None]:
    """Hold the lease `name` exclusively among all processes and threads.

    If it is held elsewhere, raise Busy, or with `wait` call `on_wait` once and wait.
    """
    lock = take(name)
    if lock is None and not wait:
        raise Busy(subject)
    if lock is None and on_wait:
        on_wait(f"{subject} is in use by another process; waiting until that one has finished")
    while lock is None:
        raise_if_ending()
        current_hub().clock.sleep(POLL_SECONDS)
        lock = take(name)
    work = lease_rows.protect_work(lock) if isinstance(lock, RowLease) else nullcontext()
    try:
        with work:
            yield
    finally:
        lock.release()


def company_lock(company_id: int, on_wait: WaitNotice) -> AbstractContextManager[None]:
    """Return a context manager that waits for the lease of a company and holds it.

    Only one process at a time sends the postings of a company.
    """
    return lease(f"company-{company_id}", "This company", wait=True, on_wait=on_wait)


def require() -> None:
    """Raise LeaseLost if another process has taken a lease that this thread works under."""
    lease_rows.require_all()


def take(name: str) -> HeldLease | None:
    """Acquire a lease and return it; None if another process or thread has it.

    The lease ends when it is released, when this process ends, or when the process gives no sign of
    life for too long.
    """
    if current_hub().config.is_distributed:
        return lease_rows.process_leases().take(name)
    return _take_file_lock(name)


def _take_file_lock(name: str) -> FileLock | None:
    folder = current_hub().config.data / "locks"
    lock = FileLock(folder / f"{name}.lock", thread_local=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        return None
    except OSError as error:
        raise FolderUnavailable(lock.lock_file, error) from error
    return lock
