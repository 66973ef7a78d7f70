"""Tests of the parts shared by all stand-ins: clock, faults, journal, tokens, log and server."""

import base64
import hashlib
import hmac
import io
import json
import socket
import threading
from decimal import Decimal

import pytest
import requests

from qbo_sandbox import kit
from qbo_sandbox.kit import (
    Clock,
    ConnectionFault,
    Fault,
    Faults,
    Harness,
    Journal,
    Limits,
    RequestLog,
    Server,
    Tokens,
    WebhookSender,
    decode_row,
    encode_row,
    json_answer,
    json_of,
    row_fields,
    text_answer,
)
from qbo_sandbox.kit.messages import body_of
from qbo_sandbox.kit.tokens import basic_of

NOON = 1_800_000_000.0


class Counter:
    """A stand-in that counts the requests that it carried out."""

    def __init__(self):
        self.done = []

    def __call__(self, environ, start):
        self.done.append(json_of(environ))
        return json_answer(start, 200, {"done": len(self.done)})


@pytest.fixture
def counter():
    return Counter()


@pytest.fixture
def harness(counter):
    return Harness(counter, clock=Clock(NOON, frozen=True), sleep=lambda _: None)


def call(app, path="/things", method="POST", body=b"{}"):
    response = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    content = b"".join(
        app(
            environ, lambda line, headers, exc=None: response.append((int(line[:3]), dict(headers)))
        )
    )
    return response[0][0], response[0][1], content


def fault(harness, kind, **rest):
    return harness.faults.add(Fault.read({"kind": kind, **rest}))


def test_a_frozen_clock_stands_until_it_is_moved():
    clock = Clock(NOON, frozen=True)
    clock.advance(90)
    assert clock.now() == NOON + 90


def test_a_running_clock_runs_from_where_it_was_set():
    clock = Clock()
    clock.set(NOON)
    assert NOON <= clock.now() < NOON + 5


def test_the_clock_page_sets_and_advances(harness):
    call(harness, "/_sandbox/clock", body=b'{"now": "2027-01-15T08:00:00+00:00"}')
    _, _, content = call(harness, "/_sandbox/clock", body=b'{"advance": 60}')
    assert json.loads(content)["now"] == "2027-01-15T08:01:00.000+00:00"


def test_a_clock_continues_from_a_stored_state():
    clock, again = Clock(NOON, frozen=True), Clock()
    again.restore(clock.state())
    assert again.now() == NOON


def test_a_journal_is_read_again_with_exact_numbers(tmp_path):
    journal = Journal(tmp_path / "deep" / "journal.jsonl", fsync=True)
    journal.append_line(b'{"amount": 639.10}')
    journal.append({"name": "Sørensen"})
    assert list(Journal(journal.path).replay()) == [
        {"amount": Decimal("639.10")},
        {"name": "Sørensen"},
    ]


def test_a_torn_last_line_is_cut_off(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a": 2')
    journal = Journal(path)
    assert list(journal.replay()) == [{"a": 1}]
    journal.append({"a": 3})
    assert list(journal.replay()) == [{"a": 1}, {"a": 3}]


def test_a_journal_without_a_path_keeps_nothing():
    journal = Journal(None)
    journal.append({"a": 1})
    assert list(journal.replay()) == []


def test_a_fault_fires_at_the_nth_matching_call_only(harness):
    fault(harness, "status", call="* /things", nth=2, status=503)
    assert [call(harness)[0] for _ in range(3)] == [200, 503, 200]


def test_a_fault_fires_for_the_calls_it_names_only(harness):
    fault(harness, "status", call="POST /others", status=503)
    assert call(harness)[0] == 200


def test_a_fault_fires_for_the_first_matching_call_with_its_text(harness):
    fault(harness, "status", call="POST /things", contains="B-2", status=503)
    bodies = (b'{"number": "B-1"}', b'{"number": "B-2"}', b'{"number": "B-2"}')
    assert [call(harness, body=body)[0] for body in bodies] == [200, 503, 200]


def test_chance_repeats_with_its_seed():
    def hits(seed):
        rule = Fault("status", probability=0.5, seed=seed, count=0)
        return [rule.wants("x") for _ in range(40)]

    assert hits(1) == hits(1) != hits(2)
    assert 5 < sum(hits(1)) < 35


def test_a_rule_is_read_from_the_command_line():
    rule = Fault.parse("status@bill.*,nth=3,status=429,retry_after=7,seconds=0.5,colour=red")
    assert (rule.kind, rule.call, rule.nth, rule.status, rule.retry_after, rule.seconds) == (
        "status",
        "bill.*",
        3,
        429,
        7,
        0.5,
    )
    assert rule.options == {"colour": "red"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lose_answer@bill.create,nth=x", "nth of a fault must be a whole number, not 'x'"),
        ("status,status=4.5", "status of a fault must be a whole number, not 4.5"),
        ("drip,seconds=soon", "seconds of a fault must be a number, not 'soon'"),
        ("status,commit=maybe", "commit of a fault must be true or false, not 'maybe'"),
    ],
)
def test_a_value_of_another_kind_is_refused(text, says):
    with pytest.raises(ValueError, match=says):
        Fault.parse(text)


