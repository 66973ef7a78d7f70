"""Write planned postings: create new ones, or replace the payload of those that were never sent.

`hub.outbox.keys` decides whether a key may be used for another payload.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from hub.cases import inbox
from hub.context import current_hub
from hub.models import Posting, SourceDocument
from hub.models.enums import CHANGE_OPERATIONS, Holder, Operation, PostingState
from hub.outbox import approvals
from hub.outbox.conditions import get_approved_state, is_removal_by_person
from hub.outbox.earlier_postings import inherit_history, is_to_repeat, keep_rejections
from hub.outbox.keys import KeyUse, build_key, decide_key_use, rekey
from hub.outbox.placeholders import fill_approved_ids
from hub.outbox.plan_values import (
    Content,
    Disposition,
    PartOperation,
    PostingPlan,
    get_target_id,
)
from hub.outbox.states import IN_FLIGHT, UNFINISHED
from hub.reasons import texts
from hub.reasons.texts import CaseText

# A plan with the same bytes may change the state of a posting that one of these holds.
HOLDERS_RELEASED_BY_PLAN = (
    Holder.NOBODY,
    Holder.SOURCE,
    Holder.MAPPING,
    Holder.PREFLIGHT,
)
# A posting held by one of these cannot be sent, whatever a person decides.
HOLDERS_OF_INCOMPLETE = (Holder.SOURCE, Holder.MAPPING)


def load_history(session: Session, documents: Iterable[SourceDocument]) -> dict[int, list[Posting]]:
    """Return the postings of each document, oldest first, locked until this transaction ends."""
    ids = [row.id for row in documents if row.id is not None]
    query = (
        select(Posting)
        .where(Posting.document_id.in_(ids))
        .order_by(Posting.id)
        .options(defer(Posting.payload), defer(Posting.stored_summary), defer(Posting.answer))
        .with_for_update(of=Posting)
    )
    postings: dict[int, list[Posting]] = defaultdict(list)
    for posting in session.scalars(query):
        postings[posting.document_id].append(posting)
    return postings


def find_unfinished(postings: Sequence[Posting], part: str = "") -> Posting | None:
    """Return the newest posting of a part that has not reached a final state."""
    for posting in reversed(postings):
        if posting.part == part and posting.state in UNFINISHED:
            return posting
    return None


def plan_posting(
    session: Session,
    row: SourceDocument,
    plan: PostingPlan,
    *,
    postings: Sequence[Posting] | None = None,
) -> Posting:
    """Write the plan for one part of a document; return the posting that has it.

    It is a new posting, or the current one with a new payload if nothing was sent with its key. A
    repetition plans a creation again, with the next key, after the posted transaction has left
    QuickBooks. `postings` are all postings of the document, if they are loaded already.
    """
    if postings is None:
        postings = _load_postings(session, row)
    operation = plan.operation
    current = find_unfinished(postings, operation.part)
    if current and current.state in IN_FLIGHT:
        row.reread = True
        return current
    if current and _is_displaced(current, plan):
        if not _withdraw_displaced(session, row, current):
            return current
        if _is_same_operation(current, operation):
            return _add(session, row, plan, current.generation + 1)
        current = None

    previous = current or _find_newest_posting(postings, operation)
    return _plan_after(session, row, plan, previous, postings)


def _plan_after(
    session: Session,
    row: SourceDocument,
    plan: PostingPlan,
    previous: Posting | None,
    postings: Sequence[Posting],
) -> Posting:
    """Write a plan after the newest posting of the same operation, if there is one."""
    operation = plan.operation
    if previous is None and not operation.repetition:
        posting = _add(session, row, plan)
        keep_rejections(session, posting, postings)
        return posting
    # What began as a change of a transaction that QuickBooks had before is created again, too.
    if previous is None or is_to_repeat(previous, operation, postings):
        posting = _add(session, row, plan, _get_next_generation(previous))
        if operation.repetition:
            inherit_history(posting, postings)
        return posting
    if _has_ended_otherwise(previous, plan):
        return _add(session, row, plan, _get_next_generation(previous))
    return _revise(session, row, previous, plan)


def _get_next_generation(previous: Posting | None) -> int:
    """Return the generation after that of a posting; the first one counts as number 0."""
    return previous.generation + 1 if previous else 1


def approve_when_planned(session: Session, posting: Posting, who: str) -> None:
    """Release a posting that a person's decision has planned; the decision approves it."""
    posting.state = get_approved_state(posting)
    posting.held_by = Holder.NOBODY
    posting.reasons = []
    posting.approved_by = who
    posting.approved_payload = posting.planned
    session.flush()
    inbox.detach(session, posting)


