"""Plan a document: post, hold or withdraw it, or leave it as it is.

Nothing is written here. The plan contains the rows to write, and the records that are missing.
"""

from collections.abc import Iterable
from dataclasses import replace

from hub import outbox
from hub.collect.attachments import choose_part_with_files
from hub.collect.batch import CollectBatch
from hub.collect.content import (
    CONTENT_KEYS,
    build_payload,
    build_posting_plan,
    find_holder,
    find_obstacles,
)
from hub.collect.document_plan import DocumentPlan, PartPlan, PostingPlanWithFindings
from hub.collect.findings import build_document_finding, build_missing_finding
from hub.collect.holds import hold_document, hold_for_source, hold_other_kind
from hub.collect.links import find_links
from hub.collect.look_alikes import is_too_early
from hub.collect.new_records import (
    NO_RECORDS,
    MappedWithRecords,
    RecordPostings,
    add_record_ids,
)
from hub.collect.operation import PlannedOperation, plan_operation
from hub.collect.part_numbers import keep_part_numbers
from hub.collect.redelivery import is_yielded_again
from hub.collect.removal import (
    cancel_removal,
    find_other_kind,
    is_withdrawable,
    list_present_parts,
    plan_removal,
    plan_withdrawal,
    release_former_parts,
    withdraw_unwanted,
)
from hub.collect.renamed_records import find_renamed_records
from hub.contract.documents import Attachment, Document
from hub.contract.states import Stage
from hub.mapping import MappedDocument, Missing, resolve
from hub.models import Posting, SourceDocument
from hub.models.display_names import format_document_name
from hub.models.enums import DocumentOutcome, Holder, PostingState, StartRule
from hub.reasons.texts import CaseText


def plan_document(
    batch: CollectBatch,
    row: SourceDocument,
    document: Document,
    records: RecordPostings = NO_RECORDS,
) -> DocumentPlan:
    """Plan a document by its stage, its dates and its codes; nothing is written.

    Reasons not to post it come first: pending, closed, too early, held by its app. The codes of a
    document are mapped only if it is to be posted. A plan with `new_records` is incomplete: plan
    their postings first, then the document again with them as `records`.
    """
    app_name = batch.setup.app.name
    if document.stage == Stage.PENDING:
        reason = _find_reason_unwanted(document, CaseText("posting.not_wanted_yet", app=app_name))
        plan = plan_withdrawal(batch, row, reason)
        cancel_removal(batch, plan)
        plan.outcome = DocumentOutcome.PENDING
        return plan

    postings = batch.transaction_postings(row)
    is_posted = any(posting.state == PostingState.POSTED for posting in postings)
    if document.stage == Stage.CLOSED:
        reason = _find_reason_unwanted(document, CaseText("posting.not_wanted", app=app_name))
        return plan_removal(batch, row, reason, is_gone=is_posted)
    if is_posted:
        return _plan_wanted(batch, row, document, records)

    too_early = _find_reason_too_early(batch, row, document)
    if too_early:
        plan = plan_removal(batch, row, too_early)
        plan.start_rule = StartRule.EXCLUDED
        return plan
    plan = _plan_wanted(batch, row, document, records)
    if row.before_start != StartRule.INCLUDED:
        plan.start_rule = StartRule.NOT_APPLIED
    return plan


def _plan_wanted(
    batch: CollectBatch, row: SourceDocument, document: Document, records: RecordPostings
) -> DocumentPlan:
    """Plan a document that is to be posted, unless its app or its history holds it."""
    if document.hold:
        return hold_for_source(batch, row, document)
    of_other_kind = find_other_kind(batch, row, document.kind)
    if of_other_kind:
        return hold_other_kind(batch, row, document, of_other_kind)
    return _plan_by_codes(batch, row, document, records)


def _find_reason_unwanted(document: Document, default: CaseText) -> CaseText:
    """Return why the source does not want a document posted, in its own words if it states them."""
    if document.hold:
        return CaseText("posting.source_says", reason=document.hold)
    return default


