"""Record the outcome of a posting, guarded by the state and fence that were read."""

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, Table, bindparam, or_, select, update
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub import outbox
from hub.cases import inbox
from hub.db import bulk
from hub.models import Case, Posting, TransactionSummary, case_posting
from hub.models.enums import CHANGE_OPERATIONS, PostingState
from hub.posting import case_texts, receipts
from hub.posting.outcome.load import PostingSnapshot
from hub.posting.outcome.session import PostingSession
from hub.posting.preflight.context import party_list
from hub.posting.protocol.history import Ask, Hold, Posted, Reconnect, Requeue, Send, Step, Withdraw
from hub.qbo import payloads
from hub.qbo.display import namer
from hub.qbo.payloads import FileSummary
from hub.qbo.responses import Answer
from hub.reasons.texts import CaseText

PAUSE = dt.timedelta(seconds=30)
BILLED_BY_LINE = ("purchase_order",)
AT_REST: dict[str, Any] = {"hold": "", "reason": "", "rekey": False, "next_try_at": None}
_postings = cast(Table, Posting.__table__)
_LEARNT = ("quickbooks_id", "answer", "sync_token", "posted_total", "changed_at")
_POSTED = (
    update(_postings)
    .where(
        _postings.c.id == bindparam("_id"),
        or_(*(_postings.c.state == state for state in outbox.IN_FLIGHT)),
    )
    .values(state="posted", **AT_REST, **{name: bindparam(f"_{name}") for name in _LEARNT})
)
_STOPPED = (
    select(case_posting.c.posting_id)
    .join(Case, Case.id == case_posting.c.case_id)
    .where(Case.closed_at.is_(None), bulk.among(case_posting.c.posting_id, "ids"))
)


def apply_step(
    session: Session,
    posting_session: PostingSession,
    snapshot: PostingSnapshot,
    step: Step,
    answer: Answer | None = None,
) -> bool:
    """Carries out a step that ends here; False when someone else has moved the posting meanwhile."""
    match step:
        case Posted():
            return _posted(session, snapshot, step)
        case Ask():
            return _ask(session, snapshot, step)
        case Hold():
            return _hold(session, snapshot, step, answer)
        case Send():
            return _again(session, posting_session, snapshot, step)
        case Requeue() | Reconnect():
            return _back(session, posting_session, snapshot, answer)
        case Withdraw():
            return _withdraw(session, snapshot)
        case _:
            return move(session, snapshot.posting, "unknown")


def move(session: Session, posting: Posting, state: str, **values: Any) -> bool:
    """Moves a posting on, if nobody else has since it was read."""
    if posting.state in outbox.IN_FLIGHT:
        return outbox.settle(session, posting.id, posting.fence, PostingState(state), **values)
    unmoved = (
        Posting.id == posting.id,
        Posting.state == posting.state,
        Posting.fence == posting.fence,
    )
    session.flush()
    values |= {"state": state, "changed_at": hub_context.current().clock.now()}
    result = session.execute(update(Posting).where(*unmoved).values(**values))
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


def record_posted(session: Session, snapshots: Sequence[tuple[PostingSnapshot, Posted]]) -> None:
    """Many at once that were sent and whose rows this transaction holds locked, under the fences of those sends."""
    if not snapshots:
        return
    now = hub_context.current().clock.now()
    learnt = [{"id": one.id, **_found(one, step, now)} for one, step in snapshots]
    rows = [{f"_{name}": value for name, value in row.items()} for row in learnt]
    met = bulk.each(session, _POSTED, rows)
    assert met == len(rows), "a posting moved on under its lock"
    _follow(session, snapshots)


def _posted(session: Session, snapshot: PostingSnapshot, step: Posted) -> bool:
    found = _found(snapshot, step, hub_context.current().clock.now())
    if not move(session, snapshot.posting, "posted", **found, **AT_REST):
        return False
    _follow(session, [(snapshot, step)])
    return True


