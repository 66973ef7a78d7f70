"""Withdraw or remove documents that a source no longer wants, by the policy of its app."""

from hub import outbox, payloads, sources
from hub.cases.causes import FORMER_PART
from hub.cases.findings import Finding
from hub.collect.batch import CollectBatch
from hub.collect.document_plan import DocumentPlan
from hub.collect.findings import build_document_finding, build_held_disposition
from hub.collect.order_closing import CLOSABLE_KINDS, build_closing_content, is_closing
from hub.contract.document_kinds import LIST_KINDS, words_of
from hub.contract.states import GonePolicy, Stage
from hub.models import Posting, SourceDocument
from hub.models.enums import (
    WRITE_OPERATIONS,
    DocumentOutcome,
    Holder,
    Operation,
    PostingState,
    TransactionState,
)
from hub.outbox.plan_values import Content, Disposition, PartOperation
from hub.reasons.texts import CaseText

VOIDABLE_KINDS = ("invoice", "payment", "bill_payment")  # QuickBooks voids no others
# The policies that remove a document without asking; a person is asked instead if QuickBooks cannot
# remove it so.
REMOVALS_BY_POLICY = {GonePolicy.VOID: Operation.VOID, GonePolicy.DELETE: Operation.DELETE}


def plan_removal(
    batch: CollectBatch, row: SourceDocument, reason: CaseText, *, is_gone: bool = False
) -> DocumentPlan:
    """Withdraw unsent postings; if the document is gone, remove posted ones by the app's policy.

    A document that was never planned gets a withdrawn posting with the reason.
    """
    is_at_source = row.gone is None
    plan = plan_withdrawal(batch, row, reason)
    plan.outcome = DocumentOutcome.WITHDRAWN if is_at_source else DocumentOutcome.GONE
    postings = batch.transaction_postings(row)
    if not postings and row.stage != Stage.PENDING and is_at_source:
        operation = PartOperation(operation=Operation.CREATE)
        disposition = Disposition(state=PostingState.WITHDRAWN, reasons=(reason,))
        plan.add_posting(operation, Content(kind=row.kind), disposition)
    if is_gone and row.kind not in LIST_KINDS:
        policy = sources.get_gone_policy(batch.setup.app, batch.setup.site.settings)
        for posting in batch.postings_in_books(row):
            _plan_by_policy(batch, plan, posting, reason, policy)
    return plan


def plan_withdrawal(batch: CollectBatch, row: SourceDocument, reason: CaseText) -> DocumentPlan:
    """Withdraw the unsent postings of a document.

    A posting that may have reached QuickBooks stays, and the document is read again later.
    """
    plan = DocumentPlan(row)
    for posting in batch.postings(row):
        if posting.state in outbox.IN_FLIGHT:
            plan.reread = True
            continue
        if posting.state not in outbox.UNSENT or posting.operation in outbox.REMOVALS:
            continue
        if outbox.may_have_landed(batch.session, posting):
            plan.reread = True
        else:
            plan.withdraw(posting, reason)
    return plan


def withdraw_unwanted(batch: CollectBatch, plan: DocumentPlan, part: str) -> None:
    """Withdraw the unsent creation or change of a part that may only be updated.

    QuickBooks does not have the part, so that there is nothing to update. What may have landed is
    judged once its result is known. Records stay, because other documents may need them.
    """
    row = plan.row
    posting = outbox.find_unfinished(batch.postings(row), part)
    if posting is None:
        return
    if not is_withdrawable(batch, posting):
        plan.reread = True
    elif posting.operation in WRITE_OPERATIONS and row.kind not in LIST_KINDS:
        reason = CaseText("posting.not_to_be_created", app=batch.setup.app.name)
        plan.withdraw(posting, reason)


def cancel_removal(batch: CollectBatch, plan: DocumentPlan) -> None:
    """Withdraw the plan to remove a document from QuickBooks: the source has it again.

    A removal that a person wants does not depend on the source.
    """
    for posting in batch.transaction_postings(plan.row):
        if posting.operation not in outbox.REMOVALS or outbox.is_removal_by_person(posting):
            continue
        if is_withdrawable(batch, posting):
            plan.withdraw(posting, CaseText("posting.wanted_again"))


def release_former_parts(batch: CollectBatch, plan: DocumentPlan, parts: set[str]) -> bool:
    """Withdraw the parts that a document is no longer split into; report those that are posted.

    Return whether QuickBooks has any of them. If it may have one, the document is read again before
    another part is sent.
    """
    row = plan.row
    former_parts = {posting.part: None for posting in batch.transaction_postings(row)}
    for part in former_parts:
        if part in parts:
            continue
        active = outbox.find_unfinished(batch.postings(row), part)
        if active is None or active.operation in outbox.REMOVALS:
            continue
        if is_withdrawable(batch, active):
            plan.withdraw(active, CaseText("posting.split_differently"))
        else:
            plan.reread = True
    is_in_books = False
    for posting in batch.postings_in_books(row):
        if posting.part in parts:
            continue
        if batch.find_departure(posting):
            plan.gone_everywhere.append(posting)
        else:
            plan.open_case(posting, build_document_finding(FORMER_PART, row, "former_part"))
            is_in_books = True
    return is_in_books


def list_present_parts(batch: CollectBatch, row: SourceDocument, parts: set[str]) -> list[Posting]:
    """Return the postings of the parts that a document has; none if it was never split."""
    postings = batch.transaction_postings(row)
    if not any(posting.part for posting in postings):
        return []
    return [posting for posting in postings if posting.part in parts]


