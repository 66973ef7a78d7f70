"""Load posted documents: the first and the last write of each, and its transaction's head."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, TypeVar

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, defer, joinedload

from hub import payloads
from hub.cases.discrepancies import Discrepancy
from hub.contract.document_kinds import LIST_KINDS
from hub.db.engine import read_only_session
from hub.models import Posting, SourceDocument, TransactionHead
from hub.models.enums import CHANGE_OPERATIONS, Operation, PostingState, TransactionState
from hub.money import ZERO
from hub.outbox.conditions import IS_FIRST_WRITE
from hub.outbox.main_posting import SAME_TRANSACTION
from hub.outbox.states import IN_FLIGHT, REMOVALS, UNSENT

CHUNK_SIZE = 500
SUMMARY_CHUNK_SIZE = 5000

WRITTEN_DATE = Posting.stored_summary["date"].as_string()


class PostedSummary(NamedTuple):
    """The columns of a posted document that reconciliation counts."""

    id: int
    document_id: int
    slug: str
    kind: str
    part: str
    currency: str
    written_date: str | None  # the date of the last write
    source_date: dt.date | None
    part_total: Decimal | None  # the total of this part, according to the source
    source_total: Decimal | None  # the total of the document, according to the source
    posted_total: Decimal | None  # the total in QuickBooks' answer to the last write
    head_state: str | None
    head_total: Decimal | None
    is_changing: bool = False  # QuickBooks may show half of a change that is under way
    is_repeated: bool = False  # it is to be created again, and was not sent yet

    @property
    def is_settled(self) -> bool:
        """Return whether no change of it is being sent and it is not to be created again."""
        return not self.is_changing and not self.is_repeated

    @property
    def period(self) -> str:
        """Return the month of the document, such as 2026-03; "" if it has no date."""
        date = self.written_date or self.source_date
        return str(date or "")[:7]

    @property
    def expected_total(self) -> Decimal | None:
        """Return the total according to the source: of this part, if the document has several."""
        if self.part or self.source_total is None:
            return self.part_total
        return self.source_total

    @property
    def discrepancy(self) -> Discrepancy:
        """Compare what QuickBooks has with the last write."""
        if self.head_state in (None, TransactionState.DELETED):
            return Discrepancy.MISSING
        if self.head_state == TransactionState.VOIDED:
            return Discrepancy.VOIDED
        if self.posted_total is not None and self.head_total != self.posted_total:
            return Discrepancy.DIFFERS
        return Discrepancy.NONE

    @property
    def quickbooks_total(self) -> Decimal:
        """Return the amount in the books; zero if the transaction is voided or not there."""
        if self.head_state != TransactionState.LIVE or self.head_total is None:
            return ZERO
        return self.head_total


# In the order of the fields of `PostedSummary`, without the last two.
SUMMARY_COLUMNS = (
    Posting.id,
    Posting.document_id,
    SourceDocument.slug,
    Posting.kind,
    Posting.part,
    Posting.currency,
    WRITTEN_DATE,
    SourceDocument.date,
    Posting.total,
    SourceDocument.total,
    Posting.posted_total,
    TransactionHead.state,
    TransactionHead.total,
)


@dataclass(frozen=True)
class PostedDocument:
    """A posted document, or a part of one, with its first and last write and its head."""

    posting: Posting  # the first write: its creation, or the first update of an existing one
    last_write: Posting
    head: TransactionHead | None
    is_changing: bool = False  # QuickBooks may show half of a change that is under way
    is_repeated: bool = False  # it is to be created again, and was not sent yet

    @property
    def is_settled(self) -> bool:
        """Return whether no change of it is being sent and it is not to be created again."""
        return self.summary.is_settled

    @property
    def key(self) -> tuple[str, str]:
        """Return the kind and id of its transaction in QuickBooks."""
        return self.posting.kind, str(self.posting.quickbooks_id)

    @property
    def summary(self) -> PostedSummary:
        """Return the columns that reconciliation counts."""
        document = self.posting.document
        return PostedSummary(
            id=self.posting.id,
            document_id=document.id,
            slug=document.slug,
            kind=self.posting.kind,
            part=self.posting.part,
            currency=self.posting.currency,
            written_date=self.last_write.summary.date or None,
            source_date=document.date,
            part_total=self.posting.total,
            source_total=document.total,
            posted_total=self.last_write.posted_total,
            head_state=self.head.state if self.head else None,
            head_total=self.head.total if self.head else None,
            is_changing=self.is_changing,
            is_repeated=self.is_repeated,
        )

    @property
    def posted_total(self) -> Decimal | None:
        """Return the total that QuickBooks answered to the last write."""
        return self.last_write.posted_total

    @property
    def discrepancy(self) -> Discrepancy:
        """Compare the head of its transaction with the last write."""
        return self.summary.discrepancy

    @property
    def is_edited(self) -> bool:
        """Return whether a compared field was edited in QuickBooks, according to the head."""
        if self.head is None:
            return False
        response = self.last_write.answer or {}
        digest = payloads.compute_content_digest(self.posting.kind, response)
        return self.head.content != digest


class _Write(NamedTuple):
    """A posted change, removal or repeated creation of a part of a document."""

    id: int
    document_id: int
    part: str
    operation: str
    posted_total: Decimal | None
    written_date: str | None


W = TypeVar("W", _Write, Posting)
WritesByPart = Mapping[tuple[int, str], Sequence[W]]


def iter_posted(company_id: int) -> Iterator[list[PostedSummary]]:
    """Yield summaries of the posted documents that were not removed, in groups."""
    query = (
        select(*SUMMARY_COLUMNS)
        .join(Posting.document)
        .outerjoin(TransactionHead, SAME_TRANSACTION)
        .where(*build_first_write_conditions(company_id), Posting.kind.not_in(LIST_KINDS))
        .order_by(Posting.id)
        .limit(SUMMARY_CHUNK_SIZE)
    )
    last_id = 0
    while True:
        with read_only_session() as session:
            rows = session.execute(query.where(Posting.id > last_id)).all()
            document_ids = [row.document_id for row in rows]
            writes = _load_writes(session, document_ids)
            changing_ids, repeated_ids = _load_unsettled_documents(session, document_ids)
        if not rows:
            return
        last_id = rows[-1].id
        summaries = []
        for row in rows:
            flags = (row.document_id in changing_ids, row.document_id in repeated_ids)
            creation = PostedSummary._make((*row, *flags))
            current = _apply_writes(creation, writes)
            if current is not None:
                summaries.append(current)
        yield summaries


def _apply_writes(creation: PostedSummary, writes: WritesByPart[_Write]) -> PostedSummary | None:
    """Return a document as its last change left it; None if it was removed or created again."""
    part_writes = writes.get((creation.document_id, creation.part), ())
    later = _list_later_writes(creation.id, part_writes)
    if _is_superseded(later):
        return None
    if not later:
        return creation
    last = later[-1]
    return creation._replace(written_date=last.written_date, posted_total=last.posted_total)


def _list_later_writes(first_id: int, writes: Sequence[W]) -> Sequence[W]:
    """Return the writes that came after the first one."""
    return [write for write in writes if write.id > first_id]


def _is_superseded(later: Sequence[_Write] | Sequence[Posting]) -> bool:
    """Return whether a transaction was removed, or another one was created in its place."""
    if any(write.operation == Operation.CREATE for write in later):
        return True
    return bool(later) and later[-1].operation in REMOVALS


def load_for_heads(
    session: Session, company_id: int, heads: Sequence[TransactionHead]
) -> list[PostedDocument]:
    """Return the posted documents whose transactions have these heads."""
    keys = {(head.kind, head.quickbooks_id) for head in heads}
    has_id = Posting.quickbooks_id.in_([id for _, id in keys])
    # Transactions of different kinds may share an id.
    documents = load_posted(session, company_id, [has_id], limit=len(keys) * 4)
    return [document for document in documents if document.key in keys]


def lock_and_load(session: Session, company_id: int, posting_id: int) -> PostedDocument | None:
    """Load a posted document again and lock its postings until the transaction ends.

    Return None if it was removed.
    """
    same_document = select(Posting.document_id).where(Posting.id == posting_id).scalar_subquery()
    query = select(Posting.id).where(Posting.document_id == same_document).order_by(Posting.id)
    session.execute(query.with_for_update()).all()
    documents = load_posted(session, company_id, [Posting.id == posting_id])
    return documents[0] if documents else None


def build_first_write_conditions(company_id: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that select the first posting of each posted document."""
    return (
        Posting.company_id == company_id,
        Posting.state == PostingState.POSTED,
        IS_FIRST_WRITE,
    )


