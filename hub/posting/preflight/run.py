"""Check postings against the stored data before they are sent."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from hub import outbox
from hub.cases import inbox
from hub.cases.causes import build_posting_cause
from hub.cases.findings import Finding
from hub.contract.chunks import iter_chunks
from hub.db.bulk import is_among
from hub.db.engine import read_only_session, transaction
from hub.models import Case, Posting, SourceDocument, case_posting
from hub.models.enums import Holder, Operation, PostingState
from hub.posting import releases, removals
from hub.posting.outcome.session import PostingSession
from hub.posting.posting_cases import FILE_CASE
from hub.posting.preflight import closed_periods
from hub.posting.preflight.bank_checks import find_warning, may_change_bank
from hub.posting.preflight.bank_reconciliation import ReconciledMonths
from hub.posting.preflight.checks import check_closed_period, find_problems
from hub.posting.preflight.context import SHARED_PROBLEMS, CheckContext
from hub.posting.preflight.load import load_context
from hub.posting.preflight.postings import CheckedPosting, load_postings
from hub.posting.preflight.reconciled_months import ReconciledMonthReader
from hub.posting.preflight.unsent_twins import UnsentTwins, build_findings
from hub.posting.recovery import startup_scan
from hub.posting.recovery.resolve import doubt_after_restore
from hub.reasons import texts

CHUNK_SIZE = 300
MAX_CHECK_AGE = dt.timedelta(hours=1)  # older checks are repeated: records may have changed
_creation = aliased(Posting)  # built once: building an alias takes longer than most statements


def check(posting_session: PostingSession, *, include_held: bool = True) -> None:
    """Check the postings to be sent or reviewed; with `include_held`, also those held by checks.

    A posting that may be in QuickBooks already must not be held before that is known, so QuickBooks
    is searched for it first.
    """
    ids = _list_unchecked(posting_session)
    if doubt_after_restore(posting_session, ids):
        ids = _list_unchecked(posting_session)
    kinds_with_operations = _load_kinds_with_operations(ids)
    for kind, operation in kinds_with_operations:
        if operation == Operation.CREATE:
            startup_scan.adopt_marked(posting_session, kind)
    twins = UnsentTwins(posting_session.company_id, ids)
    reader = ReconciledMonthReader(posting_session)
    checked_count = 0
    for chunk in iter_chunks(ids, CHUNK_SIZE):
        months = reader.read(chunk) if may_change_bank(kinds_with_operations) else {}
        with transaction() as session:
            _check_chunk(session, posting_session, chunk, twins, months)
        checked_count += len(chunk)
        posting_session.report_progress("check", checked_count, len(ids))

    if not include_held:
        return
    closed_periods.update_closing_date(posting_session)
    held_ids = _load_held_ids(posting_session)
    for chunk in iter_chunks(held_ids, CHUNK_SIZE):
        months = reader.read(chunk)
        with transaction() as session:
            _check_held_chunk(session, posting_session, chunk, twins, months)
    _hold_refused_in_closed_period(posting_session)


def _hold_refused_in_closed_period(posting_session: PostingSession) -> None:
    """Hold postings that QuickBooks refused by the check of the closing date, if it shows why.

    The check releases them once the period is open. A refusal that the closing date does not
    explain stays with a person, so that it is not sent again without end.
    """
    with read_only_session() as session:
        ids = session.scalars(closed_periods.select_refused(posting_session)).all()
    for chunk in iter_chunks(ids, CHUNK_SIZE):
        with transaction() as session:
            postings = load_postings(session, chunk, (PostingState.HELD,), for_update=True)
            context = load_context(session, posting_session.company_id, postings, {})
            for checked_posting in postings:
                findings = list(check_closed_period(checked_posting, context))
                if findings:
                    posting = session.get_one(Posting, checked_posting.id)
                    _hold(session, posting_session, posting, findings)


def _load_held_ids(posting_session: PostingSession) -> list[int]:
    """Return the ids of the postings that the checks hold; newer data may release them."""
    query = select(Posting.id).where(
        *posting_session.own_postings(),
        Posting.state == PostingState.HELD,
        Posting.held_by == Holder.PREFLIGHT,
    )
    with read_only_session() as session:
        return list(session.scalars(query.order_by(Posting.id)))


def _list_unchecked(posting_session: PostingSession) -> list[int]:
    """Return the postings that were never checked, or too long ago.

    A check in the future was made before the clock was set back. After a restore, postings in
    review are left out until QuickBooks was searched for postings that the database has forgotten.
    """
    company = posting_session.company
    states = [PostingState.READY]
    if not company.restored_since or company.restored_until:
        states.append(PostingState.REVIEW)

    now = posting_session.clock.now()
    never_checked = Posting.checked_at.is_(None)
    is_outdated = or_(Posting.checked_at < now - MAX_CHECK_AGE, Posting.checked_at > now)
    needs_check = or_(never_checked, (Posting.state == PostingState.READY) & is_outdated)
    own_ids = select(Posting.id).where(*posting_session.own_postings())
    with read_only_session() as session:
        due = session.scalars(own_ids.where(Posting.state.in_(states), needs_check)).all()
        waiting = session.scalars(
            own_ids.where(_waits_for_creation(), or_(never_checked, is_outdated))
        ).all()
    return sorted({*due, *waiting})


def _waits_for_creation() -> ColumnElement[bool]:
    """Return the condition that a posting waits for a record that the hub would create for it.

    It is checked before the record is created, so that none is created for a posting that is held.
    """
    record_is_planned = exists().where(
        _creation.id == Posting.after_id,
        _creation.state.in_(outbox.UNSENT),
        SourceDocument.id == _creation.document_id,
        SourceDocument.made_for != "",
    )
    is_waiting = Posting.state == PostingState.WAITING
    is_free = Posting.held_by == Holder.NOBODY
    return is_waiting & is_free & (Posting.operation != Operation.ATTACH) & record_is_planned


def _load_kinds_with_operations(ids: Sequence[int]) -> list[tuple[str, str]]:
    """Return the kinds of these postings, each with each of its operations."""
    if not ids:
        return []
    pairs = select(Posting.kind, Posting.operation).where(is_among(Posting.id, "ids")).distinct()
    with read_only_session() as session:
        return [(kind, operation) for kind, operation in session.execute(pairs, {"ids": list(ids)})]


def _check_chunk(
    session: Session,
    posting_session: PostingSession,
    ids: Sequence[int],
    twins: UnsentTwins,
    months: ReconciledMonths,
) -> None:
    """Check postings: mark those without findings as checked, hold the others."""
    postings = load_postings(session, ids, for_update=True)
    context = load_context(session, posting_session.company_id, postings, months)
    passed_ids, findings_by_id = _sort_by_findings(session, postings, context, twins)
    now = posting_session.clock.now()
    session.execute(update(Posting).where(Posting.id.in_(passed_ids)).values(checked_at=now))
    inbox.detach_all(session, passed_ids, keep=_list_file_causes(postings))
    _wait_for_removals(session, context, passed_ids)
    _add_warnings(session, context, postings, passed_ids)
    for id, findings in findings_by_id.items():
        posting = session.get_one(Posting, id)
        _hold(session, posting_session, posting, findings)


def _add_warnings(
    session: Session, context: CheckContext, postings: Sequence[CheckedPosting], ids: Sequence[int]
) -> None:
    """Add to the postings that passed what a person should know although they are sent."""
    for checked_posting in postings:
        warning = find_warning(checked_posting, context)
        if warning is None or checked_posting.id not in ids:
            continue
        posting = session.get_one(Posting, checked_posting.id)
        if warning not in posting.warnings:
            posting.warnings = [*posting.warnings, warning]


def _list_file_causes(postings: Iterable[CheckedPosting]) -> list[str]:
    """Return the causes of the cases about files that could not be fetched or attached.

    No check can tell whether the problem is solved, so these cases stay open until the files are
    attached.
    """
    return [
        build_posting_cause(posting.id, FILE_CASE)
        for posting in postings
        if posting.operation == Operation.ATTACH
    ]


def _check_held_chunk(
    session: Session,
    posting_session: PostingSession,
    ids: Sequence[int],
    twins: UnsentTwins,
    months: ReconciledMonths,
) -> None:
    """Check held postings again: release those without findings, update changed reasons."""
    posting_session.lock_settings(session)
    postings = load_postings(session, ids, (PostingState.HELD,), for_update=True)
    context = load_context(session, posting_session.company_id, postings, months)
    passed_ids, findings_by_id = _sort_by_findings(session, postings, context, twins)
    _release(session, posting_session, passed_ids, context)
    outdated_ids = _find_in_outdated_cases(session, findings_by_id)
    for id, findings in findings_by_id.items():
        posting = session.get_one(Posting, id)
        reasons = _list_reasons(findings)
        if id in outdated_ids or not texts.are_same(posting.reasons, reasons):
            _hold(session, posting_session, posting, findings)
        elif posting.reasons != reasons:
            posting.reasons = reasons  # an earlier version stored them as sentences


def _find_in_outdated_cases(
    session: Session, findings_by_id: Mapping[int, Sequence[Finding]]
) -> set[int]:
    """Return the held postings with an open case that is about none of their findings.

    Such cases were opened by earlier versions, which had one case for all apps of a company.
    """
    link = case_posting.c
    is_shared = or_(*(Case.cause.startswith(f"{problem}:") for problem in SHARED_PROBLEMS))
    open_cases = (
        select(link.posting_id, Case.cause)
        .join(Case, Case.id == link.case_id)
        .where(link.posting_id.in_(list(findings_by_id)), Case.closed_at.is_(None), is_shared)
    )
    outdated_ids = set()
    for id, cause in session.execute(open_cases):
        if cause not in {finding.build_cause(id) for finding in findings_by_id[id]}:
            outdated_ids.add(id)
    return outdated_ids


def _sort_by_findings(
    session: Session,
    postings: Sequence[CheckedPosting],
    context: CheckContext,
    twins: UnsentTwins,
) -> tuple[list[int], dict[int, list[Finding]]]:
    """Check postings; return the ids of those that pass, and the findings of the others."""
    passed_ids: list[int] = []
    findings_by_id: dict[int, list[Finding]] = {}
    twin_ids: dict[int, int] = {}
    for posting in postings:
        findings = find_problems(posting, context)
        twin_id = None if findings else twins.find_or_add(session, posting)
        if findings:
            findings_by_id[posting.id] = findings
        elif twin_id is not None:
            twin_ids[posting.id] = twin_id
        else:
            passed_ids.append(posting.id)
    return passed_ids, findings_by_id | build_findings(session, postings, twin_ids)


def _release(
    session: Session, posting_session: PostingSession, ids: Sequence[int], context: CheckContext
) -> None:
    """Release held postings, each to the initial state of its installation if that is known."""
    if not ids:
        return
    installations = select(Posting.id, Posting.installation_id).where(Posting.id.in_(ids))
    ids_by_installation: dict[int, list[int]] = defaultdict(list)
    for id, installation_id in session.execute(installations):
        ids_by_installation[installation_id].append(id)
    for installation_id, own_ids in ids_by_installation.items():
        initial_state = releases.find_initial_state(session, installation_id)
        if initial_state is None:
            continue
        releases.release_checked(session, own_ids, initial_state, posting_session.clock.now())
        inbox.detach_all(session, own_ids)
        _wait_for_removals(session, context, own_ids)


def _wait_for_removals(session: Session, context: CheckContext, ids: Sequence[int]) -> None:
    """Make postings wait for the removals of transactions that depend on their targets."""
    removals_by_posting = {}
    for id in ids:
        if id in context.removals:
            removals_by_posting[id] = context.removals[id]
    removals.wait_for_removals(session, removals_by_posting)


def _list_reasons(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return the reasons of findings as a posting stores them."""
    reasons = [finding.text for finding in findings]
    return texts.dump(*reasons)


def _hold(
    session: Session,
    posting_session: PostingSession,
    posting: Posting,
    findings: Sequence[Finding],
) -> None:
    """Hold a posting, with a case for each finding."""
    causes = {finding.build_cause(posting.id): finding for finding in findings}
    posting.state = PostingState.HELD
    posting.held_by = Holder.PREFLIGHT
    posting.reasons = _list_reasons(findings)
    posting.changed_at = posting_session.clock.now()
    inbox.detach(session, posting, keep=causes)
    for finding in causes.values():
        inbox.open_for_finding(session, finding, [posting])
