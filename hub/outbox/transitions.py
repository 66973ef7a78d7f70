"""Change the state of postings; each change is an update guarded by the previous state."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Integer,
    Table,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session, aliased, defer, joinedload

from hub import context as hub_context
from hub.cases import inbox
from hub.db import bulk
from hub.models import Attempt, Company, Posting, SourceDocument
from hub.models.postings import PARTIES_AND_ITEMS
from hub.outbox.placeholders import fill, records
from hub.outbox.planning import (
    HARMLESS,
    IN_FLIGHT,
    REMOVALS,
    REMOVED_BY,
    UNNEEDED,
    UNSENT,
    key_of,
    may_have_landed,
    rekey,
)

ENDED = ("skipped", "withdrawn")
RETRIED = ("held", "waiting", "skipped", "unknown")
LONGEST_PAUSE = dt.timedelta(hours=1)
_other = aliased(Posting)  # made once: making an alias takes longer than most statements
_stale = exists().where(
    SourceDocument.id == Posting.document_id,
    SourceDocument.made_for == "",  # the source knows no document for what is made for a code
    or_(SourceDocument.reread, SourceDocument.absent_at.is_not(None)),
)
_persons_removal = and_(
    Posting.operation.in_(REMOVALS), Posting.meaning[REMOVED_BY].as_string().is_not(None)
)
# A document that is marked for rereading, or that its source last did not have, is read again
# before its first send. A posting that was sent goes on: QuickBooks is asked for its result. A file
# follows its parent, which is there. A removal
# that a person wants does not depend on what the source says.
IS_CURRENT = or_(
    ~_stale,
    Posting.operation == "attach",
    _persons_removal,
    exists().where(Attempt.posting_id == Posting.id, Attempt.outcome.not_in(HARMLESS)),
)
BUSY = exists().where(_other.document_id == Posting.document_id, _other.state.in_(IN_FLIGHT))
UNSYNCHRONISED = {"synchronize_session": False}
KEYED = (
    joinedload(Posting.document).defer(SourceDocument.body),
    defer(Posting.payload),
    defer(Posting.meaning),
)
_postings = cast(Table, Posting.__table__)
_NEW = insert(cast(Table, Attempt.__table__))
_READY = (
    select(
        _postings.c.id,
        _postings.c.document_id,
        _postings.c.revision,
        _postings.c.checked_at.is_not(None),
    )
    .where(bulk.among(_postings.c.id, "ids"), _postings.c.state == "ready", ~BUSY)
    .order_by(_postings.c.id)
)
_HELD = (
    select(_postings.c.id, _postings.c.fence, _postings.c.state)
    .where(bulk.among(_postings.c.id, "ids"))
    .order_by(_postings.c.id)
    .with_for_update()
)


class ClaimedPosting(NamedTuple):
    """A posting claimed for sending: its payload and the key of its request."""

    id: int
    kind: str
    operation: str
    generation: int
    requestid: str
    payload: bytes


BatchPlace = tuple[str, str]  # the key of a batch and a bId in it
Compose = Callable[[Sequence[ClaimedPosting]], Mapping[int, BatchPlace]]
_newest = select(Company.newest_date).where(Company.id == _postings.c.company_id).scalar_subquery()
_TAKEN = (
    update(_postings)
    .where(bulk.among(_postings.c.id, "ids"), _postings.c.state == "ready")
    .values(
        state="sending",
        fence=bindparam("_fence"),
        changed_at=bindparam("_now"),
        doubted_date=bindparam("_doubted"),
        sent_date=func.coalesce(_postings.c.sent_date, _newest),
        run_id=func.coalesce(bindparam("_run", type_=Integer), _postings.c.run_id),
    )
    .returning(*(_postings.c[name] for name in ClaimedPosting._fields))
)


def claim(
    session: Session,
    posting_ids: Iterable[int],
    fence: str,
    now: dt.datetime,
    *,
    run_id: int | None = None,
    doubted: dt.datetime | None = None,
    compose: Compose | None = None,
    revisions: Mapping[int, int] | None = None,
) -> list[ClaimedPosting]:
    """Claim ready postings for sending, one per document, and store their attempts.

    With `revisions`, only postings that are checked and still at these revisions are claimed.
    `compose` assigns the claimed postings to batches, so that batches are stored before anything is
    sent. `doubted` is QuickBooks' date from which a doubt about this send counts.
    """
    chosen = _claimable(session, list(posting_ids), revisions)
    taken = {"_fence": fence, "_now": now, "_doubted": doubted, "_run": run_id, "ids": chosen}
    claimed = (
        sorted(ClaimedPosting(*row) for row in session.connection().execute(_TAKEN, taken))
        if chosen
        else []
    )
    places = compose(claimed) if compose else {}
    if claimed:
        bulk.each(session, _NEW, [_attempt(one, fence, now, places.get(one.id)) for one in claimed])
    return claimed


def lock_held(session: Session, fences: Mapping[int, str]) -> set[int]:
    """Lock the postings in flight that are still held under these fences, and return their ids."""
    found = session.execute(_HELD, {"ids": list(fences)})
    return {id for id, fence, state in found if fence == fences[id] and state in IN_FLIGHT}


def settle(session: Session, posting_id: int, fence: str, state: str, **values: Any) -> bool:
    """Store a result if the posting is still held under this fence; return whether it was."""
    mine = (Posting.id == posting_id, Posting.fence == fence, Posting.state.in_(IN_FLIGHT))
    return _move(session, mine, state=state, **values)


def approve(session: Session, ids: Iterable[int], who: str) -> int:
    """Approve exactly these bytes; a posting that depends on another waits until that is posted."""
    return _approve(session, [Posting.id.in_(list(ids))], who)


def approve_all(session: Session, installation_id: int, who: str) -> int:
    """Approve everything that an installation has in review; return the number."""
    return _approve(session, [Posting.installation_id == installation_id], who)


def return_to_review(session: Session, installation_id: int) -> None:
    """Put ready postings into review, unless a person approved them or they were sent."""
    sent = select(Attempt.id).where(Attempt.posting_id == Posting.id).exists()
    free = (
        Posting.state == "ready",
        Posting.approved_by.is_(None),
        Posting.operation != "attach",
        ~sent,
    )
    _move_all(session, [Posting.installation_id == installation_id, *free], state="review")


def skip(session: Session, posting: Posting, who: str, reason: str) -> bool:
    """Skip a posting on a person's decision."""
    return _end(session, posting, "skipped", f"{reason} ({who})")


