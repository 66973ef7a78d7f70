"""A CostCertified stand-in and a hub, with people who send invoices, pay and refund."""

from typing import Any

from flask import Flask
from hub_costcertified import APP
from hub_costcertified.sandbox import StandIn, company

from hub.installations import enable as installations_enable
from hub.models import Installation
from hub.qbo import record_download
from hub.scheduling import runner
from hub.testing.clock import FakeClock
from qbo_sandbox import QuickBooks
from tests.support.sources.source_site import SourceSite

COSTCERTIFIED = "http://costcertified.test"
ACCOUNTS = {"income_account": "79", "bank_account": "35", "fee_account": "9"}
CLEARING = {"holding_account": "Petty Cash"}


class CostCertifiedSite(SourceSite):
    """A CostCertified stand-in, the installation that reads it, and its QuickBooks company."""

    def __init__(
        self, app: Flask, quickbooks: QuickBooks, clock: FakeClock, documents: int = 0
    ) -> None:
        super().__init__(
            app, quickbooks, StandIn, COSTCERTIFIED, documents, assumed_api=APP.assumed_api
        )
        self.do = self.books.do
        self.do(
            "project",
            id="j900",
            fields={"name": "Porch 900", "address": "9 Elm", "total": "5000.00"},
        )

    def connect(self, profile: str, **options: Any) -> None:
        """Create another company and use it from now on."""
        self.connect_company(self.quickbooks.open(profile, **options))

    def enable(self, mode: str = "auto", **settings: Any) -> Installation:
        values = {**self.source.settings(COSTCERTIFIED), **ACCOUNTS, **settings}
        self.row = installations_enable.enable(
            self.company_id, "costcertified", values, who="kari", mode=mode
        )
        return self.row

    def watch(self) -> None:
        """Let the hub read changes made by others in QuickBooks."""
        self.clock.advance(3700)
        runner.run_company_job("changes", self.company_id, requested_by="kari")

    # -- at the source -----------------------------------------------------------------------------

    def invoice(self, *amounts: str, sent: str | None = "costcertified", **fields: Any) -> str:
        """Create an invoice with these amounts and tax, sent by default; return its id."""
        name, rate = company.SALES_TAX
        plain = {"description": "Work", "tax_name": name, "tax_rate": rate}
        lines = [
            {**plain, "id": str(n), "amount": amount}
            for n, amount in enumerate(amounts or ("100.00",), 1)
        ]
        dates = {"invoice_date": "2026-03-01", "due_date": "2026-03-15"}
        values = {
            "lines": lines,
            "client": company.CLIENTS[0],
            "project": "j900",
            **dates,
            **fields,
        }
        id = str(self.do("make", fields=values))
        if sent:
            self.do("send", invoice=id, via=sent)
        return id

    def line(self, amount: str, taxed: bool = True) -> dict[str, Any]:
        name, rate = company.SALES_TAX if taxed else (None, None)
        return {
            "id": amount,
            "description": "Work",
            "amount": amount,
            "tax_name": name,
            "tax_rate": rate,
        }

    def pay(
        self,
        invoice: str | None,
        amount: str = "108.00",
        method: str = "card",
        settled: bool = True,
    ) -> str:
        """Pay an invoice, or pay in advance if `invoice` is None; return the payment's id."""
        client = self.books.rows["invoices"][invoice]["client"] if invoice else company.CLIENTS[0]
        about = {"client": client, "project": "j900", "bears": "contractor"}
        id = str(self.do("pay", invoice=invoice, amount=amount, method=method, **about))
        if settled:
            self.do("settle", payment=id)
        return id

    def pay_out(self) -> str:
        id = str(self.do("payout"))
        self.do("arrive", payout=id)
        return id

    # -- in the books ------------------------------------------------------------------------------

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Return the transactions of a kind that the hub posted or voided, or the list entries."""
        rows = self.select(kind)
        of_hub = []
        for row in rows:
            note = row.get("PrivateNote")
            is_entry = note is None  # of a list
            if is_entry or "[hub:" in note or "Voided" in note:
                of_hub.append(row)
        return of_hub

    def one(self, kind: str) -> dict[str, Any]:
        (row,) = self.all(kind)
        return row

    def make(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Create a record in QuickBooks by hand, and read the lists again."""
        record = super().make(kind, **fields)
        record_download.refresh(self.company_id)
        return record

    def close_books(self, day: str) -> None:
        self.quickbooks.act("close_books", date=day)
        record_download.refresh(self.company_id)

    def reported_states(self, things: str, id: str) -> list[str]:
        """Return the states reported to CostCertified for a row."""
        return super().reported_states(f"{things}/{id}")
