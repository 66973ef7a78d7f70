"""The client against the stand-in: requests, faults, and requests that are never repeated."""

import json
import threading
from typing import Any

import pytest
from sqlalchemy import select

from hub.db import engine
from hub.models import Case, ConnectedCompany
from hub.payloads import encode
from hub.qbo.client import MAX_READ_ATTEMPTS, Client
from hub.qbo.oauth import tokens
from hub.qbo.responses import QuickBooksResponse, extract_rows
from tests.support.sources.client_calls import KEY, bill, entries


def test_a_bill_is_created_with_its_key_and_the_minor_version(sent_requests):
    answer = Client(1).create("bill", bill(), KEY)
    assert (answer.outcome, answer.entity["DocNumber"], answer.sync_token) == (
        "landed",
        "INV-1",
        "0",
    )
    assert sent_requests[0]["QUERY_STRING"] == f"requestid={KEY}&minorversion=75"
    assert sent_requests[0]["HTTP_ACCEPT"] == "application/json"


def test_a_read_has_the_minor_version_and_no_key(sent_requests):
    Client(1).read("bill", "1")
    assert sent_requests[0]["QUERY_STRING"] == "minorversion=75"


def test_the_answer_carries_trace_and_date_and_the_client_the_newest(quickbooks, clock):
    client = Client(1)
    clock.advance(5)
    answer = client.create("bill", bill(), KEY)
    assert answer.tid
    assert answer.date == client.newest_date == clock.now().replace(microsecond=0)


def test_reads_and_writes_are_counted(quickbooks):
    client = Client(1)
    created = client.create("bill", bill(), KEY)
    client.read("bill", created.id)
    client.query("SELECT * FROM Bill")
    assert (client.writes, client.reads) == (1, 2)


def test_a_query_gives_its_rows(quickbooks):
    client = Client(1)
    client.create("bill", bill(), KEY)
    assert [
        row["DocNumber"]
        for row in extract_rows(client.select("bill", "DocNumber = 'INV-1'"), "bill")
    ] == ["INV-1"]


UNSUPPORTED = {"Fault": {"Error": [{"Message": "Unsupported Operation", "code": "500"}]}}
UNPARSED = {"Fault": {"Error": [{"Message": "Error parsing query", "code": "4000"}]}}


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("404 Not Found", "<h1>Not Found</h1>"),
        ("405 Method Not Allowed", ""),
        ("501 Not Implemented", "{}"),
        ("400 Bad Request", json.dumps(UNSUPPORTED)),
        ("400 Bad Request", json.dumps(UNPARSED)),
        ("400 Bad Request", '{"message": "the parameter query is missing"}'),
    ],
)
def test_a_server_that_reads_queries_only_from_the_address_gets_them_there(
    app, quickbooks, status, answer
):
    """Intuit's page "Query operations and syntax" names GET with the query in the address only."""
    adapter = app.extensions["hub"].mounts["https://quickbooks.test"]
    inner, methods = adapter.app, []

    def refuse_posted_queries(environ, start):
        if not environ["PATH_INFO"].endswith("/query"):
            return inner(environ, start)
        methods.append(environ["REQUEST_METHOD"])
        if environ["REQUEST_METHOD"] == "GET":
            return inner(environ, start)
        start(status, [("Content-Type", "text/html"), ("Content-Length", str(len(answer)))])
        return [answer.encode()]

    adapter.app = refuse_posted_queries
    client = Client(1)
    client.create("bill", bill(), KEY)
    rows = extract_rows(client.select("bill", "DocNumber = 'INV-1'"), "bill")
    assert [row["DocNumber"] for row in rows] == ["INV-1"]
    methods.clear()
    assert len(extract_rows(client.select("vendor", "Active = true"), "vendor")) > 1
    assert methods == ["GET"]


def test_a_query_that_is_refused_either_way_says_so(quickbooks, sent_requests):
    client = Client(1)
    assert client.query("SELECT * FROM Nonsense").code == "4001"
    assert [sent["REQUEST_METHOD"] for sent in sent_requests] == ["POST"]


def test_the_same_key_makes_one_bill(quickbooks):
    client = Client(1)
    assert client.create("bill", bill(), KEY).id == client.create("bill", bill(), KEY).id


def test_an_update_and_a_deletion_go_by_id_and_token(quickbooks):
    client = Client(1)
    creation = client.create("bill", bill(), KEY)
    changed = client.update(
        "bill", bill(Id=creation.id, SyncToken="0", sparse=True, PrivateNote="x"), "b" * 32
    )
    gone = client.delete(
        "bill", encode({"Id": creation.id, "SyncToken": changed.sync_token}), "c" * 32
    )
    assert (changed.sync_token, gone.outcome) == ("1", "landed")
    assert client.read("bill", creation.id).code == "610"


