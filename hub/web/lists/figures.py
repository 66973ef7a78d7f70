"""Numbers and amounts of documents: those that wait for a person, and those posted lately."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
    exists,
    func,
    not_,
    or_,
    select,
    text,
    type_coerce,
)
from sqlalchemy.orm import Session, aliased

from hub.cases import inbox
from hub.contract.document_kinds import LIST_KINDS
from hub.db.bulk import is_among
from hub.models import Case, ConnectedCompany, Posting, SourceDocument, case_posting
from hub.models.enums import DocumentState, Operation, PostingState
from hub.models.postings import FURTHER_POSTINGS, OPEN_CONDITION, POSTED_CONDITION, REREAD_DOCUMENTS
from hub.money import ZERO
from hub.outbox.currencies import currency_or_home
from hub.outbox.states import REMOVALS
from hub.outbox.sums import get_sign_of_kind, join_halves, sum_halves

# The states of OPEN_CONDITION; if the parts of a document have several, the first one counts.
OPEN_STATES = (DocumentState.UNKNOWN, DocumentState.HELD, DocumentState.REVIEW)

ATTENTION_STATES = (DocumentState.UNKNOWN, DocumentState.HELD)


@dataclass
class Figure:
    """A number of documents, and the sum of their amounts by currency; credits are subtracted.

    `without_amount` is how many of the documents have no known amount.
    """

    count: int = 0
    without_amount: int = 0
    amounts: dict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))

    def add(self, count: int, kind: str, currency: str, amount: Decimal) -> None:
        """Add documents of one kind and currency, and the sum of their amounts."""
        self.count += count
        if amount:
            self.amounts[currency] += get_sign_of_kind(kind) * amount

    def include(self, other: "Figure") -> None:
        """Add the documents of another figure."""
        self.count += other.count
        self.without_amount += other.without_amount
        for currency, amount in other.amounts.items():
            self.amounts[currency] += amount


@dataclass
class PostedFigures:
    """The documents that an app posted today and in this month."""

    today: Figure = field(default_factory=Figure)
    month: Figure = field(default_factory=Figure)


def open_figures(
    session: Session,
    installations: Select[Any] | Collection[int],
    left_out_ids: Collection[int] = (),
) -> dict[DocumentState, Figure]:
    """Return number and amount of the documents in each of the open states, some left out.

    In most of these documents only the first posting is open. They are counted by an index that
    contains all columns that are read. Documents with other open postings are counted one by one.
    """
    other_ids = _find_with_other_postings(session, installations)
    counted_ids = list(set(other_ids).difference(left_out_ids))
    params = {"others": [*other_ids, *left_out_ids], "counted": counted_ids}
    queries = [_sum_first_postings(installations), _sum_without_currency(installations)]
    if counted_ids:
        queries.append(_sum_documents_with_other_postings())
    figures = {state: Figure() for state in OPEN_STATES}
    for query in queries:
        for row in session.execute(query, params):
            rank, kind, currency, without_amount, count, *halves = row
            figure = figures[OPEN_STATES[rank]]
            figure.add(count, kind, currency, join_halves(*halves))
            figure.without_amount += without_amount
    return figures


def sum_attention(
    session: Session,
    installations: Select[Any] | Collection[int],
    open_documents: Mapping[DocumentState, Figure],
    *,
    has_snoozed: bool,
) -> Figure:
    """Return number and amount of the documents that need attention.

    They are those that are held or in doubt, of `open_documents`, and those that cannot be read;
    if there are snoozed cases, without the documents that only these stop.
    """
    snoozed_ids = _find_snoozed_ids(session, installations) if has_snoozed else []
    if snoozed_ids:
        open_documents = open_figures(session, installations, snoozed_ids)
    total = Figure()
    for state in ATTENTION_STATES:
        total.include(open_documents[state])
    amount = type_coerce(SourceDocument.total, BigInteger)
    groups = SourceDocument.kind, currency_or_home(SourceDocument.currency)
    has_open_posting = exists().where(Posting.document_id == SourceDocument.id, _is_open())
    unreadable = (
        select(*groups, *_sum_amounts(amount))
        .select_from(SourceDocument)
        .outerjoin(ConnectedCompany, ConnectedCompany.id == SourceDocument.company_id)
        .where(
            text(REREAD_DOCUMENTS),
            SourceDocument.unreadable != "",
            SourceDocument.installation_id.in_(installations),
            ~has_open_posting,
        )
        .group_by(*groups)
    )
    if snoozed_ids:
        unreadable = unreadable.where(not_(is_among(SourceDocument.id, "snoozed")))
    rows = session.execute(unreadable, {"snoozed": snoozed_ids})
    for kind, currency, without_amount, count, *halves in rows:
        total.add(count, kind, currency, join_halves(*halves))
        total.without_amount += without_amount
    return total


def _find_snoozed_ids(session: Session, installations: Select[Any] | Collection[int]) -> list[int]:
    """Return the ids of the documents that snoozed cases stop, and no other open case."""
    stopped_documents = (
        select(Posting.document_id)
        .join(case_posting, case_posting.c.posting_id == Posting.id)
        .join(Case, Case.id == case_posting.c.case_id)
        .where(Case.closed_at.is_(None), Posting.installation_id.in_(installations))
    )
    snoozed_ids = set(session.scalars(stopped_documents.where(~inbox.is_awake())))
    if not snoozed_ids:
        return []
    of_snoozed = is_among(Posting.document_id, "documents")
    awake = stopped_documents.where(inbox.is_awake(), of_snoozed)
    return list(snoozed_ids.difference(session.scalars(awake, {"documents": list(snoozed_ids)})))


def count_records_in_review(
    session: Session, installations: Select[Any] | Collection[int]
) -> dict[str, int]:
    """Return by kind how many suppliers, customers and items made for codes are to be approved."""
    query = (
        select(Posting.kind, func.count())
        .where(
            Posting.installation_id.in_(installations),
            _is_open(),
            Posting.state == DocumentState.REVIEW,
            Posting.kind.in_(LIST_KINDS),
            not_(_is_no_made_record()),
        )
        .group_by(Posting.kind)
    )
    counts: dict[str, int] = {}
    for kind, count in session.execute(query):
        counts[kind] = count
    return counts


def _find_with_other_postings(
    session: Session, installations: Select[Any] | Collection[int]
) -> list[int]:
    """Return the ids of documents with an open posting that is not their first one."""
    query = select(Posting.document_id).where(
        Posting.installation_id.in_(installations),
        Posting.state.in_(OPEN_STATES),
        text(FURTHER_POSTINGS),
    )
    return list(session.scalars(query.distinct()))


def _sum_first_postings(installations: Select[Any] | Collection[int]) -> Select[Any]:
    """Return the query for the sums of the documents of which only the first posting is open.

    The parameter `others` has the ids of the other documents, and of those left out. The total of a
    posting is that of the document in cents. The document is only read if the posting has no total,
    and for suppliers, customers and items, because those created for codes do not count.
    """
    document = select(SourceDocument.total).where(SourceDocument.id == Posting.document_id)
    document_total = type_coerce(document.scalar_subquery(), BigInteger)
    amount = func.coalesce(type_coerce(Posting.total, BigInteger), document_total)
    rank = _rank_of_state().label("rank")
    return (
        select(rank, Posting.kind, Posting.currency, *_sum_amounts(amount))
        .where(
            Posting.installation_id.in_(installations),
            Posting.currency != "",
            *_are_only_open_postings(),
            _is_no_made_record(),
        )
        .group_by(rank, Posting.kind, Posting.currency)
    )


def _sum_without_currency(installations: Select[Any] | Collection[int]) -> Select[Any]:
    """Return the query for the sums of the documents whose only open posting has no currency.

    They are held before they could be planned, and are few. The parameter is that of
    `_sum_first_postings`.
    """
    rank = _rank_of_state().label("rank")
    currency = currency_or_home(SourceDocument.currency)
    amount = func.coalesce(
        type_coerce(Posting.total, BigInteger), type_coerce(SourceDocument.total, BigInteger)
    )
    return (
        select(rank, Posting.kind, currency, *_sum_amounts(amount))
        .select_from(Posting)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .outerjoin(ConnectedCompany, ConnectedCompany.id == SourceDocument.company_id)
        .where(
            Posting.installation_id.in_(installations),
            Posting.currency == "",
            *_are_only_open_postings(),
            or_(Posting.kind.not_in(LIST_KINDS), SourceDocument.made_for == ""),
        )
        .group_by(rank, Posting.kind, currency)
    )


def _are_only_open_postings() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of first postings of documents that have no other open posting."""
    return (
        _is_open(),
        Posting.operation == Operation.CREATE,
        not_(is_among(Posting.document_id, "others")),
    )


