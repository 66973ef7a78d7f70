"""Which cases a sync continues with, because a person has matched or retried them."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from hub.models import Case, ConnectedCompany, Installation, Run
from hub.models.enums import CODE_DECISIONS, CaseDecision, ConnectionState


def is_continued() -> ColumnElement[bool]:
    """Return whether a sync continues with a case.

    A retried case that is still open after the sync has the same cause as before: a person decides
    again. While an app is paused, or its company disconnected, no sync begins.
    """
    has_open_run = exists().where(
        Run.installation_id == Case.installation_id, Run.ended_at.is_(None)
    )
    is_resting = exists().where(
        Installation.id == Case.installation_id,
        ConnectedCompany.id == Installation.company_id,
        or_(~Installation.is_active, ConnectedCompany.state == ConnectionState.DISCONNECTED),
    )
    is_retried = Case.decision == CaseDecision.RETRIED
    return or_(
        Case.decision.in_(CODE_DECISIONS),
        and_(is_retried, or_(Case.installation_id.is_(None), is_resting, has_open_run)),
    )


def find_retried_in_vain(session: Session, case_ids: Collection[int]) -> set[int]:
    """Return which open cases were retried and still have their cause."""
    query = select(Case.id).where(
        Case.id.in_(case_ids),
        Case.closed_at.is_(None),
        Case.decision == CaseDecision.RETRIED,
        ~is_continued(),
    )
    return set(session.scalars(query))
