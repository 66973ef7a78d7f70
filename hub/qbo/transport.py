"""Requests to Intuit: their headers, and the connections that each thread keeps open."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from hub.clock import Clock
from hub.context import hide_secrets
from hub.http import deadline, exchange
from hub.http.adapter import LimitedAdapter
from hub.http.exchange import HttpResponse

# The server may have closed a connection that was idle for longer; a request on it would be in
# doubt.
MAX_IDLE_SECONDS = 20.0
HEADERS = {
    "User-Agent": "qbo-hub",
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
}
MAX_RESPONSE_BYTES = 64 * 1024 * 1024
SCHEMES = ("https://", "http://")


def build_request(
    method: str, url: str, token: str, body: bytes | None = None, content_type: str = ""
) -> requests.PreparedRequest:
    """Return a request exactly as it is sent: no netrc file, no cookie and no rewritten address.

    The token is its only secret, and is masked in every text from now on.
    """
    hide_secrets([token])
    request = requests.PreparedRequest()
    request.method = method
    request.url = url
    request.body = body
    request.hooks = {}
    request.headers = CaseInsensitiveDict(HEADERS, Authorization=f"Bearer {token}")
    if body is not None:
        request.headers["Content-Type"] = content_type
        request.headers["Content-Length"] = str(len(body))
    return request


def send(
    request: requests.PreparedRequest,
    *,
    mounts: Mapping[str, BaseAdapter],
    clock: Clock,
    seconds: float,
    connect_seconds: float = deadline.CONNECT_SECONDS,
    before_sending: deadline.BeforeSending | None = None,
) -> HttpResponse:
    """Send a request over a connection of this thread; raise ExchangeError if no response comes.

    `mounts` are the stand-ins of this process, by the beginning of their addresses. The caller has
    masked the secrets of the request.
    """
    connections = _get_connections_of_thread(mounts, clock)
    url = request.url or ""
    try:
        return exchange.fetch(
            connections.session.get_adapter(url),
            request,
            seconds=seconds,
            clock=clock,
            max_bytes=MAX_RESPONSE_BYTES,
            connect_seconds=connect_seconds,
            before_sending=before_sending,
            options=connections.options(url),
        )
    finally:
        connections.used_at = clock.monotonic()


@dataclass
class _Connections:
    """The open connections of one thread, with the proxies and certificates of each host."""

    mounts: Mapping[str, BaseAdapter]
    session: requests.Session
    used_at: float
    options_by_host: dict[str, dict[str, Any]] = field(default_factory=dict)

    def options(self, url: str) -> dict[str, Any]:
        """Return the settings that the environment has for the host of an address."""
        host_end = url.find("/", len("https://"))
        host = url[:host_end]
        if host not in self.options_by_host:
            settings = self.session.merge_environment_settings(url, {}, True, None, None)
            self.options_by_host[host] = {
                name: settings[name] for name in ("verify", "cert", "proxies")
            }
        return self.options_by_host[host]

    def close_idle(self, now: float) -> None:
        """Close the connections to the network if they were idle for too long."""
        if now - self.used_at > MAX_IDLE_SECONDS:
            for scheme in SCHEMES:
                self.session.get_adapter(scheme).close()


_thread = threading.local()


def _get_connections_of_thread(mounts: Mapping[str, BaseAdapter], clock: Clock) -> _Connections:
    """Return the connections of this thread; another application has mounts of its own."""
    connections: _Connections | None = getattr(_thread, "connections", None)
    now = clock.monotonic()
    if connections is None or connections.mounts is not mounts:
        connections = _Connections(mounts, _open_session(mounts), used_at=now)
        _thread.connections = connections
    else:
        connections.close_idle(now)
    return connections


def _open_session(mounts: Mapping[str, BaseAdapter]) -> requests.Session:
    """Return a session with two connections for each host, which one thread hardly exceeds."""
    session = requests.Session()
    for scheme in SCHEMES:
        session.mount(scheme, LimitedAdapter(pool_connections=2, pool_maxsize=2))
    for prefix, adapter in mounts.items():
        session.mount(prefix, adapter)
    return session
