"""How a posting moves: every step is an update guarded by the state it comes from, its row count checked."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, CursorResult, Table, and_, exists, func, insert, or_, select, update
from sqlalchemy.orm import Session, aliased

from hub import cases, runtime
from hub.models import Attempt, Company, Posting, SourceDocument
from hub.outbox.keys import fingerprint
from hub.outbox.links import fill
from hub.outbox.planning import IN_FLIGHT, UNSENT, key_of, rekey

ENDED = ("skipped", "withdrawn")
LONGEST_PAUSE = dt.timedelta(hours=1)
_other = aliased(Posting)
BUSY = exists().where(_other.document_id == Posting.document_id, _other.state.in_(IN_FLIGHT))
_attempts = cast(Table, Attempt.__table__)


class Claimed(NamedTuple):
    """A posting that was taken for sending: what goes out, and under which key."""

    id: int
    kind: str
    operation: str
    generation: int
    requestid: str
    payload: bytes


Place = tuple[str, str]  # the key of a batch and a bId in it
Compose = Callable[[Sequence[Claimed]], Mapping[int, Place]]
_taken = [getattr(Posting, name) for name in Claimed._fields]


def claim(
    session: Session, posting_ids: Iterable[int], fence: str, now: dt.datetime, *, run_id: int | None = None,
    doubted: dt.datetime | None = None, compose: Compose | None = None,
) -> list[Claimed]:  # fmt: skip
    """Takes ready postings for sending, one of a document at a time, and writes their attempts.

    `compose` says which of the claimed go in batches, so that these stand fast before anything is sent. `doubted` is
    QuickBooks' date from which a doubt of this send counts.
    """
    chosen = _claimable(session, list(posting_ids))
    newest = select(Company.newest_date).where(Company.id == Posting.company_id).scalar_subquery()
    taken = {"state": "sending", "fence": fence, "changed_at": now, "run_id": run_id or Posting.run_id}
    guarded = update(Posting).where(Posting.id.in_(chosen), Posting.state == "ready")
    values = guarded.values(sent_date=func.coalesce(Posting.sent_date, newest), doubted_date=doubted, **taken)
    session.execute(values, execution_options={"synchronize_session": False})
    mine = select(*_taken).where(Posting.id.in_(chosen), Posting.fence == fence, Posting.state == "sending")
    claimed = [Claimed(*row) for row in session.execute(mine.order_by(Posting.id))]
    places = compose(claimed) if compose else {}
    if claimed:
        session.execute(insert(_attempts), [_attempt(one, fence, now, places.get(one.id)) for one in claimed])
    return claimed


def settle(session: Session, posting_id: int, fence: str, state: str, **values: Any) -> bool:
    """Writes a result, if the fence is still mine."""
    mine = (Posting.id == posting_id, Posting.fence == fence, Posting.state.in_(IN_FLIGHT))
    return _move(session, mine, state=state, **values)


def approve(session: Session, posting: Posting, who: str) -> bool:
    """Lets exactly these bytes go; one that names another posting waits until the id of that stands in its place."""
    mine = (*_unchanged(posting), Posting.state == "review")
    approved = {"approved_by": who, "approved_payload": posting.planned or fingerprint(posting.payload)}
    return _move(session, mine, state="waiting" if posting.after_id else "ready", **approved)


def push(session: Session, installation_id: int, who: str) -> int:
    """Approves all that an installation has in review; how many those are."""
    mine = Posting.installation_id == installation_id, Posting.state == "review"
    return sum(approve(session, posting, who) for posting in session.scalars(select(Posting).where(*mine)).all())


def stop(session: Session, installation_id: int) -> None:
    """Puts what would go by itself into review, unless a person let it go or something was sent of it."""
    sent = select(Attempt.id).where(Attempt.posting_id == Posting.id).exists()
    free = Posting.state == "ready", Posting.approved_by.is_(None), Posting.operation != "attach", ~sent
    mine = select(Posting).where(Posting.installation_id == installation_id, *free)
    for posting in session.scalars(mine).all():
        _move(session, (*_unchanged(posting), Posting.state == "ready"), state="review")


def skip(session: Session, posting: Posting, who: str, reason: str) -> bool:
    """A person's decision not to post it."""
    return _end(session, posting, "skipped", f"{reason} ({who})")


def withdraw(session: Session, posting: Posting, reason: str) -> bool:
    """Takes back what is not wanted in the books any more; never one that is on its way."""
    return _end(session, posting, "withdrawn", reason)


