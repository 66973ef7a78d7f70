"""Slow, endless and too many requests over real connections do not delay other ones."""

import socket
import threading
import time
from concurrent.futures import Future
from contextlib import ExitStack
from functools import partial

import pytest
import requests
from waitress import buffers

from hub.web.serving.connections import ConnectionLimits
from hub.web.serving.server import Web

HALF_OPEN = b"GET /page HTTP/1.1\r\nHost: hub\r\nX-Slow: "
LARGE = 40_000_000


class Application:
    """An application with pages, webhooks that wait, and a large response."""

    def __init__(self):
        self.may_end = threading.Event()
        self.may_end.set()
        self.bodies = []

    def __call__(self, environ, start):
        path = environ["PATH_INFO"]
        if path == "/webhooks/1":
            self.may_end.wait(20)
        self.bodies.append(len(environ["wsgi.input"].read()))
        size = LARGE if path == "/large" else len(path)
        start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(size))])
        if path != "/large":
            return [path.encode()]
        return (b"x" * 1_000_000 for _ in range(LARGE // 1_000_000))


@pytest.fixture
def application():
    return Application()


class CheckingClock:
    """A clock with which the server checks its connections as soon as a request has ended.

    The request has taken a hundred seconds then.
    """

    def __init__(self, clock):
        self.clock = clock
        self.web = None

    def monotonic(self):
        if self.web and threading.current_thread().name != "web":
            self.clock.advance(100)
            self.web._server.close_overdue(self.clock.monotonic())
        return self.clock.monotonic()


@pytest.fixture
def start(application, clock):
    """Return a function that starts a server of the application."""
    with ExitStack() as servers:

        def make(*, body_limit=None, trusted_proxy=(), server_clock=clock, **limits):
            web = Web(
                application,
                "127.0.0.1",
                0,
                clock=server_clock,
                limits=ConnectionLimits(**limits),
                trusted_proxy=trusted_proxy,
                body_limit=body_limit,
            )
            web.start()
            servers.callback(web.stop)
            servers.callback(application.may_end.set)
            return web

        yield make


@pytest.fixture
def connect():
    """Return a function that opens a connection to a server."""
    with ExitStack() as connections:

        def make(web, data=b"", receive_buffer=None):
            connection = connections.enter_context(socket.socket())
            if receive_buffer:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            connection.settimeout(10)
            connection.connect(("127.0.0.1", web.port))
            connection.sendall(data)
            return connection

        yield make


def response(connection):
    """Return everything that the server sends until it closes the connection."""
    parts = []
    while True:
        try:
            part = connection.recv(65536)
        except ConnectionResetError:
            part = b""
        if not part:
            return b"".join(parts)
        parts.append(part)


def is_closed(connection):
    """Return whether the server has closed a connection, without waiting for it."""
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    finally:
        connection.settimeout(10)


def check_answers(web):
    """Check that a page and a webhook answer at once."""
    for path in ("/page", "/webhooks/2"):
        assert requests.get(web.url + path, timeout=5).text == path


def run_in_server(web, function):
    """Run a function in the thread of the server and return its result."""
    result = Future()
    web._server.trigger.pull_trigger(lambda: result.set_result(function()))
    return result.result(timeout=30)


def wait_for_check(web):
    """Wait until the server has checked its connections after the clock has moved."""
    run_in_server(web, lambda: web._server.close_overdue(web._server.now()))


def wait_until(web, condition):
    """Wait until the open connections of the server fulfill a condition."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if run_in_server(web, lambda: condition(list(web._server.active_channels.values()))):
            return
    raise AssertionError("the server did not get so far")


def wait_for_requests(web, count):
    """Wait until this number of connections has begun a request."""
    wait_until(web, lambda channels: sum(bool(channel.request) for channel in channels) == count)


def test_half_open_requests_stop_nothing(start, connect, clock):
    web = start()
    connections = [connect(web, HALF_OPEN) for _ in range(300)]
    check_answers(web)
    clock.advance(11)
    wait_for_check(web)
    assert all(is_closed(connection) for connection in connections)


def test_connections_without_a_byte_stop_nothing(start, connect, clock):
    web = start()
    connections = [connect(web) for _ in range(300)]
    check_answers(web)
    clock.advance(11)
    wait_for_check(web)
    assert all(is_closed(connection) for connection in connections)


def test_drip_feeding_does_not_prolong_the_time_for_the_header(start, connect, clock):
    web = start(connections_per_client=400)
    connections = [connect(web, HALF_OPEN) for _ in range(300)]
    wait_for_requests(web, 300)
    for _ in range(4):
        clock.advance(2.4)
        for connection in connections:
            connection.sendall(b"x")
        check_answers(web)
    assert not any(is_closed(connection) for connection in connections)
    clock.advance(1)
    wait_for_check(web)
    assert all(is_closed(connection) for connection in connections)


def has_received(count, channels):
    """Return whether the body of a request has arrived up to a number of bytes."""
    bodies = [channel.request.body_bytes_received for channel in channels if channel.request]
    return max(bodies) >= count


def test_drip_feeding_a_body_is_cut_by_its_rate_and_total_time(start, connect, clock):
    web = start(body_seconds=40)
    header = b"POST /page HTTP/1.1\r\nHost: hub\r\nContent-Length: 900000\r\n\r\n"
    slow, steady = connect(web, header), connect(web, header)
    wait_for_requests(web, 2)
    slow.sendall(b"x" * 10)
    for expected in (30_000, 60_000, 90_000, 120_000):
        steady.sendall(b"x" * 30_000)
        wait_until(web, partial(has_received, expected))
        clock.advance(10)
        check_answers(web)
        wait_for_check(web)
    assert is_closed(slow)
    assert not is_closed(steady)
    clock.advance(11)
    wait_for_check(web)
    assert is_closed(steady)


class UnreadResponses:
    """A count of responses that the server cannot send because clients leave them unread."""

    def __init__(self, count):
        self.count = count
        self.bytes_sent = 0
        self.rounds_without_sending = 0

    def fill_all_buffers(self, channels):
        """Return whether all responses are complete and nothing of them was sent for a while."""
        unread = [
            channel for channel in channels if channel.total_outbufs_len and not channel.requests
        ]
        bytes_sent = sum(channel._bytes_sent for channel in unread)
        if len(unread) < self.count or bytes_sent > self.bytes_sent:
            self.rounds_without_sending = 0
        self.rounds_without_sending += 1
        self.bytes_sent = bytes_sent
        return self.rounds_without_sending > 20


def test_readers_that_do_not_read_hold_no_thread(start, connect, clock):
    web = start(threads=4)
    request = b"GET /large HTTP/1.1\r\nHost: hub\r\n\r\n"
    connections = [connect(web, request, receive_buffer=4096) for _ in range(12)]
    check_answers(web)
    wait_until(web, UnreadResponses(12).fill_all_buffers)
    wait_for_check(web)
    clock.advance(11)
    wait_for_check(web)
    assert all(len(response(connection)) < LARGE for connection in connections)


def test_a_client_that_reads_gets_a_large_response(start, clock):
    web = start()
    assert len(requests.get(f"{web.url}/large", timeout=20).content) == LARGE


def test_an_idle_connection_is_kept_for_a_while(start, connect, clock):
    web = start()
    connection = connect(web)
    for _ in range(2):
        connection.sendall(b"GET /page HTTP/1.1\r\nHost: hub\r\n\r\n")
        read_page(connection)
        wait_until(web, lambda channels: channels[0].is_waiting())
        clock.advance(60)
        wait_for_check(web)
    clock.advance(16)
    wait_for_check(web)
    assert is_closed(connection)


def test_a_connection_is_kept_after_a_request_that_took_long(start, connect, clock):
    server_clock = CheckingClock(clock)
    web = server_clock.web = start(server_clock=server_clock)
    connection = connect(web, b"GET /page HTTP/1.1\r\nHost: hub\r\n\r\n")
    read_page(connection)
    wait_until(web, lambda channels: all(channel.is_waiting() for channel in channels))
    assert clock.monotonic() == 100
    assert not is_closed(connection)


def read_page(connection):
    """Read the response with a page."""
    text = b""
    while not text.endswith(b"\r\n\r\n/page"):
        part = connection.recv(65536)
        assert part, "The server has closed the connection."
        text += part


def test_empty_lines_do_not_prolong_anything(start, connect, clock):
    web = start()
    connection = connect(web)
    connection.sendall(b"\r\n\r\n\r\n")
    wait_for_requests(web, 1)
    for _ in range(5):
        connection.sendall(b"\r\n\r\n\r\n")
        clock.advance(2.2)
    wait_for_check(web)
    assert is_closed(connection)


def test_the_connection_that_waits_longest_makes_room(start, connect, clock):
    web = start(connections_per_client=3)
    connections = []
    for _ in range(5):
        connections.append(connect(web, HALF_OPEN))
        wait_for_requests(web, min(3, len(connections)))
        clock.advance(1)
    wait_until(web, lambda channels: is_closed(connections[1]))
    assert [is_closed(connection) for connection in connections] == [True] * 2 + [False] * 3


def test_connections_of_a_declared_proxy_are_limited_in_total_only(start, connect, clock):
    web = start(connections=4, connections_per_client=2, trusted_proxy=["127.0.0.1"])
    connections = []
    for _ in range(6):
        connections.append(connect(web, HALF_OPEN))
        wait_for_requests(web, min(4, len(connections)))
        clock.advance(1)
    wait_until(web, lambda channels: is_closed(connections[1]))
    assert [is_closed(connection) for connection in connections] == [True] * 2 + [False] * 4


@pytest.fixture
def no_files(monkeypatch):
    """Forbid the creation of temporary files."""

    def refuse(*args):
        raise AssertionError("a body was written to a file")

    monkeypatch.setattr(buffers, "TempfileBasedBuffer", refuse)


@pytest.mark.parametrize("expect", [b"", b"Expect: 100-continue\r\n"])
@pytest.mark.parametrize("length", [1001, 200_000_000, 10**30])
def test_a_body_over_the_limit_is_refused_before_it_is_sent(
    start, connect, application, no_files, expect, length
):
    web = start(body_limit=lambda method, path, cookies: 1000)
    header = b"POST /page HTTP/1.1\r\nHost: hub\r\n%sContent-Length: %d\r\n\r\n"
    connection = connect(web, header % (expect, length))
    connection.shutdown(socket.SHUT_WR)
    answer = response(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"100 Continue" not in answer
    assert application.bodies == []


def test_a_client_that_sends_on_can_read_why_its_body_is_refused(start, connect, no_files):
    web = start(body_limit=lambda method, path, cookies: 1000)
    header = b"POST /page HTTP/1.1\r\nHost: hub\r\nContent-Length: 2000000\r\n\r\n"
    connection = connect(web, header)
    connection.sendall(b"x" * 2_000_000)
    assert b"At most 1,000 bytes" in response(connection)


def test_a_call_of_the_api_with_too_large_a_body_gets_a_problem(start, no_files):
    web = start(body_limit=lambda method, path, cookies: 1000)
    answer = requests.post(f"{web.url}/api/v1/cases/1/notes", data=b"x" * 1001, timeout=5)
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Request Entity Too Large",
        "status": 413,
        "detail": "At most 1,000 bytes are accepted here.",
    }


def test_a_client_that_never_stops_sending_is_cut_off(start, connect, clock, no_files):
    web = start(body_limit=lambda method, path, cookies: 1000)
    header = b"POST /page HTTP/1.1\r\nHost: hub\r\nContent-Length: 200000000\r\n\r\n"
    connection = connect(web, header)
    with pytest.raises(ConnectionError):
        connection.sendall(b"x" * 200_000_000)
    check_answers(web)


def test_a_chunked_body_is_cut_at_the_limit(start, connect, application, no_files):
    web = start(body_limit=lambda method, path, cookies: 30_000)
    header = b"POST /page HTTP/1.1\r\nHost: hub\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection = connect(web, header)
    for _ in range(40):
        connection.sendall(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
    connection.shutdown(socket.SHUT_WR)
    assert response(connection).startswith(b"HTTP/1.1 413 ")
    assert application.bodies == []


def test_bodies_within_the_limit_arrive(start, connect, application):
    web = start(body_limit=lambda method, path, cookies: 100_000)
    assert requests.post(f"{web.url}/page", data=b"x" * 100_000, timeout=5).status_code == 200
    assert requests.post(f"{web.url}/page", data=iter([b"x" * 90_000]), timeout=5).ok
    header = b"POST /page HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc"
    assert response(connect(web, header)).endswith(b"/page")
    assert application.bodies == [100_000, 90_000, 3]


def test_an_overlong_header_is_refused(start, connect):
    web = start()
    connection = connect(web, b"GET / HTTP/1.1\r\nX: " + b"x" * 33_000)
    assert response(connection).startswith(b"HTTP/1.0 431 ")


def test_a_flood_of_one_webhook_stops_neither_pages_nor_other_webhooks(start, connect, application):
    application.may_end.clear()
    web = start(connections_per_client=300, webhooks_waiting=10)
    request = b"POST /webhooks/1 HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n"
    connections = [connect(web, request) for _ in range(100)]
    refused = [response(connection) for connection in connections[12:]]
    assert all(answer.startswith(b"HTTP/1.1 429 ") for answer in refused)
    assert all(b"Retry-After: 5" in answer for answer in refused)
    check_answers(web)
    application.may_end.set()
    accepted = [response(connection) for connection in connections[:12]]
    assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in accepted)
    assert requests.post(f"{web.url}/webhooks/1", timeout=5).status_code == 200
