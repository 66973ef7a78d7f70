"""Retry what cases stop, but for documents that somebody removed from QuickBooks."""

from collections.abc import Sequence

from hub.cases import inbox
from hub.db.engine import read_only_session
from hub.posting.actions import retries
from hub.translations.messages import gettext_noop, translate

REMOVED_MESSAGE = gettext_noop(
    "it was removed from QuickBooks, or may have been. Open its case to post it again or to skip"
    " it."
)


def retry_unless_removed(posting_ids: Sequence[int], who: str) -> dict[int, str]:
    """Retry many postings; return the reason for each one that was not retried.

    Documents that somebody removed from QuickBooks, or may have removed, are retried on the page of
    their case only.
    """
    with read_only_session() as session:
        to_decide = inbox.find_postings_to_decide(session, posting_ids)
    reasons = {id: translate(REMOVED_MESSAGE) for id in posting_ids if id in to_decide}
    retry_ids = [id for id in posting_ids if id not in to_decide]
    return reasons | retries.retry_each(retry_ids, who)
