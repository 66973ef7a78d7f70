"""Notice that the period of held postings was closed or opened in QuickBooks."""

import datetime as dt
import logging

from sqlalchemy import Select, select

from hub.db.engine import read_only_session
from hub.errors import HubError
from hub.models import Case, ListState, Posting, case_posting
from hub.models.enums import Holder, PostingState
from hub.posting.case_texts import REFUSED_IN_CLOSED_PERIOD
from hub.posting.outcome.session import PostingSession
from hub.qbo import company
from hub.qbo.company import COMPANY_LIST

# The codes of the case: by the check, and after a refusal by QuickBooks.
CASE_CODES = ("check.books_closed", REFUSED_IN_CLOSED_PERIOD)
MAX_AGE = dt.timedelta(hours=1)  # of the closing date, while postings are held for it
log = logging.getLogger("hub")


def update_closing_date(posting_session: PostingSession) -> None:
    """Read the preferences of a company again if postings are held for its closing date.

    QuickBooks does not report changes of preferences. They are read at most once an hour, and after
    a refusal, which shows that the stored closing date is outdated. If QuickBooks cannot be
    reached, the stored date is kept. Call this while no transaction is open.
    """
    if not _is_outdated(posting_session):
        return
    try:
        company.read(posting_session.company_id, posting_session.client())
    except HubError as error:
        log.warning("company %s: %s", posting_session.company_id, error.text)


def select_refused(posting_session: PostingSession) -> Select[int]:
    """Select the ids of the postings that QuickBooks refused because of a closed period."""
    is_refused = Posting.held_by == Holder.QUICKBOOKS
    return _select_held(posting_session).with_only_columns(Posting.id).where(is_refused)


def _is_outdated(posting_session: PostingSession) -> bool:
    """Return whether postings are held for a closing date that may have changed meanwhile."""
    with read_only_session() as session:
        rows = session.execute(_select_held(posting_session)).all()
        if not rows:
            return False
        state = session.get(ListState, (posting_session.company_id, COMPANY_LIST))
        read_at = state.read_at if state else None
    now = posting_session.clock.now()
    if read_at is None or not now - MAX_AGE < read_at <= now:
        return True
    return any(holder == Holder.QUICKBOOKS and changed_at >= read_at for holder, changed_at in rows)


def _select_held(posting_session: PostingSession) -> Select[str, dt.datetime]:
    """Select the postings that are held for a closed period: by whom, and when they changed."""
    return (
        select(Posting.held_by, Posting.changed_at)
        .join(case_posting, case_posting.c.posting_id == Posting.id)
        .join(Case, Case.id == case_posting.c.case_id)
        .where(
            *posting_session.own_postings(),
            Posting.state == PostingState.HELD,
            Posting.held_by.in_((Holder.PREFLIGHT, Holder.QUICKBOOKS)),
            Case.closed_at.is_(None),
            Case.code.in_(CASE_CODES),
        )
    )
