"""Repeat the checks of postings that passed, after the lists of QuickBooks have changed."""

from sqlalchemy import update

from hub.db import bulk
from hub.db.engine import transaction
from hub.models import Posting
from hub.models.enums import PostingState
from hub.posting.outcome.session import PostingSession
from hub.posting.preflight import run


def check_again(company_id: int) -> None:
    """Hold the postings, ready or in review, that QuickBooks would refuse now.

    The caller must hold the lease of the company.
    """
    is_checked = (
        Posting.company_id == company_id,
        Posting.state.in_((PostingState.READY, PostingState.REVIEW)),
        Posting.checked_at.is_not(None),
    )
    is_chosen = bulk.is_locked_in_order(Posting.id, *is_checked)
    statement = update(Posting).where(is_chosen).values(checked_at=None)
    with transaction() as session:
        session.execute(statement)
    run.check(PostingSession(company_id))