def test_a_refusal_says_why(quickbooks):
    answer = Client(1).create("bill", encode({"VendorRef": {"value": "1"}}), KEY)
    assert (answer.outcome, answer.code) == ("refused", "2020")
    assert "QuickBooks says:" in answer.text


DOUBTFUL = [
    {"kind": "lose_answer"},
    {"kind": "lose_request"},
    {"kind": "reset"},
    {"kind": "truncate"},
    {"kind": "wrong_type"},
    {"kind": "status", "status": 502},
    {"kind": "status", "status": 503},
    {"kind": "internal"},
    {"kind": "internal", "commit": True},
    {"kind": "system_failure"},
    {"kind": "system_failure", "commit": True},
    {"kind": "delay", "seconds": 500},
    {"kind": "drip", "seconds": 30},
]


@pytest.mark.parametrize(
    "fault", DOUBTFUL, ids=[" ".join(map(str, fault.values())) for fault in DOUBTFUL]
)
def test_a_write_without_a_clear_answer_is_in_doubt(quickbooks, fault):
    quickbooks.add_fault(call="bill.create", **fault)
    client = Client(1)
    answer = client.create("bill", bill(), KEY)
    assert answer.outcome == "doubt"
    assert answer.text
    assert client.writes == 1


def test_a_read_whose_response_is_lost_is_repeated_at_once(quickbooks):
    quickbooks.add_fault("lose_answer", "vendor.read")
    quickbooks.add_fault("reset", "vendor.read")
    client = Client(1)
    assert client.read("vendor", "1").landed
    assert client.reads == MAX_READ_ATTEMPTS


@pytest.mark.parametrize(
    "fault", [{"kind": "lose_answer"}, {"kind": "truncate"}, {"kind": "status", "status": 503}]
)
def test_a_read_without_an_answer_is_described_as_tried_again(quickbooks, fault):
    quickbooks.add_fault(call="vendor.read", count=0, **fault)
    client = Client(1)
    answer = client.read("vendor", "1")
    assert (answer.outcome, client.reads) == ("doubt", MAX_READ_ATTEMPTS)
    assert answer.text.endswith("It is retried automatically.")
    assert "done" not in answer.text


@pytest.mark.parametrize(
    ("status", "pause", "outcome"),
    [(429, 7, "landed"), (429, 60, "throttled"), (503, 7, "landed"), (503, 60, "doubt")],
)
def test_a_read_is_repeated_after_a_short_pause_and_not_after_a_long_one(
    quickbooks, clock, status, pause, outcome
):
    quickbooks.add_fault("status", "vendor.read", status=status, retry_after=pause)
    start = clock.monotonic()
    answer = Client(1).read("vendor", "1")
    assert (answer.outcome, answer.after) == (outcome, None if answer.landed else 60)
    assert clock.monotonic() - start == pytest.approx(7 if outcome == "landed" else 0)


@pytest.mark.parametrize(
    ("kind", "pauses"), [("status", [0.5, 1.0]), ("lose_answer", [0, 0]), ("truncate", [0, 0])]
)
def test_a_read_that_failed_is_repeated_after_growing_pauses(quickbooks, clock, kind, pauses):
    options = {"status": 503} if kind == "status" else {}
    quickbooks.add_fault(kind, "vendor.read", count=len(pauses), **options)
    start = clock.monotonic()
    assert Client(1).read("vendor", "1").landed
    assert clock.monotonic() - start == pytest.approx(sum(pauses))


def test_a_read_does_not_wait_for_the_end_of_a_long_pause(quickbooks, clock):
    quickbooks.add_fault("status", "vendor.read", status=429, retry_after=3600)
    client = Client(1)
    client.read("vendor", "1")
    start = clock.monotonic()
    answer = client.read("vendor", "1")
    assert (answer.outcome, clock.monotonic() - start) == ("unsent", 0)
    assert answer.after == pytest.approx(3600)


def test_a_refused_connection_leaves_nothing_in_doubt(quickbooks):
    quickbooks.add_fault("refuse", "bill.create")
    client = Client(1)
    answer = client.create("bill", bill(), KEY)
    assert (answer.outcome, client.writes) == ("unsent", 0)
    assert "refused" in answer.text


def test_nothing_is_sent_after_its_deadline(quickbooks, clock):
    client = Client(1)
    assert client.create("bill", bill(), KEY, deadline_at=clock.monotonic()).outcome == "unsent"
    assert not entries(quickbooks, "bill.create")


def test_a_cut_answer_still_shows_its_id(quickbooks):
    quickbooks.add_fault("truncate", "bill.create")
    assert Client(1).create("bill", bill(), KEY).id == "1"


