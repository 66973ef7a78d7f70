"""Change the state of postings; each change is an update guarded by the previous state."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    CursorResult,
    and_,
    case,
    exists,
    select,
    update,
)
from sqlalchemy.orm import Session, defer, joinedload

from hub import context as hub_context
from hub.cases import inbox
from hub.models import Attempt, Posting, SourceDocument
from hub.outbox.conditions import waits_for_unposted
from hub.outbox.planning import (
    IN_FLIGHT,
    UNSENT,
    rekey,
)

ENDED = ("skipped", "withdrawn")
RETRIED = ("held", "waiting", "skipped", "unknown")
UNSYNCHRONISED = {"synchronize_session": False}
KEYED = (
    joinedload(Posting.document).defer(SourceDocument.body),
    defer(Posting.payload),
    defer(Posting.meaning),
)


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
    move_all(session, [Posting.installation_id == installation_id, *free], state="review")


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
    moved = move_all(session, [mine, Posting.state == "unknown"], next_try_at=None)
    asked = [sure, unmapped]
    again = update(SourceDocument).where(
        SourceDocument.id.in_(select(Posting.document_id).where(*asked))
    )
    session.execute(again.values(reread=True), execution_options={"synchronize_session": "fetch"})
    moved += move_all(session, asked, next_try_at=None)
    freed = [sure, ~unmapped]
    renewed = list(session.scalars(select(Posting.id).where(*freed, Posting.rekey)))
    moved += move_all(
        session,
        freed,
        state=case((waits_for_unposted(), "waiting"), else_="ready"),
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


def mark_for_reread(session: Session, installation_id: int) -> None:
    """Have every document with an unsent posting read again, because the settings have changed."""
    unsent = exists().where(Posting.document_id == SourceDocument.id, Posting.state.in_(UNSENT))
    mine = update(SourceDocument).where(SourceDocument.installation_id == installation_id, unsent)
    session.execute(mine.values(reread=True), execution_options=UNSYNCHRONISED)


def _approve(session: Session, mine: Sequence[Any], who: str) -> int:
    state = case((Posting.after_id.is_not(None), "waiting"), else_="ready")
    approved = {"approved_by": who, "approved_payload": Posting.planned, "state": state}
    return move_all(session, [*mine, Posting.state == "review"], **approved)


def _end(session: Session, posting: Posting, state: str, reason: str) -> bool:
    mine = (Posting.id == posting.id, Posting.state.in_(UNSENT))
    ended = _move(session, mine, state=state, hold="", reason=reason, next_try_at=None)
    if ended:
        inbox.release(session, posting)
    return ended


def _move(session: Session, where: Sequence[Any], **values: Any) -> bool:
    return _moved(session, where, values, {}) == 1


def move_all(session: Session, where: Sequence[Any], **values: Any) -> int:
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
