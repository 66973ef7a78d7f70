"""Count the documents of installations by state, and their files.

Documents that have only their first posting are counted with an index. The state of the others is
computed for each document.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, exists, func, select, text, union
from sqlalchemy.orm import Session

from hub.models import Installation, Posting, SourceDocument, TransactionHead
from hub.models.enums import DocumentState, Operation, PostingState
from hub.models.lists import NOT_LIVE
from hub.models.postings import FURTHER_POSTINGS, MADE_FOR_CODES, REREAD_DOCUMENTS
from hub.outbox.main_posting import (
    ATTENTION_ORDER,
    SAME_TRANSACTION,
    build_state_column,
    counts_for_its_part,
    rank_by_attention,
)

# The states in which documents are counted; "ready" and "sending" count as "waiting".
COUNTED_STATES = (
    DocumentState.POSTED,
    DocumentState.HELD,
    DocumentState.REVIEW,
    DocumentState.WAITING,
    DocumentState.UNKNOWN,
    DocumentState.MISSING,
    DocumentState.REMOVED,
    DocumentState.SKIPPED,
    DocumentState.WITHDRAWN,
)
COUNTED_AS_WAITING = (DocumentState.WAITING, DocumentState.READY, DocumentState.SENDING)
# The states in which files are counted; "ready" and "sending" count as "waiting".
COUNTED_FILE_STATES = (
    PostingState.POSTED,
    PostingState.HELD,
    PostingState.WAITING,
    PostingState.UNKNOWN,
    PostingState.SKIPPED,
    PostingState.WITHDRAWN,
)
UNDELIVERED_STATES = (PostingState.HELD, PostingState.UNKNOWN, *COUNTED_AS_WAITING)  # unsent files
IS_FIRST_POSTING = (
    Posting.operation == Operation.CREATE,
    Posting.part == "",
    Posting.generation == 0,
)
Ids = Collection[int] | None  # of installations; None means all


def count_documents(session: Session, installation_id: int) -> dict[str, int]:
    """Count the documents of an installation by state."""
    return count_documents_of_each(session, [installation_id])[installation_id]


def count_documents_of_each(
    session: Session, installation_ids: Collection[int]
) -> dict[int, dict[str, int]]:
    """Count the documents of each installation by `COUNTED_STATES`, and in total."""
    by_installation = count_by_installation(session, installation_ids)
    return {id: _count_in_groups(by_installation[id]) for id in installation_ids}


def count_by_installation(
    session: Session, installation_ids: Ids = None
) -> defaultdict[int, Counter[str]]:
    """Count the documents of installations by state, in four queries for all of them.

    Unlike `count_documents`, this counts "ready" and "sending" separately from "waiting". Files,
    records created for codes and postponed postings are left out.
    """
    counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for installation_id, state, number in session.execute(_select_first_postings(installation_ids)):
        counts[installation_id][state] += number
    counted_singly = _select_first_postings_counted_singly(installation_ids)
    for installation_id, state, number in session.execute(counted_singly):
        counts[installation_id][state] -= number
    missing = _select_missing_first_postings(installation_ids)
    for installation_id, number in session.execute(missing):
        counts[installation_id][DocumentState.POSTED] -= number
        counts[installation_id][DocumentState.MISSING] += number
    ranked_documents = select_ranked_documents(installation_ids).subquery()
    by_rank = select(ranked_documents.c.installation_id, ranked_documents.c.rank, func.count())
    by_rank = by_rank.group_by(ranked_documents.c.installation_id, ranked_documents.c.rank)
    for installation_id, rank, number in session.execute(by_rank):
        counts[installation_id][ATTENTION_ORDER[rank]] += number
    return counts


def _count_in_groups(by_state: Mapping[str, int]) -> dict[str, int]:
    """Return counts by the states in which documents are counted, and their sum."""
    counts: Counter[str] = Counter()
    for state, number in by_state.items():
        if state in COUNTED_AS_WAITING:
            state = DocumentState.WAITING
        counts[state] += number
    by_counted_state = {state.value: counts[state] for state in COUNTED_STATES}
    return {"documents": sum(by_counted_state.values()), **by_counted_state}


def count_files(session: Session, installation_id: int) -> dict[str, int]:
    """Count the files that are not in QuickBooks yet, by state.

    Files that are ready or being sent count as waiting.
    """
    undelivered_files = _select_files(installation_id).where(Posting.state.in_(UNDELIVERED_STATES))
    return _count_unsent_as_waiting(dict(iter(session.execute(undelivered_files))))


def count_all_files(session: Session, installation_id: int) -> dict[str, int]:
    """Count the files of an installation by state.

    Files that are ready or being sent count as waiting.
    """
    counts: dict[str, int] = dict.fromkeys(COUNTED_FILE_STATES, 0)
    by_state = dict(iter(session.execute(_select_files(installation_id))))
    return counts | _count_unsent_as_waiting(by_state)


def _select_files(installation_id: int) -> Select[str, int]:
    """Return a query for the number of files in each state."""
    is_file = Posting.installation_id == installation_id, Posting.operation == Operation.ATTACH
    return select(Posting.state, func.count()).where(*is_file).group_by(Posting.state)


def _count_unsent_as_waiting(counts: dict[str, int]) -> dict[str, int]:
    """Return counts by state in which "ready" and "sending" count as "waiting"."""
    result: dict[str, int] = {}
    for state, number in counts.items():
        name = PostingState.WAITING if state in COUNTED_AS_WAITING else state
        result[name] = result.get(name, 0) + number
    return result


def count_postponed_changes(session: Session, installation_id: int) -> int:
    """Count the posted documents that are marked for rereading.

    They may have changed at the source while their first version was being sent.
    """
    is_posted = exists().where(
        Posting.document_id == SourceDocument.id,
        Posting.state == PostingState.POSTED,
        Posting.operation != Operation.ATTACH,
    )
    query = select(func.count(SourceDocument.id)).where(
        SourceDocument.installation_id == installation_id,
        text(REREAD_DOCUMENTS),
        SourceDocument.reread,
        is_posted,
    )
    return session.scalar(query) or 0


def has_posted(session: Session, installation_id: int) -> bool:
    """Return whether anything of an installation was ever posted."""
    query = select(Posting.id).where(
        Posting.installation_id == installation_id, Posting.state == PostingState.POSTED
    )
    first_id = session.scalar(query.limit(1))
    return first_id is not None


def select_ranked_documents(installation_ids: Ids) -> Select[int, int, int]:
    """Return a query for the documents that have several postings, and the ranks of their states.

    Its columns are the installation, the document and the place in `ATTENTION_ORDER`, `rank`.
    """
    rank = rank_by_attention(build_state_column(Posting, TransactionHead))
    return (
        select(Posting.installation_id, Posting.document_id, func.min(rank).label("rank"))
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .outerjoin(TransactionHead, SAME_TRANSACTION)
        .where(
            Posting.document_id.in_(select_documents_with_several_postings(installation_ids)),
            counts_for_its_part(Posting),
            SourceDocument.made_for == "",
        )
        .group_by(Posting.installation_id, Posting.document_id)
    )


def select_documents_with_several_postings(installation_ids: Ids) -> Select[int]:
    """Return a query for the documents that have more than their first posting."""
    are_chosen = _are_of(Posting.installation_id, installation_ids)
    return select(Posting.document_id).where(*are_chosen, text(FURTHER_POSTINGS))


def select_documents_counted_singly(installation_ids: Ids) -> CompoundSelect[int]:
    """Return a query for the documents whose state is not that of their first posting."""
    are_chosen = _are_of(SourceDocument.installation_id, installation_ids)
    made_for_codes = select(SourceDocument.id).where(*are_chosen, text(MADE_FOR_CODES))
    return union(select_documents_with_several_postings(installation_ids), made_for_codes)


def _select_first_postings(installation_ids: Ids = None) -> Select[int, str, int]:
    """Return a query for the number of first postings in each state."""
    return (
        select(Posting.installation_id, Posting.state, func.count())
        .where(*IS_FIRST_POSTING, *_are_of(Posting.installation_id, installation_ids))
        .group_by(Posting.installation_id, Posting.state)
    )


def _select_first_postings_counted_singly(installation_ids: Ids) -> Select[int, str, int]:
    """Return a query for the first postings of documents that are counted one by one.

    Only the documents are limited to the installations: with such a condition on the postings, too,
    SQLite would not look up the postings of the few documents.
    """
    documents = select_documents_counted_singly(installation_ids).subquery()
    return _select_first_postings().join(documents, documents.c.document_id == Posting.document_id)


def _select_missing_first_postings(installation_ids: Ids) -> Select[int, int]:
    """Return a query for the number of single postings voided or deleted in QuickBooks."""
    query = (
        select(Posting.installation_id, func.count())
        .select_from(TransactionHead)
        .join(Posting, SAME_TRANSACTION)
        .where(text(NOT_LIVE), *IS_FIRST_POSTING, Posting.state == PostingState.POSTED)
        .where(*_are_of(Posting.installation_id, installation_ids))
        .where(Posting.document_id.not_in(select_documents_counted_singly(installation_ids)))
        .group_by(Posting.installation_id)
    )
    if installation_ids is not None:
        companies = select(Installation.company_id).where(Installation.id.in_(installation_ids))
        query = query.where(TransactionHead.company_id.in_(companies))
    return query


def _are_of(column: Any, installation_ids: Ids) -> list[ColumnElement[bool]]:
    """Return the condition that the column of installations is one of these; none for all."""
    return [] if installation_ids is None else [column.in_(installation_ids)]
