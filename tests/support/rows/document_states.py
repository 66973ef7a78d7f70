"""The states of all documents of an installation."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.models import Posting, SourceDocument
from hub.models.enums import Operation
from hub.outbox import listing


def load_states(session: Session, installation_id: int) -> dict[int, str]:
    """Return the state of each document that has a posting; files and made records are none."""
    query = (
        select(Posting.document_id)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(
            Posting.installation_id == installation_id,
            Posting.operation != Operation.ATTACH,
            SourceDocument.made_for == "",
        )
        .distinct()
    )
    return listing.load_document_states(session, session.scalars(query).all())
