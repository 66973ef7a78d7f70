"""Which documents go together in one request, and how many: as the company's setting says and its answers taught."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

from sqlalchemy import update
from sqlalchemy.orm import Session

from hub.db.engine import transaction
from hub.errors import Refused
from hub.models import Company
from hub.outbox.identity import batch_id
from hub.outbox.transitions import Claimed, Place
from hub.qbo.batch import MOST_ITEMS
from hub.security import audit

Mode = Literal["auto", "single", "batch"]
MODES = {
    "single": "one by one",
    "auto": "in batches where more than a few wait",
    "batch": "in batches where two or more wait",
}
WAVE = 60  # single requests claimed in one commit
AT_ONCE = 10  # requests on the way
TOGETHER, LEARNING = (
    6,
    3,
)  # batches claimed in one commit, and while their size is still being learnt
FEWEST = {"auto": 6, "batch": 2}  # fewer go singly
FIRST, STEP = 10, 5  # items in the first batch, and how many more in the next when all went well
SLOW_SECONDS = 20.0  # an answer that takes longer is no reason for a larger batch
LARGEST = 500_000  # bytes of documents in a batch
TOO_MANY = "1040"
GOOD, BAD = {"landed", "refused"}, {"doubt", "throttled", "declined"}


@dataclass(frozen=True)
class Told:
    """How the items of one request were answered, and how long that took."""

    items: int
    outcomes: frozenset[str]
    too_many: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class Pace:
    """How many go together now, and how many QuickBooks takes at most; a size of one is single requests."""

    mode: str = "single"
    size: int = FIRST
    most: int = MOST_ITEMS

    @classmethod
    def of(cls, company: Company) -> Self:
        return cls(company.batches, company.batch_size, company.batch_most)

    @property
    def together(self) -> bool:
        return self.mode != "single" and self.size > 1

    @property
    def known(self) -> bool:
        """Whether there is nothing left to learn before the next wave: the size does not grow any more."""
        return self.mode == "single" or self.size >= self.most

    @property
    def wave(self) -> int:
        """How many are claimed in one commit; the next wave follows while requests of this one are on the way."""
        if not self.together:
            return WAVE
        return self.size * TOGETHER if self.known else max(MOST_ITEMS, self.size * LEARNING)

    def learnt(self, told: Sequence[Told]) -> Self:
        """The pace after these answers: grown while all is well, halved on a pause, a doubt or a refused whole.

        From those to larger batches than are sent now, which were on their way meanwhile, it was learnt already.
        """
        if self.mode == "single" or (self.together and any(one.items > self.size for one in told)):
            return self
        outcomes = frozenset[str]().union(*(one.outcomes for one in told))
        if outcomes & BAD:
            most = max(1, self.size - STEP) if any(one.too_many for one in told) else self.most
            return replace(self, size=min(most, max(1, self.size // 2)), most=most)
        full = any(one.items >= self.size for one in told)
        if full and outcomes <= GOOD and all(one.seconds < SLOW_SECONDS for one in told):
            return replace(self, size=min(self.most, self.size + (STEP if self.size > 1 else 1)))
        return self


def compose(claimed: Sequence[Claimed], apps: Mapping[int, str], pace: Pace) -> dict[int, Place]:
    """The places of those that go in batches, in their order; `apps` names the apps of those that may.

    The key of a batch is made of what is in it, so that the same key never stands for anything else.
    """
    if not pace.together:
        return {}
    of_app: dict[str, list[Claimed]] = defaultdict(list)
    for posting in claimed:
        if posting.id in apps:
            of_app[apps[posting.id]].append(posting)
    places: dict[int, Place] = {}
    for chunk in (chunk for waiting in of_app.values() for chunk in _chunks(waiting, pace.size)):
        if len(chunk) >= FEWEST[pace.mode]:
            key = batch_id(posting.requestid for posting in chunk)
            places |= {posting.id: (key, f"{number:02}") for number, posting in enumerate(chunk)}
    return places


def _chunks(waiting: Iterable[Claimed], size: int) -> Iterator[list[Claimed]]:
    """As many as may go together, and no more bytes than that."""
    chunk: list[Claimed] = []
    room = LARGEST
    for posting in waiting:
        room -= len(posting.payload)
        if chunk and (len(chunk) == size or room < 0):
            yield chunk
            chunk, room = [], LARGEST - len(posting.payload)
        chunk.append(posting)
    if chunk:
        yield chunk


def keep(session: Session, company_id: int, pace: Pace) -> None:
    """Remembers the pace for the company."""
    mine = update(Company).where(Company.id == company_id)
    session.execute(mine.values(batch_size=pace.size, batch_most=pace.most))


def choose(company_id: int, mode: str, who: str) -> None:
    """A person's decision how documents are sent; what the answers taught is forgotten."""
    if mode not in MODES:
        raise Refused(f"Documents cannot be sent so: {mode!r}. Choose {', '.join(MODES)}.")
    with transaction() as session:
        company = session.get_one(Company, company_id)
        before, company.batches = company.batches, mode
        company.batch_size, company.batch_most = FIRST, MOST_ITEMS
        audit.record(session, who, "batches chosen", company.realm, before=before, after=mode)
