"""Ontraccr's webhooks need a valid signature; the stand-in repeats and delays them."""

import hashlib
import hmac
import json

import pytest
from hub_ontraccr import APP, hub_webhook

from hub import Refused, Signal
from hub.testing.openapi import describe
from qbo_sandbox.kit import Server, text_answer
from qbo_sandbox.kit.messages import body_of

SECRET = "shared"


def call(bench, body, secret=SECRET, header="X-Ontraccr-Signature"):
    bench.secrets["webhook_secret"] = SECRET
    content = json.dumps(body).encode()
    signature = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    return hub_webhook(app="ontraccr", site=bench.site, headers={header: signature}, body=content)


@pytest.mark.row("ON-S11")
def test_a_changed_payable_is_read_alone(bench):
    assert call(bench, {"topic": "payable.changed", "id": "2001"}) == [
        Signal(ids=("payable:2001",))
    ]


@pytest.mark.row("ON-S4")
def test_a_changed_link_reads_the_lists_and_what_waits(bench):
    assert call(bench, {"topic": "profile.changed", "id": "p1"}) == [Signal(records=True), Signal()]
    assert call(bench, {"topic": "user.invited", "id": "7"}) == [Signal()]


@pytest.mark.parametrize("body", [{}, {"id": "2001"}, {"topic": "payable.changed"}])
def test_a_call_that_lacks_its_topic_or_id_collects(bench, body):
    assert call(bench, body) == [Signal()]


@pytest.mark.parametrize("wrong", [{"secret": "guess"}, {"header": "X-Other"}])
def test_a_call_that_is_not_signed_is_refused(bench, wrong):
    with pytest.raises(Refused, match="not signed"):
        call(bench, {"topic": "payable.changed", "id": "2001"}, **wrong)


@pytest.mark.parametrize(
    ("habits", "ids"),
    [({}, ["1", "2"]), ({"twice": True}, ["1", "1", "2", "2"]), ({"held": True}, ["2", "1"])],
)
def test_the_stand_in_calls_once_twice_or_the_newest_first(bench, habits, ids):
    calls = []

    def answer(environ, start):
        assert describe(APP.assumed_api).check_webhook("change", environ) == []
        headers = {"X-Ontraccr-Signature": environ["HTTP_X_ONTRACCR_SIGNATURE"]}
        calls.extend(
            hub_webhook(app="ontraccr", site=bench.site, headers=headers, body=body_of(environ))
        )
        return text_answer(start, 202, "")

    with Server(answer) as server:
        bench.books.do("call", division="div-1", url=server.url, secret=SECRET)
        bench.secrets["webhook_secret"] = SECRET
        bench.drive("webhooks", habits)
        for id in ("1", "2"):
            bench.stand_in.calls.notify("div-1", "payable.changed", id)
        bench.drive("webhooks", {"release": True})
        bench.stand_in.calls.settle()
    assert [signal.ids[0].removeprefix("payable:") for signal in calls] == ids


def test_a_division_that_did_not_ask_is_not_called(bench):
    bench.books.do("call", division="div-2", url="http://127.0.0.1:9/none", secret="s")
    bench.stand_in.calls.notify("div-1", "payable.changed", "1")
    assert bench.drive("webhooks", method="GET")["events"] == []
