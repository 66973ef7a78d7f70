"""The addresses of a host, found within a limit of time, which the system's own way of looking them up lacks."""

import os
import socket
import threading
from concurrent.futures import Future
from typing import Any

Addresses = list[tuple[Any, ...]]
_running: dict[tuple[str, int], Future[Addresses]] = {}
_lock = threading.Lock()


def addresses(host: str, port: int, seconds: float) -> Addresses:
    """What the system says, as getaddrinfo does; raises TimeoutError where it says nothing in time.

    A look-up cannot be ended from outside, so its thread is left behind; all who want the same host wait for one.
    """
    with _lock:
        found = _running.get((host, port))
        if found is None:
            found = _running[host, port] = Future()
            threading.Thread(
                target=_find, args=(host, port, found), name=f"look-up of {host}", daemon=True
            ).start()
    try:
        return found.result(seconds)
    except TimeoutError:
        raise TimeoutError(f"no address of {host} was found in time") from None


def _find(host: str, port: int, found: Future[Addresses]) -> None:
    try:
        said = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except Exception as error:
        _forget(host, port)
        found.set_exception(error)
    else:
        _forget(host, port)
        found.set_result(list(said))


def _forget(host: str, port: int) -> None:
    """The next who asks gets a new answer."""
    with _lock:
        _running.pop((host, port), None)


def _start_anew() -> None:
    """A process that was forked has none of the threads, and one of them may have held the lock."""
    global _lock
    _lock = threading.Lock()
    _running.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)