def test_a_rule_sent_over_http_may_have_fractions(harness):
    rule = b'{"kind": "delay", "seconds": 0.1, "probability": 0.5}'
    assert call(harness, "/_sandbox/faults", body=rule)[0] == 200
    _, _, listed = call(harness, "/_sandbox/faults", "GET", b"")
    (listed_rule,) = json.loads(listed)["faults"]
    assert (listed_rule["seconds"], listed_rule["probability"]) == (0.1, 0.5)


def test_an_unknown_kind_is_refused_with_the_known_ones(harness):
    status, _, content = call(harness, "/_sandbox/faults", body=b'{"kind": "earthquake"}')
    assert status == 400
    assert "lose_answer" in json.loads(content)["error"]


def test_the_faults_page_lists_adds_and_clears(harness):
    call(harness, "/_sandbox/faults", body=b'[{"kind": "refuse"}, {"kind": "drip"}]')
    _, _, listed = call(harness, "/_sandbox/faults", "GET", b"")
    assert [rule["kind"] for rule in json.loads(listed)["faults"]] == ["refuse", "drip"]
    call(harness, "/_sandbox/faults", "DELETE", b"")
    assert call(harness)[0] == 200


@pytest.mark.parametrize(
    ("kind", "done"), [("refuse", 0), ("lose_request", 0), ("lose_answer", 1), ("reset", 1)]
)
def test_a_fault_of_the_connection_carries_out_the_call_or_not(harness, counter, kind, done):
    fault(harness, kind)
    with pytest.raises(ConnectionFault):
        call(harness)
    assert len(counter.done) == done


def test_a_status_is_sent_with_and_without_carrying_out(harness, counter):
    fault(harness, "status", status=502)
    fault(harness, "status", status=429, retry_after=9, commit=True)
    assert call(harness)[0] == 502
    assert counter.done == []
    assert call(harness)[1]["Retry-After"] == "9"
    assert len(counter.done) == 1


def test_half_an_answer_looks_complete(harness, counter):
    fault(harness, "truncate")
    status, headers, content = call(harness)
    assert (status, int(headers["Content-Length"])) == (200, len(content))
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(content)


def test_an_answer_of_the_wrong_type_is_a_web_page(harness, counter):
    fault(harness, "wrong_type")
    status, headers, _ = call(harness)
    assert (status, headers["Content-Type"], len(counter.done)) == (200, "text/html", 1)


def test_a_late_commit_happens_when_its_time_has_come(harness, counter):
    fault(harness, "commit_late", seconds=90, status=504)
    assert call(harness, body=b'{"a": 1}')[0] == 504
    harness.clock.advance(89)
    assert counter.done == []
    harness.clock.advance(1)
    assert counter.done == [{"a": 1}]


def test_a_late_commit_sees_its_own_moment(counter):
    moments = []
    clock = Clock(NOON, frozen=True)
    harness = Harness(
        lambda e, s: moments.append(clock.now()) or json_answer(s, 200, {}), clock=clock
    )
    fault(harness, "commit_late", seconds=90, status=504)
    call(harness)
    clock.advance(600)
    assert moments == [NOON + 90]


