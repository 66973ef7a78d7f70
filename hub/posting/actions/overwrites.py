"""Permit a change to overwrite an edit in QuickBooks, in the version that the person has seen."""

from hub.db import engine
from hub.db.database_errors import repeat_after_conflict
from hub.errors import NotNow, Refused
from hub.models.display_names import format_posting_name
from hub.models.enums import TransactionState
from hub.posting.actions.undecided import list_candidates_in_question, load_undecided, release
from hub.posting.outcome.load import PostingSnapshot
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.history import QuickBooksObject
from hub.posting.recovery import single_read
from hub.security import audit


@repeat_after_conflict
def permit(posting_id: int, sync_token: str, who: str) -> None:
    """Permit a change to overwrite or remove its transaction in the version `sync_token`.

    Raise Refused unless an open case asks about it, and NotNow if QuickBooks has another version
    by now. If the transaction is edited after that, the next run asks a person again.
    """
    snapshot = _load_in_question(posting_id)
    current = _read_target(snapshot)
    if current.state != TransactionState.LIVE or current.token != sync_token:
        raise NotNow(
            "%(name)s was changed in QuickBooks again. Compare it once more.",
            name=format_posting_name(snapshot.posting),
        )
    with engine.transaction() as session:
        version = f"{current.id}:{current.token}"
        release(session, snapshot, who, {"overwrite_permitted": version})
        audit.record(
            session,
            who,
            "overwrite permitted",
            str(posting_id),
            quickbooks_id=current.id,
            sync_token=current.token,
        )


def read_target(posting_id: int) -> QuickBooksObject:
    """Read from QuickBooks the transaction that a change would overwrite; raise Refused if none."""
    return _read_target(_load_in_question(posting_id))


def _load_in_question(posting_id: int) -> PostingSnapshot:
    """Load a change about which an open case asks whether it may overwrite its transaction."""
    snapshot = load_undecided(posting_id)
    with engine.read_only_session() as session:
        ids = list_candidates_in_question(session, posting_id, of_overwrites=True)
    if snapshot.history.target not in ids:
        raise Refused(
            "No open case asks whether %(name)s may overwrite what was changed in QuickBooks.",
            name=format_posting_name(snapshot.posting),
        )
    return snapshot


def _read_target(snapshot: PostingSnapshot) -> QuickBooksObject:
    """Read the transaction that a change is written against from QuickBooks."""
    posting_session = PostingSession(snapshot.posting.company_id)
    history = single_read.read_object(posting_session, snapshot, snapshot.history.target).history
    assert history.current is not None
    return history.current
