"""CostTracker's webhooks are accepted only with a valid signature."""

import hashlib
import hmac
import json

import pytest
from hub_costtracker import hub_webhook
from hub_costtracker.sandbox.company import WEBHOOK_SECRET

from hub import Refused, Signal


def call(bench, body, secret=WEBHOOK_SECRET, header="X-CostTracker-Signature"):
    content = json.dumps(body).encode()
    signature = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    return hub_webhook(
        app="costtracker", site=bench.site, headers={header: signature}, body=content
    )


def test_a_changed_invoice_is_read_alone(bench):
    assert call(bench, {"topic": "invoice.changed", "id": "1001"}) == [
        Signal(ids=("invoice:1001",))
    ]


@pytest.mark.row("CT-S21")
def test_a_refresh_in_costtracker_pushes_the_lists(bench):
    assert call(bench, {"topic": "master-data.wanted"}) == [Signal(records=True)]


def test_any_other_topic_collects(bench):
    assert call(bench, {"topic": "supplier.changed", "id": "s1"}) == [Signal()]


@pytest.mark.parametrize("body", [{}, {"id": "1001"}, {"topic": "invoice.changed"}])
def test_a_call_that_lacks_its_topic_or_id_collects(bench, body):
    assert call(bench, body) == [Signal()]


@pytest.mark.parametrize("wrong", [{"secret": "guess"}, {"header": "X-Other"}])
def test_a_call_that_is_not_signed_is_refused(bench, wrong):
    with pytest.raises(Refused, match="not signed"):
        call(bench, {"topic": "invoice.changed", "id": "1001"}, **wrong)


def test_without_a_secret_no_call_is_believed(bench):
    bench.secrets["webhook_secret"] = ""
    with pytest.raises(Refused):
        call(bench, {"topic": "invoice.changed", "id": "1001"}, secret="")
