"""The list of documents, and the page of one: its source data, its postings and its history."""

import datetime as dt
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.db.engine import reading
from hub.errors import HubError
from hub.models import (
    Attempt,
    Case,
    Installation,
    Posting,
    Proof,
    ReceiptRow,
    SourceDocument,
    case_posting,
)
from hub.models.enums import DocumentState, InstallationMode, Operation, PostingState, RunKind
from hub.outbox.listing import FILTER_STATES, documents_with_posting, in_state, part_states
from hub.posting.actions import retries
from hub.qbo import display
from hub.scheduling import dry_run, run_log
from hub.web import matches
from hub.web.access import may, needs, who
from hub.web.case_comparison import page_of
from hub.web.case_titles import subjects
from hub.web.layout import KINDS, in_zone_of
from hub.web.paging import page, row_or_404
from hub.web.source_view import source_view
from hub.web.timeline import FOUND, OUTCOMES, timeline

pages = Blueprint("documents", __name__)


@pages.get("/documents")
@needs("viewer")
def index() -> str:
    """List documents, newest first, by text, app, state, kind and date."""
    filters = {
        name: request.args.get(name, "").strip()
        for name in ("q", "installation", "state", "kind", "from", "to")
    }
    with reading() as session:
        documents = page(
            session, _filtered(documents_with_posting(), filters), by=[SourceDocument.id]
        )
        installations = list(session.scalars(select(Installation).order_by(Installation.id)))
    lists = {"states": FILTER_STATES, "kinds": KINDS, "installations": installations}
    return render_template("documents.html", page=documents, filters=filters, **lists)


@pages.get("/documents/<int:document_id>")
@needs("viewer")
def one(document_id: int) -> str:
    """Show everything that is known of one document."""
    with reading() as session:
        document = row_or_404(session, SourceDocument, document_id)
        in_zone_of(document.installation)
        words = {"OUTCOMES": OUTCOMES, "FOUND": FOUND}
        return render_template(
            "document.html", document=document, **words, **_context(session, document)
        )


@pages.post("/documents/<int:document_id>/check")
@needs("operator")
def check(document_id: int) -> Response:
    """Say what would stop a document, by the rules of posting; write nothing."""
    with reading() as session:
        row_or_404(session, SourceDocument, document_id)
    try:
        stops = dry_run.check(document_id)
    except HubError as error:
        flash(error.text, "error")
    else:
        for text in stops:
            flash(f"It would be held: {text}", "look")
        if not stops:
            flash("Nothing would stop it: QuickBooks would be sent it as it is.", "success")
    return redirect(url_for("documents.one", document_id=document_id))


@pages.post("/documents/<int:document_id>/post-again")
@needs("operator")
def post_again(document_id: int) -> Response:
    """Post a document again that is not in QuickBooks any more."""
    with reading() as session:
        document = row_or_404(session, SourceDocument, document_id)
        installation = document.installation
        _, main = _main(session, document)
    if main is None:
        abort(404)
    try:
        retries.retry(main.id, who())
    except HubError as error:
        flash(error.text, "error")
    else:
        flash("It is looked for in QuickBooks and then posted again.", "success")
        _request_sync(installation)
    return redirect(url_for("documents.one", document_id=document_id))


def _request_sync(installation: Installation) -> None:
    """Request a sync, unless the app is paused."""
    if installation.enabled and installation.mode != InstallationMode.PAUSED:
        run_log.request(RunKind.SYNC, installation.id, who())


@pages.get("/postings/<int:posting_id>")
@needs("viewer")
def posting(posting_id: int) -> Response:
    """Redirect to the place of a posting on the page of its document."""
    with reading() as session:
        document_id = row_or_404(session, Posting, posting_id).document_id
    return redirect(
        url_for("documents.one", document_id=document_id, _anchor=f"posting-{posting_id}")
    )


