"""The inbox: open cases, each with its reason and the button that solves it."""

from functools import partial
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.context import current_hub
from hub.db.engine import read_only_session
from hub.errors import HubError, NotNow
from hub.models import Case, CaseNote, Posting
from hub.models.enums import CaseDecision
from hub.outbox.listing import load_states_of_parts
from hub.posting.actions import manual, put_back
from hub.posting.case_texts import OVERWRITE_QUESTIONS
from hub.translations.messages import gettext, ngettext, translate
from hub.web.administration import checklist
from hub.web.authentication.access import (
    ANYWHERE,
    load_scope,
    may_anywhere,
    may_here,
    person_name,
    require_role,
)
from hub.web.cases import bulk_form, case_acts, case_assignees, case_removals, case_skips
from hub.web.codes import code_decisions, match_versions, record_creation
from hub.web.codes.code_lookup import AppCode
from hub.web.codes.record_form import Invalid
from hub.web.frame import app_filter, moments
from hub.web.frame.lookup import get_row_or_404
from hub.web.frame.paging import build_first_address, drop_unset, is_past_end
from hub.web.lists import case_export, case_groups, case_list, exports
from hub.web.lists.counts import has_any_in_review
from hub.web.transactions import case_comparison, case_transactions

MAX_REASONS = 5  # sentences about single ones of many
pages = Blueprint("inbox", __name__, url_prefix="/inbox")


@pages.get("/")
@require_role("viewer", of=ANYWHERE)
def show() -> str | Response:
    """List the cases that the filters choose, one line for each."""
    filters = case_list.read_filters()
    with read_only_session() as session:
        cases = case_list.load_page(session, filters)
        if is_past_end(cases):
            return redirect(build_first_address())
        is_closed = filters["show"] == "closed"
        groups = [] if is_closed else case_groups.count_groups(session, filters)
        has_bulk_form = bool(cases.rows) and not is_closed and may_anywhere("operator")
        total = case_groups.count_chosen(groups, filters)
        return render_template(
            "inbox.html",
            page=cases,
            rows=case_list.build_rows(session, cases.rows),
            groups=groups,
            filters=filters,
            active_filters=drop_unset(filters),
            return_arguments=case_list.build_arguments(),
            with_filters=lambda **changes: drop_unset(filters | changes),
            is_closed=is_closed,
            case_lists=case_list.CASE_LISTS,
            snoozed_count=case_list.count_snoozed(session, filters),
            sort_orders=case_list.SORT_ORDERS,
            companies=case_list.list_companies(session, filters["company"]),
            installations=app_filter.list_installation_choices(session, filters["installation"]),
            has_posted=checklist.has_posted(session, load_scope()),
            has_next_step=checklist.is_shown(),
            has_review=not cases.rows and has_any_in_review(session, load_scope()),
            bulk=bulk_form.build(session, filters, cases.rows, total) if has_bulk_form else None,
        )


@pages.get("/export")
@require_role("viewer", of=ANYWHERE)
def export() -> Response:
    """Download the cases that the filters choose, newest first."""
    filters = case_list.read_filters()
    with read_only_session() as session:
        query = select(Case).where(*case_list.build_conditions(session, filters))
    rows = exports.read_in_chunks(query, [Case.id], case_export.iter_rows)
    return exports.download("cases", case_export.COLUMNS, rows)


@pages.get("/<int:case_id>")
@require_role("viewer")
def one(case_id: int) -> str:
    """Show one case: its documents, and everything needed to decide it."""
    return _render_case_page(case_id)


@pages.post("/<int:case_id>/match")
@require_role("operator")
@case_acts.requires_open_case
def match(case_id: int) -> Response | tuple[str, int]:
    """Match the code of a case and release what it held; without a choice show the form again."""
    installation, source_code, field = _get_code_of_case(case_id)
    code = source_code.code
    choice = request.form.get("record", "")
    shown_version = request.form.get(match_versions.FORM_FIELD)
    try:
        message = code_decisions.decide(
            installation.id, field.name, code, choice, person_name(), shown_version=shown_version
        )
    except HubError as error:
        return _render_case_page(case_id, problem=translate(error.sentence)), 400
    decision = code_decisions.get_case_decision(choice)
    is_asked = code_decisions.waits_for_answer(installation.id, field.name, code, decision)
    return case_acts.apply(case_id, lambda: message, decision, syncs=not is_asked)


@pages.post("/<int:case_id>/create")
@require_role("operator")
@case_acts.requires_open_case
def create(case_id: int) -> Response | tuple[str, int]:
    """Have the record of a case created as the form says; show the form again with its errors."""
    installation, source_code, field = _get_code_of_case(case_id)
    code = source_code.code
    try:
        message = record_creation.create(
            installation.id, field.name, code, request.form, person_name()
        )
    except Invalid as error:
        return _render_case_page(case_id, invalid=error), 400
    except HubError as error:
        return _render_case_page(case_id, problem=translate(error.sentence)), 400
    decision = CaseDecision.CREATED
    is_asked = code_decisions.waits_for_answer(installation.id, field.name, code, decision)
    return case_acts.apply(case_id, lambda: message, decision, syncs=not is_asked)


