"""Documents that a person wants posted again after they left QuickBooks."""

from collections.abc import Sequence

from sqlalchemy import select, text

from hub.collect.read import AT_ONCE
from hub.collect.remap import replan
from hub.collect.setup import assemble
from hub.db import engine
from hub.models import SourceDocument
from hub.models.postings import REQUESTED


def are_waiting(installation_id: int) -> bool:
    """Return whether a person wants documents of this app posted again."""
    return bool(_ids(installation_id))


def plan(installation_id: int, run_id: int | None = None) -> None:
    """Plan the requested documents from what their source last said."""
    ids = _ids(installation_id)
    setup = assemble(installation_id, run_id)
    for start in range(0, len(ids), AT_ONCE):
        replan(setup, ids[start : start + AT_ONCE])


def _ids(installation_id: int) -> Sequence[int]:
    wanted = (
        SourceDocument.installation_id == installation_id,
        text(f"source_document.{REQUESTED}"),
        SourceDocument.made_for == "",
    )
    with engine.reading() as session:
        ids = select(SourceDocument.id).where(*wanted).order_by(SourceDocument.id)
        return session.scalars(ids).all()
