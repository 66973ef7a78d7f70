"""Decisions of a person about single postings: adopt, reject a match, skip."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub import outbox
from hub.cases import inbox
from hub.cases.discrepancies import ABSENT_DISCREPANCIES, list_postings_of_part
from hub.context import current_hub
from hub.contract.document_kinds import LIST_KINDS, words_of
from hub.db import engine
from hub.db.database_errors import repeat_after_conflict
from hub.errors import NotFound, NotNow, Refused, Sentence
from hub.models import Attempt, Posting, SourceDocument, TransactionHead
from hub.models.display_names import format_posting_name
from hub.models.enums import (
    CHANGE_OPERATIONS,
    DocumentState,
    Operation,
    PostingState,
    SendOutcome,
    TransactionState,
)
from hub.outbox import listing
from hub.payloads.entities import QUICKBOOKS_ID
from hub.posting import removals
from hub.posting.actions.undecided import (
    UNDECIDED_STATES,
    build_moved_on_error,
    list_candidates_in_question,
    load_snapshot,
    load_undecided,
    release,
)
from hub.posting.outcome.load import PostingSnapshot
from hub.posting.outcome.record import apply_step
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.history import Posted
from hub.posting.reconcile import discrepancy_cases
from hub.posting.reconcile.posted_documents import load_posted
from hub.posting.recovery import single_read
from hub.posting.recovery.index_lookup import (
    find_ids_of_other_postings,
    is_written_elsewhere,
    lock_head,
)
from hub.reasons import texts
from hub.reasons.texts import CaseText
from hub.security import audit


@repeat_after_conflict
def adopt(posting_id: int, quickbooks_id: str, who: str) -> None:
    """Record that a transaction in QuickBooks is the document, so that it is not posted again."""
    snapshot = load_snapshot(posting_id)
    posting = snapshot.posting
    name = format_posting_name(posting)
    if posting.state not in UNDECIDED_STATES or posting.operation in CHANGE_OPERATIONS:
        raise NotNow(
            "%(name)s is %(state)s; it cannot be taken for a transaction now.",
            name=name,
            state=Sentence(posting.state),
        )

    quickbooks_id = quickbooks_id.strip()
    posting_session = PostingSession(posting.company_id)
    snapshot = _read_candidate(posting_session, snapshot, quickbooks_id)
    current = snapshot.history.current
    assert current is not None
    step = Posted(current.id, adopted=True)
    with engine.transaction() as session:
        _require_unowned(session, posting, current.id)
        is_adopted = apply_step(session, posting_session, snapshot, step)
        if not is_adopted:
            raise build_moved_on_error(name)
        audit.record(session, who, "posting adopted", str(posting_id), quickbooks_id=quickbooks_id)


def _read_candidate(
    posting_session: PostingSession, snapshot: PostingSnapshot, quickbooks_id: str
) -> PostingSnapshot:
    """Return the snapshot with the transaction that a person chose as the document.

    Raise Refused with the reason if it cannot be the document.
    """
    posting = snapshot.posting
    name = format_posting_name(posting)
    if QUICKBOOKS_ID.fullmatch(quickbooks_id) is None:
        raise _build_absent_error(posting, quickbooks_id)
    snapshot = single_read.read_object(posting_session, snapshot, quickbooks_id)
    current = snapshot.history.current
    assert current is not None
    if current.state == TransactionState.VOIDED and posting.operation == Operation.CREATE:
        raise Refused(
            "%(quickbooks_id)s was voided in QuickBooks, so nothing of %(name)s would be in "
            "the books. Skip leaves the document out; “Not this one” posts it again.",
            quickbooks_id=quickbooks_id,
            name=name,
        )
    if current.state == TransactionState.DELETED:
        raise _build_absent_error(posting, quickbooks_id)
    return snapshot


def _require_unowned(session: Session, posting: Posting, quickbooks_id: str) -> None:
    """Lock a transaction, and raise Refused if it belongs to another document.

    List entries are not checked, because several codes may share one.
    """
    if posting.kind in LIST_KINDS or posting.operation == Operation.ATTACH:
        return
    lock_head(session, posting, quickbooks_id)
    owned_ids = find_ids_of_other_postings(session, posting, [quickbooks_id])
    if owned_ids or is_written_elsewhere(session, posting, quickbooks_id):
        raise Refused(
            "%(quickbooks_id)s was posted for another document already, so it cannot be %(name)s."
            " Choose another transaction, or press Skip to leave the document out.",
            quickbooks_id=quickbooks_id,
            name=format_posting_name(posting),
        )


@repeat_after_conflict
def reject_match(posting_id: int, quickbooks_id: str, who: str) -> None:
    """Record that a transaction in QuickBooks is another document, and let the posting continue.

    Raise Refused unless an open case asks about the transaction. Until the hub has finished its
    search, the transaction may be the posting itself, which would then be sent a second time.
    """
    snapshot = load_undecided(posting_id)
    posting = snapshot.posting
    values: dict[str, Any] = {"rejected_ids": sorted({*posting.rejected_ids, quickbooks_id})}
    with engine.transaction() as session:
        _require_match_in_question(session, posting, quickbooks_id)
        if _may_have_created(session, posting, quickbooks_id):
            values["rekey"] = True
        _request_creation(session, posting, quickbooks_id, who)
        release(session, snapshot, who, values)
        audit.record(session, who, "match rejected", str(posting_id), quickbooks_id=quickbooks_id)


def _require_match_in_question(session: Session, posting: Posting, quickbooks_id: str) -> None:
    """Raise Refused unless an open case asks whether a transaction is the posting."""
    if quickbooks_id in list_candidates_in_question(session, posting.id, of_overwrites=False):
        return
    name = format_posting_name(posting)
    if quickbooks_id in list_candidates_in_question(session, posting.id, of_overwrites=True):
        if outbox.has_left(session, posting.company_id, posting.kind, quickbooks_id):
            return  # it no longer exists, so nothing can be overwritten
        raise Refused(
            "Transaction %(quickbooks_id)s is the one that %(name)s changes. Compare the two, then"
            " overwrite it or press Skip.",
            quickbooks_id=quickbooks_id,
            name=name,
        )
    raise Refused(
        "No open case asks whether transaction %(quickbooks_id)s is %(name)s. Reject one of those"
        " that its case names, or press Retry.",
        quickbooks_id=quickbooks_id,
        name=name,
    )


def _may_have_created(session: Session, posting: Posting, quickbooks_id: str) -> bool:
    """Return whether a request of the posting created an object, or may have, if it was deleted.

    Another object can then be created only with a new key.
    """
    head = session.get(TransactionHead, (posting.company_id, posting.kind, quickbooks_id))
    if head is not None:
        if head.state == TransactionState.DELETED:
            return True
        if head.marker and head.marker == posting.document.marker:
            return True
    query = select(Attempt.id).where(
        Attempt.posting_id == posting.id,
        Attempt.outcome == SendOutcome.LANDED,
        Attempt.seen_id == quickbooks_id,
    )
    return session.scalar(query) is not None


def _request_creation(session: Session, posting: Posting, quickbooks_id: str, who: str) -> None:
    """Let the next run create a document again if its changed transaction has left QuickBooks."""
    if posting.operation != Operation.UPDATE:
        return
    if outbox.has_left(session, posting.company_id, posting.kind, quickbooks_id):
        session.get_one(SourceDocument, posting.document_id).requested_by = who
        inbox.detach_all(session, list_postings_of_part(session, posting))


@repeat_after_conflict
def skip(posting_id: int, reason: str, who: str) -> None:
    """Leave a document out of the books, unless QuickBooks has it."""
    posting = load_snapshot(posting_id).posting
    reason = reason.strip()
    if not reason:
        raise Refused("Enter why it should not be posted; the reason is stored.")
    with engine.transaction() as session:
        row = session.get_one(Posting, posting_id)
        if posting.state == PostingState.POSTED:
            is_skipped = _skip_missing(session, row, who, reason)
        else:
            is_skipped = outbox.skip(session, row, who, reason)
            _skip_departed(session, row, who, reason)
        if not is_skipped:
            name = format_posting_name(posting)
            raise NotNow(
                "%(name)s is %(state)s, so it cannot be skipped now.",
                name=name,
                state=_format_state(posting),
            )
        inbox.detach(session, posting_id)
        document = session.get_one(SourceDocument, posting.document_id)
        if document.requested_by and not _is_other_part_requested(session, row):
            document.requested_by = ""
        if outbox.is_removal_by_person(row):
            document.reread = True  # the removal may have replaced a change
        audit.record(session, who, "posting skipped", str(posting_id), reason=reason)


def _is_other_part_requested(session: Session, posting: Posting) -> bool:
    """Return whether a request to post a document again is about other parts than the skipped one.

    A part is requested if it has left QuickBooks and no case asks about it. Files are never
    requested.
    """
    if posting.operation == Operation.ATTACH:
        return True
    states = listing.load_part_states(session, posting.document_id)
    for id, state in states.items():
        other = session.get_one(Posting, id)
        if other.part == posting.part or state != DocumentState.MISSING:
            continue
        ids = list_postings_of_part(session, other)
        if not any(discrepancy_cases.has_open_case(session, id) for id in ids):
            return True
    return False


def _skip_missing(session: Session, posting: Posting, who: str, reason: str) -> bool:
    """Skip a posted document that somebody removed from QuickBooks, with all its posted changes.

    Return False if it is still there.
    """
    states = listing.load_states_of_parts(session, [posting.id])
    if states.get(posting.id) != DocumentState.MISSING:
        return False
    _skip_posted(session, posting, who, reason)
    return True


def _skip_departed(session: Session, posting: Posting, who: str, reason: str) -> None:
    """Skip the posted changes of a part that has left QuickBooks and was to be created again."""
    if posting.operation != Operation.CREATE or not posting.generation:
        return
    of_part = (Posting.document_id == posting.document_id, Posting.part == posting.part)
    documents = load_posted(session, posting.company_id, of_part)
    if any(document.discrepancy in ABSENT_DISCREPANCIES for document in documents):
        _skip_posted(session, posting, who, reason)


def _skip_posted(session: Session, posting: Posting, who: str, reason: str) -> None:
    """Skip everything that was posted of the part of a document, and close its cases."""
    ids = list_postings_of_part(session, posting)
    statement = (
        update(Posting)
        .where(Posting.id.in_(ids), Posting.state == PostingState.POSTED)
        .values(
            state=PostingState.SKIPPED,
            reasons=texts.dump(CaseText("posting.skipped", reason=reason, who=who)),
            changed_at=current_hub().clock.now(),
        )
    )
    session.execute(statement, execution_options={"synchronize_session": False})
    inbox.detach_all(session, ids)
    removals.withdraw_files(session, posting)


def _format_state(posting: Posting) -> Sentence:
    """Return the state of a posting, to be inserted in a sentence for a person."""
    if posting.state == PostingState.POSTED:
        return Sentence("in QuickBooks")
    if posting.state in outbox.IN_FLIGHT:
        return Sentence("on its way; look again in a moment")
    return Sentence(posting.state)


def _build_absent_error(posting: Posting, quickbooks_id: str) -> NotFound:
    """Return the error that QuickBooks has no object of the posting's kind with this id."""
    kind = Sentence(words_of(posting.kind))
    return NotFound(Sentence("%(kind)s in QuickBooks with the id", kind=kind), quickbooks_id)