@pages.post("/<int:case_id>/retry")
@require_role("operator")
@case_acts.requires_open_case
def retry(case_id: int) -> Response:
    """Retry every posting of a case; each is looked for in QuickBooks before it is sent again."""

    def work() -> str:
        """Retry all postings of the case; show the first reasons against it."""
        is_confirmed = bool(request.form.get("sure"))
        retried_ids, reasons = case_acts.retry_postings(case_id, is_confirmed=is_confirmed)
        if reasons and not retried_ids:
            raise NotNow(reasons[0])
        for reason in reasons[:MAX_REASONS]:
            flash(translate(reason), "look")
        if len(reasons) > MAX_REASONS:
            flash(
                ngettext(
                    "%(count)s more was left as it is.",
                    "%(count)s more were left as they are.",
                    len(reasons) - MAX_REASONS,
                ),
                "look",
            )
        return case_acts.describe_retry(case_id, retried_ids)

    return case_acts.apply(case_id, work, CaseDecision.RETRIED)


@pages.get("/<int:case_id>/remove")
@require_role("operator")
def confirm_removal(case_id: int) -> str:
    """Show what would be voided or deleted in QuickBooks, and ask for confirmation."""
    with read_only_session() as session:
        case = get_row_or_404(session, Case, case_id)
        if case.action not in case_acts.REMOVING_ACTIONS or case.closed_at:
            abort(404)
        postings = case_acts.load_postings(session, case_id)
        arguments = case_list.build_arguments() | {"then": "next"}
        address = url_for("inbox.retry", case_id=case_id, **arguments)
        return case_removals.render(session, case, postings, address)


@pages.post("/<int:case_id>/close")
@require_role("operator")
@case_acts.requires_open_case
def close(case_id: int) -> Response:
    """Close a case that stops nothing, after a person has looked at it."""
    with read_only_session() as session:
        case = get_row_or_404(session, Case, case_id)
        if not case_acts.is_closable(case, is_blocking=case_acts.is_blocking(session, case_id)):
            abort(400)
    work = partial(case_acts.close, case_id)
    return case_acts.apply(case_id, work, CaseDecision.CLOSED, syncs=False)


@pages.post("/<int:case_id>/<int:posting_id>/retry")
@require_role("operator")
@case_acts.requires_open_case
def retry_one(case_id: int, posting_id: int) -> Response:
    """Retry one posting."""

    is_confirmed = bool(request.form.get("sure"))
    work = partial(case_acts.retry_one, case_id, posting_id, is_confirmed=is_confirmed)
    return case_acts.apply(case_id, work, CaseDecision.RETRIED)


@pages.post("/<int:case_id>/<int:posting_id>/adopt")
@require_role("operator")
@case_acts.requires_open_case
def adopt(case_id: int, posting_id: int) -> Response:
    """Take the transaction in QuickBooks as the posting of this document."""
    quickbooks_id = request.form.get("quickbooks_id", "")

    def work() -> str:
        manual.adopt(posting_id, quickbooks_id, person_name())
        return gettext(
            "Transaction %(quickbooks_id)s is this document. It will not be posted again.",
            quickbooks_id=quickbooks_id,
        )

    return case_acts.apply(case_id, work, CaseDecision.ADOPTED, quickbooks_id)


@pages.post("/<int:case_id>/<int:posting_id>/not-this")
@require_role("operator")
@case_acts.requires_open_case
def not_this(case_id: int, posting_id: int) -> Response:
    """Record that the transaction belongs to another document."""
    quickbooks_id = request.form.get("quickbooks_id", "")

    def work() -> str:
        manual.reject_match(posting_id, quickbooks_id, person_name())
        return case_acts.describe_rejection(posting_id, quickbooks_id)

    return case_acts.apply(case_id, work, CaseDecision.REJECTED, quickbooks_id)


@pages.get("/<int:case_id>/<int:posting_id>/overwrite")
@require_role("operator")
def confirm_overwrite(case_id: int, posting_id: int) -> str:
    """Ask for confirmation before an edited transaction is removed in the version on the page."""
    with read_only_session() as session:
        case = get_row_or_404(session, Case, case_id)
        if case.code not in OVERWRITE_QUESTIONS or case.closed_at:
            abort(404)
        of_posting = case_acts.select_postings(case_id, "operator").where(Posting.id == posting_id)
        posting = session.scalars(of_posting).unique().one_or_none() or abort(404)
        arguments = case_list.build_arguments() | {"then": "next"}
        address = url_for("inbox.overwrite", case_id=case_id, posting_id=posting_id, **arguments)
        return case_removals.render(
            session, case, [posting], address, sync_token=request.args.get("sync_token", "")
        )


