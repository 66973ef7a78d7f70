"""Ingest the items of one batch: store each, plan its postings, and apply the plan.

The records that a document refers to are planned and applied before it, because its payload
contains their ids or placeholders for them.
"""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import select

from hub import outbox
from hub.collect import absence
from hub.collect.absence import Absent
from hub.collect.attachments import find_posted_parent
from hub.collect.batch import DOCUMENTS_PER_BATCH, CollectBatch, Item
from hub.collect.change_detection import has_same_content, is_settled
from hub.collect.contact_data import build_contact_data_changes
from hub.collect.defects import find_defect
from hub.collect.document_plan import DocumentPlan
from hub.collect.finish import finish
from hub.collect.holds import hold_unreadable
from hub.collect.list_checks import require_one_document
from hub.collect.look_alikes import is_searched
from hub.collect.new_records import (
    RecordPostings,
    build_record_document,
    find_or_add_row,
    with_document_currency,
    with_entered_details,
)
from hub.collect.outdated import is_outdated
from hub.collect.planning import plan_document
from hub.collect.prepare import prepare
from hub.collect.removal import plan_removal
from hub.collect.setup import Setup
from hub.contract.chunks import iter_chunks
from hub.contract.codec import dump, load
from hub.contract.document_kinds import PARTY_ROLES
from hub.contract.documents import Document, Gone, Unreadable
from hub.contract.states import Stage
from hub.db import engine
from hub.errors import Sentence
from hub.mapping import NEW, NewRecord
from hub.models import Posting, SourceDocument
from hub.models.enums import DocumentOutcome
from hub.reasons.texts import CaseText


def ingest(batch: CollectBatch) -> Counter[DocumentOutcome]:
    """Store and plan the items of a batch; return how many documents had which outcome."""
    for item in batch.items:
        if item.source_id in batch.rows:
            continue
        if isinstance(item, Document):
            batch.add_document(item.source_id, item.kind)
        elif isinstance(item, Unreadable):
            batch.add_document(item.source_id, kind="")
    batch.session.flush()
    for item in batch.items:
        batch.counts[_ingest_item(batch, item)] += 1
    finish(batch)
    return batch.counts


def _ingest_item(batch: CollectBatch, item: Item) -> DocumentOutcome:
    """Store and plan one item of the source; return the outcome for its document."""
    row = batch.rows.get(item.source_id)
    if row is None:
        return DocumentOutcome.UNKNOWN
    if isinstance(item, Absent):
        return _ingest_absence(batch, row, item)
    if isinstance(item, Gone):
        return _ingest_gone(batch, row, item.reason)
    absence.forget(row)
    if isinstance(item, Unreadable):
        reason = item.reason or Sentence("The source sent no reason.")
        return _hold_defect(batch, row, reason)
    defect = find_defect(batch, row, item)
    if defect:
        return _hold_defect(batch, row, defect)
    if batch.note_listed(item.source_id):
        require_one_document(row, item, batch.setup.app.name)
    if batch.from_list and is_outdated(row, item):
        row.reread = True
        batch.outdated_ids.add(item.source_id)
        return DocumentOutcome.UNCHANGED
    return _ingest_document(batch, item)


def _hold_defect(batch: CollectBatch, row: SourceDocument, reason: str) -> DocumentOutcome:
    """Hold a document that cannot be read or stored."""
    plan = hold_unreadable(batch, row, reason)
    batch.store_defect(row, reason)
    return batch.apply(plan)


def _ingest_gone(batch: CollectBatch, row: SourceDocument, reason: str | None) -> DocumentOutcome:
    """Withdraw or remove a document that is gone at its source."""
    if row.gone is None:
        row.gone_at = batch.now
    row.gone = reason or ""
    row.reread = False
    absence.forget(row)
    batch.forget_defect(row)
    text = CaseText("posting.gone", app=batch.setup.app.name)
    if reason:
        text = CaseText("posting.source_says", reason=reason)
    return batch.apply(plan_removal(batch, row, text, is_gone=True))


