"""Add up a company's documents for its reports: control totals, approvals, ages."""

import calendar
import datetime as dt
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Float,
    Select,
    case,
    exists,
    extract,
    func,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session, aliased

from hub.contract.document_kinds import LIST_KINDS
from hub.models import Installation, Posting, SourceDocument, TransactionHead
from hub.models.enums import DocumentState, Operation, PostingState
from hub.money import ZERO, round_amount
from hub.outbox.main_posting import SAME_TRANSACTION, build_state_column, counts_for_its_part
from hub.outbox.states import DEPARTED
from hub.outbox.sums import apply_sign
from hub.translations.messages import gettext_noop

ATTENTION_STATES = (DocumentState.HELD, DocumentState.REVIEW, DocumentState.UNKNOWN)
# The ages of what waits, in days: up to each of them, and the rest.
AGE_LIMITS_IN_DAYS = (7, 30, 60)
AGE_LABELS = (
    gettext_noop("up to 7 days"),
    gettext_noop("8 to 30 days"),
    gettext_noop("31 to 60 days"),
    gettext_noop("more than 60 days"),
)
# The ages on the axis of a chart, where there is little room; d stands for days.
SHORT_AGE_LABELS = (
    gettext_noop("≤ 7 d"),
    gettext_noop("8–30 d"),
    gettext_noop("31–60 d"),
    gettext_noop("> 60 d"),
)
# The times from the source to the books, in hours: up to each of them, and the rest.
DELAY_LIMITS_IN_HOURS = (1, 24, 72, 168)
DELAY_LABELS = (
    gettext_noop("up to 1 hour"),
    gettext_noop("1 to 24 hours"),
    gettext_noop("1 to 3 days"),
    gettext_noop("3 to 7 days"),
    gettext_noop("more than 7 days"),
)
SHORT_DELAY_LABELS = (
    gettext_noop("≤ 1 h"),
    gettext_noop("1–24 h"),
    gettext_noop("1–3 d"),
    gettext_noop("3–7 d"),
    gettext_noop("> 7 d"),
)
AUTOMATIC = ""
MONTH_PATTERN = re.compile(r"([12]\d{3})-(0[1-9]|1[0-2])")


class Month(NamedTuple):
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
        _, days = calendar.monthrange(self.year, self.month)
        return self.first_day.replace(day=days)

    def contains_date(self) -> ColumnElement[bool]:
        """Return the condition of documents dated in the month."""
        return SourceDocument.date.between(self.first_day, self.last_day)

    @property
    def written(self) -> str:
        """Return the month as addresses and files have it, such as 2026-02."""
        return f"{self.year}-{self.month:02}"


def parse_month(text: str) -> Month | None:
    """Return the month that an address names, as in 2026-02; None if it names none."""
    month = MONTH_PATTERN.fullmatch(text)
    return Month(int(month[1]), int(month[2])) if month else None


@dataclass
class Sum:
    """A number of documents and the sum of their amounts in one currency."""

    count: int = 0
    amount: Decimal = ZERO

    def add(self, count: int, amount: Decimal) -> None:
        """Add documents."""
        self.count += count
        self.amount += amount


class Group(StrEnum):
    """The columns of the control totals: the states of the documents."""

    POSTED = "posted"
    ATTENTION = "attention"
    LOST = "lost"
    OTHER = "other"


GROUP_LABELS: Mapping[str, str] = {
    Group.POSTED: gettext_noop("Posted"),
    Group.ATTENTION: gettext_noop("Still open"),
    Group.LOST: gettext_noop("Missing or removed"),
    Group.OTHER: gettext_noop("Neither posted nor open"),
}
# What the columns of files are called that hold the number and the amount of each group.
GROUP_COLUMNS = {
    Group.POSTED: ("posted", "posted_amount"),
    Group.ATTENTION: ("needs_attention", "needs_attention_amount"),
    Group.LOST: ("missing_or_removed", "missing_or_removed_amount"),
    Group.OTHER: ("other", "other_amount"),
}
SUM_COLUMNS = tuple(chain.from_iterable(GROUP_COLUMNS.values()))


def build_sum_columns(sum_for: Callable[[Group], Sum], currency: str) -> dict[str, Any]:
    """Return the sums of the groups as a file has them, with amounts to the cent."""
    columns: dict[str, Any] = {}
    for group, (count_column, total_column) in GROUP_COLUMNS.items():
        group_sum = sum_for(group)
        columns[count_column] = group_sum.count
        columns[total_column] = round_amount(group_sum.amount, currency)
    return columns


