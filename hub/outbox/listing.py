"""Documents with their main posting and state, for lists and filters."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, literal, select, text, union
from sqlalchemy.orm import Session, aliased

from hub.models import Installation, Posting, SourceDocument, TransactionHead
from hub.models.lists import NOT_LIVE
from hub.models.postings import BESIDE_THE_FIRST
from hub.outbox.main_posting import (
    MISSING,
    REMOVED,
    counts_for_its_part,
    main_posting_id,
    same_transaction,
    state_column,
)
from hub.outbox.planning import REMOVALS
from hub.outbox.statistics import DOCUMENT_STATES, WAITING

PENDING = "pending"  # not final at the source, so nothing is planned
STATES = (*DOCUMENT_STATES, PENDING)
EVERY = (*STATES, *WAITING, "unreadable")
NOT_PLANNED = ("pending", "update_only")  # stages that leave a document without a posting
AT_ONCE = 1000
_asked = aliased(Posting)  # made once: making an alias takes longer than most statements
SAME_TRANSACTION = same_transaction(Posting, TransactionHead)
# A document without a posting is not final, unreadable, or was withdrawn before it was planned.
WITHOUT_POSTING = case(
    (SourceDocument.unreadable != "", "unreadable"),
    (SourceDocument.stage == "closed", "withdrawn"),
    else_=PENDING,
)
STATE = case((Posting.id.is_(None), WITHOUT_POSTING), else_=state_column(Posting, TransactionHead))


def documents_with_posting() -> Select[Any]:
    """Return a query for every document with its main posting and its state."""
    main = main_posting_id()
    return (
        select(SourceDocument, Posting, STATE)
        .outerjoin(Posting, Posting.id == main)
        .outerjoin(TransactionHead, SAME_TRANSACTION)
    )


def part_states(session: Session, document_id: int) -> dict[int, str]:
    """Return the states of the parts of a document, by the posting that counts for each."""
    wanted = select(Posting.id, state_column(Posting, TransactionHead)).outerjoin(
        TransactionHead, SAME_TRANSACTION
    )
    mine = Posting.document_id == document_id, counts_for_its_part(Posting)
    return dict(iter(session.execute(wanted.where(*mine))))


def states_of_parts(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Return, by posting, the state of the part of a document that it belongs to."""
    same_part = _asked.document_id == Posting.document_id, _asked.part == Posting.part
    wanted = (
        select(_asked.id, state_column(Posting, TransactionHead))
        .join(_asked, and_(*same_part))
        .outerjoin(TransactionHead, SAME_TRANSACTION)
    )
    mine = _asked.id.in_(ids), _asked.operation != "attach", counts_for_its_part(Posting)
    return dict(iter(session.execute(wanted.where(*mine))))


def document_states(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Return the states of these documents."""
    wanted = documents_with_posting().with_only_columns(SourceDocument.id, STATE)
    found: dict[int, str] = {}
    for start in range(0, len(ids), AT_ONCE):
        mine = SourceDocument.id.in_(ids[start : start + AT_ONCE])
        found |= dict(iter(session.execute(wanted.where(mine))))
    return found


def in_state(state: str) -> ColumnElement[bool]:
    """Return the condition that a document of `documents_with_posting` is in a state.

    The database computes the state only of the candidates, which an index finds. The condition
    excludes the other states, because the database then expects most candidates to match and stops
    at the first page instead of computing all of them.
    """
    states = WAITING if state == "waiting" else (state,)
    others = [other for other in EVERY if other not in states]
    if state == "posted":
        return _has_posted() & STATE.not_in(others)
    return SourceDocument.id.in_(_candidates(state, states).correlate(None)) & STATE.not_in(others)


def _has_posted() -> ColumnElement[bool]:
    """Whether anything of a document was posted, looked up for one document after the other.

    Most documents were posted, so a list of them all would be long.
    """
    of_document = Posting.document_id == SourceDocument.id, Posting.state == "posted"
    found = select(literal(1)).where(*of_document).limit(1).correlate(SourceDocument)
    return found.scalar_subquery() == 1


def _candidates(state: str, states: tuple[str, ...]) -> Select[int]:
    """Narrow a state down by an index or a column.

    To compute the state of every document would take too long.
    """
    documents = select(Posting.document_id).where(
        Posting.installation_id.in_(select(Installation.id))
    )
    if state == REMOVED:
        posted = Posting.state == "posted", Posting.operation.in_(REMOVALS)
        return documents.where(*posted, text(BESIDE_THE_FIRST))
    if state == MISSING:
        gone = select(Posting.document_id).join(TransactionHead, SAME_TRANSACTION)
        return gone.where(text(NOT_LIVE), Posting.state == "posted")
    if state == PENDING:
        return select(SourceDocument.id).where(SourceDocument.stage.in_(NOT_PLANNED))
    if state == "withdrawn":
        planned = documents.where(Posting.state == "withdrawn")
        closed = select(SourceDocument.id).where(SourceDocument.stage == "closed")
        return select(union(planned, closed).subquery().c[0])
    return documents.where(Posting.state.in_(states))