def withdraw(session: Session, posting: Posting, reason: str) -> bool:
    """Withdraw a posting that is no longer wanted; never one in flight."""
    return _end(session, posting, "withdrawn", reason)


def retry(session: Session, ids: Iterable[int], who: str) -> int:
    """Retry postings on a person's request, under the next key if the last one is proved free."""
    mine = Posting.id.in_(list(ids))
    sure = mine & Posting.state.in_(RETRIED) & (Posting.state != "unknown")
    unmapped = (Posting.operation != "attach") & (
        Posting.hold.in_(("source", "mapping")) | (Posting.payload == b"")
    )
    moved = _move_all(session, [mine, Posting.state == "unknown"], next_try_at=None)
    asked = [sure, unmapped]
    again = update(SourceDocument).where(
        SourceDocument.id.in_(select(Posting.document_id).where(*asked))
    )
    session.execute(again.values(reread=True), execution_options={"synchronize_session": "fetch"})
    moved += _move_all(session, asked, next_try_at=None)
    freed = [sure, ~unmapped]
    renewed = list(session.scalars(select(Posting.id).where(*freed, Posting.rekey)))
    moved += _move_all(
        session,
        freed,
        state=case((_unposted(), "waiting"), else_="ready"),
        hold="",
        reason="",
        next_try_at=None,
        checked_at=None,
        approved_by=who,
        approved_payload=Posting.planned,
    )
    for posting in session.scalars(select(Posting).where(Posting.id.in_(renewed)).options(*KEYED)):
        rekey(posting)
    session.flush()
    return moved


def release_checked(session: Session, ids: Sequence[int], begin: str, now: dt.datetime) -> None:
    """Release held postings that were just checked: to `begin`, or "ready" if approved."""
    mine = Posting.id.in_(list(ids)), Posting.state == "held"
    goes = Posting.approved_payload.is_not(None) | (begin == "ready")
    state = case((~goes, begin), (_unposted(), "waiting"), else_="ready")
    _move_all(session, mine, state=state, hold="", reason="", next_try_at=None, checked_at=now)


def postpone(session: Session, ids: Sequence[int], reason: str) -> None:
    """Have ready postings wait until something needs them."""
    mine = Posting.id.in_(list(ids)), Posting.state == "ready"
    _move_all(session, mine, state="waiting", hold=UNNEEDED, reason=reason, checked_at=None)


def resume(session: Session, ids: Sequence[int], begin: str) -> None:
    """Resume postponed postings: in the state `begin`, or "ready" if a person approved them."""
    mine = Posting.id.in_(list(ids)), Posting.state == "waiting", Posting.hold == UNNEEDED
    goes = Posting.approved_payload.is_not(None) | (begin == "ready")
    state = case((~goes, begin), (_unposted(), "waiting"), else_="ready")
    _move_all(session, mine, state=state, hold="", reason="")


def mark_for_reread(session: Session, installation_id: int) -> None:
    """Have every document with an unsent posting read again, because the settings have changed."""
    unsent = exists().where(Posting.document_id == SourceDocument.id, Posting.state.in_(UNSENT))
    mine = update(SourceDocument).where(SourceDocument.installation_id == installation_id, unsent)
    session.execute(mine.values(reread=True), execution_options=UNSYNCHRONISED)


def is_due(now: Any, furthest: Any = None) -> ColumnElement[bool]:
    """Return the condition that no time to wait for is left.

    A time further off than the longest pause was set before the clock was set back, so it is due.
    """
    at = Posting.next_try_at
    return or_(
        at.is_(None), at <= now, at > (now + LONGEST_PAUSE if furthest is None else furthest)
    )


