"""The lock of an installation's secrets among all machines, released when its process ends."""

from collections.abc import Iterator
from contextlib import contextmanager

from hub.context import current
from hub.db.coordination import process_coordination
from hub.errors import Busy

POLL_SECONDS = 0.2


@contextmanager
def installation_lock(installation_id: int, seconds: float) -> Iterator[None]:
    """Hold the lock; raise Busy if it is not free in so many seconds."""
    coordination = process_coordination()
    clock = current().clock
    name = f"secrets of installation {installation_id}"
    ends_at = clock.monotonic() + seconds
    while not coordination.try_lock(name):
        if clock.monotonic() >= ends_at:
            raise Busy(f"The sign-in of installation {installation_id}")
        clock.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        coordination.unlock(name)
