"""Numbers and amounts of documents: those that wait for a person, and those posted lately."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    case,
    func,
    literal_column,
    or_,
    select,
    text,
    type_coerce,
)
from sqlalchemy.orm import Session

from hub.models import Posting, SourceDocument
from hub.models.enums import LIST_KINDS, DocumentState, Operation
from hub.models.postings import OPEN, POSTED
from hub.money import ZERO
from hub.outbox.statistics import HALF_BASE, sign

# The states of the condition OPEN; of a document's parts, the state that stands first here counts.
OPEN_STATES = (DocumentState.UNKNOWN, DocumentState.HELD, DocumentState.REVIEW)


@dataclass
class Figure:
    """A number of documents, and the sum of their amounts by currency; credits are subtracted."""

    count: int = 0
    amounts: dict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))

    def add(self, count: int, kind: str, currency: str, halves: Collection[Any]) -> None:
        """Add documents of one kind and currency; their sum comes in two halves of millionths."""
        upper, lower = halves
        amount = Decimal(int(upper) * HALF_BASE + int(lower)).scaleb(-6)
        self.count += count
        if amount:
            self.amounts[currency] += sign(kind) * amount


@dataclass
class PostedFigures:
    """What an app posted today and in this month."""

    today: Figure = field(default_factory=Figure)
    month: Figure = field(default_factory=Figure)


def open_figures(
    session: Session, installations: Select[Any] | Collection[int]
) -> dict[DocumentState, Figure]:
    """Return number and amount of the documents in each of the open states, in one query."""
    ranks = [(Posting.state == state, rank) for rank, state in enumerate(OPEN_STATES)]
    # The sum keeps SQLite from reading all postings in the order of their documents.
    document_id = literal_column("posting.document_id + 0", Integer).label("document_id")
    open_documents = (
        select(
            document_id,
            func.min(case(*ranks)).label("rank"),
            func.min(Posting.kind).label("kind"),
            func.min(Posting.currency).label("currency"),
            func.sum(type_coerce(Posting.total, BigInteger)).label("planned"),
        )
        .where(
            Posting.installation_id.in_(installations),
            text(f"posting.{OPEN}"),
            Posting.operation != Operation.ATTACH,
        )
        .group_by(document_id)
        .subquery()
    )
    columns = open_documents.c
    currency = func.coalesce(func.nullif(SourceDocument.currency, ""), columns.currency)
    amount = func.coalesce(type_coerce(SourceDocument.total, BigInteger), columns.planned, 0)
    query = (
        select(columns.rank, columns.kind, currency, *sum_halves(amount))
        .join(SourceDocument, SourceDocument.id == columns.document_id)
        .where(SourceDocument.made_for == "")
        .group_by(columns.rank, columns.kind, currency)
    )
    figures = {state: Figure() for state in OPEN_STATES}
    for rank, kind, currency_code, count, *halves in session.execute(query):
        figures[OPEN_STATES[rank]].add(count, kind, currency_code, halves)
    return figures


def posted_figures(
    session: Session, installation_ids: Collection[int], today: dt.datetime, month: dt.datetime
) -> dict[int, PostedFigures]:
    """Return what each of some installations posted since two moments, in one query.

    An index leads to the postings of the month of each installation.
    """
    is_today = case((Posting.changed_at >= today, 1), else_=0)
    amount = func.coalesce(
        type_coerce(Posting.posted_total, BigInteger), type_coerce(Posting.total, BigInteger), 0
    )
    count = func.count(Posting.document_id.distinct())
    query = (
        select(Posting.installation_id, is_today, Posting.kind, Posting.currency, count)
        .add_columns(*sum_halves(amount)[1:])
        .where(*is_posted_document(), Posting.changed_at >= month)
        .where(Posting.installation_id.in_(installation_ids))
        .group_by(Posting.installation_id, is_today, Posting.kind, Posting.currency)
    )
    figures: dict[int, PostedFigures] = defaultdict(PostedFigures)
    for installation_id, of_today, kind, currency, number, *halves in session.execute(query):
        figures[installation_id].month.add(number, kind, currency, halves)
        if of_today:
            figures[installation_id].today.add(number, kind, currency, halves)
    return figures


def is_posted_document() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of postings that created a document in QuickBooks.

    Only of suppliers, customers and items the document is looked up: those made for codes do not
    count.
    """
    made_for = (
        select(SourceDocument.made_for)
        .where(SourceDocument.id == Posting.document_id)
        .scalar_subquery()
    )
    return (
        text(f"posting.{POSTED}"),  # type: ignore[return-value]
        Posting.operation == Operation.CREATE,
        or_(Posting.kind.not_in(LIST_KINDS), made_for == ""),
    )


def sum_halves(amount: Any) -> tuple[ColumnElement[Any], ...]:
    """Return a count of rows, and the sum of their amounts in millionths in two halves.

    A sum may exceed the largest integer of the database, its halves do not.
    """
    millionths = func.coalesce(type_coerce(amount, BigInteger), 0)
    upper = func.coalesce(func.sum(millionths // HALF_BASE), 0)
    lower = func.coalesce(func.sum(millionths % HALF_BASE), 0)
    return func.count(), upper, lower