def _find_reason_too_early(
    batch: CollectBatch, row: SourceDocument, document: Document
) -> CaseText | None:
    """Return why a document from before the start date is left out; None if it counts.

    A document that a person has included counts whatever its date.
    """
    if row.before_start == StartRule.INCLUDED or not is_too_early(batch.setup, document):
        return None
    start = batch.setup.site.start
    day = document.received or document.date
    code = "posting.received_too_early" if document.received else "posting.dated_too_early"
    return CaseText(code, date=str(day), start=str(start), app=batch.setup.app.name)


def _plan_by_codes(
    batch: CollectBatch, row: SourceDocument, document: Document, records: RecordPostings
) -> DocumentPlan:
    """Map the codes of a document and plan its parts; hold all of it if a code has no record."""
    setup = batch.setup
    links = find_links(batch, document)
    result = resolve(document, setup.fields, setup.index, links)
    if isinstance(result, list):
        return _hold_for_codes(batch, row, document, result)
    renamed_records = find_renamed_records(batch, result.new_records)
    if renamed_records:
        return _hold_for_codes(batch, row, document, renamed_records)

    return _plan_parts(batch, row, document, result, records)


def _hold_for_codes(
    batch: CollectBatch, row: SourceDocument, document: Document, codes: Iterable[Missing]
) -> DocumentPlan:
    """Hold a document for the codes that have no record yet, with a case for each."""
    title = format_document_name(row)
    findings = [build_missing_finding(batch.installation, code, title) for code in codes]
    return hold_document(batch, row, document, Holder.MAPPING, *findings)


def _plan_parts(
    batch: CollectBatch,
    row: SourceDocument,
    document: Document,
    mapped_document: MappedDocument,
    records: RecordPostings,
) -> DocumentPlan:
    """Plan the parts of a mapped document; one that is not split has a single part."""
    plan = DocumentPlan(row)
    parts = keep_part_numbers(batch, row, document.number, mapped_document.parts)
    parts = parts or (mapped_document,)
    part_names = {part.part for part in parts}
    has_former_parts = release_former_parts(batch, plan, part_names)
    part_with_files = choose_part_with_files(batch, row, [part.part for part in parts])
    for part in parts:
        has_files = part.part == part_with_files
        part = _with_files(part, document.attachments if has_files else ())
        part_plan = _plan_part(batch, plan, part, records, has_former_parts=has_former_parts)
        plan.parts.append(replace(part_plan, has_files=has_files))
    plan.of_present_parts = list_present_parts(batch, row, part_names)
    return plan


def _with_files(
    mapped_document: MappedDocument, attachments: tuple[Attachment, ...]
) -> MappedDocument:
    """Return a part of a document with these files."""
    if mapped_document.document.attachments == attachments:
        return mapped_document
    document = replace(mapped_document.document, attachments=attachments)
    return replace(mapped_document, document=document)


def _plan_part(
    batch: CollectBatch,
    plan: DocumentPlan,
    mapped_document: MappedDocument,
    records: RecordPostings,
    *,
    has_former_parts: bool,
) -> PartPlan:
    """Plan one part of a document.

    A new or changed part is held while QuickBooks has parts of an earlier split: they may contain
    its lines, which would be in the books twice.
    """
    row = plan.row
    operation = plan_operation(batch, row, mapped_document)
    if operation is None:
        withdraw_unwanted(batch, plan, mapped_document.part)
        return PartPlan(document=mapped_document.document, outcome=DocumentOutcome.NONE)
    if has_former_parts:
        operation = _hold_for_former_parts(operation)
    posting_plan = _plan_posting(batch, plan, operation, records)
    return _plan_by_history(batch, plan, operation, posting_plan)