def test_a_kind_of_its_own_reaches_the_stand_in():
    requests_seen = []
    faults = Faults({"odd": "something only this one knows"})
    harness = Harness(
        lambda e, s: requests_seen.append(e["sandbox.fault"].kind) or json_answer(s, 200, {}),
        faults=faults,
    )
    fault(harness, "odd")
    call(harness)
    assert requests_seen == ["odd"]


def test_the_log_tells_every_call_with_its_verdict(harness):
    fault(harness, "lose_answer", nth=2)
    call(harness)
    with pytest.raises(ConnectionFault):
        call(harness)
    entries = harness.log.entries()
    assert [(entry["call"], entry["status"]) for entry in entries] == [
        ("POST /things", 200),
        ("POST /things", 0),
    ]
    assert entries[1]["fault"] == "lose_answer"


def test_the_log_is_filtered_by_call_and_emptied(harness):
    call(harness)
    call(harness, "/others")
    assert len(harness.log.entries("POST /others")) == 1
    call(harness, "/_sandbox/log", "DELETE", b"")
    assert harness.log.entries() == []


def test_a_full_log_drops_the_oldest():
    log = RequestLog(keep=2)
    for path in ("/a", "/b", "/c"):
        log.add(NOON, "GET", path, path, 200, "", {})
    assert [entry["path"] for entry in log.entries()] == ["/b", "/c"]


def test_an_unknown_page_names_the_known_ones(harness):
    status, _, content = call(harness, "/_sandbox/nothing", "GET", b"")
    assert status == 404
    assert "clock, faults, log" in json.loads(content)["error"]


def test_a_token_opens_until_it_expires():
    clock = Clock(NOON, frozen=True)
    tokens = Tokens(clock, {"id": "secret"}, lifetime=60)
    environ = {"HTTP_AUTHORIZATION": f"Bearer {tokens.issue('tenant', 'id')}"}
    assert tokens.holder(environ).subject == "tenant"
    clock.advance(60)
    assert tokens.holder(environ) is None


def test_a_rotating_refresh_token_is_good_once():
    tokens = Tokens(Clock(NOON, frozen=True), {"id": "secret"}, rotate=True)
    first = tokens.issue_refresh("tenant", "id")
    access, second = tokens.refresh(first, "id")
    assert access
    assert second != first
    assert tokens.refresh(first, "id") is None
    assert tokens.refresh(second, "another") is None


def test_a_revoked_tenant_has_no_tokens_left():
    tokens = Tokens(Clock(NOON, frozen=True), {})
    token = tokens.issue("tenant")
    tokens.revoke("tenant")
    assert tokens.holder({"HTTP_AUTHORIZATION": f"Bearer {token}"}) is None


@pytest.mark.parametrize(
    ("id", "secret", "expected"), [("id", "secret", True), ("id", "no", False), ("who", "", False)]
)
def test_a_client_is_known_by_its_secret(id, secret, expected):
    assert Tokens(Clock(), {"id": "secret"}).knows(id, secret) is expected


@pytest.mark.parametrize(
    ("header", "credentials"),
    [("Basic aWQ6c2VjcmV0", ("id", "secret")), ("Basic ???", ("", "")), ("", ("", ""))],
)
def test_basic_authentication_is_read(header, credentials):
    assert basic_of({"HTTP_AUTHORIZATION": header}) == credentials


@pytest.fixture
def served(harness):
    with Server(harness) as server, requests.Session() as session:
        server.session = session
        yield server


def test_a_served_stand_in_keeps_its_connection(served):
    peers = set()
    served.wsgi.app = lambda environ, start: (
        peers.add(threading.get_ident()) or json_answer(start, 200, {})
    )
    for _ in range(3):
        assert served.session.post(f"{served.url}/things", json={"a": 1}).status_code == 200
    assert len(peers) == 1


