"""An Ontraccr stand-in and a hub, with people who upload, link, hold and pay."""

from typing import Any

from flask import Flask
from hub_ontraccr import APP
from hub_ontraccr.sandbox import StandIn
from sqlalchemy import select

from hub import outbox
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

ONTRACCR = "http://ontraccr.test"


class Builders:
    """An Ontraccr stand-in, the installation that reads it, and its QuickBooks company."""

    def __init__(
        self, app: Flask, quickbooks: QuickBooks, clock: FakeClock, documents: int = 0
    ) -> None:
        self.quickbooks, self.clock = quickbooks, clock
        self.realm, self.company_id, self.division = quickbooks.realm, 1, "div-1"
        self.source = StandIn(
            Journal(None), documents, 1, Clock(clock.now().timestamp(), frozen=True)
        )
        clock.followers.append(lambda now: self.source.clock.set(now.timestamp()))
        wsgi = check_calls(self.source.wsgi, APP.assumed_api)
        app.extensions["hub"].mounts[ONTRACCR] = WSGIAdapter(wsgi, ONTRACCR, sleep=clock.sleep)
        self.books = self.source.books

    def connect(self, profile: str, division: str = "div-1", **options: Any) -> None:
        """Create another company and use it from now on, optionally with another division."""
        self.realm, self.division = self.quickbooks.open(profile, **options), division
        company = oauth_connect.connect_with_refresh_token(
            self.realm, self.quickbooks.refresh_tokens[self.realm]
        )
        self.company_id = company.id
        record_download.refresh(company.id)

    def enable(self, lists: bool = True, mode: str = "auto", **settings: Any) -> Installation:
        """Enable the app, and push the company's lists into Ontraccr."""
        here = {
            **self.source.settings(ONTRACCR, self.division),
            "purchase_account": "Checking",
            **settings,
        }
        self.row = installations_enable.enable(
            self.company_id, "ontraccr", here, who="kari", mode=mode
        )
        self.counts = installations_enable.push_first_lists(self.row) if lists else {}
        return self.row

    def change(self, **settings: Any) -> None:
        self.row = installations_enable.change(self.company_id, "ontraccr", settings, who="kari")

    def sync(self) -> Any:
        """Sync without an error and return the counts."""
        sync_run = runner.sync(self.row.id, requested_by="kari")
        assert sync_run.error == ""
        return sync_run.counts

    def watch(self) -> None:
        """Let the hub read changes in QuickBooks and report them to the source."""
        self.clock.advance(60)
        runner.run_company_job("changes", self.company_id, requested_by="kari")
        self.sync()

    # -- at the source -----------------------------------------------------------------------------

    def upload(self, amount: str = "100.00", tax: str = "0.00", **fields: Any) -> str:
        """Upload a payable with one line; return its id."""
        id = self.books.next_id()
        line = {
            "id": f"{id}-1",
            "description": "Goods",
            "quantity": "1",
            "unit_cost": amount,
            "tax": tax,
        }
        line["amount"] = amount
        line |= {
            name: fields.pop(name, default)
            for name, default in (("project", "p1"), ("cost_code", "c1"))
        }
        usual = {
            "division": self.division,
            "type": "bill",
            "account": None,
            "tax_code": None,
            "vendor": "v1",
            "due": None,
            "number": f"N-{id}",
            "date": "2026-03-02",
            "description": None,
            "lines": [line],
            "uploaded_by": "Priya Nair",
        }
        self.books.do("upload", payable=id, fields=usual | fields)
        return id

    def edit(self, id: str, line: Any = None, **fields: Any) -> None:
        self.books.do("edit", payable=id, fields=fields, line=line or {})

    def link(self, kind: str, id: str, record: str, sort: str, who: str = "Tom Beauchamp") -> None:
        values = {"external_id": record, "external_name": record, "external_type": sort, "who": who}
        self.books.do("link", kind=kind, id=id, link=values)

    def profile(self, kind: str, id: str) -> dict[str, Any]:
        row: dict[str, Any] = self.books.profiles.rows[kind][id]
        return row

    def reported_states(self, id: str) -> list[str]:
        """Return the states reported for a payable, in order."""
        return [status["state"] for status in self.books.statuses.get(id, [])]

    def raw(self, case: str) -> dict[str, Any]:
        return next(row for row in self.books.payables.values() if row["case"] == case)

    # -- in the books ------------------------------------------------------------------------------

    def select(self, kind: str, where: str = "") -> list[dict[str, Any]]:
        query = f"select * from {kind}{f' where {where}' if where else ''} maxresults 1000"
        return self.quickbooks.select(query, self.realm).get(kind) or []

    def posted(self, id: str) -> list[dict[str, Any]]:
        """Return the bills and expenses in the books for a payable."""
        number = self.books.payables[id]["number"]
        return self.select("Bill", f"DocNumber = '{number}'") + self.select(
            "Purchase", f"DocNumber = '{number}'"
        )

    def make(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Create a record in QuickBooks by hand."""
        answer = self.quickbooks.ask(
            "POST", kind.lower(), fields, self.realm, content_type="application/json"
        )
        assert answer.status == 200, answer.text
        record: dict[str, Any] = answer.json()[kind]
        return record

    def act(self, do: str, kind: str, id: str, **more: Any) -> None:
        """Perform an action in QuickBooks by hand, and read the lists again."""
        self.quickbooks.act(do, kind=kind, id=id, realm=self.realm, **more)
        record_download.refresh(self.company_id)

    def pay(self, bill: dict[str, Any], amount: Any) -> None:
        line = {"Amount": amount, "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]}
        check = {"PayType": "Check", "CheckPayment": {"BankAccountRef": {"value": "35"}}}
        self.make(
            "BillPayment",
            VendorRef=bill["VendorRef"],
            TotalAmt=amount,
            TxnDate="2026-03-20",
            Line=[line],
            **check,
        )

    # -- in the hub --------------------------------------------------------------------------------

    def posting(self, id: str) -> Posting:
        """Return the newest posting of a payable itself."""
        with read_only_session() as session:
            is_document = Posting.operation != "attach"
            conditions = (
                is_document,
                SourceDocument.source_id == f"payable:{id}",
                SourceDocument.installation_id == self.row.id,
            )
            query = (
                select(Posting)
                .join(SourceDocument, SourceDocument.id == Posting.document_id)
                .where(*conditions)
            )
            return session.scalars(query.order_by(Posting.id.desc())).first()

    def state(self, id: str) -> str:
        return str(self.posting(id).state)

    def waits(self, case: str) -> str:
        """Return the reason why a payable is not posted yet."""
        with read_only_session() as session:
            condition = SourceDocument.source_id == f"payable:{self.raw(case)['id']}"
            return str(session.scalars(select(SourceDocument).where(condition)).one().body["hold"])

    def push(self, *ids: str) -> None:
        """Approve the postings of exactly these payables, as a person does under Review."""
        with transaction() as session:
            for id in ids:
                assert outbox.approve(session, [self.posting(id).id], "kari")

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
