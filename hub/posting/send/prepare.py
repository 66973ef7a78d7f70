"""Prepare postings for the claim: resolve doubts, compare changes, complete the payloads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hub import outbox
from hub.cases import inbox
from hub.db.engine import read_only_session, transaction
from hub.models import Posting, TransactionHead
from hub.models.enums import CHANGE_OPERATIONS, Operation, PostingState
from hub.posting.outcome.load import PostingSnapshot, load_snapshots, load_snapshots_for_send
from hub.posting.outcome.record import apply_step, change_state
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.decisions import decide, is_batchable
from hub.posting.protocol.history import Send
from hub.posting.recovery.resolve import advance_until_idle
from hub.posting.send.attachments import fetch_file, is_listed
from hub.posting.send.current_version import write_against_current
from hub.qbo import transaction_index
from hub.qbo.dependents import describe_dependent
from hub.reasons import texts
from hub.reasons.texts import CaseText


@dataclass(frozen=True)
class PreparedPosting:
    """A posting that may be claimed if it still has this revision.

    `file` is the content of an upload. `snapshot` is its history; None if the history has to be
    loaded again after the send.
    """

    id: int
    revision: int
    app: str
    marker: str = ""
    file: bytes = b""
    is_batchable: bool = False
    snapshot: PostingSnapshot | None = None


def prepare(posting_session: PostingSession, ids: Sequence[int]) -> list[PreparedPosting]:
    """Take all steps that postings need before the claim; return those that may be claimed.

    Simple creations need none, so that they are loaded read-only. The others are loaded again as
    model objects, which the steps need.
    """
    prepared_postings: list[PreparedPosting] = []
    ids_with_steps = []
    with read_only_session() as session:
        for snapshot in load_snapshots_for_send(session, posting_session, ids):
            if _is_simple_creation(snapshot):
                prepared_posting = _prepare_unchanged(snapshot)
                prepared_postings.append(replace(prepared_posting, snapshot=snapshot))
            else:
                ids_with_steps.append(snapshot.id)
        snapshots = load_snapshots(session, posting_session, ids_with_steps)
    for snapshot, step in advance_until_idle(posting_session, snapshots):
        result = _prepare_one(posting_session, snapshot, step)
        if result:
            prepared_postings.append(result)
    return prepared_postings


def _is_simple_creation(snapshot: PostingSnapshot) -> bool:
    """Return whether a posting is an unapproved creation that can be sent without any look-up."""
    if snapshot.history.operation != Operation.CREATE:
        return False
    if snapshot.posting.approved_payload:
        return False
    return decide(snapshot.history) == Send()


def _prepare_one(
    posting_session: PostingSession, snapshot: PostingSnapshot, step: Send
) -> PreparedPosting | None:
    """Take the last steps before the claim; None if the posting cannot be sent now."""
    posting = snapshot.posting
    if step.renew:
        with transaction() as session:
            apply_step(session, posting_session, snapshot, step)
        posting_session.counts["renewed"] += 1
        return None
    if _return_to_review_if_changed(posting_session, posting):
        return None
    if posting.operation == Operation.ATTACH:
        return _prepare_file(posting_session, snapshot)
    if posting.operation in CHANGE_OPERATIONS:
        if _check_again_if_in_use(posting_session, snapshot):
            return None
        if not write_against_current(posting_session, snapshot, step):
            return None
    return _prepare_unchanged(snapshot)


def _prepare_unchanged(snapshot: PostingSnapshot) -> PreparedPosting:
    """Return a prepared posting whose stored payload is sent unchanged."""
    posting = snapshot.posting
    return PreparedPosting(
        id=posting.id,
        revision=posting.revision,
        app=posting.document.slug,
        marker=posting.document.marker,
        is_batchable=is_batchable(snapshot.history),
    )


def _prepare_file(
    posting_session: PostingSession, snapshot: PostingSnapshot
) -> PreparedPosting | None:
    """Fetch a file; withdraw it if its document no longer has it, or has left QuickBooks."""
    posting = snapshot.posting
    if not is_listed(posting):  # the source removed it while it was in doubt
        _withdraw_file(posting_session, posting, CaseText("posting.file_gone"))
        return None
    with read_only_session() as session:
        has_left = outbox.has_left(session, posting.company_id, posting.kind, posting.base)
    if has_left:
        _withdraw_file(posting_session, posting, CaseText("posting.parent_not_posted"))
        return None
    file = fetch_file(posting_session, snapshot)
    if file is None:
        return None
    return PreparedPosting(posting.id, posting.revision, posting.document.slug, file=file)


def _withdraw_file(posting_session: PostingSession, posting: Posting, reason: CaseText) -> None:
    """Withdraw a file that is not to be attached any more."""
    values = {"reasons": texts.dump(reason), "next_try_at": None}
    with transaction() as session:
        change_state(session, posting, PostingState.WITHDRAWN, **values)
        inbox.detach(session, posting)
    posting_session.counts["files"] += 1


def _return_to_review_if_changed(posting_session: PostingSession, posting: Posting) -> bool:
    """Return a creation to review if its payload is not the approved one; return whether it was."""
    if posting.operation != Operation.CREATE or not posting.approved_payload:
        return False
    if posting.approved_payload == outbox.compute_fingerprint(posting.payload):
        return False
    with transaction() as session:
        change_state(session, posting, PostingState.REVIEW, approved_by=None, approved_payload=None)
    posting_session.counts["review"] += 1
    return True


def _check_again_if_in_use(posting_session: PostingSession, snapshot: PostingSnapshot) -> bool:
    """Request another check of a change if a transaction depends on its target.

    The target is judged as it was just read from QuickBooks. Return whether a check was requested.
    """
    posting = snapshot.posting
    if snapshot.entity is None or posting.summary.is_closed:
        return False
    values = transaction_index.build_head(posting_session.company_id, posting.kind, snapshot.entity)
    if not describe_dependent(TransactionHead(**values)):
        return False
    with transaction() as session:
        change_state(session, posting, PostingState.READY, checked_at=None)
    posting_session.counts["rechecked"] += 1
    return True
