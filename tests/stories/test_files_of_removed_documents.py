"""A file that waits or is held while its document leaves QuickBooks is not sent to it."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from hub import Attachment, hookimpl, outbox
from hub.db.engine import read_only_session, transaction
from hub.errors import Retry
from hub.installations import enable
from hub.models import Posting
from hub.posting.actions import manual, retries, undo
from hub.scheduling import runner
from tests.support.sources.every_kind_source import ShopSite, ShopSource, invoice

FILE = Attachment(id="f1", name="scan.pdf", mime="application/pdf")


class SlowShop(ShopSource):
    """A shop whose files are not there yet while `content` is None."""

    content = None

    @hookimpl
    def hub_attachment(self, app, site, document, attachment):
        if self.content is None:
            raise Retry("It is not scanned yet.")
        return self.content


@pytest.fixture
def review(shop):
    """Post an invoice without a file, and let the app post only what is approved from then on."""
    shop.source.content = b"%PDF-1.7"
    shop.run(invoice(number="S-1"), wait=True)
    enable.set_mode(shop.id, "review", who="kari")
    return shop


@pytest.fixture
def shop(app, quickbooks, clock):
    return ShopSite(app, quickbooks, clock, source=SlowShop())


def newest_posting(operation):
    with read_only_session() as session:
        query = select(Posting.id).where(Posting.operation == operation, Posting.kind == "invoice")
        return session.scalars(query.order_by(Posting.id.desc())).first()


def state_of_file():
    with read_only_session() as session:
        return session.get_one(Posting, newest_posting("attach")).state


def remove(shop, by):
    """Remove the invoice from QuickBooks, in the hub or there."""
    if by == "hub":
        undo.undo(undo.plan_posting(newest_posting("create")), "kari")
        shop.run(wait=True)
    else:
        (present,) = shop.ours("Invoice")
        shop.quickbooks.act("delete", kind="Invoice", id=present["Id"])


def send_file(shop, clock):
    """Let the file arrive, and send what waits."""
    shop.source.content = b"%PDF-1.7"
    clock.advance(4000)
    runner.run_company_job("changes", 1, requested_by="kari")
    shop.run(wait=True)


@pytest.mark.parametrize("by", ["hub", "QuickBooks"])
@pytest.mark.parametrize("content", [None, b"<html>Please log in"])
def test_it_is_withdrawn_and_attached_once_the_document_is_posted_again(shop, clock, by, content):
    shop.source.content = content
    shop.run(invoice(number="S-1", attachments=(FILE,)), wait=True)
    remove(shop, by)
    send_file(shop, clock)
    if by == "hub":
        assert (state_of_file(), shop.cases()) == ("withdrawn", [])

    retries.post_again(newest_posting("create"), "kari")
    shop.run(wait=True)
    (present,) = shop.ours("Invoice")
    (file,) = shop.books("Attachable")
    (owner,) = file["AttachableRef"]
    assert (owner["EntityRef"]["value"], shop.cases()) == (present["Id"], [])


@pytest.mark.parametrize("content", [None, b"<html>Please log in"])
def test_it_is_withdrawn_if_a_person_leaves_the_removed_document_out(shop, clock, content):
    shop.source.content = content
    shop.run(invoice(number="S-1", attachments=(FILE,)), wait=True)
    remove(shop, "QuickBooks")
    send_file(shop, clock)
    manual.skip(newest_posting("create"), "Entered twice", "kari")
    shop.run(wait=True)
    assert (state_of_file(), shop.books("Attachable"), shop.cases()) == ("withdrawn", [], [])


def test_it_is_not_sent_to_a_transaction_that_is_known_to_be_deleted(shop, clock):
    shop.run(invoice(number="S-1", attachments=(FILE,)), wait=True)
    remove(shop, "QuickBooks")
    send_file(shop, clock)
    assert (state_of_file(), shop.cases()) == ("withdrawn", ["Missing in QuickBooks"])


def test_a_file_renamed_with_a_change_that_was_taken_back_is_attached(shop, quickbooks):
    shop.source.content = b"%PDF-1.7"
    shop.run(invoice(number="S-1"), wait=True)
    quickbooks.act("close_books", date="2026-12-31")
    shop.run(invoice(number="S-1", amount="120.00", attachments=(FILE,)), wait=True)
    renamed = replace(FILE, name="second scan.pdf")
    shop.run(invoice(number="S-1", attachments=(renamed,)), wait=True)
    (present,) = shop.ours("Invoice")
    (file,) = shop.books("Attachable")
    (owner,) = file["AttachableRef"]
    found = file["FileName"], owner["EntityRef"]["value"], shop.cases()
    assert found == ("second scan.pdf", present["Id"], [])


def test_a_file_of_a_change_that_was_taken_back_is_sent_only_once_it_is_approved(review):
    review.run(invoice(number="S-1", amount="120.00", attachments=(FILE,)), wait=True)
    review.run(invoice(number="S-1", attachments=(FILE,)), wait=True)
    assert (state_of_file(), review.books("Attachable")) == ("review", [])
    with transaction() as session:
        outbox.approve_all(session, review.id, "kari")
    review.run(wait=True)
    assert (state_of_file(), len(review.books("Attachable"))) == ("posted", 1)


def test_a_file_that_was_taken_back_is_attached_if_a_change_has_it_again(shop):
    shop.run(invoice(number="S-1", attachments=(FILE,)))  # the file is not there yet
    shop.run(invoice(number="S-1"))
    assert state_of_file() == "withdrawn"
    shop.source.content = b"%PDF-1.7"
    shop.run(invoice(number="S-1", amount="120.00", attachments=(FILE,)), wait=True)
    assert (state_of_file(), len(shop.books("Attachable")), shop.cases()) == ("posted", 1, [])