def test_an_answer_leaves_in_one_piece_and_at_once(served):
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as peer:
        for _ in range(3):
            peer.sendall(b"POST /things HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
            assert peer.recv(65536).endswith(b"}")


def test_a_served_stand_in_reads_chunked_bodies(served, counter):
    served.session.post(f"{served.url}/things", data=iter([b'{"a": ', b"1}"]))
    assert counter.done == [{"a": 1}]


def test_a_lost_answer_breaks_the_connection_after_the_work(served, counter):
    fault(served.wsgi, "lose_answer")
    with pytest.raises(requests.ConnectionError):
        served.session.post(f"{served.url}/things", json={})
    assert len(counter.done) == 1


def test_a_reset_comes_in_the_middle_of_the_body(served):
    fault(served.wsgi, "reset")
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        served.session.post(f"{served.url}/things", json={})


def test_a_dripping_answer_arrives_whole(served):
    fault(served.wsgi, "drip", seconds=0.0001)
    assert served.session.post(f"{served.url}/things", json={}).json() == {"done": 1}


def test_a_refusing_stand_in_takes_no_connection_for_a_while(served, counter):
    fault(served.wsgi, "refuse", seconds=0.3)
    with pytest.raises(requests.ConnectionError):
        served.session.post(f"{served.url}/things", json={})
    with (
        pytest.raises(OSError, match="refused"),
        socket.create_connection(("127.0.0.1", served.port), timeout=2),
    ):
        pass
    assert counter.done == []


def test_a_failing_stand_in_answers_500_and_goes_on(harness, capsys):
    broken = [True]

    def app(environ, start):
        if broken.pop() if broken else False:
            raise RuntimeError("a bug")
        return json_answer(start, 200, {})

    with Server(app) as server:
        assert requests.get(server.url, timeout=5).status_code == 500
        assert requests.get(server.url, timeout=5).status_code == 200
    assert "a bug" in capsys.readouterr().err


# -- limits, and calls to webhook receivers --------------------------------------------------------


def test_a_limit_lets_in_so_many_and_says_when_the_next_one_is():
    clock = Clock(NOON, frozen=True)
    limits, waits = Limits(clock, 2, 30), []
    for seconds in (0, 10, 10, 10, 0):
        clock.advance(seconds)
        waits.append(limits.wait())
    assert waits == [0, 0, 10, 0, 10]
    assert limits.page("POST", {"requests": 0}) == {"requests": 0, "seconds": 30}
    assert limits.wait() == 0


@pytest.fixture
def receiver():
    """Serve an endpoint that accepts calls from the third on; yield its URL and the calls."""
    calls = []

    def answer(environ, start):
        body = body_of(environ)
        signed = (
            hmac.new(b"shared", body, hashlib.sha256).hexdigest() == environ["HTTP_X_SIGNATURE"]
        )
        calls.append((json.loads(body), signed))
        return text_answer(start, 200 if len(calls) > 2 else 503, "")

    with Server(answer) as server:
        yield server.url, calls


def test_a_call_is_signed_and_repeated_until_it_is_taken(receiver):
    (address, received_calls), calls = receiver, WebhookSender("X-Signature")
    calls.send_event(address, "shared", "bill.changed", "7")
    calls.settle()
    assert received_calls == [({"topic": "bill.changed", "id": "7"}, True)] * 3
    assert calls.last == "bill.changed 7: taken with 200"


def test_a_call_that_nobody_takes_is_given_up_and_without_an_address_there_is_none():
    calls = WebhookSender("X-Signature")
    calls.send_event("", "shared", "bill.changed")
    assert (calls.last, calls.events) == ("", [])
    calls.send_event("http://127.0.0.1:9/none", "shared", "bill.changed")
    calls.settle()
    assert calls.last.startswith("bill.changed: not taken (")


def test_a_call_that_is_held_back_is_shown_as_it_will_be_sent(receiver):
    (address, received_calls), calls = receiver, WebhookSender("X-Signature", "sha256=")
    calls.page("POST", {"held": True})
    calls.send_event(address, "shared", "bill.changed", "7")
    (request,) = calls.page("GET", None)["waiting"]
    signature = hmac.new(b"shared", request["body"].encode(), hashlib.sha256).hexdigest()
    assert json.loads(request["body"]) == {"topic": "bill.changed", "id": "7"}
    assert request["headers"]["X-Signature"] == f"sha256={signature}"
    assert received_calls == []
    calls.page("POST", {"release": True})
    calls.settle()
    assert len(received_calls) == 3
    assert calls.page("GET", None)["waiting"] == []


def test_a_signature_is_written_in_base64_if_the_source_does():
    calls = WebhookSender("X-Signature", "v1=", encoding="base64")
    calls.page("POST", {"held": True})
    calls.send_event("http://127.0.0.1:9/none", "shared", "bill.changed", "7")
    (request,) = calls.page("GET", None)["waiting"]
    digest = hmac.digest(b"shared", request["body"].encode(), hashlib.sha256)
    assert request["headers"]["X-Signature"] == f"v1={base64.b64encode(digest).decode()}"


def test_the_signed_time_is_in_the_header_of_the_signature_if_the_source_does_that():
    calls = WebhookSender("X-Signature", "v1=", timestamp="t=")
    calls.clock.set(1_772_442_000, frozen=True)
    calls.page("POST", {"held": True})
    calls.send("", "shared", {"id": "6"})
    calls.send("http://127.0.0.1:9/none", "shared", {"id": "7"})
    (request,) = calls.page("GET", None)["waiting"]
    signed = f"1772442000.{request['body']}".encode()
    expected_signature = hmac.digest(b"shared", signed, "sha256").hex()
    assert request["headers"] == {
        "Content-Type": "application/json",
        "X-Signature": f"t=1772442000,v1={expected_signature}",
    }
    assert json.loads(request["body"]) == {"id": "7"}


@pytest.mark.parametrize("content", [[], "changed", 7, None])
def test_any_json_is_sent_signed_to_the_newest_receiver(content):
    calls = WebhookSender("X-Signature")
    with pytest.raises(ValueError, match="no call was sent yet"):
        calls.page("POST", {"content": content})
    calls.page("POST", {"held": True})
    calls.send_event("http://127.0.0.1:9/hub", "shared", "bill.changed")
    request = calls.page("POST", {"content": content})["waiting"][-1]
    signature = hmac.new(b"shared", request["body"].encode(), hashlib.sha256).hexdigest()
    assert json.loads(request["body"]) == content
    assert request["headers"]["X-Signature"] == signature
    assert calls.last == f"{json.dumps(content)}: waits"


def test_a_habit_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="unknown: late; there are twice, held, release"):
        WebhookSender("X-Signature").page("POST", {"late": True})