def _ingest_absence(batch: CollectBatch, row: SourceDocument, item: Absent) -> DocumentOutcome:
    """Leave a document as it is until its absence is proved.

    A document that was gone already, and was only read on request, is gone immediately.
    """
    was_gone = row.gone is not None
    if was_gone and not row.reread:
        return DocumentOutcome.GONE
    if was_gone or absence.record(row, batch.now, is_evidence=item.is_evidence):
        return _ingest_gone(batch, row, item.reason)
    row.reread = False
    return DocumentOutcome.ABSENT


def _ingest_document(batch: CollectBatch, document: Document) -> DocumentOutcome:
    """Store what the source says about a document, and apply what follows; return the outcome.

    A settled document without any change is not stored again. If only its attachments may have
    changed, only these are planned. A document that a person included despite its date waits for
    the next sync if QuickBooks was not searched far enough back for look-alikes.
    """
    row = batch.rows[document.source_id]
    body = dump(document)
    was_settled = is_settled(batch, row)
    if was_settled and row.body == body:
        return DocumentOutcome.UNCHANGED
    is_unchanged = was_settled and has_same_content(row.body, body)
    batch.store_document(row, document, body)
    if not is_searched(batch, row):
        row.reread = True
        return DocumentOutcome.PENDING
    if is_unchanged:
        plan = DocumentPlan(row, DocumentOutcome.UNCHANGED)
        plan.attachment_parent = find_posted_parent(batch, row, document)
        return batch.apply(plan)
    return _plan_and_apply(batch, row, document)


def _plan_and_apply(
    batch: CollectBatch, row: SourceDocument, document: Document
) -> DocumentOutcome:
    """Plan a stored document and apply the plan, after its new records and contact data."""
    plan = plan_document(batch, row, document)
    if plan.new_records:
        records = _find_or_plan_records(batch, plan, document.currency)
        plan = plan_document(batch, row, document, records)
    for change in build_contact_data_changes(batch, plan.matched_parties):
        _ingest_document(batch, change)
    return batch.apply(plan)


def _find_or_plan_records(
    batch: CollectBatch, plan: DocumentPlan, currency: str | None
) -> RecordPostings:
    """Find or plan the records that an incomplete plan names; return the posting of each."""
    records: dict[tuple[str, str], Posting | str] = {}
    for new_record in plan.new_records:
        key = (new_record.field, new_record.code)
        if find_or_add_row(batch, new_record) is None:
            records[key] = "document.record_id_taken"
            continue
        new_record = with_document_currency(batch, plan.row, new_record, currency)
        posting = _find_or_plan_record(batch, new_record)
        records[key] = posting or "document.record_after_change"
    return records


def _find_or_plan_record(
    batch: CollectBatch, new_record: NewRecord, requested_by: str = ""
) -> Posting | None:
    """Plan and apply the posting that creates a record for a code, and return it.

    A record that a person requested is created even if no document needs it. If a document of the
    source is the record, it is left as it is, and its newest posting names the record. Return None
    as long as contact data for the former record of the code may be on its way to QuickBooks.
    """
    row = batch.find_or_add_record_row(new_record.code, new_record.kind, new_record.field)
    is_for_code = bool(row.made_for) or not batch.postings(row)
    if is_for_code:
        requested_by = requested_by or outbox.find_creation_requester(row)
        document = build_record_document(new_record, requested_by)
        batch.store_document(row, document, dump(document))
        row.made_for = new_record.field
        _plan_and_apply(batch, row, document)
    batch.session.flush()  # placeholders need the ids of postings that this batch has planned
    creations = batch.creations(row)
    if not creations and not is_for_code:
        return batch.transaction_postings(row)[-1]
    return creations[-1] if creations else None


