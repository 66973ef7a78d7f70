"""Decisions of a person about single postings: retry, adopt, reject a match, skip, approve."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session, defer, joinedload

from hub import context as hub_context
from hub import outbox
from hub.cases import inbox
from hub.db import engine
from hub.errors import NotFound, NotNow, Refused
from hub.models import Attempt, Posting, SourceDocument, TransactionHead
from hub.models.enums import CHANGE_OPERATIONS, DocumentState
from hub.outbox import listing
from hub.posting import case_texts
from hub.posting.outcome import load as outcome_load
from hub.posting.outcome import record as outcome_record
from hub.posting.outcome.load import PostingSnapshot
from hub.posting.outcome.session import PostingSession
from hub.posting.preflight import current_facts
from hub.posting.protocol.decisions import is_doubtful
from hub.posting.protocol.history import FORGOTTEN, LIST_KINDS, Posted
from hub.posting.recovery import lookup
from hub.security import audit

LEAVE = "Skip leaves the document out; “Not this one” posts it anew."
AT_ONCE = 500
MAX_READ_FOR = 5000  # postings whose companies are looked up before a retry
JUDGED = Posting.id, Posting.company_id, Posting.state, Posting.hold, Posting.quickbooks_id
OPEN = ("held", "unknown", "review", "ready", "waiting")


def retry(posting_id: int, who: str) -> None:
    """Try again; what may have landed is looked for first, and what has left QuickBooks is posted again."""
    for why in retry_each([posting_id], who).values():
        raise NotNow(why)


def retry_each(posting_ids: Sequence[int], who: str) -> dict[int, str]:
    """Retry many postings in chunks of 500; return the reason for each one that was not retried.

    What their reasons depend on is first read again from QuickBooks.
    """
    current_facts.read_again(posting_ids[:MAX_READ_FOR])
    left: dict[int, str] = {}
    for first in range(0, len(posting_ids), AT_ONCE):
        left |= _retry_chunk(posting_ids[first : first + AT_ONCE], who)
    return left


def unconfirmed_deletions(posting_ids: Sequence[int]) -> list[str]:
    """Return the names of what a retry of these would delete in QuickBooks without anybody's word."""
    asked = (
        Posting.operation == "delete",
        Posting.state == "held",
        Posting.hold == "person",
        Posting.approved_by.is_(None),
    )
    with engine.reading() as session:
        found: list[int] = []
        for first in range(0, len(posting_ids), AT_ONCE):
            mine = Posting.id.in_(posting_ids[first : first + AT_ONCE])
            found += session.scalars(select(Posting.id).where(mine, *asked))
        return [case_texts.called(posting) for posting in _named(session, found)]


def adopt(posting_id: int, quickbooks_id: str, who: str) -> None:
    """This transaction is the document: it is not posted again."""
    one = _load(posting_id)
    posting, name = one.posting, case_texts.called(one.posting)
    if posting.state not in OPEN or posting.operation in CHANGE_OPERATIONS:
        raise NotNow(f"{name} is {posting.state}; it cannot be taken for a transaction now.")
    posting_session = PostingSession(posting.company_id)
    found = lookup.read(posting_session, one, quickbooks_id.strip())
    assert found.history.current
    if found.history.current.state == "voided" and posting.operation == "create":
        raise Refused(
            f"{quickbooks_id} was voided in QuickBooks, so nothing of {name} would be in the books. {LEAVE}"
        )
    if found.history.current.state == "deleted":
        raise NotFound(f"{posting.kind.replace('_', ' ')} in QuickBooks", quickbooks_id)
    if found.history.current.foreign and posting.kind not in LIST_KINDS:
        raise Refused(
            f"{quickbooks_id} was posted for another document already, so it cannot be {name}."
        )
    with engine.transaction() as session:
        if not outcome_record.apply_step(
            session, posting_session, found, Posted(found.history.current.id, adopted=True)
        ):
            raise _moved(name)
        audit.record(session, who, "posting adopted", str(posting_id), quickbooks_id=quickbooks_id)


