"""The requests of a wave: one for each posting, or one for all of a batch, and what came of each posting."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, replace

from hub import outbox
from hub.posting.outcome.batch_sizing import TOO_MANY_ITEMS, BatchResult
from hub.posting.outcome.load import PostingSnapshot
from hub.posting.outcome.session import PostingSession
from hub.qbo import batch, transaction_index
from hub.qbo.batch import BatchItem
from hub.qbo.responses import Answer, lost

log = logging.getLogger("hub")


@dataclass(frozen=True)
class SendJob:
    """A claimed posting on its way; `started` is the monotonic moment before its claim, `batch` that which it is in.

    `snapshot` is its history before this send, where nothing but the answer can add to it.
    """

    posting: outbox.ClaimedPosting
    fence: str
    started: float
    app: str
    file: bytes
    marker: str = ""
    batch: str = ""
    bid: str = ""
    snapshot: PostingSnapshot | None = None


Result = tuple[SendJob, Answer]


@dataclass(frozen=True)
class InFlightWave:
    """A wave on its way; `full`: more may be ready behind it."""

    full: bool
    calls: Sequence[Future[list[Result]]]

    @property
    def open(self) -> int:
        """How many of its requests are not answered yet."""
        return sum(not call.done() for call in self.calls)

    def wait(self) -> None:
        """Until all are answered."""
        wait(self.calls)

    def results(self) -> list[Result]:
        """Every job with its answer, in the order of the claim."""
        answered = [one for call in self.calls for one in call.result()]
        return sorted(answered, key=lambda result: result[0].posting.id)


def launch(
    posting_session: PostingSession, jobs: Sequence[SendJob], full: bool, threads: Executor
) -> InFlightWave:
    """Sends a wave; a request that nothing follows needs no other thread."""
    parcels = _parcels(jobs)
    for app in {job.app for job in jobs}:
        posting_session.client(app)  # made here, where the application is at hand
    if len(parcels) == 1 and not full:
        done: Future[list[Result]] = Future()
        done.set_result(_send_parcel(posting_session, parcels[0]))
        return InFlightWave(full, [done])
    return InFlightWave(
        full, [threads.submit(_send_parcel, posting_session, parcel) for parcel in parcels]
    )


def send(posting_session: PostingSession, job: SendJob) -> Answer:
    """One request; its deadline counts from the claim, and the client looks at it right before the first byte."""
    posting = job.posting
    until = job.started + posting_session.config.deadline_seconds
    client = posting_session.client(job.app)
    try:
        if posting.operation == "attach":
            answer = client.upload(posting.payload, job.file, posting.requestid, deadline_at=until)
        else:
            call = getattr(client, posting.operation)
            answer = call(posting.kind, posting.payload, posting.requestid, deadline_at=until)
    except Exception as error:
        answer = _defect(job, error)
    posting_session.memory.ended[posting.id, job.fence] = posting_session.clock.monotonic()
    return posting_session.note(answer)


def batch_results(results: Sequence[Result]) -> list[BatchResult]:
    """How each batch was answered, or the single ones together where there was none."""
    of_batch: dict[str, list[Answer]] = defaultdict(list)
    for job, answer in results:
        of_batch[job.batch].append(answer)
    if len(of_batch) > 1:
        of_batch.pop("", None)
    return [_batch_result(answers, len(answers) if key else 1) for key, answers in of_batch.items()]


def _parcels(jobs: Iterable[SendJob]) -> list[list[SendJob]]:
    """What goes in one request each."""
    found: dict[tuple[str, int], list[SendJob]] = defaultdict(list)
    for job in jobs:
        found[job.batch, 0 if job.batch else job.posting.id].append(job)
    return list(found.values())


def _send_parcel(posting_session: PostingSession, parcel: list[SendJob]) -> list[Result]:
    return (
        _send_batch(posting_session, parcel)
        if parcel[0].batch
        else [(job, send(posting_session, job)) for job in parcel]
    )


def _send_batch(posting_session: PostingSession, jobs: Sequence[SendJob]) -> list[Result]:
    """Exactly what was frozen by the claim, in one request."""
    first, until = jobs[0], jobs[0].started + posting_session.config.deadline_seconds
    items = [
        BatchItem(job.bid, job.posting.operation, job.posting.kind, job.posting.payload)
        for job in jobs
    ]
    try:
        whole = posting_session.client(first.app).batch(items, first.batch, deadline_at=until)
    except Exception as error:
        whole = _defect(first, error)
    for job in jobs:
        posting_session.memory.ended[job.posting.id, job.fence] = posting_session.clock.monotonic()
    posting_session.note(whole)
    answers = batch.answers(whole, items)
    if whole.landed:
        client = posting_session.client(first.app)
        client.note_items(list(answers.values()), is_trial=whole.is_trial)
    return [(job, _own_answer(job, answers[job.bid])) for job in jobs]


def _own_answer(job: SendJob, answer: Answer) -> Answer:
    """An answer that shows the mark of another document is none to this one."""
    shown = transaction_index.extract_marker((answer.entity or {}).get("PrivateNote"))
    if not shown or shown == job.marker:
        return answer
    log.warning(
        "posting %s: the answer to its batch shows the document of another item", job.posting.id
    )
    return replace(lost("the answer shows another document"), date=answer.date, tid=answer.tid)


def _defect(job: SendJob, error: Exception) -> Answer:
    log.exception("posting %s", job.posting.id)
    return lost(f"the hub met a defect, {type(error).__name__}: {error}")


def _batch_result(answers: Sequence[Answer], items: int) -> BatchResult:
    too_many = any(one.outcome == "declined" and one.code == TOO_MANY_ITEMS for one in answers)
    return BatchResult(
        items,
        frozenset(one.outcome for one in answers),
        too_many,
        max(one.seconds for one in answers),
    )
