"""Plan the documents that a person wants posted again after they left QuickBooks."""

from collections.abc import Sequence

from sqlalchemy import select, text

from hub.collect.batch import DOCUMENTS_PER_BATCH
from hub.collect.replanning import replan
from hub.collect.setup import load_setup_to_plan
from hub.contract.chunks import iter_chunks
from hub.db import engine
from hub.models import SourceDocument
from hub.models.postings import REQUESTED_CONDITION


def has_requests(installation_id: int) -> bool:
    """Return whether a person wants documents of this app posted again."""
    return bool(_load_document_ids(installation_id))


def replan_requested(installation_id: int) -> None:
    """Plan the requested documents again, as they were last read.

    The source is not called.
    """
    ids = _load_document_ids(installation_id)
    setup = load_setup_to_plan(installation_id)
    for chunk in iter_chunks(ids, DOCUMENTS_PER_BATCH):
        replan(setup, chunk)


def _load_document_ids(installation_id: int) -> Sequence[int]:
    """Return the ids of the documents that a person wants posted again."""
    query = (
        select(SourceDocument.id)
        .where(
            SourceDocument.installation_id == installation_id,
            text(f"source_document.{REQUESTED_CONDITION}"),
            SourceDocument.made_for == "",
        )
        .order_by(SourceDocument.id)
    )
    with engine.read_only_session() as session:
        return session.scalars(query).all()
