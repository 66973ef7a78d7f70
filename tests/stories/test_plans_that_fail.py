"""A document that cannot be planned again as it is stored, after a code of it was matched."""

import pytest
from sqlalchemy import select

from hub import hookimpl
from hub.db.engine import transaction
from hub.installations import enable, matches
from hub.models import Installation, SourceDocument
from hub.outbox import approve_all
from hub.scheduling import runner
from tests.support.sources.every_kind_source import (
    SUPPLIER,
    ShopSite,
    ShopSource,
    document,
    line,
)


class AskedSource(ShopSource):
    """A shop whose list names each document once."""

    def __init__(self):
        super().__init__()
        self.listed = set()

    @hookimpl
    def hub_documents(self, app, site, cursors, ids):
        for source_id in ids or self.items.keys() - self.listed:
            self.listed.add(source_id)
            yield self.items[source_id]


@pytest.fixture
def shop(app, quickbooks, clock):
    """Return a shop with an approved bill, which an earlier version has stored in another form."""
    shop = ShopSite(app, quickbooks, clock, source=AskedSource())
    enable.set_mode(shop.id, "review", who="kari")
    row = line("1", "42.00", cost="Fuel")
    shop.run(document("bill", "bill:1", row, total="42.00", supplier=SUPPLIER))
    with transaction() as session:
        approve_all(session, shop.id, "kari")
        stored = select(SourceDocument).where(SourceDocument.source_id == "bill:1")
        session.scalars(stored).one().body = {"kind": "bill"}
    return shop


def match(shop, clock, account):
    clock.advance(1)
    with transaction() as session:
        installation = session.get_one(Installation, shop.id)
        matches.store_decision(session, installation, "cost", "Fuel", account, who="kari")


def test_it_is_not_sent_by_the_former_match_but_read_again(shop, clock):
    (advertising,) = (row for row in shop.books("Account") if row["Name"] == "Advertising")
    match(shop, clock, advertising["Id"])
    runner.post(shop.id, requested_by="kari")
    assert shop.ours("Bill") == []
    enable.set_mode(shop.id, "auto", who="kari")
    shop.run(wait=True)
    with transaction() as session:
        approve_all(session, shop.id, "kari")
    shop.run(wait=True)
    (bill,) = shop.ours("Bill")
    detail = bill["Line"][0]["AccountBasedExpenseLineDetail"]
    assert detail["AccountRef"]["value"] == advertising["Id"]
