"""The chart of what was posted and corrected on each of the last days, drawn into the page."""

import datetime as dt
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session

from hub.context import current
from hub.models import Posting, SourceDocument
from hub.models.enums import Operation
from hub.models.postings import POSTED
from hub.posting.protocol.history import LIST_KINDS
from hub.security.rights import Scope

DAYS = 14
WIDTH, HEIGHT = 900, 240  # of the drawing; the page scales it
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 10, 26  # the margins around the bars
BAR_SHARE = 0.62  # of the width of a day
POSTED_OPERATIONS = (Operation.CREATE, Operation.UPDATE)
Counts = Mapping[tuple[dt.date, str], int]


@dataclass(frozen=True)
class Bar:
    """A day in the chart: the bar of what was posted, and on it that of what was corrected."""

    day: dt.date
    posted: int
    corrected: int
    x: float
    width: float
    posted_y: float
    posted_height: float
    corrected_y: float
    corrected_height: float

    @property
    def middle(self) -> float:
        """Return the middle of the bar, where its day is written."""
        return self.x + self.width / 2


@dataclass(frozen=True)
class Chart:
    """The bars, and the lines of the grid with their numbers."""

    bars: list[Bar]
    grid: list[tuple[int, float]]

    @property
    def has_corrections(self) -> bool:
        """Tell whether anything was corrected, so that a legend is needed."""
        return any(bar.corrected for bar in self.bars)


def read(session: Session, visible: Scope) -> Chart | None:
    """Return the chart of the last days; None if nothing was posted in them."""
    counts = count_by_day(session, visible)
    if not counts:
        return None
    return draw(counts, current().clock.now().date())


def count_by_day(session: Session, visible: Scope) -> Counter[tuple[dt.date, str]]:
    """Count what was posted and corrected on each of the last days.

    The index holds all columns that are read, and the days bound it. Only of suppliers, customers
    and items the document is looked up: those made for codes do not count.
    """
    first_day = current().clock.now().date() - dt.timedelta(days=DAYS - 1)
    since = dt.datetime.combine(first_day, dt.time(), dt.UTC)
    made_for = (
        select(SourceDocument.made_for)
        .where(SourceDocument.id == Posting.document_id)
        .scalar_subquery()
    )
    # The day is the first column of the groups: SQLite would else take the index of installations.
    query = (
        select(func.date(Posting.changed_at).label("day"), Posting.operation, func.count())
        .where(
            text(f"posting.{POSTED}"),
            Posting.part == "",
            Posting.operation.in_(POSTED_OPERATIONS),
            Posting.changed_at >= since,
            or_(Posting.kind.not_in(LIST_KINDS), made_for == ""),
            *visible.postings(),
        )
        .group_by("day", Posting.operation)
    )
    counts: Counter[tuple[dt.date, str]] = Counter()
    for day, operation, count in session.execute(query):
        counts[dt.date.fromisoformat(str(day)), operation] += count
    return counts


def draw(counts: Counts, today: dt.date) -> Chart:
    """Lay out the bars of the last days, oldest first."""
    days = [today - dt.timedelta(days=number) for number in range(DAYS - 1, -1, -1)]
    numbers = []
    for day in days:
        posted = counts.get((day, Operation.CREATE), 0)
        corrected = counts.get((day, Operation.UPDATE), 0)
        numbers.append((posted, corrected))
    marks = _steps(max(posted + corrected for posted, corrected in numbers))
    room = HEIGHT - TOP - BOTTOM
    unit = room / marks[-1]
    day_width = (WIDTH - LEFT - RIGHT) / DAYS
    bars = []
    for place, (day, (posted, corrected)) in enumerate(zip(days, numbers, strict=True)):
        posted_y = TOP + room - posted * unit
        bars.append(
            Bar(
                day=day,
                posted=posted,
                corrected=corrected,
                x=round(LEFT + place * day_width + day_width * (1 - BAR_SHARE) / 2, 1),
                width=round(day_width * BAR_SHARE, 1),
                posted_y=round(posted_y, 1),
                posted_height=round(posted * unit, 1),
                corrected_y=round(posted_y - corrected * unit, 1),
                corrected_height=round(corrected * unit, 1),
            )
        )
    grid = [(mark, round(TOP + room - mark * unit, 1)) for mark in marks]
    return Chart(bars, grid)


def _steps(highest: int) -> list[int]:
    """Return at most five round numbers, from zero to the highest value or just above."""
    sizes = [size * 10**power for power in range(9) for size in (1, 2, 5)]
    step = next(size for size in sizes if size * 4 >= highest)
    steps = max(1, math.ceil(highest / step))
    return [number * step for number in range(steps + 1)]
