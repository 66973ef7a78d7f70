"""Lock apps that share matches, and have documents read again after one of these was taken back."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import outbox
from hub.context import current_hub
from hub.models import Installation


def lock_apps(session: Session, installation_id: int) -> Installation:
    """Return an installation; until the transaction ends nobody else changes its matches.

    Nor does any of the apps that share the matches plan documents by them.
    """
    row = session.get_one(Installation, installation_id)
    _load_and_lock(session, row)
    return row


def mark_for_reread(session: Session, row: Installation) -> None:
    """Mark the unsent documents of all apps that share the matches of this one.

    A new match shows by its time which plans are outdated; a deleted match does not.
    """
    for app in _load_and_lock(session, row):
        outbox.mark_for_reread(session, app.id)


def _load_and_lock(session: Session, row: Installation) -> list[Installation]:
    """Return the apps that share the matches of an installation, locked in the order of ids."""
    apps_of_plugin = current_hub().plugins.list_apps_of_plugin(row.slug)
    of_account = (
        select(Installation)
        .where(Installation.company_id == row.company_id, Installation.tenant == row.tenant)
        .order_by(Installation.id)
        .with_for_update(of=Installation, key_share=True)
    )
    return [other for other in session.scalars(of_account) if other.slug in apps_of_plugin]
