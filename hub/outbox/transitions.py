"""Change the state of unsent postings, mostly on a person's decision.

Each change is an update guarded by the previous state. `hub.posting.claims` and
`hub.posting.releases` have the changes on the way to QuickBooks.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, and_, select, update
from sqlalchemy.orm import Session, defer, joinedload

from hub.cases import inbox
from hub.context import current_hub
from hub.db import bulk
from hub.models import Attempt, Installation, Posting, SourceDocument
from hub.models.enums import WRITE_OPERATIONS, Holder, InstallationMode, Operation, PostingState
from hub.outbox import approvals
from hub.outbox.conditions import APPROVED_STATE
from hub.outbox.keys import rekey
from hub.outbox.states import RETRYABLE, SENDABLE, UNSENT
from hub.reasons import texts
from hub.reasons.texts import CaseText

FETCH = {"synchronize_session": "fetch"}  # the objects in the session follow the statement
UNSYNCHRONISED = {"synchronize_session": False}
KEY_COLUMNS_ONLY = (
    joinedload(Posting.document).defer(SourceDocument.body),
    defer(Posting.payload),
    defer(Posting.stored_summary),
)


def approve(session: Session, ids: Iterable[int], who: str) -> int:
    """Approve the present content of postings in review; return the number.

    A posting that depends on another one waits until that is posted.
    """
    return _approve(session, Posting.id.in_(list(ids)), who)


def approve_all(session: Session, installation_id: int, who: str) -> int:
    """Approve all postings that an installation has in review; return the number."""
    return _approve(session, Posting.installation_id == installation_id, who)


def return_to_review(session: Session, installation_id: int) -> None:
    """Return postings to review that are ready, or become ready once another one is posted.

    Postings that a person approved, or that were sent before, stay as they are.
    """
    attempts = select(Attempt.id).where(Attempt.posting_id == Posting.id)
    was_sent = attempts.exists()
    conditions = (
        Posting.installation_id == installation_id,
        Posting.state.in_((PostingState.READY, PostingState.WAITING)),
        Posting.held_by == Holder.NOBODY,
        Posting.approved_by.is_(None),
        Posting.operation != Operation.ATTACH,
        ~was_sent,
    )
    update_postings(session, conditions, state=PostingState.REVIEW)


def require_checks(session: Session, installation_id: int) -> None:
    """Repeat the checks of an installation's waiting postings, because it may post again.

    Documents of other apps may have used the same numbers meanwhile.
    """
    is_waiting = (Posting.installation_id == installation_id, Posting.state.in_(SENDABLE))
    update_postings(session, is_waiting, checked_at=None, changed_at=Posting.changed_at)


def skip(session: Session, posting: Posting, who: str, reason: str) -> bool:
    """Skip a posting on a person's decision; return whether it was still unsent."""
    text = CaseText("posting.skipped", reason=reason, who=who)
    return _end_unsent(session, posting, PostingState.SKIPPED, text)


def withdraw(session: Session, posting: Posting, reason: CaseText) -> bool:
    """Withdraw an unsent posting; return False if it was sent in the meantime."""
    return _end_unsent(session, posting, PostingState.WITHDRAWN, reason)


def retry(session: Session, ids: Iterable[int], who: str) -> int:
    """Retry postings on a person's request; return the number.

    Postings in doubt are looked up without a pause. Documents that could not be mapped are read
    again. The others are sent, under the next key if the last one is proved not to have landed.
    A skipped document waits until it is read again: it may have changed at its source, or may still
    be incomplete.
    """
    is_chosen = Posting.id.in_(list(ids)) & Posting.state.in_(RETRYABLE)
    is_doubtful = Posting.state == PostingState.UNKNOWN
    is_incomplete = (Posting.operation != Operation.ATTACH) & (
        Posting.held_by.in_((Holder.SOURCE, Holder.MAPPING)) | (Posting.payload == b"")
    )
    is_skipped_document = (
        is_chosen,
        Posting.operation != Operation.ATTACH,
        Posting.state == PostingState.SKIPPED,
        Posting.document.has((SourceDocument.made_for == "") & SourceDocument.gone.is_(None)),
    )
    _mark_as_outdated(session, is_skipped_document)
    approvals_before = _load_approvals(session, is_skipped_document)
    count = update_postings(session, [is_chosen, is_doubtful], next_try_at=None)
    count += _reread_documents(session, [is_chosen, ~is_doubtful, is_incomplete])
    count += _send_again(session, [is_chosen, ~is_doubtful, ~is_incomplete], who)
    _wait_for_reading(session, approvals_before)
    return count


def _load_approvals(
    session: Session, conditions: Sequence[ColumnElement[bool]]
) -> Mapping[int, str | None]:
    """Return the approved fingerprint of each of these postings that writes a transaction."""
    is_write = Posting.operation.in_(WRITE_OPERATIONS)
    query = select(Posting.id, Posting.approved_payload).where(*conditions, is_write)
    return dict(iter(session.execute(query)))


