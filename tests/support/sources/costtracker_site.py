"""A CostTracker stand-in and a hub, with people who receive, approve and change invoices."""

from typing import Any
from urllib.parse import urlencode

from flask import Flask
from hub_costtracker import APP
from hub_costtracker.sandbox import StandIn
from sqlalchemy import select

from hub import outbox
from hub.db.engine import read_only_session, transaction
from hub.installations import enable as installations_enable
from hub.models import Case, Installation, SourceDocument
from hub.qbo import record_download
from hub.scheduling import runner
from hub.testing.clock import FakeClock
from qbo_sandbox import QuickBooks
from qbo_sandbox.accounting.company import Change
from qbo_sandbox.kit import send_request
from tests.support.sources.source_site import SourceSite

COSTTRACKER = "http://costtracker.test"
PAYABLE = "Accounts Payable (A/P)"


class CostTrackerSite(SourceSite):
    """A CostTracker stand-in, the installation that reads it, and its QuickBooks company."""

    prefix = "invoice:"

    def __init__(
        self, app: Flask, quickbooks: QuickBooks, clock: FakeClock, documents: int = 0
    ) -> None:
        super().__init__(
            app, quickbooks, StandIn, COSTTRACKER, documents, assumed_api=APP.assumed_api
        )
        self.payable = PAYABLE

    def choose_norway(self) -> None:
        """Use the stand-in's Norwegian company: kroner, and a tax code on each line."""
        companies = self.quickbooks.companies.items()
        self.realm = next(realm for realm, row in companies if row.options.country == "NO")
        accounts = self.select("Account")
        self.payable = next(
            row["Id"] for row in accounts if row["AccountType"] == "Accounts Payable"
        )

    def connect(self) -> None:
        """Connect the chosen company and read its lists."""
        self.connect_company(self.realm)

    def settings(self, **changes: Any) -> dict[str, Any]:
        return {**self.source.settings(COSTTRACKER), "payable_account": self.payable, **changes}

    def enable(self, lists: bool = True, mode: str = "auto", **settings: Any) -> Installation:
        """Enable the app, and push the company's lists into CostTracker."""
        values = self.settings(**settings)
        self.row = installations_enable.enable(
            self.company_id, "costtracker", values, who="kari", mode=mode
        )
        self.counts = installations_enable.push_first_lists(self.row) if lists else {}
        return self.row

    def change(self, mode: str | None = None, **settings: Any) -> None:
        self.row = installations_enable.change(
            self.company_id, "costtracker", settings, who="kari", mode=mode
        )

    def refresh_lists(self) -> None:
        """Read the lists of QuickBooks and push them into CostTracker, as every night."""
        lists_run = runner.run_company_job("lists", self.company_id, requested_by="schedule")
        assert lists_run.error == ""

    # -- in CostTracker ----------------------------------------------------------------------------

    def receive(self, *lines: dict[str, Any], **fields: Any) -> str:
        """Receive an invoice, approved by default; return its id."""
        id = self.books.next_id()
        usual = {
            "status": "approved",
            "kind": "invoice",
            "case": "received by hand",
            "supplier": "s1",
            "invoice_number": f"N-{id}",
            "reference": None,
            "invoice_date": "2026-03-02",
            "due_date": "2026-04-01",
            "po_numbers": [],
            "approvals": [],
            "files": [],
        }
        numbered = [
            {"id": f"{id}-{number}", **line(), **changes}
            for number, changes in enumerate(lines or ({},), 1)
        ]
        self.books.do("receive", invoice=id, fields={**usual, "lines": numbered, **fields})
        return id

    def edit(self, id: str, line: Any = None, **header: Any) -> None:
        self.books.do("edit", invoice=id, header=header, line=line or {})

    def decide(self, id: str, act: str, user: str = "Kari Nordmann") -> None:
        self.books.do("decide", invoice=id, act=act, user=user)

    def press(self, path: str, **form: str) -> Any:
        """Submit a form of CostTracker's pages."""
        form_type = "application/x-www-form-urlencoded"
        return send_request(self.source.wsgi, "POST", path, urlencode(form), content_type=form_type)

    def record(self, kind: str, slot: str) -> str:
        """Return the id of the QuickBooks record matched to an entry of CostTracker's own lists."""
        return str(self.books.lists.pushed_record(kind, slot)["external_id"])

    def page(self, path: str) -> str:
        """Return a page of CostTracker."""
        text: str = send_request(self.source.wsgi, "GET", path).text
        return text

    def pushed(self, kind: str) -> dict[str, Any]:
        """Return the entries of a list pushed from QuickBooks, by their id."""
        entries: dict[str, Any] = self.books.lists.pushed.get(kind, {})
        return entries

    # -- in QuickBooks -----------------------------------------------------------------------------

    def posted(self, id: str, kind: str = "Bill") -> list[dict[str, Any]]:
        """Return the transactions in the books for an invoice."""
        number = (self.books.invoices[id]["invoice_number"] or "")[:21]
        return self.select(kind, f"DocNumber = '{number}'")

    def read_lists(self) -> None:
        """Let the hub read the lists of QuickBooks without pushing them."""
        record_download.refresh(self.company_id)

    def remove(self, kind: str, id: str) -> None:
        """Remove a record from QuickBooks, as a merge does."""
        self.quickbooks.companies[self.realm].commit([Change(kind, id, None)])

    # -- in the hub --------------------------------------------------------------------------------

    def reason(self, id: str) -> str:
        posting_row = self.posting(id)
        return str(posting_row.reason) if posting_row else ""

    def approve(self, id: str) -> None:
        """Approve the posting of an invoice, as a person does under Review."""
        posting = self.posting(id)
        assert posting
        with transaction() as session:
            assert outbox.approve(session, [posting.id], "kari")

    def waiting_for(self, cause: str) -> list[str]:
        """Return the ids of the invoices with an open case."""
        with read_only_session() as session:
            case = session.scalars(select(Case).where(Case.cause == cause)).one()
            source_ids = []
            for posting in case.postings:
                document = session.get(SourceDocument, posting.document_id)
                if document:
                    source_ids.append(document.source_id.removeprefix("invoice:"))
            return sorted(source_ids)


def line(**changes: Any) -> dict[str, Any]:
    """Return an invoice line as CostTracker stores it; codes name entries of its own lists."""
    usual = {"description": "Betong", "net": "100.00", "account": "a4000", "tax_code": "zero"}
    return {**usual, **dict.fromkeys(("location", "class", "customer", "po")), **changes}