# -- rows --


def test_rows_are_converted_between_the_names_of_the_api_and_of_the_books():
    fields = {"externalId": "external_id", "displayName": "name"}
    row = {"external_id": "17", "name": "Ada Ltd"}
    sent = encode_row(row | {"version": 3}, fields)
    assert sent == {"externalId": "17", "displayName": "Ada Ltd"}
    assert decode_row(sent | {"unknown": True}, fields) == row
    assert encode_row({"name": "Ada Ltd"}, fields) == {"displayName": "Ada Ltd"}
    assert decode_row({"externalId": "17"}, fields) == {"external_id": "17"}


class Row:
    """What each row has."""

    ID = "rowId"


class Order(Row):
    """An order."""

    DATE = "orderDate"
    SHIP_TO = "shipTo"


def test_the_books_call_a_field_like_the_constant_with_its_name_unless_told():
    fields = row_fields(Order, date="ordered_on")
    assert fields == {"rowId": "id", "orderDate": "ordered_on", "shipTo": "ship_to"}


def test_earlier_names_of_the_kit_work_with_a_warning_that_names_the_new_one(receiver):
    for earlier, name in kit.RENAMED.items():
        with pytest.warns(DeprecationWarning, match=f"kit.{earlier} goes with .* use {name}"):
            assert getattr(kit, earlier) is getattr(kit, name)
    (address, received_calls), calls = receiver, WebhookSender("X-Signature")
    with pytest.warns(DeprecationWarning, match="WebhookSender.hint goes") as warnings:
        calls.hint(address, "shared", "bill.changed", "7")
    assert [warning.filename for warning in warnings] == [__file__]
    calls.settle()
    assert len(received_calls) == 3
    with pytest.raises(AttributeError, match="no attribute 'Whisper'"):
        kit.Whisper  # noqa: B018 (only its lookup is tested)
