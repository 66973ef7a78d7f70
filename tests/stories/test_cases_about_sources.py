"""The cases about a source close once it is not called any more, or once their advice is followed.

The source warns, cannot be read, or does not accept what it is told about documents.
"""

import pytest
from marshmallow import EXCLUDE, Schema, fields
from sqlalchemy import select

from hub import App, NeedsAttention, Tenant, hookimpl
from hub.contract.documents import KINDS
from hub.db.engine import read_only_session, transaction
from hub.installations import enable
from hub.models import Case
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import runner
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import Story, add_people
from tests.support.sources.every_kind_source import SLUG, ShopSite, ShopSource, invoice

DAY_IN_SECONDS = 24 * 3600
REFUSED = "Shop does not accept receipts"
UNREADABLE = "Shop cannot be read"
WARNING = "Shop has a warning"


class KeySettings(Schema):
    class Meta:
        unknown = EXCLUDE

    key = fields.String(load_default="")


class StrictSource(ShopSource):
    """A shop that warns, and that does not accept receipts or show documents without its key."""

    accepts_receipts = is_readable = False
    on_reading = staticmethod(lambda: None)

    @hookimpl
    def hub_apps(self):
        app = {"slug": SLUG, "name": "Shop", "summary": "", "posts": KINDS, "wants": ("posted",)}
        return [App(**app, settings=KeySettings)]

    @hookimpl
    def hub_check(self, app, site):
        return Tenant(id="t1", name="Shop", warnings=("Two clients have one name.",))

    @hookimpl
    def hub_documents(self, app, site, cursors, ids):
        self.on_reading()
        if not self.is_readable:
            raise NeedsAttention("The key has ended.")
        return list(self.items.values())

    @hookimpl
    def hub_report(self, app, site, document, receipt):
        if not self.accepts_receipts:
            raise NeedsAttention("The key does not permit changes.")
        self.receipts.append((document.source_id, receipt.state))


@pytest.fixture
def app(app_with_pages):
    return app_with_pages


@pytest.fixture
def shop(app, quickbooks, clock):
    """Return a shop that has not accepted the receipt of its invoice for a week."""
    shop = ShopSite(app, quickbooks, clock, source=StrictSource())
    shop.source.is_readable = True
    shop.run(invoice(number="S-1"), wait=True)
    for _ in range(7):
        clock.advance(DAY_IN_SECONDS)
        shop.run()
    assert shop.cases() == [REFUSED]
    return shop


def rest_by_mode(shop):
    enable.set_mode(shop.id, "paused", who="kari")


def rest_in_the_settings(shop):
    enable.change(1, SLUG, {"key": "new"}, who="kari", mode="paused")


def disable(shop):
    enable.disable(1, SLUG, who="kari")


def disconnect(shop):
    oauth_connect.disconnect(1, "kari")


RESTS = [rest_by_mode, rest_in_the_settings, disable, disconnect]


@pytest.mark.parametrize("rest", RESTS, ids=lambda rest: rest.__name__)
def test_they_close_once_the_source_is_not_called_any_more(shop, rest):
    runner.run_company_job("lists", 1, requested_by="kari")
    shop.source.is_readable = False
    shop.run()
    assert sorted(shop.cases()) == [UNREADABLE, REFUSED, WARNING]
    rest(shop)
    assert shop.cases() == []


def test_what_is_still_wrong_opens_them_again(shop):
    disable(shop)
    enable.enable(1, SLUG, {}, who="kari")
    shop.run()
    assert sorted(shop.cases()) == [REFUSED, WARNING]


def test_a_source_whose_company_is_disconnected_while_it_is_read_gets_no_case(shop):
    shop.source.is_readable = False
    shop.source.on_reading = lambda: disconnect(shop)
    shop.run()
    assert shop.cases() == []


def test_receipts_are_delivered_once_the_settings_are_corrected(shop):
    shop.source.accepts_receipts = True
    enable.change(1, SLUG, {"key": "new"}, who="kari")
    shop.run()
    assert ("invoice:1", "posted") in shop.source.receipts
    assert shop.cases() == [WARNING]


@pytest.mark.parametrize("rest", [rest_by_mode, rest_in_the_settings], ids=["mode", "settings"])
def test_receipts_are_delivered_once_the_app_continues(shop, rest):
    rest(shop)
    shop.source.accepts_receipts = True
    enable.set_mode(shop.id, "auto", who="kari")
    shop.run()
    assert ("invoice:1", "posted") in shop.source.receipts
    assert shop.cases() == []


def test_the_button_of_the_case_delivers_them_too(app, shop):
    with transaction() as session:
        add_people(session)
    visitor = Visitor(app, Story(1, shop.id))
    visitor.log_in("oda")
    (case_id,) = load_case_ids()
    assert "Check again" in visitor.page(f"/inbox/{case_id}")
    shop.source.accepts_receipts = True
    visitor.press(f"/inbox/{case_id}/retry")
    shop.run()
    assert ("invoice:1", "posted") in shop.source.receipts
    assert shop.cases() == []


def load_case_ids():
    with read_only_session() as session:
        return session.scalars(select(Case.id).where(Case.closed_at.is_(None))).all()
