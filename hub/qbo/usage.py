"""How much a company uses of what Intuit meters: its reads by day, and the room left for calls."""

from dataclasses import dataclass
from typing import cast

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.db import engine
from hub.models import Company, ReadDay
from hub.qbo.rate_limit import Budget, rate_limiter

# Reads that Intuit's free tier includes, of all companies of a client together.
INCLUDED_READS_PER_MONTH = 500_000


@dataclass(frozen=True)
class Reads:
    """Reads of a company today and this month, and of all companies this month, by UTC days."""

    today: int
    month: int
    everyone: int


def count_read(company_id: int) -> None:
    """Record one read; writes are free and are not counted."""
    today = hub_context.current().clock.now().date()
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


def reads(session: Session, company_id: int) -> Reads:
    """Return how often a company was read."""
    today = hub_context.current().clock.now().date()
    first_of_month = today.replace(day=1)
    count = select(func.coalesce(func.sum(ReadDay.count), 0))
    of_month = count.where(ReadDay.day >= first_of_month)
    of_company = of_month.where(ReadDay.company_id == company_id)
    of_today = of_company.where(ReadDay.day == today)
    return Reads(
        today=int(session.scalar(of_today) or 0),
        month=int(session.scalar(of_company) or 0),
        everyone=int(session.scalar(of_month) or 0),
    )


def room(company: Company) -> Budget:
    """Return what this process may still call of a company at this moment."""
    current = hub_context.current()
    limiter = rate_limiter(company.realm, current.clock, current.config)
    return limiter.budget()
