"""One HTTP exchange over real sockets ends by its deadline."""

import contextlib
import socket
import struct
import threading
import time
from unittest.mock import Mock

import pytest
import requests

from hub.clock import SystemClock
from hub.http import deadline, exchange
from hub.http.client import open_session
from hub.rate_limits.limiter import NoSlot
from qbo_sandbox.kit import ConnectionFault
from qbo_sandbox.kit.wsgi import mount
from tests.support.servers.raw_server import answer_at_once, send_slowly

SECONDS = 0.3  # of an exchange that is to be cut
PATIENT_SECONDS = 20.0  # of any other, which a busy machine must not cut
SLACK = 3.0  # less than the five seconds that a server waits


@pytest.fixture
def session():
    with open_session() as new_session:
        yield new_session


def fetch(session, url, method="GET", data=None, **options):
    request = session.prepare_request(requests.Request(method, url, data=data))
    return send(session, request, **options)


def send(
    session, request, clock=None, max_bytes=10**9, seconds=PATIENT_SECONDS, before_sending=None
):
    return exchange.fetch(
        session.get_adapter(request.url),
        request,
        seconds=seconds,
        clock=clock or SystemClock(),
        max_bytes=max_bytes,
        before_sending=before_sending,
    )


@contextlib.contextmanager
def over_in_time(error):
    started = time.monotonic()
    with pytest.raises(error) as raised:
        yield raised
    assert time.monotonic() - started < SECONDS + SLACK


def test_a_whole_answer_comes_back(serve, session):
    server = serve(answer_at_once("201 Created", b"hello", "X-Name: value"))
    answer = fetch(session, server.url)
    assert (answer.status, answer.body, answer.headers["x-name"]) == (201, b"hello", "value")


def test_a_connection_is_used_again(serve, session):
    server = serve(answer_at_once("200 OK", b"hello"))
    for _ in range(5):
        fetch(session, server.url)
    assert (server.connections, len(server.heads)) == (1, 5)


@pytest.mark.parametrize("data", [None, b"x", b"x" * 100_000])
def test_before_sending_is_called_once_before_any_byte(serve, session, data):
    server = serve(answer_at_once("200 OK"))
    calls = []
    for _ in range(2):
        request = session.prepare_request(requests.Request("POST", server.url, data=data))
        send(session, request, before_sending=lambda: calls.append(len(server.heads)))
    assert (calls, len(server.heads), server.connections) == ([0, 1], 2, 1)


@pytest.mark.parametrize("sent_before", [0, 1])
def test_nothing_is_sent_if_what_is_called_before_raises(serve, session, sent_before):
    server = serve(answer_at_once("200 OK"))
    request = session.prepare_request(requests.Request("POST", server.url, data=b"x"))
    for _ in range(sent_before):
        send(session, request)
    no_slot = NoSlot(1.0)
    with pytest.raises(NoSlot) as raised:
        send(session, request, before_sending=Mock(side_effect=no_slot))
    assert raised.value is no_slot
    send(session, request)
    assert len(server.heads) == sent_before + 1


@pytest.mark.parametrize("sent_before", [0, 1])
def test_a_wait_before_the_first_byte_that_is_too_long_ends_before_it(serve, session, sent_before):
    server = serve(answer_at_once("200 OK"))
    request = session.prepare_request(requests.Request("POST", server.url, data=b"x"))
    for _ in range(sent_before):
        send(session, request)
    is_cut = threading.Event()
    with pytest.raises(exchange.DeadlinePassed) as late:
        send(session, request, seconds=SECONDS, before_sending=lambda: is_cut.wait(3 * SECONDS))
    assert not late.value.may_have_sent
    assert len(server.heads) == sent_before


def dripping(serve, first):
    server = serve(send_slowly(first, lambda: server.ended))
    return server


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(b"", id="the status line"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Slow: ", id="a header"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", id="a body of known length"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", id="a body until the end"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n", id="a chunk"
        ),
    ],
)
def test_a_server_that_drips_does_not_outlast_the_deadline(serve, session, first):
    server = dripping(serve, first)
    with over_in_time(exchange.DeadlinePassed):
        fetch(session, server.url, seconds=SECONDS)


def test_a_server_that_drips_on_a_used_connection_does_not_outlast_the_deadline(serve, session):
    answers = iter(
        [
            answer_at_once("200 OK", b"quick"),
            send_slowly(b"HTTP/1.1 200 OK\r\nX-Slow: ", lambda: server.ended),
        ]
    )
    server = serve(lambda line: next(answers)(line))
    fetch(session, server.url)
    with over_in_time(exchange.DeadlinePassed):
        fetch(session, server.url, seconds=SECONDS)
    assert server.connections == 1


def test_a_tls_handshake_that_never_ends_does_not_outlast_the_deadline(serve, session):
    server = serve(lambda line: server.ended.wait(5))
    with over_in_time(exchange.ExchangeError):
        fetch(session, server.url.replace("http:", "https:"), seconds=SECONDS)


