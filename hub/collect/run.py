"""Conductor one: reads a source, and leaves in the outbox what is to be posted."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from hub import sources
from hub.collect import reread
from hub.collect.absence import Absent
from hub.collect.batch import CollectBatch, Item
from hub.collect.intake import take_in
from hub.collect.prepare import prepare
from hub.collect.read import AT_ONCE, read
from hub.collect.remap import awaited, remap
from hub.collect.reread import Budget
from hub.collect.setup import Setup
from hub.contract.documents import Checkpoint, Gone, Unreadable, Yielded
from hub.db import engine
from hub.errors import HubError, NeedsAttention, PluginFault, Refused, Retry, TooOften
from hub.models import Cursor
from hub.sources import outage

log = logging.getLogger("hub")
Progress = Callable[[str, int, int], None]


@dataclass
class Collected:
    """What one collect did, in documents by what became of each; `notes` are for the run's log."""

    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


def collect(
    installation_id: int,
    *,
    ids: Sequence[str] = (),
    run_id: int | None = None,
    progress: Progress | None = None,
) -> Collected:
    """Take in what is new and then read again what waits, or read exactly these ids.

    What stops it is raised, and what came before is kept.
    """
    found = Collected()
    try:
        setup = prepare(installation_id, run_id)
        remap(setup)
        reading = _Reading(setup, found, progress)
        if ids:
            reading.read_exactly(ids)
        else:
            reading.read_all()
        awaited(setup)
    except HubError as error:
        has_progress = isinstance(error, TooOften) and found.counts["documents"]
        if error.from_source and not has_progress:
            outage.note_failure(installation_id, error)
        raise
    if not ids:
        outage.note_success(installation_id)
    return found


def collect_matched(installation_id: int, *, run_id: int | None = None) -> Collected:
    """Plan again what codes release that were matched since; what they held is read from the source first."""
    found = Collected()
    setup = prepare(installation_id, run_id)
    remap(setup)
    if ids := reread.matched(setup):
        _Reading(setup, found, None).read_exactly(ids)
    return found


class _Reading:
    """What one collect reads of the source, and what the source did not have."""

    def __init__(self, setup: Setup, found: Collected, progress: Progress | None) -> None:
        self.setup, self.found, self.progress = setup, found, progress
        self.missed: list[Gone] = []  # as answers to ids, or not in a list that should have them

    def read_all(self) -> None:
        """Read the list first, so that what waits never crowds out what is new."""
        is_throttled = False
        try:
            self._take(self._listed())
            is_throttled = self._is_throttled()
        except HubError:
            self._keep_missed(counts=False)
            raise
        self._judge_missed(may_count=not is_throttled)

    def read_exactly(self, ids: Sequence[str]) -> None:
        """Read these documents; without its list, the source's answers prove no absence."""
        try:
            self._read(ids)
        finally:
            self._keep_missed(counts=False)

    def _is_throttled(self) -> bool:
        """Read again what waits; return whether the source asked to slow down before the end."""
        try:
            self._read(reread.requested(self.setup))
            self._read(reread.waiting(self.setup), Budget(self.setup))
        except TooOften as error:
            self.found.notes.append(f"{error.text} What waits is read on with the next run.")
            return True
        return False

    def _read(self, ids: Sequence[str], budget: Budget | None = None) -> None:
        left = list(ids)
        while left and not (budget and budget.is_spent()):
            together = left[: min(AT_ONCE, budget.ids_left) if budget else AT_ONCE]
            self._read_together(together, budget)
            left = left[len(together) :]

    def _read_together(self, ids: Sequence[str], budget: Budget | None) -> None:
        unanswered = dict.fromkeys(ids)
        try:
            self._take(self._answers(unanswered, budget))
        except (Refused, PluginFault):
            # It would be the first to be read with every run, and keep the others from being read.
            reread.stamp(self.setup, list(unanswered)[:1])
            raise
        if budget is None or not budget.is_spent():
            reread.stamp(self.setup, unanswered)
        if budget:
            budget.spend(len(ids))

    def _answers(self, unanswered: dict[str, None], budget: Budget | None) -> Iterator[Yielded]:
        """Yield the documents that the source has of these ids; stop when enough calls were made."""
        for item in read(self.setup, tuple(unanswered)):
            if isinstance(item, Checkpoint):
                continue
            unanswered.pop(item.source_id, None)
            if isinstance(item, Gone):
                self._miss(item)
            else:
                yield item
            if budget and budget.is_spent():
                return

    def _listed(self) -> Iterator[Yielded]:
        """Yield what the list has; set aside what the plugin only misses in it."""
        for item in read(self.setup):
            if isinstance(item, Gone) and item.inferred:
                self._miss(item)
            else:
                yield item

    def _miss(self, item: Gone) -> None:
        self.missed.append(item)
        self.setup.read_now.add(item.source_id)

    def _judge_missed(self, may_count: bool) -> None:
        """Keep what the source did not have; it counts if the connection is proved to work now."""
        if not self.missed:
            return
        if may_count:
            try:
                sources.check(self.setup.installation)
            except HubError:
                self._keep_missed(counts=False)
                raise
        self._keep_missed(counts=may_count)

    def _keep_missed(self, counts: bool) -> None:
        missed, self.missed = self.missed, []
        self._take(
            Absent(source_id=one.source_id, reason=one.reason, counts=counts) for one in missed
        )
        if missed and self.found.counts["absent"]:
            self.found.notes.append(
                f"{self.setup.app.name} did not have {self.found.counts['absent']} of its"
                " documents. They stay as they are and are asked for again; only two such runs, at"
                " least an hour apart, prove that a document is gone."
            )

    def _take(self, items: Iterable[Yielded | Absent]) -> None:
        _take_in(self.setup, items, self.found, self.progress)


