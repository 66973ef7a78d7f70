"""ION's webhooks are accepted only with a valid signature, and used as hints."""

import hashlib
import hmac
import json

import pytest
from hub_ion import client, hub_check, hub_subscribe, hub_webhook, queries
from hub_ion.client import Ion

from hub import Refused, Signal
from qbo_sandbox.kit import Server, text_answer
from qbo_sandbox.kit.messages import body_of


def call(bench, body, prefix="sha256=", header="x-ion-signature"):
    content = json.dumps(body).encode()
    signature = hmac.new(
        bench.secrets["webhook_secret"].encode(), content, hashlib.sha256
    ).hexdigest()
    return hub_webhook(
        app="ion", site=bench.site, headers={header: f"{prefix}{signature}"}, body=content
    )


@pytest.fixture
def subscribed(bench):
    hub_subscribe(app="ion", site=bench.site, on=True)
    return bench


@pytest.mark.row("ION-35")
@pytest.mark.parametrize(
    ("resource", "signal"),
    [
        ("PURCHASEORDERS", Signal(ids=("order:7",))),
        ("PURCHASE_ORDER", Signal(ids=("order:7",))),
        ("parts", Signal(ids=("part:7",))),
        ("PURCHASEORDERLINES", Signal()),
        ("RUNS", Signal()),
    ],
)
def test_the_order_that_a_call_names_is_read_again(subscribed, resource, signal):
    assert call(subscribed, {"resource": resource, "action": "UPDATE", "id": 7}) == [signal]


@pytest.mark.row("ION-35")
@pytest.mark.parametrize("body", [{"resource": "PARTS"}, {"resource": "PARTS", "id": None}])
def test_a_call_that_names_no_row_collects(subscribed, body):
    assert call(subscribed, body) == [Signal()]


@pytest.mark.row("ION-35")
@pytest.mark.parametrize(
    ("body", "signals"),
    [
        (
            [{"resource": "PARTS", "id": 7}, {"resource": "PURCHASEORDERS", "id": 8}],
            [Signal(ids=("part:7",)), Signal(ids=("order:8",))],
        ),
        ([], [Signal()]),
        ([1], [Signal()]),
    ],
)
def test_a_call_may_have_several_changes_or_another_form(subscribed, body, signals):
    assert call(subscribed, body) == signals


@pytest.mark.row("ION-35")
def test_a_call_that_is_neither_an_object_nor_a_list_is_refused(subscribed):
    with pytest.raises(Refused, match="not a JSON object"):
        call(subscribed, "PARTS")


@pytest.mark.row("ION-35")
@pytest.mark.parametrize("wrong", [{"prefix": "sha256=0"}, {"header": "X-Other"}])
def test_a_call_that_is_not_signed_is_refused(subscribed, wrong):
    with pytest.raises(Refused, match="not signed"):
        call(subscribed, {"resource": "PARTS", "id": 7}, **wrong)


@pytest.mark.row("ION-35")
def test_before_the_hub_asked_for_calls_none_is_believed(bench):
    bench.secrets["webhook_secret"] = ""
    with pytest.raises(Refused):
        call(bench, {"resource": "PARTS", "id": 7})


@pytest.mark.row("ION-35")
def test_the_stand_in_calls_for_each_row_that_changed_and_repeats_itself(subscribed):
    calls = []

    def answer(environ, start):
        headers = {"x-ion-signature": environ["HTTP_X_ION_SIGNATURE"]}
        calls.extend(
            hub_webhook(app="ion", site=subscribed.site, headers=headers, body=body_of(environ))
        )
        return text_answer(start, 200, "")

    with Server(answer) as server:
        (receiver,) = subscribed.books.rows("receivers")
        subscribed.books.put("receivers", id=receiver["id"], webhookUri=server.url)
        subscribed.stand_in.calls.page("POST", {"twice": True, "held": True})
        subscribed.move("every field", "DRAFT")
        subscribed.stand_in.calls.page("POST", {"release": True})
        subscribed.stand_in.calls.settle()
    assert sorted(calls, key=str) == sorted(
        [Signal(ids=("order:1002",))] * 2 + [Signal()] * 4, key=str
    )
    assert {event["outcome"] for event in subscribed.stand_in.calls.events} == {"taken with 200"}


def test_a_hub_that_is_not_there_is_tried_again_and_then_given_up(subscribed):
    (receiver,) = subscribed.books.rows("receivers")
    subscribed.books.put("receivers", id=receiver["id"], webhookUri="http://127.0.0.1:9/none")
    subscribed.move("a part", "DRAFT")
    subscribed.stand_in.calls.settle()
    outcomes = [event["outcome"] for event in subscribed.stand_in.calls.events]
    assert {outcome.partition(" (")[0] for outcome in outcomes} == {"not taken"}


@pytest.mark.row("ION-35")
def test_subscribing_twice_leaves_one_receiver(bench):
    for _ in range(2):
        hub_subscribe(app="ion", site=bench.site, on=True)
    (receiver,) = bench.books.rows("receivers")
    assert bench.secrets["webhook_secret"] == receiver["sharedSecret"]
    assert len(bench.books.rows("subscriptions")) == 12
    hub_subscribe(app="ion", site=bench.site, on=False)
    assert bench.books.rows("receivers") == bench.books.rows("subscriptions") == []


@pytest.mark.row("ION-35")
def test_a_receiver_on_a_later_page_is_removed_too(bench, monkeypatch):
    hub_subscribe(app="ion", site=bench.site, on=True)
    for number in range(3):
        answer = Ion(bench.site).ask(
            queries.ADD_RECEIVER, address=f"https://other.example/{number}"
        )
        assert answer["made"]["row"]["id"]
    hub_subscribe(app="ion", site=bench.site, on=True)  # its receiver is the last one from now on
    monkeypatch.setattr(client, "PAGE_SIZE", 2)
    hub_subscribe(app="ion", site=bench.site, on=False)
    addresses = [row["webhookUri"] for row in bench.books.rows("receivers")]
    assert addresses == [f"https://other.example/{number}" for number in range(3)]


@pytest.mark.row("ION-35")
def test_a_key_that_may_not_subscribe_is_a_warning_only(bench):
    bench.set(client_id="ion-reading-key", client_secret="stand-in-secret-55d0")
    hub_subscribe(app="ion", site=bench.site, on=True)
    assert "asks on its schedule instead" in hub_check(app="ion", site=bench.site).warnings[0]
