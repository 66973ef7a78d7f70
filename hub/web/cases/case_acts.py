"""Carry out decisions about cases; a page then opens the next case of its list."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, NamedTuple

from flask import flash, redirect, request, url_for
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.cases import discrepancies, inbox
from hub.cases.causes import is_discrepancy
from hub.db.engine import read_only_session, transaction
from hub.errors import HubError, Refused, Sentence
from hub.models import Case, Installation, Posting, case_posting
from hub.models.enums import (
    CHANGE_OPERATIONS,
    CODE_DECISIONS,
    CaseDecision,
    InstallationMode,
    Operation,
    RunKind,
)
from hub.outbox.states import FINAL, REMOVALS
from hub.posting.actions import manual, overwrites, retries
from hub.reasons.template import CaseAction
from hub.scheduling import run_log
from hub.security import audit
from hub.sources import outage
from hub.translations.messages import gettext, translate
from hub.web.authentication.access import load_scope, person_name
from hub.web.cases import case_retries, continuation
from hub.web.cases.continuation import CaseCounts
from hub.web.frame import viewer
from hub.web.frame.case_titles import format_name_in_sentence
from hub.web.frame.kind_labels import count_kinds, format_document_count
from hub.web.frame.lookup import get_row_or_404
from hub.web.lists import case_list

MAX_SHOWN = 200
CLOSABLE_ACTIONS = (CaseAction.NONE, CaseAction.CHOOSE)
RECEIPTS_REFUSED = "outcome.receipts_refused"  # a retry delivers the receipts again
REMOVING_ACTIONS = (CaseAction.VOID, CaseAction.DELETE)
SENDING_DECISIONS = (  # after which something is sent to QuickBooks, once the app runs
    *CODE_DECISIONS,
    CaseDecision.RETRIED,
    CaseDecision.REJECTED,
    CaseDecision.PUT_BACK,
    CaseDecision.OVERWRITTEN,
)


def requires_open_case(view: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a view that carries out a decision, so that it does so for open cases only.

    The case may have been closed since its page was shown, by a run or in another window. Its page
    then states this, with who closed it. A decision about one document also requires that the case
    still stops the document.
    """

    @wraps(view)
    def decide_if_open(case_id: int, **arguments_of_view: Any) -> Any:
        with read_only_session() as session:
            is_closed = get_row_or_404(session, Case, case_id).closed_at is not None
            posting_id = arguments_of_view.get("posting_id")
            has_left = posting_id is not None and not _has_posting(session, case_id, posting_id)
        if is_closed:
            flash(gettext("This case was closed in the meantime. Nothing was changed."), "look")
        elif has_left:
            flash(
                gettext("The case no longer has this document. Nothing was changed."),
                "look",
            )
        else:
            return view(case_id, **arguments_of_view)
        return redirect(url_for("inbox.one", case_id=case_id, **case_list.build_arguments()))

    return decide_if_open


def apply(
    case_id: int,
    work: Callable[[], str],
    decision: CaseDecision,
    note: str = "",
    *,
    syncs: bool = True,
) -> Response:
    """Carry out a decision, request a sync that continues with it, and open the next case."""
    filters = case_list.read_filters()
    with read_only_session() as session:
        following = None
        if _was_sent_from_case():
            following = case_list.find_next_case_id(session, filters, case_id)
    try:
        message = carry_out(case_id, work, decision, note, syncs=syncs)
    except HubError as error:
        flash(translate(error.sentence), "error")
        return redirect(url_for("inbox.one", case_id=case_id, **case_list.build_arguments()))
    return _open_next(message, following)


def carry_out(
    case_id: int,
    work: Callable[[], str],
    decision: CaseDecision,
    note: str = "",
    *,
    syncs: bool = True,
) -> str:
    """Carry out a decision, record it, and request a sync that continues with it.

    Return the sentence that confirms it; what `work` raises is passed on.
    """
    of_case = case_posting.c.case_id == case_id
    query = select(Posting.kind, func.count()).select_from(case_posting).join(Posting)
    with read_only_session() as session:
        by_kind = query.where(of_case, *load_scope().postings()).group_by(Posting.kind)
        counts = {}
        for kind, count in session.execute(by_kind):
            counts[kind] = count
    message = work()
    with transaction() as session:
        inbox.record_decision(session, [case_id], decision, person_name(), note)
        case = get_row_or_404(session, Case, case_id)
        installation = find_installation(session, case)
    if syncs and installation:
        if installation.can_run:
            run_log.request(RunKind.SYNC, installation.id, person_name())
        message += _describe_continuation(decision, installation, counts)
    return message


