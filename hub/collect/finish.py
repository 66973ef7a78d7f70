"""Finish a batch once all of its documents are planned."""

from collections.abc import Iterable

from sqlalchemy import update

from hub.cases import inbox
from hub.collect import case_updates
from hub.collect.absence import Absent
from hub.collect.attachments import plan_attachments
from hub.collect.batch import CollectBatch
from hub.models import SourceDocument


def finish(batch: CollectBatch) -> None:
    """Plan the attachments, update cases and codes, and store which documents were read."""
    session = batch.session
    session.flush()
    for parent in list(batch.attachment_parents.values()):
        plan = plan_attachments(batch, parent)
        batch.apply(plan)
    if batch.released_ids:
        session.flush()
        inbox.detach_all(session, batch.released_ids)
    case_updates.update_cases(session, batch.held)
    batch.codes.save(session, batch.now)

    present: set[str] = set()
    absent: set[str] = set()
    for item in batch.items:
        if item.source_id in batch.rows:
            source_ids = absent if isinstance(item, Absent) else present
            source_ids.add(item.source_id)
    _note_reading(batch, present - absent, is_present=True)
    _note_reading(batch, absent, is_present=False)


def _note_reading(batch: CollectBatch, source_ids: Iterable[str], *, is_present: bool) -> None:
    """Store when these documents were read last, and when they were last present."""
    ids = [batch.rows[source_id].id for source_id in source_ids]
    if not ids:
        return
    values = {"read_at": batch.now}
    if is_present:
        values["seen_at"] = batch.now
    statement = update(SourceDocument).where(SourceDocument.id.in_(ids)).values(values)
    options = {"synchronize_session": False}
    batch.session.execute(statement, execution_options=options)
