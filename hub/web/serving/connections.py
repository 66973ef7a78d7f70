"""Connections of the web server with limits of time, size and number.

Waitress reads each request completely before a thread works on it. So a slow or endless request
costs no thread, but a connection, memory and disk: these are bounded here.
"""

import json
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from wsgiref.types import WSGIApplication

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.utilities import RequestEntityTooLarge

from hub.clock import Clock
from hub.web.api import problems
from hub.web.api.resources import PREFIX
from hub.web.request import client_address
from hub.web.request.client_address import Proxies
from hub.web.serving.task_lanes import TaskLanes

CHECK_SECONDS = 1.0
LINGER_BYTES = 4_000_000
READ_BYTES = 65_536
OUTPUT_WATERMARK = 256_000_000
FILES_OF_OTHERS = 200  # open files that the rest of the process may need
BodyLimit = Callable[[str, str, str], int]  # by method, path and Cookie header


@dataclass(frozen=True, kw_only=True)
class ConnectionLimits:
    """The limits of all connections, in seconds, bytes and numbers."""

    connections: int = 500
    connections_per_client: int = 100  # not of a declared proxy
    header_seconds: float = 10
    header_bytes: int = 32_768
    body_seconds: float = 120
    body_bytes: int = 1_000_000  # where the application names no other limit
    idle_seconds: float = 75  # longer than nginx keeps a connection to a server
    bytes_per_second: int = 1000  # of bodies and responses, on average after `slow_start_seconds`
    slow_start_seconds: float = 10
    linger_seconds: float = 2
    threads: int = 16
    webhook_threads: int = 8
    webhooks_at_once: int = 2  # to one address
    webhooks_waiting: int = 25  # to one address, beyond those that are worked on


class BodyTooLarge(RequestEntityTooLarge):  # type: ignore[misc]
    """The response to a body that is too large: a problem for a call of the API, else a text."""

    def __init__(self, text: str, path: str) -> None:
        """Take what is accepted at the path of the request."""
        super().__init__(text)
        self._is_call = path.startswith(f"{PREFIX}/")

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        """Return status, headers and body."""
        status, headers, text = super().to_response(ident)
        if not self._is_call:
            return status, headers, text
        content = json.dumps(problems.describe_problem(self.code, self.body)).encode()
        others = [header for header in headers if header[0] != "Content-Type"]
        return status, [*others, ("Content-Type", problems.MIME)], content


class BoundedParser(HTTPRequestParser):  # type: ignore[misc]
    """A request whose body is refused when its header, or the part received, is over the limit."""

    body_rcv: Any = None

    def __init__(self, adj: Any, body_limit: BodyLimit) -> None:
        """Start with an empty request."""
        super().__init__(adj)
        self._body_limit = body_limit
        self._limit: int | None = None
        self.is_too_large = False

    def received(self, data: bytes) -> int:
        """Receive a part of the request; return how many bytes of it belong to this request."""
        byte_count: int = super().received(data)
        if self.error is not None:
            self.is_too_large = isinstance(self.error, RequestEntityTooLarge)
            self.expect_continue = False  # or the client would be told to send the body
        if self.body_rcv is None or self.error is not None:
            return byte_count
        if self._limit is None:
            cookies = self.headers.get("COOKIE", "")
            self._limit = self._body_limit(self.command, self.path, cookies)
        if max(self.content_length, self.body_bytes_received) > self._limit:
            self._refuse(self._limit)
        return byte_count

    def _refuse(self, limit: int) -> None:
        """Complete the request with an error, and drop what was received."""
        self.is_too_large = True
        self.error = BodyTooLarge(f"At most {limit:,} bytes are accepted here.", self.path)
        self.completed = True
        self.expect_continue = False
        self.body_rcv.getbuf().close()
        self.body_rcv = None


