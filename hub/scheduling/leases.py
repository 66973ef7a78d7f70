"""Leases as locks of the operating system: they end with the process that held them, however it ended."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from filelock import FileLock, Timeout

from hub.context import current, may_end
from hub.errors import Busy, FolderUnavailable

POLL_SECONDS = 0.2
Waits = Callable[[str], None]


@contextmanager
def lease(
    name: str, what: str, *, wait: bool = False, waits: Waits | None = None
) -> Iterator[None]:
    """Holds `name` alone among all processes and threads; else raises Busy, or waits and says so once."""
    lock = take(name)
    if lock is None and not wait:
        raise Busy(what)
    if lock is None and waits:
        waits(f"{what} is in use by another process; waiting until that one has finished")
    while lock is None:
        may_end()
        current().clock.sleep(POLL_SECONDS)
        lock = take(name)
    try:
        yield
    finally:
        lock.release()


def company_lock(
    company_id: int, *, wait: bool, waits: Waits | None = None
) -> AbstractContextManager[None]:
    """Held while postings of a company are sent: one process drains a company."""
    return lease(f"company-{company_id}", "This company", wait=wait, waits=waits)


def take(name: str) -> FileLock | None:
    """The lock, until it is released or this process ends; None when another one has it."""
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
