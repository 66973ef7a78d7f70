"""Define the main posting of a document, and the state of the document.

A document may have many postings: for each of its parts a creation, changes and a removal. One
posting of each part counts: the one that is not final yet, or else the newest posted one, or else
the newest. The main posting, and the state of the document, are those of the part that needs most
attention.
"""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, case, exists, or_, select
from sqlalchemy.orm import aliased

from hub.models import Posting, SourceDocument, TransactionHead
from hub.models.enums import DocumentState, Operation, PostingState, TransactionState
from hub.outbox.states import REMOVALS

# The rank of each final state: the lowest rank counts. Other states have `OPEN_RANK`.
FINAL_RANKS = {PostingState.POSTED: 1, PostingState.SKIPPED: 2, PostingState.WITHDRAWN: 2}
OPEN_RANK = 0
# The states of a document, the one that needs most attention first.
ATTENTION_ORDER = (
    DocumentState.UNKNOWN,
    DocumentState.SENDING,
    DocumentState.HELD,
    DocumentState.REVIEW,
    DocumentState.READY,
    DocumentState.WAITING,
    DocumentState.MISSING,
    DocumentState.POSTED,
    DocumentState.REMOVED,
    DocumentState.SKIPPED,
    DocumentState.WITHDRAWN,
)


@cache
def counts_for_its_part(posting: Any) -> ColumnElement[bool]:
    """Return the condition that no other posting of the same part precedes this one."""
    other = aliased(Posting)
    rank, other_rank = _rank_posting(posting), _rank_posting(other)
    precedes = or_(other_rank < rank, and_(other_rank == rank, other.id > posting.id))
    is_of_same_part = (
        other.document_id == posting.document_id,
        other.part == posting.part,
        other.operation != Operation.ATTACH,
    )
    is_preceded = exists().where(*is_of_same_part, precedes)
    return and_(posting.operation != Operation.ATTACH, ~is_preceded)


@cache
def has_no_part_before(posting: Any) -> ColumnElement[bool]:
    """Return the condition that no other part of the document needs more attention than this one.

    The posting is not posted; that of another part may be.
    """
    other = aliased(Posting)
    needs_more = rank_by_attention(other.state) < rank_by_attention(posting.state)
    is_of_other_part = other.document_id == posting.document_id, other.part != posting.part
    return ~exists().where(*is_of_other_part, counts_for_its_part(other), needs_more)


def build_state_column(posting: Any, head: Any) -> ColumnElement[str]:
    """Return the state of a document or part according to the posting that counts for it.

    `head` is joined by `is_same_transaction`.
    """
    return case(
        (posting.state != PostingState.POSTED, posting.state),
        (posting.operation.in_(REMOVALS), DocumentState.REMOVED),
        (head.state != TransactionState.LIVE, DocumentState.MISSING),
        else_=DocumentState.POSTED,
    )


def rank_by_attention(state: Any) -> ColumnElement[int]:
    """Return the index of a state in `ATTENTION_ORDER`."""
    places = [(state == name, place) for place, name in enumerate(ATTENTION_ORDER)]
    return case(*places)


@cache
def select_main_posting_id() -> ScalarSelect[int]:
    """Return a subquery for the main posting of the `SourceDocument` of the enclosing statement."""
    return _select_main_posting(is_state=False)


@cache
def select_main_posting_state() -> ScalarSelect[str]:
    """Return a subquery for the state of the `SourceDocument` of the enclosing statement."""
    return _select_main_posting(is_state=True)


def _select_main_posting(*, is_state: bool) -> ScalarSelect[Any]:
    """Return a subquery for the id of the main posting, or for the state that it gives."""
    posting = aliased(Posting)
    head = aliased(TransactionHead)
    state = build_state_column(posting, head)
    return (
        select(state if is_state else posting.id)
        .select_from(posting)
        .outerjoin(head, is_same_transaction(posting, head))
        .where(posting.document_id == SourceDocument.id, counts_for_its_part(posting))
        .order_by(rank_by_attention(state), posting.part)
        .limit(1)
        .correlate(SourceDocument)
        .scalar_subquery()
    )


def is_same_transaction(posting: Any, head: Any) -> ColumnElement[bool]:
    """Return the condition that a head is of the transaction that a posting created."""
    return and_(
        head.company_id == posting.company_id,
        head.kind == posting.kind,
        head.quickbooks_id == posting.quickbooks_id,
    )


SAME_TRANSACTION = is_same_transaction(Posting, TransactionHead)


def _rank_posting(posting: Any) -> ColumnElement[int]:
    """Return the rank of a posting in its part, where the lowest one counts."""
    ranks = [(posting.state == state, rank) for state, rank in FINAL_RANKS.items()]
    return case(*ranks, else_=OPEN_RANK)
