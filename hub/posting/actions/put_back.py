"""Restore the content that the hub had posted, after somebody has edited it in QuickBooks."""

import json
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import outbox, payloads
from hub.cases.discrepancies import Discrepancy, list_postings_of_part
from hub.contract.states import Stage
from hub.db.database_errors import repeat_after_conflict
from hub.db.engine import read_only_session, transaction
from hub.errors import NotFound, NotNow, Sentence
from hub.models import Installation, Posting
from hub.models.display_names import format_posting_name
from hub.models.enums import WRITE_OPERATIONS, Operation, PostingState, TransactionState
from hub.outbox.plan_values import Content, Disposition, PartOperation, PostingPlan
from hub.posting.actions.inactive_apps import explain_inactivity
from hub.posting.outcome.session import PostingSession
from hub.posting.reconcile import discrepancy_cases
from hub.posting.reconcile.posted_documents import PostedDocument, lock_and_load
from hub.posting.reconcile.refresh import Entity, fetch_current
from hub.qbo.dependents import describe_dependent
from hub.security import audit


@repeat_after_conflict
def put_back(posting_id: int, sync_token: str, who: str) -> None:
    """Plan an update that restores the content that the hub had posted.

    `sync_token` is the version that the person has seen. The update applies to that version only,
    so that a later edit is not overwritten. Raise NotNow with the reason if the document cannot be
    put back.
    """
    with read_only_session() as session:
        posting = session.get(Posting, posting_id)
        if posting is None:
            raise NotFound("posting", str(posting_id))
        if not posting.quickbooks_id:
            name = format_posting_name(posting)
            raise NotNow("%(name)s is not in QuickBooks, so it cannot be put back.", name=name)
    posting_session = PostingSession(posting.company_id)
    key = posting.kind, posting.quickbooks_id
    current = fetch_current(posting_session, {key[0]: [key[1]]}).get(key)
    with transaction() as session:
        document = lock_and_load(session, posting.company_id, posting_id)
        name = format_posting_name(session.get_one(Posting, posting_id))
        if document is None:
            raise NotNow(
                "%(name)s was removed from QuickBooks, so it cannot be put back.", name=name
            )
        _check(session, document, current, sync_token, name)
        update = _plan_update(session, document, sync_token, name)
        outbox.approve_when_planned(session, update, who)
        discrepancy_cases.update_case(session, document, Discrepancy.NONE)
        audit.record(session, who, "posting put back", str(posting_id), sync_token=sync_token)


def _check(
    session: Session,
    document: PostedDocument,
    current: Entity | None,
    sync_token: str,
    name: str,
) -> None:
    """Raise NotNow unless QuickBooks has the version that the person saw and no change waits."""
    source = document.posting.document
    if source.gone is not None or source.stage == Stage.CLOSED:
        raise NotNow(
            "%(name)s is no longer wanted by its source, so it is not put back.", name=name
        )
    _require_active_app(source.installation)
    is_live = document.head is None or document.head.state == TransactionState.LIVE
    if current is None or not is_live:
        raise NotNow(
            "%(name)s is missing in QuickBooks. Press Post again to create it once more.", name=name
        )
    if str(current.get("SyncToken")) != sync_token:
        raise NotNow("%(name)s was changed in QuickBooks again. Compare it once more.", name=name)
    for id in list_postings_of_part(session, document.posting):
        if session.get_one(Posting, id).state in outbox.UNFINISHED:
            raise NotNow(
                "A change of %(name)s is waiting already; decide about that one first.", name=name
            )
    if not document.last_write.payload:
        raise _build_forgotten_error(name)


def _require_active_app(installation: Installation) -> None:
    """Raise NotNow if an app sends nothing: the case would be closed without being solved."""
    reason = explain_inactivity(installation)
    if reason is not None:
        raise NotNow(reason)


def _plan_update(session: Session, document: PostedDocument, sync_token: str, name: str) -> Posting:
    """Plan the update with the content of the last write."""
    last_write = document.last_write
    quickbooks_id = str(document.posting.quickbooks_id)
    operation = PartOperation.of_change(
        Operation.UPDATE, quickbooks_id, sync_token, part=document.posting.part
    )
    payload = payloads.encode(_build_content_to_restore(session, document, name))
    if outbox.find_awaited_ids(payload):  # it was adopted before the record was created
        raise _build_forgotten_error(name)
    content = Content(
        kind=document.posting.kind,
        payload=payload,
        stored_summary=last_write.stored_summary,
        number=last_write.number,
        total=last_write.total,
        currency=last_write.currency,
    )
    plan = PostingPlan(
        operation=operation,
        content=content,
        disposition=Disposition(state=PostingState.READY),
    )
    update = outbox.plan_posting(session, document.posting.document, plan)
    if update.state != PostingState.READY:
        raise NotNow(
            "%(name)s was %(state)s in this version before; change it by hand.",
            name=name,
            state=Sentence(update.state),
        )
    # The source still has the version that is in the books, so it has nothing to plan.
    update.planned = last_write.planned
    return update


def _build_content_to_restore(
    session: Session, document: PostedDocument, name: str
) -> dict[str, Any]:
    """Return the body of the last write, without the fields that refer to an earlier version.

    If the last write only closed an order, the other fields are taken from the write before it. An
    order that was billed is only closed again; its lines are not written.
    """
    last_write = document.last_write
    body = _load_content(last_write)
    if not last_write.summary.is_closed:
        return body
    if document.head is not None and describe_dependent(document.head):
        return payloads.build_close_body(last_write.summary.party)
    write = last_write
    while "Line" not in body:
        write = _load_write_before(session, write, name)
        body = _load_content(write) | body
    return body


def _load_content(write: Posting) -> dict[str, Any]:
    """Return the fields that a write set."""
    body: dict[str, Any] = json.loads(write.payload, parse_float=Decimal)
    if write.operation == Operation.UPDATE:
        return payloads.drop_version(body, write.summary)
    return body


def _load_write_before(session: Session, write: Posting, name: str) -> Posting:
    """Return the write of the same part before this one; raise NotNow without its content."""
    earlier = select(Posting).where(
        Posting.document_id == write.document_id,
        Posting.part == write.part,
        Posting.id < write.id,
        Posting.state == PostingState.POSTED,
        Posting.operation.in_(WRITE_OPERATIONS),
    )
    before = session.scalars(earlier.order_by(Posting.id.desc()).limit(1)).one_or_none()
    if before is None or not before.payload:
        raise _build_forgotten_error(name)
    return before


def _build_forgotten_error(name: str) -> NotNow:
    """Return the error about content that was removed because of its age, or never complete."""
    return NotNow(
        "The hub no longer has what it posted of %(name)s. Correct the transaction in QuickBooks.",
        name=name,
    )
