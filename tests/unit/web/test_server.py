"""The web server: its address, a port in use, and an orderly shutdown."""

import socket
import subprocess
import sys
import threading

import pytest
import requests
from flask import request

from hub.errors import ConfigurationError
from hub.web.serving.server import Web, browser_address, listen


def hello(environ, start):
    start("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@pytest.fixture
def web():
    server = Web(hello, "127.0.0.1", 0)
    server.start()
    yield server
    server.stop()


def test_the_server_answers_at_its_address(web):
    answer = requests.get(web.url, timeout=5)
    assert (answer.text, "Server" in answer.headers) == ("hello", False)


def test_a_port_that_is_taken_is_reported_with_what_to_do(web):
    with pytest.raises(
        ConfigurationError,
        match=f"Port {web.port} is in use by another program; choose another one",
    ):
        Web(hello, "127.0.0.1", web.port)


def test_an_address_that_is_not_of_this_machine_is_reported():
    with pytest.raises(ConfigurationError, match=r"192\.0\.2\.1:80 cannot be used: .* with --host"):
        Web(hello, "192.0.2.1", 80)


def test_a_host_that_does_not_exist_is_named_with_the_reason(monkeypatch):
    def look_up(*arguments, **options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("socket.create_server", look_up)
    text = r"hub\.invalid:80 cannot be used: Name or service not known; .* with --host"
    with pytest.raises(ConfigurationError, match=text):
        listen("hub.invalid", 80)


def test_the_application_reads_which_client_a_proxy_calls_for(open_pages):
    app = open_pages("people", HUB_TRUSTED_PROXY="127.0.0.1").app
    app.add_url_rule("/whoami", "whoami", lambda: f"{request.remote_addr} {request.scheme}")
    app.view_functions["whoami"].needs = "anyone"
    web = Web(app, "127.0.0.1", 0)
    web.start()
    headers = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9", "X-Forwarded-Proto": "https"}
    try:
        answer = requests.get(f"{web.url}/whoami", headers=headers, timeout=5)
        assert answer.text == "203.0.113.9 http"
    finally:
        web.stop()


@pytest.mark.parametrize(
    ("host", "name"), [("127.0.0.1", "localhost"), ("0.0.0.0", "localhost"), ("::1", "localhost")]
)
def test_the_address_for_a_browser_is_one_that_intuit_takes(host, name):
    with listen(host, 0) as listener:
        port = listener.getsockname()[1]
        assert browser_address(host, listener) == f"http://{name}:{port}"


def test_a_connection_that_is_kept_open_ends_with_the_server():
    web = Web(hello, "127.0.0.1", 0)
    web.start()
    with requests.Session() as client:
        client.get(web.url, timeout=5)
        web.stop()
        (channel,) = client.adapters["http://"].poolmanager.pools._container.values()
        assert channel.pool.queue[-1].sock.recv(1) == b""


def test_the_server_stops_while_its_loop_wakes_up_for_another_reason():
    web = Web(lambda environ, start: start("204 No Content", []) and [], "127.0.0.1", 0)
    web.start()
    trigger, thread = web._server.trigger, web._thread
    write = trigger._physical_pull

    def wake_up_first():
        write()
        thread.join(0.1)
        write()

    trigger._physical_pull = wake_up_first
    web.stop()
    assert not thread.is_alive()


def test_another_thread_stops_it_without_a_word(monkeypatch):
    messages = []
    monkeypatch.setattr(threading, "excepthook", messages.append)
    for _ in range(60):
        web = Web(lambda environ, start: start("204 No Content", []) and [], "127.0.0.1", 0)
        web.start()
        requests.get(web.url, timeout=5)
        web.stop()
    assert messages == []


# The thread signals itself once the main thread waits, so that nothing wakes the main thread up.
SIGNAL_TO_ANOTHER_THREAD = """
import signal, sys, threading
from hub.web.serving.server import Web

def is_waiting():
    frame = sys._current_frames()[main]  # of Condition.wait, which Event.wait calls
    callers = (frame.f_back, frame.f_back and frame.f_back.f_back)
    return Web.wait.__code__ in [caller.f_code for caller in callers if caller]

def signal_self():
    while not is_waiting():
        pass
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

main = threading.get_ident()
threading.Thread(target=signal_self, daemon=True).start()
Web(lambda environ, start: [], "127.0.0.1", 0).wait()
"""


def test_a_signal_that_another_thread_gets_ends_the_server():
    command = [sys.executable, "-c", SIGNAL_TO_ANOTHER_THREAD]
    assert subprocess.run(command, timeout=60, check=False).returncode == 0