@pages.post("/<int:case_id>/<int:posting_id>/overwrite")
@require_role("operator")
@case_acts.requires_open_case
def overwrite(case_id: int, posting_id: int) -> Response:
    """Let a change overwrite an edit in QuickBooks, in the version that the person has seen."""
    sync_token = request.form.get("sync_token", "")
    is_confirmed = bool(request.form.get("sure"))
    work = partial(case_acts.overwrite, posting_id, sync_token, is_confirmed=is_confirmed)
    return case_acts.apply(case_id, work, CaseDecision.OVERWRITTEN)


@pages.post("/<int:case_id>/<int:posting_id>/skip")
@require_role("operator")
@case_acts.requires_open_case
def skip(case_id: int, posting_id: int) -> Response:
    """Leave a document out of the books, with a reason."""
    reason = request.form.get("reason", "")

    def work() -> str:
        manual.skip(posting_id, reason, person_name())
        return case_acts.describe_skip(posting_id)

    return case_acts.apply(case_id, work, CaseDecision.SKIPPED, reason.strip())


@pages.post("/<int:case_id>/<int:posting_id>/put-back")
@require_role("operator")
@case_acts.requires_open_case
def restore(case_id: int, posting_id: int) -> Response:
    """Write a document again as it was posted, over the version that the person has seen."""
    sync_token = request.form.get("sync_token", "")

    def work() -> str:
        put_back.put_back(posting_id, sync_token, person_name())
        return gettext("It will be put back as it was posted.")

    return case_acts.apply(case_id, work, CaseDecision.PUT_BACK)


@pages.post("/<int:case_id>/leave")
@require_role("operator")
@case_acts.requires_open_case
def leave(case_id: int) -> Response:
    """Leave a document in QuickBooks that its source no longer has."""
    with read_only_session() as session:
        if get_row_or_404(session, Case, case_id).action not in case_acts.REMOVING_ACTIONS:
            abort(400)
    work = partial(case_acts.leave, case_id)
    return case_acts.apply(case_id, work, CaseDecision.LEFT)


def _get_code_of_case(case_id: int) -> AppCode:
    """Return the code that a case is about; answer 404 if it is about something else."""
    with read_only_session() as session:
        code = record_creation.find_code_of_case(session, get_row_or_404(session, Case, case_id))
    return code or abort(404)


def _render_case_page(case_id: int, problem: str = "", invalid: Invalid | None = None) -> str:
    """Draw the page of a case.

    `problem` says beside the choice of a record why it was not stored, `invalid` in the form of a
    new one.
    """
    with read_only_session() as session:
        case = get_row_or_404(session, Case, case_id)
        keys: list[case_transactions.Key] = []
        # QuickBooks meters reads, which a viewer cannot spend.
        reads_now = may_here("operator") and case_transactions.can_be_read(session, case)
        if reads_now and not case.closed_at:
            keys = case_transactions.list_transaction_keys(
                case, case_acts.load_postings(session, case_id)
            )
    # QuickBooks is asked while no transaction is open.
    entities = case_transactions.read_entities(keys)
    arguments = case_list.build_arguments()
    with read_only_session() as session:
        case = get_row_or_404(session, Case, case_id)
        postings = case_acts.load_postings(session, case_id)
        installation = case_acts.find_installation(session, case)
        is_blocking = case_acts.is_blocking(session, case_id)
        moments.use_zone_of(installation)
        return render_template(
            "case.html",
            case=case,
            postings=postings,
            states=load_states_of_parts(session, [posting.id for posting in postings]),
            installation=installation,
            match=_load_match_view(session, case, invalid),
            problem=problem,
            next_arguments=arguments | {"then": "next"},
            return_arguments={name: text for name, text in arguments.items() if name != "then"},
            next_case_id=case_list.find_next_case_id(session, case_list.read_filters(), case_id),
            is_blocking=is_blocking,
            is_closable=case_acts.is_closable(case, is_blocking=is_blocking),
            sides=case_comparison.build_sides(session, case, postings, entities),
            reads_now=reads_now,
            max_listed=case_acts.MAX_SHOWN,
            revocable_skips=case_skips.find_revocable(session, case, postings),
            **_build_context(session, case),
        )


def _load_match_view(
    session: Session, case: Case, invalid: Invalid | None
) -> dict[str, Any] | None:
    """Return the forms that decide about the code of a case; None if the case has none."""
    code = record_creation.find_code_of_case(session, case)
    if code is None:
        return None
    query = request.args.get("q", "").strip()
    return record_creation.build_code_form(session, code, query, invalid)


def _build_context(session: Session, case: Case) -> dict[str, Any]:
    """Return which documents a case stops, and which one it is about."""
    [row] = case_list.build_rows(session, [case])
    notes = select(CaseNote).where(CaseNote.case_id == case.id).order_by(CaseNote.id)
    until = case.snoozed_until
    is_decided_here = may_here("operator") and not case.closed_at
    return {
        "notes": list(session.scalars(notes)),
        "people": case_assignees.list_choices(session, case) if is_decided_here else None,
        "is_snoozed": until is not None and until > current_hub().clock.now(),
        "row": row,
    }
