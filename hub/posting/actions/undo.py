"""Remove posted documents from QuickBooks, unless other transactions depend on them."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from hub import outbox, payloads
from hub.contract.chunks import iter_chunks
from hub.contract.document_kinds import LIST_KINDS
from hub.contract.value_object import value_object
from hub.db.engine import read_only_session, transaction
from hub.errors import NotFound, Refused, Sentence
from hub.models import Installation, Posting, Run, SourceDocument
from hub.models.display_names import DisplayName
from hub.models.enums import Operation, PostingState
from hub.payloads.entities import get_linked_kind, parse_day
from hub.posting.actions.inactive_apps import explain_inactivity
from hub.posting.outcome.session import PostingSession
from hub.posting.preflight.bank_reconciliation import BANK_KINDS, fetch_reconciled_month
from hub.posting.reconcile.posted_documents import PostedDocument, iter_documents
from hub.posting.reconcile.refresh import EntitiesByKey, fetch_current
from hub.qbo import company, transaction_index
from hub.qbo.dependents import is_settled
from hub.security import audit
from hub.translations.dates import format_english_date

MISSING_REASON = Sentence("It is no longer in QuickBooks.")
LIST_ENTRY_REASON = Sentence(
    "It is an entry of a list that other documents may use. Make it inactive in QuickBooks if"
    " none does."
)
CHANGE_REASON = Sentence("It was changed, not created; fix this at the source, or in QuickBooks.")
UNDER_WAY_REASON = Sentence("A change of it is on its way.")
RECONCILED_REASON = Sentence("A bank reconciliation covers it; take that back in QuickBooks first.")
CHUNK_SIZE = 200
CHANGING_STATES = (*outbox.IN_FLIGHT, PostingState.READY, PostingState.WAITING)
REMOVING_STATES = (*CHANGING_STATES, PostingState.POSTED)


@value_object
class BlockedRemoval:
    """A posting that cannot be removed from QuickBooks, and why."""

    posting: int
    kind: str
    name: DisplayName
    reason: str


@value_object
class UndoPlan:
    """The documents that would be removed from QuickBooks, and those that cannot be."""

    company_id: int
    removable: tuple[PostedDocument, ...] = ()
    blocked: tuple[BlockedRemoval, ...] = ()


def plan_run(run_id: int) -> UndoPlan:
    """Return which of the documents that a run posted can be removed, without changing anything."""
    with read_only_session() as session:
        if session.get(Run, run_id) is None:
            raise NotFound("run", str(run_id))
    return plan_selection([Posting.run_id == run_id])


def plan_posting(posting_id: int) -> UndoPlan:
    """Return whether one part of a document can be removed.

    `posting_id` may be the id of any posting of the part, such as a later change.
    """
    with read_only_session() as session:
        posting = session.get(Posting, posting_id)
        if posting is None:
            raise NotFound("posting", str(posting_id))
        creations = select(Posting.id).where(
            Posting.document_id == posting.document_id,
            Posting.part == posting.part,
            Posting.operation == Operation.CREATE,
            Posting.state == PostingState.POSTED,
        )
        newest_id = session.scalar(creations.order_by(Posting.id.desc()).limit(1))
    return plan_selection([Posting.id == (newest_id or posting_id)])


def plan_selection(conditions: Sequence[ColumnElement[bool]]) -> UndoPlan:
    """Sort the posted documents of a selection into those that can be removed and the others."""
    with read_only_session() as session:
        first = session.scalars(select(Posting).where(*conditions).limit(1)).first()
        company_id = first.company_id if first else 0
        is_creation = Posting.operation == Operation.CREATE
        documents = list(iter_documents(session, company_id, [*conditions, is_creation]))
        stored_obstacles = _find_stored_obstacles(session, documents)
        closed_to = company.load_facts(session, company_id).closed_to if documents else None
        others = _find_blocked_postings(session, conditions)
    if not documents:
        return UndoPlan(company_id=company_id, blocked=tuple(others))
    posting_session = PostingSession(company_id)
    obstacles = _find_obstacles(posting_session, documents, stored_obstacles, closed_to)
    removable = []
    for document in documents:
        obstacle = obstacles.get(document.posting.id)
        if obstacle is None:
            removable.append(document)
        else:
            others.append(_build_blocked_removal(document.posting, obstacle))
    return UndoPlan(company_id=company_id, removable=tuple(removable), blocked=tuple(others))


def undo(plan: UndoPlan, who: str, is_ending: Callable[[], bool] = lambda: False) -> int:
    """Plan a deletion of each removable document; return how many were planned.

    The deletions are sent like any other posting. They are planned in chunks, so that others can
    write in between; the last one is that before `is_ending`.
    """
    planned_count = 0
    for chunk in iter_chunks(plan.removable, CHUNK_SIZE):
        if is_ending():
            break
        planned_count += _plan_deletions(chunk, who)
    return planned_count


def _plan_deletions(documents: Sequence[PostedDocument], who: str) -> int:
    """Plan some deletions in one transaction; return how many may be sent.

    A person who undoes a posting approves its deletion.
    """
    document_ids = [document.posting.document_id for document in documents]
    quickbooks_ids: dict[str, str | None] = {}
    with transaction() as session:
        query = select(SourceDocument).where(SourceDocument.id.in_(document_ids))
        rows = {row.id: row for row in session.scalars(query)}
        histories = outbox.load_history(session, rows.values())
        for document in documents:
            row = rows[document.posting.document_id]
            if _plan_deletion(session, row, histories[row.id], document, who):
                quickbooks_ids[str(document.posting.id)] = document.posting.quickbooks_id
        if quickbooks_ids:
            audit.record(
                session,
                who,
                "postings undone",
                ", ".join(quickbooks_ids),
                quickbooks_ids=quickbooks_ids,
            )
    return len(quickbooks_ids)


def _plan_deletion(
    session: Session,
    row: SourceDocument,
    postings: Sequence[Posting],
    document: PostedDocument,
    who: str,
) -> bool:
    """Plan the deletion of a document and approve it; return whether one was planned.

    None is planned if somebody else has removed the document since the plan was made, or if a
    change of it is being sent.
    """
    removal_ids = set()
    for earlier in postings:
        if outbox.is_removal_by_person(earlier) and earlier.state in REMOVING_STATES:
            removal_ids.add(earlier.id)
    posting = outbox.plan_posting(
        session,
        row,
        outbox.PostingPlan(
            operation=_build_deletion(document),
            content=_build_deletion_content(document, who),
            disposition=outbox.Disposition(state=PostingState.READY),
        ),
        postings=postings,
    )
    is_own = outbox.is_removal_by_person(posting) and posting.id not in removal_ids
    if not is_own or posting.state != PostingState.READY:
        return False
    posting.approved_by = who
    posting.approved_payload = outbox.compute_fingerprint(posting.payload)
    return True


def _build_deletion(document: PostedDocument) -> outbox.PartOperation:
    """Return the operation that deletes a document as it was last written."""
    posting = document.posting
    return outbox.PartOperation.of_change(
        Operation.DELETE,
        str(posting.quickbooks_id),
        _get_written_version(document),
        part=posting.part,
    )


def _build_deletion_content(document: PostedDocument, who: str) -> outbox.Content:
    """Return the content of the deletion of a document, with the person who requested it."""
    posting = document.posting
    body = payloads.build_delete_body(str(posting.quickbooks_id), _get_written_version(document))
    return outbox.Content(
        kind=posting.kind,
        payload=payloads.encode(body),
        stored_summary=outbox.RemovalSummary(removed_by=who).dump(),
        number=posting.number,
        total=document.posted_total,
        currency=posting.currency,
    )


def _get_written_version(document: PostedDocument) -> str:
    """Return the SyncToken that QuickBooks answered to the last write of a document."""
    return document.last_write.sync_token or ""


def _find_obstacles(
    posting_session: PostingSession,
    documents: Sequence[PostedDocument],
    stored_obstacles: Mapping[int, str],
    closed_to: dt.date | None,
) -> dict[int, str]:
    """Return, by posting, why a document cannot be removed from QuickBooks.

    `stored_obstacles` are those that are known without QuickBooks.
    """
    if all(document.posting.id in stored_obstacles for document in documents):
        return dict(stored_obstacles)
    ids_by_kind: dict[str, list[str]] = defaultdict(list)
    for document in documents:
        kind, id = document.key
        ids_by_kind[kind].append(id)
    current = fetch_current(posting_session, ids_by_kind)
    reconciled_ids = _fetch_reconciled_ids(posting_session, current)
    obstacles = dict(stored_obstacles)
    for document in documents:
        if document.posting.id in stored_obstacles:
            continue
        obstacle = _find_own_obstacle(document, current, reconciled_ids, closed_to)
        if obstacle:
            obstacles[document.posting.id] = obstacle
    return _add_dependent_obstacles(documents, current, obstacles)


def _fetch_reconciled_ids(posting_session: PostingSession, current: EntitiesByKey) -> set[str]:
    """Return the ids of the transactions that a bank reconciliation covers.

    Costs one read for each month in which one of these transactions is dated. Raise Refused if
    QuickBooks does not list them.
    """
    months = set()
    for (kind, _), entity in current.items():
        if kind in BANK_KINDS:
            months.add(parse_day(entity["TxnDate"]).replace(day=1))
    ids: set[str] = set()
    for first_day in sorted(months):
        month = fetch_reconciled_month(posting_session, first_day)
        if month.problem is not None:
            raise Refused(month.problem)
        ids |= month.ids
    return ids


def _find_stored_obstacles(session: Session, documents: Sequence[PostedDocument]) -> dict[int, str]:
    """Return, by posting, the obstacles that are known without QuickBooks."""
    changing = _load_changing_documents(
        session, [document.posting.document_id for document in documents]
    )
    installation_ids = {document.posting.installation_id for document in documents}
    query = select(Installation).where(Installation.id.in_(installation_ids))
    reasons = {}
    for installation in session.scalars(query):
        reason = explain_inactivity(installation)
        if reason:
            reasons[installation.id] = reason

    obstacles: dict[int, str] = {}
    for document in documents:
        posting = document.posting
        if posting.document_id in changing:
            obstacles[posting.id] = UNDER_WAY_REASON
        elif posting.installation_id in reasons:
            obstacles[posting.id] = reasons[posting.installation_id]
    return obstacles


def _find_own_obstacle(
    document: PostedDocument,
    current: EntitiesByKey,
    reconciled_ids: Container[str],
    closed_to: dt.date | None,
) -> str:
    """Return why a transaction cannot be removed, apart from its dependents; "" if it can."""
    kind, id = document.key
    entity = current.get((kind, id))
    if entity is None:
        return MISSING_REASON
    if transaction_index.is_voided(entity):
        return Sentence("It was voided in QuickBooks.")
    last_answer = document.last_write.answer or {}
    if payloads.compute_content_digest(kind, entity) != payloads.compute_content_digest(
        kind, last_answer
    ):
        return Sentence("It was changed in QuickBooks since it was posted.")
    if id in reconciled_ids:
        return RECONCILED_REASON
    if closed_to and parse_day(entity["TxnDate"]) <= closed_to:
        return Sentence("The books are closed up to %(date)s.", date=format_english_date(closed_to))
    return ""


def _add_dependent_obstacles(
    documents: Sequence[PostedDocument], current: EntitiesByKey, obstacles: Mapping[int, str]
) -> dict[int, str]:
    """Add an obstacle for each document with a dependent transaction that cannot be removed.

    Each added obstacle may block further documents, those which the document settles. This repeats
    until nothing changes.
    """
    obstacles = dict(obstacles)
    while True:
        remaining = [document for document in documents if document.posting.id not in obstacles]
        removable = {document.key for document in remaining}
        new_obstacles = {}
        for document in remaining:
            obstacle = _find_dependent_obstacle(document, current[document.key], removable)
            if obstacle:
                new_obstacles[document.posting.id] = obstacle
        if not new_obstacles:
            return obstacles
        obstacles |= new_obstacles


def _find_dependent_obstacle(
    document: PostedDocument, entity: Mapping[str, Any], removable: Container[tuple[str, str]]
) -> str:
    """Return which dependents prevent the removal of a transaction; "" if there are none."""
    response = document.last_write.answer or {}
    dependents = _list_linked_transactions(entity) - _list_linked_transactions(response)
    if dependents and all(key in removable for key in dependents):
        return ""
    if is_settled(entity):
        return Sentence("It is paid in QuickBooks, in part or whole; take the payment back first.")
    if dependents:
        return Sentence("Another transaction in QuickBooks is linked to it.")
    return ""


def _list_linked_transactions(entity: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return the kinds and ids of the transactions that an entity is linked to.

    For types that the hub does not post, the kind is QuickBooks' name of the type.
    """
    links = set()
    for link in entity.get("LinkedTxn") or ():
        type = str(link.get("TxnType"))
        kind = get_linked_kind(type) or type
        id = str(link.get("TxnId"))
        links.add((kind, id))
    return links


