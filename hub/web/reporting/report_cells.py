"""The documents that make up one number of the reports: their list, their sum and their rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from hub.models import Posting, SourceDocument, TransactionHead
from hub.models.enums import DocumentState
from hub.money import ZERO
from hub.outbox.main_posting import build_state_column
from hub.outbox.sums import apply_sign
from hub.web.reporting.report_tables import (
    AUTOMATIC,
    Group,
    Month,
    Sum,
    build_amount_column,
    build_group_column,
    build_year_conditions,
    select_parts,
)


@dataclass(frozen=True)
class Cell:
    """A number of the control totals; an amount without a currency is in the `home` currency."""

    period: Month
    installation_id: int
    currency: str
    group: Group
    home: str

    @property
    def year(self) -> int:
        """Return the year of the report that has the number."""
        return self.period.year

    def conditions(self) -> tuple[ColumnElement[bool], ...]:
        """Return the conditions of the parts of documents that the number counts."""
        return (
            SourceDocument.installation_id == self.installation_id,
            self.period.contains_date(),
            _has_currency(self.currency, self.home),
            build_group_column() == self.group,
        )


@dataclass(frozen=True)
class ApproverCell:
    """The approvals of a person in a year, or in one month of it, in one currency.

    Without a person, it is what was posted automatically.
    """

    who: str
    year: int
    currency: str
    home: str
    period: Month | None = None

    def conditions(self) -> tuple[ColumnElement[bool], ...]:
        """Return the conditions of the parts of documents that the number counts."""
        return (
            *self._build_date_conditions(),
            func.coalesce(Posting.approved_by, AUTOMATIC) == self.who,
            _has_currency(self.currency, self.home),
            build_state_column(Posting, TransactionHead) == DocumentState.POSTED,
        )

    def _build_date_conditions(self) -> tuple[ColumnElement[bool], ...]:
        """Return the conditions of the dates of the documents."""
        if self.period is None:
            return build_year_conditions(self.year)
        return (self.period.contains_date(),)


AnyCell = Cell | ApproverCell


class CellRow(NamedTuple):
    """A document of a number of the reports, with the amount that it adds."""

    document: SourceDocument
    kind: str
    state: str
    amount: Decimal


def select_documents(cell: AnyCell, documents: Any) -> Select[Any]:
    """Return the query for the ids of the documents that make up a number of the reports."""
    keys = SourceDocument.date, SourceDocument.id
    query = select_parts(SourceDocument.id).where(*documents, *cell.conditions())
    return query.group_by(*keys)


def load_sum(session: Session, cell: AnyCell, documents: Any) -> Sum:
    """Return a number of the reports and its amount."""
    query = select_parts(
        Posting.kind, func.count(Posting.document_id.distinct()), build_amount_column()
    )
    query = query.where(*documents, *cell.conditions()).group_by(Posting.kind)
    total = Sum()
    for kind, count, amount in session.execute(query):
        total.add(count, apply_sign(kind, amount))
    return total


def load_rows(session: Session, cell: AnyCell, ids: Sequence[int]) -> list[CellRow]:
    """Return documents of a cell by their ids, in this order, in two queries.

    A document that has left the cell since its id was read is left out.
    """
    keys = SourceDocument.id, Posting.kind
    state = func.min(build_state_column(Posting, TransactionHead))
    query = select_parts(*keys, state, build_amount_column()).where(
        SourceDocument.id.in_(ids), *cell.conditions()
    )
    of_ids = select(SourceDocument).where(SourceDocument.id.in_(ids))
    documents = {document.id: document for document in session.scalars(of_ids)}
    rows: dict[int, CellRow] = {}
    for document_id, kind, state_name, amount in session.execute(query.group_by(*keys)):
        earlier = rows[document_id].amount if document_id in rows else ZERO
        total = earlier + apply_sign(kind, amount)
        rows[document_id] = CellRow(documents[document_id], kind, state_name, total)
    return [rows[document_id] for document_id in ids if document_id in rows]


def _has_currency(currency: str, home: str) -> ColumnElement[bool]:
    """Return the condition of a currency; postings without one are in the home currency."""
    return Posting.currency.in_([currency, ""] if currency == home else [currency])
