"""The stand-in of a source and a hub, with people in QuickBooks and at the pages of the hub."""

from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select

from hub.db.engine import read_only_session, transaction
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


class SourceSite:
    """The stand-in of a source, the installation that reads it, and its QuickBooks company.

    `stand_in` is the class of the stand-in, which answers at `url`; with `assumed_api` each call is
    checked by this description. A subclass enables the app and stores the installation as `row`.
    The source ids of its main documents begin with `prefix`.
    """

    prefix = ""
    row: Installation

    def __init__(
        self,
        app: Flask,
        quickbooks: QuickBooks,
        stand_in: type,
        url: str,
        documents: int = 0,
        *,
        company_id: int = 1,
        assumed_api: Path | None = None,
    ) -> None:
        self.app, self.quickbooks, self.company_id = app, quickbooks, company_id
        self.realm = quickbooks.realm
        hub = app.extensions["hub"]
        self.clock: FakeClock = hub.clock
        frozen_clock = Clock(self.clock.now().timestamp(), frozen=True)
        self.source: Any = stand_in(Journal(None), documents, 1, frozen_clock)
        self.clock.followers.append(lambda now: self.source.clock.set(now.timestamp()))
        wsgi = self.source.wsgi
        if assumed_api:
            wsgi = check_calls(wsgi, assumed_api)
        hub.mounts[url] = WSGIAdapter(wsgi, url, sleep=self.clock.sleep)
        self.books = self.source.books

    def connect_company(self, realm: str) -> None:
        """Connect a company of QuickBooks, read its lists, and use it from now on."""
        self.realm = realm
        self.company_id = connect_company(self.quickbooks, realm)

    def sync(self) -> dict[str, Any]:
        """Sync without an error and return the counts."""
        sync_run = runner.sync(self.row.id, requested_by="kari")
        assert sync_run.error == ""
        return sync_run.counts

    def reported_states(self, id: str) -> list[str]:
        """Return the states reported to the source for a row, in order."""
        return [status["state"] for status in self.books.statuses.get(id, [])]

    # -- in QuickBooks -----------------------------------------------------------------------------

    def select(self, kind: str, where: str = "") -> list[dict[str, Any]]:
        query = f"select * from {kind}{f' where {where}' if where else ''} maxresults 1000"
        return self.quickbooks.select(query, self.realm).get(kind) or []

    def make(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Create a record or transaction in QuickBooks by hand."""
        answer = self.quickbooks.ask(
            "POST", kind.lower(), fields, self.realm, content_type="application/json"
        )
        assert answer.status == 200, answer.text
        record: dict[str, Any] = answer.json()[kind]
        return record

    def act(self, do: str, kind: str, id: str, **more: Any) -> None:
        """Perform an action on a QuickBooks record by hand."""
        self.quickbooks.act(do, kind=kind, id=id, realm=self.realm, **more)

    def pay_bill(self, bill: dict[str, Any], amount: Any) -> None:
        """Pay a bill by check."""
        line = {"Amount": amount, "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]}
        check = {"PayType": "Check", "CheckPayment": {"BankAccountRef": {"value": "35"}}}
        about = {"VendorRef": bill["VendorRef"], "TotalAmt": amount, "TxnDate": "2026-03-20"}
        self.make("BillPayment", **about, Line=[line], **check)

    # -- in the hub --------------------------------------------------------------------------------

    def watch(self, seconds: int = 60) -> None:
        """Let the hub read changes in QuickBooks after some seconds, and report them."""
        self.clock.advance(seconds)
        runner.run_company_job("changes", self.company_id, requested_by="kari")
        self.sync()

    def document(self, id: str) -> SourceDocument | None:
        """Return a main document, which has this id at the source."""
        return self.find_document(f"{self.prefix}{id}")

    def find_document(self, source_id: str) -> SourceDocument | None:
        """Return the document with this source id; None if the hub has not read it."""
        with read_only_session() as session:
            conditions = (
                SourceDocument.source_id == source_id,
                SourceDocument.installation_id == self.row.id,
            )
            return session.scalars(select(SourceDocument).where(*conditions)).one_or_none()

    def posting(self, id: str) -> Posting | None:
        """Return the newest posting of a main document itself."""
        document = self.document(id)
        if document is None:
            return None
        with read_only_session() as session:
            conditions = Posting.operation != "attach", Posting.document_id == document.id
            query = select(Posting).where(*conditions).order_by(Posting.id.desc())
            return session.scalars(query).first()

    def state(self, id: str) -> str:
        """Return the state of the newest posting of a main document, "" without one."""
        posting = self.posting(id)
        return str(posting.state) if posting else ""

    def waits(self, source_id: str) -> str:
        """Return the reason why a document is not posted yet."""
        document = self.find_document(source_id)
        return str(document.body["hold"]) if document and document.stage == "pending" else ""

    def cases(self) -> dict[str, str]:
        """Return the cause and reason of each open case."""
        with read_only_session() as session:
            query = select(Case).where(Case.closed_at.is_(None))
            return {case.cause: case.reason for case in session.scalars(query)}

    def match(self, field: str, code: str, record: str) -> None:
        """Match a code to a record by hand."""
        with transaction() as session:
            here = session.get_one(Installation, self.row.id)
            matches.store_decision(session, here, field, code, record, who="kari")


def connect_company(quickbooks: QuickBooks, realm: str) -> int:
    """Connect a company of QuickBooks and read its lists; return its id."""
    token = quickbooks.refresh_tokens[realm]
    company_id: int = oauth_connect.connect_with_refresh_token(realm, token).id
    record_download.refresh(company_id)
    return company_id
