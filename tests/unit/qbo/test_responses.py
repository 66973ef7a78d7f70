"""Responses of QuickBooks classified as outcomes."""

import json
from typing import Any

import pytest

from hub.errors import NeedsAttention, Refused, Retry
from hub.http.exchange import HttpResponse
from hub.qbo.responses import (
    Expected,
    QuickBooksResponse,
    build_lost_response,
    build_unsent_response,
    extract_rows,
    interpret_item,
    interpret_response,
)
from tests.support.servers.faulty_network import gateway
from tests.support.servers.faulty_network import refusal as fault

BILL = {"Id": "145", "SyncToken": "0", "TotalAmt": 10}
CREATE, DELETE, QUERY = (
    Expected("Bill"),
    Expected("Bill", deletes=True, id="145"),
    Expected("QueryResponse"),
)
CHANGES = Expected("CDCResponse")
UPDATE = Expected("Bill", id="145")


def reply(
    status: int, body: Any, kind: str = "application/json;charset=utf-8", **headers: str
) -> HttpResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(
        status,
        {"Content-Type": kind, **{name.replace("_", "-"): v for name, v in headers.items()}},
        raw,
    )


XML = b"""<?xml version="1.0"?>
<IntuitResponse xmlns="http://schema.intuit.com/finance/v3"><Fault type="SERVICE">
<Error code="3001">
<Message>message=ThrottleExceeded; errorCode=003001; statusCode=429</Message>
</Error></Fault></IntuitResponse>"""
XML_REFUSAL = XML.replace(b"3001", b"6000").replace(b"SERVICE", b"ValidationFault")

