"""The lock of an installation's secrets among all machines, released when its process ends."""

from contextlib import AbstractContextManager

from hub.db.coordination import advisory_lock


def installation_lock(installation_id: int, seconds: float) -> AbstractContextManager[None]:
    """Return a context manager that holds the lock.

    It raises Busy if the lock is not free within this time.
    """
    name = f"secrets of installation {installation_id}"
    return advisory_lock(name, f"The sign-in of installation {installation_id}", seconds)
