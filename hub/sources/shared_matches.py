"""Lock apps that share matches, and let documents and cases follow when one was taken back."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import outbox
from hub.cases import inbox
from hub.cases.causes import build_match_cause
from hub.context import current_hub
from hub.models import Case, Installation
from hub.models.enums import CODE_DECISIONS


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


def forget_case_decisions(session: Session, row: Installation, field: str, code: str) -> None:
    """Forget what was decided in the open cases of a code, because the decision was taken back.

    A sync does not continue with them any more, so that a person has to decide again.
    """
    apps = _load_and_lock(session, row)
    query = select(Case.id).where(
        Case.cause.in_([build_match_cause(app.id, field, code) for app in apps]),
        Case.closed_at.is_(None),
        Case.decision.in_(CODE_DECISIONS),
    )
    case_ids = session.scalars(query).all()
    if case_ids:
        inbox.forget_decision(session, case_ids)


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
