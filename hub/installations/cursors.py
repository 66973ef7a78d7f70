"""How far the lists of an app were read, which is forgotten to have everything read again."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.contract.deletions import finds_deletions
from hub.models import Cursor


def forget_cursors(session: Session, installation_id: int) -> None:
    """Have the lists of an app read as a whole again; what was deleted meanwhile is still found."""
    for cursor in session.scalars(select(Cursor).filter_by(installation_id=installation_id)):
        if not finds_deletions(cursor.stream):
            session.delete(cursor)
