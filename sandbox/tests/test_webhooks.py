"""Tests of the stand-in's webhooks: timing, content, signatures and retries."""

import base64
import hashlib
import hmac
import itertools
import json
import threading

import pytest

from qbo_sandbox import NORWAY, US, create
from qbo_sandbox.kit import Clock, ConnectionFault, Server, send_request

NOON = 1_800_000_000.0
LINE = {
    "Amount": 5,
    "DetailType": "AccountBasedExpenseLineDetail",
    "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
}
HOOK = "https://receiver.test/hooks?x=1"


class Receiver:
    """A webhook receiver that records calls; `statuses` are its next responses, then 200."""

    def __init__(self, *statuses):
        self.statuses, self.requests, self.arrived = list(statuses), [], threading.Event()

    def __call__(self, environ, start):
        headers = {
            name[5:].lower(): value for name, value in environ.items() if name.startswith("HTTP_")
        }
        self.requests.append((headers, environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))))
        status = self.statuses.pop(0) if self.statuses else 200
        self.arrived.set()
        if not status:
            raise ConnectionFault
        start(f"{status} Answer", [])
        return [b""]

    def messages(self):
        return [json.loads(body) for _, body in self.requests]


@pytest.fixture
def stand_in():
    return create(companies=[US, NORWAY], clock=Clock(NOON, frozen=True))


@pytest.fixture
def receiver(stand_in):
    hook = Receiver()
    stand_in.webhooks.subscribe(HOOK, wsgi=hook)
    return hook


def bill(**more):
    return {"VendorRef": {"value": "1"}, "Line": [LINE], **more}


def types(body):
    return [(event["type"], event["intuitentityid"]) for event in body]


def test_a_change_is_sent_as_a_cloud_event_after_a_few_seconds(stand_in, receiver):
    stand_in.ask("POST", "bill", bill())
    stand_in.clock.advance(4.9)
    assert receiver.requests == []
    stand_in.clock.advance(0.1)
    [[event]] = receiver.messages()
    assert len(event.pop("id")) == 36
    assert event.pop("source").startswith("intuit.")
    assert event == {
        "specversion": "1.0",
        "type": "qbo.bill.created.v1",
        "datacontenttype": "application/json",
        "time": "2027-01-15T08:00:00.000000000Z",
        "intuitentityid": "1",
        "intuitaccountid": US.realm,
        "data": {},
    }


def test_the_body_is_signed_and_the_headers_are_those_of_the_real_one(stand_in, receiver):
    stand_in.ask("POST", "bill", bill())
    stand_in.clock.advance(5)
    [(headers, body)] = receiver.requests
    right = hmac.new(stand_in.webhook_verifier.encode(), body, hashlib.sha256).digest()
    assert base64.b64decode(headers["intuit_signature"]) == right
    assert headers["intuit_created_time"] == "2027-01-15T08:00:05.000Z"
    assert headers["intuit_notification_schema_version"] == "0.1"
    assert headers["user_agent"] == "intuit_notification_server/0.1"
    assert len(headers["intuit_t_id"]) == 36


def test_events_close_together_are_sent_together_and_equal_ones_once(stand_in, receiver):
    bills = stand_in.ask("POST", "bill", bill()).json()["Bill"]
    for token, note in enumerate("abc"):
        stand_in.clock.advance(1)
        changed = {"Id": bills["Id"], "SyncToken": str(token), "PrivateNote": note, "sparse": True}
        assert stand_in.ask("POST", "bill", bill(**changed)).status == 200
    stand_in.ask("POST", "vendor", {"DisplayName": "Nybygg"}, NORWAY.realm)
    stand_in.clock.advance(60)
    first, *later = receiver.messages()
    assert types(first)[0] == ("qbo.bill.created.v1", "1")
    realms = {event["intuitaccountid"] for event in first}
    assert realms == {US.realm, NORWAY.realm}
    all_types = types(sum(later, first))
    assert all_types.count(("qbo.bill.updated.v1", "1")) == 1
    [update] = [event for event in first if event["type"] == "qbo.bill.updated.v1"]
    assert update["time"] == "2027-01-15T08:00:03.000000000Z"


def test_the_classic_form_has_an_entry_for_each_company(stand_in):
    receiver = Receiver()
    stand_in.webhooks.subscribe(HOOK, "classic", receiver)
    stand_in.ask("POST", "bill", bill())
    stand_in.ask("POST", "vendor", {"DisplayName": "Nybygg"}, NORWAY.realm)
    stand_in.clock.advance(5)
    realms, norways = receiver.messages()
    [notice] = realms["eventNotifications"]
    assert notice["realmId"] == US.realm
    events = {
        "name": "Bill",
        "id": "1",
        "operation": "Create",
        "lastUpdated": "2027-01-15T08:00:00.000Z",
    }
    assert notice["dataChangeEvent"]["entities"] == [events]
    assert norways["eventNotifications"][0]["realmId"] == NORWAY.realm