def find_other_kind(batch: CollectBatch, row: SourceDocument, kind: str) -> Posting | None:
    """Return a posting of another kind for a document that is or may be in QuickBooks.

    Return None if there is none.
    """
    for posting in batch.postings_in_books(row):
        if posting.kind != kind and not batch.find_departure(posting):
            return posting
    for posting in batch.transaction_postings(row):
        if posting.kind == kind or posting.state not in outbox.UNSENT:
            continue
        if outbox.may_have_landed(batch.session, posting):
            return posting
    return None


def is_withdrawable(batch: CollectBatch, posting: Posting) -> bool:
    """Return whether a posting is unsent and certain not to have reached QuickBooks."""
    if posting.state not in outbox.UNSENT:
        return False
    return not outbox.may_have_landed(batch.session, posting)


def _plan_by_policy(
    batch: CollectBatch, plan: DocumentPlan, posting: Posting, reason: CaseText, policy: GonePolicy
) -> None:
    """Plan the removal of the app's policy, or a deletion about which a person decides."""
    if policy is GonePolicy.LEAVE:
        _withdraw_unapproved_removal(batch, plan, posting)
        return
    departure = batch.find_departure(posting)
    if policy is GonePolicy.CLOSE and posting.kind in CLOSABLE_KINDS:
        if departure:
            plan.gone_everywhere.append(posting)
        elif not is_closing(posting):
            _plan_closing(batch, plan, posting)
        return
    removal = _choose_removal(posting, policy)
    is_of_policy = removal is REMOVALS_BY_POLICY.get(policy)
    # Nobody is asked to approve the removal of something that is not there.
    if departure and not (is_of_policy and batch.setup.state == PostingState.READY):
        plan.gone_everywhere.append(posting)
        return
    if is_of_policy:
        removal = _choose_removal_now(removal, departure)
        _add_removal(plan, posting, removal, Disposition(state=batch.setup.state))
        return
    finding = _build_removal_finding(plan.row, posting, removal, reason, policy)
    disposition = build_held_disposition(Holder.PERSON, (finding,))
    _add_removal(plan, posting, removal, disposition, (finding,))


def _withdraw_unapproved_removal(batch: CollectBatch, plan: DocumentPlan, posting: Posting) -> None:
    """Withdraw the removal that was planned before the settings said to leave documents."""
    removal = outbox.find_unfinished(batch.transaction_postings(plan.row), posting.part)
    if removal is None or removal.operation not in outbox.REMOVALS:
        return
    if outbox.is_removal_by_person(removal) or removal.approved_payload is not None:
        return
    if is_withdrawable(batch, removal):
        plan.withdraw(removal, CaseText("posting.left", app=batch.setup.app.name))


def _choose_removal(posting: Posting, policy: GonePolicy) -> Operation:
    """Return the operation that removes a transaction: voiding it, if policy and kind allow it."""
    if policy is GonePolicy.DELETE or posting.kind not in VOIDABLE_KINDS:
        return Operation.DELETE
    return Operation.VOID


def _choose_removal_now(removal: Operation, departure: str) -> Operation:
    """Return the operation, but never a deletion of a voided transaction: the books are right."""
    return Operation.VOID if departure == TransactionState.VOIDED else removal


def _add_removal(
    plan: DocumentPlan,
    posting: Posting,
    removal: Operation,
    disposition: Disposition,
    findings: tuple[Finding, ...] = (),
) -> None:
    """Add the deletion or voiding of a posted transaction to a plan."""
    operation = _build_operation_on(posting, removal)
    plan.add_posting(operation, _build_removal_content(posting, removal), disposition, findings)


def _build_removal_finding(
    row: SourceDocument, posting: Posting, removal: Operation, reason: CaseText, policy: GonePolicy
) -> Finding:
    """Return the finding that asks a person whether to remove a posted transaction."""
    if removal is Operation.VOID:
        return build_document_finding("gone", row, "gone_void", reason=reason)
    code = "gone_close" if policy is GonePolicy.CLOSE else "gone_delete"
    kind = words_of(posting.kind)
    return build_document_finding("gone", row, code, reason=reason, kind=kind)


def _plan_closing(batch: CollectBatch, plan: DocumentPlan, posting: Posting) -> None:
    """Plan a change that only closes a posted order."""
    body, summary = build_closing_content(posting)
    content = Content(
        kind=posting.kind,
        payload=payloads.encode(body),
        stored_summary=summary.dump(),
        number=posting.number,
        total=posting.total,
        currency=posting.currency,
    )
    operation = _build_operation_on(posting, Operation.UPDATE)
    plan.add_posting(operation, content, Disposition(state=batch.setup.state))


def _build_operation_on(posting: Posting, operation: Operation) -> PartOperation:
    """Return an operation on a posted transaction."""
    return PartOperation.of_change(
        operation, posting.quickbooks_id or "", posting.sync_token or "", part=posting.part
    )


def _build_removal_content(posting: Posting, removal: Operation) -> Content:
    """Return the content that deletes or voids a posted transaction."""
    quickbooks_id = posting.quickbooks_id or ""
    sync_token = posting.sync_token or ""
    if removal is Operation.VOID:
        body = payloads.build_void_body(quickbooks_id, sync_token)
    else:
        body = payloads.build_delete_body(quickbooks_id, sync_token)
    return Content(
        kind=posting.kind,
        payload=payloads.encode(body),
        number=posting.number,
        total=posting.total,
        currency=posting.currency,
    )
