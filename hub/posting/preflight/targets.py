"""Load the transactions in QuickBooks that changes are written against."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from hub.models import TransactionHead
from hub.models.enums import CHANGE_OPERATIONS
from hub.outbox.plan_values import get_target_id
from hub.posting.preflight.postings import CheckedPosting


def load_targets(
    session: Session, company_id: int, postings: Sequence[CheckedPosting]
) -> Mapping[int, TransactionHead]:
    """Return, by posting, the transactions that changes are written against."""
    targets = {}
    for posting in postings:
        if posting.operation not in CHANGE_OPERATIONS:
            continue
        quickbooks_id = get_target_id(posting.base)
        head = session.get(TransactionHead, (company_id, posting.kind, quickbooks_id))
        if head is not None:
            targets[posting.id] = head
    return targets
