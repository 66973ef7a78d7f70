"""A total deadline for requests sessions, and what may have been sent before it."""

import os
import socket
import threading
import time
from http.client import HTTPConnection

import pytest
import requests

from hub.http import deadline
from hub.http.adapter import LimitedAdapter
from tests.support.servers.raw_server import answer_at_once, send_slowly

SECONDS = 0.3  # of an exchange that is to be cut
PATIENT_SECONDS = 20.0  # of any other, which a busy machine must not cut


@pytest.fixture
def session():
    with requests.Session() as new_session:
        for prefix in ("http://", "https://"):
            new_session.mount(prefix, LimitedAdapter())
        yield new_session


def fetch(session, url, data=None, seconds=PATIENT_SECONDS, **options):
    method = "POST" if data else "GET"
    with deadline.limit_time(seconds, **options) as guard:
        try:
            return session.request(method, url, data=data, timeout=PATIENT_SECONDS).content, guard
        except requests.RequestException as error:
            return error, guard


def test_an_exchange_within_its_deadline_is_not_cut(serve, session):
    answer, guard = fetch(session, serve(answer_at_once("200 OK", b"hello")).url)
    assert (answer, guard.expired, guard.may_have_sent) == (b"hello", False, True)


def test_an_exchange_beyond_its_deadline_is_cut(serve, session):
    server = serve(send_slowly(b"HTTP/1.1 200 OK\r\n\r\n", lambda: server.ended))
    start = time.monotonic()
    _, guard = fetch(session, server.url, seconds=SECONDS)
    assert guard.expired
    assert time.monotonic() - start < PATIENT_SECONDS


def test_a_watchdog_that_sleeps_is_woken(serve, session, monkeypatch):
    watchdog = type(deadline._watchdog)()
    monkeypatch.setattr(deadline, "_watchdog", watchdog)
    monkeypatch.setattr(deadline, "IDLE_LOOKS", 0)
    fetch(session, serve(answer_at_once("200 OK", b"hello")).url)
    patience_ends = time.monotonic() + PATIENT_SECONDS
    while not watchdog._is_sleeping and time.monotonic() < patience_ends:
        pass
    server = serve(send_slowly(b"HTTP/1.1 200 OK\r\n\r\n", lambda: server.ended))
    _, guard = fetch(session, server.url, seconds=SECONDS)
    assert guard.expired


@pytest.mark.parametrize(
    ("body", "pieces"),
    [(None, 1), (b"bill", 1), (b"x" * (deadline.MAX_JOINED_BYTES + 1), 2)],
    ids=["none", "small", "large"],
)
def test_headers_leave_with_a_small_body(serve, session, monkeypatch, body, pieces):
    sent = []
    send = HTTPConnection.send
    monkeypatch.setattr(HTTPConnection, "send", lambda self, data: sent.append(send(self, data)))
    answer, _ = fetch(session, serve(answer_at_once("200 OK", b"hello")).url, body)
    assert (answer, len(sent)) == (b"hello", pieces)


def test_a_closed_port_got_no_byte_of_the_request(session):
    _, guard = fetch(session, "http://127.0.0.1:1/", b"bill")
    assert not guard.may_have_sent


def test_a_handshake_that_fails_got_no_byte_of_the_request(serve, session):
    server = serve(answer_at_once("200 OK"))
    _, guard = fetch(session, server.url.replace("http:", "https:"), b"bill", seconds=SECONDS)
    assert not guard.may_have_sent


def test_a_connection_that_is_opened_too_late_gets_no_byte_of_the_request(serve, session):
    server = serve(answer_at_once("200 OK"))
    with (
        deadline.limit_time(60, is_permitted=lambda *address: guard.cut() or True) as guard,
        pytest.raises(requests.ConnectTimeout),
    ):
        session.post(server.url, data=b"bill", timeout=5)
    assert guard.expired
    assert not guard.may_have_sent


def test_a_connection_that_closes_without_an_answer_got_the_request(serve, session):
    answer, guard = fetch(session, serve(lambda line: line.close()).url, b"bill")
    assert isinstance(answer, requests.ConnectionError)
    assert guard.may_have_sent


def test_a_connection_used_again_gets_the_request(serve, session):
    answers = iter([answer_at_once("200 OK"), lambda line: line.close()])
    server = serve(lambda line: next(answers)(line))
    fetch(session, server.url)
    _, guard = fetch(session, server.url, b"bill")
    assert (guard.may_have_sent, server.connections) == (True, 1)


def test_one_deadline_within_another_gives_way_to_it_again(serve, session):
    server = serve(answer_at_once("200 OK", b"hello"))
    with deadline.limit_time(5):
        assert fetch(session, server.url)[0] == b"hello"
        assert session.get(server.url, timeout=5).content == b"hello"


def test_a_look_up_of_the_host_is_cut_too_and_nothing_has_left(session, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: gate.wait(60) and [])
    start = time.monotonic()
    answer, guard = fetch(session, "http://silent.test/", b"bill", seconds=SECONDS)
    gate.set()
    assert (isinstance(answer, requests.ConnectionError), guard.may_have_sent) == (True, False)
    assert time.monotonic() - start < PATIENT_SECONDS


def test_a_process_that_was_forked_has_a_watchdog_of_its_own(serve, session):
    server = serve(lambda line: server.ended.wait(60))
    fetch(session, serve(answer_at_once("200 OK")).url)
    child = os.fork()
    if child == 0:
        _, guard = fetch(requests_session(), server.url, seconds=SECONDS)
        os._exit(0 if guard.expired else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def requests_session():
    new_session = requests.Session()
    new_session.mount("http://", LimitedAdapter())
    return new_session


def test_an_address_that_is_not_permitted_is_not_connected_to(serve, session):
    server, checked_places = serve(answer_at_once("200 OK")), []
    with pytest.raises(deadline.NotPermitted, match=r"127\.0\.0\.1"):
        fetch(session, server.url, is_permitted=lambda *place: checked_places.append(place))
    assert checked_places == [("127.0.0.1", server.port, "127.0.0.1")]
    assert server.connections == 0


def test_one_forbidden_address_among_several_forbids_the_host(serve, session, monkeypatch):
    server, real = serve(answer_at_once("200 OK")), socket.getaddrinfo
    both = real("127.0.0.1", server.port, type=socket.SOCK_STREAM) * 2
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    answers = iter([True, False])
    with pytest.raises(deadline.NotPermitted):
        fetch(session, server.url, is_permitted=lambda *_: next(answers))


def test_a_host_is_resolved_once_and_that_address_is_called(serve, session, monkeypatch):
    server, real, calls = serve(answer_at_once("200 OK", b"hello")), socket.getaddrinfo, []

    def once(host, port, **options):
        calls.append(host)
        return real("127.0.0.1", port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", once)
    fetch(
        session,
        f"http://rebind.test:{server.port}",
        is_permitted=lambda host, port, address: address == "127.0.0.1",
    )
    assert (calls, "Host: rebind.test" in server.heads[0]) == (["rebind.test"], True)
