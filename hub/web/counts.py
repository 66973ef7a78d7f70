"""Counts of documents by the state of their main posting, and the statement that finds that posting."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from hub import outbox
from hub.models import Posting, SourceDocument

WAITING = ("ready", "sending")
COUNTED = ("posted", "held", "review", "waiting", "unknown", "skipped", "withdrawn")


def counts(session: Session, installation_id: int) -> dict[str, int]:
    """How many documents of an installation are where."""
    found = outbox.counts(session, installation_id)
    return {state: int(found.get(state, 0)) for state in COUNTED}


def documents_with_posting() -> Any:
    """Every document beside its main posting, the newest operation on the document itself."""
    newer = aliased(Posting)
    newest = (
        select(func.max(newer.id))
        .where(newer.document_id == SourceDocument.id, newer.part == "")
        .correlate(SourceDocument)
        .scalar_subquery()
    )
    return select(SourceDocument, Posting).outerjoin(Posting, Posting.id == newest)