def test_voiding_deleting_mailing_and_paying_have_their_own_words(stand_in, receiver):
    item = {"ItemRef": {"value": "2"}, "Qty": 1, "UnitPrice": 10}
    line = {"Amount": 10, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": item}
    for _ in range(2):
        stand_in.ask("POST", "invoice", {"CustomerRef": {"value": "41"}, "Line": [line]})
    stand_in.clock.advance(5)
    stand_in.ask("POST", "invoice/1/send?sendTo=a@b.co")
    stand_in.act("void", kind="Invoice", id="1")
    stand_in.act("pay", kind="Invoice", id="2")
    stand_in.act("delete", kind="Payment", id="3")
    stand_in.clock.advance(5)
    assert {
        ("qbo.invoice.emailed.v1", "1"),
        ("qbo.invoice.void.v1", "1"),
        ("qbo.payment.created.v1", "3"),
        ("qbo.invoice.updated.v1", "2"),
        ("qbo.payment.deleted.v1", "3"),
    } <= set(types(receiver.messages()[-1]))


def test_while_the_receiver_is_in_trouble_it_is_tried_again_ever_more_rarely(stand_in):
    receiver = Receiver(500, 0, 503, 408, 502, 504, 500, 500, 500, 500)
    stand_in.webhooks.subscribe(HOOK, wsgi=receiver)
    stand_in.ask("POST", "bill", bill())
    stand_in.clock.advance(3 * 86400)
    [delivery] = send_request(stand_in.wsgi, "GET", "/_sandbox/webhooks").json()["deliveries"]
    assert [each["status"] for each in delivery["tries"]] == [
        500,
        0,
        503,
        408,
        502,
        504,
        500,
        500,
        500,
        500,
        200,
    ]
    assert delivery["over"]
    times = [at for at, _ in stand_in.webhooks.deliveries[0].tries]
    waits = [int(after - before) for before, after in itertools.pairwise(times)]
    assert waits == [10, 20, 30, 300, 1200, 7200, 14400, 21600, 21600, 21600]
    assert (
        len({body for _, body in receiver.requests})
        == len({h["intuit_t_id"] for h, _ in receiver.requests})
        == 1
    )


def test_a_receiver_that_refuses_is_not_tried_again(stand_in):
    receiver = Receiver(401)
    stand_in.webhooks.subscribe(HOOK, wsgi=receiver)
    stand_in.ask("POST", "bill", bill())
    stand_in.clock.advance(86400)
    assert len(receiver.requests) == 1


def test_a_receiver_that_moves_the_clock_is_called_once(stand_in):
    times = []

    def receiver(environ, start):
        times.append(environ["PATH_INFO"])
        stand_in.clock.advance(1)
        start("200 OK", [])
        return [b""]

    stand_in.webhooks.subscribe(HOOK, wsgi=receiver)
    stand_in.ask("POST", "bill", bill())
    stand_in.clock.advance(5)
    assert times == ["/hooks"]


def test_webhooks_are_configured_and_sent_over_http(tmp_path):
    receiver = Receiver()
    with Server(receiver) as server:
        stand_in = create(tmp_path, clock=Clock(NOON, frozen=True))
        page = send_request(
            stand_in.wsgi, "POST", "/_sandbox/webhooks", {"url": f"{server.url}/hooks"}
        )
        assert page.json()["addresses"] == {f"{server.url}/hooks": "cloudevents"}
        stand_in.ask("POST", "bill", bill())
        [waiting] = send_request(stand_in.wsgi, "GET", "/_sandbox/webhooks").json()["waiting"]
        assert (waiting["kind"], waiting["act"]) == ("Bill", "Create")
        send_request(stand_in.wsgi, "POST", "/_sandbox/clock", {"advance": 5})
        assert types(receiver.messages()[0]) == [("qbo.bill.created.v1", "1")]
    assert create(tmp_path).webhooks.addresses == {f"{server.url}/hooks": "cloudevents"}
    stand_in.ask("POST", "bill", bill())
    stand_in.clock.advance(5)
    assert stand_in.webhooks.deliveries[-1].tries[0][1] == 0
    assert send_request(stand_in.wsgi, "DELETE", "/_sandbox/webhooks").json()["addresses"] == {}
    assert create(tmp_path).webhooks.addresses == {}


def test_events_that_a_killed_stand_in_did_not_send_are_sent_by_the_next(tmp_path):
    first = create(tmp_path, clock=Clock(NOON, frozen=True))
    events = Receiver()
    first.webhooks.subscribe(HOOK, wsgi=events)
    first.ask("POST", "bill", bill())
    first.clock.advance(10)
    assert types(events.messages()[0]) == [("qbo.bill.created.v1", "1")]
    first.clock.advance(10)
    item = {"ItemRef": {"value": "2"}, "Qty": 1, "UnitPrice": 10}
    line = {"Amount": 10, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": item}
    first.ask("POST", "invoice", {"CustomerRef": {"value": "41"}, "Line": [line]})
    first.act("void", kind="Invoice", id="2")
    again = create(tmp_path)
    receiver = Receiver()
    again.webhooks.subscribe(HOOK, wsgi=receiver)
    again.clock.advance(5)
    assert types(receiver.messages()[0]) == [
        ("qbo.invoice.created.v1", "2"),
        ("qbo.invoice.void.v1", "2"),
    ]
    last = create(tmp_path)
    assert send_request(last.wsgi, "GET", "/_sandbox/webhooks").json()["waiting"] == []


def test_while_the_clock_runs_nobody_need_move_it():
    stand_in, receiver = create(webhook_delay=0), Receiver()
    stand_in.webhooks.subscribe(HOOK, wsgi=receiver)
    stand_in.ask("POST", "bill", bill())
    assert receiver.arrived.wait(10)


def test_an_address_or_form_that_cannot_be_is_refused(stand_in):
    for refusal in ({"url": "ftp://x"}, {"url": HOOK, "form": "post"}):
        assert send_request(stand_in.wsgi, "POST", "/_sandbox/webhooks", refusal).status == 400
