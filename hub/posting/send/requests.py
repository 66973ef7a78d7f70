"""Send the requests of a wave: one for each posting, or one for all postings of a batch."""

import json
import logging
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, replace
from statistics import median
from typing import NamedTuple

from hub.contract.document_kinds import LIST_KINDS
from hub.errors import Sentence
from hub.models.enums import Operation, SendOutcome
from hub.posting.claims import ClaimedPosting
from hub.posting.outcome.batch_sizing import (
    MAX_CONCURRENT_REQUESTS,
    TOO_MANY_ITEMS,
    BatchResult,
)
from hub.posting.outcome.load import PostingSnapshot
from hub.posting.outcome.session import PostingSession
from hub.qbo import batch, search, transaction_index
from hub.qbo.batch import BatchItem
from hub.qbo.responses import QuickBooksResponse, build_lost_response

# QuickBooks takes longer to write. A server that answers faster is on this machine or near it, and
# threads then wait for the processor instead of answers (decision 172).
FAST_SECONDS = 0.02
MAX_CONCURRENT_FAST_REQUESTS = 2
log = logging.getLogger("hub")


@dataclass(frozen=True)
class SendJob:
    """A claimed posting with what its request needs.

    - `started`: the monotonic time before its claim.
    - `snapshot`: its history before this send; None if it has to be loaded again, because more than
      the response may change it.
    """

    posting: ClaimedPosting
    fence: str
    started: float
    app: str
    file: bytes
    marker: str = ""
    snapshot: PostingSnapshot | None = None

    @property
    def batch(self) -> str:
        """Return the key of its batch; "" for a single request."""
        return self.posting.place.batch

    @property
    def bid(self) -> str:
        """Return its bId in the batch; "" for a single request."""
        return self.posting.place.bid


class SendResult(NamedTuple):
    """A job with the response to it, or to its item of a batch."""

    job: SendJob
    response: QuickBooksResponse


@dataclass(frozen=True)
class InFlightWave:
    """A wave that is being sent; if it `is_full`, more postings may be ready.

    Each of its calls sends one request after another until the queue is empty. Once a call is done,
    no request of the wave is waiting.
    """

    is_full: bool
    calls: Sequence[Future[list[SendResult]]]

    @property
    def open_count(self) -> int:
        """Return how many calls are not done yet."""
        open_calls = [call for call in self.calls if not call.done()]
        return len(open_calls)

    def wait(self) -> None:
        """Wait until all requests are answered."""
        wait(self.calls)

    def results(self) -> list[SendResult]:
        """Return every job with its response, in the order of the claim."""
        results: list[SendResult] = []
        for call in self.calls:
            results += call.result()
        results.sort(key=lambda result: result.job.posting.id)
        return results


def launch_wave(
    posting_session: PostingSession,
    jobs: Sequence[SendJob],
    threads: Executor,
    *,
    is_full: bool,
    max_calls: int = MAX_CONCURRENT_REQUESTS,
) -> InFlightWave:
    """Send a wave; its only request is sent in this thread if no other wave can follow.

    If the wave `is_full`, another one may follow at once. There is one call per thread instead of
    one per request, because handing work to a thread takes time. `max_calls` is the result of
    `choose_concurrency`.
    """
    groups = _group_by_request(jobs)
    for app in {job.app for job in jobs}:
        posting_session.client(app)  # created here, because threads have no application context
    if len(groups) == 1 and not is_full:
        call: Future[list[SendResult]] = Future()
        call.set_result(_send_group(posting_session, groups[0]))
        return InFlightWave(is_full, [call])
    waiting = deque(groups)
    count = min(len(groups), max_calls)
    calls = [threads.submit(_send_waiting, posting_session, waiting) for _ in range(count)]
    return InFlightWave(is_full, calls)


def choose_concurrency(results: Sequence[SendResult]) -> int:
    """Return how many requests may run together after these results.

    Where answers come at once, more threads only take turns, which costs more than it gains.
    """
    seconds = [response.seconds for _, response in results if response.seconds > 0]
    if seconds and median(seconds) < FAST_SECONDS:
        return MAX_CONCURRENT_FAST_REQUESTS
    return MAX_CONCURRENT_REQUESTS


def send(posting_session: PostingSession, job: SendJob) -> QuickBooksResponse:
    """Send one posting.

    The deadline counts from the claim, and the client checks it right before the first byte.
    """
    posting = job.posting
    until = job.started + posting_session.config.deadline_seconds
    client = posting_session.client(job.app)
    try:
        if posting.operation == Operation.ATTACH:
            response = client.upload(
                posting.payload, job.file, posting.requestid, deadline_at=until
            )
        else:
            call = getattr(client, posting.operation)
            with posting_session.list_write_lock(posting.kind):
                response = call(posting.kind, posting.payload, posting.requestid, deadline_at=until)
            response = _doubt_foreign_response(job, response)
    except Exception as error:
        response = _log_defect(job, error)
    _remember_end(posting_session, job)
    return posting_session.note_date(response)


