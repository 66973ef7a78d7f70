"""The review: what will be posted, one row per document; approve the selected ones or all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug import Response

from hub import outbox
from hub.db.engine import read_only_session
from hub.errors import HubError
from hub.installations import enable
from hub.models import Installation
from hub.models.enums import InstallationMode, RunKind
from hub.outbox import approvals
from hub.posting.actions import manual
from hub.scheduling import run_log
from hub.translations.messages import gettext, ngettext, translate
from hub.web.apps.installation import build_tabs, count_before_start
from hub.web.authentication import confirmation
from hub.web.authentication.access import person_name, require_recent_login, require_role
from hub.web.frame import listed_rows
from hub.web.frame.app_rights import may_configure
from hub.web.frame.kind_labels import count_kinds
from hub.web.frame.lookup import get_row_or_404
from hub.web.frame.paging import build_first_address, is_past_end
from hub.web.lists.counts import count_documents_by_kind, count_in_review
from hub.web.postings import review_approvals, review_messages, review_places, review_rows
from hub.web.postings.review_rows import WaitingPosting
from hub.web.postings.review_sums import Breakdown
from hub.web.postings.second_approvals import SecondApprovals, flash_outcome
from hub.web.transactions.present_transactions import ReadTransactions

MAX_LISTED = 500  # rows on the page that asks for confirmation, and postings that it sums up
pages = Blueprint("review", __name__, url_prefix="/installations/<int:installation_id>/review")
pages.add_app_template_filter(review_messages.format_settled_message, "settled_message")


@dataclass(frozen=True)
class Selection:
    """The ticked rows: how many, their sums as text, and their list for the form.

    `needs_confirmation` is whether they have to be approved on a page of its own.
    """

    count: int
    sums: list[str]
    listed: str
    needs_confirmation: bool


@pages.get("/")
@require_role("viewer")
def show(installation_id: int) -> str | Response:
    """List the postings that wait for approval, oldest first.

    A change or a removal is compared with the last posted content at once. A comparison with
    QuickBooks takes longer, so the page requests it with `changes`, or for the whole list with
    `compare=now`.
    """
    is_read = request.args.get("compare") == "now"
    read = review_rows.read_page_now(installation_id) if is_read else ReadTransactions()
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
        postings = review_rows.load_page_in_review(session, installation_id)
        if is_past_end(postings):
            return redirect(build_first_address())
        context = build_tabs(session, installation)
        seals = {row.id: row.planned for row in postings.rows}
        ticked_rows = listed_rows.split_ticked(_parse_chosen_rows(), seals)
        ticked_selection = (
            _load_selection(session, installation, ticked_rows.rows) if ticked_rows.rows else None
        )
        sums = review_rows.load_sums_in_review(session, installation_id)
        return render_template(
            "review.html",
            page=postings,
            previews=review_rows.build_previews(session, postings.rows, read),
            failure=read.failure,
            is_read=is_read,
            page_rows=listed_rows.encode(seals),
            ticked=ticked_rows,
            return_arguments=review_places.read_return_arguments(),
            selection=ticked_selection,
            documents=count_kinds(count_in_review(session, installation_id)),
            sums=sums.texts(),
            payments=sums.payment_texts(),
            second_approvals=SecondApprovals.of(session, postings.rows),
            early_count=count_before_start(session, installation_id),
            left_out_groups=review_rows.count_left_out(session, installation_id),
            newest_left_out=review_rows.load_newest_left_out(session, installation_id),
            breakdown=_build_breakdown_of_all(session, installation, context["review_part_count"]),
            offers_automatic=_may_become_automatic(installation),
            **context,
        )


@pages.get("/changes")
@require_role("operator")
def changes(installation_id: int) -> str:
    """Return the changes and removals compared with what QuickBooks has now, for htmx."""
    read = review_rows.read_page_now(installation_id)
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
        postings = review_rows.load_page_in_review(session, installation_id)
        return render_template(
            "review_changes.html",
            installation=installation,
            previews=review_rows.build_previews(session, postings.rows, read),
            failure=read.failure,
            is_read=True,
            is_part=True,
        )


@pages.get("/selection")
@require_role("operator")
def selection(installation_id: int) -> str:
    """Return the bar with the sum of the ticked rows, for htmx."""
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
        ticked_selection = _load_selection(session, installation, _parse_chosen_rows())
        context = build_tabs(session, installation)
        sums = review_rows.load_sums_in_review(session, installation_id).texts()
    return render_template(
        "selection.html",
        selection=ticked_selection,
        sums=sums,
        return_arguments=review_places.read_return_arguments(),
        **context,
    )


@pages.get("/approve")
@require_role("operator")
def confirm(installation_id: int) -> str | Response:
    """List what is about to be approved with its sum, and ask for confirmation."""
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
        which = request.args.get("which", "selected")
        seals = None if which == "all" else _parse_chosen_rows()
        rows = list(review_rows.iter_in_review(session, installation_id, seals))
        second_approvals = SecondApprovals.of(session, rows)
        context = build_tabs(session, installation)
        unchanged_rows = review_rows.select_unchanged(rows, seals)
        breakdown = _build_breakdown(session, installation, unchanged_rows)
        left_out = set(seals or ()) - {row.id for row in unchanged_rows}
        changed_count = review_approvals.count_in_review(session, installation_id, left_out)
    if not unchanged_rows:
        review_messages.flash_left_out(changed_count, len(left_out) - changed_count)
        _flash_no_selection(seals)
        return review_places.redirect_after_decision(installation_id, is_done=False)
    return_arguments = review_places.read_return_arguments()
    unlisted_rows = unchanged_rows[MAX_LISTED:]
    sums = review_rows.sum_by_currency(unchanged_rows)
    document_counts = review_rows.count_documents(unchanged_rows)
    return render_template(
        "approve.html",
        rows=unchanged_rows[:MAX_LISTED],
        count=len(unchanged_rows),
        documents=count_kinds(document_counts),
        document_count=document_counts.total(),
        unlisted_rows=unlisted_rows,
        remaining_count=context["review_part_count"] - len(unchanged_rows),
        changed_count=changed_count,
        settled_count=len(left_out) - changed_count,
        sums=sums.texts(),
        payments=sums.payment_texts(),
        unlisted_sums=review_rows.sum_by_currency(unlisted_rows).texts(),
        breakdown=breakdown,
        removal_count=sum(row.operation in outbox.REMOVALS for row in unchanged_rows),
        first_approval_count=second_approvals.count_firsts(row.id for row in unchanged_rows),
        listed_rows=listed_rows.encode({row.id: row.planned for row in unchanged_rows}),
        return_arguments=return_arguments,
        list_url=review_places.build_list_address(installation_id, return_arguments, seals),
        **context,
    )


def _parse_chosen_rows() -> dict[int, str]:
    """Return the rows that the address names: the ticked ones, and perhaps all of the page."""
    ticked_seals = listed_rows.read_ticked()
    is_page = request.args.get("which") == "shown" or "page" in request.args
    if is_page:
        return ticked_seals | listed_rows.decode(request.args.get("shown", ""))
    return ticked_seals


def _load_selection(
    session: Session, installation: Installation, seals: Mapping[int, str]
) -> Selection:
    """Return the ticked rows that are still as the page listed them."""
    waiting = review_rows.iter_in_review(session, installation.id, seals)
    rows = review_rows.select_unchanged(waiting, seals)
    sums = review_rows.sum_by_currency(rows)
    return Selection(
        len(rows),
        sums.texts(),
        listed_rows.encode({row.id: row.planned for row in rows}),
        _needs_confirmation(session, installation, rows, sums),
    )


def _needs_confirmation(
    session: Session,
    installation: Installation,
    rows: Sequence[WaitingPosting],
    sums: Mapping[str, Decimal],
) -> bool:
    """Return whether the approval of these rows has to be confirmed on a page of its own.

    It need not be if a limit for approvals by one person is set and their sum is not above it. It
    always has to be for removals, unknown amounts, other currencies, and postings that two people
    approve.
    """
    limit = installation.second_approval_above
    if limit is None or not rows:
        return True
    if sums.keys() - {installation.company.currency}:
        return True
    if any(row.operation in outbox.REMOVALS or row.total is None for row in rows):
        return True
    if any(abs(total) > limit for total in sums.values()):
        return True
    return bool(approvals.find_lacking(session, [row.id for row in rows]))


def _build_breakdown_of_all(
    session: Session, installation: Installation, count: int
) -> Breakdown | None:
    """Return the sums of all `count` postings in review, unless they are too many or none."""
    if not 0 < count <= MAX_LISTED:
        return None
    rows = review_rows.iter_in_review(session, installation.id, None)
    return _build_breakdown(session, installation, list(rows))


def _build_breakdown(
    session: Session, installation: Installation, rows: Sequence[WaitingPosting]
) -> Breakdown | None:
    """Return the sums by account and party; None for more postings than a page can sum up."""
    if len(rows) > MAX_LISTED:
        return None
    return Breakdown.of(session, installation.company_id, rows)


@pages.post("/approve")
@require_role("operator")
def approve(installation_id: int) -> Response | str:
    """Approve exactly what was listed; what has changed since then stays in review.

    An approval of many asks to confirm the identity, as `hub.web.authentication.confirmation`
    describes.
    """
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
    listed_seals = listed_rows.decode(request.form.get("listed", ""))
    if review_approvals.is_bulk(len(listed_seals)):
        question: Response | str | None = confirmation.ask()
        if question is not None:
            return question
    outcome = review_approvals.approve(installation_id, listed_seals, person_name())
    if outcome.released:
        waiting, names = review_approvals.find_waiting(installation_id, outcome.released)
        documents = count_kinds(count_documents_by_kind(outcome.parts))
        some_post = waiting < len(outcome.released)
        text = review_messages.describe_approval(installation, documents, some_post=some_post)
        flash(text, "success")
        review_messages.flash_waiting(waiting, names)
    flash_outcome(outcome)
    with read_only_session() as session:
        changed_count = review_approvals.count_in_review(session, installation_id, outcome.changed)
    review_messages.flash_left_out(changed_count, len(outcome.changed) - changed_count)
    is_done = bool(outcome.released or outcome.first)
    return review_places.redirect_after_decision(installation_id, is_done=is_done)


@pages.post("/skip")
@require_role("operator")
def skip(installation_id: int) -> Response:
    """Leave out of the books what was listed, with a reason; what has changed stays in review."""
    listed_seals = listed_rows.decode(request.form.get("listed", ""))
    with read_only_session() as session:
        get_row_or_404(session, Installation, installation_id)
        waiting = list(review_rows.iter_in_review(session, installation_id, listed_seals))
    unchanged_rows = review_rows.select_unchanged(waiting, listed_seals)
    skipped_rows = []
    for row in unchanged_rows:
        try:
            manual.skip(row.id, request.form.get("reason", ""), person_name())
        except HubError as error:
            flash(translate(error.sentence), "error")
            break
        skipped_rows.append(row)
    count = review_rows.count_documents(skipped_rows).total()
    if count:
        text = ngettext(
            "Skipped %(count)s document. It will not be posted.",
            "Skipped %(count)s documents. They will not be posted.",
            count,
        )
        flash(text, "success")
    changed_count = len(waiting) - len(unchanged_rows)
    review_messages.flash_left_out(changed_count, len(listed_seals) - len(waiting))
    return review_places.redirect_after_decision(installation_id, is_done=bool(count))


@pages.post("/automatic")
@require_role("app-owner")
@require_recent_login
def automatic(installation_id: int) -> Response:
    """Let the app post without review from now on.

    Without a first approval the mode stays as it is.
    """
    with read_only_session() as session:
        installation = get_row_or_404(session, Installation, installation_id)
    if not may_configure(installation):
        abort(403)
    if _may_become_automatic(installation):
        enable.set_mode(installation.id, InstallationMode.AUTO, who=person_name())
        flash(gettext("New documents are now posted automatically."), "success")
        if installation.can_run:
            run_log.request(RunKind.SYNC, installation_id, person_name())
        else:
            company = installation.company.display_name
            text = gettext(
                "%(company)s is disconnected, so nothing is read or posted.", company=company
            )
            flash(text, "look")
    return redirect(url_for("review.show", installation_id=installation_id))


def _flash_no_selection(seals: Mapping[int, str] | None) -> None:
    """Ask for a selection if no row was ticked; None stands for all documents."""
    if seals is not None and not seals:
        flash(gettext("Select at least one document."), "look")


def _may_become_automatic(installation: Installation) -> bool:
    """Return whether to offer posting without review.

    Only after a first approval, and to a person who may decide it.
    """
    if not installation.enabled or installation.mode != InstallationMode.REVIEW:
        return False
    if installation.previewed_at is None:
        return False
    return may_configure(installation)
