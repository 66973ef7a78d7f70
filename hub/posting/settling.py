"""Writes down what became of a posting, guarded by the state and fence it was read with, and all that follows."""

import datetime as dt
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import CursorResult, Table, bindparam, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from hub import cases, outbox, runtime
from hub.models import Case, Posting, case_posting
from hub.posting import report, words
from hub.posting.history import Ask, Back, Hold, Posted, Reconnect, Send, Step, Withdraw
from hub.posting.known import party_list
from hub.posting.past import UNREADABLE, Past
from hub.posting.protocol import CHANGES
from hub.posting.worker import Worker
from hub.qbo import payloads
from hub.qbo.answers import Answer
from hub.qbo.shown import namer

PAUSE = dt.timedelta(seconds=30)
BILLED_BY_LINE = ("purchase_order",)
_postings = cast(Table, Posting.__table__)


def write(session: Session, worker: Worker, past: Past, step: Step, answer: Answer | None = None) -> bool:
    """Carries out a step that ends here; False when someone else has moved the posting meanwhile."""
    match step:
        case Posted():
            return _posted(session, past, step)
        case Ask():
            return _ask(session, past, step)
        case Hold():
            return _hold(session, past, step, answer)
        case Send():
            return _again(session, worker, past, step)
        case Back() | Reconnect():
            return _back(session, worker, past, answer)
        case Withdraw():
            return _withdraw(session, past)
        case _:
            return move(session, past.posting, "unknown")


def move(session: Session, posting: Posting, state: str, **values: Any) -> bool:
    """Moves a posting on, if nobody else has since it was read."""
    if posting.state in outbox.IN_FLIGHT:
        return outbox.settle(session, posting.id, posting.fence, state, **values)
    unmoved = Posting.id == posting.id, Posting.state == posting.state, Posting.fence == posting.fence
    session.flush()
    values |= {"state": state, "changed_at": runtime.current().clock.now()}
    result = session.execute(update(Posting).where(*unmoved).values(**values))
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


def posted(session: Session, pasts: Sequence[tuple[Past, Posted]]) -> None:
    """Many at once that were sent and whose rows this transaction holds locked."""
    rows = [
        {
            "_id": one.id,
            "_fence": one.posting.fence,
            **{f"_{name}": value for name, value in _values(one, step).items()},
        }
        for one, step in pasts
    ]
    if not rows:
        return
    written: dict[str, Any] = {name: bindparam(f"_{name}") for name in _values(*pasts[0])}
    mine = _postings.c.id == bindparam("_id"), _postings.c.fence == bindparam("_fence")
    in_flight = or_(*(_postings.c.state == state for state in outbox.IN_FLIGHT))
    guarded = update(_postings).where(*mine, in_flight)
    result = session.connection().execute(guarded.values(state="posted", **written), rows)
    assert result.rowcount == len(rows), "a posting moved on under its lock"
    _follow(session, pasts)


def _posted(session: Session, past: Past, step: Posted) -> bool:
    if not move(session, past.posting, "posted", **_values(past, step)):
        return False
    _follow(session, [(past, step)])
    return True


def _values(past: Past, step: Posted) -> dict[str, Any]:
    entity, found = past.entity or {}, past.found
    total = found.get("total")
    return {
        "quickbooks_id": step.id, "hold": "", "reason": "", "rekey": False, "next_try_at": None,
        "answer": entity, "sync_token": str(entity.get("SyncToken") or "") or None,
        "posted_total": None if total is None else Decimal(total), "changed_at": runtime.current().clock.now(),
    }  # fmt: skip


def _follow(session: Session, pasts: Sequence[tuple[Past, Posted]]) -> None:
    """What comes of being posted: cases end, codes are linked, the source is told, differences are shown."""
    stopped = _stopped(session, [one.id for one, _ in pasts])
    news = []
    for one, step in pasts:
        posting = one.posting
        set_committed_value(posting, "quickbooks_id", step.id)
        if posting.id in stopped:
            cases.release(session, posting)
        if found := one.found:
            _learn(session, posting, one, found)
            _compare(session, posting, found)
        if _file(one) and one.entity:
            _compare_file(session, posting, one.entity)
        if posting.document.made_for:
            outbox.link(session, posting.id)
        if one.history.operation in ("create", "update"):
            news.append(posting)
    report.posted(session, news)


def _learn(session: Session, posting: Posting, one: Past, found: dict[str, Any]) -> None:
    """What QuickBooks gave it: its number where the source has none, and ids of lines that may be billed."""
    learnt: dict[str, Any] = {}
    if not posting.number and found.get("number"):
        learnt["number"] = posting.number = str(found["number"])
    if posting.kind in BILLED_BY_LINE:
        learnt["meaning"] = posting.meaning = payloads.named(posting.meaning, one.entity or {})
    if learnt:
        session.execute(update(Posting).where(Posting.id == posting.id).values(**learnt))


def _stopped(session: Session, ids: Sequence[int]) -> set[int]:
    """Those of them that a case stops."""
    link = case_posting.c
    open_ = select(link.posting_id).join(Case, Case.id == link.case_id).where(Case.closed_at.is_(None))
    return set(session.scalars(open_.where(link.posting_id.in_(ids))))


