"""The HTTP client of plugins: deadlines, sizes, errors, and no secret in a message."""

import ssl
from decimal import Decimal

import pytest

from hub.errors import HubError, NeedsAttention, Refused, Retry
from hub.http import deadline
from hub.http.client import encode
from qbo_sandbox.kit.wsgi import WSGIAdapter
from tests.support.servers.raw_server import answer_at_once, self_signed, send_slowly

KEY = "tok-8f3a-hemmelig"


@pytest.fixture
def ask(make_http, serve):
    """Return a function that sends a request to a real server with a given response."""

    def ask(behave, method="GET", path="/v1/invoices", client=None, **options):
        server = serve(behave)
        settings = {"base_url": server.url}
        http = make_http("{base_url}", settings=settings, allow=["127.0.0.1"], **(client or {}))
        return http.request(method, server.url + path, **options)

    return ask


# -- an answer -------------------------------------------------------------------------------------


def test_an_answer_comes_back_whole_with_exact_numbers(ask):
    reply = ask(
        answer_at_once(
            "200 OK",
            b'{"total": 1249.10, "count": 3}',
            "Content-Type: application/json",
            "X-Page: 2",
        )
    )
    assert (reply.status, reply.headers["x-page"]) == (200, "2")
    assert reply.check().json() == {"total": Decimal("1249.10"), "count": 3}


def test_a_request_arrives_as_the_plugin_passed_it(make_http, serve):
    server = serve(answer_at_once("200 OK", b"{}"))
    http = make_http("{base_url}", settings={"base_url": server.url}, allow=["127.0.0.1"])
    http.request(
        "post",
        f"{server.url}/v1/x",
        params={"page": 2},
        headers={"X-Api-Key": KEY},
        json={"sum": Decimal("0.10")},
    )
    head = server.heads[0]
    assert head.startswith("POST /v1/x?page=2 HTTP/1.1")
    assert f"X-Api-Key: {KEY}" in head
    assert "Content-Type: application/json" in head


def test_json_carries_a_decimal_as_the_number_it_is():
    assert (
        encode({"a": Decimal("0.10"), "b": Decimal("1200.00"), "c": "æ"})
        == '{"a": 0.1, "b": 1200, "c": "æ"}'.encode()
    )


@pytest.mark.parametrize(
    "value", [Decimal("0.12345678901234567891"), Decimal("NaN"), float("inf"), object()]
)
def test_a_value_that_json_cannot_hold_is_refused(value):
    with pytest.raises((ValueError, TypeError, ArithmeticError)):
        encode({"a": value})


# -- errors ----------------------------------------------------------------------------------------


def test_a_throttled_call_waits_as_long_as_the_response_asks(ask):
    with pytest.raises(Retry, match=r"127\.0\.0\.1 asks CostTracker to slow down") as caught:
        ask(answer_at_once("429 Too Many Requests", b"", "Retry-After: 37"))
    assert caught.value.after == 37


@pytest.mark.parametrize(
    "status",
    ["408 Request Timeout", "500 Oops", "502 Bad Gateway", "503 Unavailable", "504 Timeout"],
)
def test_a_server_that_is_down_is_tried_again(ask, status):
    with pytest.raises(Retry, match=rf"cannot answer CostTracker now \(status {status[:3]}\)\.$"):
        ask(answer_at_once(status))


def test_a_refusing_status_is_returned_as_a_response(ask):
    reply = ask(
        answer_at_once(
            "500 No", b'{"errors": ["No such right."]}', "Content-Type: application/json"
        ),
        answers=(500,),
    )
    with pytest.raises(Refused, match=r"was refused with status 500: “No such right\.”"):
        reply.check()


def test_a_redirect_is_reported_and_not_followed(ask):
    with pytest.raises(
        NeedsAttention, match=r"was redirected to https://new\.example, .* has a new address, enter"
    ) as caught:
        ask(answer_at_once("301 Moved", b"", f"Location: https://new.example/x?key={KEY}"))
    assert KEY not in caught.value.text


def test_not_modified_is_an_answer(ask):
    assert ask(answer_at_once("304 Not Modified")).check().status == 304


def test_silence_is_tried_again(ask):
    with pytest.raises(Retry, match=r"127\.0\.0\.1 did not answer CostTracker within 0\.4 seconds"):
        ask(lambda line: line.recv(1), client={"seconds": 0.4})


def test_a_dripping_answer_is_tried_again(ask, serve):
    stop = serve(answer_at_once("200 OK"))
    with pytest.raises(Retry, match=r"did not answer CostTracker within 0\.4 seconds"):
        ask(send_slowly(b"HTTP/1.1 200 OK\r\nX: ", lambda: stop.ended), client={"seconds": 0.4})


def test_an_answer_that_breaks_off_is_tried_again(ask):
    def cut(line):
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        line.close()

    with pytest.raises(Retry, match=r"Can't reach CostTracker at 127\.0\.0\.1:\d+ \(.*\)\.$"):
        ask(cut)


