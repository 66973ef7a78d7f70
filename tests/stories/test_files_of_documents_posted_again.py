"""A file that could not be attached before its document left QuickBooks and was posted again."""

from sqlalchemy import select

from hub import Attachment
from hub.db.engine import read_only_session
from hub.models import Posting
from hub.posting.actions import manual, retries
from hub.scheduling import runner
from tests.support.sources.every_kind_source import ShopSite, invoice

FILE = Attachment(id="f1", name="scan.pdf", mime="application/pdf")


def newest_posting(operation):
    with read_only_session() as session:
        query = select(Posting.id).where(Posting.operation == operation, Posting.kind == "invoice")
        return session.scalars(query.order_by(Posting.id.desc())).first()


def test_the_document_is_posted_again_although_the_file_is_skipped(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock)
    shop.source.files["f1"] = b"<html>Please log in"
    shop.run(invoice(number="S-1", attachments=(FILE,)))
    (former,) = shop.ours("Invoice")
    quickbooks.act("delete", kind="Invoice", id=former["Id"])
    runner.run_company_job("changes", 1, requested_by="kari")
    retries.post_again(newest_posting("create"), "kari")
    manual.skip(newest_posting("attach"), "Not needed", "kari")
    shop.run(wait=True)
    assert [row["DocNumber"] for row in shop.ours("Invoice")] == ["S-1"]


def test_it_is_attached_to_the_new_transaction(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock)
    shop.source.files["f1"] = b"<html>Please log in"
    shop.run(invoice(number="S-1", attachments=(FILE,)))
    assert shop.cases() == ["A file could not be attached"]
    (former,) = shop.ours("Invoice")
    quickbooks.act("delete", kind="Invoice", id=former["Id"])
    runner.run_company_job("changes", 1, requested_by="kari")
    retries.post_again(newest_posting("create"), "kari")
    shop.run(wait=True)

    shop.source.files["f1"] = b"%PDF-1.7"
    retries.retry(newest_posting("attach"), "kari")
    shop.run(wait=True)
    (present,) = shop.ours("Invoice")
    (file,) = shop.books("Attachable")
    (owner,) = file["AttachableRef"]
    assert (owner["EntityRef"]["value"], shop.cases()) == (present["Id"], [])