TABLE: list[tuple[str, int, Any, str, Expected, str]] = [
    ("an entity with an id", 200, {"Bill": BILL}, "application/json", CREATE, "landed"),
    ("an entity that was created", 201, {"Bill": BILL}, "application/json", CREATE, "landed"),
    ("an entity that may come later", 202, {"Bill": BILL}, "application/json", CREATE, "doubt"),
    ("the entity of the update", 200, {"Bill": BILL}, "application/json", UPDATE, "landed"),
    (
        "a deletion",
        200,
        {"Bill": {"status": "Deleted", "Id": "145"}},
        "application/json",
        DELETE,
        "landed",
    ),
    ("a query that finds nothing", 200, {"QueryResponse": {}}, "application/json", QUERY, "landed"),
    (
        "a query with a fault for its objects",
        200,
        {"QueryResponse": fault("2500")},
        "application/json",
        QUERY,
        "refused",
    ),
    (
        "a query with a system failure for its objects",
        200,
        {"QueryResponse": fault("10000")},
        "application/json",
        QUERY,
        "doubt",
    ),
    (
        "changes with a fault for all kinds",
        200,
        {"CDCResponse": [fault("10000")]},
        "application/json",
        CHANGES,
        "doubt",
    ),
    (
        "changes with a fault for one kind",
        200,
        {"CDCResponse": [{"QueryResponse": [{"Bill": [BILL]}, fault("10000")]}]},
        "application/json",
        CHANGES,
        "doubt",
    ),
    (
        "changes of one kind, none of another",
        200,
        {"CDCResponse": [{"QueryResponse": [{"Bill": [BILL]}, {}]}]},
        "application/json",
        CHANGES,
        "landed",
    ),
    ("another entity", 200, {"Vendor": BILL}, "application/json", CREATE, "doubt"),
    (
        "another id than the update's",
        200,
        {"Bill": BILL | {"Id": "9"}},
        "application/json",
        UPDATE,
        "doubt",
    ),
    (
        "an entity without an id",
        200,
        {"Bill": {"TotalAmt": 10}},
        "application/json",
        CREATE,
        "doubt",
    ),
    ("a deletion that does not say so", 200, {"Bill": BILL}, "application/json", DELETE, "doubt"),
    ("an entity that is a list", 200, {"Bill": [BILL]}, "application/json", CREATE, "doubt"),
    ("an empty answer", 200, b"", "application/json", CREATE, "doubt"),
    ("half an answer", 200, b'{"Bill":{"Id":"145",', "application/json", CREATE, "doubt"),
    ("a web page", 200, b"<html>Sign in</html>", "text/html", CREATE, "doubt"),
    ("an entity said to be a web page", 200, {"Bill": BILL}, "text/html", CREATE, "doubt"),
    (
        "a number that is none",
        200,
        b'{"Bill":{"Id":"1","TotalAmt":NaN}}',
        "application/json",
        CREATE,
        "doubt",
    ),
    ("a fault with 200", 200, fault("2500"), "application/json", CREATE, "refused"),
    (
        "an entity beside a fault",
        200,
        {"Bill": BILL} | fault("2500"),
        "application/json",
        CREATE,
        "refused",
    ),
    ("a validation fault", 400, fault("2020"), "application/json", CREATE, "refused"),
    (
        "an error outside of a list",
        400,
        {"Fault": {"Error": {"Message": "no", "code": "2020"}}},
        "application/json",
        CREATE,
        "refused",
    ),
    ("a fault without errors", 400, {"Fault": {"Error": 1}}, "application/json", CREATE, "doubt"),
    ("a closed period", 400, fault("6210"), "application/json", CREATE, "refused"),
    ("a duplicate number", 400, fault("6140"), "application/json", CREATE, "refused"),
    ("a stale token", 400, fault("5010"), "application/json", UPDATE, "refused"),
    (
        "a business rule",
        400,
        fault("6000", "You must set an amount."),
        "application/json",
        CREATE,
        "refused",
    ),
    (
        "an unknown object",
        400,
        fault("610"),
        "application/json",
        Expected("Bill", id="1"),
        "refused",
    ),
    (
        "an internal error",
        400,
        fault("6000", "Unexpected Internal Error. (-30000)"),
        "application/json",
        CREATE,
        "doubt",
    ),
    ("no server of the company", 400, gateway("007001"), "application/json", CREATE, "doubt"),
    (
        "another server",
        400,
        fault("500", "Operation Could not find resource for relative : /v3/company/1/vendor"),
        "application/json",
        CREATE,
        "doubt",
    ),
    ("no such operation", 400, fault("500"), "application/json", CREATE, "refused"),
    ("a system failure", 400, fault("10000"), "application/json", CREATE, "doubt"),
    ("a system failure with 200", 200, fault("10000"), "application/json", CREATE, "doubt"),
    ("a timeout behind the gateway", 400, fault("6002"), "application/json", CREATE, "doubt"),
    ("a request id in use", 400, fault("600"), "application/json", CREATE, "doubt"),
    ("a refusal with 500", 500, fault("2020"), "application/json", CREATE, "doubt"),
    ("a server error", 500, b"", "text/plain", CREATE, "doubt"),
    ("a bad gateway", 502, b"<html></html>", "text/html", CREATE, "doubt"),
    ("a service away", 503, b"<html></html>", "text/html", CREATE, "doubt"),
    ("a gateway timeout", 504, b"", "text/html", CREATE, "doubt"),
    ("an outage said to be no access", 500, gateway("3100"), "application/json", CREATE, "doubt"),
    ("an outage of the sign-in", 500, fault("120"), "application/json", QUERY, "doubt"),
    (
        "an outage said to be an old token",
        503,
        gateway("3200"),
        "application/json",
        CREATE,
        "doubt",
    ),
    ("a body nested too deeply", 400, b'{"a":' * 100_000, "application/json", CREATE, "doubt"),
    ("a refusal without reason", 400, b"<html></html>", "text/html", CREATE, "doubt"),
    ("an unknown address", 404, b"", "text/html", CREATE, "doubt"),
    ("a redirect", 302, b"", "text/html", CREATE, "doubt"),
    ("a throttle", 429, gateway("3001"), "application/json", CREATE, "throttled"),
    ("a refusal in XML", 400, XML_REFUSAL, "application/xml", CREATE, "refused"),
    (
        "a refusal in XML behind a byte order mark",
        400,
        b"\xef\xbb\xbf" + XML_REFUSAL,
        "application/xml",
        CREATE,
        "refused",
    ),
    (
        "a refusal behind a byte order mark",
        400,
        b"\xef\xbb\xbf" + json.dumps(fault("6000")).encode(),
        "application/json",
        CREATE,
        "refused",
    ),
    ("a throttle in XML", 429, XML, "application/xml", CREATE, "throttled"),
    ("a throttle without a body", 429, b"", "text/plain", CREATE, "throttled"),
    ("an old throttle", 403, gateway("003001"), "application/json", CREATE, "throttled"),
    ("a moved company", 400, fault("130"), "application/json", CREATE, "throttled"),
    ("a locked company", 400, fault("140"), "application/json", CREATE, "throttled"),
    ("maintenance", 400, fault("150"), "application/json", CREATE, "throttled"),
    ("an expired token", 401, gateway("3200"), "application/json", CREATE, "unauthorised"),
    ("no access", 403, gateway("3100"), "application/json", CREATE, "unauthorised"),
    ("a person who lost access", 400, fault("120"), "application/json", CREATE, "unauthorised"),
    ("a subscription that ended", 400, fault("6190"), "application/json", CREATE, "unauthorised"),
]


