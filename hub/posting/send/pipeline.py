"""Outbox to QuickBooks to result: claims a wave in one commit, sends it at once, writes its results in one commit.

While one wave is on its way the next is claimed and the last one's results are written.
"""

import datetime as dt
import uuid
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import Table, bindparam, update
from sqlalchemy.orm import Session

from hub import outbox
from hub.db.bulk import each
from hub.db.engine import reading, transaction
from hub.models import Attempt, Company
from hub.posting.outcome import batch_sizing
from hub.posting.outcome import load as outcome_load
from hub.posting.outcome import record as outcome_record
from hub.posting.outcome.load import PostingState
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.decisions import decide
from hub.posting.protocol.history import (
    Back,
    Doubt,
    Look,
    Posted,
    Read,
    Reconnect,
    SendAttempt,
    Step,
)
from hub.posting.recovery import resolve as recovery_resolve
from hub.posting.recovery import restore
from hub.posting.send import prepare
from hub.posting.send.prepare import Prepared
from hub.posting.send.requests import InFlightWave, Result, SendJob, launch, told
from hub.qbo import records, transaction_index
from hub.qbo.entities import DOCUMENTS
from hub.qbo.responses import Answer

FRUITLESS = 3  # waves in which nothing was taken, after which it is left for later
TAKEN_UP = ("landed", "refused", "declined", "doubt")
NOTED = ("ended_at", "outcome", "status", "code", "text", "tid", "quickbooks_date", "seen_id")
Meaning = dict[str, Any]
_attempts = cast(Table, Attempt.__table__)
_ANSWERED = (
    update(_attempts)
    .where(
        _attempts.c.posting_id == bindparam("_posting"), _attempts.c.fence == bindparam("_fence")
    )
    .values({name: bindparam(f"_{name}") for name in NOTED})
)
_companies = cast(Table, Company.__table__)
_COUNTED = (
    update(_companies)
    .where(_companies.c.id == bindparam("_company"))
    .values(sends=_companies.c.sends + bindparam("_claimed"))
    .returning(_companies.c.sends)
)


def deliver(posting_session: PostingSession) -> int:
    """Sends until nothing is ready; how many were taken up. However it ends, what has left is written down first."""
    with ThreadPoolExecutor(
        batch_sizing.MAX_CONCURRENT_REQUESTS, thread_name_prefix="post"
    ) as threads:
        delivery = SendPipeline(posting_session, threads)
        try:
            while delivery.go_on():
                pass
        finally:
            delivery.end()
    return delivery.sent


class SendPipeline:
    """The waves of one run: as many on their way as there are hands for their requests."""

    def __init__(self, posting_session: PostingSession, threads: Executor) -> None:
        self.posting_session, self.threads = posting_session, threads
        self.total, self.sent, self.fruitless = prepare.count(posting_session), 0, 0
        self.flights: deque[InFlightWave] = deque()

    def go_on(self) -> bool:
        """Takes the next step: a wave more, or the results of the first; False when there is nothing left to do."""
        if self._may_launch() and self._launch():
            return True
        if not self.flights:
            return False
        if self.flights[0].open:
            self.flights[0].wait()
        else:
            self._land()
        return True

    def end(self) -> None:
        """Writes down what is still on its way."""
        while self.flights:
            self._settle()

    def _may_launch(self) -> bool:
        """The next wave follows one that left more behind; else what comes of that may change what is ready, or how."""
        if self.posting_session.stopped or self.fruitless >= FRUITLESS:
            return False
        if not self.flights:
            return True
        if self.posting_session.is_refused():
            return False
        on_the_way = sum(flight.open for flight in self.flights)
        return (
            self.flights[-1].full
            and self.posting_session.batch_sizer.is_stable
            and on_the_way < batch_sizing.MAX_CONCURRENT_REQUESTS
        )

    def _launch(self) -> bool:
        """Whether anything was ready."""
        posting_session = self.posting_session
        wave = 1 if posting_session.is_refused() else posting_session.batch_sizer.wave
        ids, before = prepare.waiting(posting_session, wave), posting_session.counts.total()
        jobs = _claim(posting_session, prepare.prepare(posting_session, ids)) if ids else []
        if jobs:
            self.flights.append(launch(posting_session, jobs, len(ids) == wave, self.threads))
        elif ids:
            self._count(posting_session.counts.total() > before)
        return bool(ids)

    def _land(self) -> None:
        before = self.posting_session.counts.total()
        taken = self._settle()
        self.sent += taken
        self._count(taken > 0 or self.posting_session.counts.total() > before)
        self.posting_session.report_progress("post", self.sent, max(self.total, self.sent))

    def _settle(self) -> int:
        return _settle(self.posting_session, self.flights.popleft().results())

    def _count(self, fruitful: bool) -> None:
        self.fruitless = 0 if fruitful else self.fruitless + 1