def _take_in(
    setup: Setup, items: Iterable[Yielded | Absent], found: Collected, progress: Progress | None
) -> None:
    """Commits in groups; a cursor goes with everything that was yielded before it, never ahead."""
    waiting: list[Item] = []
    try:
        for item in items:
            if isinstance(item, Checkpoint):
                _commit(setup, waiting, found, progress, item)
                waiting = []
                continue
            waiting.append(item)
            if len(waiting) == AT_ONCE:
                _commit(setup, waiting, found, progress)
                waiting = []
    except HubError:
        _commit(setup, waiting, found, progress)
        raise
    _commit(setup, waiting, found, progress)


def _commit(
    setup: Setup,
    items: list[Item],
    found: Collected,
    progress: Progress | None,
    mark: Checkpoint | None = None,
) -> None:
    if not items and not mark:
        return
    try:
        with engine.transaction() as session:
            counts = take_in(CollectBatch(session, setup, items))
            _keep_cursor(session, setup.installation.id, mark)
    except (Retry, NeedsAttention):
        raise
    except Exception as error:
        setup.seen.clear()
        counts = _singly(setup, items, mark, error)
    setup.read_now |= {item.source_id for item in items}
    found.counts += counts
    found.counts["documents"] += len(items)
    if progress:
        progress("collect", found.counts["documents"], 0)


def _singly(
    setup: Setup, items: list[Item], mark: Checkpoint | None, error: Exception
) -> Counter[str]:
    """A document that the hub itself cannot take in is held with that reason; its neighbours go on."""
    if len(items) > 1:
        found = Collected()
        for item in items:
            _commit(setup, [item], found, None)
        if mark:
            _commit(setup, [], found, None, mark)
        del found.counts["documents"]
        return found.counts
    if not items or (isinstance(items[0], Unreadable)):
        raise error
    reason = _words(error)
    if not isinstance(error, HubError):
        log.error(
            "document %s of installation %s",
            items[0].source_id,
            setup.installation.id,
            exc_info=error,
        )
    with engine.transaction() as session:
        item = Unreadable(source_id=items[0].source_id, reason=reason[:1000])
        counts = take_in(CollectBatch(session, setup, [item]))
        _keep_cursor(session, setup.installation.id, mark)
    return counts


def _words(error: Exception) -> str:
    if isinstance(error, HubError):
        return error.text
    return (
        f"The hub could not take it in ({type(error).__name__}: {error}). The log has the details."
    )


def _keep_cursor(session: Session, installation_id: int, mark: Checkpoint | None) -> None:
    if mark:
        session.merge(
            Cursor(installation_id=installation_id, stream=mark.stream, value=mark.cursor)
        )
