"""Leases as locks of the operating system, which releases them when the process ends."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from filelock import FileLock, Timeout

from hub.context import current, may_end
from hub.errors import Busy, FolderUnavailable

POLL_SECONDS = 0.2
WaitNotice = Callable[[str], None]


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
        may_end()
        current().clock.sleep(POLL_SECONDS)
        lock = take(name)
    try:
        yield
    finally:
        lock.release()


def company_lock(
    company_id: int, *, wait: bool, on_wait: WaitNotice | None = None
) -> AbstractContextManager[None]:
    """Hold the lock of a company: only one process at a time sends its postings."""
    return lease(f"company-{company_id}", "This company", wait=wait, on_wait=on_wait)


def take(name: str) -> FileLock | None:
    """Return the acquired lock, or None if another process or thread has it.

    It is held until it is released or this process ends.
    """
    folder = current().config.data / "locks"
    lock = FileLock(folder / f"{name}.lock", thread_local=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        return None
    except OSError as error:
        raise FolderUnavailable(lock.lock_file, error) from error
    return lock
