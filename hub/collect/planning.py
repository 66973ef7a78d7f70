"""Plan what follows from a document: it is posted, held, left alone, or withdrawn."""

from typing import NamedTuple

from hub import outbox
from hub.collect import cases
from hub.collect.attachments import note_new_attachments
from hub.collect.batch import CollectBatch
from hub.collect.cases import Hold
from hub.collect.change_detection import has_same_content, is_settled
from hub.collect.contact_data import missing_contact_data
from hub.collect.holds import hold_document, hold_for_source, hold_other_kind
from hub.collect.links import ENDED_STATES, find_links
from hub.collect.new_records import (
    record_as_document,
    record_kind,
    with_document_currency,
    with_record_ids,
)
from hub.collect.operation import (
    PlannedOperation,
    add_content,
    build_payload,
    find_obstacle,
    holder_of,
    plan_operation,
)
from hub.collect.redelivery import retry_if_yielded_again
from hub.collect.removal import (
    is_withdrawable,
    release_former_parts,
    withdraw_unsent,
    withdraw_unwanted,
)
from hub.contract.codec import dump
from hub.contract.documents import Document
from hub.mapping import Create, Mapped, party_name, resolve
from hub.models import Posting, SourceDocument
from hub.reasons.texts import CaseText

# Outcomes of the parts of a document; the last one of these that occurs is the document's.
OUTCOMES = ("none", "unchanged", "changed", "new", "held")


class RecordsToCreate(NamedTuple):
    """A document with the ids of the records planned for it, and the posting that it waits for."""

    mapped: Mapped
    after_id: int | None
    holds: tuple[Hold, ...]


def take_document(batch: CollectBatch, document: Document) -> str:
    """Store what the source says about a document, and plan what follows; return the outcome."""
    row = batch.rows[document.source_id]
    body = dump(document)
    was_settled = is_settled(batch, row)
    if was_settled and row.body == body:
        return "unchanged"
    is_unchanged = was_settled and has_same_content(row.body, body)
    batch.store_document(row, document, body)
    if is_unchanged:
        note_new_attachments(batch, row, document)
        return "unchanged"
    return plan_document(batch, row, document)


def plan_document(batch: CollectBatch, row: SourceDocument, document: Document) -> str:
    """Plan a document by its stage, its dates and its codes; return the outcome in one word."""
    app_name = batch.setup.app.name
    if document.stage == "pending":
        reason = document.hold or f"{app_name} does not want it in the books yet."
        withdraw_unsent(batch, row, reason)
        return "pending"

    posted = [posting for posting in batch.main_postings(row) if posting.state == "posted"]
    if document.stage == "closed":
        reason = document.hold or f"{app_name} does not want it in the books."
        return withdraw_unwanted(batch, row, reason, gone=bool(posted))

    if not posted:
        reason = _reason_too_early(batch, row, document)
        if reason:
            return withdraw_unwanted(batch, row, reason)

    if document.hold:
        return hold_for_source(batch, row, document)
    if posted and posted[-1].kind != document.kind:
        return hold_other_kind(batch, row, document, posted[-1])
    return _plan_by_codes(batch, row, document)


def plan_record(batch: CollectBatch, create: Create, requested_by: str = "") -> Posting:
    """Return the posting that creates a record for a code; plan it if there is none.

    A record that a person requested is created even if no document needs it.
    """
    row = batch.record_document(create.code, record_kind(create), create.field)
    if row.made_for or not batch.postings(row):
        requested_by = requested_by or outbox.creation_requested_by(row)
        row.made_for = create.field
        document = record_as_document(create, requested_by)
        batch.store_document(row, document, dump(document))
        plan_document(batch, row, document)
        batch.session.flush()
    creations = [posting for posting in batch.postings(row) if posting.operation == "create"]
    return creations[-1]


def _reason_too_early(batch: CollectBatch, row: SourceDocument, document: Document) -> str:
    """Return why a document from before the start date is left out; "" if it counts."""
    start = batch.setup.site.start
    day = document.received or document.date
    if row.before_start == "included":
        return ""
    if start is None or day is None or day >= start:
        row.before_start = ""
        return ""
    row.before_start = "excluded"
    verb = "received" if document.received else "dated"
    app_name = batch.setup.app.name
    return f"It was {verb} {day}, before {start}, the first day that counts for {app_name}."