def group_batch_results(results: Sequence[SendResult]) -> list[BatchResult]:
    """Return the outcome of each batch; single requests count as one group if there is no batch."""
    by_batch: dict[str, list[QuickBooksResponse]] = defaultdict(list)
    for job, response in results:
        by_batch[job.batch].append(response)
    if len(by_batch) > 1:
        by_batch.pop("", None)
    batch_results = []
    for key, responses in by_batch.items():
        items = len(responses) if key else 1
        batch_results.append(_build_batch_result(responses, items))
    return batch_results


def _group_by_request(jobs: Iterable[SendJob]) -> list[list[SendJob]]:
    """Group jobs by the request that they go in."""
    groups: dict[tuple[str, int], list[SendJob]] = defaultdict(list)
    for job in jobs:
        single_id = 0 if job.batch else job.posting.id
        groups[job.batch, single_id].append(job)
    return list(groups.values())


def _send_waiting(
    posting_session: PostingSession, waiting: deque[list[SendJob]]
) -> list[SendResult]:
    """Send requests until none waits; several threads take them from the same queue."""
    results: list[SendResult] = []
    while True:
        try:
            group = waiting.popleft()
        except IndexError:
            return results
        results += _send_group(posting_session, group)


def _send_group(posting_session: PostingSession, jobs: list[SendJob]) -> list[SendResult]:
    if jobs[0].batch:
        return _send_batch(posting_session, jobs)
    return [SendResult(job, send(posting_session, job)) for job in jobs]


def _send_batch(posting_session: PostingSession, jobs: Sequence[SendJob]) -> list[SendResult]:
    """Send in one request exactly what the claim assigned to the batch."""
    first = jobs[0]
    until = first.started + posting_session.config.deadline_seconds
    items = [
        BatchItem(job.bid, job.posting.operation, job.posting.kind, job.posting.payload)
        for job in jobs
    ]
    try:
        whole = posting_session.client(first.app).batch(items, first.batch, deadline_at=until)
    except Exception as error:
        whole = _log_defect(first, error)
    for job in jobs:
        _remember_end(posting_session, job)
    posting_session.note_date(whole)
    responses = batch.split_responses(whole, items)
    if whole.landed:
        client = posting_session.client(first.app)
        client.note_items(list(responses.values()), is_trial=whole.is_trial)
    return [SendResult(job, _doubt_foreign_response(job, responses[job.bid])) for job in jobs]


def _remember_end(posting_session: PostingSession, job: SendJob) -> None:
    """Remember when the call of a job ended, from which its quiet time counts."""
    now = posting_session.clock.monotonic()
    posting_session.memory.call_ends[job.posting.id, job.fence] = now


def _doubt_foreign_response(job: SendJob, response: QuickBooksResponse) -> QuickBooksResponse:
    """Treat a response as lost if it does not show the marker that was sent.

    If the object has no marker, its id is kept and read later, because it may be the document. If
    it has the marker of another document, the id is dropped. QuickBooks stores no notes of
    suppliers, so a list entry without a marker is recognized by its unique name.
    """
    if not response.entity or job.marker.encode() not in job.posting.payload:
        return response
    identity = search.identify(response.entity)
    marker = transaction_index.extract_marker(identity.memo)
    if marker == job.marker or (not marker and _has_sent_name(job, identity.name)):
        return response
    log.warning("posting %s: the answer to it shows another document", job.posting.id)
    return replace(
        build_lost_response(Sentence("the answer shows another document")),
        id=None if marker else response.id,
        date=response.date,
        tid=response.tid,
    )


def _has_sent_name(job: SendJob, name: str) -> bool:
    """Return whether a response shows a list entry with the name that was sent."""
    if job.posting.kind not in LIST_KINDS:
        return False
    sent_name = search.identify(json.loads(job.posting.payload)).name
    return bool(name) and name.casefold() == sent_name.casefold()


def _log_defect(job: SendJob, error: Exception) -> QuickBooksResponse:
    """Log a defect of the hub during a call; the request may have been sent or not."""
    log.exception("posting %s", job.posting.id)
    return build_lost_response(
        Sentence(
            "the hub met a defect, %(type)s: %(error)s", type=type(error).__name__, error=str(error)
        )
    )


def _build_batch_result(responses: Sequence[QuickBooksResponse], items: int) -> BatchResult:
    declined_responses = [
        response for response in responses if response.outcome == SendOutcome.DECLINED
    ]
    return BatchResult(
        items=items,
        outcomes=frozenset(response.outcome for response in responses),
        too_many=any(response.code == TOO_MANY_ITEMS for response in declined_responses),
        seconds=max(response.seconds for response in responses),
    )
