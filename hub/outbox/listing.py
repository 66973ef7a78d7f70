"""Queries for documents with their main posting and state, for lists and filters."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    false,
    func,
    literal,
    or_,
    select,
    text,
    union,
)
from sqlalchemy.orm import Session, aliased

from hub.contract.chunks import iter_chunks
from hub.contract.states import Stage
from hub.db import bulk
from hub.db.index_condition import IndexCondition
from hub.models import Installation, Posting, SourceDocument, TransactionHead
from hub.models.enums import DocumentState, Operation, PostingState
from hub.models.lists import NOT_LIVE
from hub.models.postings import (
    FURTHER_POSTINGS,
    LEFT_OUT,
    LEFT_OUT_STATES,
    OPEN_CONDITION,
    OPEN_STATES,
    POSTED_CONDITION,
)
from hub.outbox.document_counts import COUNTED_AS_WAITING, COUNTED_STATES
from hub.outbox.main_posting import (
    SAME_TRANSACTION,
    build_state_column,
    counts_for_its_part,
    select_main_posting_id,
    select_main_posting_state,
)
from hub.outbox.states import REMOVALS

FILTER_STATES = (*COUNTED_STATES, DocumentState.PENDING)
ALL_STATES = (*FILTER_STATES, *COUNTED_AS_WAITING, DocumentState.UNREADABLE)
# The states of which `select_ids_by_only_posting` finds documents.
STATES_OF_ONLY_POSTING = (*OPEN_STATES, DocumentState.POSTED)
UNPLANNED_STAGES = (Stage.PENDING, Stage.UPDATE_ONLY)  # documents in these may have no posting
DOCUMENTS_PER_QUERY = 1000
_other = aliased(Posting)  # built once: building an alias takes longer than most statements

# A document without a posting is not final, unreadable, or was withdrawn before it was planned.
STATE_WITHOUT_POSTING = case(
    (SourceDocument.unreadable != "", DocumentState.UNREADABLE),
    (SourceDocument.stage == Stage.CLOSED, DocumentState.WITHDRAWN),
    else_=DocumentState.PENDING,
)
STATE = case(
    (Posting.id.is_(None), STATE_WITHOUT_POSTING),
    else_=build_state_column(Posting, TransactionHead),
)
STATE_OF_DOCUMENT = func.coalesce(select_main_posting_state(), STATE_WITHOUT_POSTING)


def select_documents_with_posting() -> Select[Any]:
    """Return a query for every document with its main posting and its state."""
    return (
        select(SourceDocument, Posting, STATE)
        .select_from(SourceDocument)
        .outerjoin(Posting, Posting.id == select_main_posting_id())
        .outerjoin(TransactionHead, SAME_TRANSACTION)
    )


def select_ids_in_state(state: str, installation_ids: Collection[int] = ()) -> Select[int]:
    """Return a query for the ids of the documents in a state, to be ordered by any column.

    The state is computed for each document. A sorted `select_documents_with_posting` would make
    PostgreSQL join all documents with all postings. `installation_ids` are as in `in_state`.
    """
    excludes_others = _excludes_other_states(state, STATE_OF_DOCUMENT)
    return select(SourceDocument.id).where(
        _may_be_in_state(state, installation_ids),
        _has_only_posting_in_state(state) | excludes_others,
    )


def select_ids_by_only_posting(state: str) -> Select[int]:
    """Return a query for ids of documents whose only posting, a creation, is in a state.

    The state is one of `STATES_OF_ONLY_POSTING`. It is the state of the document, unless its
    transaction is no longer in QuickBooks. Most documents in such a state are found, in a fifth of
    the time in which their states are computed, because indexes have all that is read.
    """
    number = select(func.count()).where(_other.document_id == Posting.document_id)
    query = select(Posting.document_id).where(
        Posting.operation == Operation.CREATE,
        number.correlate(Posting).scalar_subquery() == 1,
    )
    if state == DocumentState.POSTED:
        return query.where(text(f"posting.{POSTED_CONDITION}"))
    is_in_state = Posting.state == literal(state, literal_execute=True)
    return query.where(IndexCondition(OPEN_CONDITION), is_in_state)


def count_departed_transactions(session: Session, limit: int) -> int:
    """Return how many transactions of the hub are no longer in QuickBooks, at most `limit`."""
    departed_transactions = select(TransactionHead.kind).where(text(NOT_LIVE))
    return bulk.count_rows(session, departed_transactions.limit(limit))


def load_part_states(session: Session, document_id: int) -> dict[int, str]:
    """Return the states of the parts of a document, by the posting that counts for each."""
    query = (
        select(Posting.id, build_state_column(Posting, TransactionHead))
        .outerjoin(TransactionHead, SAME_TRANSACTION)
        .where(Posting.document_id == document_id, counts_for_its_part(Posting))
    )
    rows = session.execute(query)
    return dict(iter(rows))


def load_states_of_parts(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Return, by posting, the state of the part of a document that it belongs to."""
    is_of_same_part = and_(_other.document_id == Posting.document_id, _other.part == Posting.part)
    query = (
        select(_other.id, build_state_column(Posting, TransactionHead))
        .join(_other, is_of_same_part)
        .outerjoin(TransactionHead, SAME_TRANSACTION)
        .where(
            _other.id.in_(ids),
            _other.operation != Operation.ATTACH,
            counts_for_its_part(Posting),
        )
    )
    rows = session.execute(query)
    return dict(iter(rows))


