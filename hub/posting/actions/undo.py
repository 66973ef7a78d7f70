"""Remove posted documents from QuickBooks, where nothing there depends on them."""

import datetime as dt
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from hub import outbox
from hub.contract.documents import value_object
from hub.db.engine import reading, transaction
from hub.errors import NotFound
from hub.models import Posting, Run, SourceDocument
from hub.posting import case_texts
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.history import LIST_KINDS
from hub.posting.reconcile import bank_reconciliation, posted_documents
from hub.posting.reconcile import refresh as reconcile_refresh
from hub.posting.reconcile.posted_documents import PostedDocument
from hub.qbo import company, payloads, transaction_index
from hub.qbo.entities import linked_kind
from hub.security import audit

GONE = "It is no longer in QuickBooks."
ENTRY = "It is an entry of a list, which others may use by now; make it inactive in QuickBooks if nobody does."
CHANGE = "It was changed, not made; correct it at the source, or in QuickBooks."
UNDER_WAY = "A change of it is on its way."
RECONCILED = "A bank reconciliation covers it; undo that in QuickBooks first."
AT_ONCE = 200


@value_object
class Left:
    """A document that stays in the books, and why."""

    posting: int
    name: str
    why: str


@value_object
class Undoing:
    """What would be taken back, and what stays."""

    company_id: int
    back: tuple[PostedDocument, ...] = ()
    left: tuple[Left, ...] = ()


def of_run(run_id: int) -> Undoing:
    """What of the documents that a run posted can be taken back; QuickBooks is asked, nothing is changed."""
    with reading() as session:
        if session.get(Run, run_id) is None:
            raise NotFound("run", str(run_id))
    return _look([Posting.run_id == run_id])


def of_posting(posting_id: int) -> Undoing:
    """Return the same for one part of a document; any posting of it may be named, also a later change."""
    with reading() as session:
        posting = session.get(Posting, posting_id)
        if posting is None:
            raise NotFound("posting", str(posting_id))
        created = (
            select(Posting.id)
            .where(Posting.document_id == posting.document_id, Posting.part == posting.part)
            .where(Posting.operation == "create", Posting.state == "posted")
        )
        newest = session.scalar(created.order_by(Posting.id.desc()).limit(1))
    return _look([Posting.id == (newest or posting_id)])


def undo(undoing: Undoing, who: str) -> int:
    """Plans a deletion for each that can be taken back; it is sent like any posting. How many were planned."""
    return sum(
        _plan(undoing.back[first : first + AT_ONCE], who)
        for first in range(0, len(undoing.back), AT_ONCE)
    )  # a part at a time, so that others can write between


def _plan(group: Sequence[PostedDocument], who: str) -> int:
    planned = 0
    with transaction() as session:
        mine = select(SourceDocument).where(
            SourceDocument.id.in_([one.posting.document_id for one in group])
        )
        rows = {row.id: row for row in session.scalars(mine)}
        known = outbox.history(session, rows.values())
        for one in group:
            row = rows[one.posting.document_id]
            posting = outbox.plan(session, row, known=known[row.id], **_deletion(one, who))
            posting.approved_by, posting.approved_payload = who, outbox.fingerprint(posting.payload)
            planned += posting.state == "ready"
        taken = {str(one.posting.id): one.posting.quickbooks_id for one in group}
        audit.record(session, who, "postings undone", ", ".join(taken)[:300], quickbooks_ids=taken)
    return planned


def _look(where: Sequence[ColumnElement[bool]]) -> Undoing:
    """Sort the posted documents of a selection into those that can be removed and those that stay."""
    with reading() as session:
        first = session.scalars(select(Posting).where(*where).limit(1)).first()
        company_id = first.company_id if first else 0
        documents = [one for group in _groups(session, company_id, where) for one in group]
        busy = _busy(session, [one.posting.document_id for one in documents])
        closed = company.facts(session, company_id).closed_to if documents else None
        left = _others(session, where)
    if not documents:
        return Undoing(company_id=company_id, left=tuple(left))
    reasons = _reasons_to_stay(PostingSession(company_id), documents, busy, closed)
    removable = []
    for one in documents:
        reason = reasons.get(one.posting.id)
        if reason is None:
            removable.append(one)
        else:
            left.append(_left(one.posting, reason))
    return Undoing(company_id=company_id, back=tuple(removable), left=tuple(left))


def _reasons_to_stay(
    posting_session: PostingSession,
    documents: Sequence[PostedDocument],
    busy: Container[int],
    closed: dt.date | None,
) -> dict[int, str]:
    """Return, by posting, why a document cannot be removed from QuickBooks."""
    current = _shown(posting_session, documents)
    reconciled = bank_reconciliation.reconciled(posting_session, current)
    reasons = {}
    for one in documents:
        if one.posting.document_id in busy:
            reasons[one.posting.id] = UNDER_WAY
            continue
        reason = _why(one, current, reconciled, closed)
        if reason:
            reasons[one.posting.id] = reason
    return _with_settled(documents, current, reasons)