def find_installation(session: Session, case: Case) -> Installation | None:
    """Return the app of a case at its company; None for a case about no app."""
    if case.installation_id is None:
        return None
    return session.get(Installation, case.installation_id)


def select_postings(case_id: int, least: str) -> Select[Any]:
    """Return the query for the postings of a case for which the person has at least a role.

    A case may stop documents of several apps.
    """
    return (
        select(Posting)
        .join(case_posting)
        .where(case_posting.c.case_id == case_id, *load_scope(least).postings())
        .order_by(Posting.id)
    )


def _has_posting(session: Session, case_id: int, posting_id: int) -> bool:
    """Return whether a case has a posting on which the person may act."""
    query = select_postings(case_id, "operator").where(Posting.id == posting_id)
    return session.scalar(query.with_only_columns(Posting.id)) is not None


def load_postings(session: Session, case_id: int) -> list[Posting]:
    """Return the postings of a case that the person may see, oldest first."""
    query = select_postings(case_id, "viewer").limit(MAX_SHOWN)
    return list(session.scalars(query).unique())


def is_blocking(session: Session, case_id: int) -> bool:
    """Return whether a case holds postings that could continue, be they shown or not."""
    query = (
        select(Posting.id)
        .join(case_posting)
        .where(case_posting.c.case_id == case_id, Posting.state.not_in(FINAL))
        .limit(1)
    )
    return session.scalar(query) is not None


def is_closable(case: Case, *, is_blocking: bool) -> bool:
    """Return whether a person may close a case, because it stops nothing."""
    return case.action in CLOSABLE_ACTIONS and not is_blocking


def close(case_id: int) -> str:
    """Close a case that stops nothing, and record who did; return the sentence about it."""
    with transaction() as session:
        case = get_row_or_404(session, Case, case_id)
        inbox.close(session, case.cause, person_name())
        discrepancies.compare_again(session, case.cause)
        audit.record(session, person_name(), "case closed", case.title, cause=case.cause)
    if is_discrepancy(case.cause):
        return gettext("What QuickBooks has is accepted, and the case is closed.")
    return gettext("The case is closed.")


class CaseRetry(NamedTuple):
    """The postings of a case that were retried, and the reasons why others were not."""

    retried_ids: list[int]
    reasons: list[str]


def retry_postings(case_id: int, *, is_confirmed: bool) -> CaseRetry:
    """Retry every posting of a case; return those that were retried, and why not the others.

    A deletion in QuickBooks has to be confirmed. A posting that somebody removed from QuickBooks,
    and about which another case asks a person, is left to that case. The retry of a case about
    receipts lets the next sync deliver them.
    """
    with read_only_session() as session:
        case = get_row_or_404(session, Case, case_id)
        deletes = case.action == CaseAction.DELETE
        retry = retries.retry_each if case.posts_again else case_retries.retry_unless_removed
        posting_ids = select_postings(case_id, "operator").with_only_columns(Posting.id)
        ids = list(session.scalars(posting_ids))
    if case.code == RECEIPTS_REFUSED and case.installation_id:
        with transaction() as session:
            outage.repeat_receipts(session, case.installation_id)
    if deletes and not is_confirmed:
        raise _build_unconfirmed()
    reasons = retry(ids, person_name())
    retried_ids = [id for id in ids if id not in reasons]
    return CaseRetry(retried_ids, list(reasons.values()))


def describe_retry(case_id: int, posting_ids: Sequence[int]) -> str:
    """Return the sentence about what was retried for a case; a single document is named."""
    if not posting_ids:
        return gettext("It is checked again with the next run.")
    with read_only_session() as session:
        case = session.get_one(Case, case_id)
        posts_again, removes = case.posts_again, case.action in REMOVING_ACTIONS
        name = format_document_count(len(posting_ids))
        if len(posting_ids) == 1:
            name = format_name_in_sentence(session.get_one(Posting, posting_ids[0]))
    if removes:
        return gettext("Removing %(document_name)s from QuickBooks.", document_name=name)
    if posts_again:
        return gettext("Posting %(document_name)s again.", document_name=name)
    return gettext("Retried %(document_name)s.", document_name=name)