def _context(session: Session, document: SourceDocument) -> dict[str, Any]:
    """Return what the page of a document shows."""
    postings = list(
        session.scalars(
            select(Posting).where(Posting.document_id == document.id).order_by(Posting.id)
        )
    )
    ids = [posting.id for posting in postings]
    attempts = list(
        session.scalars(select(Attempt).where(Attempt.posting_id.in_(ids)).order_by(Attempt.id))
    )
    proofs = list(
        session.scalars(select(Proof).where(Proof.posting_id.in_(ids)).order_by(Proof.id))
    )
    receipts = session.scalars(
        select(ReceiptRow).where(ReceiptRow.document_id == document.id).order_by(ReceiptRow.id)
    )
    stops = select(case_posting.c.case_id).where(case_posting.c.posting_id.in_(ids))
    cases = list(session.scalars(select(Case).where(Case.id.in_(stops)).order_by(Case.id.desc())))
    receipt_rows = list(receipts)
    state, main = _main(session, document)
    parts = part_states(session, document.id)
    return {
        "postings": postings[::-1],
        "shown": {one.id: _payload_view(session, one) for one in postings},
        "states": {one.id: parts.get(one.id) or _replaced_state(one) for one in postings},
        "pages": {one.id: _page(one) for one in postings if parts.get(one.id) == "posted"},
        "main": main,
        "state": state,
        "attempts": _by_posting(attempts),
        "proofs": _by_posting(proofs),
        "receipts": receipt_rows,
        "undoable": main.id if main and state == "posted" and may("operator") else None,
        "repostable": main.id if main and _is_repostable(document, state) else None,
        "cases": [case for case in cases if case.closed_at is None],
        "called": subjects(session, cases),
        "source": source_view(document, matches.names(session, document.installation)),
        "events": timeline(document, postings, attempts, proofs, receipt_rows, cases),
    }


def _main(session: Session, document: SourceDocument) -> tuple[str, Posting | None]:
    """Return the state of a document and its main posting."""
    query = documents_with_posting().where(SourceDocument.id == document.id)
    _, main, state = session.execute(query).one()
    return state, main


def _replaced_state(posting: Posting) -> str:
    """Return the state to show for a posting that does not count any more, or for a file."""
    is_replaced = posting.state == PostingState.POSTED and posting.operation != Operation.ATTACH
    return "replaced" if is_replaced else posting.state


def _is_repostable(document: SourceDocument, state: str) -> bool:
    """Tell whether the person may have the document posted again.

    It is not in QuickBooks any more, and the source still has it.
    """
    is_at_source = document.gone is None and document.stage != "closed" and not document.made_for
    return (
        is_at_source and state in (DocumentState.MISSING, DocumentState.REMOVED) and may("operator")
    )


def _payload_view(session: Session, posting: Posting) -> display.TransactionView | None:
    """Return the payload as a person reads it; None for operations without content."""
    if posting.operation not in (Operation.CREATE, Operation.UPDATE):
        return None
    return display.view_payload(session, posting.company_id, posting.kind, posting.payload)


def _page(posting: Posting) -> str | None:
    """Return where a person opens the posted transaction."""
    return page_of(posting.kind, posting.quickbooks_id) if posting.quickbooks_id else None


def _by_posting(rows: list[Any]) -> dict[int, list[Any]]:
    """Group rows by their posting."""
    by_posting: dict[int, list[Any]] = {}
    for row in rows:
        by_posting.setdefault(row.posting_id, []).append(row)
    return by_posting


def _filtered(query: Select[Any], filters: dict[str, str]) -> Select[Any]:
    """Restrict the query to the filters of the page; unknown values are ignored."""
    if filters["installation"].isdigit():
        query = query.where(SourceDocument.installation_id == int(filters["installation"]))
    if filters["kind"] in KINDS:
        query = query.where(SourceDocument.kind == filters["kind"])
    if filters["q"]:
        query = query.where(_mentions(filters["q"]))
    if filters["state"] in FILTER_STATES:
        query = query.where(in_state(filters["state"]))
    if first := _date(filters["from"]):
        query = query.where(SourceDocument.date >= first)
    if last := _date(filters["to"]):
        query = query.where(SourceDocument.date <= last)
    return query


def _mentions(text: str) -> ColumnElement[bool]:
    """Return the condition for a text in number, party or ids, or for a QuickBooks id."""
    columns = (
        SourceDocument.number,
        SourceDocument.party,
        SourceDocument.source_id,
        SourceDocument.marker,
    )
    contains_text = [column.icontains(text, autoescape=True) for column in columns]
    return or_(*contains_text, Posting.quickbooks_id == text)


def _date(text: str) -> dt.date | None:
    """Parse a date of a filter; None if it is not one."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