def not_this(posting_id: int, quickbooks_id: str, who: str) -> None:
    """That transaction is another document: it goes on without it."""
    one = _load(posting_id)
    posting = one.posting
    if posting.state not in OPEN:
        raise NotNow(
            f"{case_texts.called(posting)} is {posting.state}; there is nothing to decide about it."
        )
    values: dict[str, Any] = {
        "not_these": sorted({*posting.not_these, quickbooks_id}),
        "checked_at": None,
    }
    with engine.transaction() as session:
        if _was_ours(session, posting, quickbooks_id):
            values["rekey"] = True
        if not outcome_record.move(
            session, posting, _on(one), hold="", reason="", next_try_at=None, **values
        ):
            raise _moved(case_texts.called(posting))
        inbox.release(session, posting)
        audit.record(session, who, "not this one", str(posting_id), quickbooks_id=quickbooks_id)


def skip(posting_id: int, reason: str, who: str) -> None:
    """Leaves a document out of the books, also one that was posted and is no longer in QuickBooks."""
    posting = _load(posting_id).posting
    if not reason.strip():
        raise Refused("Say why it is not to be posted; the reason is kept.")
    with engine.transaction() as session:
        moved = _given_up if posting.state == "posted" else outbox.skip
        if not moved(session, session.get_one(Posting, posting_id), who, reason.strip()):
            raise NotNow(
                f"{case_texts.called(posting)} is {_said(posting)}, so it cannot be skipped now."
            )
        inbox.release(session, posting_id)
        session.get_one(SourceDocument, posting.document_id).requested_by = ""
        audit.record(session, who, "posting skipped", str(posting_id), reason=reason.strip())


def _said(posting: Posting) -> str:
    on_its_way = "on its way; look again in a moment"
    return {"posted": "in QuickBooks", "sending": on_its_way, "unknown": on_its_way}.get(
        posting.state, posting.state
    )


def _given_up(session: Session, posting: Posting, who: str, reason: str) -> bool:
    """Leave out of the books what somebody took out of QuickBooks, with all its posted changes."""
    if listing.states_of_parts(session, [posting.id]).get(posting.id) != DocumentState.MISSING:
        return False
    ids = _of_part(session, posting)
    values = {
        "state": "skipped",
        "reason": f"{reason} ({who})",
        "changed_at": hub_context.current().clock.now(),
    }
    session.execute(
        update(Posting).where(Posting.id.in_(ids), Posting.state == "posted").values(**values),
        execution_options={"synchronize_session": False},
    )
    inbox.release_all(session, ids)
    return True


def _load(posting_id: int) -> PostingSnapshot:
    with engine.reading() as session:
        posting = session.get(Posting, posting_id)
        if posting is None:
            raise NotFound("posting", str(posting_id))
    posting_session = PostingSession(posting.company_id)
    with engine.reading() as session:
        return outcome_load.load_snapshots(session, posting_session, [posting_id])[0]


def _on(one: PostingSnapshot) -> str:
    """Where it goes on: doubts are looked at again, what waits or is reviewed stays where it is."""
    if one.posting.state in ("review", "waiting"):
        return one.posting.state
    landed = any(send.outcome == "landed" for send in one.history.sends)
    looked_at = is_doubtful(one.history) or landed
    return "unknown" if looked_at and one.posting.operation not in CHANGE_OPERATIONS else "ready"


def _retry_chunk(ids: Sequence[int], who: str) -> dict[int, str]:
    """Retry one chunk of postings; return the reason for each one that was not retried."""
    with engine.transaction() as session:
        rows = session.execute(select(*JUDGED).where(Posting.id.in_(ids)).with_for_update()).all()
        missing = set(ids) - {row.id for row in rows}
        if missing:
            raise NotFound("posting", str(min(missing)))
        ended = [row.id for row in rows if _has_ended(row)]
        reasons = _request(session, ended, who)
        stopped = [row for row in rows if row.hold in ("quickbooks", "person")]
        doubts = _look_again(session, stopped)
        rest = [row for row in rows if row.id not in {*ended, *doubts}]
        reasons |= _retry_rest(session, rest, who)
        retried: dict[str, dict[str, Any]] = {str(id): {} for id in ids if id not in reasons}
        audit.record_each(session, who, "posting retried", retried)
    return reasons