@dataclass
class ControlTotal:
    """The posted and the other documents of an app in one month and currency."""

    period: Month
    installation_id: int
    slug: str
    currency: str
    posted: Sum = field(default_factory=Sum)
    attention: Sum = field(default_factory=Sum)
    lost: Sum = field(default_factory=Sum)
    other: Sum = field(default_factory=Sum)

    def sum_for(self, group: str) -> Sum:
        """Return the sum of one of the groups."""
        sums = {
            Group.POSTED: self.posted,
            Group.ATTENTION: self.attention,
            Group.LOST: self.lost,
            Group.OTHER: self.other,
        }
        return sums[Group(group)]


class PersonApprovals(NamedTuple):
    """The approved and posted documents of a person in one currency; `who` is "" for automatic."""

    who: str
    currency: str
    documents: int
    amount: Decimal


class WaitingAmount(NamedTuple):
    """The documents that wait for a person in one app and currency, by age."""

    installation_id: int
    slug: str
    currency: str
    ages: Sequence[Sum]


class PostingDelays(NamedTuple):
    """The numbers of an app's documents by the time between source and posting."""

    installation_id: int
    slug: str
    counts: Sequence[int]


def load_control_totals(
    session: Session, documents: Any, year: int, home: str
) -> list[ControlTotal]:
    """Return the totals by month, app and currency, the newest month first.

    `documents` are the conditions of the documents; those of other years do not count. Amounts
    without a currency are in the `home` currency.
    """
    month = extract("month", SourceDocument.date)
    keys = (
        month,
        Installation.id,
        Installation.slug,
        Posting.currency,
        Posting.kind,
        build_group_column(),
    )
    query = select_parts(*keys, func.count(Posting.document_id.distinct()), build_amount_column())
    query = query.where(*documents, *build_year_conditions(year)).group_by(*keys)
    totals: dict[tuple[int, int, str], ControlTotal] = {}
    for number, installation_id, slug, currency, kind, group, count, amount in session.execute(
        query
    ):
        key = int(number), installation_id, currency or home
        total = totals.get(key)
        if total is None:
            period = Month(year, int(number))
            total = ControlTotal(period, installation_id, slug, currency or home)
            totals[key] = total
        total.sum_for(group).add(count, apply_sign(kind, amount))
    return [totals[key] for key in sorted(totals, key=lambda key: (-key[0], *key[1:]))]


def load_approvals(session: Session, documents: Any, year: int, home: str) -> list[PersonApprovals]:
    """Return who approved what was posted, the largest number first."""
    who = func.coalesce(Posting.approved_by, AUTOMATIC)
    state = build_state_column(Posting, TransactionHead)
    keys = (who, Posting.currency, Posting.kind)
    query = select_parts(*keys, func.count(Posting.document_id.distinct()), build_amount_column())
    query = query.where(*documents, *build_year_conditions(year), state == DocumentState.POSTED)
    sums: dict[tuple[str, str], Sum] = defaultdict(Sum)
    for name, currency, kind, count, amount in session.execute(query.group_by(*keys)):
        sums[name, currency or home].add(count, apply_sign(kind, amount))
    rows = [PersonApprovals(*key, one.count, one.amount) for key, one in sums.items()]
    return sorted(rows, key=lambda row: (-row.documents, row.who, row.currency))


def sum_waiting(
    session: Session, documents: Any, today: dt.datetime, home: str
) -> list[WaitingAmount]:
    """Return sums that wait for a person, by app, currency and days since the hub planned them."""
    age = case(*build_age_conditions(today), else_=len(AGE_LIMITS_IN_DAYS))
    keys = (Installation.id, Installation.slug, Posting.currency, Posting.kind, age)
    query = select_parts(*keys, func.count(Posting.document_id.distinct()), build_amount_column())
    query = query.where(*documents, Posting.state.in_(ATTENTION_STATES)).group_by(*keys)
    sums: dict[tuple[int, str, str], list[Sum]] = {}
    for installation_id, slug, currency, kind, place, count, amount in session.execute(query):
        key = installation_id, slug, currency or home
        ages = sums.setdefault(key, [Sum() for _ in AGE_LABELS])
        ages[place].add(count, apply_sign(kind, amount))
    return [WaitingAmount(*key, ages) for key, ages in sorted(sums.items())]


