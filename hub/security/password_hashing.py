"""Hash few passwords at the same time: each hash takes 64 MB and a core for a moment.

Argon2id with the second recommendation of RFC 9106. Without a bound, sixteen guesses at the same
time would take a gigabyte and hold up every page.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hub.errors import Refused, Retry

ARGON2_PARAMETERS = {
    "argon2__time_cost": 3,  # passes
    "argon2__memory_cost": 65_536,  # KiB
    "argon2__parallelism": 4,
}
MAX_PASSWORD_LENGTH = 1000  # characters
MAX_PARALLEL_HASHES = 2  # hashes at the same time
MAX_WAITING = 4  # requests that wait for a slot; each holds a thread of the server
MAX_WAIT_SECONDS = 5.0  # seconds that a request waits for a slot


class PasswordRefused(Refused):
    """A text cannot be a new password; the sentence says why."""


class PasswordTooLong(PasswordRefused):
    """A password is longer than the hub hashes."""

    def __init__(self, max_length: int) -> None:
        super().__init__("A password has at most %(max_length)s characters.", max_length=max_length)


class BoundedHashing:
    """A context of passlib that hashes few passwords at the same time, and no overlong ones."""

    def __init__(
        self,
        context: Any,
        *,
        slots: int = MAX_PARALLEL_HASHES,
        max_waiting: int = MAX_WAITING,
        patience: float = MAX_WAIT_SECONDS,
    ) -> None:
        """Wrap a context; requests beyond `slots` and `max_waiting` are refused at once."""
        self._context = context
        self._slots = threading.BoundedSemaphore(slots)
        self._places = threading.BoundedSemaphore(slots + max_waiting)
        self._patience = patience

    def hash(self, secret: str | bytes, **options: Any) -> str:
        """Return the hash of a password."""
        with self._hold_slot(secret):
            return str(self._context.hash(secret, **options))

    def verify(self, secret: str | bytes, hash: str | bytes | None) -> bool:
        """Return whether a password has this hash."""
        with self._hold_slot(secret):
            return bool(self._context.verify(secret, hash))

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the context that this class does not have."""
        return getattr(self._context, name)

    @contextmanager
    def _hold_slot(self, secret: str | bytes) -> Iterator[None]:
        """Hold a slot; raise PasswordTooLong, or Retry if too many wait or none becomes free."""
        if len(secret) > MAX_PASSWORD_LENGTH:
            raise PasswordTooLong(MAX_PASSWORD_LENGTH)
        if not self._places.acquire(blocking=False):
            raise _build_busy_error(self._patience)
        try:
            if not self._slots.acquire(timeout=self._patience):
                raise _build_busy_error(self._patience)
            try:
                yield
            finally:
                self._slots.release()
        finally:
            self._places.release()


def _build_busy_error(after: float) -> Retry:
    """Return the error of a password that cannot be checked now."""
    return Retry("Too many passwords are being checked at the moment.", after)
