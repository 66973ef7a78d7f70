"""Outbox to QuickBooks to result: claims a wave in one commit, sends it at once, writes its results in one commit."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.orm import Session

from hub import outbox
from hub.models import Attempt, Company, Posting
from hub.posting import batches, past, prepare, recover, restore, settling
from hub.posting.history import Back, Doubt, Look, Posted, Read, Reconnect
from hub.posting.prepare import Prepared
from hub.posting.protocol import decide
from hub.posting.sending import Job, Result, send_all, told
from hub.posting.worker import Worker
from hub.qbo import mirror, records
from hub.qbo.answers import Answer
from hub.qbo.entities import DOCUMENTS
from hub.store import reading, transaction

FRUITLESS = 3  # waves in which nothing was taken, after which it is left for later
TAKEN_UP = ("landed", "refused", "declined", "doubt")
NOTED = ("ended_at", "outcome", "status", "code", "text", "tid", "quickbooks_date", "seen_id")
_attempts = cast(Table, Attempt.__table__)


def deliver(worker: Worker) -> int:
    """Sends until nothing is ready; how many were taken up."""
    sent = fruitless = 0
    total = prepare.count(worker)
    with ThreadPoolExecutor(batches.AT_ONCE, thread_name_prefix="post") as threads:
        while not worker.stopped and fruitless < FRUITLESS and (ids := prepare.waiting(worker, worker.pace.wave)):
            before = worker.counts.total()
            jobs = _claim(worker, prepare.prepare(worker, ids))
            taken = _settle(worker, send_all(worker, jobs, threads)) if jobs else 0
            sent += taken
            fruitless = 0 if taken or worker.counts.total() > before else fruitless + 1
            worker.tell("post", sent, max(total, sent))
    return sent


def _claim(worker: Worker, prepared: Sequence[Prepared]) -> list[Job]:
    """Commits keys, bytes, what goes together, and QuickBooks' date before the first byte leaves."""
    if not prepared:
        return []
    fence, started = uuid.uuid4().hex, worker.clock.monotonic()
    about = {one.id: one for one in prepared}
    apps = {one.id: one.app for one in prepared if one.shareable}
    places: dict[int, outbox.Place] = {}

    def compose(claimed: Sequence[Posting]) -> Mapping[int, outbox.Place]:
        places.update(batches.compose(claimed, apps, worker.pace))
        return places

    with transaction() as session:
        worker.keep_date(session)
        unchanged = _unchanged(session, prepared)
        claimed = outbox.claim(session, unchanged, fence, worker.clock.now(), worker.run_id, compose)
        if not claimed:
            return []
        ids = [posting.id for posting in claimed]
        session.execute(update(Posting).where(Posting.id.in_(ids)).values(doubted_date=worker.latest()))
        mine = update(Company).where(Company.id == worker.company_id)
        session.execute(mine.values(sends=Company.sends + len(ids)))
        total = session.scalar(select(Company.sends).where(Company.id == worker.company_id)) or 0
    restore.count(worker, total)
    return [_job(posting, fence, started, about[posting.id], places.get(posting.id)) for posting in claimed]


def _job(posting: Posting, fence: str, started: float, about: Prepared, place: outbox.Place | None) -> Job:
    return Job(posting, fence, started, about.app, about.file, about.marker, *(place or ()))


def _unchanged(session: Session, prepared: Sequence[Prepared]) -> list[int]:
    """Those that nobody has planned anew since they were prepared."""
    wanted = {one.id: one.revision for one in prepared}
    found = select(Posting.id, Posting.revision).where(Posting.id.in_(wanted), Posting.checked_at.is_not(None))
    return [id for id, revision in session.execute(found.order_by(Posting.id)) if wanted[id] == revision]


def _settle(worker: Worker, results: Sequence[Result]) -> int:
    """Writes every result; how many sends QuickBooks took up."""
    with transaction() as session:
        _absorb(session, worker, results)
        _note_attempts(session, worker, results)
        unfinished = _results(session, worker, results)
        worker.keep_date(session)
        _learn(session, worker, results)
    _go_on(worker, unfinished)
    texts = {answer.outcome: answer.text for _, answer in results}
    if "unauthorised" in texts:
        worker.stop(texts["unauthorised"])
    elif set(texts) == {"unsent"}:
        worker.stop(texts["unsent"])
    return sum(answer.outcome in TAKEN_UP for _, answer in results)


def _learn(session: Session, worker: Worker, results: Sequence[Result]) -> None:
    """How many go together from now on."""
    pace = worker.pace.learnt(told(results))
    if pace != worker.pace:
        batches.keep(session, worker.company_id, pace)
        worker.pace = pace


def _results(session: Session, worker: Worker, results: Sequence[Result]) -> list[int]:
    """Takes each posting where its answer leads; those that need another look before they rest are returned."""
    found = {one.id: one for one in past.load(session, worker, [job.posting.id for job, _ in results], lock=True)}
    done, unfinished = [], []
    for job, answer in results:
        one = replace(found[job.posting.id].with_state("sending"), entity=answer.entity)
        if one.posting.fence != job.fence or one.posting.state not in outbox.IN_FLIGHT:
            if answer.landed and answer.id:
                settling.late(session, one.posting, answer.id)
            continue
        step = decide(one.history)
        if isinstance(step, Posted):
            done.append((one, step))
        else:
            settling.write(session, worker, one, step, answer)
        if not isinstance(step, (Doubt, Read, Look)):
            worker.memory.ended.pop((one.id, job.fence), None)
        if isinstance(step, (Read, Look)):
            unfinished.append(one.id)
        elif not isinstance(step, (Back, Reconnect)):
            worker.counts[type(step).__name__.lower()] += 1
    settling.posted(session, done)
    return unfinished


def _go_on(worker: Worker, ids: list[int]) -> None:
    if ids:
        with reading() as session:
            pasts = past.load(session, worker, ids)
        recover.carry(worker, pasts)


def _absorb(session: Session, worker: Worker, results: Sequence[Result]) -> None:
    """Keeps transactions and list entries as QuickBooks has just shown them."""
    entities: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for job, answer in results:
        if answer.landed and answer.entity and job.posting.operation != "attach":
            entities[job.posting.kind].append(answer.entity)
    for kind, shown in entities.items():
        if kind in DOCUMENTS:
            mirror.absorb_all(session, worker.company_id, kind, shown, ours=True)
        else:
            records.absorb(session, worker.company_id, kind, shown)


def _note_attempts(session: Session, worker: Worker, results: Sequence[Result]) -> None:
    """What the answers said, and any Id that they showed, whoever holds the postings now."""
    mine = _attempts.c.posting_id == bindparam("_posting"), _attempts.c.fence == bindparam("_fence")
    rows = [_noted(worker, job, answer) for job, answer in results]
    written: dict[str, Any] = {name: bindparam(f"_{name}") for name in NOTED}
    session.connection().execute(update(_attempts).where(*mine).values(written), rows)


def _noted(worker: Worker, job: Job, answer: Answer) -> dict[str, Any]:
    refused = answer.outcome == "refused"
    holder = answer.faults[0].holder if answer.faults and refused else None
    values = (
        worker.clock.now(), answer.outcome, answer.status, answer.code[:10], answer.text, answer.tid[:80], answer.date,
        holder[1] if holder else None if refused else answer.id,
    )  # fmt: skip
    return {"_posting": job.posting.id, "_fence": job.fence} | {
        f"_{name}": value for name, value in zip(NOTED, values, strict=True)
    }
