"""One HTTP request and its whole answer, ended by a total deadline, over connections to permitted addresses only."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from hub.clock import Clock

CHUNK = 65536
CONNECT_SECONDS = 10.0
LOOK_EVERY = 0.1
NO_COOKIES = DefaultCookiePolicy(allowed_domains=[])

Permitted = Callable[[str, int, str], bool]  # host, port, address


class DeadlinePassed(requests.Timeout):
    """The exchange was not over by its deadline."""


class TooLarge(requests.RequestException):
    """The answer is larger than may be read."""


class NotPermitted(Exception):
    """The host has no address that may be called."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer of a server."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def open_session(mounts: Mapping[str, BaseAdapter]) -> requests.Session:
    """A session that follows nothing of its surroundings: no proxy, no netrc, no cookie, no redirect by itself."""
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(NO_COOKIES)
    session.headers.update({"User-Agent": "qbo-hub"})
    session.mount("https://", _Adapter(pool_maxsize=20))
    session.mount("http://", _Adapter(pool_maxsize=20))
    for prefix, adapter in mounts.items():
        session.mount(prefix, adapter)
    return session


def fetch(
    session: requests.Session,
    request: requests.PreparedRequest,
    *,
    seconds: float,
    clock: Clock,
    most_bytes: int | None = None,
    permitted: Permitted | None = None,
) -> Answer:
    """Sends once and reads all, no redirects; raises as requests does, DeadlinePassed, TooLarge or NotPermitted."""
    ends, late = clock.monotonic() + seconds, DeadlinePassed(f"no whole answer within {seconds:g} s", request=request)
    with _cord(seconds, permitted) as cord:
        try:
            timeout = (min(CONNECT_SECONDS, seconds), seconds)
            response = session.send(request, stream=True, timeout=timeout, allow_redirects=False)
            with response:
                body = _read(response, clock, ends, most_bytes)
        except (requests.RequestException, OSError, ValueError) as error:
            if not cord.is_cut:
                raise
            raise late from error
        # Headers that end where the line was cut look whole to the standard library.
        if cord.is_cut:
            raise late
    return Answer(response.status_code, response.headers, body)


def _read(response: requests.Response, clock: Clock, ends: float, most_bytes: int | None) -> bytes:
    parts, size = [], 0
    for part in response.iter_content(CHUNK):
        parts.append(part)
        size += len(part)
        if most_bytes is not None and size > most_bytes:
            raise TooLarge(f"more than {most_bytes} bytes", request=response.request)
        if clock.monotonic() > ends:
            raise DeadlinePassed("the answer dripped past its deadline", request=response.request)
    return b"".join(parts)


class _Cord:
    """Holds the sockets of one exchange, so that the watchdog can cut them whatever the thread waits for."""

    def __init__(self, seconds: float, permitted: Permitted | None) -> None:
        self.ends, self.permitted, self.is_cut = time.monotonic() + seconds, permitted, False
        self._held: list[socket.socket] = []
        self._lock = threading.Lock()

    def remaining(self) -> float:
        return max(0.001, self.ends - time.monotonic())

    def hold(self, line: socket.socket) -> None:
        # A duplicate stays usable after TLS has wrapped the socket and after the connection has let go of it.
        with self._lock:
            self._held.append(socket.socket(fileno=os.dup(line.fileno())))

    def cut(self) -> None:
        with self._lock:
            self.is_cut = True
            for line in self._held:
                try:
                    line.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # it is closed already

    def release(self) -> None:
        with self._lock:
            while self._held:
                self._held.pop().close()


class _Watchdog:
    """One thread that cuts every exchange whose time is over."""

    def __init__(self) -> None:
        self._wake = threading.Condition()
        self._watched: set[_Cord] = set()
        self._runs = False

    def watch(self, cord: _Cord) -> None:
        with self._wake:
            self._watched.add(cord)
            if not self._runs:
                self._runs = True
                threading.Thread(target=self._run, name="deadlines", daemon=True).start()
            elif len(self._watched) == 1:
                self._wake.notify()

    def leave(self, cord: _Cord) -> None:
        with self._wake:
            self._watched.discard(cord)

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait(LOOK_EVERY if self._watched else None)
                now = time.monotonic()
                late = [cord for cord in self._watched if cord.ends <= now]
                self._watched.difference_update(late)
            for cord in late:
                cord.cut()


_watchdog = _Watchdog()
_present = threading.local()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_watchdog.__init__)  # type: ignore[misc]


@contextmanager
def _cord(seconds: float, permitted: Permitted | None) -> Iterator[_Cord]:
    cord = _present.cord = _Cord(seconds, permitted)
    _watchdog.watch(cord)
    try:
        yield cord
    finally:
        _watchdog.leave(cord)
        cord.release()
        _present.cord = None


def _connect(connection: Any) -> socket.socket:
    cord: _Cord = _present.cord
    host, port = connection._dns_host, connection.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NameResolutionError(host, connection, socket.gaierror(str(error))) from error
    allowed = [place for place in found if cord.permitted is None or cord.permitted(host, port, str(place[4][0]))]
    if len(allowed) < len(found) or not found:
        raise NotPermitted(host)
    for place in allowed:
        try:
            return _dial(connection, cord, place)
        except TimeoutError as error:
            failure: Exception = ConnectTimeoutError(connection, f"Connection to {host} timed out.")
            failure.__cause__ = error
        except OSError as error:
            failure = NewConnectionError(connection, f"Failed to establish a new connection: {error}")
            failure.__cause__ = error
    raise failure


def _dial(connection: Any, cord: _Cord, place: Any) -> socket.socket:
    family, kind, protocol, _, address = place
    line = socket.socket(family, kind, protocol)
    try:
        for option in connection.socket_options or ():
            line.setsockopt(*option)
        line.settimeout(min(CONNECT_SECONDS, cord.remaining()))
        line.connect(address)
        line.settimeout(cord.remaining())
        cord.hold(line)
    except BaseException:
        line.close()
        raise
    return line


class _PlainConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)

    def request(self, *args: Any, **options: Any) -> None:
        if self.sock is not None:
            _present.cord.hold(self.sock)
        super().request(*args, **options)


class _SecureConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)

    def request(self, *args: Any, **options: Any) -> None:
        if self.sock is not None:
            _present.cord.hold(self.sock)
        super().request(*args, **options)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)  # type: ignore[no-untyped-call]
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
