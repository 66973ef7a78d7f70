"""Resolve doubts: advance postings step by step until each is posted, held, sendable or has to wait."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from sqlalchemy import select, update

from hub import outbox
from hub.db.engine import reading, transaction
from hub.errors import HubError, NeedsAttention
from hub.models import Posting
from hub.models.enums import CHANGE_OPERATIONS
from hub.posting.outcome import load as outcome_load
from hub.posting.outcome import record as outcome_record
from hub.posting.outcome.load import PostingSnapshot
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.decisions import decide
from hub.posting.protocol.history import Doubt, Hold, Posted, Read, Search, Send, Wait
from hub.posting.recovery import lookup

MAX_CONSECUTIVE_FAILURES = 3  # questions in a row, after which QuickBooks is left alone
T = TypeVar("T")


def mark_interrupted_unknown(posting_session: PostingSession) -> None:
    """Treat what another process, or an earlier life of this one, was sending as in doubt."""
    interrupted = select(Posting).where(*posting_session.own_postings(), Posting.state == "sending")
    with reading() as session:
        postings = session.scalars(interrupted).all()
    if not postings:
        return
    with transaction() as session:
        for posting in postings:
            outcome_record.move(session, posting, "unknown")


def doubt_after_restore(posting_session: PostingSession, ids: Iterable[int]) -> bool:
    """After a restore, resolve what may have been posted before anything is held; return if any was."""
    if not posting_session.company.restored_since:
        return False
    creations = select(Posting.id).where(
        Posting.id.in_(list(ids)), Posting.state == "ready", Posting.operation == "create"
    )
    with reading() as session:
        states = outcome_load.load_snapshots(session, posting_session, session.scalars(creations))
    doubtful = [one for one in states if isinstance(decide(one.history), Doubt)]
    advance_until_idle(posting_session, doubtful)
    return bool(doubtful)


def resolve_doubts(posting_session: PostingSession) -> None:
    """Advance every posting in doubt as far as possible now."""
    ids = _unknown(posting_session)
    if not ids:
        return
    record_first_sight(posting_session, ids)
    with reading() as session:
        states = outcome_load.load_snapshots(session, posting_session, ids)
    advance_until_idle(posting_session, states)


def seconds_until_next(posting_session: PostingSession) -> float | None:
    """Return the seconds until the first doubt, or the first postponed posting, may go on.

    None if there is neither.
    """
    now = posting_session.clock.now()
    postponed = select(Posting.next_try_at).where(
        *posting_session.own_postings(),
        Posting.state == "ready",
        Posting.operation != "attach",
        ~outbox.is_due(now),
    )
    with reading() as session:
        states = outcome_load.load_snapshots(session, posting_session, _unknown(posting_session))
        waits = [one.history.quiet_period.seconds_left() for one in states]
        for due_at in session.scalars(postponed):
            if due_at:
                waits.append((due_at - now).total_seconds())
    return min(waits, default=None)


def advance_until_idle(
    posting_session: PostingSession, snapshots: Iterable[PostingSnapshot]
) -> list[tuple[PostingSnapshot, Send]]:
    """Carry out the steps of each posting until it rests; return the ready ones that may be sent."""
    sendable: list[tuple[PostingSnapshot, Send]] = []
    active = list(snapshots)
    while active:
        searches: list[PostingSnapshot] = []
        reads: list[tuple[PostingSnapshot, str]] = []
        for one in active:
            step = decide(one.history)
            if isinstance(step, Search):
                searches.append(one)
            elif isinstance(step, Read):
                reads.append((one, step.id))
            elif isinstance(step, Send) and one.posting.state == "ready":
                sendable.append((one, step))
            elif not isinstance(step, Wait):
                _finish(posting_session, one, step)
        look = partial(lookup.look, posting_session)
        active = [
            *_read(posting_session, reads),
            *_ask_quickbooks(posting_session, lookup.together(searches), look),
        ]
    return sendable


def record_first_sight(posting_session: PostingSession, ids: Iterable[int]) -> None:
    """Store QuickBooks' date at which a doubt of another process was first seen."""
    with reading() as session:
        postings = session.scalars(select(Posting).where(Posting.id.in_(list(ids)))).all()
    ended = posting_session.memory.ended
    foreign = [posting for posting in postings if (posting.id, posting.fence) not in ended]
    if not foreign:
        return
    posting_session.fetch_date()
    undated = [posting.id for posting in foreign if posting.doubted_date is None]
    if not undated or not posting_session.latest():
        return
    with transaction() as session:
        session.execute(
            update(Posting)
            .where(Posting.id.in_(undated), Posting.doubted_date.is_(None))
            .values(doubted_date=posting_session.latest())
        )


def _unknown(posting_session: PostingSession) -> list[int]:
    with reading() as session:
        return list(
            session.scalars(
                select(Posting.id).where(
                    *posting_session.own_postings(), Posting.state == "unknown"
                )
            )
        )


def _read(
    posting_session: PostingSession, reads: Iterable[tuple[PostingSnapshot, str]]
) -> list[PostingSnapshot]:
    return _ask_quickbooks(
        posting_session, reads, lambda read: [lookup.read(posting_session, *read)]
    )


def _ask_quickbooks(
    posting_session: PostingSession,
    questions: Iterable[T],
    ask: Callable[[T], list[PostingSnapshot]],
) -> list[PostingSnapshot]:
    """Ask QuickBooks one question after the other and return the states with the answers.

    A question without an answer leaves its postings in doubt and does not stop the others, unless
    several in a row get no answer.
    """
    states: list[PostingSnapshot] = []
    failures = 0
    for question in questions:
        try:
            states += ask(question)
            failures = 0
        except HubError as error:
            posting_session.trouble(error)
            failures += 1
            if failures == MAX_CONSECUTIVE_FAILURES or isinstance(error, NeedsAttention):
                break
    return states


def _finish(posting_session: PostingSession, one: PostingSnapshot, step: object) -> None:
    """Record the step that ends a posting's way for now, with the whole entity if it is posted."""
    if isinstance(step, Posted) and not _is_shown(one, step):
        complete = _with_entity(posting_session, one, step.id)
        if complete is None:
            return
        one = complete
    history = one.history
    with transaction() as session:
        is_doubtful_change = history.operation in CHANGE_OPERATIONS and history.state == "unknown"
        if is_doubtful_change and isinstance(step, (Send, Hold)):
            now = posting_session.date or posting_session.clock.now()
            session.add(lookup.proof(posting_session, one, now))
        if outcome_record.apply_step(session, posting_session, one, step):  # type: ignore[arg-type]
            posting_session.counts[type(step).__name__.lower()] += 1


def _with_entity(
    posting_session: PostingSession, one: PostingSnapshot, id: str
) -> PostingSnapshot | None:
    """Return the state with the whole entity of this id; None if it cannot be read or is not live."""
    entity = one.search_entities.get(id)
    states = [replace(one, entity=entity)] if entity else _read(posting_session, [(one, id)])
    if not states:
        return None
    current = states[0].history.current
    if current and current.state != "live":
        return None
    return states[0]


def _is_shown(one: PostingSnapshot, step: Posted) -> bool:
    """Whether the whole of it was shown, so that it can be compared with what was meant."""
    if one.history.operation in outbox.REMOVALS:
        return True
    return one.entity is not None and str(one.entity.get("Id")) == step.id
