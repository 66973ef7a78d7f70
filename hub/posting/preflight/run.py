"""Check postings before they are sent, without asking QuickBooks for anything."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from hub import context as hub_context
from hub import outbox, sources
from hub.cases import inbox
from hub.db.engine import reading, transaction
from hub.models import Case, Installation, Posting, SourceDocument, case_posting
from hub.posting.actions import removals
from hub.posting.outcome.session import PostingSession
from hub.posting.preflight.checks import find_problems
from hub.posting.preflight.context import CheckContext, Finding
from hub.posting.preflight.load import load, read
from hub.posting.recovery import resolve as recovery_resolve
from hub.posting.recovery import startup_scan

AT_ONCE = 300
_creation = aliased(Posting)  # made once: making an alias takes longer than most statements
STALE = dt.timedelta(hours=1)  # after which what waits is checked again, for records change


def check(posting_session: PostingSession, *, held: bool = True) -> None:
    """Check what is about to be sent or reviewed, and unless told otherwise what earlier checks hold.

    What may be in QuickBooks already, or is by its mark, is not held before that is known.
    """
    ids = _unchecked(posting_session)
    if recovery_resolve.doubt_after_restore(posting_session, ids):
        ids = _unchecked(posting_session)
    for kind in _kinds(ids) if ids else ():
        startup_scan.adopt(posting_session, kind)
    for first in range(0, len(ids), AT_ONCE):
        with transaction() as session:
            _check(session, posting_session, ids[first : first + AT_ONCE])
        posting_session.report_progress("check", min(first + AT_ONCE, len(ids)), len(ids))
    ids = _held(posting_session) if held else []
    for first in range(0, len(ids), AT_ONCE):
        with transaction() as session:
            _check_held(session, posting_session, ids[first : first + AT_ONCE])


def _held(posting_session: PostingSession) -> list[int]:
    """Return what the checks hold: the reason may have ceased since, by what was read or posted."""
    mine = *posting_session.own_postings(), Posting.state == "held", Posting.hold == "preflight"
    with reading() as session:
        return list(session.scalars(select(Posting.id).where(*mine).order_by(Posting.id)))


def _unchecked(posting_session: PostingSession) -> list[int]:
    """After a restore what waits for a person is checked when QuickBooks was searched for what was forgotten."""
    searched = not posting_session.company.restored_since or posting_session.company.restored_until
    old = Posting.checked_at < posting_session.clock.now() - STALE
    states = Posting.state.in_(("ready", "review") if searched else ("ready",))
    unchecked = or_(Posting.checked_at.is_(None), and_(Posting.state == "ready", old))
    before_creations = or_(Posting.checked_at.is_(None), old)
    mine = select(Posting.id).where(*posting_session.own_postings())
    with reading() as session:
        due = session.scalars(mine.where(states, unchecked)).all()
        waiting = session.scalars(mine.where(*_waits_for_a_creation(), before_creations)).all()
    return sorted({*due, *waiting})


def _waits_for_a_creation() -> list[ColumnElement[bool]]:
    """Whether a posting waits for a record that would be made for it: it is checked before that is made."""
    made = exists().where(
        _creation.id == Posting.after_id,
        _creation.state.in_(outbox.UNSENT),
        SourceDocument.id == _creation.document_id,
        SourceDocument.made_for != "",
    )
    waits = Posting.state == "waiting", Posting.hold == "", Posting.operation != "attach"
    return [*waits, made]


def _kinds(ids: Sequence[int]) -> list[str]:
    with reading() as session:
        creates = Posting.id.in_(ids), Posting.operation == "create"
        return list(session.scalars(select(Posting.kind).where(*creates).distinct()))


def _check(session: Session, posting_session: PostingSession, ids: Sequence[int]) -> None:
    """Check postings: mark those without findings as checked, hold the others."""
    postings = read(session, ids)
    context = load(session, posting_session.company_id, postings)
    findings = {posting.id: find_problems(posting, context) for posting in postings}
    passed = [posting.id for posting in postings if not findings[posting.id]]
    session.execute(
        update(Posting).where(Posting.id.in_(passed)).values(checked_at=posting_session.clock.now())
    )
    _release(session, passed)
    awaited_removals = {id: context.removals[id] for id in passed if id in context.removals}
    removals.wait(session, awaited_removals)
    for posting in postings:
        if findings[posting.id]:
            row = session.get_one(Posting, posting.id)
            _hold(session, posting_session, row, findings[posting.id])


def _check_held(session: Session, posting_session: PostingSession, ids: Sequence[int]) -> None:
    """Release what nothing stops any more, and renew the reasons of the rest where they have changed."""
    postings = read(session, ids, ("held",))
    context = load(session, posting_session.company_id, postings)
    found = {posting.id: find_problems(posting, context) for posting in postings}
    _set_free(
        session, posting_session, [id for id, stopped in found.items() if not stopped], context
    )
    for posting in postings:
        row, stopped = session.get_one(Posting, posting.id), found[posting.id]
        if stopped and row.reason != _reason(stopped):
            _hold(session, posting_session, row, stopped)


def _set_free(
    session: Session, posting_session: PostingSession, ids: Sequence[int], context: CheckContext
) -> None:
    """Let postings begin again, each where its installation's postings begin."""
    of: dict[int, list[int]] = defaultdict(list)
    rows = select(Posting.id, Posting.installation_id).where(Posting.id.in_(ids))
    for id, installation_id in session.execute(rows) if ids else ():
        of[installation_id].append(id)
    for installation_id, theirs in of.items():
        installation = session.get_one(Installation, installation_id)
        app = hub_context.current().plugins.apps.get(installation.slug)
        if app is None:
            continue
        begin = sources.initial_state(app, sources.settings_of(installation), installation.mode)
        outbox.release_checked(session, theirs, begin, posting_session.clock.now())
        inbox.release_all(session, theirs)
        removals.wait(
            session, {id: context.removals[id] for id in theirs if id in context.removals}
        )


def _release(session: Session, ids: Sequence[int]) -> None:
    """Those that had open cases leave them."""
    link = case_posting.c
    held = (
        select(link.posting_id).join(Case, Case.id == link.case_id).where(Case.closed_at.is_(None))
    )
    for id in set(session.scalars(held.where(link.posting_id.in_(ids)))):
        inbox.release(session, id)


def _reason(found: Sequence[Finding]) -> str:
    return " ".join(f"{problem.title}. {problem.reason}" for problem in found)


def _hold(
    session: Session, posting_session: PostingSession, posting: Posting, found: Sequence[Finding]
) -> None:
    causes = {problem.cause or f"posting:{posting.id}:{problem.own}": problem for problem in found}
    posting.state, posting.hold, posting.changed_at = (
        "held",
        "preflight",
        posting_session.clock.now(),
    )
    posting.reason = _reason(found)
    inbox.release(session, posting, keep=causes)
    for cause, problem in causes.items():
        inbox.open(
            session,
            cause,
            title=problem.title,
            reason=problem.reason,
            act=problem.act,
            do=problem.do,
            company_id=posting.company_id,
            installation_id=posting.installation_id,
            details=dict(problem.details),
            postings=[posting],
        )
