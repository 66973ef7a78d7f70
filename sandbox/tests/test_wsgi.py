"""Tests of a stand-in mounted under a requests session, without a socket."""

import pytest
import requests
from urllib3.exceptions import NewConnectionError

from qbo_sandbox.kit import Fault, Harness, json_answer
from qbo_sandbox.kit.messages import body_of, text_answer
from qbo_sandbox.kit.wsgi import mount


def echo(environ, start):
    names = (
        "REQUEST_METHOD",
        "SCRIPT_NAME",
        "PATH_INFO",
        "QUERY_STRING",
        "HTTP_X_ASKED",
        "CONTENT_TYPE",
        "HTTP_HOST",
    )
    return json_answer(
        start,
        200,
        {name: environ.get(name) for name in names} | {"body": body_of(environ).decode()},
    )


@pytest.fixture
def harness():
    return Harness(echo)


@pytest.fixture
def session(harness):
    with requests.Session() as session:
        mount(session, "https://books.test/under", harness)
        yield session


def break_with(harness, kind, **rest):
    harness.faults.add(Fault.read({"kind": kind, **rest}))


def test_a_request_reaches_the_stand_in_as_over_a_socket(session):
    url = "https://books.test/under/things/%C3%A5?a=b%20c"
    response = session.post(
        url, data=b'{"n": 1}', headers={"X-Asked": "yes", "Content-Type": "application/json"}
    ).json()
    assert response == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "/under",
        "PATH_INFO": "/things/å".encode().decode("latin-1"),
        "QUERY_STRING": "a=b%20c",
        "HTTP_X_ASKED": "yes",
        "CONTENT_TYPE": "application/json",
        "HTTP_HOST": "books.test",
        "body": '{"n": 1}',
    }


def test_a_multipart_body_arrives(session):
    response = session.post("https://books.test/under/", files={"part": ("a.txt", b"hello")}).json()
    assert "hello" in response["body"]


def test_cookies_and_redirects_work(harness):
    def app(environ, start):
        if environ["PATH_INFO"] == "/first":
            start("302 Found", [("Location", "/second"), ("Set-Cookie", "seen=1")])
            return [b""]
        return text_answer(start, 200, environ.get("HTTP_COOKIE", ""))

    with requests.Session() as session:
        mount(session, "http://pages.test", app)
        assert session.get("http://pages.test/first").text == "seen=1"


def test_a_refused_connection_says_that_nothing_was_sent(session, harness):
    break_with(harness, "refuse")
    with pytest.raises(requests.ConnectionError) as caught:
        session.get("https://books.test/under/")
    assert isinstance(caught.value.args[0].reason, NewConnectionError)


@pytest.mark.parametrize("kind", ["lose_request", "lose_answer"])
def test_a_lost_message_is_a_connection_error(session, harness, kind):
    break_with(harness, kind)
    with pytest.raises(requests.ConnectionError):
        session.get("https://books.test/under/")


@pytest.mark.parametrize("timeout", [5, (1, 5)])
def test_a_pause_longer_than_the_client_waits_is_a_read_timeout(session, harness, timeout):
    break_with(harness, "delay", seconds=60)
    with pytest.raises(requests.ReadTimeout):
        session.get("https://books.test/under/", timeout=timeout)


def test_a_short_pause_is_waited_for(harness):
    slept = []
    with requests.Session() as session:
        mount(session, "https://books.test", harness, sleep=slept.append)
        break_with(harness, "delay", seconds=3)
        assert session.get("https://books.test/", timeout=5).status_code == 200
    assert slept == [3]


def test_a_reset_breaks_the_body(session, harness):
    break_with(harness, "reset")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        session.get("https://books.test/under/")


def test_a_dripping_body_takes_its_time_byte_by_byte(harness):
    slept = []
    with requests.Session() as session:
        mount(session, "https://books.test", harness, sleep=slept.append)
        break_with(harness, "drip", seconds=1)
        answer = session.get("https://books.test/")
    assert sum(slept) >= len(answer.content)