def _load_changing_documents(session: Session, document_ids: Sequence[int]) -> set[int]:
    """Return the documents of which a change is planned or being sent."""
    changing: set[int] = set()
    for chunk in iter_chunks(document_ids, CHUNK_SIZE):
        query = select(Posting.document_id).where(
            Posting.document_id.in_(chunk),
            Posting.state.in_(CHANGING_STATES),
            Posting.operation != Operation.ATTACH,
        )
        changing.update(session.scalars(query))
    return changing


def _find_blocked_postings(
    session: Session, conditions: Sequence[ColumnElement[bool]]
) -> list[BlockedRemoval]:
    """Return posted list entries, and updates of transactions that the hub did not create."""
    posted_query = select(Posting).where(*conditions, Posting.state == PostingState.POSTED)
    is_creation = Posting.operation == Operation.CREATE
    entries = posted_query.where(is_creation, Posting.kind.in_(LIST_KINDS)).order_by(Posting.id)
    blocked_removals = [
        _build_blocked_removal(entry, LIST_ENTRY_REASON) for entry in session.scalars(entries)
    ]

    created_ids = posted_query.with_only_columns(Posting.document_id).where(is_creation)
    created_document_ids = set(session.scalars(created_ids))
    changes = posted_query.where(Posting.operation == Operation.UPDATE).order_by(Posting.id)
    for change in session.scalars(changes):
        if change.document_id not in created_document_ids:
            blocked_removals.append(_build_blocked_removal(change, CHANGE_REASON))
    return blocked_removals


def _build_blocked_removal(posting: Posting, reason: str) -> BlockedRemoval:
    """Return a posting that cannot be removed, with its name and the reason."""
    name = DisplayName.of_posting(posting)
    return BlockedRemoval(posting=posting.id, kind=posting.kind, name=name, reason=reason)
