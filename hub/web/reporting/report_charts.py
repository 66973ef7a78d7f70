"""The charts of the reports: posted by month and app, age of what waits, time until posted."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from hub.translations import dates
from hub.translations.messages import gettext
from hub.web.reporting import bar_chart
from hub.web.reporting.bar_chart import BarValue, Chart
from hub.web.reporting.company_totals import Ages
from hub.web.reporting.report_tables import (
    AGE_LABELS,
    DELAY_LABELS,
    SHORT_AGE_LABELS,
    SHORT_DELAY_LABELS,
    ControlTotal,
    PostingDelays,
    Sum,
    WaitingAmount,
)

MONTHS = tuple(dt.date(2000, number, 1) for number in range(1, 13))
MAX_APPS = 6  # if there are more, those that posted most have a chart


class AppChart(NamedTuple):
    """The documents that an app posted in each month of a year, and those that need attention."""

    installation_id: int
    slug: str
    chart: Chart


def build_posted_charts(totals: Sequence[ControlTotal]) -> list[AppChart]:
    """Return a chart for each app, the one that posted most first; none while all are empty."""
    posted_sums: dict[tuple[int, str], list[Sum]] = defaultdict(_build_empty_year)
    attention: dict[tuple[int, str], list[Sum]] = defaultdict(_build_empty_year)
    for total in totals:
        app = total.installation_id, total.slug
        month_index = total.period.month - 1
        posted_sums[app][month_index].add(total.posted.count, total.posted.amount)
        attention[app][month_index].add(total.attention.count, total.attention.amount)
    counts = {
        app: sum(posted_month.count for posted_month in months)
        for app, months in posted_sums.items()
    }
    charts = []
    for app in sorted(posted_sums, key=lambda app: (-counts[app], app))[:MAX_APPS]:
        months = zip(MONTHS, posted_sums[app], attention[app], strict=True)
        values = []
        for month, posted_sum, open_sum in months:
            name = dates.month_name(month)
            values.append(BarValue(name, posted_sum.count, open_sum.count, short=name[0].upper()))
        if any(value.first or value.second for value in values):
            charts.append(AppChart(*app, bar_chart.lay_out(values, bar_chart.NARROW_WIDTH)))
    return charts


def build_waiting_chart(waiting: Sequence[WaitingAmount] | Sequence[Ages]) -> Chart | None:
    """Return the chart of what needs attention by its age; None if nothing does."""
    if not waiting:
        return None
    values = []
    for index, (label, short) in enumerate(zip(AGE_LABELS, SHORT_AGE_LABELS, strict=True)):
        count = sum(row.ages[index].count for row in waiting)
        values.append(BarValue(gettext(label), count, short=gettext(short)))
    return bar_chart.lay_out(values, bar_chart.NARROW_WIDTH)


def build_delay_chart(delays: Sequence[PostingDelays]) -> Chart | None:
    """Return the chart of the time from the source to the books; None if nothing was posted."""
    counts = [sum(row.counts[index] for row in delays) for index in range(len(DELAY_LABELS))]
    return build_chart_of_counts(counts)


def build_chart_of_counts(counts: Sequence[int]) -> Chart | None:
    """Return the chart of the numbers for each time from the source; None without any."""
    if not any(counts):
        return None
    values = []
    for label, short, count in zip(DELAY_LABELS, SHORT_DELAY_LABELS, counts, strict=True):
        values.append(BarValue(gettext(label), count, short=gettext(short)))
    return bar_chart.lay_out(values, bar_chart.NARROW_WIDTH)


def _build_empty_year() -> list[Sum]:
    """Return an empty sum for each month."""
    return [Sum() for _ in MONTHS]
