"""What waits is checked anew when QuickBooks' lists have changed, before anyone posts it."""

from sqlalchemy import update

from hub.db.engine import transaction
from hub.models import Posting
from hub.posting.outcome.session import PostingSession
from hub.posting.preflight import run as preflight_run


def check(company_id: int) -> None:
    """Holds what QuickBooks would refuse now; the caller has the company to itself."""
    waits = (
        Posting.company_id == company_id,
        Posting.state.in_(("ready", "review")),
        Posting.checked_at.is_not(None),
    )
    with transaction() as session:
        session.execute(update(Posting).where(*waits).values(checked_at=None))
    preflight_run.check(PostingSession(company_id))
