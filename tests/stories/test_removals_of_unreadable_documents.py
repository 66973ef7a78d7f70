"""A removal that a person wants stays wanted while the source cannot deliver the document."""

from hub import Gone, Unreadable
from hub.posting.actions import retries, undo
from tests.support.sources.every_kind_source import ShopSite, invoice


def test_it_stays_if_the_document_comes_back_unreadable(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock, gone="delete")
    shop.run(invoice(number="S-1"), wait=True)
    undo.undo(undo.plan_posting(shop.posting("invoice:1").id), "kari")
    quickbooks.act("close_books", date="2026-12-31")
    shop.run(wait=True)
    assert shop.posting("invoice:1").state == "held"

    shop.run(Gone(source_id="invoice:1"), wait=True)
    shop.run(Unreadable(source_id="invoice:1", reason="A row is cut off."), wait=True)
    removal = shop.posting("invoice:1")
    assert (removal.operation, removal.state) == ("delete", "held")
    quickbooks.act("close_books", date=None)
    retries.retry(removal.id, "kari")
    shop.run(wait=True)
    assert (shop.posting("invoice:1").state, shop.books("Invoice")) == ("posted", [])
