"""Prepare postings for the claim: choose them, compare changes, complete their bytes."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Integer, Select, and_, bindparam, func, select

from hub import outbox, payloads
from hub.cases import inbox
from hub.contract.document_kinds import LIST_KINDS
from hub.db.engine import read_only_session, transaction
from hub.models import Posting, TransactionHead
from hub.models.enums import CHANGE_OPERATIONS, Operation, PostingState
from hub.outbox.conditions import IS_DOCUMENT_IN_FLIGHT, IS_OF_ACTIVE_APP
from hub.outbox.keys import choose_generation
from hub.payloads.entities import ORDER_ENTITY
from hub.posting.outcome.batch_sizing import MAX_SINGLE_REQUESTS
from hub.posting.outcome.load import PostingSnapshot, load_snapshots, load_snapshots_for_send
from hub.posting.outcome.record import apply_step, change_state
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.decisions import decide, is_batchable
from hub.posting.protocol.history import Send
from hub.posting.recovery.resolve import advance_until_idle
from hub.posting.send.attachments import fetch_file
from hub.qbo import transaction_index
from hub.qbo.dependents import describe_dependent
from hub.reasons import texts
from hub.reasons.texts import CaseText

EXTRA_CANDIDATES = 20  # read beyond the limit, because a document may have several postings


@dataclass(frozen=True)
class PreparedPosting:
    """A posting that may be claimed if it still has this revision.

    `file` is the content of an upload. `snapshot` is its history; None if something other than the
    response to this send may change it.
    """

    id: int
    revision: int
    app: str
    marker: str = ""
    file: bytes = b""
    is_batchable: bool = False
    snapshot: PostingSnapshot | None = None


def select_ready(posting_session: PostingSession, limit: int) -> list[int]:
    """Return the next postings to send, one per document, those that have waited longest first.

    At most `MAX_SINGLE_REQUESTS` of them are sent singly.
    """
    query = _build_ready_query(of_installations=posting_session.installation_ids is not None)
    values = _build_query_values(posting_session) | {"limit": limit + EXTRA_CANDIDATES}
    first_by_document: dict[int, tuple[int, bool]] = {}
    with read_only_session() as session:
        for id, document_id, may_be_batched in session.execute(query, values):
            first_by_document.setdefault(document_id, (id, bool(may_be_batched)))
    candidates = list(first_by_document.values())
    single_ids = [id for id, may_be_batched in candidates if not may_be_batched]
    excess_ids = set(single_ids[MAX_SINGLE_REQUESTS:])
    return [id for id, _ in candidates if id not in excess_ids][:limit]


def count_ready(posting_session: PostingSession) -> int:
    """Return how many postings are to be sent."""
    ready = _build_ready_query(of_installations=posting_session.installation_ids is not None)
    query = select(func.count()).select_from(ready.limit(None).subquery())
    with read_only_session() as session:
        return session.scalar(query, _build_query_values(posting_session)) or 0


def prepare(posting_session: PostingSession, ids: Sequence[int]) -> list[PreparedPosting]:
    """Prepare postings so that only the claim is left; first take the other steps they need."""
    prepared: list[PreparedPosting] = []
    other_ids = []
    others: list[PostingSnapshot] = []
    with read_only_session() as session:
        for snapshot in load_snapshots_for_send(session, posting_session, ids):
            if _is_simple_creation(snapshot):
                simple = replace(_prepare_unchanged(snapshot), snapshot=snapshot)
                prepared.append(simple)
            else:
                other_ids.append(snapshot.id)
        if other_ids:
            others = load_snapshots(session, posting_session, other_ids)
    for snapshot, step in advance_until_idle(posting_session, others):
        one = _prepare_one(posting_session, snapshot, step)
        if one:
            prepared.append(one)
    return prepared


def _is_simple_creation(snapshot: PostingSnapshot) -> bool:
    """Return whether a posting is an unapproved creation that can be sent without any look-up."""
    if snapshot.history.operation != Operation.CREATE:
        return False
    if snapshot.posting.approved_payload:
        return False
    return decide(snapshot.history) == Send()


def _prepare_unchanged(snapshot: PostingSnapshot) -> PreparedPosting:
    posting = snapshot.posting
    return PreparedPosting(
        id=posting.id,
        revision=posting.revision,
        app=posting.document.slug,
        marker=posting.document.marker,
        is_batchable=is_batchable(snapshot.history),
    )


@cache
def _build_ready_query(*, of_installations: bool) -> Select[int, int, bool]:
    """Return a query for the postings that may be claimed, and whether they may go in a batch.

    They are checked and due, their apps may post, and no other posting of their document is in
    flight. With `of_installations`, it is limited to the installations in its parameter
    `installation_ids`. The statement is cached: building it takes longer than executing it.
    """
    conditions = [
        Posting.company_id == bindparam("company_id"),
        Posting.state == PostingState.READY,
        Posting.checked_at.is_not(None),
        outbox.is_due(bindparam("now"), bindparam("latest")),
        ~IS_DOCUMENT_IN_FLIGHT,
        outbox.IS_CURRENT,
        IS_OF_ACTIVE_APP,
    ]
    if of_installations:
        conditions.append(
            Posting.installation_id.in_(bindparam("installation_ids", expanding=True))
        )
    may_be_batched = and_(
        Posting.operation == Operation.CREATE,
        Posting.generation == 0,
        Posting.kind.not_in(LIST_KINDS),
    )
    return (
        select(Posting.id, Posting.document_id, may_be_batched)
        .where(*conditions)
        .order_by(Posting.id)
        .limit(bindparam("limit", type_=Integer))
    )


def _build_query_values(posting_session: PostingSession) -> dict[str, Any]:
    now = posting_session.clock.now()
    values = {
        "company_id": posting_session.company_id,
        "now": now,
        "latest": now + outbox.MAX_PAUSE,
    }
    if posting_session.installation_ids is not None:
        values["installation_ids"] = list(posting_session.installation_ids)
    return values


def _prepare_one(
    posting_session: PostingSession, snapshot: PostingSnapshot, step: Send
) -> PreparedPosting | None:
    """Take the last steps before the claim; None if the posting cannot be sent now."""
    posting = snapshot.posting
    if step.renew:
        with transaction() as session:
            apply_step(session, posting_session, snapshot, step)
        posting_session.counts["renewed"] += 1
        return None
    if _return_to_review_if_changed(posting_session, posting):
        return None
    if posting.operation == Operation.ATTACH:
        if _withdraw_if_transaction_left(posting_session, posting):
            return None
        file = fetch_file(posting_session, snapshot)
        if file is None:
            return None
        return PreparedPosting(posting.id, posting.revision, posting.document.slug, file=file)
    if posting.operation in CHANGE_OPERATIONS:
        if _check_again_if_in_use(posting_session, snapshot):
            return None
        if not _write_against_current(posting_session, snapshot, step):
            return None
    return _prepare_unchanged(snapshot)


def _withdraw_if_transaction_left(posting_session: PostingSession, posting: Posting) -> bool:
    """Withdraw a file whose transaction has left QuickBooks; return whether it was withdrawn."""
    with transaction() as session:
        if not outbox.has_left(session, posting.company_id, posting.kind, posting.base):
            return False
        values = {
            "reasons": texts.dump(CaseText("posting.parent_not_posted")),
            "next_try_at": None,
        }
        change_state(session, posting, PostingState.WITHDRAWN, **values)
        inbox.detach(session, posting)
    posting_session.counts["files"] += 1
    return True


def _return_to_review_if_changed(posting_session: PostingSession, posting: Posting) -> bool:
    """Put a creation into review if its bytes are not the approved ones; return whether it was."""
    if posting.operation != Operation.CREATE or not posting.approved_payload:
        return False
    if posting.approved_payload == outbox.compute_fingerprint(posting.payload):
        return False
    with transaction() as session:
        change_state(session, posting, PostingState.REVIEW, approved_by=None, approved_payload=None)
    posting_session.counts["review"] += 1
    return True


def _check_again_if_in_use(posting_session: PostingSession, snapshot: PostingSnapshot) -> bool:
    """Have a change checked again if another transaction depends on its target.

    Return whether it is checked again. The target counts as it was just read from QuickBooks.
    """
    posting = snapshot.posting
    if snapshot.entity is None or posting.summary.is_closed:
        return False
    values = transaction_index.build_head(posting_session.company_id, posting.kind, snapshot.entity)
    if not describe_dependent(TransactionHead(**values)):
        return False
    with transaction() as session:
        change_state(session, posting, PostingState.READY, checked_at=None)
    posting_session.counts["rechecked"] += 1
    return True


def _write_against_current(
    posting_session: PostingSession, snapshot: PostingSnapshot, step: Send
) -> bool:
    """Write a change against the version just read; bytes that may have been sent stay unchanged.

    Bytes that were planned anew after a doubt were never sent, and lack the id of the transaction:
    QuickBooks would create another one. Return False if another process has changed the posting.
    """
    posting = snapshot.posting
    was_sent = any(send.generation == posting.generation for send in snapshot.history.sends)
    if step.resend and step.rebase is None and was_sent:
        return True
    entity = snapshot.entity
    assert entity is not None
    base = f"{entity['Id']}:{entity['SyncToken']}"
    payload = payloads.encode(_build_change_body(posting, entity))
    if (payload, base) == (posting.payload, posting.base):
        return True
    with transaction() as session:
        generation = choose_generation(session, posting, base)
        values = {
            "payload": payload,
            "base": base,
            "generation": generation,
            "requestid": posting_session.build_key(posting, base, generation),
        }
        return change_state(session, posting, PostingState.READY, **values)


def _build_change_body(posting: Posting, entity: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a change, written against the version of `entity`, which was just read."""
    id = entity["Id"]
    sync_token = entity["SyncToken"]
    if posting.operation == Operation.DELETE:
        return payloads.build_delete_body(id, sync_token)
    if posting.operation == Operation.VOID:
        return payloads.build_void_body(id, sync_token)
    planned = json.loads(posting.payload, parse_float=Decimal)
    last = _load_last_posted(posting)
    if last is None:
        return payloads.build_update_body(planned, entity, summary=posting.summary)
    written = payloads.with_line_ids(last.summary, last.answer or {})
    unlinked_orders = _list_unlinked_orders(planned, posting, last)
    return payloads.build_update_body(planned, entity, written, posting.summary, unlinked_orders)


