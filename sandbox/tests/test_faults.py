"""Tests of every fault, in process and over a socket: the client's view and the books."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from qbo_sandbox import NORWAY, US, create
from qbo_sandbox.faults.rules import OAUTH_CALLS, VERBS
from qbo_sandbox.kit import KINDS, Clock, ConnectionFault, Server, send_request
from qbo_sandbox.kit.fault_effects import EFFECTS
from qbo_sandbox.kit.wsgi import mount

NOON = 1_800_000_000.0
CLIENT_TIMEOUT = 0.15
# kind, options, what the client receives, number of bills in the books afterwards
FAULT_CASES = [
    ("refuse", {"seconds": 0.05}, "nothing", 0),
    ("reset_request", {}, "nothing", 0),
    ("lose_request", {}, "nothing", 0),
    ("lose_answer", {}, "nothing", 1),
    ("commit_late", {"seconds": 90}, "nothing", 1),
    ("commit_late", {"seconds": 90, "status": 504}, "504 html", 1),
    ("delay", {"seconds": 0.3}, "nothing", 1),
    ("delay_before", {"seconds": 0.001}, "200 bill", 1),
    ("drip", {"seconds": 0.00001}, "200 bill", 1),
    ("reset", {}, "cut", 1),
    ("reset", {"bytes": 0}, "cut", 1),
    ("hang_up", {}, "200 bill", 1),
    ("status", {"status": 418}, "418 html", 0),
    ("status", {"status": 503, "commit": True}, "503 html", 1),
    ("unauthorised", {}, "401 3200", 0),
    ("forbidden", {}, "403 3100", 0),
    ("not_found", {}, "404 html", 0),
    ("throttled", {}, "429 3001", 0),
    ("throttled", {"body": "xml"}, "429 xml", 0),
    ("server_error", {}, "500 10000", 0),
    ("server_error", {"commit": True}, "500 10000", 1),
    ("bad_gateway", {}, "502 html", 0),
    ("unavailable", {}, "503 html", 0),
    ("gateway_timeout", {"commit": True}, "504 html", 1),
    ("truncate", {}, "200 junk", 1),
    ("empty", {}, "200 empty", 1),
    ("wrong_type", {}, "200 html", 1),
    ("mislabelled", {}, "200 html", 1),
    ("wrong_json", {}, "200 []", 1),
    ("wrong_json", {"body": "null"}, "200 None", 1),
    ("oversized", {"bytes": 300_000}, "200 bill", 1),
    ("redirect", {"status": 302}, "302 away", 0),
    ("fault_200", {}, "200 6000", 0),
    ("fault_200", {"commit": True}, "200 6000", 1),
    ("business", {}, "400 6000", 0),
    ("internal", {"commit": True}, "400 6000", 1),
    ("system_failure", {}, "500 10000", 0),
    ("stale_object", {}, "400 5010", 0),
    ("stale_object", {"commit": True}, "400 5010", 1),
    ("refusal", {"code": 610, "element": "VendorRef"}, "400 610", 0),
    ("refusal", {"code": 120, "status": 403}, "403 120", 0),
    ("refusal", {"code": 3100}, "403 3100", 0),
    ("refusal", {"code": 3100, "status": 500}, "500 3100", 0),
    ("refusal", {"code": 77777}, "400 77777", 0),
]
# tested with the calls that they concern: batches, queries, tokens, consent
OF_OTHER_CALLS = {
    "bid_missing",
    "bid_twice",
    "bid_foreign",
    "bid_reversed",
    "stale_reads",
    "rotate",
    "rotate_and_lose",
    "invalid_grant",
    "other_realm",
}
CALLS = {
    "bill.create": ("POST", "bill", {}),
    "bill.update": ("POST", "bill", {"Id": "1"}),
    "bill.read": ("GET", "bill/1", None),
    "query.vendor": ("GET", "query?query=select%20*%20from%20Vendor", None),
    "cdc": ("GET", "cdc?entities=Bill&changedSince=2027-01-01", None),
    "batch": ("POST", "batch", {}),
    "upload": ("POST", "upload", b""),
    "report.trialbalance": ("GET", "reports/TrialBalance", None),
    "companyinfo.read": ("GET", "companyinfo/1", None),
}


@pytest.fixture
def quickbooks():
    return create(clock=Clock(NOON, frozen=True))


def bill():
    line = {
        "Amount": 100,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
    }
    return {"VendorRef": {"value": "1"}, "Line": [line]}


@contextmanager
def open_session(quickbooks, way) -> Iterator[tuple[requests.Session, str]]:
    """Yield a session and the address at which the stand-in answers it."""
    with requests.Session() as session:
        session.headers = {
            "Authorization": f"Bearer {quickbooks.token(US.realm)}",
            "Accept": "application/json",
        }
        if way == "socket":
            with Server(quickbooks.wsgi) as server:
                yield session, server.url
        else:
            mount(session, "http://books.test", quickbooks.wsgi)
            yield session, "http://books.test"


def send(session, url, patience=10):
    try:
        answer = session.post(
            f"{url}/v3/company/{US.realm}/bill",
            json=bill(),
            timeout=patience,
            allow_redirects=False,
            stream=True,
        )
    except requests.RequestException:
        return "nothing"
    try:
        return f"{answer.status_code} {describe(answer)}"
    except requests.RequestException:
        return "cut"


def describe(answer):
    kind = answer.headers.get("Content-Type", "")
    content = answer.content
    if not content:
        return "away" if "Location" in answer.headers else "empty"
    if "json" not in kind:
        return kind.partition("/")[2].partition(";")[0]
    try:
        body = json.loads(content)
    except ValueError:
        return "junk"
    fault = body and (body.get("Fault") or body.get("fault"))
    return (
        (fault.get("Error") or fault["error"])[0]["code"]
        if fault
        else "bill"
        if body
        else str(body)
    )


@pytest.mark.parametrize("way", ["process", "socket"])
@pytest.mark.parametrize(("kind", "options", "result", "done"), FAULT_CASES)
def test_each_fault_has_its_answer_and_effect(quickbooks, way, kind, options, result, done):
    quickbooks.add_fault(kind, "bill.create", **options)
    with open_session(quickbooks, way) as (session, url):
        assert send(session, url, CLIENT_TIMEOUT if kind == "delay" else 10) == result
        quickbooks.clock.advance(100)
        assert len(quickbooks.company.table("Bill")) == done
        wait_for_port(url, way)
        session.close()  # a connection that was closed cannot be reused
        assert send(session, url) == "200 bill"
    entry = quickbooks.log.entries("bill.create")[0]
    assert (entry["fault"], entry["verdict"] == "accepted") == (
        kind,
        bool(done) and kind != "commit_late",
    )


def test_a_delayed_request_is_carried_out_though_its_client_gave_up(quickbooks):
    quickbooks.add_fault("delay_before", "bill.create", seconds=2 * CLIENT_TIMEOUT)
    with open_session(quickbooks, "socket") as (session, url):
        assert send(session, url, CLIENT_TIMEOUT) == "nothing"
        while not quickbooks.log.entries("bill.create"):
            time.sleep(0.01)
    assert len(quickbooks.company.table("Bill")) == 1


def wait_for_port(url, way):
    """Wait until the port of a server that refused connections is open again."""
    while way == "socket":
        try:
            socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=1).close()
            break
        except OSError:
            time.sleep(0.01)


def test_every_kind_in_the_table_is_proved(quickbooks):
    assert {kind for kind, *_ in FAULT_CASES} | OF_OTHER_CALLS == set(quickbooks.faults.kinds)
    assert set(EFFECTS) == set(KINDS)


def test_the_table_can_be_read_at_the_control_door(quickbooks):
    response = send_request(quickbooks.wsgi, "GET", "/_sandbox/faults").json()
    assert response["kinds"]["lose_answer"].startswith("carried out")
    assert {"nth", "probability", "seed", "commit", "code", "bytes"} <= set(response["options"])
    assert {f"bill.{verb}" for verb in VERBS} | {"query.vendor", "cdc", *OAUTH_CALLS} <= set(
        response["calls"]
    )


@pytest.mark.parametrize("call", CALLS)
def test_each_call_can_be_hit_by_its_name_and_only_it(quickbooks, call):
    quickbooks.add_fault("unavailable", call, nth=2)
    statuses = [quickbooks.ask(*CALLS[call]).status for _ in range(3)]
    assert [status == 503 for status in statuses] == [False, True, False]
    quickbooks.add_fault("unavailable", call, count=0)
    other_calls = [name for name in CALLS if name != call]
    for name in other_calls:
        answer = quickbooks.ask(*CALLS[name])
        assert answer.status != 503, name


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"kind": "lose_anser"}, "lose_answer"),
        ({"kind": "delay", "secnods": 3}, "seconds"),
        ({"kind": "delay", "call": "bil.create"}, "bill.create"),
    ],
)
def test_a_rule_that_could_never_fire_is_refused_with_what_there_is(quickbooks, rule, words):
    answer = send_request(quickbooks.wsgi, "POST", "/_sandbox/faults", rule)
    assert answer.status == 400
    assert words in answer.json()["error"]


def test_a_late_commit_is_in_the_books_that_are_shown_next(quickbooks):
    quickbooks.add_fault("commit_late", "bill.create", seconds=90)
    with pytest.raises(ConnectionFault):
        quickbooks.ask("POST", "bill", bill())
    quickbooks.clock._stopped += 91  # advance like a running clock, without notifying listeners
    assert (
        len(send_request(quickbooks.wsgi, "GET", "/_sandbox/books").json()[US.realm]["Bill"]) == 1
    )
    response = [
        (entry["verdict"], entry.get("late", False))
        for entry in quickbooks.log.entries("bill.create")
    ]
    assert response == [("put off", False), ("accepted", True)]


def test_the_items_of_a_batch_may_come_back_to_front(quickbooks):
    quickbooks.add_fault("bid_reversed", "batch")
    items = [{"bId": bid, "Query": "select count(*) from Term"} for bid in "ab"]
    answer = quickbooks.ask("POST", "batch", {"BatchItemRequest": items}).json()
    assert [item["bId"] for item in answer["BatchItemResponse"]] == ["b", "a"]


@pytest.mark.parametrize(
    ("kind", "status", "alive"), [("rotate", 200, False), ("invalid_grant", 400, True)]
)
def test_a_good_token_may_change_or_be_refused(kind, status, alive):
    quickbooks = create(clock=Clock(NOON, frozen=True), companies=[US, NORWAY])
    quickbooks.add_fault(kind, "token.refresh")
    form = f"grant_type=refresh_token&refresh_token={quickbooks.refresh_tokens[US.realm]}"
    form += f"&client_id={quickbooks.client_id}&client_secret={quickbooks.client_secret}"
    statuses = [
        send_request(quickbooks.wsgi, "POST", "/oauth2/v1/tokens/bearer", form).status
        for _ in range(2)
    ]
    assert statuses == [status, 200 if alive else 400]
