"""Look up the addresses of a host within a time limit, which the operating system lacks."""

import os
import socket
import threading
from concurrent.futures import Future
from typing import Any

Addresses = list[tuple[Any, ...]]
_lookups: dict[tuple[str, int], Future[Addresses]] = {}
_lock = threading.Lock()


def resolve_addresses(host: str, port: int, seconds: float) -> Addresses:
    """Return the addresses of a host from getaddrinfo; raise TimeoutError if it takes too long.

    A look-up cannot be stopped from outside, so its thread continues. All callers that need the
    same host wait for the same look-up.
    """
    with _lock:
        lookup = _lookups.get((host, port))
        if lookup is None:
            lookup = Future()
            _lookups[host, port] = lookup
            name = f"look-up of {host}"
            arguments = (host, port, lookup)
            threading.Thread(target=_look_up, args=arguments, name=name, daemon=True).start()
    try:
        return lookup.result(seconds)
    except TimeoutError:
        raise TimeoutError(f"no address of {host} was found in time") from None


def _look_up(host: str, port: int, lookup: Future[Addresses]) -> None:
    """Ask the operating system, and end the look-up with its response or error."""
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except Exception as error:
        _forget(host, port)
        lookup.set_exception(error)
    else:
        _forget(host, port)
        lookup.set_result(list(infos))


def _forget(host: str, port: int) -> None:
    """Forget a finished look-up, so that the next caller starts a new one."""
    with _lock:
        _lookups.pop((host, port), None)


def _reset_after_fork() -> None:
    """Forget all look-ups: a forked process has no threads, and its lock may be taken for ever."""
    global _lock
    _lock = threading.Lock()
    _lookups.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)
