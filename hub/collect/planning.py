"""Plan what follows from a document: it is posted, held, left alone, or withdrawn."""

from dataclasses import replace
from typing import NamedTuple

from hub import outbox
from hub.cases.findings import Finding
from hub.collect import cases
from hub.collect.attachments import find_posted_parent
from hub.collect.batch import CollectBatch
from hub.collect.change_detection import has_same_content, is_settled
from hub.collect.contact_data import build_contact_data_changes
from hub.collect.content import (
    PartContent,
    build_payload,
    complete_content,
    find_obstacle,
    holder_of,
)
from hub.collect.document_plan import DocumentPlan, PartPlan, PostingPlan
from hub.collect.holds import hold_document, hold_for_source, hold_other_kind
from hub.collect.links import ENDED_STATES, find_links
from hub.collect.new_records import (
    build_record_document,
    is_id_of_other_kind,
    record_kind,
    with_document_currency,
    with_record_ids,
)
from hub.collect.operation import PlannedOperation, build_part_operation, plan_operation
from hub.collect.redelivery import is_yielded_again
from hub.collect.removal import (
    is_withdrawable,
    plan_removal,
    plan_withdrawal,
    release_former_parts,
)
from hub.contract.codec import dump
from hub.contract.documents import Document
from hub.contract.states import Stage
from hub.mapping import Create, Mapped, party_name, resolve
from hub.models import Posting, SourceDocument
from hub.models.display_names import format_document_name
from hub.models.enums import DocumentOutcome, Holder, Operation, PostingState, StartRule
from hub.reasons.texts import CaseText


class RecordsToCreate(NamedTuple):
    """A document with the ids of the records planned for it, and the posting that it waits for."""

    mapped: Mapped
    after_id: int | None = None
    findings: tuple[Finding, ...] = ()


def ingest_document(batch: CollectBatch, document: Document) -> DocumentOutcome:
    """Store what the source says about a document, and apply what follows; return the outcome.

    A settled document without any change is not stored again. If only its attachments may have
    changed, only these are planned.
    """
    row = batch.rows[document.source_id]
    body = dump(document)
    was_settled = is_settled(batch, row)
    if was_settled and row.body == body:
        return DocumentOutcome.UNCHANGED
    is_unchanged = was_settled and has_same_content(row.body, body)
    batch.store_document(row, document, body)
    if is_unchanged:
        plan = DocumentPlan(row, DocumentOutcome.UNCHANGED)
        plan.attachment_parent = find_posted_parent(batch, row, document)
    else:
        plan = plan_document(batch, row, document)
    return batch.apply(plan)


def plan_document(batch: CollectBatch, row: SourceDocument, document: Document) -> DocumentPlan:
    """Plan a document by its stage, its dates and its codes.

    Reasons not to post it come first: pending, closed, too early, held by its app. The codes of a
    document are mapped only if it is to be posted.
    """
    app_name = batch.setup.app.name
    if document.stage == Stage.PENDING:
        reason = _reason_unwanted(document, CaseText("posting.not_wanted_yet", app=app_name))
        plan = plan_withdrawal(batch, row, reason)
        plan.outcome = DocumentOutcome.PENDING
        return plan

    postings = batch.transaction_postings(row)
    posted = [posting for posting in postings if posting.state == PostingState.POSTED]
    if document.stage == Stage.CLOSED:
        reason = _reason_unwanted(document, CaseText("posting.not_wanted", app=app_name))
        return plan_removal(batch, row, reason, is_gone=bool(posted))

    if not posted:
        too_early = _reason_too_early(batch, row, document)
        if too_early:
            return plan_removal(batch, row, too_early)

    if document.hold:
        return hold_for_source(batch, row, document)
    if posted and posted[-1].kind != document.kind:
        return hold_other_kind(batch, row, document, posted[-1])
    return _plan_by_codes(batch, row, document)


def place_record(batch: CollectBatch, create: Create, requested_by: str = "") -> Posting:
    """Return the posting that creates a record for a code; plan and apply it if there is none.

    A record that a person requested is created even if no document needs it. A document of the
    source that creates the record itself is left as it is.
    """
    row = batch.record_document(create.code, record_kind(create), create.field)
    is_for_code = bool(row.made_for) or not batch.postings(row)
    if is_for_code:
        requested_by = requested_by or outbox.find_creation_requester(row)
        row.made_for = create.field
        document = build_record_document(create, requested_by)
        batch.store_document(row, document, dump(document))
        plan = plan_document(batch, row, document)
        batch.apply(plan)
        batch.session.flush()
    postings = batch.postings(row)
    creations = [posting for posting in postings if posting.operation == Operation.CREATE]
    return creations[-1]


def _reason_unwanted(document: Document, default: CaseText) -> CaseText:
    """Return why the source does not want a document posted, in its own words if it has any."""
    if document.hold:
        return CaseText("posting.source_says", reason=document.hold)
    return default


def _reason_too_early(
    batch: CollectBatch, row: SourceDocument, document: Document
) -> CaseText | None:
    """Return why a document from before the start date is left out; None if it counts.

    The day on which a document was received decides, if the source states it. One that a person has
    included counts whatever its date.
    """
    start = batch.setup.site.start
    day = document.received or document.date
    if row.before_start == StartRule.INCLUDED:
        return None
    if start is None or day is None or day >= start:
        row.before_start = StartRule.NOT_APPLIED
        return None
    row.before_start = StartRule.EXCLUDED
    code = "posting.received_too_early" if document.received else "posting.dated_too_early"
    return CaseText(code, date=str(day), start=str(start), app=batch.setup.app.name)


