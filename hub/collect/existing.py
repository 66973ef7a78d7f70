"""Find the record or order of a document in QuickBooks, and keep values that must not change."""

import datetime as dt
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import or_, select

from hub import outbox
from hub.cases.findings import Finding
from hub.collect.batch import CollectBatch
from hub.collect.findings import build_document_finding, build_missing_finding
from hub.contract.document_kinds import LIST_KINDS, words_of
from hub.contract.documents import Code, Document, Item
from hub.contract.states import Stage
from hub.contract.types import Field
from hub.mapping import MappedDocument, Missing, NewRecord, Ref, find_existing_record
from hub.models import Posting, SourceDocument, StoredRecord, TransactionHead
from hub.models.display_names import format_document_name
from hub.models.enums import WRITE_OPERATIONS, PostingState

# The states in which a posting has written its transaction, or will write it without a decision.
OWNING_STATES = (*outbox.UNDER_WAY, PostingState.POSTED)


class ExistingObject(NamedTuple):
    """The QuickBooks id of a document that was never sent, or why it cannot be determined.

    `new_item` is the item to create if a document is an item that QuickBooks seems not to have.
    """

    quickbooks_id: str | None = None
    findings: tuple[Finding, ...] = ()
    new_item: NewRecord | None = None


NOT_FOUND = ExistingObject()


def find_existing(batch: CollectBatch, row: SourceDocument, document: Document) -> ExistingObject:
    """Return the object in QuickBooks for a document that was never sent, if there is one.

    Only orders that were linked, and items that a rule matches, can exist before they are sent.
    """
    if document.kind == "purchase_order":
        return ExistingObject(_find_linked_order_id(batch, row))
    details = document.details
    if document.kind != "item" or not isinstance(details, Item):
        return NOT_FOUND
    field = _find_item_field(batch)
    if field is None or row.made_for or document.stage != Stage.READY:
        return NOT_FOUND
    for posting in batch.postings(row):
        if outbox.was_sent(batch.session, posting):
            return NOT_FOUND
    return _match_item(batch, row, field, details)


def _match_item(
    batch: CollectBatch, row: SourceDocument, field: Field, details: Item
) -> ExistingObject:
    """Return the item in QuickBooks that a rule matches, or the new one if there is none."""
    code = Code(id=row.source_id, name=details.name, number=details.sku, create=details)
    match = find_existing_record(field, code, batch.setup.index)
    if isinstance(match, Ref):
        return ExistingObject(match.id)
    if isinstance(match, Missing):
        title = format_document_name(row)
        finding = build_missing_finding(batch.installation, match, title)
        return ExistingObject(findings=(finding,))
    new_item = NewRecord(field=field.name, role="item", code=row.source_id, details=details)
    return ExistingObject(new_item=new_item)


def _find_item_field(batch: CollectBatch) -> Field | None:
    """Return the first field of the app whose codes are items."""
    for field in batch.setup.fields:
        if field.role == "item":
            return field
    return None


def _find_linked_order_id(batch: CollectBatch, row: SourceDocument) -> str | None:
    """Return the id of the order in QuickBooks that this order was linked to, if any."""
    for field in batch.setup.fields:
        if field.role == "purchase_order":
            decision = batch.setup.index.matches.get((field.name, row.source_id))
            if decision:
                return decision.record
    return None


def find_other_owner(
    batch: CollectBatch, row: SourceDocument, mapped_document: MappedDocument, quickbooks_id: str
) -> tuple[Finding, ...]:
    """Return why a document cannot update an existing transaction: it belongs to another document.

    The update would overwrite the other document, for example if an order was copied together with
    its reference. List entries have no owner, because several codes may share one.
    """
    kind = mapped_document.document.kind
    if kind in LIST_KINDS:
        return ()
    batch.session.flush()  # this batch may have planned the other one
    query = (
        select(SourceDocument)
        .join(Posting, Posting.document_id == SourceDocument.id)
        .where(
            Posting.company_id == batch.installation.company_id,
            Posting.quickbooks_id == quickbooks_id,
            Posting.kind == kind,
            Posting.operation.in_(WRITE_OPERATIONS),
            Posting.state.in_(OWNING_STATES),
            or_(Posting.document_id != row.id, Posting.part != mapped_document.part),
            or_(SourceDocument.gone.is_(None), SourceDocument.is_of_former_account),
            SourceDocument.stage != Stage.CLOSED,
        )
        .order_by(Posting.id)
    )
    owner = batch.session.scalars(query).first()
    if owner is None:
        return ()
    finding = build_document_finding(
        "taken",
        row,
        "transaction_taken",
        kind=words_of(kind),
        quickbooks_id=quickbooks_id,
        other=format_document_name(owner),
    )
    return (finding,)


def keep_fixed_values(
    batch: CollectBatch,
    mapped_document: MappedDocument,
    quickbooks_id: str,
    current: Posting | None,
) -> MappedDocument:
    """Keep the name that an item has in QuickBooks, and the date of an order that was sent.

    `current` is the posting that represents what QuickBooks has, if the hub posted it.
    """
    document = mapped_document.document
    details = document.details
    if isinstance(details, Item) and document.kind == "item":
        key = (batch.installation.company_id, "item", quickbooks_id)
        record = batch.session.get(StoredRecord, key)
        if record and record.name:
            details = replace(details, name=record.name)
            return replace(mapped_document, document=replace(document, details=details))
    if document.kind == "purchase_order":
        date = _get_order_date(batch, quickbooks_id, current)
        if date:
            return replace(mapped_document, document=replace(document, date=date))
    return mapped_document


def _get_order_date(
    batch: CollectBatch, quickbooks_id: str, current: Posting | None
) -> dt.date | None:
    """Return the date that an order has in QuickBooks: as it was posted, or as it is listed."""
    if current:
        return current.summary.parsed_date
    key = (batch.installation.company_id, "purchase_order", quickbooks_id)
    head = batch.session.get(TransactionHead, key)
    if head is None:
        return None
    return head.date
