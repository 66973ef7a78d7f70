"""Postings for the QuickBooks stand-in without a source."""

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from flask import Flask
from marshmallow import Schema
from sqlalchemy import select

from hub import outbox, payloads
from hub.contract.codec import dump
from hub.contract.documents import Attachment, Document, Line
from hub.contract.hookspecs import hookimpl
from hub.contract.registry import Plugins
from hub.contract.states import ReceiptState
from hub.contract.types import App
from hub.db.engine import read_only_session, transaction
from hub.models import (
    Attempt,
    Case,
    ConnectedCompany,
    Installation,
    Posting,
    Proof,
    ReceiptRow,
    SourceDocument,
)
from hub.models.enums import Operation, PostingState
from hub.posting.outcome import batch_sizing
from hub.posting.send.run import DrainResult, drain
from hub.qbo import transaction_index
from hub.testing.clock import FakeClock
from tests.support.rows.stored_cases import CaseTitle, stored_reasons

STATES: tuple[ReceiptState, ...] = ("queued", "posted", "held", "failed")


class Source:
    """A plugin that records the receipts it gets and provides files."""

    __name__ = "bench"

    def __init__(self, wants: Sequence[ReceiptState] = STATES) -> None:
        self.wants = wants
        self.receipts: list[tuple[str, str, str | None]] = []
        self.files: dict[str, bytes] = {}
        self.refuses: Exception | None = None
        self.busy: Exception | None = None
        self.after_report: Callable[[int], object] = lambda reported: None

    @hookimpl
    def hub_apps(self) -> list[App]:
        posts = ("bill", "vendor_credit", "vendor")
        return [
            App(
                slug="bench",
                name="Bench",
                summary="",
                posts=posts,
                settings=Schema,
                wants=tuple(self.wants),
            )
        ]

    @hookimpl
    def hub_documents(self, app, site, cursors, ids):
        return []

    @hookimpl
    def hub_attachment(self, app, site, document, attachment):
        if self.busy:
            raise self.busy
        return self.files[attachment.id]

    @hookimpl
    def hub_report(self, app, site, document, receipt):
        if self.refuses:
            raise self.refuses
        self.receipts.append((document.source_id, receipt.state, receipt.id))
        self.after_report(len(self.receipts))


