"""Finish a batch once all of its documents are planned."""

from collections.abc import Iterable

from sqlalchemy import update

from hub.cases import inbox
from hub.collect import cases
from hub.collect.absence import Absent
from hub.collect.attachments import plan_attachments
from hub.collect.batch import CollectBatch
from hub.models import SourceDocument


def finish(batch: CollectBatch) -> None:
    """Plan the attachments, update cases and codes, and note what the source has answered for."""
    batch.session.flush()
    for row, document, parent in batch.attachment_parents:
        batch.apply(plan_attachments(batch, row, document, parent))
    if batch.released_ids:
        batch.session.flush()
        inbox.release_all(batch.session, batch.released_ids)
    cases.update_cases(batch.session, batch.installation, batch.holds)
    batch.codes.save(batch.session, batch.now)

    answered = batch.rows.keys() & {item.source_id for item in batch.items}
    absent = {item.source_id for item in batch.items if isinstance(item, Absent)}
    _note_reading(batch, answered - absent, is_present=True)
    _note_reading(batch, answered & absent, is_present=False)


def _note_reading(batch: CollectBatch, source_ids: Iterable[str], is_present: bool) -> None:
    """Note that the source has answered for these documents, and whether it has them."""
    ids = [batch.rows[source_id].id for source_id in source_ids]
    if not ids:
        return
    values = {"read_at": batch.now}
    if is_present:
        values["seen_at"] = batch.now
    statement = update(SourceDocument).where(SourceDocument.id.in_(ids)).values(values)
    batch.session.execute(statement, execution_options={"synchronize_session": False})