def withdraw_superseded(session: Session, company_id: int) -> int:
    """Withdraw creations whose code is matched to a record by now, by another app for example."""
    unsent = (
        Posting.company_id == company_id,
        Posting.state.in_(UNSENT),
        text(f"posting.{PARTIES_AND_ITEMS}"),
    )
    matched = list(records(session, *unsent))
    made = (
        session.scalars(select(Posting).where(Posting.id.in_(matched)).with_for_update())
        if matched
        else ()
    )
    said = "The code that it was to be made for is matched to a record now."
    return sum(withdraw(session, one, said) for one in made if not may_have_landed(session, one))


def release_waiting(session: Session, company_id: int, now: dt.datetime) -> int:
    """Make ready what waited for a time or for a document that is posted by now."""
    waiting = (
        Posting.company_id == company_id,
        Posting.state == "waiting",
        Posting.hold == "",
        is_due(now),
        IS_CURRENT,
    )
    on = _other.id == Posting.after_id
    ready = or_(Posting.after_id.is_(None), _other.state.in_(("posted", *ENDED)))
    found = select(Posting).outerjoin(_other, on).where(*waiting, ready).order_by(Posting.id)
    rows = session.scalars(found.with_for_update(of=Posting)).all()
    parents = _by_id(session, [posting.after_id for posting in rows if posting.after_id])
    return sum(_wake(session, posting, parents.get(posting.after_id or 0), now) for posting in rows)


def _claimable(session: Session, ids: list[int], revisions: Mapping[int, int] | None) -> list[int]:
    first: dict[int, int] = {}
    for id, document_id, revision, checked in session.execute(_READY, {"ids": ids}):
        if revisions is None or (checked and revisions[id] == revision):
            first.setdefault(document_id, id)
    return list(first.values())


def _attempt(
    posting: ClaimedPosting, fence: str, now: dt.datetime, place: BatchPlace | None
) -> dict[str, Any]:
    return {
        "posting_id": posting.id,
        "generation": posting.generation,
        "requestid": "".join(place) if place else posting.requestid,
        "batch": place[0] if place else "",
        "fence": fence,
        "sent_at": now,
    }


def _approve(session: Session, mine: Sequence[Any], who: str) -> int:
    state = case((Posting.after_id.is_not(None), "waiting"), else_="ready")
    approved = {"approved_by": who, "approved_payload": Posting.planned, "state": state}
    return _move_all(session, [*mine, Posting.state == "review"], **approved)


def _end(session: Session, posting: Posting, state: str, reason: str) -> bool:
    mine = (Posting.id == posting.id, Posting.state.in_(UNSENT))
    ended = _move(session, mine, state=state, hold="", reason=reason, next_try_at=None)
    if ended:
        inbox.release(session, posting)
    return ended


def _move(session: Session, where: Sequence[Any], **values: Any) -> bool:
    return _moved(session, where, values, {}) == 1


def _move_all(session: Session, where: Sequence[Any], **values: Any) -> int:
    """Update many postings in one statement; the objects in the session follow."""
    return _moved(session, where, values, {"synchronize_session": "fetch"})


def _moved(
    session: Session, where: Sequence[Any], values: dict[str, Any], options: Mapping[str, Any]
) -> int:
    session.flush()
    values.setdefault("changed_at", hub_context.current().clock.now())
    result = session.execute(
        update(Posting).where(and_(*where)).values(**values), execution_options=options
    )
    assert isinstance(result, CursorResult)
    return result.rowcount


def _unposted() -> ColumnElement[bool]:
    """Return the condition that a posting waits for another that is not posted yet."""
    posted = exists().where(_other.id == Posting.after_id, _other.state == "posted")
    return Posting.after_id.is_not(None) & ~posted


def _by_id(session: Session, ids: Iterable[int]) -> dict[int, Posting]:
    rows = session.scalars(select(Posting).where(Posting.id.in_(set(ids))))
    return {posting.id: posting for posting in rows}


def _wake(session: Session, posting: Posting, parent: Posting | None, now: dt.datetime) -> int:
    if parent is None or parent.state == "posted":
        return _start(session, posting, parent, now)
    if parent.operation in REMOVALS:
        return _start(session, posting, None, now)
    if posting.operation == "attach":
        posting.state, posting.reason = (
            "withdrawn",
            "The document that it belongs to is not posted.",
        )
    elif records(session, Posting.id == parent.id):
        return _start(session, posting, parent, now)
    else:
        posting.document.reread = True
    return 0


def _start(session: Session, posting: Posting, parent: Posting | None, now: dt.datetime) -> int:
    if parent and posting.operation == "attach":
        posting.base = parent.quickbooks_id or ""
        posting.requestid = key_of(
            posting.document, posting.part, "attach", posting.base, posting.generation
        )
    elif parent and (later := fill(session, posting)):
        posting.after_id = later
        return 0
    posting.state, posting.next_try_at, posting.changed_at = "ready", None, now
    posting.reason, posting.checked_at = "", None
    return 1