def _claim(posting_session: PostingSession, prepared: Sequence[Prepared]) -> list[SendJob]:
    """Commits keys, bytes, what goes together, and QuickBooks' date before the first byte leaves."""
    if not prepared:
        return []
    fence = uuid.uuid4().hex
    started = posting_session.clock.monotonic()
    about = {one.id: one for one in prepared}
    apps = {one.id: one.app for one in prepared if one.is_batchable}
    places: dict[int, outbox.BatchPlace] = {}

    def compose(claimed: Sequence[outbox.ClaimedPosting]) -> Mapping[int, outbox.BatchPlace]:
        places.update(batch_sizing.compose(claimed, apps, posting_session.batch_sizer))
        return places

    with transaction() as session:
        posting_session.store_date(session)
        claimed = outbox.claim(
            session,
            about,
            fence,
            posting_session.clock.now(),
            run_id=posting_session.run_id,
            doubted=posting_session.latest(),
            compose=compose,
            revisions={one.id: one.revision for one in prepared},
        )
        if not claimed:
            return []
        counted = {"_company": posting_session.company_id, "_claimed": len(claimed)}
        total = session.connection().execute(_COUNTED, counted).scalar_one()
    restore.count(posting_session, total)
    return [
        _job(posting, fence, started, about[posting.id], places.get(posting.id))
        for posting in claimed
    ]


def _job(
    posting: outbox.ClaimedPosting,
    fence: str,
    started: float,
    about: Prepared,
    place: outbox.BatchPlace | None,
) -> SendJob:
    batch, bid = place or ("", "")
    return SendJob(
        posting,
        fence,
        started,
        about.app,
        about.file,
        about.marker,
        batch,
        bid,
        about.posting_state,
    )


def _settle(posting_session: PostingSession, results: Sequence[Result]) -> int:
    """Writes every result; how many sends QuickBooks took up."""
    with transaction() as session:
        meant = _meanings(results)
        _absorb(session, posting_session, results, meant)
        _note_attempts(session, posting_session, results)
        unfinished = _results(session, posting_session, results, meant)
        posting_session.store_date(session)
        _learn(session, posting_session, results)
    _go_on(posting_session, unfinished)
    texts = {answer.outcome: answer.text for _, answer in results}
    if "unauthorised" in texts:
        posting_session.stop(texts["unauthorised"])
    elif set(texts) == {"unsent"}:
        posting_session.stop(texts["unsent"])
    return sum(answer.outcome in TAKEN_UP for _, answer in results)


def _learn(session: Session, posting_session: PostingSession, results: Sequence[Result]) -> None:
    """How many go together from now on."""
    pace = posting_session.batch_sizer.adjusted(told(results))
    if pace != posting_session.batch_sizer:
        batch_sizing.store(session, posting_session.company_id, pace)
        posting_session.batch_sizer = pace


def _meanings(results: Sequence[Result]) -> dict[int, Meaning]:
    """What each answer that shows a document says of it, by posting."""
    shown = ((job.posting, answer.entity) for job, answer in results if answer.landed)
    return {
        one.id: outcome_load.read_summary(one.id, one.operation, one.kind, entity)
        for one, entity in shown
    }


def _results(
    session: Session,
    posting_session: PostingSession,
    results: Sequence[Result],
    meant: Mapping[int, Meaning],
) -> list[int]:
    """Takes each posting where its answer leads; those that need another look before they rest are returned."""
    mine = outbox.lock_held(session, {job.posting.id: job.fence for job, _ in results})
    done, others = [], []
    for job, answer in results:
        one = _as_carried(job, answer, meant) if job.posting.id in mine else None
        step = decide(one.history) if one else None
        if one and isinstance(step, Posted):
            done.append((one, step))
            _count(posting_session, job, step)
        else:
            others.append((job, answer))
    outcome_record.record_posted(session, done)
    return _otherwise(session, posting_session, others, meant) if others else []


