"""Record the outcome of a posting, only if its state and fence are still as they were read."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, Table, bindparam, or_, select, update
from sqlalchemy.orm import Session

from hub import outbox, payloads
from hub.cases import inbox
from hub.context import current_hub
from hub.contract.document_kinds import KINDS_BILLED_BY_LINE, PAYABLE_KINDS
from hub.contract.states import ReceiptState, Stage
from hub.db import bulk
from hub.models import Case, Posting, SourceDocument, case_posting
from hub.models.display_names import format_posting_name
from hub.models.enums import (
    CHANGE_OPERATIONS,
    WRITE_OPERATIONS,
    Holder,
    Operation,
    PostingState,
    SendOutcome,
)
from hub.posting import case_texts, claims, posting_cases, receipts, removals
from hub.posting.outcome.load import PostingSnapshot
from hub.posting.outcome.response_comparison import compare_file_with_sent, compare_with_sent
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.history import Ask, Hold, Posted, Reconnect, Requeue, Send, Step, Withdraw
from hub.qbo import transaction_index
from hub.qbo.dependents import is_settled
from hub.qbo.responses import QuickBooksResponse
from hub.reasons import texts
from hub.reasons.texts import CaseText

DEFAULT_PAUSE = dt.timedelta(seconds=30)
# After these outcomes the whole company pauses or a batch is sent singly, so that the posting
# itself has nothing to wait for.
OUTCOMES_WITHOUT_PAUSE = (
    SendOutcome.THROTTLED,
    SendOutcome.UNAUTHORISED,
    SendOutcome.DECLINED,
)
FINAL_VALUES: dict[str, Any] = {
    "held_by": Holder.NOBODY,
    "reasons": [],
    "rekey": False,
    "next_try_at": None,
}
# The content of postings in these states may be older than that of their documents.
POSSIBLY_OUTDATED = (PostingState.HELD, PostingState.WITHDRAWN)
POSTED_COLUMNS = ("quickbooks_id", "answer", "sync_token", "posted_total", "changed_at")
_postings = cast(Table, Posting.__table__)
_STORE_POSTED = (
    update(_postings)
    .where(
        _postings.c.id == bindparam("_id"),
        or_(*(_postings.c.state == state for state in outbox.IN_FLIGHT)),
    )
    .values(
        state=PostingState.POSTED,
        **FINAL_VALUES,
        **{name: bindparam(f"_{name}") for name in POSTED_COLUMNS},
    )
)
_SELECT_WITH_CASES = (
    select(case_posting.c.posting_id)
    .join(Case, Case.id == case_posting.c.case_id)
    .where(Case.closed_at.is_(None), bulk.is_among(case_posting.c.posting_id, "ids"))
)


def apply_step(
    session: Session,
    posting_session: PostingSession,
    snapshot: PostingSnapshot,
    step: Step,
    response: QuickBooksResponse | None = None,
) -> bool:
    """Record a step; return False if another process has changed the posting meanwhile."""
    match step:
        case Posted():
            return _record_one_posted(session, snapshot, step)
        case Ask():
            return _hold_for_decision(session, snapshot, step)
        case Hold():
            return _hold_refused(session, snapshot, step, response)
        case Send():
            return _make_ready(session, posting_session, snapshot, step)
        case Requeue() | Reconnect():
            return _requeue(session, posting_session, snapshot, step, response)
        case Withdraw():
            return _withdraw(session, snapshot)
        case _:
            return change_state(session, snapshot.posting, PostingState.UNKNOWN)


def change_state(session: Session, posting: Posting, state: PostingState, **values: Any) -> bool:
    """Change the state of a posting; return False if it has changed since it was read."""
    if posting.state in outbox.IN_FLIGHT:
        return claims.store_result(session, posting.id, posting.fence, state, **values)
    is_unchanged = (
        Posting.id == posting.id,
        Posting.state == posting.state,
        Posting.fence == posting.fence,
        Posting.revision == posting.revision,  # its content may have been planned anew
    )
    session.flush()
    now = current_hub().clock.now()
    values = {"changed_at": now, **values, "state": state}
    result = session.execute(update(Posting).where(*is_unchanged).values(**values))
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


def record_posted(session: Session, results: Sequence[tuple[PostingSnapshot, Posted]]) -> None:
    """Record many postings as posted.

    They were sent, and this transaction holds their rows locked under the fences of those sends.
    """
    if not results:
        return
    now = current_hub().clock.now()
    rows = []
    for snapshot, step in results:
        values = {"id": snapshot.id, **_build_posted_values(snapshot, step, now)}
        row = {f"_{name}": value for name, value in values.items()}
        rows.append(row)
    updated_count = bulk.execute_each(session, _STORE_POSTED, rows)
    assert updated_count == len(rows), "a posting changed although its row was locked"
    _follow_up(session, results)


def report_late_response(session: Session, posting: Posting, id: str) -> None:
    """Open a case if a late response names another object than the posting was recorded as."""
    if posting.state != PostingState.POSTED or posting.operation in CHANGE_OPERATIONS:
        return
    if posting.quickbooks_id == id:
        return
    recorded_id = str(posting.quickbooks_id)
    text = CaseText(
        "outcome.late_answer",
        name=format_posting_name(posting),
        quickbooks_id=recorded_id,
        answered_id=id,
    )
    candidates = case_texts.describe_candidates(session, posting, (recorded_id, id))
    posting_cases.open_case(session, posting, "late", text, {"candidates": candidates})


# -- posted ---------------------------------------------------------------------------------------


def _record_one_posted(session: Session, snapshot: PostingSnapshot, step: Posted) -> bool:
    """Record a posting as posted; return False if another process has changed it meanwhile."""
    now = current_hub().clock.now()
    values = _build_posted_values(snapshot, step, now) | FINAL_VALUES
    is_recorded = change_state(session, snapshot.posting, PostingState.POSTED, **values)
    if not is_recorded:
        return False
    if snapshot.posting.state in POSSIBLY_OUTDATED:
        _request_reading(session, snapshot.posting, now)
    _follow_up(session, [(snapshot, step)])
    return True


def _request_reading(session: Session, posting: Posting, now: dt.datetime) -> None:
    """Request that the document of an adopted posting is read and planned again.

    While the posting was held or withdrawn, the document was not planned as one that QuickBooks
    has. The source may no longer want it, or may have changed it.
    """
    document = session.get_one(SourceDocument, posting.document_id)
    if document.made_for == "":
        document.reread = True
        document.reread_at = now


def _build_posted_values(
    snapshot: PostingSnapshot, step: Posted, now: dt.datetime
) -> dict[str, Any]:
    """Return the columns of a posting that are set when it is posted."""
    entity = snapshot.entity or {}
    summary = snapshot.entity_summary
    return {
        "quickbooks_id": step.id,
        "answer": entity,
        "sync_token": str(entity.get("SyncToken") or "") or None,
        "posted_total": summary.total if summary else None,
        "changed_at": now,
    }


def _follow_up(session: Session, results: Sequence[tuple[PostingSnapshot, Posted]]) -> None:
    """Update everything that depends on postings that are posted now.

    Close cases, match codes to new records, report differences, and queue receipts for the source.
    """
    ids = [snapshot.id for snapshot, _ in results]
    ids_with_cases = set(session.scalars(_SELECT_WITH_CASES, {"ids": ids}))
    transactions = []
    for snapshot, step in results:
        posting = snapshot.posting
        operation = snapshot.history.operation
        posting_cases.close_cases(session, posting, has_case=posting.id in ids_with_cases)
        number = _store_numbers(session, snapshot)
        _compare_response(session, snapshot, step.id)
        if posting.document.made_for:
            outbox.match_created_record(session, posting.id)
        if operation in WRITE_OPERATIONS:
            transaction = receipts.TransactionFacts(posting.kind, step.id, number)
            transactions.append((posting, transaction))
            if _was_paid_before(snapshot):
                transaction_index.mark_as_news(session, posting.company_id, posting.kind, step.id)
        if operation in outbox.REMOVALS:
            removals.withdraw_files(session, posting)
            _report_removal(session, posting)
    receipts.queue_posted(session, transactions)


def _compare_response(session: Session, snapshot: PostingSnapshot, id: str) -> None:
    """Open a case if the response of QuickBooks differs from what was sent."""
    posting, entity = snapshot.posting, snapshot.entity or {}
    if snapshot.entity_summary:
        compare_with_sent(session, posting, entity, snapshot.entity_summary, id)
    if snapshot.history.operation == Operation.ATTACH and entity:
        compare_file_with_sent(session, posting, entity, id)


def _was_paid_before(snapshot: PostingSnapshot) -> bool:
    """Return whether a transaction was paid, fully or partly, before the hub recorded it as posted.

    This happens if it was adopted, or if the response to its send was lost.
    """
    entity = snapshot.entity or {}
    return snapshot.posting.kind in PAYABLE_KINDS and is_settled(entity)


def _report_removal(session: Session, posting: Posting) -> None:
    """Report to the source that a person removed its document.

    A removal that the source itself requested is not reported.
    """
    removal = session.get_one(Posting, posting.id)
    if outbox.is_removal_by_person(removal):
        who = outbox.get_remover(removal)
        receipts.queue_removed(session, removal.document, who)


def _store_numbers(session: Session, snapshot: PostingSnapshot) -> str:
    """Store the number that QuickBooks assigned and the ids of lines that may be billed.

    Return the number of the transaction.
    """
    posting = snapshot.posting
    summary = snapshot.entity_summary
    values: dict[str, Any] = {}
    number = posting.number
    if not number and summary:
        number = summary.number
    if number != posting.number:
        values["number"] = number
    if summary and posting.kind in KINDS_BILLED_BY_LINE:
        with_line_ids = payloads.with_line_ids(posting.summary, snapshot.entity or {})
        values["stored_summary"] = with_line_ids.dump()
    if values:
        session.execute(update(Posting).where(Posting.id == posting.id).values(**values))
    return posting.summary.number or number


# -- held -----------------------------------------------------------------------------------------


def _hold_for_decision(session: Session, snapshot: PostingSnapshot, step: Ask) -> bool:
    """Hold a posting for a person's decision."""
    posting = snapshot.posting
    candidates = case_texts.describe_candidates(session, posting, step.candidates)
    text = case_texts.format_question(step.reason, posting, candidates)
    return _hold(session, snapshot, step, text, ReceiptState.HELD, held_by=Holder.PERSON)