def iter_documents(
    session: Session, company_id: int, conditions: Sequence[ColumnElement[bool]]
) -> Iterator[PostedDocument]:
    """Yield the posted documents of a selection of first writes, loaded in chunks."""
    last_id = 0
    while True:
        later = [*conditions, Posting.id > last_id]
        rows = _load_first_writes(session, company_id, later, CHUNK_SIZE)
        if not rows:
            return
        last_id = rows[-1][0].id
        yield from _build_current_documents(session, rows)


def load_posted(
    session: Session,
    company_id: int,
    conditions: Sequence[ColumnElement[bool]],
    limit: int = CHUNK_SIZE,
) -> list[PostedDocument]:
    """Load the posted documents of a selection of first writes, without those that were removed."""
    return _build_current_documents(
        session, _load_first_writes(session, company_id, conditions, limit)
    )


def _load_first_writes(
    session: Session, company_id: int, conditions: Sequence[ColumnElement[bool]], limit: int
) -> list[tuple[Posting, TransactionHead | None]]:
    """Load first writes, oldest first, each with the head of its transaction."""
    query = (
        select(Posting, TransactionHead)
        .outerjoin(TransactionHead, SAME_TRANSACTION)
        .where(*build_first_write_conditions(company_id), *conditions)
        .order_by(Posting.id)
        .limit(limit)
        .options(joinedload(Posting.document), defer(Posting.payload))
        .execution_options(populate_existing=True)
    )
    return [(posting, head) for posting, head in session.execute(query)]


