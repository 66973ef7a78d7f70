"""Add up a company's documents for its reports: control totals, approvals, ages."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, case, extract, func, select
from sqlalchemy.orm import Session

from hub.models import Installation, Posting, SourceDocument, TransactionHead
from hub.models.enums import DocumentState
from hub.money import ZERO
from hub.outbox.main_posting import SAME_TRANSACTION, counts_for_its_part, state_column
from hub.outbox.statistics import sign
from hub.posting.protocol.history import LIST_KINDS
from hub.translations.messages import gettext_noop

ATTENTION = (DocumentState.HELD, DocumentState.REVIEW, DocumentState.UNKNOWN)
LOST = (DocumentState.MISSING, DocumentState.REMOVED)
# The ages of what waits, in days: up to each of them, and the rest.
AGES = (7, 30, 60)
AGE_LABELS = (
    gettext_noop("up to 7 days"),
    "8 to 30 days",
    "31 to 60 days",
    gettext_noop("more than 60 days"),
)
AUTOMATIC = ""


class Period(NamedTuple):
    """A month."""

    year: int
    month: int

    @property
    def first_day(self) -> dt.date:
        """Return the first day of the month."""
        return dt.date(self.year, self.month, 1)

    @property
    def last_day(self) -> dt.date:
        """Return the last day of the month."""
        next_month = self.first_day + dt.timedelta(days=31)
        return next_month.replace(day=1) - dt.timedelta(days=1)


@dataclass
class Sum:
    """A number of documents and the sum of their amounts in one currency."""

    count: int = 0
    amount: Decimal = ZERO

    def add(self, count: int, amount: Decimal) -> None:
        """Add documents."""
        self.count += count
        self.amount += amount


@dataclass
class ControlTotal:
    """What one app has posted of the documents of one month and currency, and what it has not."""

    period: Period
    installation_id: int
    slug: str
    currency: str
    posted: Sum = field(default_factory=Sum)
    attention: Sum = field(default_factory=Sum)
    lost: Sum = field(default_factory=Sum)
    other: Sum = field(default_factory=Sum)

    def sum_for(self, state: str) -> Sum:
        """Return the sum that documents of a state belong to."""
        if state == DocumentState.POSTED:
            return self.posted
        if state in ATTENTION:
            return self.attention
        return self.lost if state in LOST else self.other


class Approved(NamedTuple):
    """What one person approved and was posted, in one currency; `who` is empty for automatic."""

    who: str
    currency: str
    documents: int
    amount: Decimal


class Waiting(NamedTuple):
    """What waits for a person in one app and currency, by age."""

    installation_id: int
    slug: str
    currency: str
    ages: Sequence[Sum]


def control_totals(session: Session, documents: Any, year: int, home: str) -> list[ControlTotal]:
    """Return the totals by month, app and currency, the newest month first.

    `documents` are the conditions of the documents; those of other years do not count. Amounts
    without a currency are in the `home` currency.
    """
    state = state_column(Posting, TransactionHead)
    month = extract("month", SourceDocument.date)
    keys = (
        month,
        Installation.id,
        Installation.slug,
        Posting.currency,
        Posting.kind,
        state,
    )
    query = _parts(*keys, func.count(Posting.document_id.distinct()), _total())
    query = query.where(*documents, *_of_year(year)).group_by(*keys)
    totals: dict[tuple[int, int, str], ControlTotal] = {}
    for number, installation_id, slug, currency, kind, name, count, amount in session.execute(
        query
    ):
        key = int(number), installation_id, currency or home
        total = totals.get(key)
        if total is None:
            period = Period(year, int(number))
            total = ControlTotal(period, installation_id, slug, currency or home)
            totals[key] = total
        total.sum_for(name).add(count, sign(kind) * (amount or ZERO))
    return [totals[key] for key in sorted(totals, key=lambda key: (-key[0], *key[1:]))]


def approvals(session: Session, documents: Any, year: int, home: str) -> list[Approved]:
    """Return who approved what was posted, the largest number first."""
    who = func.coalesce(Posting.approved_by, AUTOMATIC)
    state = state_column(Posting, TransactionHead)
    keys = (who, Posting.currency, Posting.kind)
    query = _parts(*keys, func.count(Posting.document_id.distinct()), _total())
    query = query.where(*documents, *_of_year(year), state == DocumentState.POSTED)
    sums: dict[tuple[str, str], Sum] = defaultdict(Sum)
    for name, currency, kind, count, amount in session.execute(query.group_by(*keys)):
        sums[name, currency or home].add(count, sign(kind) * (amount or ZERO))
    rows = [Approved(*key, one.count, one.amount) for key, one in sums.items()]
    return sorted(rows, key=lambda row: (-row.documents, row.who, row.currency))


def waiting(session: Session, documents: Any, today: dt.datetime, home: str) -> list[Waiting]:
    """Return what waits for a person, by app, currency and the days since the hub planned it."""
    age = case(*_ages(today), else_=len(AGES))
    keys = (Installation.id, Installation.slug, Posting.currency, Posting.kind, age)
    query = _parts(*keys, func.count(Posting.document_id.distinct()), _total())
    query = query.where(*documents, Posting.state.in_(ATTENTION)).group_by(*keys)
    sums: dict[tuple[int, str, str], list[Sum]] = {}
    for installation_id, slug, currency, kind, place, count, amount in session.execute(query):
        key = installation_id, slug, currency or home
        ages = sums.setdefault(key, [Sum() for _ in AGE_LABELS])
        ages[place].add(count, sign(kind) * (amount or ZERO))
    return [Waiting(*key, ages) for key, ages in sorted(sums.items())]


def years(session: Session, documents: Any) -> list[int]:
    """Return the years from the first to the last date of the documents, the newest first."""
    dates = select(func.min(SourceDocument.date), func.max(SourceDocument.date))
    first, last = session.execute(dates.where(*documents)).one()
    if first is None or last is None:
        return []
    return list(range(last.year, first.year - 1, -1))


def _parts(*columns: Any) -> Select[Any]:
    """Return a query for the postings that count for the parts of documents with an amount."""
    return (
        select(*columns)
        .select_from(SourceDocument)
        .join(Posting, Posting.document_id == SourceDocument.id)
        .join(Installation, Installation.id == SourceDocument.installation_id)
        .outerjoin(TransactionHead, SAME_TRANSACTION)
        .where(counts_for_its_part(Posting), Posting.kind.not_in(LIST_KINDS))
    )


def _of_year(year: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of documents dated in a year."""
    first_day, last_day = dt.date(year, 1, 1), dt.date(year, 12, 31)
    return SourceDocument.date >= first_day, SourceDocument.date <= last_day


def _total() -> ColumnElement[Any]:
    """Return the sum of the amounts, as QuickBooks answered them or else as planned."""
    return func.sum(func.coalesce(Posting.posted_total, Posting.total))


def _ages(today: dt.datetime) -> list[tuple[Any, int]]:
    """Return the conditions of the ages, youngest first."""
    conditions = []
    for place, days in enumerate(AGES):
        is_younger = Posting.created_at >= today - dt.timedelta(days=days + 1)
        conditions.append((is_younger, place))
    return conditions
