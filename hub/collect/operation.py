"""Decide whether a part of a document is created or updated in QuickBooks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hub import outbox, payloads
from hub.cases.discrepancies import is_absence_open
from hub.cases.findings import Finding
from hub.collect.batch import CollectBatch
from hub.collect.existing import NOT_FOUND, find_existing, find_other_owner, keep_fixed_values
from hub.collect.findings import build_missing_finding
from hub.collect.renamed_records import find_renamed_record
from hub.contract.document_kinds import LIST_KINDS
from hub.contract.documents import Document
from hub.contract.states import Stage
from hub.mapping import MappedDocument, NewRecord
from hub.models import Posting, SourceDocument, StoredRecord, TransactionHead
from hub.models.display_names import format_document_name
from hub.models.enums import Operation, PostingState
from hub.outbox.plan_values import Content, PartOperation


@dataclass(frozen=True)
class Update:
    """The record or transaction in QuickBooks that an operation changes."""

    quickbooks_id: str
    sync_token: str


@dataclass(frozen=True, kw_only=True)
class PartHistory:
    """The earlier postings of one part of a document, and how it left QuickBooks.

    - `posted`: those that were posted, oldest first.
    - `current`: the newest of them, if its transaction is in QuickBooks.
    - `departure`: "removed from", "voided in" or "deleted in", to be followed by "QuickBooks"; ""
      if the newest transaction is there, or if there is none.
    - `repetition`: who requests the part again after it left QuickBooks.
    - `is_given_up`: whether a person skipped it after it left QuickBooks.
    - `unfinished`: the newest posting that has not reached a final state.
    """

    posted: Sequence[Posting] = ()
    current: Posting | None = None
    departure: str = ""
    repetition: outbox.Repetition = outbox.Repetition.NONE
    is_given_up: bool = False
    unfinished: Posting | None = None

    @classmethod
    def of(cls, batch: CollectBatch, row: SourceDocument, part: str) -> "PartHistory":
        """Return the history of a part."""
        postings: list[Posting] = []
        writes: list[Posting] = []
        for posting in batch.transaction_postings(row):
            if posting.part == part:
                postings.append(posting)
                if posting.state == PostingState.POSTED:
                    writes.append(posting)
        unfinished_posting = outbox.find_unfinished(batch.postings(row), part)
        if not writes:
            return cls(is_given_up=_is_part_given_up(postings), unfinished=unfinished_posting)

        departure = _describe_departure(batch, writes[-1])
        if departure:
            repetition = _choose_repetition(batch, row, postings)
            return cls(
                posted=writes,
                departure=departure,
                repetition=repetition,
                unfinished=unfinished_posting,
            )
        return cls(posted=writes, current=writes[-1], unfinished=unfinished_posting)

    @property
    def has_creation(self) -> bool:
        """Return whether the hub created the record or transaction that it changed."""
        return any(posting.operation == Operation.CREATE for posting in self.posted)

    def is_in_books(self, content: Content) -> bool:
        """Return whether the transaction in QuickBooks has this content."""
        return self.current is not None and _has_content(self.current, content)

    def is_left_out(self, content: Content) -> bool:
        """Return whether a part stays out of QuickBooks because nothing has changed since it left.

        A part that its source had removed is posted again, even without a change.
        """
        if self.repetition is not outbox.Repetition.OFFERED:
            return False
        newest = self.posted[-1]
        is_removal = newest.operation in outbox.REMOVALS
        if is_removal and not outbox.is_removal_by_person(newest):
            return False
        writes = [posting for posting in self.posted if posting.operation not in outbox.REMOVALS]
        return bool(writes) and _has_content(writes[-1], content)


def _has_content(posting: Posting, content: Content) -> bool:
    """Return whether a posting wrote this content, perhaps in the form of an earlier version.

    The kinds are compared as well, because a bill and a credit may have the same bytes.
    """
    if posting.kind != content.kind:
        return False
    if posting.planned == content.fingerprint:
        return True
    memo = posting.summary.memo
    return payloads.is_same_content(posting.kind, posting.payload, content.payload, memo)


@dataclass(frozen=True, kw_only=True)
class PlannedOperation:
    """The creation or update of one part of a document; `mapped` is the part as it is sent."""

    row: SourceDocument
    history: PartHistory
    update: Update | None
    mapped: MappedDocument
    findings: tuple[Finding, ...] = ()

    @property
    def document(self) -> Document:
        """Return the document as it is sent."""
        return self.mapped.document

    def build_part_operation(self) -> PartOperation:
        """Return the operation as the outbox names it."""
        return build_part_operation(self.mapped.part, self.history, self.update)


def plan_operation(
    batch: CollectBatch, row: SourceDocument, mapped_document: MappedDocument
) -> PlannedOperation | None:
    """Decide whether a part of a document is created or updated.

    Return None if the part may only be updated and is not in QuickBooks, unless a person wants it
    posted again.
    """
    document = mapped_document.document
    history = _find_history(batch, row, mapped_document)
    existing = NOT_FOUND
    if not history.posted and not history.repetition:
        existing = find_existing(batch, row, document)

    findings = existing.findings
    existing_id = _find_recorded_id(batch, row, mapped_document) or existing.quickbooks_id
    if not existing_id:
        findings += _find_renamed_item(batch, row, existing.new_item)
    update = _find_update(batch, history, document.kind, existing_id)
    if update is None and not _may_create(document, history):
        return None
    if update and history.current is None:
        findings += find_other_owner(batch, row, mapped_document, update.quickbooks_id)
    if update and update.quickbooks_id:
        mapped_document = keep_fixed_values(
            batch, mapped_document, update.quickbooks_id, history.current
        )
    return PlannedOperation(
        row=row, history=history, update=update, mapped=mapped_document, findings=findings
    )


def _find_renamed_item(
    batch: CollectBatch, row: SourceDocument, new_item: NewRecord | None
) -> tuple[Finding, ...]:
    """Return why an item is not created: it was renamed since documents with it were posted."""
    missing = find_renamed_record(batch, new_item) if new_item else None
    if missing is None:
        return ()
    return (build_missing_finding(batch.installation, missing, format_document_name(row)),)


def _find_recorded_id(
    batch: CollectBatch, row: SourceDocument, mapped_document: MappedDocument
) -> str | None:
    """Return the QuickBooks id that the source has recorded, unless it is that of another part.

    It counts for the first part, which may be a new one that comes before the others.
    """
    recorded_id = mapped_document.document.quickbooks_id
    for posting in batch.transaction_postings(row):
        is_of_other_part = (
            posting.part != mapped_document.part and posting.quickbooks_id == recorded_id
        )
        if is_of_other_part and posting.state == PostingState.POSTED:
            return None
    return recorded_id


def _find_history(
    batch: CollectBatch, row: SourceDocument, mapped_document: MappedDocument
) -> PartHistory:
    """Return the history of a part, as far as it concerns what is planned now."""
    history = PartHistory.of(batch, row, mapped_document.part)
    if row.made_for and not mapped_document.document.quickbooks_id:
        return _limit_to_new_record(batch, row, history)
    return history


def _limit_to_new_record(
    batch: CollectBatch, row: SourceDocument, history: PartHistory
) -> PartHistory:
    """Return what of a history concerns the record that is to be created for a code.

    Updates without a creation added contact data to another record, for which the code stood
    before. A record whose creation is planned again does not count either. One that is inactive in
    QuickBooks counts as removed if a person wants another one in its place.
    """
    if not history.has_creation or not _is_newest_creation_posted(batch, row):
        return PartHistory(unfinished=history.unfinished)
    if not row.requested_by:
        return history
    return replace(
        history,
        current=None,
        departure="removed from",
        repetition=outbox.Repetition.REQUESTED,
    )


def _is_newest_creation_posted(batch: CollectBatch, row: SourceDocument) -> bool:
    """Return whether the newest creation of a record, of which there is one, is posted."""
    newest = batch.creations(row)[-1]
    return newest.state == PostingState.POSTED


def _may_create(document: Document | None, history: PartHistory) -> bool:
    """Return whether a part of a document may be created, because its source or a person wants it.

    A document that cannot be read counts as wanted.
    """
    if history.is_given_up:
        return False
    if document is None:
        return True
    is_requested = history.repetition is outbox.Repetition.REQUESTED
    return document.stage != Stage.UPDATE_ONLY or is_requested


def build_part_operation(part: str, history: PartHistory, update: Update | None) -> PartOperation:
    """Return the creation or update of a part as the outbox names it."""
    if update is None:
        return PartOperation(operation=Operation.CREATE, part=part, repetition=history.repetition)
    return PartOperation.of_change(
        Operation.UPDATE,
        update.quickbooks_id,
        update.sync_token,
        part=part,
        repetition=history.repetition,
    )


def list_open_operations(
    batch: CollectBatch, row: SourceDocument, document: Document | None
) -> list[PartOperation]:
    """Return the operation of each part that is open or in QuickBooks, else the creation.

    This is for a document that is held before it is mapped.
    """
    parts: dict[str, None] = {}
    for posting in batch.transaction_postings(row):
        if posting.state != PostingState.WITHDRAWN:
            parts[posting.part] = None
    kind = document.kind if document else row.kind
    existing_id = document.quickbooks_id if document else None
    operations = []
    for part in parts or ("",):
        history = PartHistory.of(batch, row, part)
        update = _find_update(batch, history, kind, existing_id)
        if update or _may_create(document, history):
            operations.append(build_part_operation(part, history, update))
    return operations


def _find_update(
    batch: CollectBatch, history: PartHistory, kind: str, existing_id: str | None
) -> Update | None:
    """Return the transaction that an operation changes; None if it creates one.

    A transaction that has left QuickBooks cannot be changed, so a person is asked whether to create
    another one.
    """
    current = history.current
    if current:
        return Update(current.quickbooks_id or "", current.sync_token or "")
    if not existing_id or history.repetition:
        return None
    if outbox.has_left(batch.session, batch.installation.company_id, kind, existing_id):
        return None
    return Update(existing_id, _find_sync_token(batch, kind, existing_id))


def _choose_repetition(
    batch: CollectBatch, row: SourceDocument, postings: Sequence[Posting]
) -> outbox.Repetition:
    """Return who requests that a part is created again that was posted and has left QuickBooks.

    Nobody does if a person skipped the newest of its postings that were in QuickBooks.
    """
    were_in_books = [
        posting
        for posting in postings
        if posting.state == PostingState.POSTED or _is_given_up(posting)
    ]
    if _is_given_up(were_in_books[-1]):
        return outbox.Repetition.NONE
    if row.requested_by and not _is_absence_of_part_open(batch, row, postings):
        return outbox.Repetition.REQUESTED
    return outbox.Repetition.OFFERED


def _is_absence_of_part_open(
    batch: CollectBatch, row: SourceDocument, postings: Sequence[Posting]
) -> bool:
    """Return whether a person has requested other parts of a split document, but not this one.

    The case that asks whether to post a part again is open until the part is requested.
    """
    if len({posting.part for posting in batch.transaction_postings(row)}) == 1:
        return False
    return is_absence_open(batch.session, [posting.id for posting in postings])


def _describe_departure(batch: CollectBatch, posting: Posting) -> str:
    """Return how a transaction left QuickBooks, such as "voided in"; "" while it is there."""
    if posting.operation in outbox.REMOVALS:
        return "removed from"
    departure = batch.find_departure(posting)
    return f"{departure} in" if departure else ""


def _is_given_up(posting: Posting) -> bool:
    """Return whether a person skipped a posting after its transaction left QuickBooks."""
    return posting.state == PostingState.SKIPPED and outbox.was_posted(posting)


def _is_part_given_up(postings: list[Posting]) -> bool:
    """Return whether a person skipped a part after it left QuickBooks, and nobody retried it."""
    if any(posting.state in outbox.UNFINISHED for posting in postings):
        return False
    given_up = [posting for posting in postings if _is_given_up(posting)]
    if not given_up:
        return False
    creations = [posting for posting in postings if posting.operation == Operation.CREATE]
    newest = max((*given_up, *creations), key=lambda posting: posting.id)
    return newest.state == PostingState.SKIPPED


def _find_sync_token(batch: CollectBatch, kind: str, quickbooks_id: str) -> str:
    """Return the stored SyncToken of a record or transaction.

    Return "" if it is not stored; the object is read from QuickBooks before it is changed.
    """
    key = (batch.installation.company_id, kind, quickbooks_id)
    if kind not in LIST_KINDS:
        head = batch.session.get(TransactionHead, key)
        return head.sync_token if head else ""
    record = batch.session.get(StoredRecord, key)
    if record is None:
        return ""
    sync_token = record.body.get("sync_token", "")
    return str(sync_token)
