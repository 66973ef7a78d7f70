"""A file that its source removes while QuickBooks may have got it is not sent again."""

import pytest

from hub import Attachment
from tests.support.sources.every_kind_source import ShopSite, invoice

FILE = Attachment(id="f1", name="scan.pdf", mime="application/pdf")


@pytest.fixture
def shop(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock)
    shop.source.files["f1"] = b"%PDF-1.7"
    return shop


@pytest.mark.parametrize(
    ("fault", "state", "count"), [("lose_request", "withdrawn", 0), ("lose_answer", "posted", 1)]
)
def test_a_file_in_doubt_that_the_source_removes_needs_nobody(shop, clock, fault, state, count):
    shop.quickbooks.add_fault(fault, "upload*")
    shop.run(invoice(number="S-1", attachments=(FILE,)))
    assert shop.posting("invoice:1").state == "unknown"
    for _ in range(3):
        shop.run(invoice(number="S-1"), wait=True)
        clock.advance(3600)
    assert shop.posting("invoice:1").state == state
    assert (len(shop.ours("Attachable")), shop.cases()) == (count, [])
