"""Webhooks from the QuickBooks stand-in to the hub's own address."""

import datetime as dt

import pytest

from hub.db import engine
from hub.models import Run
from hub.qbo import changes, transaction_download
from hub.qbo.client import Client

BILL = {
    "VendorRef": {"value": "1"},
    "DocNumber": "told",
    "Line": [
        {
            "Amount": 5,
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
        }
    ],
}


@pytest.mark.parametrize("form", ["cloudevents", "classic"])
def test_the_hub_believes_them_and_reads_what_changed(
    app, make_app, make_config, quickbooks, clock, form
):
    transaction_download.load(1, Client(1), ["bill"], dt.date(2026, 1, 1))
    pages = make_app(make_config(), pages=True, mounts=app.extensions["hub"].mounts)
    quickbooks.webhooks.subscribe("https://hub.test/webhooks/quickbooks", form, pages.wsgi_app)
    quickbooks.act("create", kind="Bill", set=BILL)
    clock.advance(5)
    assert quickbooks.webhooks.deliveries[0].tries[0][1] == 200
    with engine.read_only_session() as session:
        [run] = session.query(Run)
        assert (run.kind, run.requested_by, run.company_id) == ("changes", "webhook", 1)
    assert [kind for kind, _ in changes.poll(1).heads] == ["bill"]


@pytest.mark.parametrize("form", ["cloudevents", "classic"])
def test_a_change_that_is_stored_already_is_no_news(
    app, make_app, make_config, quickbooks, clock, form
):
    """Objects state whole seconds, events fractions of them."""
    transaction_download.load(1, Client(1), ["bill"], dt.date(2026, 1, 1))
    pages = make_app(make_config(), pages=True, mounts=app.extensions["hub"].mounts)
    quickbooks.webhooks.subscribe("https://hub.test/webhooks/quickbooks", form, pages.wsgi_app)
    clock.advance(0.75)
    quickbooks.act("create", kind="Bill", set=BILL)
    assert [kind for kind, _ in changes.poll(1).heads] == ["bill"]
    clock.advance(5)
    assert quickbooks.webhooks.deliveries[0].tries[0][1] == 200
    with engine.read_only_session() as session:
        assert session.query(Run).count() == 0