def _load_postings(session: Session, row: SourceDocument) -> Sequence[Posting]:
    """Return the postings of a document, oldest first; none if it is not stored yet."""
    if not row.id:
        return ()
    return load_history(session, [row])[row.id]


def _is_displaced(posting: Posting, plan: PostingPlan) -> bool:
    """Return whether a plan needs a new posting in place of this one.

    It does if the operation differs. It also does if the kind differs and a person is reviewing or
    has approved the posting, because a bill and a credit may have the same payload.
    """
    if not _is_same_operation(posting, plan.operation):
        return True
    if posting.kind == plan.content.kind or posting.held_by == Holder.PERSON:
        return False
    return posting.state == PostingState.REVIEW or posting.approved_payload is not None


def _is_same_operation(posting: Posting, operation: PartOperation) -> bool:
    """Return whether a posting is this operation on the same target, at any SyncToken."""
    if posting.operation != operation.operation:
        return False
    return get_target_id(posting.base) == get_target_id(operation.base)


def _has_ended_otherwise(posting: Posting, plan: PostingPlan) -> bool:
    """Return whether a change was skipped or posted with other content than the planned one.

    A posted change has the same base as a new plan only if it did not modify the transaction, so
    that its version stayed the same. The same content, if it is held, is another change.
    """
    is_posted_update = (
        posting.state == PostingState.POSTED and posting.operation == Operation.UPDATE
    )
    is_skipped_change = (
        posting.state == PostingState.SKIPPED and posting.operation != Operation.CREATE
    )
    if not is_posted_update and not is_skipped_change:
        return False
    is_held = is_posted_update and plan.disposition.state == PostingState.HELD
    return is_held or posting.planned != plan.content.fingerprint


def _find_newest_posting(postings: Sequence[Posting], operation: PartOperation) -> Posting | None:
    """Return the newest posting with the same part, operation and base."""
    key = (operation.part, operation.operation, operation.base)
    for posting in reversed(postings):
        if (posting.part, posting.operation, posting.base) == key:
            return posting
    return None


def _add(session: Session, row: SourceDocument, plan: PostingPlan, generation: int = 0) -> Posting:
    """Add a posting with the content of a plan and the key of this generation."""
    operation, disposition = plan.operation, plan.disposition
    now = current_hub().clock.now()
    posting = Posting(
        document=row,
        company_id=row.company_id,
        installation_id=row.installation_id,
        part=operation.part,
        operation=operation.operation,
        base=operation.base,
        quickbooks_id=operation.quickbooks_id,
        generation=generation,
        revision=0,
        requestid=build_key(row, operation.part, operation.operation, operation.base, generation),
        state=disposition.state,
        held_by=disposition.holder,
        reasons=texts.dump(*disposition.reasons),
        created_at=now,
        changed_at=now,
        **_build_columns(plan.content),
    )
    session.add(posting)
    return posting


def _build_columns(content: Content) -> dict[str, Any]:
    """Return the columns of a posting that depend on its content."""
    return {
        "kind": content.kind,
        "payload": content.payload,
        "planned": content.fingerprint,
        "stored_summary": content.stored_summary,
        "number": content.number,
        "total": content.total,
        "currency": content.currency,
        "warnings": list(content.warnings),
        "after_id": content.after_id,
    }


def _withdraw_displaced(session: Session, row: SourceDocument, posting: Posting) -> bool:
    """Withdraw a posting that another operation replaces; return whether it was withdrawn.

    A posting that may have landed is kept, and so is a removal that a person requested.
    """
    if decide_key_use(session, posting) is KeyUse.FROZEN or is_removal_by_person(posting):
        row.reread = True
        return False
    posting.state = PostingState.WITHDRAWN
    posting.held_by = Holder.NOBODY
    posting.reasons = texts.dump(CaseText("posting.replaced"))
    approvals.drop(session, posting)
    posting.changed_at = current_hub().clock.now()
    inbox.detach(session, posting)
    return True


def _revise(session: Session, row: SourceDocument, posting: Posting, plan: PostingPlan) -> Posting:
    """Update an existing posting to the plan, as far as its state allows."""
    content, disposition = plan.content, plan.disposition
    if posting.state in (PostingState.POSTED, PostingState.SKIPPED):
        return posting
    if posting.state == PostingState.WITHDRAWN and posting.operation in CHANGE_OPERATIONS:
        # The permission to overwrite was for one version only; earlier versions of the hub stored
        # it in the rejected ids.
        posting.overwrite_permitted, posting.rejected_ids = "", []
    has_same_bytes = posting.planned == content.fingerprint
    if not has_same_bytes or posting.kind != content.kind:
        return _replace_content(session, row, posting, plan)
    # The payload has no total, because QuickBooks adds up the lines, so the total may differ.
    if content.total is not None:
        posting.number, posting.total = content.number, content.total
    if posting.operation == Operation.ATTACH:
        posting.after_id = content.after_id  # another posting may have its transaction now
    if posting.state == PostingState.WITHDRAWN or _may_change_state(session, posting, disposition):
        posting.warnings = list(content.warnings)
        posting.after_id = content.after_id
        _set_disposition(posting, disposition)
    return posting


