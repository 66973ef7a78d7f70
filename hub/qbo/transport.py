"""One HTTP request to Intuit: bounded in time and size, never redirected, and told apart whether any byte left."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError, NewConnectionError

from hub.clock import Clock
from hub.http import deadline

CONNECT_SECONDS = deadline.CONNECT_SECONDS
IDLE_SECONDS = 20.0  # a connection left alone for longer may be gone at the other side, which would make a doubt
HEADERS = {
    "User-Agent": "qbo-hub",
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
}
MOST_BYTES = 64 * 1024 * 1024
_thread = threading.local()


class Unsent(Exception):
    """No byte of the request left this machine."""


class Lost(Exception):
    """The request may have arrived, and no whole answer came back."""


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "")


def request(
    method: str, url: str, token: str, body: bytes | None = None, content_type: str = ""
) -> requests.PreparedRequest:
    """A request as it goes out; nothing of the surroundings changes it, and its address is taken as it stands."""
    prepared = requests.PreparedRequest()
    prepared.method, prepared.url, prepared.body, prepared.hooks = method, url, body, {}
    prepared.headers = CaseInsensitiveDict(HEADERS, Authorization=f"Bearer {token}")
    if body is not None:
        prepared.headers["Content-Type"], prepared.headers["Content-Length"] = (
            content_type,
            str(len(body)),
        )
    return prepared


def send(
    request: requests.PreparedRequest,
    *,
    mounts: Mapping[str, BaseAdapter],
    clock: Clock,
    seconds: float,
    connect_seconds: float = CONNECT_SECONDS,
) -> Reply:
    """The whole answer within so many seconds; raise Unsent or Lost."""
    adapter, options = _way(mounts, clock, request.url or "")
    until = clock.monotonic() + seconds
    with deadline.within(seconds) as guard:
        try:
            timeout = (min(connect_seconds, seconds), seconds)
            response = adapter.send(request, stream=True, timeout=timeout, **options)
            with response:
                body = _read(response, clock, until)
            if guard.expired:
                raise TimeoutError("the answer did not end in time")
        except (requests.RequestException, HTTPError, OSError) as error:
            raise (Lost if _left(guard, error) else Unsent)(reason(error)) from None
        finally:
            _thread.used = clock.monotonic()
    return Reply(response.status_code, response.headers, body)


def _way(
    mounts: Mapping[str, BaseAdapter], clock: Clock, url: str
) -> tuple[BaseAdapter, dict[str, Any]]:
    """What carries a request of this thread, with the network's settings: its connections are used again."""
    if getattr(_thread, "mounts", None) is not mounts:
        _thread.session, _thread.mounts, _thread.options = _session(mounts), mounts, {}
        _thread.used = clock.monotonic()
    elif clock.monotonic() - _thread.used > IDLE_SECONDS:
        for adapter in (
            _thread.session.get_adapter("https://"),
            _thread.session.get_adapter("http://"),
        ):
            adapter.close()
    host = url[: url.find("/", len("https://"))]
    if host not in _thread.options:
        settings = _thread.session.merge_environment_settings(url, {}, True, None, None)
        _thread.options[host] = {name: settings[name] for name in ("verify", "cert", "proxies")}
    return _thread.session.get_adapter(url), _thread.options[host]


def _session(mounts: Mapping[str, BaseAdapter]) -> requests.Session:
    """The network, and by `mounts` the stand-ins of this process."""
    session = requests.Session()
    for prefix in ("https://", "http://"):
        session.mount(prefix, deadline.Adapter(pool_connections=2, pool_maxsize=2))
    for prefix, adapter in mounts.items():
        session.mount(prefix, adapter)
    return session


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


def _left(guard: deadline.RequestGuard, error: Exception) -> bool:
    """Return whether a byte of the request may have left; anything not surely kept back counts as gone."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return guard.may_have_sent and not isinstance(reason, NewConnectionError)


def reason(error: Exception) -> str:
    """What went wrong, in a few words."""
    cause = error.args[0] if error.args else error
    told = getattr(cause, "reason", None) or cause
    text = str(told).rpartition(": ")[2] if isinstance(told, NewConnectionError) else str(told)
    return text or type(error).__name__