def _sum_documents_with_other_postings() -> Select[Any]:
    """Return the query for the sums of the documents with the ids in the parameter `counted`.

    A removal that waits for approval adds no amount, as on the page Review.
    """
    is_removal = (Posting.state == DocumentState.REVIEW) & Posting.operation.in_(REMOVALS)
    open_postings = (
        select(
            Posting.document_id,
            func.min(_rank_of_state()).label("rank"),
            func.min(Posting.kind).label("kind"),
            func.min(Posting.currency).label("currency"),
            func.sum(type_coerce(Posting.total, BigInteger)).label("planned"),
            func.min(case((is_removal, 1), else_=0)).label("is_removed"),
        )
        .where(
            is_among(Posting.document_id, "counted"),
            _is_open(),
            Posting.operation != Operation.ATTACH,
        )
        .group_by(Posting.document_id)
        .subquery()
    )
    documents = open_postings.c
    currency = currency_or_home(SourceDocument.currency, documents.currency)
    own_amount = func.coalesce(type_coerce(SourceDocument.total, BigInteger), documents.planned)
    amount = case((documents.is_removed == 1, 0), else_=own_amount)
    columns = documents.rank, documents.kind, currency
    return (
        select(*columns, *_sum_amounts(amount))
        .select_from(open_postings)
        .join(SourceDocument, SourceDocument.id == documents.document_id)
        .outerjoin(ConnectedCompany, ConnectedCompany.id == SourceDocument.company_id)
        .where(SourceDocument.made_for == "")
        .group_by(*columns)
    )