def _with_settled(
    documents: Sequence[PostedDocument],
    current: reconcile_refresh.Shown,
    reasons: Mapping[int, str],
) -> dict[int, str]:
    """Add documents on which something depends that stays.

    Repeats until nothing changes: a document that stays keeps those that it settles in place.
    """
    reasons = dict(reasons)
    while True:
        remaining = [one for one in documents if one.posting.id not in reasons]
        going = {_key(one) for one in remaining}
        hindered = {}
        for one in remaining:
            reason = _hindered(one, current[_key(one)], going)
            if reason:
                hindered[one.posting.id] = reason
        if not hindered:
            return reasons
        reasons |= hindered


def _hindered(
    one: PostedDocument, entity: dict[str, Any], going: Container[tuple[str, str]]
) -> str:
    """Say what depends on a transaction and is not removed with it; "" if nothing does."""
    linked = _links(entity) - _links(one.newest.answer or {})
    others = [(linked_kind(type), id) for type, id in linked]
    if others and all(other in going for other in others):
        return ""
    if _is_partly_paid(entity):
        return "It is paid in QuickBooks, in part or whole; take the payment back first."
    return "Another transaction in QuickBooks is linked to it." if others else ""


def _key(one: PostedDocument) -> tuple[str, str]:
    return one.posting.kind, str(one.posting.quickbooks_id)


def _is_partly_paid(entity: dict[str, Any]) -> bool:
    if "Balance" not in entity:
        return False
    total = Decimal(str(entity.get("TotalAmt") or 0))
    return Decimal(str(entity["Balance"])) != total


def _others(session: Session, where: Sequence[ColumnElement[bool]]) -> list[Left]:
    """What else was posted: entries of lists, and changes of what stood there before."""
    posted = select(Posting).where(*where, Posting.state == "posted").order_by(Posting.id)
    entries = session.scalars(
        posted.where(Posting.operation == "create", Posting.kind.in_(LIST_KINDS))
    )
    left = [_left(posting, ENTRY) for posting in entries]
    ids = posted.with_only_columns(Posting.document_id).where(Posting.operation == "create")
    created = set(session.scalars(ids))
    changes = session.scalars(posted.where(Posting.operation == "update"))
    return left + [_left(one, CHANGE) for one in changes if one.document_id not in created]


def _left(posting: Posting, why: str) -> Left:
    return Left(posting=posting.id, name=case_texts.called(posting), why=why)


def _groups(
    session: Session, company_id: int, where: Sequence[ColumnElement[bool]]
) -> list[list[PostedDocument]]:
    groups: list[list[PostedDocument]] = []
    last = 0
    while rows := posted_documents.rows(session, company_id, [*where, Posting.id > last]):
        last = rows[-1][0].id
        groups.append(posted_documents.group(session, rows))
    return groups


def _busy(session: Session, documents: Sequence[int]) -> set[int]:
    going = (
        Posting.state.in_((*outbox.IN_FLIGHT, "ready", "waiting")),
        Posting.operation != "attach",
    )
    parts = (documents[first : first + AT_ONCE] for first in range(0, len(documents), AT_ONCE))
    under_way = (
        select(Posting.document_id).where(Posting.document_id.in_(part), *going) for part in parts
    )
    return {id for found in under_way for id in session.scalars(found)}


def _shown(
    posting_session: PostingSession, found: Sequence[PostedDocument]
) -> reconcile_refresh.Shown:
    """How each of them is in QuickBooks now."""
    ids: dict[str, list[str]] = defaultdict(list)
    for one in found:
        ids[one.posting.kind].append(str(one.posting.quickbooks_id))
    return reconcile_refresh.fetch_current(posting_session, ids)


def _why(
    one: PostedDocument,
    shown: reconcile_refresh.Shown,
    covered: Container[str],
    closed: dt.date | None,
) -> str:
    """Why it cannot be taken back, "" when it can."""
    kind, id = one.posting.kind, str(one.posting.quickbooks_id)
    entity, written = shown.get((kind, id)), one.newest.answer or {}
    if entity is None:
        return GONE
    if transaction_index.is_voided(entity):
        return "It was voided in QuickBooks."
    if payloads.content(kind, entity) != payloads.content(kind, written):
        return "It was changed in QuickBooks since it was posted."
    if id in covered:
        return RECONCILED
    if closed and dt.date.fromisoformat(str(entity["TxnDate"])[:10]) <= closed:
        return f"The books are closed up to {closed:%d %b %Y}."
    return ""


def _links(entity: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (str(link.get("TxnType")), str(link.get("TxnId"))) for link in entity.get("LinkedTxn") or ()
    }


def _deletion(one: PostedDocument, who: str) -> dict[str, Any]:
    id, token = str(one.posting.quickbooks_id), str(one.newest.sync_token or "")
    return {
        "operation": "delete",
        "part": one.posting.part,
        "base": f"{id}:{token}",
        "kind": one.posting.kind,
        "quickbooks_id": id,
        "payload": payloads.encode(payloads.delete_body(id, token)),
        "meaning": {outbox.REMOVED_BY: who},
        "number": one.posting.number,
        "total": one.total,
        "currency": one.posting.currency,
        "state": "ready",
    }
