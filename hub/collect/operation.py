"""Decide whether a part of a document is created or updated, with which content, and what holds it."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hub import outbox
from hub.collect import cases, links
from hub.collect.batch import MAX_NUMBER_LENGTH, CollectBatch
from hub.collect.cases import Hold
from hub.collect.existing import find_existing, keep_fixed_values
from hub.collect.removal import with_order_status
from hub.collect.setup import MADE
from hub.contract.documents import Document, Party, value_object
from hub.mapping import Mapped
from hub.models import Posting, Record, SourceDocument, TransactionHead
from hub.money import to_cents
from hub.qbo import payloads
from hub.reasons.template import CaseAction


@value_object
class Update:
    """The record or transaction in QuickBooks that an operation changes."""

    quickbooks_id: str
    sync_token: str


class PartHistory:
    """What was posted of one part of a document, and how it left QuickBooks."""

    def __init__(self, batch: CollectBatch, row: SourceDocument, part: str) -> None:
        postings = [posting for posting in batch.main_postings(row) if posting.part == part]
        self.posted = [posting for posting in postings if posting.state == "posted"]
        newest = self.posted[-1] if self.posted else None
        self.departure = _departure(batch, newest) if newest else ""
        self.current = None if self.departure else newest
        self.again = self._again(row, postings)

    def _again(self, row: SourceDocument, postings: list[Posting]) -> outbox.Repetition:
        """Return who wants a part created once more that has left QuickBooks."""
        ended = [one for one in postings if one.state == "posted" or _is_given_up(one)]
        if self.current or not ended:
            return outbox.Repetition.NONE
        if row.requested_by:
            return outbox.Repetition.REQUESTED
        if ended[-1].state == "posted":
            return outbox.Repetition.OFFERED
        return outbox.Repetition.NONE

    def is_left_out(self, payload: bytes) -> bool:
        """Return whether a part stays out of QuickBooks: nothing has changed since it left.

        A part that its source had removed is posted again, even if it is the same.
        """
        if self.again != "offered":
            return False
        newest = self.posted[-1]
        is_removal = newest.operation in outbox.REMOVALS
        if is_removal and not outbox.is_persons_removal(newest):
            return False
        written = [one for one in self.posted if one.operation not in outbox.REMOVALS]
        return bool(written) and written[-1].planned == outbox.fingerprint(payload)


@dataclass(kw_only=True)
class PlannedOperation:
    """One operation on one part of a document, and what holds it."""

    part: str
    history: PartHistory
    update: Update | None = None
    mapped: Mapped | None = None
    payload: bytes = b""
    content: dict[str, Any] = field(default_factory=dict)
    holds: tuple[Hold, ...] = ()

    @property
    def current(self) -> Posting | None:
        """Return the posting that speaks for what QuickBooks has."""
        return self.history.current

    @property
    def is_left_out(self) -> bool:
        """Return whether the part left QuickBooks and nothing is new about it."""
        return self.history.is_left_out(self.payload)

    @property
    def document(self) -> Document:
        """Return the document as it is sent."""
        assert self.mapped
        return self.mapped.document

    def address(self) -> dict[str, Any]:
        """Return what names the operation, as arguments of `CollectBatch.plan_posting`."""
        address = {"part": self.part, "operation": "create", "again": self.history.again}
        if self.update:
            address["operation"] = "update"
            address["base"] = f"{self.update.quickbooks_id}:{self.update.sync_token}"
            address["quickbooks_id"] = self.update.quickbooks_id
        return address


def plan_operation(
    batch: CollectBatch,
    row: SourceDocument,
    mapped: Mapped | None = None,
    *,
    part: str = "",
    document: Document | None = None,
) -> PlannedOperation | None:
    """Decide whether a part of a document is created or updated.

    Return None if the part may only be updated and is not in QuickBooks.
    """
    if mapped:
        part, document = mapped.part, mapped.document
    history = PartHistory(batch, row, part)
    operation = PlannedOperation(part=part, history=history)
    existing_id = document.quickbooks_id if document else None
    if mapped and not history.posted and not history.again:
        match_id, operation.holds = find_existing(batch, row, mapped.document)
        existing_id = existing_id or match_id

    if history.current:
        operation.update = Update(
            quickbooks_id=history.current.quickbooks_id or "",
            sync_token=history.current.sync_token or "",
        )
    elif document and existing_id and not history.again:
        sync_token = _sync_token(batch, document.kind, existing_id)
        operation.update = Update(quickbooks_id=existing_id, sync_token=sync_token)
    elif document and document.stage == "update_only":
        return None

    operation.mapped = mapped
    if mapped and operation.update and operation.update.quickbooks_id:
        quickbooks_id = operation.update.quickbooks_id
        operation.mapped = keep_fixed_values(batch, mapped, quickbooks_id, history.current)
    return operation


def find_obstacle(
    batch: CollectBatch, row: SourceDocument, operation: PlannedOperation, built: payloads.Payload
) -> Hold | None:
    """Return why the content of an operation is not sent as it is; None if nothing holds it."""
    document = operation.document
    is_foreign = _is_foreign(batch, document)
    if built.problems:
        key = "currency" if is_foreign else "content"
        return cases.document_hold(key, row, "content", problems=" ".join(built.problems))

    if is_foreign and isinstance(document.details, Party) and operation.update is None:
        # QuickBooks would keep the party in the home currency forever.
        return cases.document_hold(
            "currency",
            row,
            "party_currency",
            party=document.details.name,
            currency=document.currency or "",
            home_currency=batch.setup.facts.currency,
            kind=document.kind,
        )

    history = operation.history
    if history.again == "offered" and history.departure:
        return cases.document_hold("again", row, "wanted_again", departure=history.departure)

    # What depends on the transaction is checked right before the change is sent.
    is_held_change = history.current and batch.setup.app.changed == "hold"
    if is_held_change and not document.closed:
        return cases.document_hold("changed", row, "changed")
    return None


def build_payload(
    batch: CollectBatch, row: SourceDocument, operation: PlannedOperation
) -> payloads.Payload:
    """Return what QuickBooks is to be sent for an operation, and what speaks against it."""
    assert operation.mapped
    return payloads.build(operation.mapped, batch.setup.facts, row.marker)


def add_content(
    batch: CollectBatch,
    row: SourceDocument,
    operation: PlannedOperation,
    built: payloads.Payload,
    after_id: int | None,
) -> None:
    """Add the bytes and the state to an operation; `after_id` is the posting that it waits for."""
    mapped = operation.mapped
    assert mapped
    document = mapped.document
    after_id = after_id or links.unposted_link_id(mapped)
    postings = batch.postings(row)
    body, summary = with_order_status(document, built, operation.current, postings)
    operation.payload = payloads.encode(body)
    state, holder, reason = _disposition(batch, row, operation, mapped)
    if after_id and state == "ready":
        state = "waiting"
    number = (document.number or "")[:MAX_NUMBER_LENGTH] if mapped.part else row.number
    operation.content = {
        "kind": document.kind,
        "payload": operation.payload,
        "meaning": summary.dump(),
        "number": number,
        "total": _total(document, batch.setup.facts.currency, built.summary.total),
        "currency": row.currency or batch.installation.company.currency,
        "warnings": [*mapped.warnings, *built.warnings],
        "after_id": after_id,
        "state": state,
        "hold": holder,
        "reason": reason,
    }


def holder_of(holds: tuple[Hold, ...]) -> str:
    """Return who solves the first of these reasons: a person in the hub, or the source."""
    return "person" if holds[0].text.action == CaseAction.RETRY else "source"


def _disposition(
    batch: CollectBatch, row: SourceDocument, operation: PlannedOperation, mapped: Mapped
) -> tuple[str, str, str]:
    """Return state, holder and reason; documents that lines apply to come before other reasons."""
    unresolved = links.unresolved_documents(mapped)
    if unresolved:
        hold = links.unresolved_hold(batch, row, unresolved)
        operation.holds = ()
        if not any(links.ended_posting(batch, source_id) for source_id in unresolved):
            return "waiting", "source", hold.text.reason
        operation.holds = (hold,)
        return "held", "source", hold.text.reason
    if not operation.holds:
        return batch.setup.state, "", ""
    reason = " ".join(hold.text.reason for hold in operation.holds)
    return "held", holder_of(operation.holds), reason


def _departure(batch: CollectBatch, posting: Posting) -> str:
    """Say how the transaction of the newest posting left QuickBooks; "" while it is there."""
    if posting.operation in outbox.REMOVALS:
        return "removed from"
    head = batch.session.get(
        TransactionHead, (posting.company_id, posting.kind, posting.quickbooks_id)
    )
    return f"{head.state} in" if head and head.state != "live" else ""


def _is_given_up(posting: Posting) -> bool:
    """Return whether a person skipped it after it was posted and removed from QuickBooks."""
    was_created = posting.operation == "create" and posting.quickbooks_id is not None
    return was_created and posting.state == "skipped"


def _sync_token(batch: CollectBatch, kind: str, quickbooks_id: str) -> str:
    """Return the version that QuickBooks had of a record or transaction when it was last listed."""
    key = (batch.installation.company_id, kind, quickbooks_id)
    if kind in MADE:
        record = batch.session.get(Record, key)
        return str(record.body.get("sync_token", "")) if record else ""
    head = batch.session.get(TransactionHead, key)
    return head.sync_token if head else ""


def _is_foreign(batch: CollectBatch, document: Document) -> bool:
    """Return whether a document is in a currency that the company does not keep books in."""
    facts = batch.setup.facts
    if facts.multicurrency or document.currency is None:
        return False
    return document.currency != facts.currency


def _total(document: Document, home_currency: str, computed: Decimal | None) -> Decimal | None:
    """Return the total that the source states, in cents; else that of the lines."""
    if document.total is not None:
        return to_cents(document.total, document.currency or home_currency)
    return computed
