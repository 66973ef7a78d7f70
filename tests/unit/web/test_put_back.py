"""Restoring the posted version: the card of the comparison, and what the next sync writes."""

import pytest
from hub_costcertified.sandbox import company
from sqlalchemy import select

from hub.db.engine import read_only_session
from hub.models import Case, TransactionHead
from tests.support.pages.costcertified_pages import Pages
from tests.support.pages.page_visitor import Visitor

BUTTON = "Put back as posted"


@pytest.fixture
def pages(visitor_with_stand_ins: Visitor) -> Pages:
    """Provide an invoice that was posted, and then edited in QuickBooks."""
    pages = Pages(visitor_with_stand_ins)
    pages.enable()
    pages.sync(company.CLIENTS[0])
    with pages.app.app_context():
        invoice = pages.site.one("Invoice")
        pages.site.quickbooks.act(
            "edit",
            realm=pages.site.realm,
            kind="Invoice",
            id=invoice["Id"],
            set={"DueDate": "2026-12-24"},
        )
        pages.site.watch()
    pages.visitor.log_in("olga")  # the hour that has passed ended the session
    return pages


def case_of(pages: Pages) -> Case:
    with pages.app.app_context(), read_only_session() as session:
        return session.scalars(select(Case).where(Case.cause.like("%differs-in-quickbooks"))).one()


def test_the_card_puts_back_what_was_posted_and_is_no_big_button(pages: Pages) -> None:
    case = case_of(pages)
    page = pages.visitor.page(f"/inbox/{case.id}")
    head = page.partition('class="choice-cards"')[0]
    assert "Accept what QuickBooks has" not in head
    card = page.partition('class="choice-cards"')[2]
    assert card.index("Accept what QuickBooks has") < card.index(BUTTON)
    before, _, _ = card.rpartition(BUTTON)
    assert 'class="btn btn-warn btn-sm"' in before[-300:]
    [posting] = [row.id for row in postings(pages, case)]
    with pages.app.app_context():
        token = pages.site.one("Invoice")["SyncToken"]
    address = f"/inbox/{case.id}/{posting}/put-back"
    assert "changed in QuickBooks again" in pages.visitor.press(address, sync_token="99")
    assert "It will be put back as it was posted." in pages.visitor.press(address, sync_token=token)
    assert "Put back as posted" in pages.visitor.page("/inbox/?show=closed")
    pages.sync()
    with pages.app.app_context():
        assert pages.site.one("Invoice")["DueDate"] == "2026-03-15"


def postings(pages: Pages, case: Case) -> list[object]:
    with pages.app.app_context(), read_only_session() as session:
        return list(session.get_one(Case, case.id).postings)


def test_a_transaction_is_compared_once_more_after_its_edit_was_accepted(pages: Pages) -> None:
    """Its payments are reported only from then on."""
    assert not has_news(pages)
    pages.visitor.press(f"/inbox/{case_of(pages).id}/close")
    assert has_news(pages)


def has_news(pages: Pages) -> bool:
    """Return whether the next look at changes compares the invoice."""
    with pages.app.app_context(), read_only_session() as session:
        is_invoice = TransactionHead.quickbooks_id == pages.site.one("Invoice")["Id"]
        heads = select(TransactionHead).where(TransactionHead.kind == "invoice", is_invoice)
        return session.scalars(heads).one().news


def test_a_viewer_puts_nothing_back(pages: Pages) -> None:
    case = case_of(pages)
    viewer = Visitor(pages.app, pages.visitor.story)
    viewer.log_in("vera")
    assert BUTTON not in viewer.page(f"/inbox/{case.id}")
    assert viewer.post(f"/inbox/{case.id}/1/put-back", sync_token="1").status_code == 403


def test_a_put_back_is_not_withdrawn_when_the_document_is_planned_again(pages: Pages) -> None:
    """A newer match plans waiting documents again; the source still has the posted version."""
    case = case_of(pages)
    [posting] = [row.id for row in postings(pages, case)]
    with pages.app.app_context():
        invoice = pages.site.one("Invoice")
    address = f"/inbox/{case.id}/{posting}/put-back"
    pages.visitor.press(address, sync_token=invoice["SyncToken"])
    pages.decide(str(company.CLIENTS[0]["id"]), invoice["CustomerRef"]["value"])
    pages.sync()
    with pages.app.app_context():
        assert pages.site.one("Invoice")["DueDate"] == "2026-03-15"
