"""The tables of a company's reports as files: what waits by age, time until posted, by person."""

from collections.abc import Iterable, Iterator, Sequence

from hub.money import to_cents
from hub.web.exports import Row
from hub.web.layout import app_name
from hub.web.report_tables import AGES, DELAYS, Approved, PostingDelays, WaitingAmount

AGE_NAMES = (*[f"up_to_{days}_days" for days in AGES], f"over_{AGES[-1]}_days")
AGE_COLUMNS = (
    "app",
    "currency",
    *[f"{name}{end}" for name in AGE_NAMES for end in ("", "_amount")],
)
DELAY_NAMES = (*[f"up_to_{hours}_hours" for hours in DELAYS], f"over_{DELAYS[-1]}_hours")
DELAY_COLUMNS = ("app", *DELAY_NAMES)
APPROVER_COLUMNS = ("approved_by", "currency", "documents", "amount")


def iter_waiting(waiting: Iterable[WaitingAmount]) -> Iterator[Row]:
    """Yield what waits in an app and currency, by age."""
    for row in waiting:
        cells: dict[str, object] = {"app": app_name(row.slug), "currency": row.currency}
        for name, age in zip(AGE_NAMES, row.ages, strict=True):
            cells |= {name: age.count, f"{name}_amount": to_cents(age.amount, row.currency)}
        yield cells


def iter_delay_rows(delays: Iterable[PostingDelays]) -> Iterator[Row]:
    """Yield how many documents of an app were posted within each span of time."""
    for row in delays:
        counts: Sequence[int] = row.counts
        yield {"app": app_name(row.slug), **dict(zip(DELAY_NAMES, counts, strict=True))}


def iter_approver_rows(approvals: Iterable[Approved]) -> Iterator[Row]:
    """Yield what each person approved; without a name, what was posted automatically."""
    for row in approvals:
        yield {
            "approved_by": row.who,
            "currency": row.currency,
            "documents": row.documents,
            "amount": to_cents(row.amount, row.currency),
        }
