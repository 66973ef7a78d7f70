"""Skip postings of cases, and take back the skips of a closed case."""

from collections.abc import Iterable, Mapping, Sequence

from flask import Blueprint, flash, redirect, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.db.engine import read_only_session
from hub.errors import HubError
from hub.models import Case, Posting, case_posting
from hub.models.enums import CaseDecision, RunKind
from hub.posting.actions import manual, retries
from hub.scheduling import run_log
from hub.translations.messages import gettext, ngettext, translate
from hub.web.authentication.access import load_scope, may_here, person_name, require_role
from hub.web.frame.lookup import get_row_or_404

pages = Blueprint("case_skips", __name__, url_prefix="/inbox")


@pages.post("/<int:case_id>/take-back-skips")
@require_role("operator")
def take_back(case_id: int) -> Response:
    """Have all documents sent after all that were skipped with this case."""
    with read_only_session() as session:
        case = get_row_or_404(session, Case, case_id)
        of_case = case_posting.c.case_id == case_id, *load_scope("operator").postings()
        query = select(Posting).join(case_posting).where(*of_case)
        postings = session.scalars(query).unique().all()
        posting_ids = find_revocable(session, case, postings)
        installations = {posting.document.installation for posting in postings}
        running_ids = sorted(row.id for row in installations if row.can_run)
        is_disconnected = any(row.is_active for row in installations)
    try:
        reasons = retries.retry_each(sorted(posting_ids), person_name())
    except HubError as error:
        flash(translate(error.sentence), "error")
        return redirect(url_for("inbox.one", case_id=case_id))
    count = len(posting_ids) - len(reasons)
    next_step = _describe_next_step(
        count, has_run=bool(running_ids), is_disconnected=is_disconnected
    )
    _report(count, reasons.values(), next_step)
    for installation_id in running_ids:
        run_log.request(RunKind.SYNC, installation_id, person_name())
    return redirect(url_for("inbox.one", case_id=case_id))


def find_revocable(session: Session, case: Case, postings: Iterable[Posting]) -> set[int]:
    """Return those of a case's postings whose skip the person may take back."""
    if case.closed_at is None or case.decision != CaseDecision.SKIPPED or not may_here("operator"):
        return set()
    revocable_ids = set[int]()
    for document in {posting.document for posting in postings}:
        revocable_ids |= retries.find_revocable_skips(session, document)
    return revocable_ids & {posting.id for posting in postings}


def _describe_next_step(count: int, *, has_run: bool, is_disconnected: bool) -> str:
    """Return when documents are posted that are no longer skipped."""
    if has_run:
        return ngettext(
            "A run reads it again and then posts it, unless it needs an approval.",
            "A run reads them again and then posts those that need no approval.",
            count,
        )
    if is_disconnected:
        return ngettext(
            "It is posted once the company is connected again.",
            "They are posted once the company is connected again.",
            count,
        )
    return ngettext(
        "It is posted once the app is enabled and not paused.",
        "They are posted once the app is enabled and not paused.",
        count,
    )


def _report(count: int, reasons: Iterable[str], next_step: str) -> None:
    """Show how many documents are no longer skipped, and the first reason against another one."""
    if count:
        text = ngettext(
            "%(count)s document is no longer skipped.",
            "%(count)s documents are no longer skipped.",
            count,
        )
        flash(f"{text} {next_step}", "success")
    else:
        flash(gettext("Nothing of this case is skipped any more."), "look")
    for reason in list(reasons)[:1]:
        flash(translate(reason), "look")


def skip_each(ids: Iterable[int], note: str) -> dict[int, str]:
    """Skip postings one by one; return by posting why it could not be skipped, "" if it was."""
    problems = {}
    for id in ids:
        try:
            manual.skip(id, note, person_name())
            problems[id] = ""
        except HubError as error:
            problems[id] = translate(error.sentence)
    return problems


def find_reason_not_skipped(ids: Sequence[int], problems: Mapping[int, str]) -> str:
    """Return why not everything that a case stops could be skipped; "" if it was."""
    remaining = [problems[id] for id in ids if problems[id]]
    if not remaining:
        return ""
    if len(remaining) == len(ids):
        return remaining[0]
    return gettext(
        "only %(skipped)s of its %(count)s documents could be. %(reason)s",
        skipped=len(ids) - len(remaining),
        count=len(ids),
        reason=remaining[0],
    )
