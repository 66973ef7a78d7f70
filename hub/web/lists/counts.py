"""The numbers of an app's documents by state, and of those to approve by kind."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub import outbox
from hub.models import Posting
from hub.outbox import approvals


def count_documents(session: Session, installation_id: int) -> dict[str, int]:
    """Count the documents of an installation by state."""
    by_state = outbox.count_documents(session, installation_id)
    return {state: by_state[state] for state in outbox.COUNTED_STATES}


def count_in_review(session: Session, installation_id: int) -> dict[str, int]:
    """Return how many postings of each kind are to be approved."""
    query = (
        select(Posting.kind, func.count())
        .where(*approvals.review_conditions(installation_id))
        .group_by(Posting.kind)
    )
    counts: dict[str, int] = {}
    for kind, count in session.execute(query):
        counts[kind] = count
    return counts