def retry(session: Session, posting: Posting, who: str) -> bool:
    """A person's wish to try again: the next key if the last one is proved free; a doubt is looked at at once."""
    mine = (*_unchanged(posting), Posting.state.in_(("held", "waiting", "skipped", "unknown")))
    if posting.state == "unknown":
        return _move(session, mine, next_try_at=None)
    if posting.operation != "attach" and (posting.hold in ("source", "mapping") or not posting.payload):
        posting.document.reread = True
        return _move(session, mine, next_try_at=None)
    waits = bool(posting.after_id) and not _is_posted(session, posting.after_id)
    freed = {"hold": "", "reason": "", "next_try_at": None, "checked_at": None, "approved_by": who}
    freed["approved_payload"] = posting.planned or fingerprint(posting.payload)
    moved = _move(session, mine, state="waiting" if waits else "ready", **freed)
    if moved and posting.rekey:
        rekey(posting)
    return moved


def ask_again(session: Session, installation_id: int) -> None:
    """Has every document that is still unsent read again, for its settings have changed."""
    unsent = exists().where(Posting.document_id == SourceDocument.id, Posting.state.in_(UNSENT))
    mine = update(SourceDocument).where(SourceDocument.installation_id == installation_id, unsent)
    session.execute(mine.values(reread=True), execution_options={"synchronize_session": False})


def is_due(now: dt.datetime) -> ColumnElement[bool]:
    """No time to wait for is left; one that is further off than any pause is from before the clock was set back."""
    at = Posting.next_try_at
    return or_(at.is_(None), at <= now, at > now + LONGEST_PAUSE)


def wake(session: Session, company_id: int, now: dt.datetime) -> int:
    """Makes ready what waited for a time or for a document that is posted now; withdraws what waits for nothing."""
    waiting = (Posting.company_id == company_id, Posting.state == "waiting", Posting.hold == "", is_due(now))
    first = aliased(Posting)
    on = first.id == Posting.after_id
    ready = or_(Posting.after_id.is_(None), first.state.in_(("posted", *ENDED)))
    found = select(Posting).outerjoin(first, on).where(*waiting, ready).order_by(Posting.id)
    rows = session.scalars(found.with_for_update(of=Posting)).all()
    parents = _by_id(session, [posting.after_id for posting in rows if posting.after_id])
    return sum(_wake(session, posting, parents.get(posting.after_id or 0), now) for posting in rows)


def _claimable(session: Session, ids: list[int]) -> list[int]:
    found = select(Posting.id, Posting.document_id).where(Posting.id.in_(ids), Posting.state == "ready", ~BUSY)
    first: dict[int, int] = {}
    for id, document_id in session.execute(found.order_by(Posting.id)):
        first.setdefault(document_id, id)
    return list(first.values())


def _attempt(posting: Claimed, fence: str, now: dt.datetime, place: Place | None) -> dict[str, Any]:
    return {
        "posting_id": posting.id,
        "generation": posting.generation,
        "requestid": "".join(place) if place else posting.requestid,
        "batch": place[0] if place else "",
        "fence": fence,
        "sent_at": now,
    }


def _unchanged(posting: Posting) -> tuple[Any, ...]:
    return Posting.id == posting.id, Posting.revision == posting.revision


def _end(session: Session, posting: Posting, state: str, reason: str) -> bool:
    mine = (Posting.id == posting.id, Posting.state.in_(UNSENT))
    ended = _move(session, mine, state=state, hold="", reason=reason, next_try_at=None)
    if ended:
        cases.release(session, posting)
    return ended


def _move(session: Session, where: Sequence[Any], **values: Any) -> bool:
    session.flush()
    values.setdefault("changed_at", runtime.current().clock.now())
    result = session.execute(update(Posting).where(and_(*where)).values(**values))
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


def _is_posted(session: Session, posting_id: int | None) -> bool:
    return session.scalar(select(Posting.state).where(Posting.id == posting_id)) == "posted"


def _by_id(session: Session, ids: Iterable[int]) -> dict[int, Posting]:
    rows = session.scalars(select(Posting).where(Posting.id.in_(set(ids))))
    return {posting.id: posting for posting in rows}


def _wake(session: Session, posting: Posting, parent: Posting | None, now: dt.datetime) -> int:
    if parent is None or parent.state == "posted":
        return _start(session, posting, parent, now)
    if posting.operation == "attach":
        posting.state, posting.reason = "withdrawn", "The document that it belongs to is not posted."
    else:
        posting.document.reread = True
    return 0


def _start(session: Session, posting: Posting, parent: Posting | None, now: dt.datetime) -> int:
    if parent and posting.operation == "attach":
        posting.base = parent.quickbooks_id or ""
        posting.requestid = key_of(posting.document, posting.part, "attach", posting.base, posting.generation)
    elif parent and (later := fill(session, posting)):
        posting.after_id = later
        return 0
    posting.state, posting.next_try_at, posting.changed_at = "ready", None, now
    return 1
