"""Documents from before an app's start date: they are left out, and single ones can be included all the same."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, text, update
from sqlalchemy.orm import Session

from hub.models import Installation, SourceDocument
from hub.models.postings import BEFORE_START
from hub.security import audit

MAX_NAMED = 50  # documents that the audit log names by their number


def excluded(installation_id: int) -> tuple[ColumnElement[Any], ...]:
    """Return the conditions of the documents that are left out and that the source still has."""
    return (
        SourceDocument.installation_id == installation_id,
        text(f"source_document.{BEFORE_START}"),  # type: ignore[return-value]
        SourceDocument.gone.is_(None),
        SourceDocument.stage == "ready",
    )


def include(
    session: Session, installation: Installation, ids: Collection[int], *, who: str
) -> list[str]:
    """Let these documents count despite their date, from the next sync on; return their numbers."""
    mine = *excluded(installation.id), SourceDocument.id.in_(ids)
    included = update(SourceDocument).where(*mine).values(before_start="included", reread=True)
    columns = SourceDocument.number, SourceDocument.source_id
    found = session.execute(
        included.returning(*columns), execution_options={"synchronize_session": False}
    )
    names = [number or source_id for number, source_id in found]
    if names:
        detail = {"count": len(names), "documents": names[:MAX_NAMED]}
        subject = (
            f"{installation.slug} for {installation.company.name or installation.company.realm}"
        )
        audit.record(session, who, "documents included", subject, **detail)
    return names
