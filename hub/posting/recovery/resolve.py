"""Resolve doubts: advance postings until each is posted, held, sendable or has to wait."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub import outbox
from hub.contract.document_kinds import LIST_KINDS
from hub.db import bulk
from hub.db.engine import read_only_session, transaction
from hub.errors import HubError, NeedsAttention, WorkInterrupted
from hub.models import Posting
from hub.models.enums import CHANGE_OPERATIONS, Operation, PostingState, TransactionState
from hub.posting.outcome.load import PostingSnapshot, load_snapshots
from hub.posting.outcome.record import apply_step, change_state
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.decisions import decide
from hub.posting.protocol.history import Doubt, Hold, Posted, Read, Search, Send, Step, Wait
from hub.posting.recovery import complete_search, single_read
from hub.posting.recovery.index_lookup import find_ids_of_other_postings, lock_head

MAX_CONSECUTIVE_FAILURES = 3  # look-ups without a response, after which no more are made
T = TypeVar("T")


def mark_interrupted_as_unknown(posting_session: PostingSession) -> None:
    """Mark postings as in doubt that another process, or this one before a restart, was sending."""
    query = (
        select(Posting)
        .where(*posting_session.own_postings(), Posting.state == PostingState.SENDING)
        .order_by(Posting.id)  # the order in which postings are locked
    )
    with read_only_session() as session:
        interrupted_postings = session.scalars(query).all()
    if not interrupted_postings:
        return
    with transaction() as session:
        for posting in interrupted_postings:
            change_state(session, posting, PostingState.UNKNOWN)


def doubt_after_restore(posting_session: PostingSession, ids: Iterable[int]) -> bool:
    """Mark creations as in doubt that may have been posted before a restore.

    Return whether there were any. Call this before any check may hold them.
    """
    if not posting_session.company.restored_since:
        return False
    creations = select(Posting.id).where(
        bulk.is_among(Posting.id, "ids"),
        Posting.state == PostingState.READY,
        Posting.operation == Operation.CREATE,
    )
    with read_only_session() as session:
        ready_ids = session.scalars(creations, {"ids": list(ids)})
        snapshots = load_snapshots(session, posting_session, ready_ids)
    doubtful = [snapshot for snapshot in snapshots if isinstance(decide(snapshot.history), Doubt)]
    advance_until_idle(posting_session, doubtful)
    return bool(doubtful)


def resolve_doubts(posting_session: PostingSession) -> None:
    """Advance every posting in doubt as far as possible now."""
    ids = _load_ids_in_doubt(posting_session)
    if not ids:
        return
    record_first_sight(posting_session, ids)
    with read_only_session() as session:
        snapshots = load_snapshots(session, posting_session, ids)
    advance_until_idle(posting_session, snapshots)


def compute_seconds_until_next(posting_session: PostingSession) -> float | None:
    """Return the seconds until the first doubt, or the first postponed posting, may continue.

    None if there is neither.
    """
    now = posting_session.clock.now()
    retry_times = select(Posting.next_try_at).where(
        *posting_session.own_postings(),
        Posting.state == PostingState.READY,
        Posting.operation != Operation.ATTACH,
        ~outbox.is_due(now),
    )
    ids = _load_ids_in_doubt(posting_session)
    with read_only_session() as session:
        snapshots = load_snapshots(session, posting_session, ids)
        waits = [snapshot.history.quiet_period.seconds_left() for snapshot in snapshots]
        for due_at in session.scalars(retry_times):
            if due_at:
                waits.append((due_at - now).total_seconds())
    return min(waits, default=None)


def advance_until_idle(
    posting_session: PostingSession, snapshots: Iterable[PostingSnapshot]
) -> list[tuple[PostingSnapshot, Send]]:
    """Carry out the steps of each posting until nothing is left to do now.

    Return the postings that may be sent, each with its step.
    """
    sendable: list[tuple[PostingSnapshot, Send]] = []
    active = list(snapshots)
    while active:
        to_search: list[PostingSnapshot] = []
        to_read: list[tuple[PostingSnapshot, str]] = []
        for snapshot in active:
            step = decide(snapshot.history)
            if isinstance(step, Search):
                to_search.append(snapshot)
            elif isinstance(step, Read):
                to_read.append((snapshot, step.id))
            elif isinstance(step, Send) and snapshot.posting.state == PostingState.READY:
                sendable.append((snapshot, step))
            elif not isinstance(step, Wait):
                _finish(posting_session, snapshot, step)
        active = [*_read(posting_session, to_read), *_search(posting_session, to_search)]
    return sendable


def record_first_sight(posting_session: PostingSession, ids: Iterable[int]) -> None:
    """Store QuickBooks' date when this process first sees the doubts of other processes."""
    query = select(Posting).where(bulk.is_among(Posting.id, "ids"))
    with read_only_session() as session:
        postings = session.scalars(query, {"ids": list(ids)}).all()
    own_calls = posting_session.memory.call_ends
    others = [posting for posting in postings if (posting.id, posting.fence) not in own_calls]
    if not others:
        return
    posting_session.fetch_date()
    date = posting_session.latest_possible_date()
    undated_ids = [posting.id for posting in others if posting.doubted_date is None]
    if not undated_ids or not date:
        return
    is_undated = (bulk.is_among(Posting.id, "ids"), Posting.doubted_date.is_(None))
    still_undated = update(Posting).where(bulk.is_locked_in_order(Posting.id, *is_undated))
    with transaction() as session:
        session.execute(still_undated.values(doubted_date=date), {"ids": undated_ids})


