"""Search QuickBooks completely for postings in doubt, and store the result as a proof.

A transaction is searched for among all of its kind that were created since the posting may have
been sent. A list entry is searched for by its name and age, a file among those of its transaction.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Container, Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from hub.db.engine import read_only_session, transaction
from hub.models import Proof, TransactionHead
from hub.models.enums import SearchVerdict
from hub.outbox.unsearched_kinds import load_unsearched
from hub.posting.outcome.load import PostingSnapshot
from hub.posting.outcome.session import PostingSession
from hub.posting.protocol.candidates import decide_search_verdict
from hub.posting.protocol.history import FORGOTTEN, QuickBooksObject
from hub.posting.recovery.index_lookup import (
    ATTACHMENT,
    EARLIEST_DATE,
    SEARCHED_SINGLY,
    find_candidates,
    find_ids_of_other_parts,
    find_ids_of_other_postings,
    get_object_kind,
    store_entities,
)
from hub.posting.recovery.quickbooks_objects import (
    from_entity,
    from_head,
    parse_body,
    select_foreign_ids,
)
from hub.qbo import search, transaction_index

SEARCH_OVERLAP = dt.timedelta(minutes=10)  # clocks and indexes differ
MAX_STORED_CANDIDATES = 20
EASTERNMOST_ZONE = dt.timezone(dt.timedelta(hours=14))  # in which each day begins first


def group_searches(snapshots: Iterable[PostingSnapshot]) -> list[list[PostingSnapshot]]:
    """Group postings by search: one for all transactions of a kind, one for each entry or file."""
    groups: dict[tuple[str, int], list[PostingSnapshot]] = defaultdict(list)
    for snapshot in snapshots:
        kind = get_object_kind(snapshot.posting)
        single_id = snapshot.id if kind in SEARCHED_SINGLY else 0
        groups[kind, single_id].append(snapshot)
    return list(groups.values())


def search_postings(
    posting_session: PostingSession, snapshots: list[PostingSnapshot]
) -> list[PostingSnapshot]:
    """Search for the postings of a group, and store a proof for each."""
    kind = get_object_kind(snapshots[0].posting)
    posting_session.collect_dates()
    start = posting_session.date_or_now()
    if kind in SEARCHED_SINGLY:
        searched_snapshots = [
            _search_singly(posting_session, kind, snapshot) for snapshot in snapshots
        ]
    else:
        searched_snapshots = _search_transactions(posting_session, kind, snapshots)
    proofs = [
        build_search_proof(posting_session, snapshot, start) for snapshot in searched_snapshots
    ]
    with transaction() as session:
        session.add_all(proofs)
        posting_session.store_date(session)
    return searched_snapshots


def with_marked_objects(
    session: Session, posting_session: PostingSession, snapshot: PostingSnapshot
) -> PostingSnapshot:
    """Return the snapshot with the indexed transactions that carry its marker as search results."""
    marker = snapshot.history.marker
    candidates = _find_candidates(session, posting_session, snapshot)
    marked_candidates = [
        candidate for candidate in candidates if marker and candidate.marker == marker
    ]
    return _add_results(snapshot, marked_candidates)


def search_since(
    posting_session: PostingSession, kind: str, since: dt.datetime, markers: Container[str] = ()
) -> dict[str, dict[str, Any]]:
    """Store all transactions of a kind created or deleted since a date in the index.

    Return those with one of these markers, by id. A transaction that the search misses could be
    sent a second time, so the search continues until a page shows nothing new.
    """
    marked_entities: dict[str, dict[str, Any]] = {}
    client = posting_session.client()
    for page in search.find_created_since(client, kind, since, until_nothing_new=True):
        posting_session.collect_dates()
        with transaction() as session:
            store_entities(session, posting_session, kind, page)
        for entity in page:
            memo = search.identify(entity).memo
            marker = transaction_index.extract_marker(memo)
            if marker in markers:
                marked_entities[str(entity["Id"])] = entity
    _store_deletions_since(posting_session, kind, since)
    return marked_entities


def compute_oldest_known_deletion(now: dt.datetime) -> dt.datetime:
    """Return the date since which QuickBooks can list deleted transactions."""
    return now - search.CHANGE_RETENTION + SEARCH_OVERLAP


def build_search_proof(
    posting_session: PostingSession, snapshot: PostingSnapshot, until: dt.datetime
) -> Proof:
    """Return the row that stores the result of a search."""
    history = snapshot.history
    results = history.search_results or ()
    candidate_ids = [result.id for result in results]
    return Proof(
        posting_id=snapshot.id,
        generation=snapshot.posting.generation,
        at=posting_session.clock.now(),
        since=snapshot.since - SEARCH_OVERLAP,
        until=until,
        rows=len(results),
        sends=len(history.sends),
        result=decide_search_verdict(history),
        detail={"candidates": candidate_ids[:MAX_STORED_CANDIDATES]},
    )


def _store_deletions_since(posting_session: PostingSession, kind: str, since: dt.datetime) -> None:
    """Store the deletions of transactions of a kind since a date that QuickBooks still lists."""
    now = posting_session.date_or_now()
    first_date = max(since, compute_oldest_known_deletion(now))
    deleted_entities = search.find_deleted(posting_session.client(), kind, first_date, now)
    with transaction() as session:
        store_entities(session, posting_session, kind, deleted_entities)
        for entity in deleted_entities:
            _store_deletion_date(session, posting_session, kind, entity)


def _store_deletion_date(
    session: Session, posting_session: PostingSession, kind: str, entity: dict[str, Any]
) -> None:
    """Store the deletion date of a transaction whose content the hub has never read.

    Intuit's schema makes this date optional. Without one, the deletion may have been just now.
    """
    heads = update(TransactionHead).where(
        TransactionHead.company_id == posting_session.company_id,
        TransactionHead.kind == kind,
        TransactionHead.quickbooks_id == str(entity["Id"]),
        TransactionHead.created_at.is_(None),
    )
    deleted_at = search.find_changed_at(entity) or posting_session.date_or_now()
    session.execute(heads.values(updated_at=deleted_at))


def _search_transactions(
    posting_session: PostingSession, kind: str, snapshots: list[PostingSnapshot]
) -> list[PostingSnapshot]:
    """Search for transactions of a kind, and then by number for those that are still absent."""
    was_searched = _was_searched_since_restore(posting_session, kind)
    unsearched_snapshots = [
        snapshot for snapshot in snapshots if snapshot.history.sends or not was_searched
    ]
    entities: dict[str, dict[str, Any]] = {}
    if unsearched_snapshots:
        markers = {snapshot.history.marker for snapshot in snapshots}
        since = min(snapshot.since for snapshot in unsearched_snapshots) - SEARCH_OVERLAP
        entities = search_since(posting_session, kind, since, markers)
    with_entities = [replace(snapshot, search_entities=entities) for snapshot in snapshots]
    searched_snapshots = _add_candidates(posting_session, with_entities)

    numbers = _list_absent_numbers(searched_snapshots)
    numbered_entities = search.find_by_number(posting_session.client(), kind, numbers)
    with transaction() as session:
        store_entities(session, posting_session, kind, numbered_entities)
    return _add_candidates(posting_session, searched_snapshots)


def _was_searched_since_restore(posting_session: PostingSession, kind: str) -> bool:
    """Return whether QuickBooks was searched for a kind since the database was restored."""
    company = posting_session.company
    return company.restored_until is not None and kind not in load_unsearched(company)


def _list_absent_numbers(snapshots: Iterable[PostingSnapshot]) -> list[str]:
    """Return the numbers of the postings that a search did not find, each once."""
    numbers = set()
    for snapshot in snapshots:
        history = snapshot.history
        if history.number and decide_search_verdict(history) == SearchVerdict.ABSENT:
            numbers.add(history.number)
    return sorted(numbers)


def _add_candidates(
    posting_session: PostingSession, snapshots: Iterable[PostingSnapshot]
) -> list[PostingSnapshot]:
    with read_only_session() as session:
        return [
            _add_results(snapshot, _find_candidates(session, posting_session, snapshot))
            for snapshot in snapshots
        ]


def _find_candidates(
    session: Session, posting_session: PostingSession, snapshot: PostingSnapshot
) -> list[QuickBooksObject]:
    """Return the indexed transactions that may be the posting, and FORGOTTEN for older deletions.

    QuickBooks lists deletions of a limited time only.
    """
    posting = snapshot.posting
    since = snapshot.since - SEARCH_OVERLAP
    until = _find_last_possible_date(posting_session, snapshot)
    heads = find_candidates(session, posting, snapshot.history.marker, since, until)
    foreign_ids = find_ids_of_other_postings(
        session, posting, [head.quickbooks_id for head in heads]
    )
    foreign_ids |= find_ids_of_other_parts(session, posting, heads)
    candidates = [from_head(head, foreign=head.quickbooks_id in foreign_ids) for head in heads]
    if _may_be_forgotten(posting_session, snapshot, since):
        candidates.append(FORGOTTEN)
    return candidates


def _find_last_possible_date(
    posting_session: PostingSession, snapshot: PostingSnapshot
) -> dt.datetime | None:
    """Return the last date at which a posting may have been created unnoticed; None means now.

    A posting without a recorded send can only have been created before a restore, and so before
    QuickBooks was searched after the restore.
    """
    history = snapshot.history
    restored_until = posting_session.company.restored_until
    if history.sends or history.was_posted_before or restored_until is None:
        return None
    if _is_from_later(snapshot, restored_until):
        return EARLIEST_DATE
    return restored_until + SEARCH_OVERLAP


def _may_be_forgotten(
    posting_session: PostingSession, snapshot: PostingSnapshot, since: dt.datetime
) -> bool:
    """Return whether a posting may have been deleted so long ago that QuickBooks no longer says so.

    A posting that was never sent cannot have been, unless the database was restored.
    """
    history = snapshot.history
    if not history.sends and not history.after_restore:
        return False
    searched_at = posting_session.newest_date
    kind = get_object_kind(snapshot.posting)
    restored_until = posting_session.company.restored_until
    was_searched = _was_searched_since_restore(posting_session, kind)
    if restored_until and was_searched and not history.sends:
        if _is_from_later(snapshot, restored_until):
            return False
        searched_at = restored_until
    return searched_at is not None and since < compute_oldest_known_deletion(searched_at)


def _is_from_later(snapshot: PostingSnapshot, moment: dt.datetime) -> bool:
    """Return whether a document is dated after the day of a moment, and was not delivered by then.

    The date alone proves nothing: many invoices are issued before their date. It is a date in the
    zone of its source, where the day may be a later one than in UTC.
    """
    date = snapshot.posting.document.date
    if date is None or snapshot.posting.created_at <= moment:
        return False
    return date > moment.astimezone(EASTERNMOST_ZONE).date()


def _add_results(snapshot: PostingSnapshot, results: Iterable[QuickBooksObject]) -> PostingSnapshot:
    """Return the snapshot with these objects as the results of its search."""
    history = replace(snapshot.history, search_results=tuple(results))
    return replace(snapshot, history=history)


def _search_singly(
    posting_session: PostingSession, kind: str, snapshot: PostingSnapshot
) -> PostingSnapshot:
    """Search for a list entry by its name and age, or for a file among those of its transaction."""
    client = posting_session.client()
    posting = snapshot.posting
    if kind == ATTACHMENT:
        entities = search.find_files(client, posting.kind, posting.base)
    else:
        name = search.identify(parse_body(posting)).name
        entities = search.find_by_name(client, kind, name)
        for page in search.find_created_since(client, kind, snapshot.since - SEARCH_OVERLAP):
            entities += page
    posting_session.collect_dates()
    found_objects = {str(entity["Id"]): from_entity(posting, entity) for entity in entities}
    with read_only_session() as session:
        owned_ids = find_ids_of_other_postings(session, posting, list(found_objects))
    foreign_ids = select_foreign_ids(posting, entities, owned_ids)
    results = [
        replace(found_object, foreign=id in foreign_ids)
        for id, found_object in found_objects.items()
    ]
    return _add_results(snapshot, results)