def _plan_by_codes(batch: CollectBatch, row: SourceDocument, document: Document) -> DocumentPlan:
    """Map the codes of a document and plan its parts.

    Hold all of it if a code has no record, or if it may be in QuickBooks as another kind.
    """
    postings = batch.transaction_postings(row)
    unsent = [posting for posting in postings if posting.state in outbox.UNSENT]
    for posting in unsent:
        if posting.kind != document.kind and outbox.was_sent(batch.session, posting):
            return hold_other_kind(batch, row, document, unsent[-1])

    setup = batch.setup
    links = find_links(batch, document)
    mapped = resolve(document, setup.fields, setup.index, links)
    if isinstance(mapped, list):
        title = format_document_name(row)
        findings = [
            cases.build_missing_finding(batch.installation, missing, title) for missing in mapped
        ]
        return hold_document(batch, row, document, Holder.MAPPING, *findings)

    plan = DocumentPlan(row)
    parts = mapped.parts or (mapped,)
    for part in parts:
        part_plan = _plan_part(batch, plan, part)
        plan.parts.append(part_plan)
    part_names = {part.part for part in parts}
    release_former_parts(batch, plan, part_names)
    return plan


def _plan_part(batch: CollectBatch, plan: DocumentPlan, mapped: Mapped) -> PartPlan:
    """Plan one part of a document."""
    row = plan.row
    document, part = mapped.document, mapped.part
    operation = plan_operation(batch, row, mapped)
    if operation is None:
        return PartPlan(document=document, part=part, outcome=DocumentOutcome.NONE)

    content = _plan_content(batch, row, operation)
    fingerprint = content.fingerprint
    history = operation.history
    active = outbox.find_active(batch.postings(row), part)
    unchanged = PartPlan(document=document, part=part, outcome=DocumentOutcome.UNCHANGED)
    if active and outbox.is_removal_by_person(active):
        if not history.is_in_books(fingerprint):
            plan.reread = True  # the change is planned after the removal
        return unchanged
    if not active and history.is_left_out(fingerprint):
        return unchanged

    if history.is_in_books(fingerprint):
        if active:
            _withdraw_other_content(batch, plan, active, fingerprint)
        return PartPlan(document=document, part=part, current=history.current)

    refused = None
    if active and is_yielded_again(batch, row, active, fingerprint):
        refused = active
    return PartPlan(
        document=document,
        part=part,
        current=history.current,
        posting=_build_posting_plan(row, operation, content),
        refused=refused,
    )


def _withdraw_other_content(
    batch: CollectBatch, plan: DocumentPlan, active: Posting, fingerprint: str
) -> None:
    """Withdraw an unsent change, because the document is again as it was posted."""
    if active.planned != fingerprint and is_withdrawable(batch, active):
        plan.withdraw(active, CaseText("posting.same_again"))


def _build_posting_plan(
    row: SourceDocument, operation: PlannedOperation, content: PartContent
) -> PostingPlan:
    """Plan the posting of an operation; approved if a person wants the document posted again."""
    history = operation.history
    operation_of_part = build_part_operation(operation.part, history, operation.update)
    return PostingPlan(
        operation=operation_of_part,
        content=content.content,
        disposition=content.disposition,
        findings=content.findings,
        approved_by=row.requested_by if history.repetition is outbox.Repetition.REQUESTED else "",
    )


def _plan_content(
    batch: CollectBatch, row: SourceDocument, operation: PlannedOperation
) -> PartContent:
    """Build what is sent, after the records that it refers to and the contact data that they lack.

    No record is created for a document that the source has to correct, because QuickBooks cannot
    delete a party.
    """
    payload = build_payload(batch, row, operation)
    obstacle = find_obstacle(batch, row, operation, payload)
    obstacles = (obstacle,) if obstacle else ()
    mapped = operation.mapped
    records = RecordsToCreate(mapped)
    is_for_source = bool(obstacles) and holder_of(obstacles) == Holder.SOURCE
    if mapped.creates and not is_for_source:
        records = _place_records(batch, row, mapped)
        operation = replace(operation, mapped=records.mapped)
        payload = build_payload(batch, row, operation)
    for change in build_contact_data_changes(batch, operation.mapped):
        ingest_document(batch, change)
    findings = (*operation.findings, *records.findings, *obstacles)
    return complete_content(batch, row, operation, payload, findings, records.after_id)


def _place_records(batch: CollectBatch, row: SourceDocument, mapped: Mapped) -> RecordsToCreate:
    """Place the records that a document needs, and put their ids into the document."""
    ids: dict[str, str] = {}
    findings: list[Finding] = []
    after_id = None
    document = mapped.document
    for create in mapped.creates:
        if is_id_of_other_kind(batch, create):
            text = CaseText(
                "document.record_id_taken",
                document=party_name(document, batch.setup.fields),
                record=create.details.name,
                id=create.code,
            )
            findings.append(Finding(key=create.field, text=text))
            continue
        create = with_document_currency(batch, row, create, document.currency)
        posting = place_record(batch, create)
        record_id = posting.quickbooks_id or outbox.format_placeholder(posting.id)
        ids[f"@{create.role}:{create.code}"] = record_id
        if posting.state != PostingState.POSTED:
            after_id = posting.id
        if posting.state in ENDED_STATES:
            text = CaseText(
                "document.record_skipped",
                document=party_name(document, batch.setup.fields),
                record=create.details.name,
            )
            findings.append(Finding(key=create.field, text=text))
    return RecordsToCreate(with_record_ids(mapped, ids), after_id, tuple(findings))
