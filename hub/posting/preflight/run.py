"""Check postings before they are sent, without asking QuickBooks for anything."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from hub import context as hub_context
from hub import outbox, sources
from hub.cases import inbox
from hub.db.engine import reading, transaction
from hub.models import Case, Installation, Posting, SourceDocument, case_posting
from hub.models.enums import Holder, Operation, PostingState
from hub.posting.actions import removals
from hub.posting.outcome.session import PostingSession
from hub.posting.preflight.checks import find_problems
from hub.posting.preflight.context import CheckContext, Finding
from hub.posting.preflight.load import load_context
from hub.posting.preflight.postings import load_postings
from hub.posting.recovery import startup_scan
from hub.posting.recovery.resolve import doubt_after_restore
from hub.reasons import texts

CHUNK_SIZE = 300
MAX_CHECK_AGE = dt.timedelta(hours=1)  # then a posting is checked again, for records may change
_creation = aliased(Posting)  # once for all queries: an alias takes longer than most statements


def check(posting_session: PostingSession, *, include_held: bool = True) -> None:
    """Check the postings that are to be sent or reviewed, and those that the checks hold.

    A posting that may be in QuickBooks already is first looked for there, because it must not be
    held before that is known.
    """
    ids = _unchecked(posting_session)
    if doubt_after_restore(posting_session, ids):
        ids = _unchecked(posting_session)
    for kind in _created_kinds(ids):
        startup_scan.adopt_marked(posting_session, kind)
    for first in range(0, len(ids), CHUNK_SIZE):
        with transaction() as session:
            _check_chunk(session, posting_session, ids[first : first + CHUNK_SIZE])
        posting_session.report_progress("check", min(first + CHUNK_SIZE, len(ids)), len(ids))

    if not include_held:
        return
    held_ids = _held_by_checks(posting_session)
    for first in range(0, len(held_ids), CHUNK_SIZE):
        with transaction() as session:
            _check_held_chunk(session, posting_session, held_ids[first : first + CHUNK_SIZE])


def _held_by_checks(posting_session: PostingSession) -> list[int]:
    """Return the postings that the checks hold; what was read or posted since may release them."""
    query = select(Posting.id).where(
        *posting_session.own_postings(),
        Posting.state == PostingState.HELD,
        Posting.held_by == Holder.PREFLIGHT,
    )
    with reading() as session:
        return list(session.scalars(query.order_by(Posting.id)))


def _unchecked(posting_session: PostingSession) -> list[int]:
    """Return the postings that were never checked, or too long ago.

    After a restore, postings in review are left out until QuickBooks was searched for postings that
    the database has forgotten.
    """
    company = posting_session.company
    states = [PostingState.READY]
    if not company.restored_since or company.restored_until:
        states.append(PostingState.REVIEW)

    never_checked = Posting.checked_at.is_(None)
    outdated = Posting.checked_at < posting_session.clock.now() - MAX_CHECK_AGE
    needs_check = or_(never_checked, (Posting.state == PostingState.READY) & outdated)
    own_ids = select(Posting.id).where(*posting_session.own_postings())
    with reading() as session:
        due = session.scalars(own_ids.where(Posting.state.in_(states), needs_check)).all()
        waiting = session.scalars(
            own_ids.where(_waits_for_creation(), or_(never_checked, outdated))
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


def _created_kinds(ids: Sequence[int]) -> list[str]:
    """Return the kinds that these postings create."""
    if not ids:
        return []
    creations = Posting.id.in_(ids), Posting.operation == Operation.CREATE
    with reading() as session:
        return list(session.scalars(select(Posting.kind).where(*creations).distinct()))


def _check_chunk(session: Session, posting_session: PostingSession, ids: Sequence[int]) -> None:
    """Check postings: mark those without findings as checked, hold the others."""
    postings = load_postings(session, ids)
    context = load_context(session, posting_session.company_id, postings)
    findings = {posting.id: find_problems(posting, context) for posting in postings}
    passed = [id for id, problems in findings.items() if not problems]
    session.execute(
        update(Posting).where(Posting.id.in_(passed)).values(checked_at=posting_session.clock.now())
    )
    _close_cases(session, passed)
    _wait_for_removals(session, context, passed)
    for id, problems in findings.items():
        if problems:
            _hold(session, posting_session, session.get_one(Posting, id), problems)


def _check_held_chunk(
    session: Session, posting_session: PostingSession, ids: Sequence[int]
) -> None:
    """Check held postings again: release those without findings, update changed reasons."""
    postings = load_postings(session, ids, (PostingState.HELD,))
    context = load_context(session, posting_session.company_id, postings)
    findings = {posting.id: find_problems(posting, context) for posting in postings}
    passed = [id for id, problems in findings.items() if not problems]
    _release(session, posting_session, passed, context)
    for id, problems in findings.items():
        posting = session.get_one(Posting, id)
        if not problems:
            continue
        reasons = _reasons(problems)
        if not texts.are_same(posting.reasons, reasons):
            _hold(session, posting_session, posting, problems)
        elif posting.reasons != reasons:
            posting.reasons = reasons  # was stored as a sentence, before there were codes


def _release(
    session: Session, posting_session: PostingSession, ids: Sequence[int], context: CheckContext
) -> None:
    """Release held postings, each to the state in which postings of its installation begin."""
    if not ids:
        return
    ids_by_installation: dict[int, list[int]] = defaultdict(list)
    rows = select(Posting.id, Posting.installation_id).where(Posting.id.in_(ids))
    for id, installation_id in session.execute(rows):
        ids_by_installation[installation_id].append(id)
    for installation_id, own_ids in ids_by_installation.items():
        installation = session.get_one(Installation, installation_id)
        app = hub_context.current().plugins.apps.get(installation.slug)
        if app is None:
            continue
        begin = sources.initial_state(app, sources.settings_of(installation), installation.mode)
        outbox.release_checked(session, own_ids, begin, posting_session.clock.now())
        inbox.release_all(session, own_ids)
        _wait_for_removals(session, context, own_ids)


def _wait_for_removals(session: Session, context: CheckContext, ids: Sequence[int]) -> None:
    """Have postings wait for the removal of what depends on their targets."""
    awaited = {}
    for id in ids:
        if id in context.removals:
            awaited[id] = context.removals[id]
    removals.wait(session, awaited)


def _close_cases(session: Session, ids: Sequence[int]) -> None:
    """Remove postings from their open cases."""
    query = (
        select(case_posting.c.posting_id)
        .join(Case, Case.id == case_posting.c.case_id)
        .where(Case.closed_at.is_(None), case_posting.c.posting_id.in_(ids))
    )
    for id in set(session.scalars(query)):
        inbox.release(session, id)


def _reasons(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return the reasons of findings as a posting stores them."""
    return texts.dump(*(finding.text for finding in findings))


def _hold(
    session: Session,
    posting_session: PostingSession,
    posting: Posting,
    findings: Sequence[Finding],
) -> None:
    """Hold a posting, with a case for each finding."""
    causes = {
        finding.cause or f"posting:{posting.id}:{finding.key}": finding for finding in findings
    }
    posting.state = PostingState.HELD
    posting.held_by = Holder.PREFLIGHT
    posting.reasons = _reasons(findings)
    posting.changed_at = posting_session.clock.now()
    inbox.release(session, posting, keep=causes)
    for cause, finding in causes.items():
        inbox.open(
            session,
            cause,
            finding.text,
            company_id=posting.company_id,
            installation_id=posting.installation_id,
            details=dict(finding.details),
            postings=[posting],
        )
