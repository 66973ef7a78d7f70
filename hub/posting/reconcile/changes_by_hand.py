"""Record held changes as posted that a person has made in QuickBooks by hand."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.cases.discrepancies import Discrepancy
from hub.db.engine import read_only_session, transaction
from hub.models import Posting, TransactionHead
from hub.models.enums import CaseDecision, Holder, Operation, PostingState
from hub.outbox.conditions import NAMES_ANOTHER
from hub.posting.outcome.load import PostingSnapshot, load_snapshots
from hub.posting.outcome.record import apply_step
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.candidates import is_change_visible
from hub.posting.protocol.history import Agreement, Posted, QuickBooksObject
from hub.posting.reconcile.posted_documents import PostedDocument
from hub.posting.reconcile.refresh import EntitiesByKey
from hub.posting.recovery.single_read import compare_with_writes, load_last_written_posting
from hub.qbo import search

# Others hold changes whose content is incomplete or no longer wanted.
HOLDERS = (Holder.PERSON, Holder.PREFLIGHT, Holder.QUICKBOOKS)
_IS_HELD_CHANGE = (
    Posting.operation == Operation.UPDATE,
    Posting.state == PostingState.HELD,
    Posting.held_by.in_(HOLDERS),
    ~NAMES_ANOTHER,
)


def record(
    posting_session: PostingSession,
    documents: Iterable[PostedDocument],
    current: EntitiesByKey,
) -> None:
    """Record the held changes of documents whose content QuickBooks has already; end their cases.

    `current` holds the edited transactions as they were just read.
    """
    edited_documents = [document for document in documents if document.key in current]
    for snapshot in _load_held_changes(posting_session, edited_documents):
        key = snapshot.posting.kind, snapshot.history.target
        if key in current:
            _record_if_made(posting_session, replace(snapshot, entity=current[key]))


def compare_again(company_id: int) -> None:
    """Let `drift` compare the transactions of held changes again, although nobody has edited them.

    The person may have edited the transaction before the change was held.
    """
    targets = select(Posting.kind, Posting.quickbooks_id).where(
        Posting.company_id == company_id, *_IS_HELD_CHANGE
    )
    key = tuple_(TransactionHead.kind, TransactionHead.quickbooks_id)
    heads = (
        select(TransactionHead)
        .where(TransactionHead.company_id == company_id, key.in_(targets))
        .order_by(TransactionHead.kind, TransactionHead.quickbooks_id)
        .with_for_update()
    )
    with transaction() as session:
        for head in session.scalars(heads):
            head.news = True


def find_restored(documents: Sequence[PostedDocument]) -> list[tuple[str, str]]:
    """Return the transactions that are as posted again, while the change to put them back is held.

    They are not edited any more, but `record` needs them as QuickBooks has them now.
    """
    if not documents:
        return []
    query = select(Posting.document_id, Posting.part, Posting.planned).where(
        _build_part_condition(documents), *_IS_HELD_CHANGE
    )
    with read_only_session() as session:
        plans = {(id, part): plan for id, part, plan in session.execute(query)}
    restored_keys = []
    for document in documents:
        part = document.posting.document_id, document.posting.part
        is_put_back = plans.get(part, "") == document.last_write.planned != ""
        if is_put_back and document.summary.discrepancy == Discrepancy.NONE:
            restored_keys.append(document.key)
    return restored_keys


def _build_part_condition(documents: Iterable[PostedDocument]) -> ColumnElement[bool]:
    """Return the condition that a posting is of the same part as one of these documents."""
    parts = [(document.posting.document_id, document.posting.part) for document in documents]
    return tuple_(Posting.document_id, Posting.part).in_(parts)


def _load_held_changes(
    posting_session: PostingSession, documents: Sequence[PostedDocument]
) -> list[PostingSnapshot]:
    """Load the held changes of these documents."""
    if not documents:
        return []
    query = select(Posting.id).where(_build_part_condition(documents), *_IS_HELD_CHANGE)
    with read_only_session() as session:
        ids = session.scalars(query.order_by(Posting.id)).all()
        return load_snapshots(session, posting_session, ids)


def _record_if_made(posting_session: PostingSession, snapshot: PostingSnapshot) -> None:
    """Record a change as posted if its transaction, which was just read, shows it.

    A change of facts that are not compared, such as the memo, does not show. So a transaction that
    is as the hub last wrote it does not count, unless the change is to restore just that.
    """
    posting, entity = snapshot.posting, snapshot.entity
    assert entity is not None
    identity = search.identify(entity)
    with transaction() as session:
        agreements = compare_with_writes(session, posting, entity)
        quickbooks_object = QuickBooksObject(
            id=identity.id, token=identity.token, agreements=agreements
        )
        is_as_posted = Agreement.AS_LAST_POSTED in agreements
        if is_as_posted and not _restores_last_write(session, posting):
            return
        if not is_change_visible(snapshot.history, quickbooks_object):
            return
        case_ids = [case.id for case in inbox.list_open_cases(session, posting.id)]
        if apply_step(session, posting_session, snapshot, Posted(quickbooks_object.id)):
            inbox.explain_closing(session, case_ids, CaseDecision.AGREED)


def _restores_last_write(session: Session, posting: Posting) -> bool:
    """Return whether a change puts a transaction back as the hub had last written it."""
    last_write = load_last_written_posting(session, posting)
    return last_write is not None and posting.planned == last_write.planned != ""