@pytest.mark.parametrize(
    ("status", "body", "kind", "expected", "outcome"),
    [r[1:] for r in TABLE],
    ids=[r[0] for r in TABLE],
)
def test_every_answer_is_classified(status, body, kind, expected, outcome):
    assert interpret_response(reply(status, body, kind), expected).outcome == outcome


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (429, b"", "QuickBooks asks to slow down. It is retried automatically."),
        (
            429,
            fault("9409"),
            "QuickBooks asks to slow down. It is retried automatically. (QuickBooks says: no;"
            " code 9409.)",
        ),
        (
            403,
            fault("9403"),
            "QuickBooks did not accept the connection. It is retried automatically. (QuickBooks"
            " says: no; code 9403.)",
        ),
        (
            500,
            fault("9500"),
            "QuickBooks reports an error that the hub does not know. (QuickBooks says: no;"
            " code 9500.) The hub looks up whether it was done.",
        ),
        (
            400,
            fault("6000", "Unexpected Internal Error. (-30000)"),
            "QuickBooks had an internal problem. (QuickBooks says: Unexpected Internal Error."
            " (-30000); code 6000.) The hub looks up whether it was done.",
        ),
        (
            500,
            gateway("3100"),
            "QuickBooks had an internal problem. (QuickBooks says: no; code 3100.) The hub looks"
            " up whether it was done.",
        ),
    ],
    ids=["no body", "throttled", "forbidden", "server error", "internal error", "outage"],
)
def test_a_response_that_is_retried_asks_for_no_correction(status, body, text):
    assert interpret_response(reply(status, body), CREATE).text == text


@pytest.mark.parametrize(
    "body",
    [
        {"Bill": BILL} | fault("10000"),
        b'{"Bill":{"Line":[{"Id":"1"}],"Id":"145","SyncToken":"0","TotalAmt":1',
        b'<html>{"Id": "145", "SyncToken": "0"}</html>',
    ],
)
def test_an_id_that_a_doubtful_answer_shows_is_reported(body):
    answer = interpret_response(reply(200, body, "text/html"), CREATE)
    assert (answer.outcome, answer.id, answer.sync_token) == ("doubt", "145", "0")


def test_an_answer_keeps_its_trace_and_its_date():
    answer = interpret_response(
        reply(200, {"Bill": BILL}, intuit_tid="1-5f", Date="Mon, 02 Mar 2026 09:00:00 GMT"), CREATE
    )
    assert (answer.date and answer.date.isoformat()) == "2026-03-02T09:00:00+00:00"
    assert interpret_response(HttpResponse(200, {"intuit_tid": "1-5f"}, b""), CREATE).tid == "1-5f"


