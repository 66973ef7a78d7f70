"""Count the documents of an installation by state, and add up their amounts."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Row,
    Select,
    case,
    exists,
    func,
    select,
    text,
    type_coerce,
    union,
)
from sqlalchemy.orm import Session

from hub.contract.document_kinds import CREDIT_KINDS
from hub.models import Installation, Posting, SourceDocument, TransactionHead
from hub.models.enums import DocumentState, Operation, PostingState, TransactionState
from hub.models.lists import NOT_LIVE
from hub.models.postings import FURTHER_POSTINGS, MADE_FOR_CODES, REREAD_DOCUMENTS
from hub.money import ZERO
from hub.outbox.main_posting import (
    ATTENTION_ORDER,
    SAME_TRANSACTION,
    build_state_column,
    counts_for_its_part,
)
from hub.outbox.states import REMOVALS

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
STATES_WITH_AMOUNTS = (DocumentState.POSTED, DocumentState.MISSING)
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
SIDES = ("source", "posted", "quickbooks")  # whose totals of the posted documents are added up
KindSums = dict[tuple[str, str], dict[str, Decimal]]  # by kind and currency
HALF_BASE = 10**9  # sums of millionths are added up in two halves: above and below this
IS_FIRST_POSTING = (
    Posting.operation == Operation.CREATE,
    Posting.part == "",
    Posting.generation == 0,
)

LIVE_TOTAL = case(
    (TransactionHead.state == TransactionState.LIVE, TransactionHead.total), else_=None
)


def count_documents(session: Session, installation_id: int) -> dict[str, int]:
    """Count the documents of an installation by state."""
    return count_documents_of_each(session, [installation_id])[installation_id]


def count_documents_of_each(
    session: Session, installation_ids: Collection[int]
) -> dict[int, dict[str, int]]:
    """Count the documents of each of some installations by state, in a few queries for all.

    Files, records created for codes and postponed postings are left out. The database counts the
    documents that have only their first posting; the others are read one by one.
    """
    first_postings = (
        select(Posting.installation_id, Posting.state, func.count())
        .where(*IS_FIRST_POSTING)
        .group_by(Posting.installation_id, Posting.state)
    )
    documents = _select_documents_counted_singly(installation_ids).subquery()
    # Without a condition on the installation, SQLite looks up the postings of the few documents.
    counted_singly = first_postings.join(documents, documents.c.document_id == Posting.document_id)
    first_postings = first_postings.where(Posting.installation_id.in_(installation_ids))

    by_state: dict[int, Counter[str]] = defaultdict(Counter)
    for installation_id, state, number in session.execute(first_postings):
        by_state[installation_id][state] += number
    for installation_id, state, number in session.execute(counted_singly):
        by_state[installation_id][state] -= number
    missing = _select_missing_first_postings(installation_ids)
    for installation_id, number in session.execute(missing):
        by_state[installation_id][DocumentState.POSTED] -= number
        by_state[installation_id][DocumentState.MISSING] += number
    has_several = Posting.document_id.in_(_select_documents_with_several_postings(installation_ids))
    states = _load_states_by_installation(session, has_several)
    for installation_id, states_by_document in states.items():
        by_state[installation_id].update(states_by_document.values())
    return {id: _count_documents(by_state[id]) for id in installation_ids}


def _count_documents(by_state: Mapping[str, int]) -> dict[str, int]:
    """Return counts by the states in which documents are counted, and their sum."""
    counts: Counter[str] = Counter()
    for state, number in by_state.items():
        if state in COUNTED_AS_WAITING:
            state = DocumentState.WAITING
        counts[state] += number
    by_counted_state = {state.value: counts[state] for state in COUNTED_STATES}
    return {"documents": sum(by_counted_state.values()), **by_counted_state}


def count_files(session: Session, installation_id: int) -> dict[str, int]:
    """Count the files that did not arrive, by state.

    Files that are ready or being sent count as waiting.
    """
    query = (
        select(Posting.state, func.count())
        .where(
            Posting.installation_id == installation_id,
            Posting.state.in_(UNDELIVERED_STATES),
            Posting.operation == Operation.ATTACH,
        )
        .group_by(Posting.state)
    )
    return _count_unsent_as_waiting(_read_counts(session, query))


def count_postponed_changes(session: Session, installation_id: int) -> int:
    """Count the posted documents that are read again before they are changed in QuickBooks.

    One of them may have changed at the source while its first version was being sent.
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


