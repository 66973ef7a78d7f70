"""What a person decides about single postings: try again, this is it, not this one, leave it out, let it go."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub import audit, cases, outbox, runtime, store
from hub.errors import NotFound, NotNow, Refused
from hub.models import Attempt, Head, Posting
from hub.posting import past, scan, settling, words
from hub.posting.history import FORGOTTEN, Posted
from hub.posting.past import Past
from hub.posting.protocol import CHANGES, NAMES, doubted
from hub.posting.worker import Worker

LEAVE = "Skip leaves the document out; “Not this one” posts it anew."
OPEN = ("held", "unknown", "review", "ready", "waiting")


def retry(posting_id: int, who: str) -> None:
    """Tries again; what may have landed is looked for first, and what was deleted in QuickBooks is posted anew."""
    one = _load(posting_id)
    posting = one.posting
    with store.transaction() as session:
        if posting.state == "posted" or (posting.state == "skipped" and posting.quickbooks_id):
            moved = _anew(session, posting)
        elif posting.state == "held" and posting.hold in ("quickbooks", "person") and doubted(one.history):
            moved = _look_again(session, posting)
        else:
            moved = outbox.retry(session, session.get_one(Posting, posting_id), who)
        if not moved:
            raise NotNow(f"{words.called(posting)} is {posting.state}; there is nothing to try again.")
        audit.record(session, who, "posting retried", str(posting_id))


def adopt(posting_id: int, quickbooks_id: str, who: str) -> None:
    """This transaction is the document: it is not posted again."""
    one = _load(posting_id)
    posting, name = one.posting, words.called(one.posting)
    if posting.state not in OPEN or posting.operation in CHANGES:
        raise NotNow(f"{name} is {posting.state}; it cannot be taken for a transaction now.")
    worker = Worker(posting.company_id)
    found = scan.read(worker, one, quickbooks_id.strip())
    assert found.history.read
    if found.history.read.state == "voided" and posting.operation == "create":
        raise Refused(f"{quickbooks_id} was voided in QuickBooks, so nothing of {name} would be in the books. {LEAVE}")
    if found.history.read.state == "deleted":
        raise NotFound(f"{posting.kind.replace('_', ' ')} in QuickBooks", quickbooks_id)
    if found.history.read.foreign and posting.kind not in NAMES:
        raise Refused(f"{quickbooks_id} was posted for another document already, so it cannot be {name}.")
    with store.transaction() as session:
        if not settling.write(session, worker, found, Posted(found.history.read.id, adopted=True)):
            raise _moved(name)
        audit.record(session, who, "posting adopted", str(posting_id), quickbooks_id=quickbooks_id)


def not_this(posting_id: int, quickbooks_id: str, who: str) -> None:
    """That transaction is another document: it goes on without it."""
    one = _load(posting_id)
    posting = one.posting
    if posting.state not in OPEN:
        raise NotNow(f"{words.called(posting)} is {posting.state}; there is nothing to decide about it.")
    values: dict[str, Any] = {"not_these": sorted({*posting.not_these, quickbooks_id}), "checked_at": None}
    with store.transaction() as session:
        if _was_ours(session, posting, quickbooks_id):
            values["rekey"] = True
        if not settling.move(session, posting, _on(one), hold="", reason="", next_try_at=None, **values):
            raise _moved(words.called(posting))
        cases.release(session, posting)
        audit.record(session, who, "not this one", str(posting_id), quickbooks_id=quickbooks_id)


def skip(posting_id: int, reason: str, who: str) -> None:
    """Leaves a document out of the books, also one that was posted and is no longer in QuickBooks."""
    posting = _load(posting_id).posting
    if not reason.strip():
        raise Refused("Say why it is not to be posted; the reason is kept.")
    with store.transaction() as session:
        moved = _given_up if posting.state == "posted" else outbox.skip
        if not moved(session, session.get_one(Posting, posting_id), who, reason.strip()):
            raise NotNow(f"{words.called(posting)} is {_said(posting)}, so it cannot be skipped now.")
        cases.release(session, posting_id)
        audit.record(session, who, "posting skipped", str(posting_id), reason=reason.strip())


def _said(posting: Posting) -> str:
    on_its_way = "on its way; look again in a moment"
    return {"posted": "in QuickBooks", "sending": on_its_way, "unknown": on_its_way}.get(posting.state, posting.state)


def _given_up(session: Session, posting: Posting, who: str, reason: str) -> bool:
    """What somebody took out of QuickBooks stays out, with all the changes of it that were posted."""
    if not _is_away(session, posting):
        return False
    part = Posting.document_id == posting.document_id, Posting.part == posting.part, Posting.state == "posted"
    values = {"state": "skipped", "reason": f"{reason} ({who})", "changed_at": runtime.current().clock.now()}
    session.execute(update(Posting).where(*part).values(**values), execution_options={"synchronize_session": False})
    return True


def _is_away(session: Session, posting: Posting) -> bool:
    head = session.get(Head, (posting.company_id, posting.kind, posting.quickbooks_id))
    return head is not None and head.state != "live" and posting.operation == "create"


def _load(posting_id: int) -> Past:
    with store.reading() as session:
        posting = session.get(Posting, posting_id)
        if posting is None:
            raise NotFound("posting", str(posting_id))
    worker = Worker(posting.company_id)
    with store.reading() as session:
        return past.load(session, worker, [posting_id])[0]


def _on(one: Past) -> str:
    """Where it goes on: doubts are looked at again, what waits or is reviewed stays where it is."""
    if one.posting.state in ("review", "waiting"):
        return one.posting.state
    landed = any(send.outcome == "landed" for send in one.history.sends)
    looked_at = doubted(one.history) or landed
    return "unknown" if looked_at and one.posting.operation not in CHANGES else "ready"


def _look_again(session: Session, posting: Posting) -> bool:
    rejected = sorted({*posting.not_these, FORGOTTEN.id})
    moved = settling.move(session, posting, "unknown", hold="", reason="", next_try_at=None, not_these=rejected)
    cases.release(session, posting)
    return moved


def _anew(session: Session, posting: Posting) -> bool:
    """Something that was posted is posted anew, if it is no longer in QuickBooks."""
    if not _is_away(session, posting):
        raise NotNow(f"{words.called(posting)} is in QuickBooks; delete it there before it is posted anew.")
    values = {"not_these": sorted({*posting.not_these, str(posting.quickbooks_id)}), "rekey": True, "reason": ""}
    return settling.move(session, posting, "unknown", quickbooks_id=None, sync_token=None, **values)


def _was_ours(session: Session, posting: Posting, id: str) -> bool:
    """Whether a key of ours made it, or may have made what is deleted: then another key is needed to make another."""
    head = session.get(Head, (posting.company_id, posting.kind, id))
    if head and (head.state == "deleted" or (head.marker and head.marker == posting.document.marker)):
        return True
    landed = select(Attempt.id).where(Attempt.posting_id == posting.id, Attempt.outcome == "landed")
    return session.scalar(landed.where(Attempt.seen_id == id)) is not None


def _moved(name: str) -> NotNow:
    return NotNow(f"{name} has just been moved on by a run; look at it again.")
