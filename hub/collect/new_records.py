"""Records that are created in QuickBooks for codes of documents, as documents of their own."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from hub import outbox
from hub.cases.findings import Finding
from hub.collect.batch import CollectBatch
from hub.contract.documents import Document, Item, Party, Role
from hub.mapping import MappedDocument, MappedLine, NewRecord, Ref, party_name
from hub.mapping.placeholders import format_new_record
from hub.models import Posting, SourceDocument
from hub.models.enums import PostingState
from hub.models.postings import LEFT_OUT_STATES
from hub.reasons.texts import CaseText

# By field and code, the posting that creates its record: it was planned before the documents that
# need it. If none can be planned, the code of the reason.
RecordPostings = Mapping[tuple[str, str], Posting | str]
NO_RECORDS: RecordPostings = {}


class MappedWithRecords(NamedTuple):
    """A document with the ids of the records that are created for it.

    - `unplanned`: the records whose postings are still to be planned.
    - `after_id`: the posting that the document waits for, if one of them is not posted yet.
    - `findings`: why some of them are not created.
    """

    mapped: MappedDocument
    unplanned: tuple[NewRecord, ...] = ()
    after_id: int | None = None
    findings: tuple[Finding, ...] = ()


def build_record_document(new_record: NewRecord, requested_by: str) -> Document:
    """Return the document that creates a record."""
    details = new_record.details
    return Document(
        kind=new_record.kind,
        source_id=new_record.code,
        details=details,
        currency=details.currency if isinstance(details, Party) else None,
        codes={} if isinstance(details, Party) else details.codes,
        facts={outbox.REQUESTED_BY: requested_by} if requested_by else {},
    )


def find_or_add_row(batch: CollectBatch, new_record: NewRecord) -> SourceDocument | None:
    """Return the row of the record that is created for a code; add it if there is none.

    Return None if the id of the code is that of a document or record of another kind: they would
    share the row, and one would be posted as the other.
    """
    row = batch.find_or_add_record_row(new_record.code, new_record.kind, new_record.field)
    return row if row.kind in ("", new_record.kind) else None


def with_entered_details(document: Document, details: Party | Item) -> Document:
    """Return the document that creates a record, with what a person has entered since.

    A party keeps the currency of the document that it was first needed for.
    """
    current = document.details
    if isinstance(details, Item):
        return replace(document, details=details, codes=details.codes)
    if isinstance(current, Party) and not details.currency:
        details = replace(details, currency=current.currency)
    return replace(document, details=details, currency=details.currency)


def with_document_currency(
    batch: CollectBatch, row: SourceDocument, new_record: NewRecord, currency: str | None
) -> NewRecord:
    """Give a party without a currency that of the document; the first document decides."""
    details = new_record.details
    if not isinstance(details, Party) or details.currency or not currency:
        return new_record
    record_row = batch.find_or_add_record_row(new_record.code, new_record.kind, new_record.field)
    if record_row.currency and _is_needed_by_others(batch, record_row, row):
        currency = record_row.currency
    return replace(new_record, details=replace(details, currency=currency))


def _is_needed_by_others(
    batch: CollectBatch, record_row: SourceDocument, row: SourceDocument
) -> bool:
    """Return whether other documents than this one wait for the unsent creation of a record."""
    postings = batch.postings(record_row)
    unsent = [posting for posting in postings if posting.state in outbox.UNSENT]
    return bool(outbox.find_dependents(batch.session, unsent, except_for=row))


def add_record_ids(
    batch: CollectBatch, mapped_document: MappedDocument, records: RecordPostings
) -> MappedWithRecords:
    """Put the ids of the records that are created for a document into it."""
    ids: dict[str, str] = {}
    unplanned_records: list[NewRecord] = []
    findings: list[Finding] = []
    after_id = None
    party = party_name(mapped_document.document, batch.setup.fields)
    for new_record in mapped_document.new_records:
        key = (new_record.field, new_record.code)
        if key not in records:
            unplanned_records.append(new_record)
            continue
        posting = records[key]
        if isinstance(posting, str):
            name = new_record.details.name
            text = CaseText(posting, document=party, record=name, id=new_record.code)
            findings.append(Finding(key=new_record.field, text=text))
            continue
        record_id = posting.quickbooks_id or outbox.format_placeholder(posting.id)
        ids[format_new_record(new_record.role, new_record.code)] = record_id
        if posting.state != PostingState.POSTED:
            after_id = posting.id
        if posting.state in LEFT_OUT_STATES:
            text = CaseText(
                "document.record_skipped", document=party, record=new_record.details.name
            )
            findings.append(Finding(key=new_record.field, text=text))
    with_ids = _replace_names(mapped_document, ids)
    return MappedWithRecords(with_ids, tuple(unplanned_records), after_id, tuple(findings))


def _replace_names(mapped_document: MappedDocument, ids: Mapping[str, str]) -> MappedDocument:
    """Replace the names of records to create by their ids or placeholders."""
    header = _fill_ids(mapped_document.header, ids)
    lines: list[MappedLine] = []
    for line in mapped_document.lines:
        refs = _fill_ids(line.refs, ids)
        lines.append(replace(line, refs=refs))
    return replace(mapped_document, header=header, lines=tuple(lines))


def _fill_ids(refs: Mapping[Role, Ref], ids: Mapping[str, str]) -> dict[Role, Ref]:
    """Return the records of a header or line, each new one with its id or placeholder."""
    refs_with_ids: dict[Role, Ref] = {}
    for role, ref in refs.items():
        record_id = ids.get(ref.id, ref.id)
        refs_with_ids[role] = replace(ref, id=record_id)
    return refs_with_ids