def _hold_refused(
    session: Session, snapshot: PostingSnapshot, step: Hold, response: QuickBooksResponse | None
) -> bool:
    """Hold a posting that QuickBooks refused."""
    sends = snapshot.history.sends
    message = response.text if response else snapshot.error_text
    code = sends[-1].code if sends else ""
    text = case_texts.format_refusal(
        step.reason, snapshot.posting, message, code, rounds=len(sends)
    )
    values = {"held_by": Holder.QUICKBOOKS, "rekey": True}
    return _hold(session, snapshot, step, text, ReceiptState.FAILED, **values)


def _hold(
    session: Session,
    snapshot: PostingSnapshot,
    step: Ask | Hold,
    text: CaseText,
    receipt_state: ReceiptState,
    **values: Any,
) -> bool:
    """Hold a posting with a case and a receipt; return False if another process has changed it."""
    posting = snapshot.posting
    reasons = texts.dump(text)
    values = {**values, "reasons": reasons, "next_try_at": None}
    if not change_state(session, posting, PostingState.HELD, **values):
        return False
    posting_cases.open_only_case(session, posting, step.reason, text, step.candidates)
    if snapshot.history.operation != Operation.ATTACH:
        receipts.queue(session, posting.document, receipt_state, posting=posting, reasons=reasons)
    return True