def _is_open() -> ColumnElement[bool]:
    """Return the condition of open postings as their index has it."""
    return text(f"posting.{OPEN_CONDITION}")  # type: ignore[return-value]


def _rank_of_state() -> ColumnElement[int]:
    """Return the place of the state of a posting in `OPEN_STATES`."""
    return case(*[(Posting.state == state, rank) for rank, state in enumerate(OPEN_STATES)])


def load_posted_figures(
    session: Session, installation_ids: Collection[int], today: dt.datetime, month: dt.datetime
) -> dict[int, PostedFigures]:
    """Return numbers and sums that installations posted since two moments, in one query.

    An index leads to the postings of the month of each installation. A document that was posted
    again after it had left QuickBooks counts once, as it was posted last.
    """
    in_month = (
        *is_posted_document(),
        Posting.changed_at >= month,
        Posting.installation_id.in_(installation_ids),
    )
    is_repeated = case((Posting.generation > 0, 1), else_=0)
    groups = _build_posted_groups(today)
    figures: dict[int, PostedFigures] = defaultdict(PostedFigures)
    has_repeated = False
    sums = _sum_posted(groups).add_columns(is_repeated).where(*in_month)
    for *row, of_repeated in session.execute(sums.group_by(*groups, is_repeated)):
        has_repeated = has_repeated or bool(of_repeated)
        _add_posted(figures, row)
    if has_repeated:
        earlier_ids = list(session.scalars(_select_earlier_ids(in_month, month)))
        replaced_sums = _sum_posted(groups).where(is_among(Posting.id, "earlier")).group_by(*groups)
        for replaced_row in session.execute(replaced_sums, {"earlier": earlier_ids}):
            _add_posted(figures, replaced_row, sign=-1)
    return figures


def _build_posted_groups(today: dt.datetime) -> tuple[Any, ...]:
    """Return the columns by which posted documents are added up."""
    is_today = case((Posting.changed_at >= today, 1), else_=0)
    return Posting.installation_id, is_today, Posting.kind, Posting.currency


def _sum_posted(groups: Sequence[Any]) -> Select[Any]:
    """Return a query for the number and the amounts of posted documents, by groups."""
    amount = func.coalesce(
        type_coerce(Posting.posted_total, BigInteger), type_coerce(Posting.total, BigInteger), 0
    )
    count = func.count(Posting.document_id.distinct())
    return select(*groups, count, *sum_halves(amount))


def _add_posted(figures: dict[int, PostedFigures], row: Sequence[Any], sign: int = 1) -> None:
    """Add a row of `_sum_posted` to the figures of its installation, or subtract it."""
    installation_id, of_today, kind, currency, number, upper, lower = row
    of_app = figures[installation_id]
    for figure in (of_app.month, of_app.today) if of_today else (of_app.month,):
        figure.add(sign * number, kind, currency, sign * join_halves(upper, lower))


def _select_earlier_ids(in_month: Sequence[ColumnElement[bool]], month: dt.datetime) -> Select[int]:
    """Return a query for the postings of a month that another one of the month has replaced."""
    earlier = aliased(Posting)
    is_earlier = (
        earlier.document_id == Posting.document_id,
        earlier.part == Posting.part,
        earlier.operation == Operation.CREATE,
        earlier.state == PostingState.POSTED,
        earlier.changed_at >= month,
        earlier.id < Posting.id,
    )
    query = select(earlier.id).select_from(Posting).join(earlier, and_(*is_earlier))
    return query.where(*in_month, Posting.generation > 0).distinct()


def is_posted_document() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of postings that created a document in QuickBooks.

    Only of suppliers, customers and items the document is looked up: those made for codes do not
    count.
    """
    return (
        text(f"posting.{POSTED_CONDITION}"),  # type: ignore[return-value]
        Posting.operation == Operation.CREATE,
        _is_no_made_record(),
    )


def _is_no_made_record() -> ColumnElement[bool]:
    """Return the condition that a posting does not create a record for a code."""
    made_for = (
        select(SourceDocument.made_for)
        .where(SourceDocument.id == Posting.document_id)
        .scalar_subquery()
    )
    return or_(Posting.kind.not_in(LIST_KINDS), made_for == "")


def _sum_amounts(amount: Any) -> tuple[ColumnElement[Any], ...]:
    """Return how many rows have no amount, how many rows there are, and the sum in halves."""
    return func.count() - func.count(amount), func.count(), *sum_halves(amount)