def _retry_rest(
    session: Session, rows: Iterable[Row[*tuple[Any, ...]]], who: str
) -> dict[int, str]:
    """Retry postings that are neither final nor in doubt; return why the others were not retried."""
    retryable: list[int] = []
    others: list[int] = []
    for row in rows:
        chosen = retryable if row.state in outbox.RETRYABLE else others
        chosen.append(row.id)
    moved = outbox.retry(session, retryable, who)
    assert moved == len(retryable), "a posting moved on under its lock"
    reasons = {}
    for posting in _named(session, others):
        name = case_texts.called(posting)
        reasons[posting.id] = f"{name} is {posting.state}; there is nothing to try again."
    return reasons


def _has_ended(row: Row[*tuple[Any, ...]]) -> bool:
    """Tell whether a posting was posted, or skipped after it was."""
    if row.state == "posted":
        return True
    return row.state == "skipped" and bool(row.quickbooks_id)


def _look_again(session: Session, held: Iterable[Row[*tuple[Any, ...]]]) -> list[int]:
    """Has those looked for that may have landed; which those are."""
    of: dict[int, list[int]] = defaultdict(list)
    for row in held:
        of[row.company_id] += [row.id] if row.state == "held" else []
    found = [
        one
        for id, ids in of.items()
        for one in outcome_load.load_snapshots_for_send(session, PostingSession(id), ids)
        if is_doubtful(one.history)
    ]
    rejected: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for one in found:
        rejected[*sorted({*one.posting.not_these, FORGOTTEN.id})].append(one.id)
    now = hub_context.current().clock.now()
    freed = {"state": "unknown", "hold": "", "reason": "", "next_try_at": None, "changed_at": now}
    for ids_, group in rejected.items():
        mine = (
            update(Posting)
            .where(Posting.id.in_(group), Posting.state == "held")
            .values(not_these=list(ids_), **freed)
        )
        session.execute(mine, execution_options={"synchronize_session": False})
    doubts = [one.id for one in found]
    inbox.release_all(session, doubts)
    return doubts


def _request(session: Session, ids: Sequence[int], who: str) -> dict[int, str]:
    """Have documents posted again that are not in QuickBooks any more; return why the others are not.

    The next run plans them from what their source says now, and looks for them in QuickBooks before it sends them.
    """
    left: dict[int, str] = {}
    states = listing.states_of_parts(session, ids)
    for posting in _named(session, ids):
        away = posting.state == "skipped" or states.get(posting.id) in (
            DocumentState.MISSING,
            DocumentState.REMOVED,
        )
        name, document = case_texts.called(posting), posting.document
        if not away:
            left[posting.id] = (
                f"{name} is in QuickBooks; remove it there before it is posted again."
            )
        elif document.gone is not None or document.stage == "closed":
            left[posting.id] = (
                f"{name} is no longer wanted by its source, so it is not posted again."
            )
        else:
            document.requested_by = who
            inbox.release_all(session, _of_part(session, posting))
    return left


def _of_part(session: Session, posting: Posting) -> Sequence[int]:
    """Return all postings of the part of a document, without its files."""
    part = (
        Posting.document_id == posting.document_id,
        Posting.part == posting.part,
        Posting.operation != "attach",
    )
    return session.scalars(select(Posting.id).where(*part)).all()


def _named(session: Session, ids: Sequence[int]) -> Sequence[Posting]:
    """The postings with what they are called by."""
    heavy = defer(Posting.payload), defer(Posting.meaning), defer(Posting.answer)
    mine = select(Posting).where(Posting.id.in_(ids)).order_by(Posting.id).options(*heavy)
    return session.scalars(
        mine.options(joinedload(Posting.document).defer(SourceDocument.body))
    ).all()


def _was_ours(session: Session, posting: Posting, id: str) -> bool:
    """Whether a key of ours made it, or may have made what is deleted: then another key is needed to make another."""
    head = session.get(TransactionHead, (posting.company_id, posting.kind, id))
    if head and (
        head.state == "deleted" or (head.marker and head.marker == posting.document.marker)
    ):
        return True
    landed = select(Attempt.id).where(Attempt.posting_id == posting.id, Attempt.outcome == "landed")
    return session.scalar(landed.where(Attempt.seen_id == id)) is not None


def _moved(name: str) -> NotNow:
    return NotNow(f"{name} has just been moved on by a run; look at it again.")