def count_all_files(session: Session, installation_id: int) -> dict[str, int]:
    """Count the files of an installation by state.

    Files that are ready or being sent count as waiting.
    """
    query = (
        select(Posting.state, func.count())
        .where(Posting.installation_id == installation_id, Posting.operation == Operation.ATTACH)
        .group_by(Posting.state)
    )
    counts: dict[str, int] = dict.fromkeys(COUNTED_FILE_STATES, 0)
    return counts | _count_unsent_as_waiting(_read_counts(session, query))


def _count_unsent_as_waiting(counts: dict[str, int]) -> dict[str, int]:
    """Return counts by state with what is ready or being sent among what waits."""
    result: dict[str, int] = {}
    for state, number in counts.items():
        name = PostingState.WAITING if state in COUNTED_AS_WAITING else state
        result[name] = result.get(name, 0) + number
    return result


def load_states_of_installation(session: Session, installation_id: int) -> dict[int, str]:
    """Return the state of each document."""
    return _load_states(session, Posting.installation_id == installation_id)


def sum_posted_by_currency(session: Session, installation_id: int) -> dict[str, dict[str, Decimal]]:
    """Add up the posted documents of all kinds by currency, as `sum_posted_by_kind` does."""
    totals: dict[str, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(SIDES, ZERO))
    for (_, currency), of_kind in sum_posted_by_kind(session, installation_id).items():
        for name in SIDES:
            totals[currency][name] += of_kind[name]
    return dict(totals)


def sum_posted_by_kind(session: Session, installation_id: int) -> KindSums:
    """Add up the posted documents: source totals, posted totals, totals in QuickBooks.

    Credits are negative. Documents that are missing in QuickBooks are included, so that their
    amount is a difference; removed ones are not. The database adds up the documents that have only
    their first posting.
    """
    totals: KindSums = defaultdict(lambda: dict.fromkeys(SIDES, ZERO))
    for kind, currency, *halves in session.execute(_select_sums_of_first_postings(installation_id)):
        for name, upper, lower in zip(SIDES, halves[::2], halves[1::2], strict=True):
            amount = Decimal(int(upper) * HALF_BASE + int(lower)).scaleb(-6)
            totals[kind, currency][name] += get_sign_of_kind(kind) * amount
    _add_others(session, installation_id, totals)
    return dict(totals)


def has_posted(session: Session, installation_id: int) -> bool:
    """Return whether anything of an installation was ever posted."""
    posted = select(Posting.id).where(
        Posting.installation_id == installation_id, Posting.state == PostingState.POSTED
    )
    first_id = session.scalar(posted.limit(1))
    return first_id is not None


def _select_documents_with_several_postings(installation_ids: Collection[int]) -> Select[int]:
    """Return a query for the documents that have more than their first posting."""
    return select(Posting.document_id).where(
        Posting.installation_id.in_(installation_ids), text(FURTHER_POSTINGS)
    )


def _select_documents_made_for_codes(installation_ids: Collection[int]) -> Select[int]:
    """Return a query for the documents that create records for codes."""
    return select(SourceDocument.id).where(
        SourceDocument.installation_id.in_(installation_ids), text(MADE_FOR_CODES)
    )


def _select_documents_counted_singly(installation_ids: Collection[int]) -> CompoundSelect[int]:
    """Return a query for the documents whose state is not that of their first posting."""
    several = _select_documents_with_several_postings(installation_ids)
    return union(several, _select_documents_made_for_codes(installation_ids))


def _select_missing_first_postings(installation_ids: Collection[int]) -> Select[int, int]:
    """Return a query for the single postings voided or deleted in QuickBooks, by installation."""
    counted_singly = _select_documents_counted_singly(installation_ids)
    companies = select(Installation.company_id).where(Installation.id.in_(installation_ids))
    return (
        select(Posting.installation_id, func.count())
        .select_from(TransactionHead)
        .join(Posting, SAME_TRANSACTION)
        .where(TransactionHead.company_id.in_(companies))
        .where(text(NOT_LIVE), *IS_FIRST_POSTING, Posting.state == PostingState.POSTED)
        .where(Posting.installation_id.in_(installation_ids))
        .where(Posting.document_id.not_in(counted_singly))
        .group_by(Posting.installation_id)
    )


def _read_counts(session: Session, query: Select[str, int]) -> dict[str, int]:
    return dict(iter(session.execute(query)))


def _load_states(session: Session, condition: ColumnElement[bool]) -> dict[int, str]:
    """Return the state of each document that has a posting which meets the condition."""
    by_document: dict[int, str] = {}
    for states_by_document in _load_states_by_installation(session, condition).values():
        by_document |= states_by_document
    return by_document