def _build_current_documents(
    session: Session, rows: Sequence[tuple[Posting, TransactionHead | None]]
) -> list[PostedDocument]:
    """Return the documents of these first writes that were neither removed nor created again."""
    document_ids = [posting.document_id for posting, _ in rows]
    writes = _load_write_postings(session, document_ids)
    changing_ids, repeated_ids = _load_unsettled_documents(session, document_ids)
    documents = []
    for posting, head in rows:
        if posting.kind in LIST_KINDS:
            continue
        part_writes = writes.get((posting.document_id, posting.part), ())
        later = _list_later_writes(posting.id, part_writes)
        if _is_superseded(later):
            continue
        last_write = later[-1] if later else posting
        document = PostedDocument(
            posting,
            last_write,
            head,
            is_changing=posting.document_id in changing_ids,
            is_repeated=posting.document_id in repeated_ids,
        )
        documents.append(document)
    return documents


def _load_unsettled_documents(
    session: Session, document_ids: Sequence[int]
) -> tuple[set[int], set[int]]:
    """Return the documents that are being changed, and those that are to be created again."""
    is_in_flight = Posting.state.in_(IN_FLIGHT)
    is_created_again = and_(
        Posting.operation == Operation.CREATE,
        Posting.generation > 0,
        Posting.state.in_(UNSENT),
    )
    query = select(Posting.document_id, is_in_flight).where(
        Posting.document_id.in_(document_ids),
        or_(is_in_flight, is_created_again),
        Posting.operation != Operation.ATTACH,
    )
    changing_ids: set[int] = set()
    repeated_ids: set[int] = set()
    for document_id, is_changing in session.execute(query):
        if is_changing:
            changing_ids.add(document_id)
        else:
            repeated_ids.add(document_id)
    return changing_ids, repeated_ids


def _load_writes(session: Session, document_ids: Sequence[int]) -> WritesByPart[_Write]:
    """Load the columns of what was written after the first write of these documents."""
    query = select(
        Posting.id,
        Posting.document_id,
        Posting.part,
        Posting.operation,
        Posting.posted_total,
        WRITTEN_DATE,
    ).where(*_build_later_write_conditions(document_ids))
    return _group_by_part(_Write(*row) for row in session.execute(query.order_by(Posting.id)))


def _load_write_postings(session: Session, document_ids: Sequence[int]) -> WritesByPart[Posting]:
    """Load the postings that wrote these documents after the first one."""
    query = (
        select(Posting)
        .where(*_build_later_write_conditions(document_ids))
        .options(defer(Posting.payload))
        .order_by(Posting.id)
    )
    return _group_by_part(session.scalars(query))


def _build_later_write_conditions(document_ids: Sequence[int]) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for posted changes, removals and repeated creations of documents."""
    is_repeated_creation = and_(Posting.operation == Operation.CREATE, Posting.generation > 0)
    return (
        Posting.document_id.in_(document_ids),
        Posting.state == PostingState.POSTED,
        or_(Posting.operation.in_(CHANGE_OPERATIONS), is_repeated_creation),
    )


def _group_by_part(writes: Iterable[W]) -> WritesByPart[W]:
    """Group writes by the part of a document that they write, in the same order."""
    groups: dict[tuple[int, str], list[W]] = defaultdict(list)
    for write in writes:
        groups[write.document_id, write.part].append(write)
    return groups
