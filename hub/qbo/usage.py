"""How much of what Intuit meters and limits a company uses: reads by day, and the room left for calls."""

from dataclasses import dataclass
from typing import cast

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.db import engine
from hub.models import Company, ReadDay
from hub.qbo.rate_limit import Budget, rate_limiter

INCLUDED_A_MONTH = (
    500_000  # reads that Intuit's free tier holds, of all companies of its client together
)


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
        # The table itself, without the ORM: this is done for each read.
        table = cast(Table, ReadDay.__table__)
        first = engine.insert(session, table).values(company_id=company_id, day=today, count=1)
        one_more = {"count": table.c.count + 1}
        session.execute(
            first.on_conflict_do_update(index_elements=["company_id", "day"], set_=one_more)
        )


def reads(session: Session, company_id: int) -> Reads:
    """How often a company was read."""
    today = hub_context.current().clock.now().date()
    month = select(func.coalesce(func.sum(ReadDay.count), 0)).where(
        ReadDay.day >= today.replace(day=1)
    )
    mine = month.where(ReadDay.company_id == company_id)
    counts = [
        session.scalar(asked) or 0 for asked in (mine.where(ReadDay.day == today), mine, month)
    ]
    return Reads(*map(int, counts))


def room(company: Company) -> Budget:
    """What this process may still call of the company at this moment."""
    current = hub_context.current()
    return rate_limiter(company.realm, current.clock, current.config).budget()