def _found(snapshot: PostingSnapshot, step: Posted, now: dt.datetime) -> dict[str, Any]:
    """What is known of a posting from where it is posted."""
    entity, summary = snapshot.entity or {}, snapshot.entity_summary
    return {
        "quickbooks_id": step.id,
        "answer": entity,
        "sync_token": str(entity.get("SyncToken") or "") or None,
        "posted_total": summary.total if summary else None,
        "changed_at": now,
    }


def _follow(session: Session, snapshots: Sequence[tuple[PostingSnapshot, Posted]]) -> None:
    """What comes of being posted: cases end, codes are linked, the source is told, differences are shown."""
    stopped = set(session.scalars(_STOPPED, {"ids": [one.id for one, _ in snapshots]}))
    news = []
    for one, step in snapshots:
        posting = one.posting
        if posting.id in stopped:
            inbox.release(session, posting)
        number = _learn(session, one)
        if one.entity_summary:
            _compare(session, posting, one.entity_summary, step.id)
        if _file(one) and one.entity:
            _compare_file(session, posting, one.entity, step.id)
        if posting.document.made_for:
            outbox.link(session, posting.id)
        if one.history.operation in ("create", "update"):
            news.append((posting, receipts.TransactionFacts(posting.kind, step.id, number)))
        if one.history.operation in outbox.REMOVALS:
            _tell_removed(session, posting)
    receipts.queue_posted(session, news)


def _tell_removed(session: Session, posting: Posting) -> None:
    """Tell the source that a person removed its document; of what it wanted itself it is told nothing."""
    removal = session.get_one(Posting, posting.id)
    if outbox.is_persons_removal(removal):
        who = outbox.remover(removal)
        receipts.queue_removed(
            session, removal.document, f"It was removed from QuickBooks by {who}."
        )


def _learn(session: Session, one: PostingSnapshot) -> str:
    """Store the number that QuickBooks gave and the ids of lines that may be billed; return the number."""
    posting = one.posting
    summary = one.entity_summary
    values: dict[str, Any] = {}
    number = posting.number or (summary.number if summary else "")
    if number != posting.number:
        values["number"] = number
    if summary and posting.kind in BILLED_BY_LINE:
        identified = payloads.with_line_ids(posting.summary, one.entity or {})
        values["meaning"] = identified.dump()
    if values:
        session.execute(update(Posting).where(Posting.id == posting.id).values(**values))
    return posting.summary.number or number


def _file(snapshot: PostingSnapshot) -> bool:
    return snapshot.history.operation == "attach"


def _compare_file(session: Session, posting: Posting, entity: dict[str, Any], id: str) -> None:
    """Whether the file hangs where it should, whole and under its name."""
    meant = json.loads(
        posting.payload or b"{}"
    )  # of one that was found before it was fetched there is no more
    told = (
        payloads.file_differences(meant, FileSummary.load(posting.meaning).size, entity)
        if "AttachableRef" in meant
        else []
    )
    if told:
        _open_case(
            session,
            posting,
            "file-differs",
            CaseText(
                "outcome.file_differs",
                name=case_texts.called(posting),
                attachment_id=id,
                differences=" ".join(told),
            ),
        )


def _compare(session: Session, posting: Posting, found: TransactionSummary, id: str) -> None:
    """What QuickBooks made of it, against what was meant: a difference is a person's to judge, it stays posted."""
    named = namer(session, posting.company_id, party_list(posting.kind, posting.summary))
    unreadable = ["What it answered cannot be read, so it was not compared."]
    told = (
        unreadable
        if found is payloads.UNREADABLE
        else payloads.differences(posting.summary, found, name_of=named)
    )
    if told:
        _open_case(
            session,
            posting,
            "differs",
            CaseText(
                "outcome.differs",
                name=case_texts.called(posting),
                differences=" ".join(told),
            ),
            details={"differences": told, "quickbooks_id": id},
        )


