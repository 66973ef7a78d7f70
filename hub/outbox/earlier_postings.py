"""Decide by the earlier postings of a part what follows, and take over what they show."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from hub.models import Posting, TransactionHead
from hub.models.enums import Operation, PostingState, TransactionState
from hub.outbox.plan_values import PartOperation, Repetition

# The states of the last creation after which a part is created again.
REPEATABLE_STATES: dict[Repetition, tuple[PostingState, ...]] = {
    Repetition.NONE: (),
    Repetition.OFFERED: (PostingState.POSTED,),
    Repetition.REQUESTED: (PostingState.POSTED, PostingState.SKIPPED),
}


def is_to_repeat(previous: Posting, operation: PartOperation, postings: Sequence[Posting]) -> bool:
    """Return whether a new posting follows the newest one of the same operation.

    A withdrawn posting is not taken up again if another one of the part was posted since: the
    newest posted one says what QuickBooks has. The postings are given oldest first.
    """
    if previous.state in REPEATABLE_STATES[operation.repetition]:
        return True
    if previous.state != PostingState.WITHDRAWN or operation.operation == Operation.ATTACH:
        return False
    for posting in reversed(postings):
        if posting is previous:
            break
        is_of_part = posting.part == previous.part and posting.operation != Operation.ATTACH
        if is_of_part and posting.state == PostingState.POSTED:
            return True
    return False


def inherit_history(posting: Posting, postings: Sequence[Posting]) -> None:
    """Take over what is known from earlier postings of the part.

    This is the date from which to search for it in QuickBooks, and the transactions that it is not.
    """
    dates = []
    rejected_ids: set[str] = set()
    for earlier in postings:
        if earlier is posting or earlier.part != posting.part or not earlier.quickbooks_id:
            continue
        rejected_ids.add(earlier.quickbooks_id)
        rejected_ids.update(str(id) for id in earlier.rejected_ids)
        if earlier.sent_date:
            dates.append(earlier.sent_date)
    posting.sent_date = min(dates, default=None)
    posting.rejected_ids = sorted(rejected_ids)


def keep_rejections(session: Session, posting: Posting, postings: Sequence[Posting]) -> None:
    """Take over from earlier postings which transactions a creation is known not to be.

    Only transactions that have left QuickBooks count: if a transaction is still there, the person
    has rejected an edit of it, not the whole transaction.
    """
    if posting.operation != Operation.CREATE:
        return
    rejected_ids: set[str] = set()
    for earlier in postings:
        if earlier is posting or earlier.part != posting.part:
            continue
        for id in map(str, earlier.rejected_ids):
            if has_left(session, posting.company_id, posting.kind, id):
                rejected_ids.add(id)
    posting.rejected_ids = sorted(rejected_ids)


def has_left(session: Session, company_id: int, kind: str, quickbooks_id: str) -> bool:
    """Return whether a transaction was voided or deleted in QuickBooks, as far as is known."""
    head = session.get(TransactionHead, (company_id, kind, quickbooks_id))
    return head is not None and head.state != TransactionState.LIVE
