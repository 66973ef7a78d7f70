"""One HTTP request to Intuit: bounded in time and size, never redirected, and told apart whether any byte left."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3.exceptions import HTTPError, NewConnectionError

from hub import deadline
from hub.clock import Clock

CONNECT_SECONDS = deadline.CONNECT_SECONDS
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


def prepare(session: requests.Session, mounts: Mapping[str, BaseAdapter]) -> requests.Session:
    """A session that keeps no cookies, follows no redirect, and reaches stand-ins of this process by `mounts`."""
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.max_redirects = 0
    for prefix in ("https://", "http://"):
        session.mount(prefix, deadline.Adapter(pool_connections=2, pool_maxsize=2))
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
    with deadline.within(seconds) as cord:
        try:
            prepared = session.prepare_request(request)
            timeout = (min(connect_seconds, seconds), seconds)
            response = session.get_adapter(request.url).send(prepared, timeout=timeout, **options)
            with response:
                body = _read(response, clock, until)
            if cord.is_cut:
                raise TimeoutError("the answer did not end in time")
        except (requests.RequestException, HTTPError, OSError) as error:
            raise (Lost if _left(cord, error) else Unsent)(reason(error)) from None
        finally:
            _kept.used = clock.monotonic()
    return Reply(response.status_code, response.headers, body)


def _session(mounts: Mapping[str, BaseAdapter], clock: Clock, url: str) -> tuple[requests.Session, dict[str, Any]]:
    """The session of this thread with its network settings: its connections are used again."""
    if getattr(_kept, "mounts", None) is not mounts:
        _kept.session, _kept.mounts, _kept.options = prepare(requests.Session(), mounts), mounts, {}
        _kept.used = clock.monotonic()
    elif clock.monotonic() - _kept.used > IDLE_SECONDS:
        for adapter in (_kept.session.get_adapter("https://"), _kept.session.get_adapter("http://")):
            adapter.close()
    host = urlsplit(url).netloc
    if host not in _kept.options:
        _kept.options[host] = _kept.session.merge_environment_settings(url, {}, True, None, None)
    return _kept.session, _kept.options[host]


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


def _left(cord: deadline.Cord, error: Exception) -> bool:
    """Whether a byte of the request may have left; anything not surely kept back counts as gone."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return cord.has_left and not isinstance(reason, NewConnectionError)


def reason(error: Exception) -> str:
    """What went wrong, in a few words."""
    cause = error.args[0] if error.args else error
    told = getattr(cause, "reason", None) or cause
    text = str(told).rpartition(": ")[2] if isinstance(told, NewConnectionError) else str(told)
    return text or type(error).__name__
