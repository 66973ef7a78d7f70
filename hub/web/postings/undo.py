"""The page that removes one posting, or all of a run, from QuickBooks: first shown, then done."""

from collections.abc import Callable, Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug import Response

from hub.contract.chunks import iter_chunks
from hub.contract.document_kinds import LIST_KINDS
from hub.db.engine import read_only_session
from hub.errors import NotFound, NotNow
from hub.models import ConnectedCompany, Posting, Run
from hub.models.enums import Operation, PostingState, RunKind
from hub.outbox import approvals
from hub.posting.actions import undo
from hub.posting.actions.undo import UndoPlan
from hub.posting.reconcile.posted_documents import PostedDocument
from hub.scheduling import run_log
from hub.translations.messages import gettext, gettext_noop, ngettext, translate
from hub.web.authentication.access import person_name, require_role
from hub.web.frame.lookup import get_row_or_404
from hub.web.postings.review_rows import CurrencySums

NOTHING_REMOVED = gettext_noop(
    "Nothing was removed now: what was selected is being removed already, or has changed since the"
    " page was shown."
)
pages = Blueprint("undoing", __name__, url_prefix="/undo")


@pages.get("/run/<int:run_id>")
@require_role("operator")
def run(run_id: int) -> str:
    """Show which postings of a run can be removed and why others cannot.

    Nothing is changed before the form of the page is sent.
    """
    with read_only_session() as session:
        get_row_or_404(session, Run, run_id)
    plan = undo.plan_run(run_id)
    back = url_for("runs.one", run_id=run_id)
    return _render_page(gettext("Run"), back, plan)


@pages.post("/run/<int:run_id>")
@require_role("operator")
def undo_run(run_id: int) -> Response:
    """Remove exactly what was shown, as far as it still can be removed."""
    back = url_for("runs.one", run_id=run_id)
    return _remove(lambda: undo.plan_run(run_id), back)


@pages.get("/posting/<int:posting_id>")
@require_role("operator")
def posting(posting_id: int) -> str:
    """Show whether a document can be removed from QuickBooks."""
    with read_only_session() as session:
        row = get_row_or_404(session, Posting, posting_id)
    plan = undo.plan_posting(posting_id)
    back = url_for("documents.one", document_id=row.document_id)
    return _render_page(gettext("Document"), back, plan)


@pages.post("/posting/<int:posting_id>")
@require_role("operator")
def undo_posting(posting_id: int) -> Response:
    """Remove one document from QuickBooks."""
    with read_only_session() as session:
        row = get_row_or_404(session, Posting, posting_id)
    back = url_for("documents.one", document_id=row.document_id)
    return _remove(lambda: undo.plan_posting(posting_id), back)


def _render_page(origin: str, back: str, plan: UndoPlan) -> str:
    """Render the page that confirms a removal; `origin` names the page that leads to it."""
    sums = CurrencySums()
    for removable in plan.removable:
        sums.add(
            removable.posting.kind,
            Operation.CREATE,
            removable.posting.currency,
            removable.posted_total,
        )
    with read_only_session() as session:
        company = session.get(ConnectedCompany, plan.company_id)
    return render_template(
        "undo.html",
        origin=origin,
        back_url=back,
        company=company,
        plan=plan,
        list_kinds=LIST_KINDS,
        sums=sums.texts() if plan.removable else [],
    )


def _remove(make_plan: Callable[[], UndoPlan], back: str) -> Response:
    """Remove the documents that are ticked and can still be removed."""
    if "enter" in request.form:  # pressed in a tick box, not on the button
        flash(gettext("Nothing was removed. Press the button below the list."), "look")
        return redirect(request.path)
    ticked_ids = set(request.form.getlist("posting", type=int))
    try:
        plan = make_plan()
        chosen_postings = tuple(
            removable for removable in plan.removable if removable.posting.id in ticked_ids
        )
        if not ticked_ids:
            raise NotNow(gettext("Nothing was removed: nothing was selected."))
        if not chosen_postings:
            raise NotNow(NOTHING_REMOVED)
        chosen_plan = UndoPlan(company_id=plan.company_id, removable=chosen_postings)
        count = undo.undo(chosen_plan, person_name())
        if not count:
            raise NotNow(NOTHING_REMOVED)
    except (NotNow, NotFound) as error:
        flash(translate(error.sentence), "look")
        return redirect(back)
    _report_left_documents(len(ticked_ids) - count)
    for installation_id in {removable.posting.installation_id for removable in chosen_postings}:
        run_log.request(RunKind.POST, installation_id, person_name())
    _report_removals(count, _count_lacking_approval(chosen_postings))
    return redirect(back)


def _report_left_documents(count: int) -> None:
    """Tell the person how many of the selected documents are not removed."""
    if not count:
        return
    flash(
        ngettext(
            "%(count)s selected document is not removed now: it is being removed already, or"
            " has changed since the page was shown.",
            "%(count)s selected documents are not removed now: they are being removed already,"
            " or have changed since the page was shown.",
            count,
        ),
        "look",
    )


def _count_lacking_approval(documents: Sequence[PostedDocument]) -> int:
    """Return how many planned removals of these documents are not sent before two people approve.

    The run that would send them puts them into review.
    """
    count = 0
    with read_only_session() as session:
        for chunk in iter_chunks(documents, undo.CHUNK_SIZE):
            query = select(Posting.id).where(
                Posting.document_id.in_([document.posting.document_id for document in chunk]),
                Posting.operation == Operation.DELETE,
                Posting.state.in_((PostingState.READY, PostingState.REVIEW)),
            )
            count += len(approvals.find_lacking(session, session.scalars(query)))
    return count


def _report_removals(count: int, in_review: int) -> None:
    """Tell the person how many removals are under way, and how many of all wait for approval."""
    if in_review:
        flash(
            ngettext(
                "%(count)s removal waits in Review until two people have approved it.",
                "%(count)s removals wait in Review until two people have approved them.",
                in_review,
            ),
            "look",
        )
    if in_review >= count:
        return
    flash(
        ngettext(
            "Removing %(count)s document from QuickBooks…",
            "Removing %(count)s documents from QuickBooks…",
            count - in_review,
        ),
        "success",
    )
