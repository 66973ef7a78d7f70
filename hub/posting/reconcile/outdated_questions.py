"""Take back questions about edits that somebody has undone in QuickBooks."""

from collections.abc import Iterable, Set

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.models import Case, Posting, case_posting
from hub.models.enums import Holder, PostingState
from hub.outbox.transitions import update_postings
from hub.posting.case_texts import EDIT_QUESTIONS
from hub.posting.reconcile.posted_documents import PostedDocument


def take_back(session: Session, documents: Iterable[PostedDocument], posting_ids: Set[int]) -> None:
    """Let changes continue that ask about an edit of these documents, which are as posted again.

    Each is compared with QuickBooks once more before it is sent. Documents whose posting is not
    among `posting_ids` are left out. Call this before any case is locked.
    """
    postings = [document.posting for document in documents]
    parts = {(each.document_id, each.part) for each in postings if each.id in posting_ids}
    if not parts:
        return
    link = case_posting.c
    asking_ids = (
        select(link.posting_id)
        .join(Case, Case.id == link.case_id)
        .where(Case.closed_at.is_(None), Case.code.in_(EDIT_QUESTIONS))
    )
    asking = select(Posting.id).where(
        tuple_(Posting.document_id, Posting.part).in_(parts),
        Posting.state == PostingState.HELD,
        Posting.held_by == Holder.PERSON,
        Posting.id.in_(asking_ids),
    )
    ids = session.scalars(asking).all()
    if not ids:
        return
    still_held = (Posting.id.in_(ids), Posting.state == PostingState.HELD)
    update_postings(
        session,
        still_held,
        state=PostingState.READY,
        held_by=Holder.NOBODY,
        reasons=[],
        next_try_at=None,
        checked_at=None,
    )
    inbox.detach_all(session, ids)
