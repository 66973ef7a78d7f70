"""Act on many cases at once: those that are ticked, or all that the filters choose."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.cases import advice, inbox
from hub.context import current_hub
from hub.db.database_errors import repeat_after_conflict
from hub.db.engine import read_only_session, transaction
from hub.errors import HubError, Refused
from hub.models import Case, CaseNote, Installation
from hub.models.cases import MAX_NOTE_LENGTH
from hub.models.enums import CaseDecision, RunKind
from hub.reasons.template import CaseAction
from hub.scheduling import run_log
from hub.security import audit
from hub.translations.messages import gettext, gettext_noop, translate
from hub.web.authentication.access import ANYWHERE, load_rights_scope, person_name, require_role
from hub.web.authentication.expired_forms import renew_while_typing
from hub.web.cases import (
    bulk_report,
    case_assignees,
    case_retries,
    case_skips,
    continuation,
    snoozes,
    stopped_postings,
)
from hub.web.cases.bulk_report import describe_assignment, format_case_count
from hub.web.frame.moments import format_day
from hub.web.frame.paging import drop_unset, load_pairs
from hub.web.lists import case_list
from hub.web.request import form_drafts, row_ids

MAX_CASES_PER_ACT = 2000  # the message says how many others are left
MAX_SKIPPED = 500  # documents that one act skips, each in a transaction of its own
RETRIED_ACTIONS = (
    CaseAction.RETRY,
    CaseAction.OPEN_PERIOD,
    CaseAction.SOURCE,
    CaseAction.EITHER,
    CaseAction.DIFFER,
)
Reasons = dict[int, str]  # why nothing was done, by case
Form = Mapping[str, str]  # text, assignee or until, as the act needs it


class Outcome(NamedTuple):
    """Why an act was not done on some cases, and the sentence about the others."""

    reasons: Reasons
    message: str


Act = Callable[[Sequence[Case], Form], Outcome]


class BulkAction(NamedTuple):
    """An act on many cases, and the word for those on which it was not done."""

    word: str
    act: Act


pages = Blueprint("case_bulk", __name__, url_prefix="/inbox/bulk")


@pages.post("/")
@require_role("operator", of=ANYWHERE)
def apply() -> Response:
    """Do the act of the pressed button on many cases."""
    return carry_out(BULK_ACTIONS.get(request.form.get("act", "")))


def carry_out(action: BulkAction | None) -> Response:
    """Do one act on the chosen cases; say on how many, and why not on the others."""
    if case_list.is_of_other_company():
        flash(gettext("Nothing was done: another company was chosen in the meantime."), "look")
        return _redirect_back()
    cases, hidden = _load_chosen_cases(action)
    closed_count = _count_closed_cases()
    if not (cases or hidden or closed_count):
        flash(gettext("Tick at least one case first."), "look")
        return _return_form()
    if action is None:
        flash(gettext("Nothing was done. Press the button of what is to be done."), "look")
        return _return_form()
    following = _find_following_case_id() if action.act is _snooze else None
    try:
        outcome = act_on(cases, action.act, request.form) if cases else Outcome({}, "")
    except HubError as error:
        flash(translate(error.sentence), "error")
        return _return_form()
    _report(action, len(cases) - len(outcome.reasons), outcome, closed_count)
    bulk_report.flash_remaining(hidden)
    if following is not None:
        return redirect(url_for("inbox.one", case_id=following, **case_list.build_arguments()))
    return _redirect_back()


@pages.get("/people")
@renew_while_typing
@require_role("operator", of=ANYWHERE)
def people() -> str:
    """Suggest people for what was typed so far, for htmx."""
    with read_only_session() as session:
        names = case_assignees.suggest(session, request.args.get("assignee", ""))
    return render_template("suggested_people.html", names=names)


def act_on(cases: Sequence[Case], act: Act, form: Form) -> Outcome:
    """Do an act on the cases on which the person may act."""
    may_act = load_rights_scope("operator")
    own_cases = [case for case in cases if may_act.has(case)]
    reasons: Reasons = {}
    for case in cases:
        if not may_act.has(case):
            reasons[case.id] = gettext("you may only look at it.")
    outcome = act(own_cases, form)
    return Outcome(reasons | outcome.reasons, outcome.message)


def _report(action: BulkAction, count: int, outcome: Outcome, closed_count: int) -> None:
    """Report on how many cases an act was done, and how many were closed meanwhile."""
    reasons = list(outcome.reasons.values())
    if action.act is not _note:
        reasons += closed_count * [gettext("it is closed already.")]
        closed_count = 0
    bulk_report.flash_outcome(outcome.message if count else "", gettext(action.word), reasons)
    bulk_report.flash_closed(closed_count)


def _load_chosen_cases(action: BulkAction | None) -> tuple[list[Case], int]:
    """Return the cases that the form names, and how many more there are above the limit.

    "All that the filters choose" are the cases that were listed, without those opened since. A note
    can also be added to cases that were closed meanwhile.
    """
    with read_only_session() as session:
        if request.form.get("which") == "all":
            filters = case_list.read_filters()
            newest = row_ids.parse(request.form.get("newest", "")) or 0
            conditions = [*case_list.build_conditions(session, filters), Case.id <= newest]
        else:
            conditions = [Case.id.in_(_read_ticked_ids()), *load_rights_scope().cases()]
        if action is None or action.act is not _note:
            conditions.append(Case.closed_at.is_(None))
        query = select(Case).where(*conditions).order_by(Case.id)
        cases = list(session.scalars(query.limit(MAX_CASES_PER_ACT + 1)))
        if len(cases) <= MAX_CASES_PER_ACT:
            return cases, 0
        count = len(session.scalars(query.with_only_columns(Case.id)).all())
        return cases[:MAX_CASES_PER_ACT], count - MAX_CASES_PER_ACT


def _count_closed_cases() -> int:
    """Return how many of the ticked cases were closed since the page was shown."""
    if request.form.get("which") == "all":
        return 0  # those are the cases that are open now
    query = select(func.count(Case.id)).where(
        Case.id.in_(_read_ticked_ids()), Case.closed_at.is_not(None), *load_rights_scope().cases()
    )
    with read_only_session() as session:
        return session.scalar(query) or 0


def _read_ticked_ids() -> list[int]:
    """Return the cases that are ticked in the form, up to the limit of an act."""
    ids = {row_ids.parse(text) for text in request.form.getlist("case")}
    return [id for id in ids if id is not None][:MAX_CASES_PER_ACT]


def _find_following_case_id() -> int | None:
    """Return the case that follows the one whose page has the form; None for a list."""
    case_id = row_ids.parse(request.args.get("case", ""))
    if case_id is None:
        return None
    with read_only_session() as session:
        return case_list.find_next_case_id(session, case_list.read_filters(), case_id)


def _return_form() -> Response:
    """Return to the page of the form, with what was ticked and entered."""
    token = form_drafts.save_posted(person_name(), set(), page=request.path, was_refused=True)
    return _redirect_back(draft=token)


def _redirect_back(draft: str = "") -> Response:
    """Return to the list with its filters, or to the case whose page has the form."""
    arguments = case_list.build_arguments() | drop_unset({"draft": draft})
    case_id = row_ids.parse(request.args.get("case", ""))
    if case_id is not None:
        return redirect(url_for("inbox.one", case_id=case_id, **arguments))
    if draft:
        arguments["ticked"] = ",".join(map(str, _read_ticked_ids()[: case_list.MAX_TICKED]))
    return redirect(url_for("inbox.show", **arguments))


def _retry(cases: Sequence[Case], form: Form) -> Outcome:
    """Retry the postings that the cases stop.

    Deletions in QuickBooks, open questions and documents that somebody removed from QuickBooks are
    left out. So are cases that only a corrected file solves: the same file would be read again.
    """
    reasons: Reasons = {}
    retried_cases = []
    slugs = _load_slugs(cases)
    for case in cases:
        if case.posts_again:
            reasons[case.id] = gettext(case_retries.REMOVED_MESSAGE)
        elif advice.is_corrected_in_file(case, slugs.get(case.installation_id)):
            reasons[case.id] = gettext("upload the corrected file; this one says the same again.")
        elif case.action in RETRIED_ACTIONS:
            retried_cases.append(case)
        else:
            reasons[case.id] = gettext("this needs a decision on the page of the case.")
    links = stopped_postings.load(retried_cases)
    posting_ids = set[int]().union(*links.values())
    failures = case_retries.retry_unless_removed(sorted(posting_ids), person_name())
    for case in retried_cases:
        reason = _find_reason_not_retried(links.get(case.id, []), failures)
        if reason:
            reasons[case.id] = reason
    counts = record_decision(cases, reasons, CaseDecision.RETRIED)
    count = format_case_count(len(cases) - len(reasons))
    message = gettext("Retried %(cases)s.", cases=count)
    return Outcome(reasons, message + continuation.describe(counts))


def _find_reason_not_retried(ids: Sequence[int], failures: Mapping[int, str]) -> str:
    """Return why nothing that a case stops could be retried; "" if something was."""
    if not ids:
        return gettext("it stops no document that can be retried.")
    remaining = [failures[id] for id in ids if id in failures]
    return translate(remaining[0]) if len(remaining) == len(ids) else ""


def _skip(cases: Sequence[Case], form: Form) -> Outcome:
    """Skip what the cases stop, with the reason of the form."""
    note = form.get("text", "").strip()
    if not note:
        raise Refused(gettext("Enter the reason for which they are skipped."))
    reasons: Reasons = {}
    links = stopped_postings.load(cases)
    problems: dict[int, str] = {}  # by posting that was tried; "" if it was skipped
    for case in cases:
        reason = _skip_all(links.get(case.id, []), note, problems)
        if reason:
            reasons[case.id] = reason
    record_decision(cases, reasons, CaseDecision.SKIPPED, note)
    count = format_case_count(len(cases) - len(reasons))
    message = gettext("Skipped %(cases)s. The documents will not be posted.", cases=count)
    return Outcome(reasons, message)


def _skip_all(posting_ids: Sequence[int], note: str, problems: dict[int, str]) -> str:
    """Skip what one case stops, as far as it was not tried for another case.

    Return why not everything could be skipped, "" if it was.
    """
    if not posting_ids:
        return gettext("it stops no document that can be skipped.")
    ids = [id for id in posting_ids if id not in problems]
    if problems and len(problems) + len(ids) > MAX_SKIPPED:
        return gettext(
            "one act skips %(max_skipped)s documents. Repeat it for the others.",
            max_skipped=MAX_SKIPPED,
        )
    problems |= case_skips.skip_each(ids, note)
    return case_skips.find_reason_not_skipped(posting_ids, problems)


def _assign(cases: Sequence[Case], form: Form) -> Outcome:
    """Assign cases to the person of the form, or to nobody; each must be theirs to act on."""
    name = form.get("assignee", "").strip()
    reasons: Reasons = {}
    with transaction() as session:
        if name:
            name, may_act = case_assignees.find(session, name)
            for case in cases:
                if not may_act.has(case):
                    reasons[case.id] = gettext("%(name)s may not act on it.", name=name)
        _store(session, cases, reasons, "case assigned", {"assignee": name})
    return Outcome(reasons, describe_assignment(len(cases) - len(reasons), name))


def _snooze(cases: Sequence[Case], form: Form) -> Outcome:
    """Hide cases until the morning of a day; then they are listed again."""
    try:
        day = dt.date.fromisoformat(form.get("until", ""))
    except ValueError:
        raise Refused(gettext("Choose the day until which they are hidden.")) from None
    now = current_hub().clock.now()
    with transaction() as session:
        for until, hidden in snoozes.group_by_end(session, cases, day).items():
            if until <= now:
                raise Refused(gettext("Choose a day in the future."))
            _store(session, hidden, {}, "case snoozed", {"snoozed_until": until})
    count = format_case_count(len(cases))
    message = gettext("Snoozed %(cases)s until %(day)s.", cases=count, day=format_day(day))
    return Outcome({}, message)


def _wake(cases: Sequence[Case], form: Form) -> Outcome:
    """List snoozed cases again."""
    with transaction() as session:
        _store(session, cases, {}, "case woken", {"snoozed_until": None})
    count = format_case_count(len(cases))
    return Outcome({}, gettext("Back in the list: %(cases)s.", cases=count))


def _note(cases: Sequence[Case], form: Form) -> Outcome:
    """Add the note of the form to each case."""
    text = form.get("text", "").strip()[:MAX_NOTE_LENGTH]
    if not text:
        raise Refused(gettext("Enter the note."))
    now = current_hub().clock.now()
    with transaction() as session:
        for case in cases:
            session.add(CaseNote(case_id=case.id, at=now, who=person_name(), text=text))
        details = {f"case {case.id}": {"text": text} for case in cases}
        audit.record_each(session, person_name(), "case note added", details)
    count = format_case_count(len(cases))
    return Outcome({}, gettext("Added the note to %(cases)s.", cases=count))


def _store(
    session: Session, cases: Sequence[Case], reasons: Reasons, what: str, values: Mapping[str, Any]
) -> None:
    """Change columns of the cases for which there is no reason against it, with audit entries."""
    ids = [case.id for case in cases if case.id not in reasons]
    inbox.change(session, ids, values)
    details = {f"case {id}": dict(values) for id in ids}
    audit.record_each(session, person_name(), what, details)


@repeat_after_conflict
def record_decision(
    cases: Sequence[Case], reasons: Reasons, decision: CaseDecision, note: str = ""
) -> continuation.CaseCounts:
    """Record the decision on the cases that were acted on, and request syncs that continue.

    Return with how many of them a sync continues.
    """
    targets = [case for case in cases if case.id not in reasons]
    with transaction() as session:
        inbox.record_decision(session, [case.id for case in targets], decision, person_name(), note)
        installation_ids = {case.installation_id for case in targets}
        query = select(Installation).where(Installation.id.in_(installation_ids))
        installations = list(session.scalars(query))
    for id in sorted(installation.id for installation in installations if installation.can_run):
        run_log.request(RunKind.SYNC, id, person_name())
    return continuation.count_cases(targets, installations)


def _load_slugs(cases: Sequence[Case]) -> dict[int | None, str]:
    """Return the apps of cases, by installation."""
    ids = {case.installation_id for case in cases}
    query = select(Installation.id, Installation.slug).where(Installation.id.in_(ids))
    with read_only_session() as session:
        return load_pairs(session, query)


BULK_ACTIONS: Mapping[str, BulkAction] = {  # by the button
    "retry": BulkAction(gettext_noop("retried"), _retry),
    "skip": BulkAction(gettext_noop("skipped"), _skip),
    "assign": BulkAction(gettext_noop("assigned"), _assign),
    "snooze": BulkAction(gettext_noop("snoozed"), _snooze),
    "wake": BulkAction(gettext_noop("listed again"), _wake),
    "note": BulkAction(gettext_noop("given the note"), _note),
}