def test_a_closed_port_is_tried_again(make_http):
    http = make_http("{base_url}", settings={"base_url": "http://127.0.0.1:1"}, allow=["127.0.0.1"])
    with pytest.raises(
        Retry, match=r"Can't reach CostTracker at 127\.0\.0\.1:1 \(connection refused\)\.$"
    ):
        http.request("GET", "http://127.0.0.1:1/x")


def test_an_unknown_host_name_is_tried_again(make_http, monkeypatch):
    def fail(*_, **__):
        raise deadline.socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(deadline.socket, "getaddrinfo", fail)
    with pytest.raises(
        Retry, match=r"Can't reach CostTracker at api\.example\.com \(.*ame or service not known"
    ):
        make_http("api.example.com").request("GET", "https://api.example.com/")


def test_too_large_an_answer_is_refused(make_http, serve):
    server = serve(answer_at_once("200 OK", b"x" * 5000))
    http = make_http("{u}", settings={"u": server.url}, allow=["127.0.0.1"], max_bytes=1000)
    with pytest.raises(Refused, match="answered with more than 1,000 bytes"):
        http.request("GET", server.url)


def test_a_header_that_cannot_be_sent_is_refused_without_repeating_it(make_http):
    with pytest.raises(Refused) as caught:
        make_http("api.example.com").request(
            "GET", "https://api.example.com/", headers={"X-Key": f"{KEY}\r\nX-Evil: 1"}
        )
    assert KEY not in caught.value.text


@pytest.mark.parametrize("character", ["\u200b", "\u2013", "\u0142"])
def test_a_copied_character_that_no_header_can_hold_needs_a_person(make_http, character):
    with pytest.raises(NeedsAttention) as caught:
        make_http("api.example.com").request(
            "GET", "https://api.example.com/", headers={"X-Key": f"{KEY}{character}"}
        )
    assert "X-Key" in caught.value.text
    assert KEY not in caught.value.text


def test_a_certificate_that_cannot_be_trusted_needs_a_person(make_http, serve, tmp_path):
    server = serve(answer_at_once("200 OK"), self_signed(tmp_path))
    http = make_http("{u}", settings={"u": server.url}, allow=["127.0.0.1"])
    with pytest.raises(
        NeedsAttention, match=r"127\.0\.0\.1 has no certificate that can be trusted \(.*self.signed"
    ):
        http.request("GET", server.url)
    assert server.heads == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")  # the old version is meant
@pytest.mark.parametrize(
    ("newest", "problem"),
    [
        (ssl.TLSVersion.TLSv1_1, (Retry, "protocol version")),
        (ssl.TLSVersion.TLSv1_2, (NeedsAttention, "self.signed")),
    ],
)
def test_no_version_of_tls_before_1_2_is_spoken(make_http, serve, tmp_path, newest, problem):
    context = self_signed(tmp_path)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = newest
    server = serve(answer_at_once("200 OK"), context)
    error, text = problem
    http = make_http("{u}", settings={"u": server.url}, allow=["127.0.0.1"])
    with pytest.raises(error, match=text):
        http.request("GET", server.url)
    assert server.heads == []


# -- secrets ---------------------------------------------------------------------------------------


def echo(line):
    body = f"who are you {KEY}?".encode()
    answer_at_once("400 Bad Request", body)(line)


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"Authorization": f"Bearer {KEY}"}},
        {"headers": {"X-Api-Key": KEY}},
        {"auth": ("ann", KEY)},
        {"params": {"api_key": KEY}},
        {"path": f"/v1/invoices?token={KEY}"},
    ],
    ids=["bearer", "header", "basic", "query", "address"],
)
@pytest.mark.parametrize(
    "behave",
    [
        echo,
        answer_at_once("404 No", f"no {KEY}".encode()),
        answer_at_once("500 No"),
        answer_at_once("302 No"),
        answer_at_once("429 No"),
        lambda line: line.close(),
        answer_at_once("200 OK", b"<"),
    ],
)
def test_no_secret_shows_in_any_sentence(ask, behave, options):
    with pytest.raises(HubError) as caught:
        ask(behave, **options).check().json()
    assert KEY not in caught.value.text
    assert caught.value.__cause__ is None or KEY not in repr(caught.value.__cause__)


def test_a_stand_in_mounted_in_this_process_needs_no_network(make_http):
    def stand_in(environ, start):
        start("200 OK", [("Content-Type", "text/plain")])
        return [environ["PATH_INFO"].encode()]

    adapter = WSGIAdapter(stand_in)
    http = make_http(
        "{u}", settings={"u": "https://costtracker.test"}, find_stand_in=lambda url: adapter
    )
    assert http.request("GET", "https://costtracker.test/v1/x").body == b"/v1/x"
