"""Load postings about which a person may decide, and let them continue after the decision."""

from typing import Any

from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.db import engine
from hub.errors import NotFound, NotNow, Sentence
from hub.models import Posting
from hub.models.display_names import format_posting_name
from hub.models.enums import CHANGE_OPERATIONS, Holder, PostingState, SendOutcome
from hub.posting import case_texts
from hub.posting.outcome.load import PostingSnapshot, load_snapshots
from hub.posting.outcome.record import change_state
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.decisions import is_doubtful

UNDECIDED_STATES = (
    PostingState.HELD,
    PostingState.UNKNOWN,
    PostingState.REVIEW,
    PostingState.READY,
    PostingState.WAITING,
)


def load_snapshot(posting_id: int) -> PostingSnapshot:
    """Load a posting with its history; raise NotFound if there is none with this id."""
    with engine.read_only_session() as session:
        posting = session.get(Posting, posting_id)
        if posting is None:
            raise NotFound("posting", str(posting_id))
    posting_session = PostingSession(posting.company_id)
    with engine.read_only_session() as session:
        snapshots = load_snapshots(session, posting_session, [posting_id])
    return snapshots[0]


def load_undecided(posting_id: int) -> PostingSnapshot:
    """Load a posting with its history; raise NotNow if nothing is to be decided about it."""
    snapshot = load_snapshot(posting_id)
    posting = snapshot.posting
    if posting.state not in UNDECIDED_STATES or _is_incomplete(posting):
        raise NotNow(
            "%(name)s is %(state)s; there is nothing to decide about it.",
            name=format_posting_name(posting),
            state=Sentence(posting.state),
        )
    return snapshot


def release(session: Session, snapshot: PostingSnapshot, who: str, values: dict[str, Any]) -> None:
    """Let a posting continue after a person's decision; raise NotNow if it has changed meanwhile.

    `values` are the columns that store the decision. It also approves the content, as a retry does.
    """
    posting = snapshot.posting
    values = {
        "held_by": Holder.NOBODY,
        "reasons": [],
        "next_try_at": None,
        "checked_at": None,
        **values,
    }
    state = _choose_next_state(snapshot)
    if state == PostingState.READY:
        values |= {"approved_by": who, "approved_payload": posting.planned}
        state = PostingState.WAITING if posting.after_id else state
    is_released = change_state(session, posting, state, **values)
    if not is_released:
        raise build_moved_on_error(format_posting_name(posting))
    inbox.detach(session, posting)


def list_candidates_in_question(
    session: Session, posting_id: int, *, of_overwrites: bool
) -> set[str]:
    """Return the ids of the transactions that the open cases of a posting ask about.

    With `of_overwrites`, return the transactions that a change may have to overwrite; otherwise
    those that may be the document.
    """
    ids: set[str] = set()
    for case in inbox.list_open_cases(session, posting_id):
        is_overwrite = case.code in case_texts.OVERWRITE_QUESTIONS
        if is_overwrite == of_overwrites:
            ids.update(case_texts.list_candidates(case.details))
    return ids


def _is_incomplete(posting: Posting) -> bool:
    """Return whether a posting cannot be sent yet, because of its source or an unmatched code."""
    return posting.held_by in (Holder.SOURCE, Holder.MAPPING) or not posting.payload


def _choose_next_state(snapshot: PostingSnapshot) -> PostingState:
    """Return the state in which a posting continues: in doubt again if it may have landed."""
    posting = snapshot.posting
    history = snapshot.history
    state = PostingState(posting.state)
    if state in (PostingState.REVIEW, PostingState.WAITING):
        return state
    if posting.operation in CHANGE_OPERATIONS:
        return PostingState.READY
    has_landed = any(send.outcome == SendOutcome.LANDED for send in history.sends)
    if has_landed or is_doubtful(history):
        return PostingState.UNKNOWN
    return PostingState.READY


def build_moved_on_error(name: str) -> NotNow:
    """Return the error about a posting that a run has changed since the person saw it."""
    return NotNow("A run has just changed %(name)s; look at it again.", name=name)
