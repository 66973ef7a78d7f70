"""Include single documents from before an app's start date, which are left out otherwise."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, text, update
from sqlalchemy.orm import Session

from hub.contract.states import Stage
from hub.db import bulk
from hub.installations.act_log import format_audit_subject
from hub.models import Installation, SourceDocument
from hub.models.display_names import readable_id
from hub.models.enums import StartRule
from hub.models.postings import BEFORE_START
from hub.security import audit

MAX_LOGGED_NUMBERS = 50  # documents that the audit log names by their number


def match_excluded(installation_id: int) -> tuple[ColumnElement[Any], ...]:
    """Return the conditions of the documents that are left out and that the source still has."""
    return (
        SourceDocument.installation_id == installation_id,
        text(f"source_document.{BEFORE_START}"),  # type: ignore[return-value]
        SourceDocument.gone.is_(None),
        SourceDocument.stage == Stage.READY,
    )


def include(
    session: Session, installation: Installation, ids: Collection[int], *, who: str
) -> list[str]:
    """Let these documents count despite their date, from the next sync on; return their numbers."""
    is_chosen = (*match_excluded(installation.id), SourceDocument.id.in_(ids))
    statement = (
        update(SourceDocument)
        .where(bulk.is_locked_in_order(SourceDocument.id, *is_chosen))
        .values(before_start=StartRule.INCLUDED, reread=True)
        .returning(SourceDocument.number, SourceDocument.source_id)
    )
    rows = session.execute(statement, execution_options={"synchronize_session": False})
    names = [number or readable_id(source_id) for number, source_id in rows]
    if names:
        audit.record(
            session,
            who,
            "documents included",
            format_audit_subject(installation),
            count=len(names),
            documents=names[:MAX_LOGGED_NUMBERS],
        )
    return names
