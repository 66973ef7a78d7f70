"""One HTTP request to Intuit: bounded in time and size, never redirected, and told apart whether any byte left."""

import io
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.util import Timeout

from hub.clock import Clock

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 20.0  # a connection left alone for longer may be gone at the other side, which would make a doubt
MOST_BYTES = 64 * 1024 * 1024
_kept = threading.local()


class Unsent(Exception):
    """No byte of the request left this machine."""


class Lost(Exception):
    """The request may have arrived, and no whole answer came back."""


class Bearer(requests.auth.AuthBase):
    """The access token; being an `auth`, it cannot be replaced by what a .netrc file says of the host."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "")


class _Bounded(io.RawIOBase):
    """Reads a socket so that the timeout set on it bounds the whole answer, not each piece of it."""

    def __init__(self, sock: Any, clock: Any) -> None:
        self._sock, self._clock, self._raw = sock, clock, sock.makefile("rb", buffering=0)
        allowed = sock.gettimeout()
        self._until = None if allowed is None else clock() + allowed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._until is not None:
            left = self._until - self._clock()
            if left <= 0:
                raise TimeoutError("the answer did not end in time")
            self._sock.settimeout(left)
        return cast("int | None", self._raw.readinto(buffer))

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedResponse(HTTPResponse):
    """An answer whose whole reading ends when the timeout does."""

    def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_Bounded(sock, _kept.clock.monotonic))


class _Watched:
    """A connection that knows whether a byte was handed to the network since it was opened."""

    sock: Any

    def connect(self) -> None:
        _kept.left = False
        super().connect()  # type: ignore[misc]

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _kept.left = True
        super().send(data)  # type: ignore[misc]


class _Plain(_Watched, HTTPConnection):
    response_class: Any = _BoundedResponse


class _Tls(_Watched, HTTPSConnection):
    response_class: Any = _BoundedResponse


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls


class TotalAdapter(HTTPAdapter):
    """The timeout (connect, total) is over the whole call; what it sends is watched."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        connect, total = options["timeout"]
        options["timeout"] = Timeout(connect=connect, total=total)
        return super().send(request, *args, **options)


def prepare(session: requests.Session, mounts: Mapping[str, BaseAdapter]) -> requests.Session:
    """A session that keeps no cookies, follows no redirect, and reaches stand-ins of this process by `mounts`."""
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.max_redirects = 0
    for prefix in ("https://", "http://"):
        session.mount(prefix, TotalAdapter(pool_connections=2, pool_maxsize=2))
    for prefix, adapter in mounts.items():
        session.mount(prefix, adapter)
    return session


def send(
    request: requests.Request,
    *,
    mounts: Mapping[str, BaseAdapter],
    clock: Clock,
    seconds: float,
    connect_seconds: float = CONNECT_SECONDS,
) -> Reply:
    """The whole answer within so many seconds; raises Unsent or Lost."""
    session, options = _session(mounts, clock, request.url)
    until = clock.monotonic() + seconds
    try:
        prepared = session.prepare_request(request)
        timeout = (min(connect_seconds, seconds), seconds)
        response = session.get_adapter(request.url).send(prepared, timeout=timeout, **options)
        with response:
            body = _read(response, clock, until)
    except (requests.RequestException, HTTPError, OSError) as error:
        raise (Lost if _left(error) else Unsent)(reason(error)) from None
    finally:
        _kept.used = clock.monotonic()
    return Reply(response.status_code, response.headers, body)


def _session(mounts: Mapping[str, BaseAdapter], clock: Clock, url: str) -> tuple[requests.Session, dict[str, Any]]:
    """The session of this thread with its network settings: its connections are used again."""
    if getattr(_kept, "mounts", None) is not mounts:
        _kept.session, _kept.mounts, _kept.options = prepare(requests.Session(), mounts), mounts, {}
    elif clock.monotonic() - _kept.used > IDLE_SECONDS:
        for adapter in (_kept.session.get_adapter("https://"), _kept.session.get_adapter("http://")):
            adapter.close()
    watch(clock)
    host = urlsplit(url).netloc
    if host not in _kept.options:
        _kept.options[host] = _kept.session.merge_environment_settings(url, {}, True, None, None)
    return _kept.session, _kept.options[host]


def watch(clock: Clock) -> None:
    """Tells the adapters of this thread by which clock to measure; until proved otherwise, bytes have left."""
    _kept.clock, _kept.used, _kept.left = clock, clock.monotonic(), True


def _read(response: requests.Response, clock: Clock, until: float) -> bytes:
    parts, size = [], 0
    for part in response.raw.stream(65536, decode_content=True):
        size += len(part)
        if size > MOST_BYTES:
            raise OSError(f"the answer is larger than {MOST_BYTES // 1024 // 1024} MB")
        if clock.monotonic() > until:
            raise TimeoutError("the answer did not end in time")
        parts.append(part)
    return b"".join(parts)


def _left(error: Exception) -> bool:
    """Whether a byte of the request may have left; anything not surely kept back counts as gone."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return bool(_kept.left) and not isinstance(reason, NewConnectionError)


def reason(error: Exception) -> str:
    """What went wrong, in a few words."""
    cause = error.args[0] if error.args else error
    told = getattr(cause, "reason", None) or cause
    text = str(told).rpartition(": ")[2] if isinstance(told, NewConnectionError) else str(told)
    return text or type(error).__name__
