"""A total time limit for all that a connection does, and the addresses that it may go to."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from hub.http import dns
from hub.request_ban import require_requests_allowed

CONNECT_SECONDS = 10.0
WATCH_SECONDS = 0.1  # how often the watchdog looks
IDLE_LOOKS = 20  # in a row without an exchange, after which it sleeps; to wake it costs more
MAX_JOINED_BYTES = 65536  # the longest body that is sent together with its headers

Permitted = Callable[[str, int, str], bool]  # host, port, address
BeforeSending = Callable[[], object]  # called right before the first byte; may wait, or raise


class NotPermitted(Exception):
    """The host has an address that may not be called."""


class RequestGuard:
    """The sockets of one exchange, which another thread can close at any time.

    `expired` is True once the time of the exchange is over. `may_have_sent` is False only while it
    is certain that no byte of the request was passed on.
    """

    def __init__(
        self,
        seconds: float,
        is_permitted: Permitted | None,
        before_sending: BeforeSending | None = None,
    ) -> None:
        # Sockets wait in real time, also in a test that stopped the hub's clock.
        self.ends = time.monotonic() + seconds
        self.permitted = is_permitted
        self.before_sending = before_sending
        self.expired = False
        self.may_have_sent = True
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()

    def remaining_seconds(self) -> float:
        """Return the seconds until the sockets are cut, never quite none."""
        return max(0.001, self.ends - time.monotonic())

    def hold(self, opened_socket: socket.socket) -> None:
        """Add a socket, as a duplicate that stays usable after its connection has dropped it."""
        with self._lock:
            duplicate = os.dup(opened_socket.fileno())
            self._sockets.append(socket.socket(fileno=duplicate))

    def cut(self) -> None:
        """End every wait on the sockets."""
        with self._lock:
            self.expired = True
            for opened_socket in self._sockets:
                with suppress(OSError):
                    opened_socket.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Close the duplicates of the sockets."""
        with self._lock:
            while self._sockets:
                self._sockets.pop().close()


@contextmanager
def limit_time(
    seconds: float,
    is_permitted: Permitted | None = None,
    before_sending: BeforeSending | None = None,
) -> Iterator[RequestGuard]:
    """Limit the time of requests that this thread sends with a `LimitedAdapter` in the block."""
    require_requests_allowed()
    outer = getattr(_current, "guard", None)
    guard = RequestGuard(seconds, is_permitted, before_sending)
    _current.guard = guard
    _watchdog.watch(guard)
    try:
        yield guard
    finally:
        _watchdog.unwatch(guard)
        guard.release()
        _current.guard = outer


class _Watchdog:
    """One thread that cuts every exchange whose time is over."""

    def __init__(self) -> None:
        self._wake = threading.Condition()
        self._watched: set[RequestGuard] = set()
        self._is_running = False
        self._is_sleeping = False

    def watch(self, guard: RequestGuard) -> None:
        """Cut the sockets of a guard when its time is over, unless `unwatch` is called before."""
        with self._wake:
            self._watched.add(guard)
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._run, name="deadlines", daemon=True).start()
            elif self._is_sleeping:
                self._wake.notify()

    def unwatch(self, guard: RequestGuard) -> None:
        """Stop watching a guard."""
        with self._wake:
            self._watched.discard(guard)

    def _run(self) -> None:
        """Cut each guard whose time is over; sleep once there have been none for a while."""
        idle_looks = 0
        while True:
            with self._wake:
                idle_looks = 0 if self._watched else idle_looks + 1
                self._is_sleeping = idle_looks > IDLE_LOOKS
                self._wake.wait(None if self._is_sleeping else WATCH_SECONDS)
                self._is_sleeping = False
                now = time.monotonic()
                late = [guard for guard in self._watched if guard.ends <= now]
                self._watched.difference_update(late)
            for guard in late:
                guard.cut()


