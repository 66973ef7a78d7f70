"""Forbid requests while a database transaction is open.

A transaction that waits for another server would stay open for as long as that server takes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_is_banned: ContextVar[bool] = ContextVar("requests_banned", default=False)


@contextmanager
def forbid_requests() -> Iterator[None]:
    """Forbid requests of this thread inside the block; blocks cannot be nested."""
    assert not _is_banned.get(), (
        "A transaction is open in this thread already; another one would wait for it."
    )
    before = _is_banned.set(True)
    try:
        yield
    finally:
        _is_banned.reset(before)


def require_requests_allowed() -> None:
    """Fail if a transaction is open in this thread."""
    assert not _is_banned.get(), (
        "A transaction is open in this thread; nothing is sent while it is."
    )
