"""The inbox: open cases, each with its reason and the button that solves it."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.cases import inbox
from hub.db.engine import reading, transaction
from hub.errors import HubError, Refused
from hub.models import Case, Installation, Posting, case_posting
from hub.outbox.listing import states_of_parts
from hub.posting.actions import manual
from hub.qbo import records
from hub.scheduling import run_log
from hub.security import audit
from hub.web import case_comparison, matches
from hub.web.access import needs, who
from hub.web.case_titles import subjects
from hub.web.layout import in_zone_of
from hub.web.paging import page, pairs, row_or_404

ACTS = {
    "reconnect": "Reconnect", "connection": "Look at the connection",
    "settings": "Change settings", "choose": "Say which it is", "match": "Match codes",
    "void": "Void or leave", "delete": "Leave or delete",
    "retry": "Correct and retry", "open_period": "Open the period", "source": "Act at the source",
    "either": "Act at the source or in the settings", "differ": "Decide what happens when lines differ",
    "none": "Look",
}  # fmt: skip
SHOWN = 200
TOLD = 5  # sentences about single ones of many
CLOSABLE = ("none", "choose")
pages = Blueprint("inbox", __name__, url_prefix="/inbox")


@pages.get("/")
@needs("viewer")
def show() -> str:
    """Open cases by what solves them, newest first."""
    asked = {name: request.args.get(name, "") for name in ("act", "installation", "q")}
    wanted = select(Case).where(Case.closed_at.is_(None))
    if asked["act"] in ACTS:
        wanted = wanted.where(Case.act == asked["act"])
    if asked["installation"].isdigit():
        wanted = wanted.where(Case.installation_id == int(asked["installation"]))
    if asked["q"]:
        words = (
            column.icontains(asked["q"], autoescape=True) for column in (Case.title, Case.reason)
        )
        wanted = wanted.where(or_(*words))
    with reading() as session:
        found = page(session, wanted, by=[Case.id], size=25)
        quick = {case.id: about["one"] for case in found.rows if (about := _match(session, case))}
        about = _around(session, found.rows)
        groups = [
            (word, [case for case in found.rows if _kind(case) == act])
            for act, word in ACTS.items()
        ]
        return render_template(
            "inbox.html", page=found, groups=groups, asked=asked, acts=ACTS, quick=quick, **about
        )


@pages.get("/<int:case_id>")
@needs("viewer")
def one(case_id: int) -> str:
    """One case: its documents, and everything needed to decide it."""
    return _case_page(case_id)


@pages.post("/<int:case_id>/match")
@needs("operator")
def match(case_id: int) -> Response | tuple[str, int]:
    """Match the code of a case and release what it held; without a choice show the form again."""
    with reading() as session:
        case = row_or_404(session, Case, case_id)
        about = matches.of_case(session, case)
    if about is None:
        flash("This case is not about a code.", "error")
        return redirect(url_for("inbox.one", case_id=case_id))
    installation, seen, field = about
    choice = request.form.get("record", "")
    try:
        said = matches.decide(installation.id, field.name, seen.code, choice, who())
    except HubError as error:
        return _case_page(case_id, wrong=error.text), 400
    return _done(case_id, lambda: said)


@pages.post("/<int:case_id>/retry")
@needs("operator")
def retry(case_id: int) -> Response:
    """Tries every posting of a case again; each is looked for in QuickBooks before anything is sent again."""

    def work() -> str:
        with reading() as session:
            deletes = row_or_404(session, Case, case_id).act == "delete"
            stopped = select(case_posting.c.posting_id).where(case_posting.c.case_id == case_id)
            ids = list(session.scalars(stopped.order_by(case_posting.c.posting_id)))
        if deletes and not request.form.get("sure"):
            raise Refused("Confirm that it is deleted in QuickBooks.")
        told = list(manual.retry_each(ids, who()).values())
        for text in told[:TOLD]:
            flash(text, "look")
        if len(told) > TOLD:
            flash(f"{len(told) - TOLD:,} more were left as they are.", "look")
        return "It is looked at and tried again."

    return _done(case_id, work)


@pages.post("/<int:case_id>/close")
@needs("operator")
def close(case_id: int) -> Response:
    """Closes a case that stops nothing: a person has looked at it."""
    with transaction() as session:
        case = row_or_404(session, Case, case_id)
        if _stops(_postings(session, case)) or case.act not in CLOSABLE:
            abort(400)
        inbox.close(session, case.cause, who())
        audit.record(session, who(), "case closed", case.title, cause=case.cause)
    flash("The case is closed.", "success")
    return redirect(url_for("inbox.show"))


@pages.post("/<int:case_id>/<int:posting_id>/retry")
@needs("operator")
def retry_one(case_id: int, posting_id: int) -> Response:
    """Tries one posting again."""

    def work() -> str:
        if manual.unconfirmed_deletions([posting_id]) and not request.form.get("sure"):
            raise Refused("Confirm that it is deleted in QuickBooks.")
        manual.retry(posting_id, who())
        return "It is looked at and tried again."

    return _done(case_id, work)


@pages.post("/<int:case_id>/<int:posting_id>/adopt")
@needs("operator")
def adopt(case_id: int, posting_id: int) -> Response:
    """This is the document: the transaction in QuickBooks is taken as its posting."""
    found = request.form.get("quickbooks_id", "")

    def work() -> str:
        manual.adopt(posting_id, found, who())
        return f"Transaction {found} is this document; it is not posted again."

    return _done(case_id, work)


@pages.post("/<int:case_id>/<int:posting_id>/not-this")
@needs("operator")
def not_this(case_id: int, posting_id: int) -> Response:
    """That is another document."""
    found = request.form.get("quickbooks_id", "")

    def work() -> str:
        manual.not_this(posting_id, found, who())
        return f"Transaction {found} is another document."

    return _done(case_id, work)


@pages.post("/<int:case_id>/<int:posting_id>/skip")
@needs("operator")
def skip(case_id: int, posting_id: int) -> Response:
    """Leaves a document out of the books, with a reason."""
    reason = request.form.get("reason", "")

    def work() -> str:
        manual.skip(posting_id, reason, who())
        return "It is skipped."

    return _done(case_id, work)


@pages.post("/<int:case_id>/leave")
@needs("operator")
def leave(case_id: int) -> Response:
    """Leave in QuickBooks what the source no longer has."""

    def work() -> str:
        with reading() as session:
            case = row_or_404(session, Case, case_id)
            if case.act not in ("void", "delete"):
                abort(400)
            ids = [posting.id for posting in _postings(session, case)]
        for id in ids:
            manual.skip(id, "Left as it is in QuickBooks", who())
        return "Left as it is in QuickBooks."

    return _done(case_id, work)


def _done(case_id: int, work: Callable[[], str]) -> Response:
    """Does what a person decided, and lets a run take it further."""
    try:
        said = work()
    except HubError as error:
        flash(error.text, "error")
        return redirect(url_for("inbox.one", case_id=case_id))
    with reading() as session:
        case = row_or_404(session, Case, case_id)
        installation = (
            session.get(Installation, case.installation_id) if case.installation_id else None
        )
    if installation and installation.enabled and installation.mode != "paused":
        run_log.request("sync", installation.id, who())
        said += " A sync continues with it now."
    flash(said, "success")
    return redirect(url_for("inbox.show"))


def _case_page(case_id: int, wrong: str = "") -> str:
    """Draw the page of a case; `wrong` says beside the choice of a record why it was not stored."""
    with reading() as session:
        case = row_or_404(session, Case, case_id)
        wanted = [] if case.closed_at else case_comparison.keys(case, _postings(session, case))
    entities = case_comparison.read(wanted)  # QuickBooks is asked while no transaction is open
    with reading() as session:
        case = row_or_404(session, Case, case_id)
        postings = _postings(session, case)
        installation = (
            session.get(Installation, case.installation_id) if case.installation_id else None
        )
        in_zone_of(installation)
        return render_template(
            "case.html",
            case=case,
            postings=postings,
            states=states_of_parts(session, [posting.id for posting in postings]),
            installation=installation,
            match=_match(session, case),
            wrong=wrong,
            stops=_stops(postings),
            closable=case.act in CLOSABLE and not _stops(postings),
            sides=case_comparison.of_case(session, case, postings, entities),
            shown=SHOWN,
            **_around(session, [case]),
        )


def _stops(postings: list[Posting]) -> bool:
    return any(posting.state not in ("posted", "skipped", "withdrawn") for posting in postings)


def _kind(case: Case) -> str:
    return case.act if case.act in ACTS else "none"


def _match(session: Session, case: Case) -> dict[str, Any] | None:
    about = matches.of_case(session, case)
    if about is None:
        return None
    installation, seen, field = about
    index = records.index(session, installation.company_id, field.role)
    query = request.args.get("q", "").strip()
    one = matches.view(session, installation, seen, field, matches.book_of(session, installation))
    found = matches.offered(index.by_id.values(), query, one.suggestions)
    return {"one": one, "query": query, "found": found, "size": len(index)}


def _postings(session: Session, case: Case) -> list[Posting]:
    held = (
        select(Posting)
        .join(case_posting)
        .where(case_posting.c.case_id == case.id)
        .order_by(Posting.id)
    )
    return list(session.scalars(held.limit(SHOWN)).unique())


def _around(session: Session, found: list[Case]) -> dict[str, Any]:
    counted = select(case_posting.c.case_id, func.count()).where(
        case_posting.c.case_id.in_([case.id for case in found])
    )
    by_act = select(Case.act, func.count()).where(Case.closed_at.is_(None)).group_by(Case.act)
    return {
        "stopped": pairs(session, counted.group_by(case_posting.c.case_id)),
        "subjects": subjects(session, found),
        "by_act": pairs(session, by_act),
        "installations": {one.id: one for one in session.scalars(select(Installation))},
    }
