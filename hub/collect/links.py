"""Find the transactions that the lines of a document apply to, by source ids."""

from collections import defaultdict
from collections.abc import Mapping
from typing import cast

from hub import outbox
from hub.cases.findings import Finding
from hub.collect.batch import CollectBatch
from hub.collect.findings import build_document_finding
from hub.contract.document_kinds import KINDS_BILLED_BY_LINE
from hub.contract.documents import Document, Kind
from hub.contract.states import Stage
from hub.mapping import Link, MappedDocument
from hub.mapping.placeholders import parse_posting_id
from hub.models import Posting, SourceDocument
from hub.models.display_names import format_document_name
from hub.models.enums import WRITE_OPERATIONS, Operation, PostingState
from hub.models.postings import LEFT_OUT_STATES
from hub.reasons.texts import CaseText


def find_links(batch: CollectBatch, document: Document) -> Mapping[str, Link]:
    """Return the transactions that lines apply to, with placeholders for those not posted yet."""
    source_ids = {line.applied.document for line in document.lines if line.applied}
    batch.load_documents(source_ids)
    if source_ids:
        batch.session.flush()  # placeholders need the ids of postings that this batch has planned
    links: dict[str, Link] = {}
    for source_id in source_ids:
        row = batch.rows.get(source_id)
        link = _find_link(batch, row) if row else None
        if link:
            links[source_id] = link
    return links


def _find_link(batch: CollectBatch, row: SourceDocument) -> Link | None:
    """Return the transaction of a document, posted or planned; None if it has none, or several.

    A document that could not be read yet has no kind, and an order that is held before it is mapped
    has no lines yet that a bill could name.
    """
    parts = _group_by_part(batch, row)
    postings = parts.get("", [])
    if len(parts) == 1:
        (postings,) = parts.values()
    writes = list(filter(_is_posted_write, postings))
    creation = _find_newest_creation(postings)
    if creation and creation not in writes:
        if not creation.kind:
            return None
        if creation.kind in KINDS_BILLED_BY_LINE and not creation.summary.lines:
            return None
        return _build_unposted_link(creation)
    if not writes:
        return None
    return _build_posted_link(writes[-1])


def _group_by_part(batch: CollectBatch, row: SourceDocument) -> Mapping[str, list[Posting]]:
    """Return the postings of a document by the part that they write, oldest first.

    Parts of which every posting was withdrawn or skipped are left out.
    """
    parts: dict[str, list[Posting]] = defaultdict(list)
    for posting in batch.transaction_postings(row):
        parts[posting.part].append(posting)
    present = {}
    for part, postings in parts.items():
        if any(posting.state not in LEFT_OUT_STATES for posting in postings):
            present[part] = postings
    return present


def is_split(batch: CollectBatch, source_id: str) -> bool:
    """Return whether a document has several transactions, so that no line can apply to it."""
    row = batch.rows.get(source_id)
    return row is not None and len(_group_by_part(batch, row)) > 1


def _is_posted_write(posting: Posting) -> bool:
    """Return whether a posting wrote a transaction that is known by its id."""
    if posting.state != PostingState.POSTED or posting.operation not in WRITE_OPERATIONS:
        return False
    return bool(posting.quickbooks_id)


def _build_posted_link(newest: Posting) -> Link:
    """Return a link with the ids that a transaction and its lines have in QuickBooks.

    `newest` is the newest write, which also has the lines that were added after the first one.
    """
    lines = outbox.get_line_ids(newest.summary)
    return Link(kind=cast(Kind, newest.kind), id=str(newest.quickbooks_id), lines=lines)


def _build_unposted_link(creation: Posting) -> Link:
    """Return a link with placeholders for the ids that a transaction and its lines will have."""
    lines: dict[str, str] = {}
    for line in creation.summary.lines:
        if line.id is not None:
            lines[line.id] = outbox.format_placeholder(creation.id, line.id)
    kind = cast(Kind, creation.kind)
    return Link(kind=kind, id=outbox.format_placeholder(creation.id), lines=lines)


def _find_newest_creation(postings: list[Posting]) -> Posting | None:
    """Return the newest creation that is posted or may still be sent."""
    for posting in reversed(postings):
        is_creation = posting.operation == Operation.CREATE
        if is_creation and posting.state not in LEFT_OUT_STATES:
            return posting
    return None


def find_unposted_link_id(mapped_document: MappedDocument) -> int | None:
    """Return the id of the last posting that lines apply to and that is not posted yet."""
    for line in reversed(mapped_document.lines):
        posting_id = parse_posting_id(line.applied.id) if line.applied else None
        if posting_id is not None:
            return posting_id
    return None


def find_unresolved_documents(mapped_document: MappedDocument) -> list[str]:
    """Return the documents that lines apply to and that have no posting to wait for."""
    source_ids: list[str] = []
    for mapped_line in mapped_document.lines:
        target = mapped_line.line.applied
        if target is None or mapped_line.applied:
            continue
        if target.document not in source_ids:
            source_ids.append(target.document)
    return source_ids


def build_unresolved_finding(
    batch: CollectBatch, row: SourceDocument, source_ids: list[str]
) -> Finding:
    """Return a finding with the documents that a document waits for, and why each is unposted."""
    explanations = [_explain(batch, source_id) for source_id in source_ids]
    documents = explanations.pop()
    for explanation in reversed(explanations):
        documents = CaseText("posting.awaits_several", first=explanation, others=documents)
    return build_document_finding("link", row, "waits", documents=documents)


def _explain(batch: CollectBatch, source_id: str) -> CaseText:
    """Return the name of a document, and the reason why it is not being posted."""
    row = batch.rows.get(source_id)
    if row is None:
        return CaseText("posting.awaits_unknown", source_id=source_id)
    title = format_document_name(row)
    if is_split(batch, source_id):
        return CaseText("posting.awaits_split", document=title)
    posting = find_ended_posting(batch, source_id)
    if posting:
        return CaseText("posting.awaits_ended", document=title, reason=posting.reasons)
    active = outbox.find_unfinished(batch.transaction_postings(row))
    reason = row.body.get("hold") or (active and active.reasons) or CaseText("posting.unwanted_yet")
    return CaseText("posting.awaits_unwanted", document=title, reason=reason)


def can_be_linked_later(batch: CollectBatch, source_id: str) -> bool:
    """Return whether a document that has no transaction to link to may still get one."""
    if is_split(batch, source_id):
        return False
    return find_ended_posting(batch, source_id) is None


def find_ended_posting(batch: CollectBatch, source_id: str) -> Posting | None:
    """Return the creation of a document that ended without being posted; None if there is none."""
    row = batch.rows.get(source_id)
    if row is None or row.stage == Stage.PENDING:
        return None
    for posting in reversed(batch.postings(row)):
        is_creation = posting.operation == Operation.CREATE
        if is_creation and posting.state in LEFT_OUT_STATES:
            return posting
    return None
