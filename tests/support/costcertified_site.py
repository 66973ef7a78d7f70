"""A CostCertified stand-in and a hub, with people who send invoices, pay and refund."""

from typing import Any

from flask import Flask
from hub_costcertified import APP
from hub_costcertified.sandbox import StandIn, company
from sqlalchemy import select

from hub.db.engine import read_only_session, transaction
from hub.installations import enable as installations_enable
from hub.installations import matches
from hub.models import Case, Installation, Posting, SourceDocument
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import runner
from hub.testing.clock import FakeClock
from hub.testing.openapi import check_calls
from qbo_sandbox import QuickBooks
from qbo_sandbox.kit import Clock, Journal
from qbo_sandbox.kit.wsgi import WSGIAdapter

COSTCERTIFIED = "http://costcertified.test"
ACCOUNTS = {"income_account": "79", "bank_account": "35", "fee_account": "9"}
CLEARING = {"holding_account": "Petty Cash"}


class Works:
    """A CostCertified stand-in, the installation that reads it, and its QuickBooks company."""

    def __init__(
        self, app: Flask, quickbooks: QuickBooks, clock: FakeClock, documents: int = 0
    ) -> None:
        self.quickbooks, self.clock, self.company_id = quickbooks, clock, 1
        self.realm = quickbooks.realm
        self.source = StandIn(
            Journal(None), documents, 1, Clock(clock.now().timestamp(), frozen=True)
        )
        clock.followers.append(lambda now: self.source.clock.set(now.timestamp()))
        wsgi = check_calls(self.source.wsgi, APP.assumed_api)
        mounts = app.extensions["hub"].mounts
        mounts[COSTCERTIFIED] = WSGIAdapter(wsgi, COSTCERTIFIED, sleep=clock.sleep)
        self.books, self.do = self.source.books, self.source.books.do
        self.do(
            "project",
            id="j900",
            fields={"name": "Porch 900", "address": "9 Elm", "total": "5000.00"},
        )

    def connect(self, profile: str, **options: Any) -> None:
        """Create another company and use it from now on."""
        self.realm = self.quickbooks.open(profile, **options)
        company_row = oauth_connect.connect_with_refresh_token(
            self.realm, self.quickbooks.refresh_tokens[self.realm]
        )
        self.company_id = company_row.id
        record_download.refresh(company_row.id)

    def enable(self, mode: str = "auto", **settings: Any) -> Installation:
        values = {**self.source.settings(COSTCERTIFIED), **ACCOUNTS, **settings}
        self.row = installations_enable.enable(
            self.company_id, "costcertified", values, who="kari", mode=mode
        )
        return self.row

    def sync(self) -> Any:
        """Sync without an error and return the counts."""
        sync_run = runner.sync(self.row.id, requested_by="kari")
        assert sync_run.error == ""
        return sync_run.counts

    def watch(self) -> None:
        """Let the hub read changes made by others in QuickBooks."""
        self.clock.advance(3700)
        runner.run_company_job("changes", self.company_id, requested_by="kari")

    # -- at the source -----------------------------------------------------------------------------

    def invoice(self, *amounts: str, sent: str | None = "costcertified", **fields: Any) -> str:
        """Create an invoice with these amounts and tax, sent by default; return its id."""
        name, rate = company.TAX
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
        name, rate = company.TAX if taxed else (None, None)
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
        query = f"select * from {kind} maxresults 1000"
        rows: list[dict[str, Any]] = self.quickbooks.select(query, self.realm).get(kind) or []
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
        """Create a record in QuickBooks by hand."""
        answer = self.quickbooks.ask(
            "POST", kind.lower(), fields, self.realm, content_type="application/json"
        )
        assert answer.status == 200, answer.text
        record: dict[str, Any] = answer.json()[kind]
        record_download.refresh(self.company_id)
        return record

    def close_books(self, day: str) -> None:
        self.quickbooks.act("close_books", date=day)
        record_download.refresh(self.company_id)

    # -- in the hub --------------------------------------------------------------------------------

    def posting(self, source_id: str) -> Posting:
        """Return the newest posting of a document."""
        with read_only_session() as session:
            conditions = (
                SourceDocument.source_id == source_id,
                SourceDocument.installation_id == self.row.id,
            )
            query = (
                select(Posting)
                .join(SourceDocument, SourceDocument.id == Posting.document_id)
                .where(*conditions)
            )
            return session.scalars(query.order_by(Posting.id.desc())).first()

    def waits(self, source_id: str) -> str:
        """Return the reason why a document is not posted yet."""
        with read_only_session() as session:
            conditions = (
                SourceDocument.source_id == source_id,
                SourceDocument.installation_id == self.row.id,
            )
            row = session.scalars(select(SourceDocument).where(*conditions)).one_or_none()
            return str(row.body["hold"]) if row and row.stage == "pending" else ""

    def cases(self) -> dict[str, str]:
        """Return the cause and reason of each open case."""
        with read_only_session() as session:
            return {
                case.cause: case.reason
                for case in session.scalars(select(Case).where(Case.closed_at.is_(None)))
            }

    def decide(self, field: str, code: str, record: str) -> None:
        with transaction() as session:
            matches.store_decision(
                session, session.get_one(Installation, self.row.id), field, code, record, who="kari"
            )

    def reported_states(self, things: str, id: str) -> list[str]:
        """Return the states reported to CostCertified for a row."""
        return [status["state"] for status in self.books.statuses.get(f"{things}/{id}", [])]