def _load_states_by_installation(
    session: Session, condition: ColumnElement[bool]
) -> dict[int, dict[int, str]]:
    """Return the states of documents by installation and document."""
    installations: dict[int, int] = {}
    states_by_document: dict[int, list[str]] = defaultdict(list)
    query = _select_counted_postings(condition).add_columns(
        Posting.installation_id, Posting.document_id, build_state_column(Posting, TransactionHead)
    )
    for _, installation_id, document_id, state in session.execute(query):
        installations[document_id] = installation_id
        states_by_document[document_id].append(state)
    by_installation: dict[int, dict[int, str]] = defaultdict(dict)
    for document_id, of_parts in states_by_document.items():
        state = min(of_parts, key=_rank_by_attention)
        by_installation[installations[document_id]][document_id] = state
    return by_installation


def _rank_by_attention(state: str) -> int:
    """Return the place of a state in the order of attention: 0 for the one that needs most."""
    return ATTENTION_ORDER.index(DocumentState(state))


def _select_sums_of_first_postings(installation_id: int) -> Select[Any]:
    """Return a query for the sums of documents with one posting.

    Each sum has two halves, because all millionths together may exceed the largest integer.
    """
    source_total = func.coalesce(SourceDocument.total, Posting.total)
    halves = []
    for amount in (source_total, Posting.posted_total, LIVE_TOTAL):
        millionths = type_coerce(amount, BigInteger)
        halves.append(func.coalesce(func.sum(millionths // HALF_BASE), 0))
        halves.append(func.coalesce(func.sum(millionths % HALF_BASE), 0))
    columns: Any = (Posting.kind, Posting.currency, *halves)
    counted_singly = _select_documents_counted_singly([installation_id])
    return (
        select(*columns)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .outerjoin(TransactionHead, SAME_TRANSACTION)
        .where(*IS_FIRST_POSTING, Posting.installation_id == installation_id)
        .where(Posting.state == PostingState.POSTED, source_total.is_not(None))
        .where(Posting.document_id.not_in(counted_singly))
        .group_by(Posting.kind, Posting.currency)
    )


def _add_others(session: Session, installation_id: int, totals: KindSums) -> None:
    """Add the documents that have more than one posting."""
    has_several = Posting.document_id.in_(
        _select_documents_with_several_postings([installation_id])
    )
    states = _load_states(session, has_several)

    with_source_total: set[int] = set()
    for row in _iter_amounts(session, has_several):
        if states.get(row.document_id) not in STATES_WITH_AMOUNTS:
            continue
        if row.source_total is None and row.total is None:
            continue
        factor = get_sign_of_kind(row.kind)
        line = totals[row.kind, row.currency]
        if row.source_total is None:
            line["source"] += factor * row.total
        elif row.document_id not in with_source_total:
            line["source"] += factor * row.source_total
        with_source_total.add(row.document_id)
        line["posted"] += factor * (row.posted_total or ZERO)
        line["quickbooks"] += factor * (row.live_total or ZERO)


def get_sign_of_kind(kind: str) -> int:
    """Return -1 for a kind of credit, whose amounts are subtracted from sums, else 1."""
    if kind in CREDIT_KINDS:
        return -1
    return 1


def apply_sign(kind: str, total: Decimal | None) -> Decimal:
    """Return a total with the sign that it has in sums: credits are negative, None is zero."""
    if total is None:
        return ZERO
    return get_sign_of_kind(kind) * total


def _select_counted_postings(condition: ColumnElement[bool]) -> Select[Any]:
    """Return a query for the postings that count for their parts, joined with their heads."""
    return (
        select(Posting.id)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .outerjoin(TransactionHead, SAME_TRANSACTION)
        .where(condition, counts_for_its_part(Posting), SourceDocument.made_for == "")
    )


def _iter_amounts(session: Session, condition: ColumnElement[bool]) -> Iterator[Row[Any]]:
    """Yield the amounts of posted documents that have several postings."""
    amounts: Any = (
        Posting.document_id,
        Posting.kind,
        Posting.currency,
        Posting.total,
        Posting.posted_total,
        SourceDocument.total.label("source_total"),
        LIVE_TOTAL.label("live_total"),
    )
    is_written = Posting.state == PostingState.POSTED, Posting.operation.not_in(REMOVALS)
    query = (
        _select_counted_postings(condition)
        .add_columns(*amounts)
        .where(*is_written)
        .order_by(Posting.id)
    )
    yield from session.execute(query)
