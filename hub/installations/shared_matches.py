"""Have documents read again that may have been planned by a match which is no more."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import outbox
from hub.context import current_hub
from hub.models import Installation


def mark_for_reread(session: Session, row: Installation) -> None:
    """Mark the unsent documents of all apps that share the matches of this one.

    A later match shows which plans are old; one that was taken back leaves no trace.
    """
    plugins = current_hub().plugins
    of_account = select(Installation).where(
        Installation.company_id == row.company_id, Installation.tenant == row.tenant
    )
    for other in session.scalars(of_account):
        if other.slug in plugins.apps and plugins.scope(other.slug) == plugins.scope(row.slug):
            outbox.mark_for_reread(session, other.id)
