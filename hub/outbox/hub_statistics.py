"""Count the documents of all installations by state, in four queries."""

from collections import Counter, defaultdict

from sqlalchemy import CompoundSelect, Select, func, select, text, union
from sqlalchemy.orm import Session

from hub.models import Posting, SourceDocument, TransactionHead
from hub.models.enums import DocumentState, Operation, PostingState
from hub.models.lists import NOT_LIVE
from hub.models.postings import FURTHER_POSTINGS, MADE_FOR_CODES
from hub.outbox.main_posting import (
    ATTENTION_ORDER,
    SAME_TRANSACTION,
    build_state_column,
    counts_for_its_part,
    rank_by_attention,
)
from hub.outbox.statistics import IS_FIRST_POSTING


def count_by_installation(session: Session) -> dict[int, Counter[str]]:
    """Count the documents of every installation by state, as `count_documents` does for one.

    Each state is counted for itself: "ready" and "sending" do not count as "waiting". The database
    counts the documents that have only their first posting in an index.
    """
    counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for installation_id, state, number in session.execute(_select_first_postings()):
        counts[installation_id][state] += number
    for installation_id, state, number in session.execute(_select_first_postings_counted_singly()):
        counts[installation_id][state] -= number
    for installation_id, number in session.execute(_select_missing_first_postings()):
        counts[installation_id][DocumentState.POSTED] -= number
        counts[installation_id][DocumentState.MISSING] += number
    for installation_id, place, number in session.execute(_select_states_by_attention()):
        counts[installation_id][ATTENTION_ORDER[place]] += number
    return counts


def _select_first_postings() -> Select[int, str, int]:
    """Return a query for the number of first postings in each state."""
    return (
        select(Posting.installation_id, Posting.state, func.count())
        .where(*IS_FIRST_POSTING)
        .group_by(Posting.installation_id, Posting.state)
    )


def _select_documents_with_several_postings() -> Select[int]:
    """Return a query for the documents that have more than their first posting."""
    return select(Posting.document_id).where(text(FURTHER_POSTINGS))


def _select_documents_counted_singly() -> CompoundSelect[int]:
    """Return a query for the documents whose state is not that of their first posting."""
    made_for_codes = select(SourceDocument.id).where(text(MADE_FOR_CODES))
    return union(_select_documents_with_several_postings(), made_for_codes)


def _select_first_postings_counted_singly() -> Select[int, str, int]:
    """Return a query for the first postings of documents that are counted one by one."""
    documents = _select_documents_counted_singly().subquery()
    return _select_first_postings().join(documents, documents.c.document_id == Posting.document_id)


def _select_missing_first_postings() -> Select[int, int]:
    """Return a query for the number of single postings voided or deleted in QuickBooks."""
    return (
        select(Posting.installation_id, func.count())
        .select_from(TransactionHead)
        .join(Posting, SAME_TRANSACTION)
        .where(text(NOT_LIVE), *IS_FIRST_POSTING, Posting.state == PostingState.POSTED)
        .where(Posting.document_id.not_in(_select_documents_counted_singly()))
        .group_by(Posting.installation_id)
    )


def _select_states_by_attention() -> Select[int, int, int]:
    """Return a query for the documents with several postings, by place in ATTENTION_ORDER."""
    place = rank_by_attention(build_state_column(Posting, TransactionHead))
    documents = (
        select(Posting.installation_id, func.min(place).label("place"))
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .outerjoin(TransactionHead, SAME_TRANSACTION)
        .where(
            Posting.document_id.in_(_select_documents_with_several_postings()),
            Posting.operation != Operation.ATTACH,
            counts_for_its_part(Posting),
            SourceDocument.made_for == "",
        )
        .group_by(Posting.installation_id, Posting.document_id)
        .subquery()
    )
    return select(documents.c.installation_id, documents.c.place, func.count()).group_by(
        documents.c.installation_id, documents.c.place
    )