def load_document_states(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Return the states of these documents."""
    query = select_documents_with_posting().with_only_columns(SourceDocument.id, STATE)
    states: dict[int, str] = {}
    for chunk in iter_chunks(ids, DOCUMENTS_PER_QUERY):
        is_chosen = SourceDocument.id.in_(chunk)
        states.update(iter(session.execute(query.where(is_chosen))))
    return states


def in_state(state: str, installation_ids: Collection[int] = ()) -> ColumnElement[bool]:
    """Return the condition that a document of `select_documents_with_posting` is in a state.

    The database computes the state only for candidates, which an index finds. If the query chooses
    the documents of a few installations, their ids keep the candidates of all others out. The
    condition is written as an exclusion of the other states: the database then expects most
    candidates to match, and stops after the first page instead of computing the states of all.
    """
    return _may_be_in_state(state, installation_ids) & _excludes_other_states(state, STATE)


def _excludes_other_states(state: str, column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that the column with the state of a document has no other state."""
    states = _list_states_counted_as(state)
    return column.not_in([other for other in ALL_STATES if other not in states])


def _list_states_counted_as(state: str) -> tuple[str, ...]:
    """Return the states that a filter for a state chooses."""
    return COUNTED_AS_WAITING if state == DocumentState.WAITING else (state,)


def _may_be_in_state(state: str, installation_ids: Collection[int]) -> ColumnElement[bool]:
    """Return the condition of the candidates for a state."""
    if state == DocumentState.POSTED:
        return _has_posted()
    is_of_installation = Posting.installation_id.in_(installation_ids or select(Installation.id))
    candidates = _select_candidates(state, is_of_installation).correlate(None)
    return SourceDocument.id.in_(candidates)


def _has_only_posting_in_state(state: str) -> ColumnElement[bool]:
    """Return the condition that a candidate has a single posting, which determines its state.

    This is true of most documents, and several times faster than computing the state. Files do not
    determine the state of a document, and some states depend on more than one posting.
    """
    if state in (DocumentState.MISSING, DocumentState.REMOVED, DocumentState.PENDING):
        return false()
    number: Any = func.count()  # counted by an index; candidates have a posting in an open state
    if state not in OPEN_STATES:
        gives_no_state = Posting.operation.in_((Operation.ATTACH, *REMOVALS))
        is_other = or_(gives_no_state, Posting.state.not_in(_list_states_counted_as(state)))
        number = func.sum(case((is_other, 2), else_=1))
    query = select(number).where(Posting.document_id == SourceDocument.id)
    has_only_posting = query.correlate(SourceDocument).scalar_subquery() == 1
    if state != DocumentState.POSTED:
        return has_only_posting
    departed_transaction = (
        select(literal(1))
        .select_from(Posting)
        .join(TransactionHead, SAME_TRANSACTION)
        .where(Posting.document_id == SourceDocument.id, text(NOT_LIVE))
        .limit(1)
        .correlate(SourceDocument)
    )
    return has_only_posting & departed_transaction.scalar_subquery().is_(None)


def _has_posted() -> ColumnElement[bool]:
    """Return the condition that anything of a document was posted.

    Most documents were posted, so the condition is tested for each document instead of listing them
    all. It tests whether a row exists instead of comparing a value: PostgreSQL assumes that only
    one in two hundred rows has an equal value, and would read all documents to find those of a
    page.
    """
    query = (
        select(literal(1))
        .where(Posting.document_id == SourceDocument.id, Posting.state == PostingState.POSTED)
        .limit(1)
        .correlate(SourceDocument)
    )
    return query.scalar_subquery().is_not(None)


def _select_candidates(state: str, is_of_installation: ColumnElement[bool]) -> Select[int]:
    """Return a query that finds the documents that may be in a state by an index or a column.

    Computing the state of every document would take too long.
    """
    states = _list_states_counted_as(state)
    documents = select(Posting.document_id).where(is_of_installation)
    if state == DocumentState.REMOVED:
        is_removal = Posting.state == PostingState.POSTED, Posting.operation.in_(REMOVALS)
        return documents.where(*is_removal, text(FURTHER_POSTINGS))
    if state == DocumentState.MISSING:
        # A condition on the posting would let SQLite begin with all postings in this state.
        with_head = select(Posting.document_id).join(TransactionHead, SAME_TRANSACTION)
        return with_head.where(text(NOT_LIVE))
    if state == DocumentState.PENDING:
        return select(SourceDocument.id).where(SourceDocument.stage.in_(UNPLANNED_STAGES))
    if state == DocumentState.WITHDRAWN:
        is_withdrawn = Posting.state == literal(PostingState.WITHDRAWN, literal_execute=True)
        planned_documents = documents.where(is_withdrawn, IndexCondition(LEFT_OUT))
        closed_documents = select(SourceDocument.id).where(SourceDocument.stage == Stage.CLOSED)
        return select(union(planned_documents, closed_documents).subquery().c[0])
    if set(states) <= set(OPEN_STATES):
        documents = documents.where(
            IndexCondition(OPEN_CONDITION), Posting.operation != Operation.ATTACH
        )
    elif set(states) <= set(LEFT_OUT_STATES):
        documents = documents.where(IndexCondition(LEFT_OUT))
    # Literals in the text of the statement, so that prepared statements also use the index.
    written_states: BindParameter[Any] = bindparam(
        "states", states, unique=True, expanding=True, literal_execute=True
    )
    return documents.where(Posting.state.in_(written_states))
