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
from hub.posting.outcome.load import Past
from hub.posting.outcome.session import Worker
from hub.posting.protocol.decisions import CHANGES, decide
from hub.posting.protocol.history import Doubt, Hold, Look, Posted, Read, Send, Wait
from hub.posting.recovery import lookup

IN_VAIN = 3  # questions in a row, after which QuickBooks is left alone
T = TypeVar("T")


def leftovers(worker: Worker) -> None:
    """What another process, or an earlier life of this one, left while sending is in doubt from now on."""
    with reading() as session:
        found = session.scalars(
            select(Posting).where(*worker.mine(), Posting.state == "sending")
        ).all()
    if not found:
        return
    with transaction() as session:
        for posting in found:
            outcome_record.move(session, posting, "unknown")


def forgotten(worker: Worker, ids: Iterable[int]) -> bool:
    """After a restore what may have been posted is in doubt before anything is held against it; whether any is."""
    if not worker.company.restored_since:
        return False
    creates = Posting.id.in_(list(ids)), Posting.state == "ready", Posting.operation == "create"
    with reading() as session:
        pasts = outcome_load.load(
            session, worker, session.scalars(select(Posting.id).where(*creates))
        )
    doubtful = [one for one in pasts if isinstance(decide(one.history), Doubt)]
    carry(worker, doubtful)
    return bool(doubtful)


def doubts(worker: Worker) -> None:
    """Takes every doubt as far as it goes now."""
    ids = _unknown(worker)
    if ids:
        first_sight(worker, ids)
        with reading() as session:
            pasts = outcome_load.load(session, worker, ids)
        carry(worker, pasts)


def remaining(worker: Worker) -> float | None:
    """Seconds until the first doubt, or the first that QuickBooks had no room for, may go on; None without any."""
    now, put_off = worker.clock.now(), (Posting.state == "ready", Posting.operation != "attach")
    later = select(Posting.next_try_at).where(*worker.mine(), *put_off, ~outbox.is_due(now))
    with reading() as session:
        pasts = outcome_load.load(session, worker, _unknown(worker))
        waits = [(then - now).total_seconds() for then in session.scalars(later) if then]
    return min([one.history.quiet.left() for one in pasts] + waits, default=None)


def carry(worker: Worker, pasts: Iterable[Past]) -> list[tuple[Past, Send]]:
    """Carries out the steps of each posting until it rests; returns the ready ones that may be sent."""
    sendable: list[tuple[Past, Send]] = []
    going = list(pasts)
    while going:
        looking: list[Past] = []
        reads: list[tuple[Past, str]] = []
        for one in going:
            step = decide(one.history)
            if isinstance(step, Look):
                looking.append(one)
            elif isinstance(step, Read):
                reads.append((one, step.id))
            elif isinstance(step, Send) and one.posting.state == "ready":
                sendable.append((one, step))
            elif not isinstance(step, Wait):
                _finish(worker, one, step)
        going = [
            *_read(worker, reads),
            *_asked(worker, lookup.together(looking), partial(lookup.look, worker)),
        ]
    return sendable


def first_sight(worker: Worker, ids: Iterable[int]) -> None:
    """Stores QuickBooks' date at which a doubt of another process was first seen, and hears what date it is now."""
    with reading() as session:
        foreign = [
            posting
            for posting in session.scalars(select(Posting).where(Posting.id.in_(list(ids))))
            if (posting.id, posting.fence) not in worker.memory.ended
        ]
    if not foreign:
        return
    worker.ping()
    undated = [posting.id for posting in foreign if posting.doubted_date is None]
    if undated and worker.latest():
        with transaction() as session:
            new = update(Posting).where(Posting.id.in_(undated), Posting.doubted_date.is_(None))
            session.execute(new.values(doubted_date=worker.latest()))


def _unknown(worker: Worker) -> list[int]:
    with reading() as session:
        return list(
            session.scalars(select(Posting.id).where(*worker.mine(), Posting.state == "unknown"))
        )


def _read(worker: Worker, reads: Iterable[tuple[Past, str]]) -> list[Past]:
    return _asked(worker, reads, lambda read: [lookup.read(worker, *read)])


def _asked(worker: Worker, questions: Iterable[T], ask: Callable[[T], list[Past]]) -> list[Past]:
    """What QuickBooks tells; what it does not answer stays in doubt and stops no other, unless it answers nothing."""
    told, vain = list[Past](), 0
    for question in questions:
        try:
            told += ask(question)
            vain = 0
        except HubError as error:
            worker.trouble(error)
            vain += 1
            if vain == IN_VAIN or isinstance(error, NeedsAttention):
                break
    return told


def _finish(worker: Worker, one: Past, step: object) -> None:
    if isinstance(step, Posted) and not _is_shown(one, step):
        found = one.shown.get(step.id)
        shown = [replace(one, entity=found)] if found else _read(worker, [(one, step.id)])
        if not shown or (shown[0].history.read and shown[0].history.read.state != "live"):
            return
        one = shown[0]
    with transaction() as session:
        if (
            isinstance(step, (Send, Hold))
            and one.history.operation in CHANGES
            and one.history.state == "unknown"
        ):
            session.add(lookup.proof(worker, one, worker.date or worker.clock.now()))
        if outcome_record.write(session, worker, one, step):  # type: ignore[arg-type]
            worker.counts[type(step).__name__.lower()] += 1


def _is_shown(one: Past, step: Posted) -> bool:
    """Whether the whole of it was shown, so that it can be compared with what was meant."""
    if one.history.operation in outbox.REMOVALS:
        return True
    return one.entity is not None and str(one.entity.get("Id")) == step.id
