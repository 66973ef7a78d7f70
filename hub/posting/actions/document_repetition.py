"""Post all parts of a document again that have left QuickBooks."""

from hub import outbox
from hub.db import engine
from hub.models import Posting
from hub.outbox import listing
from hub.posting.actions import retries


def post_document_again(posting_id: int, who: str) -> None:
    """Post all parts of a document again that have left QuickBooks, except those skipped.

    `posting_id` is its main posting; raise NotNow if that has not left QuickBooks.
    """
    retries.post_again(posting_id, who)
    with engine.read_only_session() as session:
        posting = session.get_one(Posting, posting_id)
        states = listing.load_part_states(session, posting.document_id)
    other_ids = [id for id, state in states.items() if state in outbox.DEPARTED]
    retries.retry_each([id for id in other_ids if id != posting_id], who)
