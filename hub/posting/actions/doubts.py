"""Return postings to doubt because a person wants them posted after all."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.context import current_hub
from hub.models import Posting, SourceDocument
from hub.models.enums import Holder, PostingState
from hub.outbox.transitions import update_postings
from hub.posting.protocol.history import FORGOTTEN


def return_to_doubt(session: Session, postings: Sequence[Posting]) -> None:
    """Mark postings as in doubt, so that QuickBooks is searched before they are sent again.

    By a retry, the person also says that no unknown deleted transaction was the posting. The
    documents of skipped postings are read again, because they may have changed since.
    """
    ids_by_rejection: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for posting in postings:
        rejected_ids = {*posting.rejected_ids, FORGOTTEN.id}
        key = tuple(sorted(rejected_ids))
        ids_by_rejection[key].append(posting.id)
    skipped_postings = [posting for posting in postings if posting.state == PostingState.SKIPPED]
    now = current_hub().clock.now()
    for key, ids in ids_by_rejection.items():
        update_postings(
            session,
            (Posting.id.in_(ids), Posting.state.in_((PostingState.HELD, PostingState.SKIPPED))),
            state=PostingState.UNKNOWN,
            held_by=Holder.NOBODY,
            reasons=[],
            next_try_at=None,
            rejected_ids=list(key),
        )
    inbox.detach_all(session, [posting.id for posting in postings])
    for posting in skipped_postings:
        document = session.get_one(SourceDocument, posting.document_id)
        document.reread = document.made_for == ""  # the source has no document of a code's record
        document.reread_at = now
