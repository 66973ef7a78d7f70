"""The list of documents with search and filters, and the page of one: what the source said, what was sent, and why."""

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
from hub.outbox import MISSING, REMOVED
from hub.outbox.listing import STATES, documents_with_posting, in_state, part_states
from hub.posting.actions import manual
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
    """Documents, newest first, by text, app, state, kind and date."""
    asked = {
        name: request.args.get(name, "").strip()
        for name in ("q", "installation", "state", "kind", "from", "to")
    }
    with reading() as session:
        found = page(session, _filtered(documents_with_posting(), asked), by=[SourceDocument.id])
        installations = list(session.scalars(select(Installation).order_by(Installation.id)))
    lists = {"states": STATES, "kinds": KINDS, "installations": installations}
    return render_template("documents.html", page=found, asked=asked, **lists)


@pages.get("/documents/<int:document_id>")
@needs("viewer")
def one(document_id: int) -> str:
    """Everything that is known of one document."""
    with reading() as session:
        document = row_or_404(session, SourceDocument, document_id)
        in_zone_of(document.installation)
        words = {"OUTCOMES": OUTCOMES, "FOUND": FOUND}
        return render_template(
            "document.html", document=document, **words, **_about(session, document)
        )


@pages.post("/documents/<int:document_id>/check")
@needs("operator")
def check(document_id: int) -> Response:
    """Says what would stop a document, by the rules of posting; nothing is kept."""
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
    """Have a document posted again that is not in QuickBooks any more."""
    with reading() as session:
        document = row_or_404(session, SourceDocument, document_id)
        installation = document.installation
        _, main = _main(session, document)
    if main is None:
        abort(404)
    try:
        manual.retry(main.id, who())
    except HubError as error:
        flash(error.text, "error")
    else:
        flash("It is looked for in QuickBooks and then posted again.", "success")
        _ask_for_run(installation)
    return redirect(url_for("documents.one", document_id=document_id))


def _ask_for_run(installation: Installation) -> None:
    """Ask for a run, unless the app is paused."""
    if installation.enabled and installation.mode != "paused":
        run_log.request("sync", installation.id, who())


@pages.get("/postings/<int:posting_id>")
@needs("viewer")
def posting(posting_id: int) -> Response:
    """The page of a posting is its place on the page of its document."""
    with reading() as session:
        document_id = row_or_404(session, Posting, posting_id).document_id
    return redirect(
        url_for("documents.one", document_id=document_id, _anchor=f"posting-{posting_id}")
    )


def _about(session: Session, document: SourceDocument) -> dict[str, Any]:
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
    told = list(receipts)
    state, main = _main(session, document)
    parts = part_states(session, document.id)
    return {
        "postings": postings[::-1],
        "shown": {one.id: _shown(session, one) for one in postings},
        "states": {one.id: parts.get(one.id) or _earlier(one) for one in postings},
        "pages": {one.id: _page(one) for one in postings if parts.get(one.id) == "posted"},
        "main": main,
        "state": state,
        "attempts": _by_posting(attempts),
        "proofs": _by_posting(proofs),
        "receipts": told,
        "undoable": main.id if main and state == "posted" and may("operator") else None,
        "repostable": main.id if main and _repostable(document, state) else None,
        "cases": [case for case in cases if case.closed_at is None],
        "called": subjects(session, cases),
        "source": source_view(document, matches.names(session, document.installation)),
        "events": timeline(document, postings, attempts, proofs, told, cases),
    }


def _main(session: Session, document: SourceDocument) -> tuple[str, Posting | None]:
    """Return the state of a document and its main posting."""
    wanted = documents_with_posting().where(SourceDocument.id == document.id)
    _, main, state = session.execute(wanted).one()
    return state, main


def _earlier(posting: Posting) -> str:
    """Return how a posting is shown that does not count any more, as a file does beside its document."""
    is_replaced = posting.state == "posted" and posting.operation != "attach"
    return "replaced" if is_replaced else posting.state


def _repostable(document: SourceDocument, state: str) -> bool:
    """Whether a person may have it posted again: it is not in QuickBooks any more, and the source still has it."""
    wanted = document.gone is None and document.stage != "closed" and not document.made_for
    return wanted and state in (MISSING, REMOVED) and may("operator")


def _shown(session: Session, posting: Posting) -> display.TransactionView | None:
    if posting.operation not in ("create", "update"):
        return None
    return display.payload(session, posting.company_id, posting.kind, posting.payload)


def _page(posting: Posting) -> str | None:
    """Where a person opens what was posted."""
    return page_of(posting.kind, posting.quickbooks_id) if posting.quickbooks_id else None


def _by_posting(rows: list[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.posting_id, []).append(row)
    return found


def _filtered(wanted: Select[Any], asked: dict[str, str]) -> Select[Any]:
    if asked["installation"].isdigit():
        wanted = wanted.where(SourceDocument.installation_id == int(asked["installation"]))
    if asked["kind"] in KINDS:
        wanted = wanted.where(SourceDocument.kind == asked["kind"])
    if asked["q"]:
        wanted = wanted.where(_mentions(asked["q"]))
    if asked["state"] in STATES:
        wanted = wanted.where(in_state(asked["state"]))
    if first := _date(asked["from"]):
        wanted = wanted.where(SourceDocument.date >= first)
    if last := _date(asked["to"]):
        wanted = wanted.where(SourceDocument.date <= last)
    return wanted


def _mentions(text: str) -> ColumnElement[bool]:
    columns = (
        SourceDocument.number,
        SourceDocument.party,
        SourceDocument.source_id,
        SourceDocument.marker,
    )
    named = [column.icontains(text, autoescape=True) for column in columns]
    return or_(*named, Posting.quickbooks_id == text)


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
