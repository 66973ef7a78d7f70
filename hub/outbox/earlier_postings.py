"""Use the earlier postings of a part: decide whether to repeat them, and inherit their facts."""

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
    """Return whether a new posting is needed after the newest one of the same operation.

    A withdrawn posting is not reused if another posting of the part was posted since: the newest
    posted one describes what QuickBooks has. `postings` are sorted, oldest first.
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
    """Copy facts from the earlier postings of the part to a repeated creation.

    These are the date from which to search for it in QuickBooks, and the transactions that it
    cannot be.
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
    """Copy from earlier postings the rejected ids of transactions that have left QuickBooks.

    If a rejected transaction is still in QuickBooks, the person has rejected an edit of it, not
    the transaction itself.
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