def _ask(session: Session, snapshot: PostingSnapshot, step: Ask) -> bool:
    text = case_texts.question_text(
        step.reason,
        snapshot.posting,
        case_texts.candidates(session, snapshot.posting, step.candidates),
    )
    if not move(
        session, snapshot.posting, "held", hold="person", reason=text.reason, next_try_at=None
    ):
        return False
    _stop(session, snapshot, step.reason, text, step.candidates)
    receipts.queue(
        session,
        snapshot.posting.document,
        "held",
        posting=snapshot.posting,
        message=text.reason,
    )
    return True


def _hold(session: Session, snapshot: PostingSnapshot, step: Hold, answer: Answer | None) -> bool:
    posting, history = snapshot.posting, snapshot.history
    last = history.sends[-1] if history.sends else None
    answer_text = answer.text if answer else snapshot.error_text
    text = case_texts.refusal_text(
        step.reason, posting, answer_text, last.code if last else "", len(history.sends)
    )
    held = {"hold": "quickbooks", "reason": text.reason, "rekey": True, "next_try_at": None}
    if not move(session, posting, "held", **held):
        return False
    _stop(session, snapshot, step.reason, text, step.candidates)
    if not _file(snapshot):
        receipts.queue(session, posting.document, "failed", posting=posting, message=text.reason)
    return True


def _stop(
    session: Session,
    snapshot: PostingSnapshot,
    why: str,
    text: CaseText,
    ids: tuple[str, ...],
) -> None:
    """Opens the case and takes the posting out of its others."""
    posting = snapshot.posting
    details = {"candidates": case_texts.candidates(session, posting, ids)} if ids else {}
    inbox.release(session, posting, keep=[_cause(posting, why)])
    _open_case(session, posting, why, text, details)


def _open_case(
    session: Session,
    posting: Posting,
    why: str,
    text: CaseText,
    details: dict[str, Any] | None = None,
) -> None:
    inbox.open(
        session,
        _cause(posting, why),
        text,
        company_id=posting.company_id,
        installation_id=posting.installation_id,
        details=details,
        postings=[posting],
    )


def _cause(posting: Posting, why: str) -> str:
    return f"posting:{posting.id}:{why}"


def _again(
    session: Session, posting_session: PostingSession, snapshot: PostingSnapshot, step: Send
) -> bool:
    """Ready for another send; a new generation only where its absence is proved and someone asked for it."""
    posting = snapshot.posting
    values: dict[str, Any] = {"hold": "", "reason": "", "next_try_at": None}
    if step.renew:
        generation = posting.generation + 1
        key = posting_session.key(posting, posting.base, generation)
        values |= {"generation": generation, "requestid": key, "rekey": False}
    return move(session, posting, "ready", **values)


def _back(
    session: Session,
    posting_session: PostingSession,
    snapshot: PostingSnapshot,
    answer: Answer | None,
) -> bool:
    pause = dt.timedelta(seconds=answer.after) if answer and answer.after else PAUSE
    # A pause of the whole company or a batch sent singly: the posting itself has nothing to wait for.
    sends = snapshot.history.sends
    at_once = sends and sends[-1].outcome in ("throttled", "unauthorised", "declined")
    then = None if at_once else posting_session.clock.now() + pause
    return move(session, snapshot.posting, "ready", next_try_at=then)


def _withdraw(session: Session, snapshot: PostingSnapshot) -> bool:
    if not move(
        session,
        snapshot.posting,
        "withdrawn",
        hold="",
        reason="The source no longer has it.",
        next_try_at=None,
    ):
        return False
    inbox.release(session, snapshot.posting)
    return True


def report_late_answer(session: Session, posting: Posting, id: str) -> None:
    """An answer came after its posting had ended as another object: there may be two of it."""
    if (
        posting.state == "posted"
        and posting.quickbooks_id != id
        and posting.operation not in CHANGE_OPERATIONS
    ):
        _open_case(
            session,
            posting,
            "late",
            CaseText(
                "outcome.late_answer",
                name=case_texts.called(posting),
                quickbooks_id=str(posting.quickbooks_id),
                answered_id=id,
            ),
            details={
                "candidates": case_texts.candidates(
                    session, posting, (str(posting.quickbooks_id), id)
                )
            },
        )
