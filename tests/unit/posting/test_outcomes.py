"""From the bytes of a response to the next step, for first and repeated sends.

`tests/unit/qbo/test_responses.py` has the outcome of each response for every kind of call.
"""

import json
from typing import Any

import pytest

from hub.http.exchange import HttpResponse
from hub.posting.protocol.decisions import decide
from hub.posting.protocol.history import (
    Doubt,
    History,
    Hold,
    Posted,
    Read,
    Reconnect,
    Requeue,
    Search,
    SendAttempt,
    Step,
)
from hub.qbo.batch import BatchItem, split_responses
from hub.qbo.responses import (
    Expected,
    QuickBooksResponse,
    build_lost_response,
    build_unsent_response,
    interpret_response,
)

BILL = {"Id": "145", "SyncToken": "0", "TotalAmt": 10}
PAGE = b"<html><h1>Bad Gateway</h1></html>"
NUMBER_USED = "DocNumber=A-1 is assigned to TxnType=Bill with TxnId=17"


def json_of(status: int, body: Any, **headers: str) -> HttpResponse:
    fields = {
        "Content-Type": "application/json",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return HttpResponse(
        status, fields, body if isinstance(body, bytes) else json.dumps(body).encode()
    )


def fault(
    code: str, detail: str = "", status: int = 400, element: str = "", **headers: str
) -> HttpResponse:
    error = {"Message": "no", "Detail": detail, "code": code, "element": element}
    return json_of(status, {"Fault": {"Error": [error], "type": "ValidationFault"}}, **headers)


def page(status: int) -> HttpResponse:
    return HttpResponse(status, {"Content-Type": "text/html"}, PAGE)


DOUBTED = (Doubt(), Doubt())
HOLD_OR_DOUBT = (Hold("refused"), Doubt())
NOT_SENT = (Requeue(), Requeue())
NO_ENTRY = (Reconnect(), Reconnect())

# what came back: the step after a first send, and after a re-send
CREATE: dict[str, tuple[HttpResponse | QuickBooksResponse, Step, Step]] = {
    "200 with the entity": (json_of(200, {"Bill": BILL}), Posted("145"), Read("145")),
    "200 with a fault": (fault("6000", "A rule.", status=200), *HOLD_OR_DOUBT),
    "200 with a fault beside an entity": (
        json_of(200, {"Bill": BILL, **json.loads(fault("2500").body)}),
        *HOLD_OR_DOUBT,
    ),
    "connection refused": (build_unsent_response("connection refused"), *NOT_SENT),
    "no such host": (build_unsent_response("Failed to resolve"), *NOT_SENT),
    "no handshake": (build_unsent_response("TLS"), *NOT_SENT),
    "no room in the quota": (build_unsent_response("its limit", 3.0), *NOT_SENT),
    "too late to send": (build_unsent_response("the time was over"), *NOT_SENT),
    "reset": (build_lost_response("reset"), *DOUBTED),
    "time over": (build_lost_response("Read timed out."), *DOUBTED),
    "the process died": (QuickBooksResponse("doubt"), *DOUBTED),
    "half of the JSON": (json_of(200, b'{"Bill":{"Id":"145","SyncToken":"0"'), *DOUBTED),
    "web page with 200": (page(200), *DOUBTED),
    "nothing with 200": (json_of(200, b""), *DOUBTED),
    "another entity": (json_of(200, {"Vendor": BILL}), *DOUBTED),
    "JSON of another type": (json_of(200, [BILL]), *DOUBTED),
    "redirect": (page(302), *DOUBTED),
    "web page with 400": (page(400), *DOUBTED),
    "web page with 404": (page(404), *DOUBTED),
    "500": (json_of(500, b""), *DOUBTED),
    "500 with a refusal": (fault("2020", status=500), *DOUBTED),
    "500 with 3100": (fault("3100", status=500), *DOUBTED),
    "500 with 120": (fault("120", status=500), *DOUBTED),
    "502": (page(502), *DOUBTED),
    "503 of the gateway": (page(503), *DOUBTED),
    "504": (page(504), *DOUBTED),
    "504 with 6002": (fault("6002", "timeout while proxying", status=504), *DOUBTED),
    "10000": (fault("10000", status=500), *DOUBTED),
    "10000 with 200": (fault("10000", status=200), *DOUBTED),
    "6000 with -30000": (fault("6000", "Unexpected Internal Error. (-30000)"), *DOUBTED),
    "600, the id in use": (fault("600"), *DOUBTED),
    "7001, no server of the company": (fault("7001", status=404), *DOUBTED),
    "other 6000": (fault("6000", "You must specify an amount."), *HOLD_OR_DOUBT),
    "429": (fault("3001", status=429), *NOT_SENT),
    "429 without a body": (page(429), *NOT_SENT),
    "3001 with another status": (fault("003001", status=403), *NOT_SENT),
    "140, a locked company": (fault("140"), *NOT_SENT),
    "150, maintenance": (fault("150"), *NOT_SENT),
    "401": (page(401), *NO_ENTRY),
    "3200": (fault("3200", status=401), *NO_ENTRY),
    "403": (page(403), *NO_ENTRY),
    "3100": (fault("3100", status=403), *NO_ENTRY),
    "120": (fault("120"), *NO_ENTRY),
    "6190": (fault("6190"), *NO_ENTRY),
    "2020, something required": (fault("2020", element="VendorRef"), *HOLD_OR_DOUBT),
    "2050, too long": (fault("2050"), *HOLD_OR_DOUBT),
    "2500, unknown reference": (fault("2500"), *HOLD_OR_DOUBT),
    "6210, closed period": (fault("6210"), *HOLD_OR_DOUBT),
    "610, inactive reference": (fault("610"), *HOLD_OR_DOUBT),
    "a code that nobody knows": (fault("9341"), *HOLD_OR_DOUBT),
    "6140 that names who has the number": (fault("6140", NUMBER_USED), Read("17"), Doubt()),
    "6140 that names nobody": (fault("6140"), Hold("number_used"), Doubt()),
    "5010, a linked transaction is being changed": (fault("5010"), Requeue(renew=True), Doubt()),
}
VENDOR = {
    "6240, name used": (fault("6240"), Search(), Doubt()),
    "6000, the list in use": (
        fault("6000", "You can only add or edit one name at a time. Please try again."),
        Requeue(renew=True),
        Doubt(),
    ),
}
CHANGE: dict[str, tuple[HttpResponse | QuickBooksResponse, Step, Step]] = {
    "200 with the entity": (json_of(200, {"Bill": BILL}), Posted("145"), Read("145")),
    "200 with another object": (json_of(200, {"Bill": BILL | {"Id": "9"}}), *DOUBTED),
    "5010": (fault("5010"), Read("145"), Doubt()),
    "610": (fault("610"), Read("145"), Doubt()),
    "reset": (build_lost_response("reset"), *DOUBTED),
    "429": (fault("3001", status=429), *NOT_SENT),
}
DELETE: dict[str, tuple[HttpResponse | QuickBooksResponse, Step, Step]] = {
    "200 that says deleted": (
        json_of(200, {"Bill": {"Id": "145", "status": "Deleted"}}),
        Posted("145"),
        Read("145"),
    ),
    "200 that shows it alive": (json_of(200, {"Bill": BILL}), *DOUBTED),
    "610": (fault("610"), Read("145"), Doubt()),
}
TABLE = [
    (operation, kind, name, *row)
    for operation, kind, rows in (
        ("create", "bill", CREATE),
        ("create", "vendor", VENDOR),
        ("update", "bill", CHANGE),
        ("delete", "bill", DELETE),
    )
    for name, row in rows.items()
]


def next_step(
    operation: str, kind: str, came: HttpResponse | QuickBooksResponse, *before: str
) -> Step:
    """Return what the protocol does next after this response and these earlier outcomes."""
    own = None if operation == "create" else "145"
    place = Expected(kind.capitalize(), deletes=operation == "delete", id=own)
    answer = came if isinstance(came, QuickBooksResponse) else interpret_response(came, place)
    refused = answer.outcome == "refused"
    holder = answer.faults[0].holder if answer.faults else None
    newest = SendAttempt(
        outcome=answer.outcome,
        code=answer.code,
        id=(holder[1] if holder else None) if refused else answer.id,
    )
    earlier = tuple(SendAttempt(outcome=outcome) for outcome in before)
    base = "145:0" if own else "0"
    return decide(
        History(
            operation=operation, kind=kind, state="sending", base=base, sends=(*earlier, newest)
        )
    )


@pytest.mark.parametrize(
    ("operation", "kind", "came", "first", "again"),
    [(*row[:2], *row[3:]) for row in TABLE],
    ids=[f"{row[0]} {row[1]}, {row[2]}" for row in TABLE],
)
def test_the_next_step_follows_from_the_answer_and_from_earlier_sends(
    operation, kind, came, first, again
):
    assert next_step(operation, kind, came) == first
    assert next_step(operation, kind, came, "doubt") == again
    assert next_step(operation, kind, came, "unsent", "throttled", "unauthorised") == first


def test_a_refusal_names_code_and_field_in_the_admins_words():
    answer = interpret_response(
        fault("2020", "Required param missing.", element="VendorRef"), Expected("Bill")
    )
    assert (answer.code, answer.faults[0].element) == ("2020", "VendorRef")
    assert answer.text.startswith(
        "Something that QuickBooks requires is missing. Complete it at the source"
    )
    assert "Required param missing; code 2020, field VendorRef" in answer.text


ITEMS = [BatchItem(f"{n:02}", "create", "bill", b"{}") for n in range(3)]
WHOLE: dict[str, tuple[HttpResponse | QuickBooksResponse, str]] = {
    "reset": (build_lost_response("reset"), "doubt"),
    "500": (page(500), "doubt"),
    "504": (page(504), "doubt"),
    "a fault for the whole": (fault("1040"), "declined"),
    "a rule that concerns an item": (fault("6000", "The request has been processed."), "doubt"),
    "429": (page(429), "throttled"),
    "401": (page(401), "unauthorised"),
    "refused connection": (build_unsent_response("refused"), "unsent"),
    "no list": (json_of(200, {"BatchItemResponse": {}}), "doubt"),
    "an empty list": (json_of(200, {"BatchItemResponse": []}), "doubt"),
}


@pytest.mark.parametrize(("came", "outcome"), WHOLE.values(), ids=WHOLE)
def test_the_outcome_of_a_whole_batch_counts_for_each_item(came, outcome):
    answer = (
        came
        if isinstance(came, QuickBooksResponse)
        else interpret_response(came, Expected("BatchItemResponse"))
    )
    assert {part.outcome for part in split_responses(answer, ITEMS).values()} == {outcome}


def test_there_is_a_row_for_every_outcome(figure):
    figure(
        "responses of QuickBooks with the next step after a first and a repeated send",
        len(TABLE),
        50,
    )
    results = {next_step(*row[:2], row[3]).__class__ for row in TABLE}
    assert results == {Posted, Read, Hold, Search, Doubt, Requeue, Reconnect}
