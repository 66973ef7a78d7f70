"""Decide from the setting and past responses how many documents go in one request."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from sqlalchemy import update
from sqlalchemy.orm import Session

from hub.db.engine import transaction
from hub.errors import Refused
from hub.models import ConnectedCompany
from hub.models.enums import BatchMode, SendOutcome
from hub.outbox.identity import derive_batch_id
from hub.posting.claims import BatchPlace, ClaimedPosting
from hub.qbo.batch import MAX_ITEMS
from hub.security import audit

# How the modes are described on pages and by commands.
MODE_LABELS: dict[str, str] = {
    BatchMode.SINGLE: "one by one",
    BatchMode.AUTO: "in batches where more than a few wait",
    BatchMode.BATCH: "in batches where two or more wait",
}
MAX_SINGLE_REQUESTS = 60  # claimed in one commit
MAX_CONCURRENT_REQUESTS = 10
BATCHES_PER_WAVE = 6  # claimed in one commit
BATCHES_PER_WAVE_WHILE_GROWING = 3
MIN_BATCH_ITEMS = {BatchMode.AUTO: 6, BatchMode.BATCH: 2}  # fewer are sent singly
INITIAL_BATCH_ITEMS = 10
BATCH_GROWTH = 5  # items by which the next batch is larger when all went well
SLOW_SECONDS = 20.0  # after a slower response, batches do not grow
MAX_BATCH_BYTES = 500_000  # the documents of a batch together
TOO_MANY_ITEMS = "1040"  # QuickBooks' error code
GOOD_OUTCOMES = {SendOutcome.LANDED, SendOutcome.REFUSED}
BAD_OUTCOMES = {SendOutcome.DOUBT, SendOutcome.THROTTLED, SendOutcome.DECLINED}


@dataclass(frozen=True)
class BatchResult:
    """The outcomes of the items of one request, and how long the response took."""

    items: int
    outcomes: frozenset[SendOutcome]
    too_many: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class BatchSizer:
    """The number of documents per batch now, and the maximum that QuickBooks accepts.

    A size of one means single requests.
    """

    mode: BatchMode = BatchMode.SINGLE
    size: int = INITIAL_BATCH_ITEMS
    max_size: int = MAX_ITEMS

    @classmethod
    def for_company(cls, company: ConnectedCompany) -> Self:
        """Return the batch size that is stored for a company."""
        return cls(
            mode=BatchMode(company.batches),
            size=company.batch_size,
            max_size=company.batch_most,
        )

    @property
    def uses_batches(self) -> bool:
        """Return whether documents are sent in batches at all."""
        if self.mode == BatchMode.SINGLE:
            return False
        return self.size > 1

    @property
    def is_stable(self) -> bool:
        """Return whether the size no longer grows, so that the next wave need not wait."""
        if self.mode == BatchMode.SINGLE:
            return True
        return self.size >= self.max_size

    @property
    def wave_size(self) -> int:
        """Return the number of postings claimed in one commit."""
        if not self.uses_batches:
            return MAX_SINGLE_REQUESTS
        if self.is_stable:
            return self.size * BATCHES_PER_WAVE
        return max(MAX_ITEMS, self.size * BATCHES_PER_WAVE_WHILE_GROWING)

    def adjust(self, results: Sequence[BatchResult]) -> Self:
        """Return the size after these results.

        It grows as long as every request succeeds, and is halved after a pause, a doubt or a batch
        that was refused as a whole. Batches larger than the present size were sent before it was
        reduced, so their results are ignored.
        """
        if self.mode == BatchMode.SINGLE or self._includes_larger_batch(results):
            return self

        outcomes: set[SendOutcome] = set()
        for result in results:
            outcomes |= result.outcomes
        if outcomes & BAD_OUTCOMES:
            return self._reduce(too_many=any(result.too_many for result in results))
        if not outcomes <= GOOD_OUTCOMES or not self._may_grow(results):
            return self

        growth = BATCH_GROWTH if self.size > 1 else 1
        return replace(self, size=min(self.max_size, self.size + growth))

    def _includes_larger_batch(self, results: Sequence[BatchResult]) -> bool:
        """Return whether any of these batches was larger than the present size."""
        if not self.uses_batches:
            return False
        return any(result.items > self.size for result in results)

    def _reduce(self, *, too_many: bool) -> Self:
        """Halve the size; if QuickBooks refused the number of items, also lower the maximum."""
        max_size = self.max_size
        if too_many:
            max_size = max(1, self.size - BATCH_GROWTH)
        half = max(1, self.size // 2)
        size = min(max_size, half)
        return replace(self, size=size, max_size=max_size)

    def _may_grow(self, results: Sequence[BatchResult]) -> bool:
        """Return whether at least one batch was full and no response was slow."""
        has_full_batch = any(result.items >= self.size for result in results)
        return has_full_batch and all(result.seconds < SLOW_SECONDS for result in results)


def compose_batches(
    claimed_postings: Sequence[ClaimedPosting], apps: Mapping[int, str], batch_sizer: BatchSizer
) -> dict[int, BatchPlace]:
    """Assign postings to batches, in their order.

    `apps` has the app of each posting that may be batched; the items of a batch belong to one app.
    The key of a batch is derived from its items, so that one key always means the same items.
    """
    if not batch_sizer.uses_batches:
        return {}
    by_app: dict[str, list[ClaimedPosting]] = defaultdict(list)
    for posting in claimed_postings:
        app = apps.get(posting.id)
        if app is not None:
            by_app[app].append(posting)
    min_items = MIN_BATCH_ITEMS[batch_sizer.mode]
    places: dict[int, BatchPlace] = {}
    for postings in by_app.values():
        for chunk in _split_into_chunks(postings, batch_sizer.size):
            if len(chunk) < min_items:
                continue
            key = derive_batch_id(posting.requestid for posting in chunk)
            for number, posting in enumerate(chunk):
                places[posting.id] = BatchPlace(key, f"{number:02}")
    return places


def _split_into_chunks(
    postings: Iterable[ClaimedPosting], size: int
) -> Iterator[list[ClaimedPosting]]:
    """Split postings into chunks of at most `size` items and `MAX_BATCH_BYTES`."""
    chunk: list[ClaimedPosting] = []
    bytes_left = MAX_BATCH_BYTES
    for posting in postings:
        bytes_left -= len(posting.payload)
        is_full = len(chunk) == size or bytes_left < 0
        if chunk and is_full:
            yield chunk
            chunk = []
            bytes_left = MAX_BATCH_BYTES - len(posting.payload)
        chunk.append(posting)
    if chunk:
        yield chunk


def store_size(session: Session, company_id: int, batch_sizer: BatchSizer) -> None:
    """Store the batch size of a company."""
    session.execute(
        update(ConnectedCompany)
        .where(ConnectedCompany.id == company_id)
        .values(batch_size=batch_sizer.size, batch_most=batch_sizer.max_size)
    )


def store_mode(company_id: int, mode: str, who: str) -> None:
    """Set how documents of a company are sent, and reset the batch size to its initial value."""
    if mode not in MODE_LABELS:
        raise Refused(
            "“%(mode)s” is not a way to send documents. Choose one of %(modes)s.",
            mode=mode,
            modes=", ".join(MODE_LABELS),
        )
    with transaction() as session:
        company = session.get_one(ConnectedCompany, company_id)
        before = company.batches
        company.batches = mode
        company.batch_size = INITIAL_BATCH_ITEMS
        company.batch_most = MAX_ITEMS
        audit.record(session, who, "batches chosen", company.realm, before=before, after=mode)
