"""Webhooks from the sources' stand-ins: repeated, out of order and rate limited."""

from collections import Counter
from urllib.parse import urlencode

import pytest
from hub_costtracker.sandbox import StandIn
from sqlalchemy import select

from hub.db import engine
from hub.installations import enable, matches
from hub.mapping import NEW
from hub.models import Posting, ReceiptRow
from hub.scheduling import run_log, runner
from qbo_sandbox.kit import Clock, Journal, Server, send_request
from qbo_sandbox.kit.wsgi import WSGIAdapter
from tests.support.runs.hub_environment import COSTTRACKER
from tests.support.sources import costcertified_site, ion_site, ontraccr_site
from tests.support.sources.autotask_site import AutotaskSite, prefer

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def app(app_with_pages):
    """Provide a hub with pages, which the sources can call."""
    return app_with_pages


@pytest.fixture
def hub(app):
    with Server(app) as server:
        yield server.url


class Source:
    """A stand-in that calls the hub, with people at its pages; subclasses define both."""

    def __init__(self, app, quickbooks, clock, documents=0):
        self.app, self.quickbooks, self.clock, self.documents = app, quickbooks, clock, documents
        self.open()

    def press(self, path, **fields):
        """Send a form of the stand-in's pages; return the address of the next page."""
        answer = send_request(
            self.stand_in.wsgi, "POST", path, urlencode(fields), content_type=FORM
        )
        assert answer.status == 303, answer.text
        return answer.headers["location"]

    def door(self, page, **body):
        return send_request(
            self.stand_in.wsgi, "POST", f"/_sandbox/{page}", body, content_type="application/json"
        ).json()

    def sync(self):
        return runner.sync(self.row.id, requested_by="kari")

    def posted_totals(self, kind, number):
        """Return the totals of the transactions that QuickBooks has under a number."""
        records = self.quickbooks.select(f"select * from {kind} where DocNumber = '{number}'").get(
            kind, []
        )
        return [str(record["TotalAmt"]) for record in records]


class CostTracker(Source):
    def open(self):
        self.stand_in = StandIn(
            Journal(None), 8, 1, Clock(self.clock.now().timestamp(), frozen=True)
        )
        self.clock.followers.append(lambda now: self.stand_in.clock.set(now.timestamp()))
        mounts = self.app.extensions["hub"].mounts
        mounts[COSTTRACKER] = WSGIAdapter(self.stand_in.wsgi, COSTTRACKER, sleep=self.clock.sleep)
        settings = {**StandIn.settings(COSTTRACKER), "payable_account": "Accounts Payable (A/P)"}
        self.row = enable.enable(1, "costtracker", settings, who="kari", mode="auto")
        enable.push_first_lists(self.row)

    def listen(self, address):
        self.press("/hub", address=address)

    def act(self):
        raw = self.stand_in.books.invoices.values()
        self.id = next(row["id"] for row in raw if row["case"] == "not sent for approval yet")
        self.press(f"/invoices/{self.id}/approve")
        for net in ("50.00", "70.00"):
            self.press(f"/invoices/{self.id}/edit", net=net)

    def outcome(self):
        invoice = self.stand_in.books.invoice(self.id)
        assert str(invoice["lines"][0]["net"]) == "70.00"
        return self.posted_totals("Bill", invoice["invoice_number"]), [str(invoice["gross_total"])]


class Ontraccr(Source):
    def open(self):
        self.site = ontraccr_site.OntraccrSite(
            self.app, self.quickbooks, self.clock, self.documents
        )
        self.stand_in, self.row = self.site.source, self.site.enable()

    def listen(self, address):
        secret = self.site.books.hubs["div-1"]["secret"]
        self.site.books.do("call", division="div-1", url=address, secret=secret)

    def act(self):
        form = {
            "division": "div-1",
            "vendor": "v1",
            "project": "p1",
            "cost_code": "c1",
            "date": "2026-03-02",
        }
        path = self.press("/upload", amount="50.00", number="N-7", **form)
        self.press(f"{path}/edit", amount="60.00")
        self.press(f"{path}/edit", amount="70.00")

    def outcome(self):
        return self.posted_totals("Bill", "N-7"), ["70.00"]


class CostCertified(Source):
    def open(self):
        self.site = costcertified_site.CostCertifiedSite(
            self.app, self.quickbooks, self.clock, self.documents
        )
        self.stand_in, self.row = self.site.source, self.site.enable()

    def listen(self, address):
        self.press("/hub", address=address)

    def act(self):
        self.path = self.press("/invoices", client="k1", amount="50.00")
        for amount in ("60.00", "70.00"):
            self.press(f"{self.path}/send")
            self.press(f"{self.path}/edit", amount=amount)

    def outcome(self):
        number = self.site.books.rows["invoices"][self.path.rpartition("/")[2]]["number"]
        return [str(row["TotalAmt"]) for row in self.site.all("Invoice") if number in str(row)], [
            "70.00"
        ]


