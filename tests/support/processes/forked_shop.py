"""A shop whose hub is forked and killed, and the stories that it posts."""

from dataclasses import replace
from decimal import Decimal as D

import pytest
from sqlalchemy import select

from hub import Attachment, Code, Item, Party, hookimpl
from hub.db.engine import db, read_only_session
from hub.models import Posting, SourceDocument
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import runner
from qbo_sandbox.kit.faults import Fault
from tests.support.processes.crash_runner import ForkedHub
from tests.support.proofs.sent_keys import torn_batches, unproved_keys
from tests.support.sources import every_kind_source
from tests.support.sources.every_kind_source import (
    CLIENT,
    DAY,
    ShopSite,
    ShopSource,
    document,
    everything,
    independent_document,
    line,
)
from tests.support.sources.stand_in_fixtures import mount_quickbooks

PAST_DOUBT_SECONDS = 400
START_STATES = {}  # the state in which the stories start, by database
FRESH = Code(id="s2", name="Fresh Supplier", create=Party(name="Fresh Supplier"))
SCAN = Attachment(id="f", name="scan.pdf", mime="application/pdf")


class ShopWithFiles(ShopSource):
    """A shop with a file for every bill."""

    @hookimpl
    def hub_attachment(self, app, site, document, attachment):
        return b"%PDF-1.4 the paper"


def another_of(kind, **more):
    """Return a second document of a kind, which the books do not contain yet."""
    base = independent_document(kind)
    return replace(base, **{"source_id": f"{base.source_id}b", "number": None, **more})


TOGETHER = "five kinds in one batch"
PAYS = line("1", "60.00", pays="invoice:1b")
STORIES = {
    "bill with file, new vendor": [
        another_of("bill", codes={"supplier": FRESH}, attachments=(SCAN,))
    ],
    "vendor credit, expense": [another_of("vendor_credit"), another_of("expense")],
    "invoice, payment": [
        another_of("invoice"),
        document("payment", "payment:1b", PAYS, total="75.00", client=CLIENT),
    ],
    TOGETHER: [
        another_of(kind)
        for kind in ("bill", "vendor_credit", "expense", "purchase_order", "invoice")
    ],
    "purchase order": [another_of("purchase_order")],
    "item, vendor": [
        another_of("item", details=Item(name="Nail", type="inventory", cost=D("1.20"), start=DAY)),
        another_of("vendor", details=Party(name="A third one")),
    ],
}
FILED, APART = list(STORIES)[:2]


class ForkedShop:
    """A shop whose books hold one document of each kind, and a world to post further ones."""

    def __init__(self, app, quickbooks, clock, folder):
        self.shop, kind = ShopSite(app, quickbooks, clock), db.engine.dialect.name
        if kind not in START_STATES:
            assert set(self.shop.run(*everything()).values()) == {"posted"}
            clock.advance(
                5 * 3600
            )  # the access token expires, so that every story begins with a new one
        self.hub = ForkedHub(app, quickbooks, clock, folder, START_STATES.get(kind))
        if kind not in START_STATES:
            self.compile_statements()
        START_STATES[kind] = self.hub.start

    def compile_statements(self):
        """Post all stories in this process, so that its forks need not compile each statement."""
        items = [item for story in STORIES.values() for item in story]
        self.shop.source.items = {item.source_id: item for item in items}
        self.shop.quickbooks.faults.add(Fault(kind="lose_answer", call="bill.create"))
        assert self.sync()[0]
        self.shop.quickbooks.faults.clear()

    def start_story(self, name):
        self.shop.source.items = {item.source_id: item for item in STORIES[name]}
        self.hub.reset()
        if name == TOGETHER:
            self.hub.change("UPDATE company SET batches = 'batch'")

    def sync(self):
        """Sync once to the end; return the postings, reasons, cases and violations afterwards."""
        runner.sync(self.shop.id, requested_by="kari", wait=True)
        with read_only_session() as session:
            rows = select(SourceDocument.source_id, Posting.part, Posting.operation, Posting.state)
            standing = sorted(map(tuple, session.execute(rows.join(SourceDocument))))
            return (
                standing,
                self.shop.reasons(),
                self.shop.cases(),
                unproved_keys(session),
                torn_batches(session),
            )

    def run_undisturbed(self, name):
        """Return the result of an uninterrupted run of a story, and the books after it."""
        self.start_story(name)
        report = self.hub.run(self.sync)
        assert {state for *_, state in report.result[0]} == {"posted"}, report.result
        return report, self.hub.count_books()


@pytest.fixture
def file_source(monkeypatch):
    """Give every bill of the shop a file."""
    monkeypatch.setattr(every_kind_source, "ShopSource", ShopWithFiles)


@pytest.fixture
def forked_shop(file_source, app, quickbooks, clock, tmp_path):
    """Open a shop whose hub is forked and killed, on SQLite."""
    quickbooks.switch(previous_refresh_token="grace", requestid="ignore")
    return ForkedShop(app, quickbooks, clock, tmp_path / "world")


@pytest.fixture
def shop_on_postgres(file_source, pg_app, clock, tmp_path):
    """Open a shop whose hub is forked and killed, on PostgreSQL."""
    quickbooks = mount_quickbooks(pg_app, clock)
    quickbooks.switch(previous_refresh_token="grace", requestid="ignore")
    company = oauth_connect.connect_with_refresh_token(
        quickbooks.realm, quickbooks.refresh_tokens[quickbooks.realm]
    )
    record_download.refresh(company.id)
    return ForkedShop(pg_app, quickbooks, clock, tmp_path / "world")