def _plan_by_history(
    batch: CollectBatch,
    plan: DocumentPlan,
    operation: PlannedOperation,
    posting_plan: PostingPlanWithFindings,
) -> PartPlan:
    """Plan a part by its transaction in QuickBooks and its unfinished posting.

    Nothing is posted if the part is being removed, stays out of QuickBooks, or is there already.
    """
    document, content, history = operation.document, posting_plan.content, operation.history
    open_posting = history.unfinished
    is_in_books = history.is_in_books(content)
    is_being_removed = open_posting is not None and outbox.is_removal_by_person(open_posting)
    if is_being_removed and not is_in_books:
        plan.reread = True  # the change is planned after the removal
    stays_left_out = open_posting is None and history.is_left_out(content)
    if is_being_removed or stays_left_out:
        return PartPlan(document=document, outcome=DocumentOutcome.UNCHANGED)

    if is_in_books:
        return _plan_content_in_books(batch, plan, operation, posting_plan)

    is_repeated = open_posting is not None and is_yielded_again(
        batch, plan.row, open_posting, content.fingerprint
    )
    return PartPlan(
        document=document,
        current=history.current,
        posting=posting_plan,
        to_retry=open_posting if is_repeated else None,
    )


def _contradicts_itself(posting_plan: PostingPlanWithFindings) -> bool:
    """Return whether the content of a plan has a problem that its source has to solve."""
    return any(finding.key in CONTENT_KEYS for finding in posting_plan.findings)


def _plan_content_in_books(
    batch: CollectBatch,
    plan: DocumentPlan,
    operation: PlannedOperation,
    posting_plan: PostingPlanWithFindings,
) -> PartPlan:
    """Plan nothing for a part that QuickBooks has as it is, unless it is to be put back.

    It is held if it contradicts itself now: its total or currency may have changed without a change
    of what would be sent.
    """
    document, history = operation.document, operation.history
    fingerprint = posting_plan.content.fingerprint
    open_posting = history.unfinished
    is_to_put_back = open_posting is not None and _waits_for_reading(open_posting, fingerprint)
    if is_to_put_back or _contradicts_itself(posting_plan):
        return PartPlan(document=document, current=history.current, posting=posting_plan)
    if open_posting:
        _withdraw_other_content(batch, plan, open_posting, fingerprint)
    return PartPlan(document=document, current=history.current)


def _waits_for_reading(change: Posting, fingerprint: str) -> bool:
    """Return whether a change waits for this reading, and is to put back what the source has.

    A person has taken back its skip.
    """
    waits = change.state == PostingState.WAITING and change.held_by == Holder.SOURCE
    return waits and change.planned == fingerprint


def _hold_for_former_parts(operation: PlannedOperation) -> PlannedOperation:
    """Return the operation with the reason that holds it while former parts are in QuickBooks."""
    finding = build_document_finding("split", operation.row, "split_differently")
    return replace(operation, findings=(*operation.findings, finding))


def _withdraw_other_content(
    batch: CollectBatch, plan: DocumentPlan, change: Posting, fingerprint: str
) -> None:
    """Withdraw an unsent change, because the document is again as it was posted.

    A change with the same content puts back what others edited, unless it was held for its source.
    After a change that may have reached QuickBooks, the document is planned again.
    """
    was_held = change.state == PostingState.HELD and change.held_by == Holder.SOURCE
    if change.planned == fingerprint and not was_held:
        return
    if is_withdrawable(batch, change):
        plan.withdraw(change, CaseText("posting.same_again"))
    else:
        plan.reread = True


def _plan_posting(
    batch: CollectBatch, plan: DocumentPlan, operation: PlannedOperation, records: RecordPostings
) -> PostingPlanWithFindings:
    """Plan the posting of an operation, with the ids of the records that it refers to.

    No record is created for a document that the source has to correct, because QuickBooks cannot
    delete a party.
    """
    payload = build_payload(batch, operation)
    obstacles = find_obstacles(batch, operation, payload)
    mapped_document = operation.mapped
    with_records = MappedWithRecords(mapped_document)
    is_for_source = bool(obstacles) and find_holder(obstacles) == Holder.SOURCE
    if mapped_document.new_records and not is_for_source:
        with_records = add_record_ids(batch, mapped_document, records)
        plan.new_records.extend(with_records.unplanned)
        operation = replace(operation, mapped=with_records.mapped)
        payload = build_payload(batch, operation)
    plan.matched_parties.extend(mapped_document.matched_parties)
    findings = (*operation.findings, *with_records.findings, *obstacles)
    return build_posting_plan(batch, operation, payload, findings, with_records.after_id)
