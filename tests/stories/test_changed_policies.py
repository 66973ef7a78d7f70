"""A person changes the setting for documents that are gone at their source."""

import pytest
from marshmallow import EXCLUDE, Schema, fields

from hub import App, Gone, hookimpl
from hub.contract.documents import KINDS
from hub.contract.types import FromSetting
from hub.db.engine import transaction
from hub.installations import enable
from hub.outbox import approve_all
from hub.posting.actions import undo
from hub.scheduling import runner
from tests.support.sources.every_kind_source import SLUG, ShopSite, ShopSource, invoice


class PolicySettings(Schema):
    class Meta:
        unknown = EXCLUDE

    gone = fields.String(load_default="case")


class PolicySource(ShopSource):
    """A shop with a setting for documents that are gone."""

    @hookimpl
    def hub_apps(self):
        app = {"slug": SLUG, "name": "Shop", "summary": "", "posts": KINDS}
        return [App(**app, settings=PolicySettings, gone=FromSetting("gone"))]


@pytest.fixture
def shop(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock, source=PolicySource())
    runner.run_company_job("lists", 1, requested_by="kari")
    shop.run(invoice(number="S-1"), wait=True)
    return shop


LEFT = "The settings of Shop now leave it in QuickBooks."


def choose(policy):
    enable.change(1, SLUG, {"gone": policy}, who="kari")


def load_removal(shop):
    removal = shop.posting("invoice:1")
    return removal.operation, removal.state, removal.reason


def test_the_question_about_a_document_ends_if_such_documents_are_left(shop):
    shop.run(Gone(source_id="invoice:1"))
    assert len(shop.cases()) == 1
    choose("leave")
    shop.run()
    assert (shop.cases(), load_removal(shop)) == ([], ("void", "withdrawn", LEFT))
    assert [entity["TotalAmt"] for entity in shop.books("Invoice")] == [100]


@pytest.mark.parametrize("policy", ["void", "delete"])
def test_a_removal_that_waits_for_the_period_is_not_sent_once_documents_are_left(
    shop, quickbooks, policy
):
    choose(policy)
    quickbooks.act("close_books", date="2026-12-31")
    runner.run_company_job("lists", 1, requested_by="kari")
    shop.run(Gone(source_id="invoice:1"))
    assert len(shop.cases()) == 1
    choose("leave")
    quickbooks.act("close_books", date=None)
    runner.run_company_job("lists", 1, requested_by="kari")
    shop.run(wait=True)
    assert (shop.cases(), load_removal(shop)) == ([], (policy, "withdrawn", LEFT))
    assert [entity["TotalAmt"] for entity in shop.books("Invoice")] == [100]


def test_a_removal_in_review_needs_no_approval_once_documents_are_left(shop):
    choose("void")
    enable.set_mode(shop.id, "review", who="kari")
    shop.run(Gone(source_id="invoice:1"))
    assert load_removal(shop)[1] == "review"
    choose("leave")
    shop.run()
    assert load_removal(shop) == ("void", "withdrawn", LEFT)


def test_a_removal_that_a_person_approved_is_sent_all_the_same(shop):
    choose("void")
    enable.set_mode(shop.id, "review", who="kari")
    shop.run(Gone(source_id="invoice:1"))
    with transaction() as session:
        approve_all(session, shop.id, "kari")
    choose("leave")
    shop.run()
    assert load_removal(shop)[:2] == ("void", "posted")


def test_a_removal_that_a_person_requested_stays(shop, quickbooks):
    undo.undo(undo.plan_posting(shop.posting("invoice:1").id), "kari")
    enable.set_mode(shop.id, "paused", who="kari")
    shop.put(Gone(source_id="invoice:1"))
    choose("leave")
    enable.set_mode(shop.id, "auto", who="kari")
    shop.run(wait=True)
    assert (load_removal(shop)[:2], shop.books("Invoice")) == (("delete", "posted"), [])
