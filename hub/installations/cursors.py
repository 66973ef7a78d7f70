"""Forget how far the source of an app was read, so that everything is read again."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.contract.deletions import finds_deletions
from hub.models import Cursor


def forget_cursors(session: Session, installation_id: int) -> None:
    """Delete the cursors of an app, except those by which deletions at the source are found."""
    for cursor in session.scalars(select(Cursor).filter_by(installation_id=installation_id)):
        if not finds_deletions(cursor.stream):
            session.delete(cursor)