def test_a_server_that_does_not_read_the_request_does_not_outlast_the_deadline(serve, session):
    server = serve(lambda line: server.ended.wait(5))
    with over_in_time(exchange.ExchangeError):
        fetch(session, server.url, "POST", b"x" * 30_000_000, seconds=SECONDS)


def test_a_silent_server_does_not_outlast_the_deadline(serve, session):
    server = serve(lambda line: server.ended.wait(5))
    with over_in_time(exchange.DeadlinePassed) as raised:
        fetch(session, server.url, seconds=SECONDS)
    # Either the wait for the answer ends, or the guard has cut the connection just before.
    assert str(raised.value) in ("no answer came in time", exchange.TOO_LATE)


def test_an_exchange_that_the_hub_cuts_is_late_and_not_closed_by_the_other_side(
    serve, session, monkeypatch
):
    server = serve(lambda line: server.ended.wait(5))
    adapter_send = requests.adapters.HTTPAdapter.send

    def send_patiently(self, request, **options):
        return adapter_send(self, request, **options | {"timeout": PATIENT_SECONDS})

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send_patiently)
    with over_in_time(exchange.DeadlinePassed) as raised:
        fetch(session, server.url, seconds=SECONDS)
    assert str(raised.value) == exchange.TOO_LATE


def test_the_deadline_of_one_exchange_leaves_the_others_alone(serve, session):
    slow, quick = (
        dripping(serve, b"HTTP/1.1 200 OK\r\n\r\n"),
        serve(answer_at_once("200 OK", b"hello")),
    )
    outcomes = []

    def late():
        with pytest.raises(exchange.DeadlinePassed):
            fetch(session, slow.url, seconds=SECONDS)
        outcomes.append("late")

    thread = threading.Thread(target=late)
    thread.start()
    while thread.is_alive():
        outcomes.append(fetch(session, quick.url).body)
    thread.join()
    assert set(outcomes) == {"late", b"hello"}


def test_a_stand_in_that_drips_is_late_by_the_injected_clock(session, clock):
    def drip(environ, start):
        raise ConnectionFault(status=200, body=b"xxx", drip=PATIENT_SECONDS)

    mount(session, "https://slow.test", drip, sleep=clock.sleep)
    request = session.prepare_request(requests.Request("GET", "https://slow.test/"))
    with pytest.raises(exchange.DeadlinePassed, match="did not end in time"):
        send(session, request, clock)


def test_an_answer_cut_short_is_an_error_not_an_answer(serve, session):
    def cut(line):
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        line.close()

    with pytest.raises(exchange.ExchangeError, match="the answer broke off"):
        fetch(session, serve(cut).url)


def test_an_answer_larger_than_allowed_is_not_read_to_its_end(serve, session):
    server = serve(answer_at_once("200 OK", b"x" * 200_000))
    with pytest.raises(exchange.TooLarge, match="larger than 1,000 bytes"):
        fetch(session, server.url, max_bytes=1000)


def test_no_redirect_is_followed(serve, session):
    server = serve(answer_at_once("302 Found", b"", "Location: /elsewhere"))
    assert fetch(session, server.url).status == 302
    assert len(server.heads) == 1


def test_no_cookie_is_kept(serve, session):
    server = serve(answer_at_once("200 OK", b"", "Set-Cookie: session=1; Path=/"))
    for _ in range(2):
        fetch(session, server.url)
    assert "cookie" not in server.heads[1].lower()


def test_no_proxy_or_netrc_of_the_surroundings_is_used(serve, session, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert fetch(session, serve(answer_at_once("200 OK", b"direct")).url).body == b"direct"


def test_an_unknown_host_is_an_error(session, monkeypatch):
    def fail(*_, **__):
        raise deadline.socket.gaierror("Name or service not known")

    monkeypatch.setattr(deadline.socket, "getaddrinfo", fail)
    with pytest.raises(exchange.ExchangeError, match="the address of its host was not found"):
        fetch(session, "http://nowhere.test")


def test_a_port_that_nobody_listens_on_is_an_error(session):
    with pytest.raises(exchange.ExchangeError, match="it refused the connection"):
        fetch(session, "http://127.0.0.1:1")


def close_at_once(line):
    line.close()


def reset(line):
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (close_at_once, "the connection was closed before an answer came"),
        (reset, "the connection was cut"),
        (answer_at_once("200 OK", b"not gzip", "Content-Encoding: gzip"), "decompressed"),
    ],
    ids=["closed", "reset", "not gzip"],
)
def test_an_error_of_the_connection_is_explained_in_plain_words(serve, session, server, words):
    with pytest.raises(exchange.ExchangeError) as raised:
        fetch(session, serve(server).url)
    text = str(raised.value)
    assert words in text
    assert "(" not in text