def _file(past: Past) -> bool:
    return past.history.operation == "attach"


def _compare_file(session: Session, posting: Posting, entity: dict[str, Any]) -> None:
    """Whether the file hangs where it should, whole and under its name."""
    meant = json.loads(posting.payload or b"{}")  # of one that was found before it was fetched there is no more
    told = payloads.file_differences(meant, posting.meaning.get("size"), entity) if "AttachableRef" in meant else []
    if told:
        _case(
            session, posting, "file-differs", title="A file is not attached as meant", act="none",
            reason=f"{words.called(posting)} is in QuickBooks as attachment {posting.quickbooks_id}. {' '.join(told)}",
            do="Open Attachments in QuickBooks, put it right there, then close this.",
        )  # fmt: skip


def _compare(session: Session, posting: Posting, found: dict[str, Any]) -> None:
    """What QuickBooks made of it, against what was meant: a difference is a person's to judge, it stays posted."""
    named = namer(session, posting.company_id, party_list(posting))
    unreadable = ["What it answered cannot be read, so it was not compared."]
    told = unreadable if found is UNREADABLE else payloads.differences(posting.meaning, found, named=named)
    if told:
        _case(
            session, posting, "differs", title="Posted but differs", act="none",
            reason=f"{words.called(posting)} is in QuickBooks, but not quite as meant. {' '.join(told)}",
            do="Compare the two and correct the one that is wrong, then close this.",
            details={"differences": told, "quickbooks_id": posting.quickbooks_id},
        )  # fmt: skip


def _ask(session: Session, past: Past, step: Ask) -> bool:
    said = words.asking(step.why, past.posting, words.candidates(session, past.posting, step.candidates))
    if not move(session, past.posting, "held", hold="person", reason=said.reason, next_try_at=None):
        return False
    _stop(session, past, step.why, said, step.candidates)
    report.queue(session, past.posting.document, "held", posting=past.posting, message=said.reason)
    return True


def _hold(session: Session, past: Past, step: Hold, answer: Answer | None) -> bool:
    posting, history = past.posting, past.history
    last = history.sends[-1] if history.sends else None
    text = answer.text if answer else past.said
    said = words.holding(step.why, posting, text, last.code if last else "", len(history.sends))
    held = {"hold": "quickbooks", "reason": said.reason, "rekey": True, "next_try_at": None}
    if not move(session, posting, "held", **held):
        return False
    _stop(session, past, step.why, said, step.candidates)
    if not _file(past):
        report.queue(session, posting.document, "failed", posting=posting, message=said.reason)
    return True


def _stop(session: Session, past: Past, why: str, said: words.Words, ids: tuple[str, ...]) -> None:
    """Opens the case and takes the posting out of its others."""
    posting = past.posting
    details = {"candidates": words.candidates(session, posting, ids)} if ids else {}
    cases.release(session, posting, keep=[_cause(posting, why)])
    _case(session, posting, why, title=said.title, reason=said.reason, act=said.act, do=said.do, details=details)


def _case(session: Session, posting: Posting, why: str, **said: Any) -> None:
    cases.open(
        session, _cause(posting, why), postings=[posting], company_id=posting.company_id,
        installation_id=posting.installation_id, **said,
    )  # fmt: skip


def _cause(posting: Posting, why: str) -> str:
    return f"posting:{posting.id}:{why}"


def _again(session: Session, worker: Worker, past: Past, step: Send) -> bool:
    """Ready for another send; a new generation only where its absence is proved and someone asked for it."""
    posting = past.posting
    values: dict[str, Any] = {"hold": "", "reason": "", "next_try_at": None}
    if step.renew:
        generation = posting.generation + 1
        key = worker.key(posting, posting.base, generation)
        values |= {"generation": generation, "requestid": key, "rekey": False}
    return move(session, posting, "ready", **values)


def _back(session: Session, worker: Worker, past: Past, answer: Answer | None) -> bool:
    pause = dt.timedelta(seconds=answer.after) if answer and answer.after else PAUSE
    at_once = past.history.sends and past.history.sends[-1].outcome in ("throttled", "declined")
    then = None if at_once else worker.clock.now() + pause
    return move(session, past.posting, "ready", next_try_at=then)


def _withdraw(session: Session, past: Past) -> bool:
    if not move(session, past.posting, "withdrawn", hold="", reason="The source no longer has it.", next_try_at=None):
        return False
    cases.release(session, past.posting)
    return True


def late(session: Session, posting: Posting, id: str) -> None:
    """An answer came after its posting had ended as another object: there may be two of it."""
    if posting.state == "posted" and posting.quickbooks_id != id and posting.operation not in CHANGES:
        reason = f"{words.called(posting)} is posted as {posting.quickbooks_id}, and a late answer says {id}."
        _case(
            session, posting, "late", title="Perhaps twice in QuickBooks", act="choose", reason=reason,
            do="Look at both in QuickBooks; delete the one that is too much there, then close this.",
            details={"candidates": words.candidates(session, posting, (str(posting.quickbooks_id), id))},
        )  # fmt: skip
