"""A document that a person skipped, and wants posted after all once its source has changed it."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from hub import hookimpl, outbox
from hub.db.engine import read_only_session, transaction
from hub.errors import NotNow
from hub.installations import enable
from hub.models import Posting, SourceDocument
from hub.posting.actions import manual, retries
from hub.scheduling import runner
from tests.support.sources.every_kind_source import (
    SUPPLIER,
    ShopSite,
    SplittingSource,
    document,
    line,
)


class IncrementalSource(SplittingSource):
    """A source that lists what is new, and returns the others only by their ids."""

    new = ("bill:1",)

    @hookimpl
    def hub_documents(self, app, site, cursors, ids):
        yield from [self.items[id] for id in ids or self.new if id in self.items]


@pytest.fixture
def shop(app, quickbooks, clock):
    """Return a shop whose supplier and places are matched, and whose bills wait for approval."""
    company = {"realm": quickbooks.realm, "warn_duplicate_bills": False}
    quickbooks.control.company("POST", company)
    shop = ShopSite(app, quickbooks, clock, source=IncrementalSource())
    shop.run(replace(bill("1", "2", "3"), number="OLD"))
    clock.advance(3600)  # matches that are newer than a document would have it planned again
    shop.source.items.clear()
    shop.source.new = ("bill:2",)
    enable.set_mode(shop.id, "review", who="kari")
    return shop


def bill(*places, id="bill:1", memo="", **more):
    """Return a bill with a line of 40.00 for each place."""
    rows = []
    for number, place in enumerate(places):
        row = line(str(number), "40.00", cost="Fuel")
        rows.append(replace(row, codes={**row.codes, "place": place}))
    values = {"supplier": SUPPLIER, "number": "F1", "total": f"{40 * len(places)}.00"}
    return document("bill", id, *rows, memo=memo, **values | more)


def skip(shop, part):
    """Skip a part of the bill, and return its posting."""
    of_part = select(Posting.id).join(SourceDocument).where(Posting.part == part)
    with read_only_session() as session:
        id = session.scalars(of_part.where(SourceDocument.source_id == "bill:2")).one()
    manual.skip(id, "Not ours", "kari")
    return id


def retry(shop, id):
    """Retry a skipped posting; the source does not list its document again."""
    shop.source.new = ()
    retries.retry(id, "kari")
    return shop.run()["bill:2"]


def approve(shop):
    with transaction() as session:
        outbox.approve_all(session, shop.id, "kari")


def find_bills(shop):
    """Return the memo without its marker, and the place, of each bill of the document."""
    bills = [row for row in shop.ours("Bill") if row["DocNumber"] != "OLD"]
    return sorted(
        (row["PrivateNote"].split("[")[0].strip(), row["DepartmentRef"]["value"])
        for row in bills
        if row["DocNumber"].startswith("F1")
    )


def test_a_skipped_document_that_is_retried_is_posted(shop):
    shop.run(bill("1", id="bill:2", memo="first"))
    skipped = skip(shop, "")
    assert (retry(shop, skipped), find_bills(shop)) == ("posted", [("first", "1")])


def test_what_its_source_has_changed_since_is_not_posted_as_it_was(shop):
    shop.run(bill("1", id="bill:2", memo="first"))
    skipped = skip(shop, "")
    shop.run(bill("1", id="bill:2", memo="second", version="2"))
    assert (retry(shop, skipped), find_bills(shop)) == ("review", [])
    approve(shop)
    shop.run()
    assert find_bills(shop) == [("second", "1")]


def test_a_part_into_which_it_is_no_longer_split_is_not_posted(shop):
    shop.run(bill("1", "2", id="bill:2"))
    skipped = skip(shop, "location:1")
    shop.run(bill("3", "2", id="bill:2", version="2"))
    approve(shop)
    shop.run()
    assert find_bills(shop) == [("", "2"), ("", "3")]
    retry(shop, skipped)
    assert find_bills(shop) == [("", "2"), ("", "3")]


def test_a_creation_that_was_skipped_before_another_one_is_not_taken_up_again(shop):
    enable.set_mode(shop.id, "auto", who="kari")
    shop.run(bill("1", id="bill:2"))
    first = shop.posting("bill:2")
    shop.quickbooks.act("delete", kind="Bill", id=first.quickbooks_id)
    runner.run_company_job("changes", 1, requested_by="kari")
    shop.quickbooks.add_fault("refusal", "bill.create", code="2020")
    retries.retry(first.id, "kari")
    assert shop.run()["bill:2"] == "held"
    second = shop.posting("bill:2")
    manual.skip(second.id, "Not ours", "kari")
    retries.retry(first.id, "kari")
    assert (shop.run(wait=True)["bill:2"], len(find_bills(shop))) == ("posted", 1)
    with pytest.raises(NotNow, match="there is nothing to try again"):
        retries.retry(second.id, "kari")
