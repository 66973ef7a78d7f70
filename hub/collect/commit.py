"""Commit the items of a source in batches, each cursor together with all items before it."""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import update
from sqlalchemy.orm import Session

from hub.clock import MAX_CLOCK_DIFFERENCE
from hub.collect.absence import Absent
from hub.collect.batch import DOCUMENTS_PER_BATCH, CollectBatch, Item
from hub.collect.intake import ingest
from hub.collect.look_alikes import find_unsearched_day
from hub.collect.prepare import search_back_to
from hub.collect.settings_check import ReadingStartedOver
from hub.collect.setup import Setup
from hub.context import Progress, current_hub, mask_secrets
from hub.contract.documents import Checkpoint, Unreadable, Yielded
from hub.db import engine
from hub.db.bulk import is_among, is_locked_in_order
from hub.db.database_errors import TransactionConflict, repeat_after_conflict
from hub.errors import HubError, NeedsAttention, Retry, Sentence
from hub.models import Cursor, SourceDocument
from hub.models.enums import DocumentOutcome

log = logging.getLogger("hub")
MAX_REASON_LENGTH = 1000


@dataclass
class CollectResult:
    """The numbers of documents that a collect handled, by outcome, and notes for the run's log.

    `continue_after` are the seconds after which the rest may be read, if the rate of the source
    ended the reading.
    """

    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    continue_after: float | None = None


class BatchWriter:
    """Writes the items of one collect to the database, batch by batch."""

    def __init__(self, setup: Setup, result: CollectResult, progress: Progress | None) -> None:
        self.setup = setup
        self.result = result
        self.progress = progress
        self._from_list = False
        self._reading_began_at = current_hub().clock.now()
        self._stored_streams = set(setup.cursors)  # the streams that have a cursor

    def write_list(self, items: Iterable[Yielded | Absent]) -> None:
        """Commit items of the source's list, which may be older than the stored documents."""
        self._from_list = True
        try:
            self.write(items)
        finally:
            self._from_list = False

    def write(self, items: Iterable[Yielded | Absent]) -> None:
        """Commit items in batches; a cursor is never stored before the items that it covers.

        The items are read from the source during the iteration.
        """
        self._reading_began_at = current_hub().clock.now()
        waiting: list[Item] = []
        try:
            for item in items:
                if isinstance(item, Checkpoint):
                    self._commit(waiting, item)
                    waiting = []
                    continue
                waiting.append(item)
                if len(waiting) == DOCUMENTS_PER_BATCH:
                    self._commit(waiting)
                    waiting = []
        except HubError:
            self._commit(waiting)
            raise
        self._commit(waiting)

    def _commit(self, items: list[Item], checkpoint: Checkpoint | None = None) -> None:
        """Write a batch, and add the outcomes of its items to the result.

        Search QuickBooks first as far back as its documents are dated.
        """
        if not items and not checkpoint:
            return
        unsearched_day = find_unsearched_day(self.setup, items)
        if unsearched_day:
            search_back_to(self.setup, unsearched_day)
        outcomes = self._write_or_hold(items, checkpoint)
        counts = self.result.counts
        counts.update(outcomes)
        counts["documents"] += len(items)
        if self.progress:
            self.progress("collect", counts["documents"], 0)

    def _write_or_hold(
        self, items: list[Item], checkpoint: Checkpoint | None
    ) -> Counter[DocumentOutcome]:
        """Write a batch; if that fails, write each item alone and hold the one that fails.

        Retry and NeedsAttention stop the collect: another document would fail in the same way.
        """
        try:
            return self._write_together(items, checkpoint)
        except (Retry, NeedsAttention):
            raise
        except Exception as error:
            self.setup.stored_codes.clear()
            if len(items) > 1:
                return self._write_singly(items, checkpoint)
            if not items or isinstance(items[0], Unreadable):
                raise
            defect = self._build_unreadable(items[0], error)
        return self._write_together([defect], checkpoint)

    @repeat_after_conflict
    def _write_together(
        self, items: list[Item], checkpoint: Checkpoint | None
    ) -> Counter[DocumentOutcome]:
        """Write items and the cursor that follows them in one transaction."""
        try:
            with engine.transaction() as session:
                batch = CollectBatch(session, self.setup, items, from_list=self._from_list)
                outcomes = ingest(batch)
                if checkpoint:
                    self._store_cursor(session, checkpoint)
                changed_ids = _mark_changed_meanwhile(session, batch, self._reading_began_at)
        except TransactionConflict:
            self.setup.stored_codes.clear()
            raise
        if checkpoint:
            self._stored_streams.add(checkpoint.stream)
        self.setup.read_ids.update(item.source_id for item in items)
        self.setup.read_ids -= batch.outdated_ids | changed_ids  # these are read by their ids
        return outcomes

    def _store_cursor(self, session: Session, checkpoint: Checkpoint) -> None:
        """Store the cursor of a stream of the source.

        Raise ReadingStartedOver if the cursor was removed since it was read or stored.
        """
        key = {"installation_id": self.setup.installation.id, "stream": checkpoint.stream}
        if checkpoint.stream in self._stored_streams and session.get(Cursor, key) is None:
            raise ReadingStartedOver(self.setup.app.name)
        session.merge(Cursor(**key, value=checkpoint.cursor))

    def _write_singly(
        self, items: list[Item], checkpoint: Checkpoint | None
    ) -> Counter[DocumentOutcome]:
        """Write each item in a transaction of its own, and the cursor after all of them."""
        outcomes: Counter[DocumentOutcome] = Counter()
        for item in items:
            outcomes.update(self._write_or_hold([item], None))
        if checkpoint:
            self._write_or_hold([], checkpoint)
        return outcomes

    def _build_unreadable(self, item: Item, error: Exception) -> Unreadable:
        """Return a document that the hub cannot store as a defect with the reason."""
        if isinstance(error, HubError):
            reason = error.text
        else:
            installation_id = self.setup.installation.id
            log.error(
                "document %s of installation %s", item.source_id, installation_id, exc_info=error
            )
            text = mask_secrets(str(error))
            reason = Sentence(
                "The hub could not store it (%(type)s: %(text)s). The log has the details.",
                type=type(error).__name__,
                text=text,
            )
        return Unreadable(source_id=item.source_id, reason=reason[:MAX_REASON_LENGTH])


def _mark_changed_meanwhile(
    session: Session, batch: CollectBatch, reading_began_at: dt.datetime
) -> set[str]:
    """Mark documents for rereading again that were marked after their reading began.

    The content that was read may be older than the change for which they were marked. A mark in the
    future was made before the clock was set back. Return the source ids of the documents.
    """
    session.flush()
    latest = current_hub().clock.now() + MAX_CLOCK_DIFFERENCE
    is_changed = (
        is_among(SourceDocument.id, "ids"),
        SourceDocument.reread_at > reading_began_at,
        SourceDocument.reread_at <= latest,
    )
    documents = update(SourceDocument).where(is_locked_in_order(SourceDocument.id, *is_changed))
    statement = documents.values(reread=True).returning(SourceDocument.source_id)
    ids = [row.id for row in batch.rows.values()]
    options = {"synchronize_session": False}
    return set(session.scalars(statement, {"ids": ids}, execution_options=options))
