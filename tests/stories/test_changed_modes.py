"""After a change from automatic to review, nothing is posted that nobody has approved."""

import re

import pytest

from hub import outbox
from hub.collect.run import collect
from hub.db.engine import transaction
from hub.installations import enable
from hub.scheduling import runner
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import Story, add_people
from tests.support.sources.every_kind_source import SLUG, SUPPLIER, ShopSite, document, line


@pytest.fixture
def app(app_with_pages):
    return app_with_pages


@pytest.fixture
def shop(app, quickbooks, clock):
    """Return an automatic app with a bill that waits for its new supplier."""
    shop = ShopSite(app, quickbooks, clock)
    body = line("1", "42.00", cost="Fuel")
    shop.put(document("bill", "bill:1", body, total="42.00", supplier=SUPPLIER, number="B-1"))
    collect(shop.id)
    return shop


def set_mode(shop, mode):
    enable.change(shop.company_id, SLUG, {}, who="kari", mode=mode)


def post(shop):
    runner.post(shop.id, requested_by="kari")
    return shop.states()


@pytest.mark.parametrize("mode", ["review", "manual"])
def test_postings_that_were_not_sent_yet_wait_for_an_approval(shop, mode):
    set_mode(shop, "paused")
    set_mode(shop, mode)
    assert post(shop) == {"s1": "review", "bill:1": "review"}
    with transaction() as session:
        outbox.approve(session, [shop.posting("s1").id], "kari")
    post(shop)
    assert (shop.posting("bill:1").state, shop.ours("Bill")) == ("review", [])

    with transaction() as session:
        outbox.approve(session, [shop.posting("bill:1").id], "kari")
    assert post(shop) == {"s1": "posted", "bill:1": "posted"}


def test_after_a_pause_an_automatic_app_posts_ready_documents(shop):
    set_mode(shop, "paused")
    set_mode(shop, "auto")
    assert post(shop) == {"s1": "posted", "bill:1": "posted"}


def test_an_approved_document_stays_approved(shop):
    with transaction() as session:
        outbox.retry(session, [shop.posting("bill:1").id], "kari")
    set_mode(shop, "review")
    assert post(shop) == {"s1": "review", "bill:1": "waiting"}


def test_the_page_names_the_record_that_an_approved_document_waits_for(app, shop):
    set_mode(shop, "review")
    post(shop)
    visitor = Visitor(app, Story(shop.company_id, shop.id))
    with transaction() as session:
        add_people(session)
    visitor.log_in("oda")
    review = visitor.page(f"/installations/{shop.id}/review/")
    [seal] = re.findall(rf'value="({shop.posting("bill:1").id}:\w+)"', review)
    page = visitor.approve(shop.id, "selected", selected=seal)
    waits = f"1 document waits for supplier {SUPPLIER.name}, still in review; approve that too."
    assert waits in page
    assert "Approved 1 bill." in page
    assert "Posting now" not in page
