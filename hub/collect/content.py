"""Build the plan of a posting: its payload, its state and the reasons that hold it."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

from hub import outbox, payloads
from hub.cases.causes import CURRENCY_KEY
from hub.cases.findings import Finding
from hub.collect import links
from hub.collect.batch import CollectBatch
from hub.collect.document_plan import PostingPlanWithFindings
from hub.collect.findings import (
    build_currency_finding,
    build_document_finding,
    build_held_disposition,
)
from hub.collect.operation import PlannedOperation
from hub.collect.order_closing import with_order_status
from hub.contract.documents import Document, Party
from hub.models.enums import Holder, PostingState
from hub.models.postings import MAX_NUMBER_LENGTH
from hub.money import round_amount
from hub.outbox.plan_values import Content, Disposition
from hub.reasons.template import CaseAction

CONTENT_KEYS = ("content", CURRENCY_KEY)  # of the findings about problems of a payload
MAX_SILENT_WAIT = dt.timedelta(days=1)  # then a case opens about a document that still waits


def build_payload(batch: CollectBatch, operation: PlannedOperation) -> payloads.Payload:
    """Return the payload of an operation, with the problems that prevent sending it."""
    return payloads.build(operation.mapped, batch.setup.facts, operation.row.marker)


def find_obstacles(
    batch: CollectBatch, operation: PlannedOperation, payload: payloads.Payload
) -> tuple[Finding, ...]:
    """Return why the content of an operation must not be sent; nothing if it may be sent."""
    row, document = operation.row, operation.document
    if payload.problems:
        return _describe_problems(batch, operation, payload)
    if _is_party_in_unused_currency(batch, operation):
        # QuickBooks would keep the party in the home currency forever.
        return (_build_currency_finding(batch, document),)

    history = operation.history
    if history.repetition is outbox.Repetition.OFFERED and history.departure:
        return (build_document_finding("again", row, "wanted_again", departure=history.departure),)

    # What depends on the transaction is checked right before the change is sent.
    is_held_change = history.current and batch.setup.app.changed == "hold"
    if is_held_change and not document.closed:
        return (build_document_finding("changed", row, "changed"),)
    return ()


def _describe_problems(
    batch: CollectBatch, operation: PlannedOperation, payload: payloads.Payload
) -> tuple[Finding, ...]:
    """Return the problems of a payload; all documents in an unused currency share that reason."""
    document, problems = operation.document, payload.problems
    findings: tuple[Finding, ...] = ()
    if payload.currency_problem:
        findings = (_build_currency_finding(batch, document),)
        problems = tuple(problem for problem in problems if problem != payload.currency_problem)
    if not problems:
        return findings
    is_foreign = not findings and _is_in_foreign_currency(batch, document)
    key = CURRENCY_KEY if is_foreign else "content"
    code = _find_instruction_code(payload)
    own = build_document_finding(key, operation.row, code, problems=" ".join(problems))
    return (*findings, own)


def _build_currency_finding(batch: CollectBatch, document: Document) -> Finding:
    """Return the reason for the currency of a document, which the company does not use."""
    return build_currency_finding(batch.installation, batch.setup.facts, document.currency or "")


def _find_instruction_code(payload: payloads.Payload) -> str:
    """Return the entry of the catalogue whose instruction fits the problems of a payload."""
    if "match" in payload.solutions:
        return "content_match"
    if "settings" in payload.solutions:
        return "content_settings"
    return "content"


def _is_party_in_unused_currency(batch: CollectBatch, operation: PlannedOperation) -> bool:
    """Return whether a party is to be created in a currency that the company does not use."""
    document = operation.document
    if not isinstance(document.details, Party) or operation.update is not None:
        return False
    return _is_in_foreign_currency(batch, document)


def build_posting_plan(
    batch: CollectBatch,
    operation: PlannedOperation,
    payload: payloads.Payload,
    findings: tuple[Finding, ...],
    after_id: int | None,
) -> PostingPlanWithFindings:
    """Return the plan that writes an operation; `after_id` is the posting that it waits for."""
    row, mapped_document, document = operation.row, operation.mapped, operation.document
    postings = batch.postings(row)
    body, summary = with_order_status(document, payload, operation.history.current, postings)
    disposition, findings = _find_disposition(batch, operation, findings)
    after_id = after_id or links.find_unposted_link_id(mapped_document)
    if after_id and disposition.state is PostingState.READY:
        disposition = replace(disposition, state=PostingState.WAITING)
    number = row.number
    if mapped_document.part:
        number = (document.number or "")[:MAX_NUMBER_LENGTH]
    content = Content(
        kind=document.kind,
        payload=payloads.encode(body),
        stored_summary=summary.dump(),
        number=number,
        total=_compute_total(document, batch.setup.facts.currency, payload.summary.total),
        currency=row.currency or batch.installation.company.currency,
        warnings=(*mapped_document.warnings, *payload.warnings),
        after_id=after_id,
    )
    return PostingPlanWithFindings(
        operation=operation.build_part_operation(),
        content=content,
        disposition=disposition,
        findings=findings,
    )


def find_holder(findings: tuple[Finding, ...]) -> Holder:
    """Return who can solve the first of these reasons: a person in the hub, or the source."""
    if findings[0].text.action == CaseAction.RETRY:
        return Holder.PERSON
    return Holder.SOURCE


def _find_disposition(
    batch: CollectBatch, operation: PlannedOperation, findings: tuple[Finding, ...]
) -> tuple[Disposition, tuple[Finding, ...]]:
    """Decide in which state a posting begins, and return the reasons that need a case.

    Documents that lines apply to are decided first. A posting that waits for a document that may
    still come needs no case; after a day it needs one.
    """
    unresolved_ids = links.find_unresolved_documents(operation.mapped)
    if unresolved_ids:
        finding = links.build_unresolved_finding(batch, operation.row, unresolved_ids)
        may_come = all(links.can_be_linked_later(batch, source_id) for source_id in unresolved_ids)
        if may_come and not _has_waited_long(batch, operation):
            waiting = Disposition(
                state=PostingState.WAITING, holder=Holder.SOURCE, reasons=(finding.text,)
            )
            return waiting, ()
        return build_held_disposition(Holder.SOURCE, (finding,)), (finding,)
    if findings:
        return build_held_disposition(find_holder(findings), findings), findings
    return Disposition(state=batch.setup.state), ()


def _has_waited_long(batch: CollectBatch, operation: PlannedOperation) -> bool:
    """Return whether a part of a document was planned so long ago that waiting needs a case.

    A part in the future was planned before the clock was set back.
    """
    posting = operation.history.unfinished
    if posting is None:
        return False
    return not batch.now - MAX_SILENT_WAIT < posting.created_at <= batch.now


def _is_in_foreign_currency(batch: CollectBatch, document: Document) -> bool:
    """Return whether a document is in a currency that the company does not keep books in."""
    if document.currency is None:
        return False
    return not batch.setup.facts.uses_currency(document.currency)


def _compute_total(
    document: Document, home_currency: str, computed_total: Decimal | None
) -> Decimal | None:
    """Return the rounded total that the source states, or else the sum of the lines."""
    if document.total is None:
        return computed_total
    currency = document.currency or home_currency
    return round_amount(document.total, currency)