def _list_unlinked_orders(planned: dict[str, Any], posting: Posting, last: Posting) -> set[str]:
    """Return the purchase orders that a transaction bills with fewer lines than the hub last wrote.

    Orders that it no longer bills at all are included.
    """
    counts = _count_billing_lines(posting)
    unlinked = set()
    for order, count in _count_billing_lines(last).items():
        if counts[order] < count:
            unlinked.add(order)
    written = json.loads(last.payload or b"{}")
    if not payloads.is_whole_update(written):  # a whole update also has the links of people
        unlinked |= payloads.list_linked_orders(written) - payloads.list_linked_orders(planned)
    return unlinked


def _count_billing_lines(posting: Posting) -> Counter[str]:
    """Return how many lines of a posting bill each purchase order."""
    lines = posting.summary.lines
    return Counter(line.linked for line in lines if line.linked_type == ORDER_ENTITY)


def _load_last_posted(posting: Posting) -> Posting | None:
    """Return the posting that wrote the transaction last.

    By its content, the memo, the classes and the links of the hub are told from those of people.
    """
    query = (
        select(Posting)
        .where(
            Posting.document_id == posting.document_id,
            Posting.part == posting.part,
            Posting.id < posting.id,
            Posting.state == PostingState.POSTED,
        )
        .order_by(Posting.id.desc())
        .limit(1)
    )
    with read_only_session() as session:
        return session.scalars(query).first()
