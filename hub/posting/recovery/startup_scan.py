"""Search QuickBooks for transactions with a marker that no posting has recorded, and adopt them."""

import datetime as dt
import math
from collections.abc import Collection, Iterable
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import outbox
from hub.context import current_hub
from hub.contract.document_kinds import LIST_KINDS
from hub.db import database_identity
from hub.db.engine import read_only_session, transaction
from hub.errors import Refused
from hub.models import Installation, Posting, SourceDocument, TransactionHead
from hub.models.enums import Operation, PostingState, TransactionState
from hub.outbox.unsearched_kinds import (
    UnsearchedKind,
    load_unsearched,
    note_searched,
    note_unsearched,
)
from hub.payloads.entities import DOCUMENT_ENTITIES
from hub.posting.outcome.load import PostingSnapshot, load_snapshots
from hub.posting.outcome.record import change_state
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.candidates import find_own_objects
from hub.posting.protocol.decisions import decide
from hub.posting.protocol.history import Doubt, Posted, QuietPeriod
from hub.posting.recovery import complete_search, restore
from hub.posting.recovery.resolve import advance_until_idle
from hub.qbo import company

ADOPTABLE_STATES = (*outbox.UNSENT, PostingState.WITHDRAWN)


def scan(posting_session: PostingSession) -> bool:
    """Search for each kind that is about to be created and that this process has not searched.

    Return whether QuickBooks refused to list any of them. The caller then has to check the
    creations again, so that those of the refused kinds are held.
    """
    scanned_kinds = posting_session.memory.scanned_kinds
    unsearched_kinds = load_unsearched(posting_session.company)
    kinds = []
    for kind in _load_kinds_to_create(posting_session, [PostingState.READY]):
        is_scanned = (posting_session.company_id, kind) in scanned_kinds
        if kind in unsearched_kinds or not is_scanned:
            kinds.append(kind)
    return not _search_kinds(posting_session, kinds)


def scan_refused_kinds(posting_session: PostingSession) -> None:
    """Search again for the kinds that QuickBooks refused to list, if some are to be created.

    If the search succeeds, the next check in the same run releases the held creations. A kind that
    was never downloaded waits for the next collect.
    """
    unsearched_kinds = load_unsearched(posting_session.company)
    if not unsearched_kinds:
        return
    kinds = []
    for kind in _load_kinds_to_create(posting_session, outbox.UNSENT):
        was_refused = kind in posting_session.unlisted_kinds
        if kind in unsearched_kinds and unsearched_kinds[kind].is_indexed and not was_refused:
            kinds.append(kind)
    _search_kinds(posting_session, kinds)


def _search_kinds(posting_session: PostingSession, kinds: Iterable[str]) -> bool:
    """Search for kinds since the start date; return whether QuickBooks lists all of them."""
    since = _get_start_date(posting_session)
    are_all_listed = True
    for kind in kinds:
        are_all_listed &= _search_kind(posting_session, kind, since)
    return are_all_listed


def _search_kind(posting_session: PostingSession, kind: str, since: dt.datetime) -> bool:
    """Search for a kind and adopt what is found; return whether QuickBooks lists the kind.

    A refusal is recorded with its start date. The next search begins at the earliest such date.
    """
    company_id = posting_session.company_id
    refused_before = load_unsearched(posting_session.company).get(kind)
    if refused_before is not None:
        since = min(since, refused_before.since)
    try:
        complete_search.search_since(posting_session, kind, since - complete_search.SEARCH_OVERLAP)
    except Refused as refusal:
        posting_session.unlisted_kinds.add(kind)
        is_indexed = refused_before is None or refused_before.is_indexed
        note_unsearched(company_id, kind, UnsearchedKind(since, refusal.text, is_indexed))
        posting_session.reload()
        return False
    adopt_marked(posting_session, kind)
    posting_session.memory.scanned_kinds.add((company_id, kind))
    if refused_before is not None:
        note_searched(company_id, kind)
        posting_session.reload()
    return True


def scan_after_restart(posting_session: PostingSession) -> None:
    """Search once for each kind if the server of the database was started again.

    Usually nothing is missing then. But a restore of the whole machine looks the same, and another
    process may have searched before it.
    """
    if not restore.has_restarted(posting_session):
        return
    identity = database_identity.read()
    company_id = posting_session.company_id
    with read_only_session() as session:
        newest = restore.find_newest_posting_date(session, company_id)
    since = newest or posting_session.company.first_connected_at
    for kind in sorted(_load_kinds_of_company(company_id)):
        _search_kind(posting_session, kind, since)
    restore.store_identity(posting_session, identity)


def scan_after_restore(posting_session: PostingSession) -> None:
    """Search for every kind that may have been posted since the newest posting known at a restore.

    Do nothing without a restore, or if such a search is not due.
    """
    since = posting_session.company.restored_since
    if since is None:
        return
    restore.note_first_date(posting_session)
    if not restore.is_search_due(posting_session):
        return
    posting_session.fetch_date()
    began_at = posting_session.newest_date
    for kind in sorted(_load_kinds_after_restore(posting_session.company_id)):
        _search_kind(posting_session, kind, since)
    restore.store_search(posting_session, began_at)