class Ion(Source):
    def open(self):
        self.site = ion_site.IonSite(
            self.app, self.quickbooks, company_id=1, documents=self.documents
        )
        self.stand_in, self.row = self.site.source, self.site.enable(**ion_site.EVERYTHING)

    def listen(self, address):
        (receiver,) = self.site.books.rows("receivers")
        self.site.books.put("receivers", id=receiver["id"], webhookUri=address)

    def act(self):
        self.path = self.press("/orders", supplier="1")
        self.press(f"{self.path}/add", description="Crate", quantity="1", cost="50.00")
        (line,) = self.site.lines(int(self.path.rpartition("/")[2]))
        for cost in ("60.00", "70.00"):
            self.press(f"/lines/{line['id']}/change", cost=cost)
            for status in ("IN_REVIEW", "APPROVED", "ORDERED", "DRAFT"):
                self.press(f"{self.path}/move", status=status)
        for status in ("IN_REVIEW", "APPROVED", "ORDERED"):
            self.press(f"{self.path}/move", status=status)

    def outcome(self):
        return self.posted_totals("PurchaseOrder", self.path.rpartition("/")[2]), ["70.00"]


class Autotask(Source):
    """A source without webhooks for its invoices, so that it is only ever polled."""

    def open(self):
        prefer(self.quickbooks, "SalesFormsPrefs", CustomTxnNumbers=False)
        self.site = AutotaskSite(
            self.app, self.quickbooks, self.clock, "invoices", self.documents
        ).enable()
        self.stand_in, self.row = self.site.stand_in, self.site.row
        self.clock.followers.append(lambda now: self.stand_in.clock.set(now.timestamp()))
        self.sync()
        for case in self.site.cases("match:"):
            with engine.transaction() as session:
                matches.store_decision(
                    session, self.row, case.details["field"], case.details["code"], NEW, who="kari"
                )


def count_unsent_receipts():
    """Return the number of receipts that the source has not accepted."""
    with engine.read_only_session() as session:
        return (
            session.query(ReceiptRow)
            .filter(ReceiptRow.ended.not_in(("delivered", "replaced")))
            .count()
        )


SOURCES = (CostTracker, Ontraccr, CostCertified, Ion)


@pytest.mark.proof(small=2)
@pytest.mark.row("CT-S30", "ON-S11", "CC-S9", "ION-35")
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.end_to_end
def test_calls_that_come_twice_and_the_newest_first_make_one_run_and_each_document_once(
    source, app, quickbooks, clock, hub
):
    site = source(app, quickbooks, clock)
    assert site.sync().error == ""
    site.listen(f"{hub}/webhooks/{site.row.id}")
    site.door("webhooks", twice=True, held=True)
    before = len(site.stand_in.calls.events)
    site.act()
    site.door("webhooks", release=True)
    site.stand_in.calls.settle()
    events = site.stand_in.calls.events[before:]
    assert {event["outcome"] for event in events} == {"taken with 200"}
    assert [
        run.kind for run in run_log.list_waiting_runs() if run.installation_id == site.row.id
    ] == ["sync"]
    assert [site.sync().error, site.sync().error] == ["", ""]
    totals, expected = site.outcome()
    assert totals == expected


@pytest.mark.proof(small=2)
@pytest.mark.parametrize("source", [*SOURCES, Autotask])
def test_a_source_with_a_rate_limit_is_read_to_its_end(source, app, quickbooks, clock):
    site = source(app, quickbooks, clock, documents=8)
    seconds, rounds = site.door("limit", requests=16)["seconds"], 0
    while (run := site.sync()).error and rounds < 20:
        assert "slow down" in run.error
        clock.advance(seconds)
        rounds += 1
    assert run.error == ""
    # A receipt that was not accepted is sent again, after a longer wait each time.
    while count_unsent_receipts() and rounds < 40:
        clock.advance(7200)
        assert site.sync().error == ""
        rounds += 1
    with engine.read_only_session() as session:
        conditions = Posting.state == "posted", Posting.operation == "create", Posting.part == ""
        posted = Counter(session.scalars(select(Posting.document_id).where(*conditions)))
    assert len(posted) >= 4
    assert set(posted.values()) == {1}
    assert count_unsent_receipts() == 0
    refused = [entry for entry in site.stand_in.wsgi.log.entries() if entry["status"] == 429]
    # After a 429 a run makes no further calls: reading and reporting are refused once each.
    assert 0 < len(refused) <= 2 * (rounds + 1)
