"""Add up the documents of many companies: those of a month, and what needs attention, by age."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from hub.models import ConnectedCompany, Installation, Posting, SourceDocument
from hub.outbox.currencies import currency_or_home
from hub.outbox.sums import apply_sign
from hub.web.reporting.report_tables import (
    AGE_LIMITS_IN_DAYS,
    ATTENTION_STATES,
    Group,
    Month,
    Sum,
    build_age_conditions,
    build_amount_column,
    build_group_column,
    select_parts,
)

MONTHS_OFFERED = 24
MAX_AHEAD = dt.timedelta(days=366)


@dataclass
class CurrencyTotal:
    """The results of documents in one currency."""

    currency: str
    sums: dict[str, Sum] = field(default_factory=lambda: {group: Sum() for group in Group})

    def add(self, other: "CurrencyTotal") -> None:
        """Add the sums of another total."""
        for group, total in other.sums.items():
            self.sums[group].add(total.count, total.amount)


class Ages(NamedTuple):
    """The documents that wait for a person in one currency, by age."""

    currency: str
    ages: Sequence[Sum]


def find_newest_month(session: Session, documents: Any, today: dt.date) -> Month:
    """Return the month of the latest date of the documents; without any, that of today.

    A date that is far ahead, such as 9999-12-31 for “never”, counts only if there is no other.
    """
    is_near = SourceDocument.date <= today + MAX_AHEAD
    newest = find_newest_date(session, (*documents, is_near))
    newest = newest or find_newest_date(session, documents) or today
    return Month(newest.year, newest.month)


def find_opening_month(session: Session, documents: Any, today: dt.date) -> Month | None:
    """Return the newest month with documents up to that of today; None if there is none.

    Some documents are dated ahead, such as invoices of the coming months.
    """
    is_past = SourceDocument.date <= Month(today.year, today.month).last_day
    newest = find_newest_date(session, (*documents, is_past))
    return Month(newest.year, newest.month) if newest else None


def find_newest_date(session: Session, documents: Any) -> dt.date | None:
    """Return the latest date of the documents, None without any."""
    dates = select(SourceDocument.date).where(SourceDocument.date.is_not(None), *documents)
    return session.scalar(dates.order_by(SourceDocument.date.desc()).limit(1))


def list_months_until(newest: Month) -> list[Month]:
    """Return the months that a person may choose from, the newest first.

    Some sources write the date 0001-01-01 for “none”, and no month is before it.
    """
    last = newest.year * 12 + newest.month - 1
    first = max(last - MONTHS_OFFERED + 1, dt.MINYEAR * 12)
    return [Month(month // 12, month % 12 + 1) for month in range(last, first - 1, -1)]


def load_totals_of_month(
    session: Session, documents: Any, month: Month
) -> dict[int, dict[str, CurrencyTotal]]:
    """Return the totals of the documents dated in a month, by company and currency."""
    currency = build_currency_column()
    keys = Posting.company_id, currency, Posting.kind, build_group_column()
    is_of_month = month.contains_date()
    query = select_parts(*keys, func.count(Posting.document_id.distinct()), build_amount_column())
    query = query.join(ConnectedCompany, ConnectedCompany.id == Posting.company_id)
    totals: dict[int, dict[str, CurrencyTotal]] = defaultdict(dict)
    rows = session.execute(query.where(is_of_month, *documents).group_by(*keys))
    for company_id, code, kind, group, count, amount in rows:
        total = totals[company_id].setdefault(code, CurrencyTotal(code))
        total.sums[group].add(count, apply_sign(kind, amount))
    return totals


def sum_by_currency(totals: Iterable[Mapping[str, CurrencyTotal]]) -> list[CurrencyTotal]:
    """Add up the totals of all companies by currency."""
    sums: dict[str, CurrencyTotal] = {}
    for of_company in totals:
        for currency, total in of_company.items():
            sums.setdefault(currency, CurrencyTotal(currency)).add(total)
    return [sums[currency] for currency in sorted(sums)]


def load_waiting_totals(session: Session, installations: Any, now: dt.datetime) -> list[Ages]:
    """Return sums that wait for a person, by currency and the days since the hub planned them.

    `installations` are the conditions of the apps.
    """
    currency = build_currency_column()
    age = case(*build_age_conditions(now), else_=len(AGE_LIMITS_IN_DAYS))
    keys = currency, Posting.kind, age
    own = select(Installation.id).where(*installations)
    query = select_parts(*keys, func.count(Posting.document_id.distinct()), build_amount_column())
    query = query.join(ConnectedCompany, ConnectedCompany.id == Posting.company_id)
    query = query.where(Posting.installation_id.in_(own), Posting.state.in_(ATTENTION_STATES))
    sums: dict[str, list[Sum]] = {}
    for code, kind, place, count, amount in session.execute(query.group_by(*keys)):
        ages = sums.setdefault(code, [Sum() for _ in range(len(AGE_LIMITS_IN_DAYS) + 1)])
        ages[place].add(count, apply_sign(kind, amount))
    return [Ages(code, sums[code]) for code in sorted(sums)]


def build_currency_column() -> ColumnElement[str]:
    """Return the currency of a posting; without one it is that of the company."""
    return currency_or_home(Posting.currency)