def adopt_marked(posting_session: PostingSession, kind: str) -> None:
    """Adopt transactions with the marker of a posting that is not stored as sent.

    The transaction of another part of the document has the same marker and is left alone.
    """
    is_unsent_creation = (
        Posting.company_id == posting_session.company_id,
        Posting.kind == kind,
        Posting.operation == Operation.CREATE,
        Posting.state.in_(ADOPTABLE_STATES),
    )
    has_marked_transaction = (
        select(TransactionHead.marker)
        .where(
            TransactionHead.company_id == SourceDocument.company_id,
            TransactionHead.marker == SourceDocument.marker,
            TransactionHead.marker != "",
            TransactionHead.kind == kind,
            TransactionHead.state == TransactionState.LIVE,
            SourceDocument.id == Posting.document_id,
        )
        .exists()
    )
    query = select(Posting.id).where(*is_unsent_creation, has_marked_transaction)
    marked_snapshots = []
    with read_only_session() as session:
        ids = list(session.scalars(query))
        for snapshot in load_snapshots(session, posting_session, ids):
            candidate = complete_search.with_marked_objects(session, posting_session, snapshot)
            if find_own_objects(candidate.history):
                marked_snapshots.append(_treat_as_searched_doubt(candidate))
    advance_until_idle(posting_session, marked_snapshots)
    _doubt_if_unread(posting_session, marked_snapshots)


def _doubt_if_unread(posting_session: PostingSession, snapshots: Iterable[PostingSnapshot]) -> None:
    """Mark postings as in doubt whose transaction could not be read, so that they are not sent."""
    with transaction() as session:
        for snapshot in snapshots:
            is_adopted = isinstance(decide(snapshot.history), Posted)
            if not is_adopted or snapshot.posting.state != PostingState.READY:
                continue
            if change_state(session, snapshot.posting, PostingState.UNKNOWN):
                posting_session.count_unsent_step(Doubt(), snapshot.posting)


def _treat_as_searched_doubt(snapshot: PostingSnapshot) -> PostingSnapshot:
    """Return the snapshot as if it were in doubt and its quiet time were over.

    This is safe because the transaction with its marker exists already.
    """
    history = replace(
        snapshot.history,
        state=PostingState.UNKNOWN,
        sends=(),
        recorded_id=None,
        quiet_period=QuietPeriod(is_own_call=True, local_seconds=math.inf),
    )
    return replace(snapshot, history=history)


def _load_kinds_to_create(
    posting_session: PostingSession, states: Collection[PostingState]
) -> list[str]:
    """Return the kinds of transactions with postings in these states that are to be created."""
    query = select(Posting.kind).where(
        *posting_session.own_postings(),
        Posting.state.in_(states),
        Posting.operation == Operation.CREATE,
    )
    with read_only_session() as session:
        kinds = session.scalars(query.distinct()).all()
    return [kind for kind in kinds if kind not in LIST_KINDS]


def _get_start_date(posting_session: PostingSession) -> dt.datetime:
    """Return the newest posting date known when this process first posted for the company."""
    scan_starts = posting_session.memory.scan_starts
    company_id = posting_session.company_id
    if company_id not in scan_starts:
        with read_only_session() as session:
            newest = restore.find_newest_posting_date(session, company_id)
        scan_starts[company_id] = newest or posting_session.company.first_connected_at
    return scan_starts[company_id]


def _load_kinds_of_company(company_id: int) -> set[str]:
    """Return the kinds of transactions that the apps of a company post.

    If the plugin of an app is not loaded, its kinds are not known, so all kinds are returned.
    """
    query = select(Installation.slug).where(Installation.company_id == company_id)
    apps = current_hub().plugins.apps
    kinds: set[str] = set()
    with read_only_session() as session:
        for slug in session.scalars(query):
            app = apps.get(slug)
            kinds.update(app.posts if app else _load_possible_kinds(session, company_id))
    return kinds - set(LIST_KINDS)


def _load_possible_kinds(session: Session, company_id: int) -> set[str]:
    """Return the kinds of transactions that a company can have.

    QuickBooks refuses to list those that its edition lacks.
    """
    facts = company.load_facts(session, company_id)
    kinds = set(DOCUMENT_ENTITIES)
    if not facts.purchase_orders:
        kinds.discard("purchase_order")
    if not facts.bills:
        kinds.difference_update(("bill", "vendor_credit", "bill_payment"))
    return kinds


def _load_kinds_after_restore(company_id: int) -> set[str]:
    """Return the kinds of transactions that any app of this hub posts.

    The restored database may not know which apps were enabled for the company.
    """
    kinds = _load_kinds_of_company(company_id)
    for app in current_hub().plugins.apps.values():
        kinds.update(app.posts)
    return kinds - set(LIST_KINDS)
