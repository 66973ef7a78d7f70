"""Doubts: carries postings step by step until each rests, waiting, looking, adopting or sending again."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from sqlalchemy import select, update

from hub import outbox
from hub.db.engine import reading, transaction
from hub.errors import HubError, NeedsAttention
from hub.models import Posting
from hub.posting.outcome import load as outcome_load
from hub.posting.outcome import record as outcome_record
from hub.posting.outcome.load import PostingState
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.decisions import CHANGES, decide
from hub.posting.protocol.history import Doubt, Hold, Look, Posted, Read, Send, Wait
from hub.posting.recovery import lookup

MAX_CONSECUTIVE_FAILURES = 3  # questions in a row, after which QuickBooks is left alone
T = TypeVar("T")


def mark_interrupted_unknown(posting_session: PostingSession) -> None:
    """What another process, or an earlier life of this one, left while sending is in doubt from now on."""
    with reading() as session:
        found = session.scalars(
            select(Posting).where(*posting_session.own_postings(), Posting.state == "sending")
        ).all()
    if not found:
        return
    with transaction() as session:
        for posting in found:
            outcome_record.move(session, posting, "unknown")


def doubt_after_restore(posting_session: PostingSession, ids: Iterable[int]) -> bool:
    """After a restore what may have been posted is in doubt before anything is held against it; whether any is."""
    if not posting_session.company.restored_since:
        return False
    creates = Posting.id.in_(list(ids)), Posting.state == "ready", Posting.operation == "create"
    with reading() as session:
        posting_states = outcome_load.load_states(
            session, posting_session, session.scalars(select(Posting.id).where(*creates))
        )
    doubtful = [one for one in posting_states if isinstance(decide(one.history), Doubt)]
    advance_until_idle(posting_session, doubtful)
    return bool(doubtful)


def resolve_doubts(posting_session: PostingSession) -> None:
    """Takes every doubt as far as it goes now."""
    ids = _unknown(posting_session)
    if ids:
        record_first_sight(posting_session, ids)
        with reading() as session:
            posting_states = outcome_load.load_states(session, posting_session, ids)
        advance_until_idle(posting_session, posting_states)


def seconds_until_next(posting_session: PostingSession) -> float | None:
    """Seconds until the first doubt, or the first that QuickBooks had no room for, may go on; None without any."""
    now, put_off = (
        posting_session.clock.now(),
        (Posting.state == "ready", Posting.operation != "attach"),
    )
    later = select(Posting.next_try_at).where(
        *posting_session.own_postings(), *put_off, ~outbox.is_due(now)
    )
    with reading() as session:
        posting_states = outcome_load.load_states(
            session, posting_session, _unknown(posting_session)
        )
        waits = [(then - now).total_seconds() for then in session.scalars(later) if then]
    return min([one.history.quiet.seconds_left() for one in posting_states] + waits, default=None)


def advance_until_idle(
    posting_session: PostingSession, posting_states: Iterable[PostingState]
) -> list[tuple[PostingState, Send]]:
    """Carries out the steps of each posting until it rests; returns the ready ones that may be sent."""
    sendable: list[tuple[PostingState, Send]] = []
    going = list(posting_states)
    while going:
        looking: list[PostingState] = []
        reads: list[tuple[PostingState, str]] = []
        for one in going:
            step = decide(one.history)
            if isinstance(step, Look):
                looking.append(one)
            elif isinstance(step, Read):
                reads.append((one, step.id))
            elif isinstance(step, Send) and one.posting.state == "ready":
                sendable.append((one, step))
            elif not isinstance(step, Wait):
                _finish(posting_session, one, step)
        going = [
            *_read(posting_session, reads),
            *_asked(
                posting_session, lookup.together(looking), partial(lookup.look, posting_session)
            ),
        ]
    return sendable


def record_first_sight(posting_session: PostingSession, ids: Iterable[int]) -> None:
    """Stores QuickBooks' date at which a doubt of another process was first seen, and hears what date it is now."""
    with reading() as session:
        foreign = [
            posting
            for posting in session.scalars(select(Posting).where(Posting.id.in_(list(ids))))
            if (posting.id, posting.fence) not in posting_session.memory.ended
        ]
    if not foreign:
        return
    posting_session.fetch_date()
    undated = [posting.id for posting in foreign if posting.doubted_date is None]
    if undated and posting_session.latest():
        with transaction() as session:
            new = update(Posting).where(Posting.id.in_(undated), Posting.doubted_date.is_(None))
            session.execute(new.values(doubted_date=posting_session.latest()))


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
    posting_session: PostingSession, reads: Iterable[tuple[PostingState, str]]
) -> list[PostingState]:
    return _asked(posting_session, reads, lambda read: [lookup.read(posting_session, *read)])


def _asked(
    posting_session: PostingSession, questions: Iterable[T], ask: Callable[[T], list[PostingState]]
) -> list[PostingState]:
    """What QuickBooks tells; what it does not answer stays in doubt and stops no other, unless it answers nothing."""
    told, vain = list[PostingState](), 0
    for question in questions:
        try:
            told += ask(question)
            vain = 0
        except HubError as error:
            posting_session.trouble(error)
            vain += 1
            if vain == MAX_CONSECUTIVE_FAILURES or isinstance(error, NeedsAttention):
                break
    return told


def _finish(posting_session: PostingSession, one: PostingState, step: object) -> None:
    if isinstance(step, Posted) and not _is_shown(one, step):
        found = one.search_entities.get(step.id)
        shown = [replace(one, entity=found)] if found else _read(posting_session, [(one, step.id)])
        if not shown or (shown[0].history.read and shown[0].history.read.state != "live"):
            return
        one = shown[0]
    with transaction() as session:
        if (
            isinstance(step, (Send, Hold))
            and one.history.operation in CHANGES
            and one.history.state == "unknown"
        ):
            session.add(
                lookup.proof(
                    posting_session, one, posting_session.date or posting_session.clock.now()
                )
            )
        if outcome_record.apply_step(session, posting_session, one, step):  # type: ignore[arg-type]
            posting_session.counts[type(step).__name__.lower()] += 1


def _is_shown(one: PostingState, step: Posted) -> bool:
    """Whether the whole of it was shown, so that it can be compared with what was meant."""
    if one.history.operation in outbox.REMOVALS:
        return True
    return one.entity is not None and str(one.entity.get("Id")) == step.id
