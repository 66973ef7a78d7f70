"""Read one object of QuickBooks by its id, and compare it with what the hub wrote and plans."""

from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import payloads
from hub.contract.document_kinds import words_of
from hub.db.engine import read_only_session, transaction
from hub.errors import ConnectionTrouble, Retry, Sentence
from hub.models import Posting, StoredRecord, TransactionSummary
from hub.models.enums import (
    CHANGE_OPERATIONS,
    WRITE_OPERATIONS,
    Operation,
    PostingState,
    SendOutcome,
)
from hub.posting import moved_records
from hub.posting.outcome.load import PostingSnapshot
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.decisions import OBJECT_NOT_FOUND
from hub.posting.protocol.history import Agreement
from hub.posting.recovery.index_lookup import (
    SEARCHED_SINGLY,
    find_ids_of_other_postings,
    get_object_kind,
    read_head,
    store_entities,
)
from hub.posting.recovery.quickbooks_objects import build_deleted_entity, from_entity, from_head
from hub.qbo import search
from hub.qbo.responses import QuickBooksResponse


def read_object(
    posting_session: PostingSession, snapshot: PostingSnapshot, id: str
) -> PostingSnapshot:
    """Return the snapshot with the object that QuickBooks has under this id."""
    kind = get_object_kind(snapshot.posting)
    response = posting_session.note_date(posting_session.client().read(kind, id))
    if is_missing(response):
        _require_unlisted(posting_session, kind, id)
    else:
        require_response(response)
    entity = response.entity if response.landed else None
    current_entity = entity or build_deleted_entity(id)
    with transaction() as session:
        store_entities(session, posting_session, kind, [current_entity])
    with read_only_session() as session:
        if kind in SEARCHED_SINGLY:
            current = from_entity(snapshot.posting, current_entity)
        else:
            head = read_head(session, snapshot.posting, id)
            is_foreign = bool(find_ids_of_other_postings(session, snapshot.posting, [id]))
            current = from_head(head, foreign=is_foreign)
        if snapshot.history.operation in CHANGE_OPERATIONS and response.landed:
            agreements = compare_with_writes(session, snapshot.posting, current_entity)
            current = replace(current, agreements=agreements)
    history = replace(snapshot.history, current=current)
    return replace(snapshot, history=history, entity=entity)


def is_missing(response: QuickBooksResponse) -> bool:
    """Return whether QuickBooks answered a read by saying that it has no such object."""
    return response.outcome == SendOutcome.REFUSED and response.code == OBJECT_NOT_FOUND


def _require_unlisted(posting_session: PostingSession, kind: str, id: str) -> None:
    """Raise Retry if a query lists an object that a read by its id did not find.

    A deletion is final, so one response is not enough evidence for it.
    """
    if any(search.find_by_ids(posting_session.client(), kind, [id])):
        raise Retry(
            "QuickBooks lists %(kind)s %(id)s, and yet says that it does not have it. It is read"
            " again automatically.",
            kind=Sentence(words_of(kind)),
            id=id,
        )


def require_response(response: QuickBooksResponse) -> QuickBooksResponse:
    """Return a successful response; raise otherwise, because nothing can be concluded from it."""
    if response.outcome == SendOutcome.UNAUTHORISED:
        raise ConnectionTrouble(response.text, response.after)
    if not response.landed:
        raise Retry(response.text, response.after)
    return response


def compare_with_writes(
    session: Session, posting: Posting, entity: dict[str, Any]
) -> frozenset[Agreement]:
    """Compare a transaction with what the hub last wrote, and with the planned change."""
    current = payloads.summarize(posting.kind, entity)
    agreements = set()
    last_write = _summarize_last_write(session, posting, current)
    if last_write and _is_unedited(session, posting, last_write, current):
        agreements.add(Agreement.AS_LAST_POSTED)
    is_update = posting.operation == Operation.UPDATE
    if is_update and not payloads.describe_differences(posting.summary, current):
        agreements.add(Agreement.AS_CHANGED)
    return frozenset(agreements)


def _is_unedited(
    session: Session,
    posting: Posting,
    last_write: TransactionSummary,
    current: TransactionSummary,
) -> bool:
    """Return whether QuickBooks has a transaction as it was last written.

    When two records are merged, QuickBooks moves the transactions of one to the other. A change
    that has the present record, too, does not undo anybody's edit.
    """
    if not payloads.describe_differences(last_write, current, compares_billing=True):
        return True
    if posting.operation != Operation.UPDATE:
        return False
    successors = moved_records.list_successors(posting, last_write, current)
    records = moved_records.list_records(posting, posting.summary)
    for (list_name, former_id), present_id in successors.items():
        former = session.get(StoredRecord, (posting.company_id, list_name, former_id))
        is_merged = former is not None and not former.active
        is_wanted = (list_name, present_id) in records
        if not is_merged or not is_wanted or (list_name, former_id) in records:
            return False
    moved_summary = moved_records.move(posting, last_write, successors)
    return not payloads.describe_differences(moved_summary, current, compares_billing=True)


def _summarize_last_write(
    session: Session, posting: Posting, current: TransactionSummary
) -> TransactionSummary | None:
    """Return what the hub last wrote to a transaction, without changes that are no edits.

    People rename items, and the hub keeps the name that it finds.
    """
    last = load_last_written_posting(session, posting)
    if last is None or not last.answer:
        return None
    written_summary = payloads.summarize_written(posting.kind, last.answer, last.summary)
    if posting.kind == "item":
        written_summary = written_summary._replace(name=current.name)
    if _has_party_of_change(posting, current):
        written_summary = written_summary._replace(party=current.party)
    return written_summary


def _has_party_of_change(posting: Posting, current: TransactionSummary) -> bool:
    """Return whether a transaction has the supplier or customer already that a change gives it.

    QuickBooks moves the transactions of a record that is merged with another one. The change then
    does not undo anybody's edit.
    """
    change = posting.summary
    if posting.operation != Operation.UPDATE or not change.party:
        return False
    return (change.party, change.payee) == (current.party, current.payee)


def load_last_written_posting(session: Session, posting: Posting) -> Posting | None:
    """Return the newest posting that wrote the transaction of a part."""
    query = select(Posting).where(
        Posting.document_id == posting.document_id,
        Posting.part == posting.part,
        Posting.state == PostingState.POSTED,
        Posting.operation.in_(WRITE_OPERATIONS),
    )
    return session.scalars(query.order_by(Posting.id.desc())).first()
