"""The inbox: open cases, each with its reason and the button that solves it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.cases import inbox
from hub.db.engine import reading, transaction
from hub.errors import HubError, Refused
from hub.models import Case, Installation, Posting, case_posting
from hub.models.enums import PostingState, RunKind
from hub.outbox.listing import states_of_parts
from hub.posting.actions import manual, retries
from hub.reasons.template import CaseAction
from hub.scheduling import run_log
from hub.security import audit
from hub.web import case_comparison, checklist, exports, matches, row_ids
from hub.web.access import ANYWHERE, may_here, needs, scope, who
from hub.web.case_titles import subjects
from hub.web.installation import is_active
from hub.web.layout import in_zone_of, installation_choices
from hub.web.paging import page, pairs, present, row_or_404

ACTION_LABELS: Mapping[str, str] = {
    CaseAction.RECONNECT: "Reconnect",
    CaseAction.CONNECTION: "Look at the connection",
    CaseAction.SETTINGS: "Change settings",
    CaseAction.CHOOSE: "Say which it is",
    CaseAction.MATCH: "Match codes",
    CaseAction.VOID: "Void or leave",
    CaseAction.DELETE: "Leave or delete",
    CaseAction.RETRY: "Correct and retry",
    CaseAction.OPEN_PERIOD: "Open the period",
    CaseAction.SOURCE: "Act at the source",
    CaseAction.EITHER: "Act at the source or in the settings",
    CaseAction.DIFFER: "Decide what happens when lines differ",
    CaseAction.NONE: "Look",
}
MAX_SHOWN = 200
EXPORTED = (
    "id",
    "company_id",
    "installation_id",
    "opened",
    "title",
    "document",
    "reason",
    "instruction",
)
MAX_REASONS = 5  # sentences about single ones of many
CLOSABLE = (CaseAction.NONE, CaseAction.CHOOSE)
pages = Blueprint("inbox", __name__, url_prefix="/inbox")


@pages.get("/")
@needs("viewer", of=ANYWHERE)
def show() -> str:
    """List open cases by what solves them, newest first."""
    filters = _filters()
    with reading() as session:
        query = _chosen(session, filters)
        cases = page(session, query, by=[Case.id], size=25)
        quick = {}
        for case in cases.rows:
            form = _match(session, case)
            if form:
                quick[case.id] = form["one"]
        about = _context(session, cases.rows)
        groups = []
        for action, label in ACTION_LABELS.items():
            cases_of_action = [case for case in cases.rows if _kind(case) == action]
            groups.append((label, cases_of_action))
        return render_template(
            "inbox.html",
            page=cases,
            groups=groups,
            filters=filters,
            chosen=present(filters),
            acts=ACTION_LABELS,
            quick=quick,
            has_posted=checklist.has_posted(session, scope()),
            **about,
        )


@pages.get("/export")
@needs("viewer", of=ANYWHERE)
def export() -> Response:
    """Download the open cases that the filters choose, newest first."""
    with reading() as session:
        query = _chosen(session, _filters())
    rows = exports.read_in_chunks(query, [Case.id], _exported)
    return exports.download("cases", EXPORTED, rows)


def _filters() -> dict[str, str]:
    """Return the filters of the address; those that it lacks are empty."""
    return {name: request.args.get(name, "") for name in ("act", "installation", "q")}


def _chosen(session: Session, filters: Mapping[str, str]) -> Select[Any]:
    """Return the query for the open cases that the person may see and the filters choose."""
    query = select(Case).where(Case.closed_at.is_(None), *scope().cases())
    if filters["act"] in ACTION_LABELS:
        query = query.where(inbox.is_solved_by(filters["act"]))
    installation_id = row_ids.parse(filters["installation"])
    if installation_id is not None:
        query = query.where(Case.installation_id == installation_id)
    if filters["q"]:
        query = query.where(Case.id.in_(inbox.search(session, query, filters["q"])))
    return query


def _exported(session: Session, cases: Sequence[Case]) -> Iterator[exports.Row]:
    """Yield cases as a file has them."""
    names = subjects(session, cases)
    for case in cases:
        yield {
            "id": case.id,
            "company_id": case.company_id,
            "installation_id": case.installation_id,
            "opened": case.opened_at,
            "title": case.title,
            "document": names.get(case.id, ""),
            "reason": case.reason,
            "instruction": case.instruction,
        }


@pages.get("/<int:case_id>")
@needs("viewer")
def one(case_id: int) -> str:
    """Show one case: its documents, and everything needed to decide it."""
    return _case_page(case_id)


@pages.post("/<int:case_id>/match")
@needs("operator")
def match(case_id: int) -> Response | tuple[str, int]:
    """Match the code of a case and release what it held; without a choice show the form again."""
    with reading() as session:
        case = row_or_404(session, Case, case_id)
        code_of_case = matches.of_case(session, case)
    if code_of_case is None:
        flash("This case is not about a code.", "error")
        return redirect(url_for("inbox.one", case_id=case_id))
    installation, source_code, field = code_of_case
    code = source_code.code
    choice = request.form.get("record", "")
    try:
        message = matches.decide(installation.id, field.name, code, choice, who())
    except HubError as error:
        return _case_page(case_id, wrong=error.text), 400
    return _apply(case_id, lambda: message)


@pages.post("/<int:case_id>/retry")
@needs("operator")
def retry(case_id: int) -> Response:
    """Retry every posting of a case; each is looked for in QuickBooks before it is sent again."""

    def work() -> str:
        """Retry all postings of the case and show the first reasons against it."""
        with reading() as session:
            deletes = row_or_404(session, Case, case_id).action == CaseAction.DELETE
            posting_ids = _postings_of(case_id, "operator").with_only_columns(Posting.id)
            ids = list(session.scalars(posting_ids))
        if deletes and not request.form.get("sure"):
            raise Refused("Confirm that it is deleted in QuickBooks.")
        reasons = list(retries.retry_each(ids, who()).values())
        for text in reasons[:MAX_REASONS]:
            flash(text, "look")
        if len(reasons) > MAX_REASONS:
            flash(f"{len(reasons) - MAX_REASONS:,} more were left as they are.", "look")
        return "It is looked at and tried again."

    return _apply(case_id, work)


@pages.post("/<int:case_id>/close")
@needs("operator")
def close(case_id: int) -> Response:
    """Close a case that stops nothing, after a person has looked at it."""
    with transaction() as session:
        case = row_or_404(session, Case, case_id)
        if _blocks(_postings(session, case)) or case.action not in CLOSABLE:
            abort(400)
        inbox.close(session, case.cause, who())
        audit.record(session, who(), "case closed", case.title, cause=case.cause)
    flash("The case is closed.", "success")
    return redirect(url_for("inbox.show"))


@pages.post("/<int:case_id>/<int:posting_id>/retry")
@needs("operator")
def retry_one(case_id: int, posting_id: int) -> Response:
    """Retry one posting."""

    def work() -> str:
        """Retry one posting; a deletion in QuickBooks has to be confirmed."""
        if retries.unconfirmed_deletions([posting_id]) and not request.form.get("sure"):
            raise Refused("Confirm that it is deleted in QuickBooks.")
        retries.retry(posting_id, who())
        return "It is looked at and tried again."

    return _apply(case_id, work)


@pages.post("/<int:case_id>/<int:posting_id>/adopt")
@needs("operator")
def adopt(case_id: int, posting_id: int) -> Response:
    """Take the transaction in QuickBooks as the posting of this document."""
    quickbooks_id = request.form.get("quickbooks_id", "")

    def work() -> str:
        manual.adopt(posting_id, quickbooks_id, who())
        return f"Transaction {quickbooks_id} is this document; it is not posted again."

    return _apply(case_id, work)


@pages.post("/<int:case_id>/<int:posting_id>/not-this")
@needs("operator")
def not_this(case_id: int, posting_id: int) -> Response:
    """Record that the transaction belongs to another document."""
    quickbooks_id = request.form.get("quickbooks_id", "")

    def work() -> str:
        manual.reject_match(posting_id, quickbooks_id, who())
        return f"Transaction {quickbooks_id} is another document."

    return _apply(case_id, work)


@pages.post("/<int:case_id>/<int:posting_id>/skip")
@needs("operator")
def skip(case_id: int, posting_id: int) -> Response:
    """Leave a document out of the books, with a reason."""
    reason = request.form.get("reason", "")

    def work() -> str:
        manual.skip(posting_id, reason, who())
        return "It is skipped."

    return _apply(case_id, work)


@pages.post("/<int:case_id>/leave")
@needs("operator")
def leave(case_id: int) -> Response:
    """Leave in QuickBooks what the source no longer has."""

    def work() -> str:
        """Skip every posting of the case, which are removals."""
        with reading() as session:
            case = row_or_404(session, Case, case_id)
            if case.action not in (CaseAction.VOID, CaseAction.DELETE):
                abort(400)
            of_case = _postings_of(case.id, "operator").limit(MAX_SHOWN)
            ids = list(session.scalars(of_case.with_only_columns(Posting.id)))
        for id in ids:
            manual.skip(id, "Left as it is in QuickBooks", who())
        return "Left as it is in QuickBooks."

    return _apply(case_id, work)


def _apply(case_id: int, work: Callable[[], str]) -> Response:
    """Do what a person decided, and request a sync that continues with it."""
    try:
        message = work()
    except HubError as error:
        flash(error.text, "error")
        return redirect(url_for("inbox.one", case_id=case_id))
    with reading() as session:
        case = row_or_404(session, Case, case_id)
        installation = (
            session.get(Installation, case.installation_id) if case.installation_id else None
        )
    if installation and is_active(installation):
        run_log.request(RunKind.SYNC, installation.id, who())
        message += " A sync continues with it now."
    flash(message, "success")
    return redirect(url_for("inbox.show"))


def _case_page(case_id: int, wrong: str = "") -> str:
    """Draw the page of a case; `wrong` says beside the choice of a record why it was not stored."""
    with reading() as session:
        case = row_or_404(session, Case, case_id)
        keys: list[case_comparison.Key] = []
        reads_now = may_here("operator")  # QuickBooks meters reads, which a viewer cannot spend
        if reads_now and not case.closed_at:
            keys = case_comparison.transaction_keys(case, _postings(session, case))
    # QuickBooks is asked while no transaction is open.
    entities = case_comparison.read_entities(keys)
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
            stops=_blocks(postings),
            closable=case.action in CLOSABLE and not _blocks(postings),
            sides=case_comparison.sides_of_case(session, case, postings, entities),
            reads_now=reads_now,
            max_listed=MAX_SHOWN,
            **_context(session, [case]),
        )


def _blocks(postings: list[Posting]) -> bool:
    """Tell whether a case holds postings that could go on."""
    return any(
        posting.state not in (PostingState.POSTED, PostingState.SKIPPED, PostingState.WITHDRAWN)
        for posting in postings
    )


def _kind(case: Case) -> str:
    """Return the kind of a case, which selects its part of the page."""
    action = case.action
    return action if action in ACTION_LABELS else CaseAction.NONE


def _match(session: Session, case: Case) -> dict[str, Any] | None:
    """Return the form that matches the code of a case; None if the case has none."""
    code_of_case = matches.of_case(session, case)
    if code_of_case is None:
        return None
    installation, source_code, field = code_of_case
    query = request.args.get("q", "").strip()
    return matches.form_of_code(session, installation, source_code, field, query)


def _postings(session: Session, case: Case) -> list[Posting]:
    """Return the postings of a case that the person may see, oldest first."""
    query = _postings_of(case.id, "viewer").limit(MAX_SHOWN)
    return list(session.scalars(query).unique())


def _postings_of(case_id: int, least: str) -> Select[Any]:
    """Return the query for the postings of a case for which the person has at least a role.

    A case may stop documents of several apps.
    """
    return (
        select(Posting)
        .join(case_posting)
        .where(case_posting.c.case_id == case_id, *scope(least).postings())
        .order_by(Posting.id)
    )


def _context(session: Session, cases: list[Case]) -> dict[str, Any]:
    """Return what the list of cases shows beside them."""
    case_id = case_posting.c.case_id
    ids = [case.id for case in cases]
    of_cases = select(case_id, func.count()).join(Posting).where(case_id.in_(ids))
    counts = of_cases.where(*scope().postings()).group_by(case_id)
    own_ids = {case.installation_id for case in cases}
    own = select(Installation).where(Installation.id.in_(own_ids), *scope().installations())
    choices = installation_choices(session, request.args.get("installation", ""))
    return {
        "stopped": pairs(session, counts),
        "subjects": subjects(session, cases),
        "by_act": inbox.count_by_action(session, scope().cases()),
        "choices": choices,
        "installations": {one.id: one for one in session.scalars(own)},
    }