class _Connection:
    """The common part of both kinds of connection: a socket that the guard knows.

    The socket is connected to a permitted address. The headers of a request wait for the beginning
    of its body, so that both are sent together.
    """

    sock: Any
    _headers: bytes | None = None  # headers that wait for a body; empty if a request comes next

    def connect(self) -> None:
        """Open the connection; until it is open, no byte of the request can have left."""
        _current.guard.may_have_sent = False
        super().connect()  # type: ignore[misc]

    def request(self, *args: Any, **options: Any) -> None:
        """Send a request; a socket that an earlier one opened is added to the present guard."""
        if self.sock is not None:
            _current.guard.hold(self.sock)
        self._headers = b""
        try:
            super().request(*args, **options)  # type: ignore[misc]
            self._send_headers()
        finally:
            self._headers = None

    def send(self, data: Any) -> None:
        """Send bytes of the request; keep its headers until its body begins."""
        if self._headers == b"":
            self._headers = data
            return
        if self._headers and isinstance(data, bytes) and len(data) <= MAX_JOINED_BYTES:
            data = self._headers + data
            self._headers = None
        self._send_headers()
        self._send_now(data)

    def _send_headers(self) -> None:
        """Send the headers if they still wait."""
        headers = self._headers
        self._headers = None
        if headers:
            self._send_now(headers)

    def _send_now(self, data: Any) -> None:
        """Send bytes; from now on the request may have left this machine.

        If the time ended while the connection was opened, nothing is sent: a socket that was closed
        before the TLS handshake looks as if it were connected.
        """
        if self.sock is None:
            self.connect()
        guard: RequestGuard = _current.guard
        before_sending = guard.before_sending
        if before_sending:
            guard.before_sending = None
            guard.may_have_sent = False
            before_sending()
        if guard.expired and not guard.may_have_sent:
            raise ConnectTimeoutError(self, "The time was over before the first byte was sent.")
        guard.may_have_sent = True
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


POOL_CLASSES = {"http": _PlainPool, "https": _SecurePool}


def _connect(connection: Any) -> socket.socket:
    """Open a socket to the first address of the host that can be reached.

    Raise NotPermitted if the host has an address that may not be called.
    """
    guard: RequestGuard = _current.guard
    host = connection._dns_host
    port = connection.port
    try:
        addresses = dns.resolve_addresses(host, port, _step_seconds(connection, guard))
    except (OSError, UnicodeError) as error:
        raise NameResolutionError(host, connection, socket.gaierror(str(error))) from error
    if not addresses or not _are_all_permitted(guard, host, port, addresses):
        raise NotPermitted(host)

    failure: Exception | None = None
    for address in addresses:
        try:
            return _open_socket(connection, guard, address)
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, f"Connection to {host} timed out.") from failure
    raise NewConnectionError(
        connection, f"Failed to establish a new connection: {failure}"
    ) from failure


def _are_all_permitted(guard: RequestGuard, host: str, port: int, addresses: dns.Addresses) -> bool:
    """Return whether every address of a host may be called, whichever is used later."""
    if guard.permitted is None:
        return True
    for *_, socket_address in addresses:
        address = str(socket_address[0])
        if not guard.permitted(host, port, address):
            return False
    return True


def _open_socket(
    connection: Any, guard: RequestGuard, address_info: tuple[Any, ...]
) -> socket.socket:
    """Connect to an address from getaddrinfo; each step may take the time that is left."""
    family, kind, protocol, _, address = address_info
    new_socket = socket.socket(family, kind, protocol)
    try:
        for option in connection.socket_options or ():
            new_socket.setsockopt(*option)
        new_socket.settimeout(_step_seconds(connection, guard))
        new_socket.connect(address)
        new_socket.settimeout(guard.remaining_seconds())
        guard.hold(new_socket)
    except BaseException:
        new_socket.close()
        raise
    return new_socket


def _step_seconds(connection: Any, guard: RequestGuard) -> float:
    """Return how many seconds one step of connecting may take."""
    seconds = CONNECT_SECONDS
    if isinstance(connection.timeout, (int, float)):
        seconds = connection.timeout
    return min(seconds, guard.remaining_seconds())


_watchdog = _Watchdog()
_current = threading.local()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_watchdog.__init__)  # type: ignore[misc]