class PostingBench:
    """The postings of one installation, and the stand-in that receives them."""

    def __init__(
        self, app: Flask, quickbooks: Any, clock: FakeClock, wants: Sequence[ReceiptState] = STATES
    ) -> None:
        self.app, self.quickbooks, self.clock = app, quickbooks, clock
        self.source = Source(wants)
        self.listed: tuple[Attachment, ...] = ()
        object.__setattr__(
            app.extensions["hub"], "plugins", Plugins.load([self.source], installed=False)
        )
        with transaction() as session:
            self.company_id = session.scalars(select(ConnectedCompany.id)).first()
            installation = Installation(
                company_id=self.company_id,
                slug="bench",
                tenant="t1",
                mode="auto",
                created_at=clock.now(),
            )
            session.add(installation)
            session.flush()
            self.installation_id = installation.id

    # -- preparation -------------------------------------------------------------------------------

    def add_installation(self, slug: str) -> int:
        """Add another app of the company, whose documents are planned from now on."""
        with transaction() as session:
            installation = Installation(
                company_id=self.company_id,
                slug=slug,
                tenant="t1",
                mode="auto",
                created_at=self.clock.now(),
            )
            session.add(installation)
            session.flush()
            self.installation_id = installation.id
        return self.installation_id

    def bill(
        self, number: str = "A-1", total: str = "100.00", vendor: str = "1", **more: Any
    ) -> int:
        """Create a bill that is ready to send; return the posting's id."""
        return self.plan(number, "create", self.body(number, total, vendor, **more))

    def body(
        self, number: str, total: str = "100.00", vendor: str = "1", **more: Any
    ) -> dict[str, Any]:
        detail = {"AccountRef": {"value": "7"}}
        line = {
            "DetailType": "AccountBasedExpenseLineDetail",
            "Amount": Decimal(total),
            "AccountBasedExpenseLineDetail": detail,
        }
        head = {"VendorRef": {"value": vendor}, "DocNumber": number, "TxnDate": "2026-03-02"}
        return {**head, "PrivateNote": f"[hub:{self.marker(number)}]", "Line": [line], **more}

    def plan(
        self,
        source_id: str,
        operation: str,
        body: dict[str, Any],
        *,
        kind: str = "bill",
        part: str = "",
        base: str = "0",
        state: str = "ready",
        total: Decimal | None = Decimal("100.00"),
        after_id: int | None = None,
        attachments: tuple[Attachment, ...] = (),
        repetition: outbox.Repetition = outbox.Repetition.NONE,
    ) -> int:
        """Plan a posting of a document; return its id."""
        part_operation = outbox.PartOperation(
            operation=Operation(operation), part=part, base=base, repetition=repetition
        )
        content = outbox.Content(
            kind=kind,
            payload=payloads.encode(body),
            stored_summary=payloads.summarize(kind, body, "USD").dump(),
            number=source_id,
            total=total,
            currency="USD",
            after_id=after_id,
        )
        plan = outbox.PostingPlan(
            operation=part_operation,
            content=content,
            disposition=outbox.Disposition(state=PostingState(state)),
        )
        with transaction() as session:
            row = self._document(session, source_id, attachments)
            posting = outbox.plan_posting(session, row, plan)
            posting.checked_at = self.clock.now()
            session.flush()
            return posting.id

    def attach(
        self,
        bill: int,
        content: bytes = b"%PDF-1.4 paid",
        name: str = "scan.pdf",
        mime: str = "application/pdf",
        **stated: Any,
    ) -> int:
        """Create an attachment of a bill; it waits until the bill is posted."""
        file = Attachment(id=name, name=name, mime=mime, **stated)
        self.source.files[name] = content
        number = self.posting(bill).number
        self.listed = (*self.listed, file)
        values = {"part": name, "state": "waiting", "after_id": bill, "attachments": self.listed}
        return self.plan(number, "attach", dump(file), **values)

    def change(self, bill: int, operation: str = "update", kind: str = "bill", **body: Any) -> int:
        """Create a change of a posted bill or another kind, based on its last known version."""
        posted = self.posting(bill)
        body_of_bill = self.body(posted.number, **body) if operation == "update" else {}
        base = f"{posted.quickbooks_id}:{posted.sync_token}"
        return self.plan(posted.number, operation, body_of_bill, base=base, kind=kind)

    def marker(self, source_id: str) -> str:
        with read_only_session() as session:
            realm = session.scalars(select(ConnectedCompany.realm)).first()
        return outbox.derive_marker(outbox.build_identity(realm, "bench", "t1", source_id))

    def _document(
        self, session: Any, source_id: str, attachments: tuple[Attachment, ...]
    ) -> SourceDocument:
        row = session.scalars(
            select(SourceDocument).where(SourceDocument.source_id == source_id)
        ).first()
        if row is None:
            row = SourceDocument(
                installation=session.get_one(Installation, self.installation_id),
                company_id=self.company_id,
                slug="bench",
                tenant="t1",
                source_id=source_id,
                marker=self.marker(source_id),
                kind="bill",
                number=source_id,
                party="Acme",
                date=dt.date(2026, 3, 2),
                total=Decimal("100.00"),
                currency="USD",
                seen_at=self.clock.now(),
            )
            session.add(row)
        noun = Document(
            kind="bill",
            source_id=source_id,
            lines=(Line(id="1", amount=Decimal(100)),),
            attachments=attachments,
        )
        row.body = dump(noun)
        session.flush()
        return row

    def clear_check(self, id: int) -> None:
        """Reset the check of a posting, as after collecting."""
        self._set(id, checked_at=None)

    def hold(self, id: int, by: str, reason: str) -> None:
        self._set(id, state="held", held_by=by, reasons=stored_reasons(reason))

    def review(self, id: int) -> None:
        self._set(id, state="review")

    def release(self, id: int) -> None:
        self._set(id, state="ready")

    def change_document(self, id: int, **fields: str) -> None:
        """Change the document's values at the source."""
        with transaction() as session:
            row = session.get_one(Posting, id).document
            row.body = {**row.body, **fields}
            row.total = Decimal(fields["total"]) if "total" in fields else row.total

    def set_settings(self, **settings: str) -> None:
        with transaction() as session:
            session.get_one(Installation, self.installation_id).settings = settings

    def set_sending_mode(self, mode: str, size: int = 30) -> None:
        """Set how documents are sent from the next drain on."""
        batch_sizing.store_mode(self.company_id, mode, "anna")
        with transaction() as session:
            session.get_one(ConnectedCompany, self.company_id).batch_size = size

    def index_all_bills(self) -> None:
        """Store all bills in the transaction index, as a full load does."""
        with transaction() as session:
            transaction_index.absorb_all(session, self.company_id, "bill", self.bills())

    def _set(self, id: int, **values: Any) -> None:
        with transaction() as session:
            posting = session.get_one(Posting, id)
            for name, value in values.items():
                setattr(posting, name, value)

    # -- progress ----------------------------------------------------------------------------------

    def drain(self, **options: Any) -> DrainResult:
        return drain(self.company_id, **options)

    def restart(self) -> None:
        """Simulate a new process: forget the state that the process held in memory."""
        self.app.extensions.pop("hub.posting", None)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    # -- inspection --------------------------------------------------------------------------------

    def company(self) -> ConnectedCompany:
        """Return the company as it is stored now."""
        with read_only_session() as session:
            return session.get_one(ConnectedCompany, self.company_id)

    def posting(self, id: int) -> Posting:
        with read_only_session() as session:
            return session.get_one(Posting, id)

    def state(self, id: int) -> str:
        return self.posting(id).state

    def attempts(self, id: int) -> list[Attempt]:
        with read_only_session() as session:
            return list(
                session.scalars(
                    select(Attempt).where(Attempt.posting_id == id).order_by(Attempt.id)
                )
            )

    def proofs(self, id: int) -> list[str]:
        with read_only_session() as session:
            return list(
                session.scalars(
                    select(Proof.result).where(Proof.posting_id == id).order_by(Proof.id)
                )
            )

    def cases(self) -> list[str]:
        """Return the titles of the open cases; a failed comparison shows their reasons, too."""
        with read_only_session() as session:
            open_ = select(Case).where(Case.closed_at.is_(None)).order_by(Case.id)
            return [CaseTitle.of(case) for case in session.scalars(open_)]

    def receipts(self) -> list[tuple[str, str]]:
        with read_only_session() as session:
            return [
                (row.state, row.ended)
                for row in session.scalars(select(ReceiptRow).order_by(ReceiptRow.id))
            ]

    def tries(self) -> int:
        with read_only_session() as session:
            return (
                session.scalars(select(ReceiptRow.tries).order_by(ReceiptRow.id.desc())).first()
                or 0
            )

    def bills(self) -> list[dict[str, Any]]:
        """Return the bills in QuickBooks."""
        return self.quickbooks.select("select * from Bill").get("Bill", [])

    def sent(self, call: str) -> list[dict[str, Any]]:
        entries = [
            entry for entry in self.quickbooks.log.entries() if entry["call"].startswith(call)
        ]
        return [
            entry for entry in entries if not entry.get("late")
        ]  # a request carried out late was not sent again

    def edit(self, id: str, **fields: Any) -> None:
        """Edit a bill in QuickBooks by hand."""
        self.quickbooks.act("edit", kind="Bill", id=id, set=fields)
