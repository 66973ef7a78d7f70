"""Record the results of a wave: responses, transactions, and the next step of each posting."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, bindparam, update
from sqlalchemy.orm import Session

from hub import outbox
from hub.db import bulk
from hub.db.database_errors import TransactionConflict, repeat_after_conflict
from hub.db.engine import read_only_session, transaction
from hub.models import Attempt, TransactionSummary
from hub.models.enums import Operation, PostingState, SendOutcome
from hub.payloads.entities import DOCUMENT_ENTITIES
from hub.posting import claims
from hub.posting.outcome import batch_sizing
from hub.posting.outcome.load import PostingSnapshot, load_snapshots, read_summary
from hub.posting.outcome.record import apply_step, record_posted, report_late_response
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.decisions import decide
from hub.posting.protocol.history import (
    Doubt,
    Posted,
    Read,
    Reconnect,
    Requeue,
    Search,
    SendAttempt,
    Step,
)
from hub.posting.recovery.resolve import advance_until_idle
from hub.posting.send.requests import SendJob, SendResult, group_batch_results
from hub.qbo import records, transaction_index
from hub.qbo.responses import QuickBooksResponse

# A send with one of these outcomes made progress; otherwise the same request is sent again later.
PROGRESS_OUTCOMES = (
    SendOutcome.LANDED,
    SendOutcome.REFUSED,
    SendOutcome.DECLINED,
    SendOutcome.DOUBT,
)
ATTEMPT_COLUMNS = (
    "ended_at",
    "outcome",
    "status",
    "code",
    "text",
    "tid",
    "quickbooks_date",
    "seen_id",
)
_attempts = cast(Table, Attempt.__table__)
_STORE_RESPONSES = (
    update(_attempts)
    .where(
        _attempts.c.posting_id == bindparam("_posting"), _attempts.c.fence == bindparam("_fence")
    )
    .values({name: bindparam(f"_{name}") for name in ATTEMPT_COLUMNS})
)


class SummarizedResult(NamedTuple):
    """A job with the response to it, and the summary of the transaction that this shows."""

    job: SendJob
    response: QuickBooksResponse
    summary: TransactionSummary | None


def record_results(posting_session: PostingSession, results: Sequence[SendResult]) -> int:
    """Record every result; return the number of sends that made progress."""
    unfinished_ids = _store_results(posting_session, results)
    _advance(posting_session, unfinished_ids)
    _stop_if_refused(posting_session, results)
    return sum(response.outcome in PROGRESS_OUTCOMES for _, response in results)


@repeat_after_conflict
def _store_results(posting_session: PostingSession, results: Sequence[SendResult]) -> list[int]:
    """Store every result in one transaction; return the postings to be looked up in QuickBooks."""
    counts = posting_session.counts.copy()
    batch_sizer = posting_session.batch_sizer
    summarized_results = [_summarize(job, response) for job, response in results]
    try:
        with transaction() as session:
            _absorb(session, posting_session, summarized_results)
            _store_attempts(session, posting_session, results)
            unfinished_ids = _apply_results(session, posting_session, summarized_results)
            posting_session.store_date(session)
            _adjust_batches(session, posting_session, results)
    except TransactionConflict:
        posting_session.counts, posting_session.batch_sizer = counts, batch_sizer
        raise
    return unfinished_ids


def _summarize(job: SendJob, response: QuickBooksResponse) -> SummarizedResult:
    """Return the result of a job, with a summary of the entity if QuickBooks carried it out."""
    posting = job.posting
    summary = None
    if response.landed:
        summary = read_summary(posting.id, posting.operation, posting.kind, response.entity)
    return SummarizedResult(job, response, summary)


def _absorb(
    session: Session, posting_session: PostingSession, results: Sequence[SummarizedResult]
) -> None:
    """Store transactions and list entries as QuickBooks has just shown them."""
    entities: dict[str, list[dict[str, Any]]] = defaultdict(list)
    summaries: dict[str, dict[str, TransactionSummary | None]] = defaultdict(dict)
    for job, response, summary in results:
        posting = job.posting
        if response.landed and response.entity and posting.operation != Operation.ATTACH:
            entities[posting.kind].append(response.entity)
            quickbooks_id = str(response.entity["Id"])
            summaries[posting.kind][quickbooks_id] = summary
    company_id = posting_session.company_id
    # By kind, as a poll of changes does: both lock the state of each list until they are stored.
    for kind, rows in sorted(entities.items()):
        if kind in DOCUMENT_ENTITIES:
            transaction_index.absorb_all(
                session,
                company_id,
                kind,
                rows,
                is_own_write=True,
                summaries=summaries[kind],
            )
        else:
            records.absorb(session, company_id, kind, rows)


def _store_attempts(
    session: Session, posting_session: PostingSession, results: Sequence[SendResult]
) -> None:
    """Store each response and its id, even if another process has claimed the posting since."""
    now = posting_session.clock.now()
    bulk.execute_each(
        session,
        _STORE_RESPONSES,
        [_build_attempt_values(now, job, response) for job, response in results],
    )


def _build_attempt_values(
    now: dt.datetime, job: SendJob, response: QuickBooksResponse
) -> dict[str, Any]:
    seen_id = response.id
    if response.outcome == SendOutcome.REFUSED:
        # The id of the transaction that already has the number, if the refusal names it.
        number_holder = response.faults[0].holder if response.faults else None
        seen_id = number_holder[1] if number_holder else None
    return {
        "_posting": job.posting.id,
        "_fence": job.fence,
        "_ended_at": now,
        "_outcome": response.outcome,
        "_status": response.status,
        "_code": response.code[:10],
        "_text": response.text,
        "_tid": response.tid[:80],
        "_quickbooks_date": response.date,
        "_seen_id": seen_id,
    }


def _apply_results(
    session: Session, posting_session: PostingSession, results: Sequence[SummarizedResult]
) -> list[int]:
    """Apply each response; return the postings to be looked up in QuickBooks."""
    locked_ids = claims.lock_claimed(
        session, {result.job.posting.id: result.job.fence for result in results}
    )
    posted_results = []
    others = []
    for result in results:
        snapshot = None
        if result.job.posting.id in locked_ids:
            snapshot = _add_response(result)
        step = decide(snapshot.history) if snapshot else None
        if snapshot and isinstance(step, Posted):
            posted_results.append((snapshot, step))
            _count(posting_session, result.job, step)
        else:
            others.append(result)
    record_posted(session, posted_results)
    if not others:
        return []
    return _apply_reloaded(session, posting_session, others)


def _add_response(result: SummarizedResult) -> PostingSnapshot | None:
    """Return the snapshot of a job with its response; None if the rows must be loaded again."""
    job, response, summary = result
    if job.snapshot is None or not response.landed:
        return None
    send = SendAttempt(
        generation=job.posting.generation,
        outcome=response.outcome,
        code=response.code,
        id=response.id,
        batched=bool(job.batch),
    )
    return job.snapshot.with_response(send, response.entity, summary)


def _apply_reloaded(
    session: Session, posting_session: PostingSession, results: Sequence[SummarizedResult]
) -> list[int]:
    """Load postings again and apply their responses; return those to be looked up in QuickBooks."""
    ids = [result.job.posting.id for result in results]
    snapshots = {
        snapshot.id: snapshot for snapshot in load_snapshots(session, posting_session, ids)
    }
    unfinished_ids = []
    for job, response, summary in results:
        snapshot = snapshots[job.posting.id]
        posting = snapshot.posting
        is_late = posting.fence != job.fence or posting.state not in outbox.IN_FLIGHT
        if is_late:
            if response.landed and response.id:
                report_late_response(session, posting, response.id)
            continue
        snapshot = replace(
            snapshot.with_state(PostingState.SENDING),
            entity=response.entity,
            summary=summary,
        )
        step = decide(snapshot.history)
        apply_step(session, posting_session, snapshot, step, response)
        _count(posting_session, job, step)
        if isinstance(step, (Read, Search)):
            unfinished_ids.append(posting.id)
    return unfinished_ids


def _count(posting_session: PostingSession, job: SendJob, step: Step) -> None:
    """Count a step; forget when the call ended, unless the posting is in doubt."""
    if not isinstance(step, (Doubt, Read, Search)):
        posting_session.memory.call_ends.pop((job.posting.id, job.fence), None)
    if not isinstance(step, (Read, Search, Requeue, Reconnect)):
        posting_session.count_step(step)


def _adjust_batches(
    session: Session, posting_session: PostingSession, results: Sequence[SendResult]
) -> None:
    """Adjust and store the batch size."""
    batch_sizer = posting_session.batch_sizer.adjust(group_batch_results(results))
    if batch_sizer != posting_session.batch_sizer:
        batch_sizing.store_size(session, posting_session.company_id, batch_sizer)
        posting_session.batch_sizer = batch_sizer


def _advance(posting_session: PostingSession, ids: list[int]) -> None:
    """Look up the postings whose response is not conclusive, and carry out their next steps."""
    if not ids:
        return
    with read_only_session() as session:
        snapshots = load_snapshots(session, posting_session, ids)
    advance_until_idle(posting_session, snapshots)


def _stop_if_refused(posting_session: PostingSession, results: Sequence[SendResult]) -> None:
    """Stop sending if QuickBooks refused the connection, or if no request could be sent."""
    responses = [response for _, response in results]
    texts = {response.outcome: response.text for response in responses}
    if SendOutcome.UNAUTHORISED in texts:
        posting_session.stop(texts[SendOutcome.UNAUTHORISED])
    elif set(texts) == {SendOutcome.UNSENT}:
        posting_session.stop(texts[SendOutcome.UNSENT], _find_longest_pause(responses))


def _find_longest_pause(responses: Sequence[QuickBooksResponse]) -> float | None:
    """Return for how many seconds requests must wait; None if one of them does not say so."""
    pauses = [response.after for response in responses if response.after is not None]
    if len(pauses) < len(responses):
        return None
    return max(pauses)