# -- sent again or withdrawn ----------------------------------------------------------------------


def _make_ready(
    session: Session, posting_session: PostingSession, snapshot: PostingSnapshot, step: Send
) -> bool:
    """Make a posting ready for another send, under the next key if the step says so.

    If QuickBooks may have processed the newest send in a batch, the next key is that of its item.
    QuickBooks joins it from the key of the batch and the bId of the item, so that the item, sent
    alone with it, is not carried out again if the search missed it.
    """
    posting = snapshot.posting
    values: dict[str, Any] = {"held_by": Holder.NOBODY, "reasons": [], "next_try_at": None}
    if step.renew:
        values |= posting_session.build_next_key(posting)
        if snapshot.batch_key and not snapshot.history.rekey:
            values["requestid"] = snapshot.batch_key
    return change_state(session, posting, PostingState.READY, **values)


def _requeue(
    session: Session,
    posting_session: PostingSession,
    snapshot: PostingSnapshot,
    step: Requeue | Reconnect,
    response: QuickBooksResponse | None,
) -> bool:
    """Return a posting to ready so that its send is repeated."""
    posting = snapshot.posting
    sends = snapshot.history.sends
    values: dict[str, Any] = {"next_try_at": None}
    if step == Requeue(renew=True):
        values |= posting_session.build_next_key(posting)
    if not sends or sends[-1].outcome not in OUTCOMES_WITHOUT_PAUSE:
        pause = DEFAULT_PAUSE
        if response and response.after:
            pause = dt.timedelta(seconds=response.after)
        values["next_try_at"] = posting_session.clock.now() + pause
    return change_state(session, posting, PostingState.READY, **values)


def _explain_withdrawal(posting: Posting) -> CaseText:
    """Return why the source no longer wants a document created."""
    document = posting.document
    if document.gone is not None:
        return CaseText("posting.source_gone")
    codes = {Stage.PENDING: "posting.not_wanted_yet", Stage.CLOSED: "posting.not_wanted"}
    code = codes.get(Stage(document.stage), "posting.not_to_be_created")
    return CaseText(code, app=case_texts.get_app_name(posting))


def _withdraw(session: Session, snapshot: PostingSnapshot) -> bool:
    """Withdraw a posting that is not in QuickBooks and that its source no longer wants."""
    values = {
        "held_by": Holder.NOBODY,
        "reasons": texts.dump(_explain_withdrawal(snapshot.posting)),
        "next_try_at": None,
    }
    if not change_state(session, snapshot.posting, PostingState.WITHDRAWN, **values):
        return False
    inbox.detach(session, snapshot.posting)
    return True