def _may_change_state(session: Session, posting: Posting, disposition: Disposition) -> bool:
    """Return whether a plan with the same payload may change the state.

    A plan never changes the state of a posting that QuickBooks refused. If a person is asked about
    a posting, a plan changes its state only if the posting can no longer be sent at all.
    """
    if posting.held_by == Holder.UNNEEDED:
        return disposition.state == PostingState.HELD
    if posting.held_by == Holder.PERSON and _is_incomplete(disposition):
        return decide_key_use(session, posting) is not KeyUse.FROZEN
    if posting.state == PostingState.HELD or posting.held_by:
        return posting.held_by in HOLDERS_RELEASED_BY_PLAN
    if disposition.holder == Holder.PERSON:
        return posting.approved_payload != posting.planned
    if disposition.state == PostingState.HELD:
        return True
    if disposition.state != PostingState.REVIEW or posting.state != PostingState.READY:
        return False
    return not posting.approved_by


def _is_incomplete(disposition: Disposition) -> bool:
    """Return whether a plan holds a posting because its content cannot be sent."""
    return disposition.state == PostingState.HELD and disposition.holder in HOLDERS_OF_INCOMPLETE


def _replace_content(
    session: Session, row: SourceDocument, posting: Posting, plan: PostingPlan
) -> Posting:
    """Replace the content of a posting, unless content with its key may have landed."""
    content, disposition = plan.content, plan.disposition
    key_use = decide_key_use(session, posting)
    if key_use is KeyUse.FROZEN:
        row.reread = True
        return posting
    if key_use is KeyUse.NEXT:
        rekey(posting)

    keeps_approval = _carry_over_approvals(session, posting, content)
    for name, value in _build_columns(content).items():
        setattr(posting, name, value)
    posting.revision += 1
    if keeps_approval:
        posting.approved_payload = posting.planned
    else:
        disposition = _end_permissions(posting, disposition)

    is_asked = posting.state == PostingState.HELD and posting.held_by == Holder.PERSON
    if not is_asked or _is_incomplete(disposition):
        _set_disposition(posting, disposition)
    return posting


def _end_permissions(posting: Posting, disposition: Disposition) -> Disposition:
    """End what people permitted for the former content; return how the new content continues.

    Content that takes the place of approved content waits for an approval.
    """
    posting.overwrite_permitted = ""
    if posting.approved_payload is None:
        return disposition
    posting.approved_by = None
    posting.approved_payload = None
    if disposition.state in (PostingState.READY, PostingState.WAITING):
        return replace(disposition, state=PostingState.REVIEW)
    return disposition


def _carry_over_approvals(session: Session, posting: Posting, content: Content) -> bool:
    """Keep the approvals that cover new content; return whether the posting stays approved.

    Where two people must approve, the approval of the first is kept as well.
    """
    if posting.kind != content.kind:
        approvals.drop(session, posting)
        return False
    fingerprint = content.fingerprint
    has_only_new_ids = _has_only_new_ids(session, posting, content)
    approvals.carry_over(session, posting, fingerprint, keeps=has_only_new_ids)
    if posting.approved_payload == fingerprint:
        return True
    return has_only_new_ids and posting.approved_payload == posting.planned


def _has_only_new_ids(session: Session, posting: Posting, content: Content) -> bool:
    """Return whether new content differs from the present one only by filled placeholders.

    Approvals of the present content then cover the new one, too.
    """
    if posting.approved_payload is None and not approvals.asks_for_two(posting):
        return False
    return fill_approved_ids(session, posting.payload) == content.payload


def _set_disposition(posting: Posting, disposition: Disposition) -> None:
    """Set state, holder and reasons; content that a person approved needs no other review."""
    state = disposition.state
    is_approved = posting.approved_payload == posting.planned
    if state == PostingState.REVIEW and is_approved:
        state = get_approved_state(posting)
    posting.state = state
    posting.held_by = disposition.holder
    posting.reasons = texts.dump(*disposition.reasons)
    posting.checked_at = None
    posting.next_try_at = None
    posting.changed_at = current_hub().clock.now()
