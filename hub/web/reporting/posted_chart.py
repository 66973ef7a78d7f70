"""The chart of what was posted and corrected on each of the last days, drawn into the page."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, or_, select, text
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.contract.document_kinds import LIST_KINDS
from hub.models import Posting, SourceDocument
from hub.models.enums import WRITE_OPERATIONS, Operation
from hub.models.postings import POSTED_CONDITION
from hub.security.rights import Scope
from hub.web.frame.moments import today, zone
from hub.web.reporting import bar_chart
from hub.web.reporting.bar_chart import BarValue, Chart

CHART_DAYS = 14
Counts = Mapping[tuple[dt.date, str], int]


def read(session: Session, visible: Scope) -> Chart | None:
    """Return the chart of the last days; None if nothing was posted in them."""
    counts = count_by_day(session, visible, ZoneInfo(zone()))
    if not counts:
        return None
    return lay_out(counts, today())


def count_by_day(
    session: Session, visible: Scope, page_zone: ZoneInfo
) -> Counter[tuple[dt.date, str]]:
    """Count the documents that were posted and corrected on each of the last days of a time zone.

    A document counts once on each day, as in the figures of the apps, even if it was posted in
    several parts, or again after it had left QuickBooks.
    The index holds all columns that are read, and the days bound it. Only of suppliers, customers
    and items the document is looked up: those made for codes do not count.
    """
    last_day = current_hub().clock.now().astimezone(page_zone).date()
    days = [last_day - dt.timedelta(days=number) for number in range(CHART_DAYS)]
    starts = [dt.datetime.combine(day, dt.time(), page_zone) for day in days]
    age = case(*[(Posting.changed_at >= start, number) for number, start in enumerate(starts)])
    made_for = (
        select(SourceDocument.made_for)
        .where(SourceDocument.id == Posting.document_id)
        .scalar_subquery()
    )
    # The offset keeps SQLite from grouping while it reads, for which it would take another index.
    rows = (
        select(age.label("age"), Posting.operation, Posting.document_id)
        .where(
            text(f"posting.{POSTED_CONDITION}"),
            Posting.operation.in_(WRITE_OPERATIONS),
            Posting.changed_at >= starts[-1],
            or_(Posting.kind.not_in(LIST_KINDS), made_for == ""),
            *visible.postings(),
        )
        .offset(0)
        .subquery()
        .c
    )
    count = func.count(rows.document_id.distinct())
    query = select(rows.age, rows.operation, count)
    counts: Counter[tuple[dt.date, str]] = Counter()
    for number, operation, total in session.execute(query.group_by(rows.age, rows.operation)):
        counts[days[number], operation] += total
    return counts


def lay_out(counts: Counts, today: dt.date) -> Chart:
    """Lay out the bars of the last days, oldest first: what was posted, and on it the corrected."""
    values = []
    for number in range(CHART_DAYS - 1, -1, -1):
        day = today - dt.timedelta(days=number)
        posted_count = counts.get((day, Operation.CREATE), 0)
        values.append(BarValue(day, posted_count, counts.get((day, Operation.UPDATE), 0)))
    return bar_chart.lay_out(values)
