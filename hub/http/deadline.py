"""A total deadline over all that a connection does, and the addresses it may go to: whatever the other side does."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from hub.http import dns
from hub.request_ban import require_requests_allowed

CONNECT_SECONDS = 10.0
LOOK_EVERY = 0.1

Permitted = Callable[[str, int, str], bool]  # host, port, address


class NotPermitted(Exception):
    """The host leads to an address that may not be called."""


class RequestGuard:
    """Holds the sockets of one exchange, so that they can be cut whatever its thread waits for.

    `expired` once its time was over; `may_have_sent` unless it is sure that no byte of the request was handed over.
    """

    def __init__(self, seconds: float, permitted: Permitted | None) -> None:
        # Sockets wait in real time, also in a test that stopped the hub's clock.
        self.ends, self.permitted = time.monotonic() + seconds, permitted
        self.expired, self.may_have_sent = False, True
        self._held: list[socket.socket] = []
        self._lock = threading.Lock()

    def remaining(self) -> float:
        """Seconds until it is cut, never quite none."""
        return max(0.001, self.ends - time.monotonic())

    def hold(self, line: socket.socket) -> None:
        """Take a socket in; a duplicate stays usable after TLS wrapped it and after its connection let go of it."""
        with self._lock:
            self._held.append(socket.socket(fileno=os.dup(line.fileno())))

    def cut(self) -> None:
        """End every wait on the sockets."""
        with self._lock:
            self.expired = True
            for line in self._held:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Let go of the sockets."""
        with self._lock:
            while self._held:
                self._held.pop().close()


@contextmanager
def within(seconds: float, permitted: Permitted | None = None) -> Iterator[RequestGuard]:
    """What this thread does over an Adapter inside the block is cut after so many seconds."""
    require_requests_allowed()
    before, guard = getattr(_present, "guard", None), RequestGuard(seconds, permitted)
    _present.guard = guard
    _watchdog.watch(guard)
    try:
        yield guard
    finally:
        _watchdog.leave(guard)
        guard.release()
        _present.guard = before


class Adapter(HTTPAdapter):
    """The network, for use inside `within`."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
        return manager


class _Watchdog:
    """One thread that cuts every exchange whose time is over."""

    def __init__(self) -> None:
        self._wake = threading.Condition()
        self._watched: set[RequestGuard] = set()
        self._runs = False

    def watch(self, guard: RequestGuard) -> None:
        with self._wake:
            self._watched.add(guard)
            if not self._runs:
                self._runs = True
                threading.Thread(target=self._run, name="deadlines", daemon=True).start()
            elif len(self._watched) == 1:
                self._wake.notify()

    def leave(self, guard: RequestGuard) -> None:
        with self._wake:
            self._watched.discard(guard)

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait(LOOK_EVERY if self._watched else None)
                now = time.monotonic()
                late = [guard for guard in self._watched if guard.ends <= now]
                self._watched.difference_update(late)
            for guard in late:
                guard.cut()


class _Connection:
    """What both kinds of connection do: open one socket to a permitted address, and give it to the guard."""

    sock: Any

    def connect(self) -> None:
        _present.guard.may_have_sent = False
        super().connect()  # type: ignore[misc]

    def request(self, *args: Any, **options: Any) -> None:
        if self.sock is not None:
            _present.guard.hold(self.sock)
        super().request(*args, **options)  # type: ignore[misc]

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _present.guard.may_have_sent = True
        super().send(data)  # type: ignore[misc]

    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _PlainConnection(_Connection, HTTPConnection):
    pass


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _connect(connection: Any) -> socket.socket:
    guard: RequestGuard = _present.guard
    host, port = connection._dns_host, connection.port
    try:
        found = dns.addresses(host, port, _patience(connection, guard))
    except (OSError, UnicodeError) as error:
        raise NameResolutionError(host, connection, socket.gaierror(str(error))) from error
    if not found or not all(
        guard.permitted is None or guard.permitted(host, port, str(to[4][0])) for to in found
    ):
        raise NotPermitted(host)
    failure: Exception | None = None
    for place in found:
        try:
            return _dial(connection, guard, place)
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, f"Connection to {host} timed out.") from failure
    raise NewConnectionError(
        connection, f"Failed to establish a new connection: {failure}"
    ) from failure


def _dial(connection: Any, guard: RequestGuard, place: Any) -> socket.socket:
    family, kind, protocol, _, address = place
    line = socket.socket(family, kind, protocol)
    try:
        for option in connection.socket_options or ():
            line.setsockopt(*option)
        line.settimeout(_patience(connection, guard))
        line.connect(address)
        line.settimeout(guard.remaining())
        guard.hold(line)
    except BaseException:
        line.close()
        raise
    return line


def _patience(connection: Any, guard: RequestGuard) -> float:
    """Seconds that a step towards the connection may take."""
    wanted = connection.timeout
    return min(wanted if isinstance(wanted, (int, float)) else CONNECT_SECONDS, guard.remaining())


_watchdog = _Watchdog()
_present = threading.local()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_watchdog.__init__)  # type: ignore[misc]