@pytest.mark.parametrize(
    ("time", "date"),
    [
        ("2026-03-02T01:00:00.863-08:00", "2026-03-02T09:00:00+00:00"),
        ("2026-03-02T01:00:00", None),
        ("soon", None),
        (1601391072830, None),
        (None, None),
    ],
)
def test_without_a_header_the_date_is_that_of_the_body(time, date):
    """Each recorded answer has a time in its body; the gateway writes it as a number."""
    answer = interpret_response(reply(200, {"Bill": BILL, "time": time}), CREATE)
    assert (answer.date and answer.date.isoformat()) == date


@pytest.mark.parametrize(
    ("retry_after", "after"), [("7", 7), ("", 60), ("soon", 60), ("999999", 3600), ("0", 1)]
)
def test_a_throttle_says_how_long_to_wait(retry_after, after):
    assert interpret_response(reply(429, b"", Retry_After=retry_after), CREATE).after == after


@pytest.mark.parametrize(
    ("until", "after"), [("09:01:30", 90), ("08:59:00", 1), ("23:00:00", 3600), ("09:01:30 ?", 60)]
)
def test_a_throttle_may_say_until_when_to_wait(until, after):
    headers = {"Date": "Mon, 02 Mar 2026 09:00:00 GMT"}
    if until.endswith(" ?"):
        del headers["Date"]
    retry_after = f"Mon, 02 Mar 2026 {until[:8]} GMT"
    answer = interpret_response(reply(429, b"", Retry_After=retry_after, **headers), CREATE)
    assert answer.after == after


def test_only_an_expired_token_is_worth_a_new_one():
    assert interpret_response(reply(401, gateway("3200")), CREATE).expired
    assert not interpret_response(reply(403, gateway("3100")), CREATE).expired


def test_amounts_are_decimals():
    answer = interpret_response(reply(200, b'{"Bill":{"Id":"1","TotalAmt":0.1}}'), CREATE)
    assert str(answer.entity["TotalAmt"]) == "0.1"


@pytest.mark.parametrize(
    "content",
    [{"Bill": BILL}, {"bill": [BILL]}, {"Invoice": [BILL], "maxResults": 1}, [{"Bill": [BILL]}]],
    ids=["one object", "another spelling", "another kind", "a list"],
)
def test_objects_in_another_form_are_no_proof_that_there_are_none(content):
    answer = interpret_response(reply(200, {"QueryResponse": content}), QUERY)
    with pytest.raises(Retry, match="something that is not what was asked for"):
        extract_rows(answer, "bill")


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"startPosition": 1, "maxResults": 0},
        {"Bill": [], "totalCount": 0},
        {"Warnings": {"Warning": [{"code": "1", "Message": "ignored"}]}},
        {"Links": {"next": ["/v3"]}},
        {"Bill": None},
    ],
    ids=["nothing", "an empty page", "an empty list", "warnings", "unknown fields", "null"],
)
def test_an_answer_without_objects_shows_that_there_are_none(content):
    answer = interpret_response(reply(200, {"QueryResponse": content}), QUERY)
    assert extract_rows(answer, "bill") == []


def test_each_item_of_a_batch_is_judged_alone():
    whole = QuickBooksResponse("landed", status=200)
    assert interpret_item({"bId": "1", "Bill": BILL}, CREATE, whole).id == "145"
    assert interpret_item({"bId": "2", **fault("2020")}, CREATE, whole).outcome == "refused"
    assert interpret_item({"bId": "3"}, CREATE, whole).outcome == "doubt"
    assert (
        interpret_item({"bId": "4", "Bill": BILL | {"Id": "9"}}, UPDATE, whole).outcome == "doubt"
    )
    assert interpret_item({"bId": "5", "Bill": BILL}, DELETE, whole).outcome == "doubt"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (build_unsent_response("no route"), Retry),
        (build_lost_response("silence"), Retry),
        (QuickBooksResponse("refused"), Refused),
        (QuickBooksResponse("unauthorised"), NeedsAttention),
    ],
)
def test_a_read_that_is_not_good_raises_what_to_do_next(answer, error):
    with pytest.raises(error):
        answer.check()
