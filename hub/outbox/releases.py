"""Release postings that waited: for a check, for another posting, for a time or for a need."""

import datetime as dt
from collections.abc import Iterable, Sequence

from sqlalchemy import case, or_, select, text
from sqlalchemy.orm import Session, aliased

from hub.models import Posting
from hub.models.postings import PARTIES_AND_ITEMS
from hub.outbox.conditions import IS_CURRENT, is_due, waits_for_unposted
from hub.outbox.placeholders import fill, records
from hub.outbox.planning import REMOVALS, UNNEEDED, UNSENT, key_of, may_have_landed
from hub.outbox.transitions import ENDED, move_all, withdraw

_other = aliased(Posting)  # made once: making an alias takes longer than most statements


def release_checked(session: Session, ids: Sequence[int], begin: str, now: dt.datetime) -> None:
    """Release held postings that were just checked: to `begin`, or "ready" if approved."""
    mine = Posting.id.in_(list(ids)), Posting.state == "held"
    goes = Posting.approved_payload.is_not(None) | (begin == "ready")
    state = case((~goes, begin), (waits_for_unposted(), "waiting"), else_="ready")
    move_all(session, mine, state=state, hold="", reason="", next_try_at=None, checked_at=now)


def postpone(session: Session, ids: Sequence[int], reason: str) -> None:
    """Have ready postings wait until something needs them."""
    mine = Posting.id.in_(list(ids)), Posting.state == "ready"
    move_all(session, mine, state="waiting", hold=UNNEEDED, reason=reason, checked_at=None)


def resume(session: Session, ids: Sequence[int], begin: str) -> None:
    """Resume postponed postings: in the state `begin`, or "ready" if a person approved them."""
    mine = Posting.id.in_(list(ids)), Posting.state == "waiting", Posting.hold == UNNEEDED
    goes = Posting.approved_payload.is_not(None) | (begin == "ready")
    state = case((~goes, begin), (waits_for_unposted(), "waiting"), else_="ready")
    move_all(session, mine, state=state, hold="", reason="")


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
