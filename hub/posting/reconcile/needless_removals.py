"""Settle removals that wait for a person although their transactions have left QuickBooks."""

from collections.abc import Iterable

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from hub import outbox
from hub.cases.discrepancies import ABSENT_DISCREPANCIES
from hub.models import Posting
from hub.models.enums import Holder, PostingState
from hub.posting.reconcile.posted_documents import PostedDocument
from hub.reasons.texts import CaseText

HOLDERS_WITH_CASES = (Holder.PERSON, Holder.QUICKBOOKS)  # the checks release what they hold


def settle(session: Session, documents: Iterable[PostedDocument]) -> set[int]:
    """Settle the removals of those documents that somebody has removed in QuickBooks.

    A removal that a person requested or approved is released: the send finds that nothing is left
    of the transaction, and records it as removed. A removal that only the source wants is
    withdrawn. Return the ids of the documents' postings whose removal is released. Call this before
    any case is locked.
    """
    departed_ids = {}
    for document in documents:
        if document.discrepancy in ABSENT_DISCREPANCIES:
            departed_ids[document.posting.document_id, document.posting.part] = document.posting.id
    if not departed_ids:
        return set()
    document_ids = {document_id for document_id, _ in departed_ids}
    waiting_removals = (
        select(Posting)
        .where(
            Posting.document_id.in_(document_ids),
            Posting.operation.in_(outbox.REMOVALS),
            or_(
                Posting.state == PostingState.REVIEW,
                and_(Posting.state == PostingState.HELD, Posting.held_by.in_(HOLDERS_WITH_CASES)),
            ),
        )
        .order_by(Posting.id)
        .with_for_update(of=Posting)
    )
    released_ids = set()
    for removal in session.scalars(waiting_removals).all():
        posting_id = departed_ids.get((removal.document_id, removal.part))
        if posting_id is not None and _settle_one(session, removal):
            released_ids.add(posting_id)
    return released_ids


def _settle_one(session: Session, removal: Posting) -> bool:
    """Release or withdraw a removal; return whether it is released."""
    who = outbox.get_remover(removal) or removal.approved_by
    if who:
        return outbox.retry(session, [removal.id], who) > 0
    if not outbox.may_have_landed(session, removal):
        outbox.withdraw(session, removal, CaseText("posting.departed"))
    return False