def _wait_for_reading(session: Session, approvals_before: Mapping[int, str | None]) -> None:
    """Let postings that are no longer skipped wait until their documents are read again.

    While a posting is skipped, reading its document plans nothing. If the app has no review, the
    approval by the retry is removed from postings that were never approved before, because the
    content that is read then needs none. `approvals_before` has the approved fingerprint of each
    posting at the time it was skipped.
    """
    is_chosen = Posting.id.in_(approvals_before)
    until_read = {"state": PostingState.WAITING, "held_by": Holder.SOURCE, "reasons": []}
    update_postings(session, [is_chosen], **until_read)
    never_approved = [id for id, approver in approvals_before.items() if approver is None]
    is_automatic = Posting.installation_id.not_in(
        select(Installation.id).where(Installation.mode == InstallationMode.REVIEW)
    )
    conditions = [Posting.id.in_(never_approved), is_automatic]
    update_postings(session, conditions, approved_by=None, approved_payload=None)


def mark_for_reread(session: Session, installation_id: int) -> None:
    """Mark every document with an unsent posting for rereading, after the settings have changed.

    The postings are locked first, because a run that plans documents also locks them before it
    writes the documents.
    """
    is_unsent = (Posting.installation_id == installation_id, Posting.state.in_(UNSENT))
    unsent = select(Posting.document_id).where(*is_unsent).order_by(Posting.id)
    ids = set(session.scalars(unsent.with_for_update(key_share=True)))
    if not ids:
        return
    is_chosen = bulk.is_locked_in_order(SourceDocument.id, bulk.is_among(SourceDocument.id, "ids"))
    statement = update(SourceDocument).where(is_chosen).values(reread=True)
    session.execute(statement, {"ids": sorted(ids)}, execution_options=UNSYNCHRONISED)


def update_postings(
    session: Session, conditions: Sequence[ColumnElement[bool]], **values: Any
) -> int:
    """Update many postings in one statement, and their objects in the session; return how many.

    The postings are locked in the order of their ids, as everywhere else.
    """
    is_chosen = bulk.is_locked_in_order(Posting.id, *conditions)
    return _update(session, [is_chosen], values, FETCH)


def update_one(session: Session, conditions: Sequence[ColumnElement[bool]], **values: Any) -> bool:
    """Update one posting; return whether the conditions held."""
    return _update(session, conditions, values, {}) == 1


def _reread_documents(session: Session, conditions: Sequence[ColumnElement[bool]]) -> int:
    """Mark the documents of these postings to be read again now; return the number of postings."""
    _mark_as_outdated(session, conditions)
    return update_postings(session, conditions, next_try_at=None)


def _mark_as_outdated(session: Session, conditions: Sequence[ColumnElement[bool]]) -> None:
    """Mark the documents of these postings for rereading."""
    document_ids = select(Posting.document_id).where(*conditions)
    is_chosen = SourceDocument.id.in_(document_ids)
    documents = update(SourceDocument).where(bulk.is_locked_in_order(SourceDocument.id, is_chosen))
    statement = documents.values(reread=True, reread_at=current_hub().clock.now())
    session.execute(statement, execution_options=FETCH)


def _send_again(session: Session, conditions: Sequence[ColumnElement[bool]], who: str) -> int:
    """Make postings ready, or have them wait for another; return the number.

    A retry approves the bytes. A posting whose key is proved not to have landed gets the next one.
    """
    with_unused_key = select(Posting.id).where(*conditions, Posting.rekey)
    ids = list(session.scalars(with_unused_key))
    count = update_postings(
        session,
        conditions,
        state=APPROVED_STATE,
        held_by=Holder.NOBODY,
        reasons=[],
        next_try_at=None,
        checked_at=None,
        approved_by=who,
        approved_payload=Posting.planned,
    )
    postings = select(Posting).where(Posting.id.in_(ids)).options(*KEY_COLUMNS_ONLY)
    for posting in session.scalars(postings):
        rekey(posting)
    session.flush()
    return count


def _approve(session: Session, condition: ColumnElement[bool], who: str) -> int:
    """Release postings in review; those that need another person's approval stay there."""
    return update_postings(
        session,
        [condition, Posting.state == PostingState.REVIEW, ~approvals.LACKS_APPROVAL],
        approved_by=who,
        approved_payload=Posting.planned,
        state=APPROVED_STATE,
    )


def _end_unsent(session: Session, posting: Posting, state: PostingState, reason: CaseText) -> bool:
    """Move an unsent posting to a final state and close its cases; return whether it was unsent."""
    session.flush()  # one that was just planned has no id before
    is_unsent = (Posting.id == posting.id, Posting.state.in_(UNSENT))
    is_ended = update_one(
        session,
        is_unsent,
        state=state,
        held_by=Holder.NOBODY,
        reasons=texts.dump(reason),
        next_try_at=None,
    )
    if is_ended:
        approvals.drop(session, posting)
        inbox.detach(session, posting)
    return is_ended


def _update(
    session: Session,
    conditions: Sequence[ColumnElement[bool]],
    values: dict[str, Any],
    options: Mapping[str, Any],
) -> int:
    """Update postings and the time of their change; return how many met the conditions."""
    session.flush()
    values.setdefault("changed_at", current_hub().clock.now())
    result = session.execute(
        update(Posting).where(and_(*conditions)).values(**values), execution_options=options
    )
    assert isinstance(result, CursorResult)
    return result.rowcount