def _load_ids_in_doubt(posting_session: PostingSession) -> list[int]:
    query = select(Posting.id).where(
        *posting_session.own_postings(), Posting.state == PostingState.UNKNOWN
    )
    with read_only_session() as session:
        return list(session.scalars(query))


def _read(
    posting_session: PostingSession, reads: Iterable[tuple[PostingSnapshot, str]]
) -> list[PostingSnapshot]:
    """Return the snapshots with the objects that QuickBooks has under these ids."""

    def read(question: tuple[PostingSnapshot, str]) -> list[PostingSnapshot]:
        snapshot, id = question
        posting_session.unread_ids.add(snapshot.id)
        current = single_read.read_object(posting_session, snapshot, id)
        posting_session.unread_ids.discard(snapshot.id)
        return [current]

    return _ask_quickbooks(posting_session, reads, read)


def _search(
    posting_session: PostingSession, snapshots: Iterable[PostingSnapshot]
) -> list[PostingSnapshot]:
    groups = complete_search.group_searches(snapshots)
    search = partial(complete_search.search_postings, posting_session)
    return _ask_quickbooks(posting_session, groups, search)


def _ask_quickbooks(
    posting_session: PostingSession,
    questions: Iterable[T],
    ask: Callable[[T], list[PostingSnapshot]],
) -> list[PostingSnapshot]:
    """Look up one item after another in QuickBooks; return the snapshots with the results.

    A look-up that fails leaves its postings in doubt. After `MAX_CONSECUTIVE_FAILURES` failures in
    a row, the remaining items are not looked up.
    """
    snapshots: list[PostingSnapshot] = []
    failures = 0
    for question in questions:
        try:
            snapshots += ask(question)
            failures = 0
        except WorkInterrupted:
            raise
        except HubError as error:
            posting_session.report_error(error)
            failures += 1
            if failures == MAX_CONSECUTIVE_FAILURES or isinstance(error, NeedsAttention):
                break
    return snapshots


def _finish(posting_session: PostingSession, snapshot: PostingSnapshot, step: Step) -> None:
    """Record the last step of a posting, with the whole entity if it is posted."""
    if isinstance(step, Posted) and not _has_whole_entity(snapshot, step):
        complete = _add_entity(posting_session, snapshot, step.id)
        if complete is None:
            return
        snapshot = complete
    history = snapshot.history
    is_change = history.operation in CHANGE_OPERATIONS
    is_in_doubt = history.state == PostingState.UNKNOWN
    with transaction() as session:
        if _is_adopted_elsewhere(session, snapshot, step):
            return
        # A change in doubt is sent again or held only after a proof that it has not landed.
        if is_change and is_in_doubt and isinstance(step, (Send, Hold)):
            now = posting_session.date_or_now()
            proof = complete_search.build_search_proof(posting_session, snapshot, now)
            session.add(proof)
        if apply_step(session, posting_session, snapshot, step):
            posting_session.count_unsent_step(step, snapshot.posting)


def _is_adopted_elsewhere(session: Session, snapshot: PostingSnapshot, step: Step) -> bool:
    """Return whether a transaction to adopt was adopted for another posting since the search.

    List entries do not count: several postings may be the same entry.
    """
    if not isinstance(step, Posted) or not step.adopted or snapshot.posting.kind in LIST_KINDS:
        return False
    lock_head(session, snapshot.posting, step.id)
    return bool(find_ids_of_other_postings(session, snapshot.posting, [step.id]))


def _add_entity(
    posting_session: PostingSession, snapshot: PostingSnapshot, id: str
) -> PostingSnapshot | None:
    """Return the snapshot with the whole entity of this id; None if it is not live or not read."""
    entity = snapshot.search_entities.get(id)
    if entity:
        return replace(snapshot, entity=entity)
    snapshots = _read(posting_session, [(snapshot, id)])
    if not snapshots:
        return None
    complete = snapshots[0]
    current = complete.history.current
    if current and current.state != TransactionState.LIVE:
        return None
    return complete


def _has_whole_entity(snapshot: PostingSnapshot, step: Posted) -> bool:
    """Return whether the whole entity is known, so that it can be compared with the posting."""
    if snapshot.history.operation in outbox.REMOVALS:
        return True
    entity = snapshot.entity
    if entity is None:
        return False
    return str(entity.get("Id")) == step.id