class BoundedChannel(HTTPChannel):  # type: ignore[misc]
    """One connection, which the server closes when it is overdue."""

    request: Any = None

    def __init__(
        self, server: "BoundedServer", sock: Any, addr: Any, adj: Any, map: Any = None
    ) -> None:
        """Take over an accepted socket."""
        super().__init__(server, sock, addr, adj, map=map)
        self.group = client_address.group(str(addr[0]))
        self.waiting_since = server.now()
        self._first_byte_at: float | None = None
        self._is_used = False
        self._is_in_service = False
        self._bytes_sent = 0
        self._sending: tuple[float, int] | None = None  # since when, and the bytes sent before
        self._linger_until: float | None = None
        self._bytes_ignored = 0
        self._is_too_large = False
        server.make_room(self)

    def parser_class(self, adj: Any) -> BoundedParser:
        """Start a request."""
        return BoundedParser(adj, self.server.body_limit)

    def received(self, data: bytes) -> bool:
        """Receive a part of a request; note when the first one arrived."""
        if self._first_byte_at is None:
            self._first_byte_at = self.server.now()
        return bool(super().received(data))

    def service(self) -> None:
        """Work on a request, in a thread; the next one has its own time."""
        self._is_too_large = getattr(self.requests[0], "is_too_large", False)
        self._is_in_service = True  # also once Waitress has removed the request from its list
        super().service()
        self._is_used = True
        self.waiting_since = self.server.now()
        self._first_byte_at = None
        self._is_in_service = False

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send a part of a response and count it."""
        count: int = super().send(data, do_close=do_close)
        self._bytes_sent += count
        return count

    def readable(self) -> bool:
        """Return whether to wait for data."""
        return self._linger_until is not None or bool(super().readable())

    def handle_read(self) -> None:
        """Receive data; ignore it after a response that closes the connection."""
        if self._linger_until is None:
            super().handle_read()
            return
        data = self.recv(READ_BYTES)
        self._bytes_ignored += len(data)
        if self._bytes_ignored > LINGER_BYTES:
            self.handle_close()

    def handle_close(self) -> None:
        """Close the connection, after a refused body only when the client could read why.

        Closing it at once, with data unread, would reset it and destroy the response.
        """
        is_first_time = self._linger_until is None and self.connected
        if self._is_too_large and is_first_time and self._shut_down_sending():
            self._linger_until = self.server.now() + self.server.limits.linger_seconds
            self.will_close = self.close_when_flushed = False
            return
        if self.request is not None:
            self.request.close()  # the file of a body that is not complete
            self.request = None
        super().handle_close()

    def is_waiting(self) -> bool:
        """Return whether the server waits for the client: for a request, or for it to read."""
        return not self.requests and not self._is_in_service

    def is_overdue(self, now: float) -> bool:
        """Return whether the client takes longer than it may."""
        limits: ConnectionLimits = self.server.limits
        if self._linger_until is not None:
            return now > self._linger_until
        if self.total_outbufs_len:
            return self._reads_too_slowly(now)
        self._sending = None
        if not self.is_waiting():
            return False

        request = self.request
        if request is None or self._first_byte_at is None:
            allowed_seconds = limits.idle_seconds if self._is_used else limits.header_seconds
            return now - self.waiting_since > allowed_seconds
        elapsed_seconds = now - self._first_byte_at
        if not request.headers_finished:
            return elapsed_seconds > limits.header_seconds
        if elapsed_seconds > limits.header_seconds + limits.body_seconds:
            return True
        return self._is_too_slow(request.body_bytes_received, elapsed_seconds)

    def _reads_too_slowly(self, now: float) -> bool:
        """Return whether the client reads a response too slowly."""
        if self._sending is None:
            self._sending = (now, self._bytes_sent)
        since, sent_before = self._sending
        return self._is_too_slow(self._bytes_sent - sent_before, now - since)

    def _is_too_slow(self, count: int, seconds: float) -> bool:
        """Return whether fewer bytes were moved than the minimum for this time."""
        limits: ConnectionLimits = self.server.limits
        counted_seconds = seconds - limits.slow_start_seconds
        return count < counted_seconds * limits.bytes_per_second

    def _shut_down_sending(self) -> bool:
        """End the response without closing the connection; return False if it is broken."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        return True


