"""The metered usage of a company: its reads by day, and the calls that it has left."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Table, case, func, select
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.db import engine
from hub.models import ConnectedCompany, ReadDay
from hub.rate_limits.limiter import Budget, get_rate_limiter

# Reads included in Intuit's free tier, for all companies of a client together.
INCLUDED_READS_PER_MONTH = 500_000


@dataclass(frozen=True)
class Reads:
    """Reads of a company today and this month, by UTC days."""

    today: int
    month: int


def count_read(company_id: int) -> None:
    """Record one read; writes are free and are not counted."""
    today = current_hub().clock.now().date()
    with engine.transaction() as session:
        # This happens for each read, so it uses the table without the ORM.
        table = cast(Table, ReadDay.__table__)
        first_read = engine.insert(session, table).values(company_id=company_id, day=today, count=1)
        further_read = {"count": table.c.count + 1}
        session.execute(
            first_read.on_conflict_do_update(
                index_elements=["company_id", "day"],
                set_=further_read,
            )
        )


def count_reads(session: Session, company_id: int) -> Reads:
    """Return how often a company was read."""
    return count_reads_of_each(session, [company_id])[company_id]


def count_reads_of_each(session: Session, company_ids: Collection[int]) -> dict[int, Reads]:
    """Return how often each of some companies was read."""
    today = current_hub().clock.now().date()
    is_today = ReadDay.day == today
    counts_by_company = (
        select(
            ReadDay.company_id,
            func.sum(case((is_today, ReadDay.count), else_=0)),
            func.sum(ReadDay.count),
        )
        .where(ReadDay.company_id.in_(company_ids), ReadDay.day >= _get_start_of_month())
        .group_by(ReadDay.company_id)
    )
    counts = dict.fromkeys(company_ids, Reads(0, 0))
    for company_id, read_today, month in session.execute(counts_by_company):
        counts[company_id] = Reads(int(read_today), int(month))
    return counts


def _get_start_of_month() -> dt.date:
    """Return the first day of this month."""
    return current_hub().clock.now().date().replace(day=1)


def compute_remaining_budget(company: ConnectedCompany) -> Budget:
    """Return how many calls of a company this process may still make at this moment."""
    current = current_hub()
    limiter = get_rate_limiter(company.realm, current.clock, current.config)
    return limiter.budget()