def _as_carried(job: SendJob, answer: Answer, meant: Mapping[int, Meaning]) -> PostingState | None:
    """Its history with this answer, where nothing else can have added to it and it need not be read again."""
    if job.posting_state is None or not answer.landed:
        return None
    batched, generation = bool(job.batch), job.posting.generation
    sent = SendAttempt(
        generation=generation,
        outcome=answer.outcome,
        code=answer.code,
        id=answer.id,
        batched=batched,
    )
    return job.posting_state.with_answer(sent, answer.entity, meant.get(job.posting.id))


def _otherwise(
    session: Session,
    posting_session: PostingSession,
    results: Sequence[Result],
    meant: Mapping[int, Meaning],
) -> list[int]:
    """The same for those whose rows are read once more."""
    found = {
        one.id: one
        for one in outcome_load.load_states(
            session, posting_session, [job.posting.id for job, _ in results]
        )
    }
    unfinished = []
    for job, answer in results:
        one = found[job.posting.id]
        if one.posting.fence != job.fence or one.posting.state not in outbox.IN_FLIGHT:
            if answer.landed and answer.id:
                outcome_record.report_late_answer(session, one.posting, answer.id)
            continue
        one = replace(one.with_state("sending"), entity=answer.entity, summary=meant.get(one.id))
        step = decide(one.history)
        outcome_record.apply_step(session, posting_session, one, step, answer)
        _count(posting_session, job, step)
        if isinstance(step, (Read, Look)):
            unfinished.append(one.id)
    return unfinished


def _count(posting_session: PostingSession, job: SendJob, step: Step) -> None:
    if not isinstance(step, (Doubt, Read, Look)):
        posting_session.memory.ended.pop((job.posting.id, job.fence), None)
    if not isinstance(step, (Read, Look, Back, Reconnect)):
        posting_session.counts[type(step).__name__.lower()] += 1


def _go_on(posting_session: PostingSession, ids: list[int]) -> None:
    if ids:
        with reading() as session:
            posting_states = outcome_load.load_states(session, posting_session, ids)
        recovery_resolve.advance_until_idle(posting_session, posting_states)


def _absorb(
    session: Session,
    posting_session: PostingSession,
    results: Sequence[Result],
    meant: Mapping[int, Meaning],
) -> None:
    """Keeps transactions and list entries as QuickBooks has just shown them."""
    entities: dict[str, list[dict[str, Any]]] = defaultdict(list)
    said: dict[str, dict[str, Meaning]] = defaultdict(dict)
    for job, answer in results:
        if answer.landed and answer.entity and job.posting.operation != "attach":
            entities[job.posting.kind].append(answer.entity)
            said[job.posting.kind][str(answer.entity["Id"])] = meant[job.posting.id]
    for kind, shown in entities.items():
        if kind in DOCUMENTS:
            transaction_index.absorb_all(
                session, posting_session.company_id, kind, shown, ours=True, meant=said[kind]
            )
        else:
            records.absorb(session, posting_session.company_id, kind, shown)


def _note_attempts(
    session: Session, posting_session: PostingSession, results: Sequence[Result]
) -> None:
    """What the answers said, and any Id that they showed, whoever holds the postings now."""
    now = posting_session.clock.now()
    each(session, _ANSWERED, [_noted(now, job, answer) for job, answer in results])


def _noted(now: dt.datetime, job: SendJob, answer: Answer) -> dict[str, Any]:
    refused = answer.outcome == "refused"
    holder = answer.faults[0].holder if answer.faults and refused else None
    values = (
        now, answer.outcome, answer.status, answer.code[:10], answer.text, answer.tid[:80], answer.date,
        holder[1] if holder else None if refused else answer.id,
    )  # fmt: skip
    return {"_posting": job.posting.id, "_fence": job.fence} | {
        f"_{name}": value for name, value in zip(NOTED, values, strict=True)
    }
