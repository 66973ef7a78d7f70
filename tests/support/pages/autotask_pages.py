"""The hub's pages with an Autotask stand-in, and the forms submitted to them."""

from typing import Any

from hub_autotask.sandbox import StandIn

from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.testing.clock import START
from qbo_sandbox.kit import Clock, Journal
from qbo_sandbox.kit.wsgi import WSGIAdapter
from tests.support.pages.page_visitor import Visitor
from tests.support.sources.stand_in_fixtures import mount_quickbooks

AUTOTASK = "http://autotask.test"
INVOICES, EXPENSES, ORDERS = "autotask-invoices", "autotask-expenses", "autotask-purchase-orders"
PLAN = {"mode": "review", "schedule": "15m", "zone": "UTC", "start_date": ""}
SWITCHES = {"mark_errors": "1", "fill_contacts": "1", "payment_sync": "1"}


def connect(visitor: Visitor) -> StandIn:
    """Connect the first company and mount an Autotask stand-in without any enabled app."""
    if visitor.quickbooks is None:
        visitor.quickbooks = mount_quickbooks(visitor.app, visitor.app.extensions["hub"].clock)
    stand_in = visitor.quickbooks
    with visitor.app.app_context():
        company = oauth_connect.connect_with_refresh_token(
            stand_in.realm, stand_in.refresh_tokens[stand_in.realm]
        )
        record_download.refresh(company.id)
    source = StandIn(Journal(None), INVOICES, None, Clock(START.timestamp(), frozen=True))
    visitor.app.extensions["hub"].mounts[AUTOTASK] = WSGIAdapter(source.wsgi, AUTOTASK)
    return source


def another(visitor: Visitor, name: str) -> Visitor:
    """Return a visitor with another person's session at the same pages."""
    other = Visitor(visitor.app, visitor.story)
    other.log_in(name)
    return other


def form(**more: Any) -> dict[str, Any]:
    """Return the settings form of the invoice app as the page submits it."""
    needed = {"days_back": 14, "tolerance": "0.05", "income_account": "1"}
    return {**PLAN, **StandIn.settings(AUTOTASK), **SWITCHES, **needed, **more}


def enable(visitor: Visitor, slug: str = INVOICES, **more: Any) -> str:
    """Confirm the access of an app and enable it."""
    visitor.press(f"/apps/{slug}/1/grant")
    return visitor.press(f"/apps/{slug}/1/configure", **form(**more))