def describe_skip(posting_id: int) -> str:
    """Return the sentence about what was skipped: a document, a file, or a change."""
    with read_only_session() as session:
        operation = session.get_one(Posting, posting_id).operation
    if operation == Operation.ATTACH:
        return gettext("Skipped. The file will not be attached.")
    if operation in CHANGE_OPERATIONS:
        return gettext("Skipped. The transaction in QuickBooks stays as it is.")
    return gettext("Skipped. It will not be posted.")


def describe_rejection(posting_id: int, quickbooks_id: str) -> str:
    """Return the sentence about “Not this one”; a change is of a transaction that is known."""
    with read_only_session() as session:
        posting = session.get_one(Posting, posting_id)
        if posting.operation in CHANGE_OPERATIONS:
            name = format_name_in_sentence(posting)
            return gettext("Sending %(document_name)s to QuickBooks again.", document_name=name)
    return gettext(
        "Transaction %(quickbooks_id)s is another document.", quickbooks_id=quickbooks_id
    )


def overwrite(posting_id: int, sync_token: str, *, is_confirmed: bool) -> str:
    """Let a change overwrite the version that the person saw; a removal has to be confirmed."""
    with read_only_session() as session:
        posting = session.get_one(Posting, posting_id)
        name = format_name_in_sentence(posting)
        is_removal = posting.operation in REMOVALS
    if is_removal and not is_confirmed:
        raise _build_unconfirmed()
    overwrites.permit(posting_id, sync_token, person_name())
    if is_removal:
        return gettext("Removing %(document_name)s from QuickBooks.", document_name=name)
    return gettext("Sending %(document_name)s to QuickBooks again.", document_name=name)


def retry_one(case_id: int, posting_id: int, *, is_confirmed: bool) -> str:
    """Retry one posting; a deletion in QuickBooks has to be confirmed."""
    if retries.list_unconfirmed_deletions([posting_id]) and not is_confirmed:
        raise _build_unconfirmed()
    retries.retry(posting_id, person_name())
    return describe_retry(case_id, [posting_id])


def _build_unconfirmed() -> Refused:
    """Return the error of a deletion in QuickBooks that was not confirmed."""
    return Refused(gettext("Confirm that it is deleted in QuickBooks."))


def leave(case_id: int) -> str:
    """Skip every posting of a case, all of which are removals; return the confirming sentence.

    A posting that cannot be skipped any more does not stop the others. Raise HubError with the
    first reason then.
    """
    with read_only_session() as session:
        of_case = select_postings(case_id, "operator")
        ids = list(session.scalars(of_case.with_only_columns(Posting.id)))
    problems = []
    for id in ids:
        try:
            manual.skip(id, Sentence("Left as it is in QuickBooks"), person_name())
        except HubError as error:
            problems.append(error)
    if problems:
        raise problems[0]
    return gettext("Left as it is in QuickBooks.")


def _describe_continuation(
    decision: CaseDecision, installation: Installation, counts_by_kind: Mapping[str, int]
) -> str:
    """Return the sentence about the sync that was requested, or that is once the app runs."""
    if decision == CaseDecision.SKIPPED:
        return ""
    if not installation.can_run:
        if decision not in SENDING_DECISIONS:
            return ""
        if installation.is_active:
            return continuation.describe(CaseCounts(disconnected=1))
        return continuation.describe(CaseCounts(resting=1))
    is_of_code = decision in CODE_DECISIONS
    if is_of_code and installation.mode == InstallationMode.AUTO and counts_by_kind:
        return gettext(" Posting %(documents)s…", documents=count_kinds(counts_by_kind))
    return continuation.describe(CaseCounts(running=1))


def _was_sent_from_case() -> bool:
    """Return whether the form was on the page of a case, which leads to the next one."""
    return request.args.get("then") == "next"


def _open_next(message: str, following: int | None) -> Response:
    """Open the next case if it is still open, else the list with the same filters."""
    filters = case_list.build_arguments()
    filters.pop("then", None)
    with read_only_session() as session:
        case = session.get(Case, following) if following is not None else None
    if case is None or case.closed_at is not None:
        flash(message, "success")
        return redirect(url_for("inbox.show", **filters))
    with viewer.translate_reasons():
        flash(f"{message} {gettext('Next:')} {case.title}", "success")
    return redirect(url_for("inbox.one", case_id=case.id, **filters))