def load_delays(session: Session, documents: Any, year: int) -> list[PostingDelays]:
    """Return, by app, the times from when the hub first planned a document until it was posted."""
    keys = Installation.id, Installation.slug, build_delay_column(session)
    query = select_timed_postings(*keys, func.count())
    query = query.where(*documents, *build_year_conditions(year)).group_by(*keys)
    counts: dict[tuple[int, str], list[int]] = {}
    for installation_id, slug, place, count in session.execute(query):
        of_app = counts.setdefault((installation_id, slug), [0] * len(DELAY_LABELS))
        of_app[place] += count
    return [PostingDelays(*app, counts[app]) for app in sorted(counts)]


def select_timed_postings(*columns: Any) -> Select[Any]:
    """Return a query for the first postings of documents, if they are posted.

    If a document is posted in several parts, it is the one of the last part.
    """
    return (
        select(*columns)
        .select_from(SourceDocument)
        .join(Posting, Posting.document_id == SourceDocument.id)
        .join(Installation, Installation.id == Posting.installation_id)
        .where(
            Posting.state == PostingState.POSTED,
            Posting.operation == Operation.CREATE,
            Posting.generation == 0,
            or_(Posting.part == "", ~_has_later_part()),
            Posting.kind.not_in(LIST_KINDS),
        )
    )


def _has_later_part() -> ColumnElement[bool]:
    """Return whether another part of a document was posted, and planned later."""
    other = aliased(Posting)
    return exists().where(
        other.document_id == Posting.document_id,
        other.state == PostingState.POSTED,
        other.operation == Operation.CREATE,
        other.generation == 0,
        other.id > Posting.id,
    )


def build_delay_column(session: Session) -> ColumnElement[int]:
    """Return the index in `DELAY_LABELS` of the time until a posting was posted."""
    seconds = _build_delay_expression(session)
    limits = [(seconds <= hours * 3600, index) for index, hours in enumerate(DELAY_LIMITS_IN_HOURS)]
    return case(*limits, else_=len(DELAY_LIMITS_IN_HOURS))


def _build_delay_expression(session: Session) -> Any:
    """Return the seconds from when a posting was planned until it was posted."""
    if session.get_bind().dialect.name == "sqlite":
        days = func.julianday(Posting.changed_at) - func.julianday(Posting.created_at)
        return type_coerce(days, Float) * 86400
    return extract("epoch", Posting.changed_at - Posting.created_at)


def list_years(session: Session, documents: Any) -> list[int]:
    """Return the years with documents, the newest first.

    An index leads to the latest date before each of them.
    """
    latest = select(func.max(SourceDocument.date)).where(*documents)
    years: list[int] = []
    date = session.scalar(latest)
    while date is not None:
        years.append(date.year)
        date = session.scalar(latest.where(SourceDocument.date < date.replace(month=1, day=1)))
    return years


def choose_newest_year(years: Sequence[int], today: dt.date) -> int:
    """Return the newest of the years that is not ahead; of those that are ahead, the nearest."""
    past = [year for year in years if year <= today.year]
    return max(past) if past else min(years, default=today.year)


def select_parts(*columns: Any) -> Select[Any]:
    """Return a query for the postings that count for the parts of documents with an amount.

    What was withdrawn is not to be posted, and has no amount.
    """
    return (
        select(*columns)
        .select_from(SourceDocument)
        .join(Posting, Posting.document_id == SourceDocument.id)
        .join(Installation, Installation.id == Posting.installation_id)
        .outerjoin(TransactionHead, SAME_TRANSACTION)
        .where(
            counts_for_its_part(Posting),
            Posting.kind.not_in(LIST_KINDS),
            Posting.state != PostingState.WITHDRAWN,
        )
    )


def build_group_column() -> ColumnElement[str]:
    """Return the group that the state of a part of a document belongs to."""
    state = build_state_column(Posting, TransactionHead)
    return case(
        (state == DocumentState.POSTED, Group.POSTED),
        (state.in_(ATTENTION_STATES), Group.ATTENTION),
        (state.in_(DEPARTED), Group.LOST),
        else_=Group.OTHER,
    )


def build_year_conditions(year: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of documents dated in a year."""
    first_day, last_day = dt.date(year, 1, 1), dt.date(year, 12, 31)
    return SourceDocument.date >= first_day, SourceDocument.date <= last_day


def build_amount_column() -> ColumnElement[Any]:
    """Return the sum of the amounts, as QuickBooks answered them or else as planned."""
    return func.sum(func.coalesce(Posting.posted_total, Posting.total))


def build_age_conditions(today: dt.datetime) -> list[tuple[Any, int]]:
    """Return the conditions of the ages, youngest first."""
    conditions = []
    for index, days in enumerate(AGE_LIMITS_IN_DAYS):
        is_younger = Posting.created_at >= today - dt.timedelta(days=days + 1)
        conditions.append((is_younger, index))
    return conditions