class BoundedServer(TcpWSGIServer):  # type: ignore[misc]
    """A server that always accepts, and closes who makes it wait longest if there is no room."""

    channel_class = BoundedChannel

    def __init__(
        self,
        wsgi: WSGIApplication,
        listener: socket.socket,
        *,
        limits: ConnectionLimits,
        clock: Clock,
        proxies: Proxies,
        body_limit: BodyLimit | None = None,
    ) -> None:
        """Serve an application at an open address."""
        self.limits = limits
        self.body_limit = body_limit or (lambda method, path, cookies: limits.body_bytes)
        self.now = clock.monotonic
        self._proxies = proxies
        self._next_check = 0.0
        self._max_connections = min(limits.connections, _get_max_files() - FILES_OF_OTHERS)
        adj = Adjustments(
            sockets=[listener],
            threads=limits.threads,
            ident=None,
            clear_untrusted_proxy_headers=False,  # the application reads them
            max_request_header_size=limits.header_bytes,
            inbuf_overflow=READ_BYTES,
            # Above this a thread would wait for the client. A larger part of a response than
            # `outbuf_overflow` is in a file, so this costs no memory.
            outbuf_high_watermark=OUTPUT_WATERMARK,
            asyncore_use_poll=True,
            log_socket_errors=False,
        )
        lanes = TaskLanes(
            limits.threads,
            limits.webhook_threads,
            at_once=limits.webhooks_at_once,
            max_waiting=limits.webhooks_waiting,
        )
        socket_info = (listener.family, listener.type, listener.proto, listener.getsockname())
        super().__init__(
            wsgi,
            {},
            _sock=listener,
            dispatcher=lanes,
            adj=adj,
            bind_socket=False,
            sockinfo=socket_info,
        )

    def readable(self) -> bool:
        """Wait for new connections at any time; close the overdue ones on this occasion."""
        now = self.now()
        if now >= self._next_check:
            self._next_check = now + CHECK_SECONDS
            self.close_overdue(now)
        return bool(self.accepting)

    def close_overdue(self, now: float) -> None:
        """Close the connections whose clients take longer than they may."""
        for channel in list(self.active_channels.values()):
            if channel.is_overdue(now):
                channel.handle_close()

    def make_room(self, newest: BoundedChannel) -> None:
        """Close the connection that waits longest if a new one is one too many."""
        channels = list(self.active_channels.values())
        if not self._proxies.is_proxy(str(newest.addr[0])):
            same = _list_connections_of_group(channels, newest.group)
            if len(same) > self.limits.connections_per_client:
                _close_longest_waiting(same, newest)
                return
        if len(channels) > self._max_connections:
            _close_longest_waiting(_list_connections_of_largest_group(channels), newest)


def _list_connections_of_group(channels: list[BoundedChannel], group: str) -> list[BoundedChannel]:
    """Return the connections of one client."""
    return [channel for channel in channels if channel.group == group]


def _list_connections_of_largest_group(channels: list[BoundedChannel]) -> list[BoundedChannel]:
    """Return the connections of the client with most that wait; of nobody if none waits."""
    waiting = Counter(channel.group for channel in channels if channel.is_waiting())
    for group, _ in waiting.most_common(1):
        return _list_connections_of_group(channels, group)
    return []


def _close_longest_waiting(channels: list[BoundedChannel], newest: BoundedChannel) -> None:
    """Close the connection that makes the server wait longest, the newest if there is no other."""
    waiting = [channel for channel in channels if channel.is_waiting() and channel is not newest]
    longest = min(waiting, key=lambda channel: channel.waiting_since, default=newest)
    longest.handle_close()


def _get_max_files() -> int:
    """Return how many files this process may open; a thousand if the system does not say."""
    try:
        import resource
    except ImportError:
        return 1024
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft > 2 * FILES_OF_OTHERS else 2 * FILES_OF_OTHERS