def replan_stored(batch: CollectBatch, document_ids: Iterable[int]) -> None:
    """Plan stored documents again because matches have changed, or because a person asks for it."""
    query = select(SourceDocument).where(SourceDocument.id.in_(document_ids))
    rows = batch.session.scalars(query).all()
    source_ids = [row.source_id for row in rows]
    batch.load_documents(source_ids)
    for row in rows:
        _replan_stored_document(batch, row)
    finish(batch)


def _replan_stored_document(batch: CollectBatch, row: SourceDocument) -> None:
    """Plan a stored document again, or withdraw a record that need not be created or changed."""
    reason = _find_reason_unneeded(batch, row) if row.made_for else None
    if reason:
        batch.apply(plan_removal(batch, row, reason))
        return
    if not _is_final(row):
        return
    _plan_and_apply(batch, row, _update_stored_document(batch, row))
    for posting in batch.postings(row):
        if posting.state in outbox.UNSENT:
            posting.changed_at = batch.now
            posting.planned_at = batch.setup.loaded_at


def _update_stored_document(batch: CollectBatch, row: SourceDocument) -> Document:
    """Return the stored document; store what a person entered for a record to create."""
    document = load(Document, row.body)
    decision = batch.setup.index.matches.get((row.made_for, row.source_id))
    if decision is None or decision.record != NEW or decision.details is None:
        return document
    completed_document = with_entered_details(document, decision.details)
    if completed_document != document:
        batch.store_document(row, completed_document, dump(completed_document))
    return completed_document


def _is_final(row: SourceDocument) -> bool:
    """Return whether the stored document can be read and is not pending at its source."""
    if row.unreadable or row.stage == Stage.PENDING:
        return False
    return bool(row.body)


def _find_reason_unneeded(batch: CollectBatch, row: SourceDocument) -> CaseText | None:
    """Return why a record for a code need no longer be created or changed; None if it must be."""
    if _is_matched(batch, row):
        return CaseText("posting.code_matched")
    if _changes_unusable_party(batch, row):
        return CaseText("posting.party_unusable")
    return None


def _changes_unusable_party(batch: CollectBatch, row: SourceDocument) -> bool:
    """Return whether contact data is to be added to a party that no document can use now.

    If the party becomes active again, the next document of its code adds the data.
    """
    quickbooks_id = row.body.get("quickbooks_id")
    if not quickbooks_id or row.kind not in PARTY_ROLES:
        return False
    records = batch.setup.index.records(row.kind)
    return records.get_active(quickbooks_id) is None


def _is_matched(batch: CollectBatch, row: SourceDocument) -> bool:
    """Return whether the code of a record to create or change is matched to another record now."""
    key = (row.made_for, row.source_id)
    decision = batch.setup.index.matches.get(key)
    if decision is None or decision.record == NEW:
        return False
    own_record = row.body.get("quickbooks_id")
    return decision.record != own_record


def create_records(
    installation_id: int, new_records: Iterable[NewRecord], requested_by: str
) -> None:
    """Plan a posting for each record that has none; approve it in the name of the person.

    They are sent with the next run. No document needs to refer to them.
    """
    setup = prepare(installation_id)
    remaining = list(new_records)
    for chunk in iter_chunks(remaining, DOCUMENTS_PER_BATCH):
        _create_together(setup, chunk, requested_by)


def _create_together(setup: Setup, new_records: Iterable[NewRecord], requested_by: str) -> None:
    """Plan and approve the postings of some records in one transaction."""
    with engine.transaction() as session:
        batch = CollectBatch(session, setup, [])
        possible = [new_record for new_record in new_records if find_or_add_row(batch, new_record)]
        postings = [
            _find_or_plan_record(batch, new_record, requested_by) for new_record in possible
        ]
        finish(batch)
        session.flush()
        posting_ids = [posting.id for posting in postings if posting]
        outbox.approve(session, posting_ids, requested_by)
