"""One request over real sockets: limits, and whether bytes may have been sent."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from hub.clock import SystemClock
from hub.http.exchange import ExchangeError, HttpResponse
from hub.qbo import transport
from tests.support.servers.raw_server import RawServer, answer_at_once, self_signed

Script = Callable[[socket.socket], None]
NOTHING: dict[str, Any] = {}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Return a function that plays a script for each connection and returns its address."""
    open_sockets: list[socket.socket] = []

    def start(*scripts: Script) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        open_sockets.append(listener)
        threading.Thread(target=play, args=(listener, scripts), daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    def play(listener: socket.socket, scripts: tuple[Script, ...]) -> None:
        for script in scripts:
            line, _ = listener.accept()
            open_sockets.append(line)
            script(line)

    yield start
    for open_socket in open_sockets:
        open_socket.close()


def read_request(line: socket.socket) -> bytes:
    data = line.recv(65536)
    while data.startswith(b"POST") and not data.endswith(b"{}"):
        data += line.recv(65536)
    return data


def answer(line: socket.socket) -> None:
    read_request(line)
    line.sendall(HEAD + b"{}")


def drip(first: bytes) -> Script:
    def play(line: socket.socket) -> None:
        read_request(line)
        line.sendall(first)
        try:
            for _ in range(100):
                time.sleep(0.02)
                line.sendall(b"x")
        except OSError:
            return

    return play


def send(url: str, seconds: float = 5.0) -> HttpResponse:
    request = transport.build_request("POST", url, "token", b"{}", "application/json")
    return transport.send(request, mounts=NOTHING, clock=SystemClock(), seconds=seconds)


@contextmanager
def fails(*, may_have_sent: bool, match: str = ".") -> Iterator[None]:
    with pytest.raises(ExchangeError, match=match) as failure:
        yield
    assert failure.value.may_have_sent is may_have_sent


def test_a_whole_answer_comes_back(serve):
    assert send(serve(answer)) == HttpResponse(
        200, {"Content-Type": "application/json", "Content-Length": "2"}, b"{}"
    )


def test_a_connection_is_used_again(serve):
    def twice(line: socket.socket) -> None:
        answer(line)
        answer(line)

    url = serve(twice)
    assert (send(url).body, send(url).body) == (b"{}", b"{}")


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nX: ", HEAD.replace(b"2\r", b"200\r")])
def test_a_drip_cannot_outlast_the_deadline(serve, first):
    start = time.monotonic()
    with fails(may_have_sent=True):
        send(serve(drip(first)), seconds=0.5)
    assert time.monotonic() - start < 10


def test_a_request_without_any_answer_may_have_been_sent(serve):
    with fails(may_have_sent=True):
        send(serve(lambda line: read_request(line) and line.recv(1)), seconds=0.5)


def test_a_request_whose_answer_is_reset_may_have_been_sent(serve):
    def broken(line: socket.socket) -> None:
        read_request(line)
        line.sendall(HEAD + b"{")
        line.close()

    with fails(may_have_sent=True):
        send(serve(broken))


def test_a_request_whose_connection_is_closed_may_have_been_sent(serve):
    with fails(may_have_sent=True):
        send(serve(lambda line: read_request(line) and line.close()))


def test_a_refused_connection_is_unsent():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with fails(may_have_sent=False, match="refused"):
        send(f"http://127.0.0.1:{port}/")


def test_an_unknown_host_is_unsent():
    with fails(may_have_sent=False):
        send("http://nobody.invalid/")


def test_a_server_without_tls_is_unsent(serve):
    with fails(may_have_sent=False, match="no encrypted connection could be opened"):
        send(
            serve(lambda line: line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")).replace(
                "http:", "https:"
            )
        )


def test_a_silent_tls_handshake_is_unsent(serve):
    with fails(may_have_sent=False):
        send(serve(lambda line: time.sleep(0.4)).replace("http:", "https:"), seconds=0.1)


def test_a_certificate_that_nobody_vouches_for_is_not_spoken_to(tmp_path):
    server = RawServer(answer_at_once("200 OK"), self_signed(tmp_path))
    with fails(may_have_sent=False, match=r"self.signed"):
        send(server.url)
    server.close()
    assert server.heads == []


def test_a_silent_look_up_of_the_host_is_unsent(monkeypatch):
    gate = threading.Event()

    def wait_for_gate(*arguments: object, **options: object) -> list[object]:
        gate.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", wait_for_gate)
    try:
        with fails(may_have_sent=False, match="address of its host was not found|did not end"):
            send("https://silent.test/", seconds=0.1)
    finally:
        gate.set()


def test_a_redirect_is_not_followed(serve):
    def moved(line: socket.socket) -> None:
        read_request(line)
        line.sendall(
            b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
        )

    assert send(serve(moved)).status == 307


def test_more_than_may_be_read_is_lost(serve, monkeypatch):
    monkeypatch.setattr(transport, "MAX_RESPONSE_BYTES", 10)

    def much(line: socket.socket) -> None:
        read_request(line)
        line.sendall(HEAD.replace(b"2\r", b"20\r") + b"x" * 20)

    with fails(may_have_sent=True, match="larger"):
        send(serve(much))


def test_an_idle_connection_is_opened_again(serve, monkeypatch):
    monkeypatch.setattr(transport, "MAX_IDLE_SECONDS", -1.0)
    url = serve(answer, answer)
    assert (send(url).body, send(url).body) == (b"{}", b"{}")


def test_a_netrc_file_does_not_change_the_authorisation(serve, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password other")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    messages: list[bytes] = []

    def listen(line: socket.socket) -> None:
        messages.append(read_request(line))
        line.sendall(HEAD + b"{}")

    url = serve(listen)
    transport.send(
        transport.build_request("GET", url, "token"), mounts=NOTHING, clock=SystemClock(), seconds=5
    )
    assert b"Authorization: Bearer token" in messages[0]