def test_a_throttle_pauses_the_company(quickbooks, clock):
    quickbooks.add_fault("status", "bill.create", status=429, retry_after=7)
    client = Client(1)
    assert client.create("bill", bill(), KEY).outcome == "throttled"
    start = clock.monotonic()
    assert client.create("bill", bill(), KEY).outcome == "landed"
    assert clock.monotonic() - start == pytest.approx(7)


def test_an_expired_token_is_renewed_once_and_the_same_bytes_sent_again(quickbooks, clock):
    client = Client(1)
    client.read("bill", "1")
    for token in list(quickbooks.app.grants.access):
        quickbooks.app.grants.access.pop(token)
    assert client.create("bill", bill(), KEY).outcome == "landed"
    first, second = entries(quickbooks, "bill.create")
    assert (first["status"], second["status"], first["requestid"]) == (
        401,
        200,
        second["requestid"],
    )
    assert len(entries(quickbooks, "token.refresh")) == 2


def test_threads_that_need_a_token_at_once_read_it_once(quickbooks, monkeypatch):
    client = Client(1)
    answers: list[QuickBooksResponse] = []
    second = threading.Thread(target=lambda: answers.append(client.query("SELECT * FROM Bill")))
    read_token = tokens.get_access_token
    reads = []

    def count_and_read(company_id: int, **options: Any) -> str:
        reads.append(company_id)
        if len(reads) == 1:
            second.start()
            second.join(0.3)  # it waits for the token of this thread
        return read_token(company_id, **options)

    monkeypatch.setattr(tokens, "get_access_token", count_and_read)
    answers.append(client.query("SELECT * FROM Bill"))
    second.join(60)
    assert [answer.outcome for answer in answers] == ["landed", "landed"]
    assert reads == [1]


def test_no_access_any_more_is_a_case_for_a_person(quickbooks):
    quickbooks.add_fault("status", "bill.create", status=403)
    assert Client(1).create("bill", bill(), KEY).outcome == "unauthorised"
    with engine.read_only_session() as session:
        assert session.get_one(ConnectedCompany, 1).state == "reconnect"
        assert [case.action for case in session.scalars(select(Case))] == ["reconnect"]


def test_a_bad_gateway_does_not_end_the_connection(quickbooks, clock):
    quickbooks.add_fault("status", "token.refresh", status=502)
    clock.advance(3600)
    assert Client(1).create("bill", bill(), KEY).outcome == "unsent"
    with engine.read_only_session() as session:
        assert session.get_one(ConnectedCompany, 1).state == "connected"


def test_a_file_is_uploaded(quickbooks):
    client = Client(1)
    creation = client.create("bill", bill(), KEY)
    about = {"FileName": 'a "b".pdf', "ContentType": "application/pdf"}
    about["AttachableRef"] = [{"EntityRef": {"type": "Bill", "value": creation.id}}]
    answer = client.upload(encode(about), b"%PDF-1.4 \r\n--\x00", "f" * 32)
    assert (answer.outcome, answer.entity["Size"]) == ("landed", 14)


def test_a_server_may_answer_that_something_was_created(app, quickbooks):
    adapter = app.extensions["hub"].mounts["https://quickbooks.test"]
    inner = adapter.app
    adapter.app = lambda environ, start: inner(
        environ, lambda status, headers: start("201 Created", headers)
    )
    client = Client(1)
    creation = client.create("bill", bill(), KEY)
    about = {"FileName": "a.pdf", "ContentType": "application/pdf"}
    file = client.upload(encode(about), b"%PDF-1.4", "f" * 32)
    assert (creation.outcome, file.outcome) == ("landed", "landed")


def test_a_refused_file_is_a_refusal(quickbooks):
    answer = Client(1).upload(
        b'{"FileName":"a.exe","ContentType":"application/x-exe"}', b"x", "f" * 32
    )
    assert answer.outcome == "refused"


@pytest.mark.parametrize(
    ("kind", "params"),
    [("invoice", "operation=void"), ("payment", "operation=update&include=void")],
)
def test_each_kind_is_voided_its_own_way(sent_requests, kind, params):
    Client(1).void(kind, b'{"Id":"1","SyncToken":"0"}', KEY)
    assert sent_requests[0]["QUERY_STRING"] == f"{params}&requestid={KEY}&minorversion=75"


def test_no_token_is_in_a_text_or_a_log(quickbooks, caplog):
    caplog.set_level("DEBUG")
    quickbooks.add_fault("reset", "bill.create")
    answer = Client(1).create("bill", bill(), KEY)
    secrets = [*quickbooks.app.grants.access, *quickbooks.refresh_tokens.values()]
    assert not any(secret in f"{answer}{caplog.text}" for secret in secrets)
    json.dumps(answer.text)