def _plan_by_codes(batch: CollectBatch, row: SourceDocument, document: Document) -> str:
    """Map the codes of a document and plan its parts."""
    setup = batch.setup
    unsent = [one for one in batch.main_postings(row) if one.state in outbox.UNSENT]
    for posting in unsent:
        if posting.kind != document.kind and outbox.was_sent(batch.session, posting):
            return hold_other_kind(batch, row, document, unsent[-1])

    mapped = resolve(document, setup.fields, setup.index, find_links(batch, document))
    if isinstance(mapped, list):
        title = cases.document_title(row)
        holds = [cases.missing_hold(batch.installation, missing, title) for missing in mapped]
        return hold_document(batch, row, document, "mapping", *holds)

    parts = mapped.parts or (mapped,)
    outcomes = [_plan_part(batch, row, part) for part in parts]
    if "held" not in outcomes:
        row.requested_by = ""
    release_former_parts(batch, row, {part.part for part in parts})
    return max(outcomes, key=OUTCOMES.index)


def _plan_part(batch: CollectBatch, row: SourceDocument, mapped: Mapped) -> str:
    """Plan one part of a document; return the outcome."""
    operation = plan_operation(batch, row, mapped)
    if operation is None:
        return "none"
    _plan_content(batch, row, operation)

    fingerprint = outbox.fingerprint(operation.payload)
    current = operation.current
    is_in_books = current is not None and current.planned == fingerprint
    active = outbox.active(batch.postings(row), operation.part)
    if active and outbox.is_persons_removal(active):
        if not is_in_books:
            row.reread = True  # the change is planned after the removal
        return "unchanged"
    if operation.is_left_out and not active:
        return "unchanged"

    if current and is_in_books:
        if active and is_withdrawable(batch, active):
            reason = "The source says again what QuickBooks has."
            outbox.withdraw(batch.session, active, reason)
        posting = current
    elif active and retry_if_yielded_again(batch, row, active, fingerprint):
        posting = active
    else:
        posting = _plan_posting(batch, row, operation)

    if mapped.document.attachments or not operation.part:
        batch.attachment_parents.append((row, mapped.document, posting))
    return _outcome(operation, posting)


def _plan_content(batch: CollectBatch, row: SourceDocument, operation: PlannedOperation) -> None:
    """Build what is sent; plan the records that it needs and the contact data that they lack.

    No record is planned for a document that the source has to correct: a party cannot be taken
    back.
    """
    mapped = operation.mapped
    assert mapped
    built = build_payload(batch, row, operation)
    obstacle = find_obstacle(batch, row, operation, built)
    obstacles = (obstacle,) if obstacle else ()
    after_id = None
    if mapped.creates and not (obstacles and holder_of(obstacles) == "source"):
        records = _plan_records(batch, row, mapped)
        operation.mapped = mapped = records.mapped
        obstacles = (*records.holds, *obstacles)
        after_id = records.after_id
        built = build_payload(batch, row, operation)
    for change in missing_contact_data(batch, mapped):
        take_document(batch, change)
    operation.holds = (*operation.holds, *obstacles)
    add_content(batch, row, operation, built, after_id)


def _plan_records(batch: CollectBatch, row: SourceDocument, mapped: Mapped) -> RecordsToCreate:
    """Plan the records that a document needs, and put their ids into the document."""
    ids: dict[str, str] = {}
    holds: list[Hold] = []
    after_id = None
    document = mapped.document
    for create in mapped.creates:
        create = with_document_currency(batch, row, create, document.currency)
        posting = plan_record(batch, create)
        record_id = posting.quickbooks_id or outbox.placeholder(posting.id)
        ids[f"@{create.role}:{create.code}"] = record_id
        if posting.state != "posted":
            after_id = posting.id
        if posting.state in ENDED_STATES:
            text = CaseText(
                "document.record_skipped",
                document=party_name(document, batch.setup.fields),
                record=create.details.name,
            )
            holds.append(Hold(key=create.field, text=text))
    if ids:
        mapped = with_record_ids(mapped, ids)
    return RecordsToCreate(mapped, after_id, tuple(holds))


def _plan_posting(batch: CollectBatch, row: SourceDocument, operation: PlannedOperation) -> Posting:
    """Plan an operation; approve it if a person wants the document posted again."""
    content = operation.content
    posting = batch.plan_posting(row, *operation.holds, **operation.address(), **content)
    is_held = content["state"] == "held" or content["hold"]
    is_requested = operation.history.again == "requested"
    if is_requested and not is_held and posting.state in outbox.UNSENT:
        outbox.approve_when_planned(batch.session, posting, row.requested_by)
    return posting


def _outcome(operation: PlannedOperation, posting: Posting) -> str:
    if posting is operation.current:
        return "unchanged"
    if posting.state == "held":
        return "held"
    return "changed" if operation.current or posting.revision else "new"
