"""The tables of the reports as files: what waits by age, time until posted, posted by person."""

from collections.abc import Iterable, Iterator, Sequence

from hub.models import ConnectedCompany
from hub.money import round_amount
from hub.web.frame.names import app_name
from hub.web.lists.exports import Row
from hub.web.reporting.company_postings import CompanyApproval, CompanyDelays
from hub.web.reporting.company_totals import Ages
from hub.web.reporting.report_tables import (
    AGE_LIMITS_IN_DAYS,
    DELAY_LIMITS_IN_HOURS,
    Month,
    PersonApprovals,
    PostingDelays,
    WaitingAmount,
)

AGE_NAMES = (
    *[f"up_to_{days}_days" for days in AGE_LIMITS_IN_DAYS],
    f"over_{AGE_LIMITS_IN_DAYS[-1]}_days",
)
AGE_COLUMNS_OF_CURRENCY = (
    "currency",
    *[f"{name}{end}" for name in AGE_NAMES for end in ("", "_amount")],
)
AGE_COLUMNS = ("app", *AGE_COLUMNS_OF_CURRENCY)
DELAY_NAMES = (
    *[f"up_to_{hours}_hours" for hours in DELAY_LIMITS_IN_HOURS],
    f"over_{DELAY_LIMITS_IN_HOURS[-1]}_hours",
)
DELAY_COLUMNS = ("app", *DELAY_NAMES)
APPROVER_COLUMNS = ("approved_by", "currency", "documents", "amount")
COMPANY_COLUMNS = ("month", "company", "company_id")
COMPANY_DELAY_COLUMNS = (*COMPANY_COLUMNS, *DELAY_NAMES)
COMPANY_APPROVER_COLUMNS = (*COMPANY_COLUMNS, *APPROVER_COLUMNS)


def iter_waiting(waiting: Iterable[WaitingAmount]) -> Iterator[Row]:
    """Yield what waits in an app and currency, by age."""
    for row in waiting:
        yield {"app": app_name(row.slug), **_build_age_columns(row)}


def iter_waiting_of_currencies(waiting: Iterable[Ages]) -> Iterator[Row]:
    """Yield what waits of all companies in a currency, by age."""
    for row in waiting:
        yield _build_age_columns(row)


def iter_delay_rows(delays: Iterable[PostingDelays]) -> Iterator[Row]:
    """Yield how many documents of an app were posted within each span of time."""
    for row in delays:
        counts: Sequence[int] = row.counts
        yield {"app": app_name(row.slug), **dict(zip(DELAY_NAMES, counts, strict=True))}


def iter_approver_rows(approvals: Iterable[PersonApprovals]) -> Iterator[Row]:
    """Yield what each person approved; without a name, what was posted automatically."""
    for row in approvals:
        yield _build_approval_columns(row)


def iter_company_delays(month: Month, delays: Iterable[CompanyDelays]) -> Iterator[Row]:
    """Yield how many documents of a company and month were posted within each span of time."""
    for row in delays:
        counts = dict(zip(DELAY_NAMES, row.counts, strict=True))
        yield {**build_company_columns(month, row.company), **counts}


def iter_company_approvals(month: Month, approvals: Iterable[CompanyApproval]) -> Iterator[Row]:
    """Yield what each person approved for a company in a month."""
    for row in approvals:
        yield {**build_company_columns(month, row.company), **_build_approval_columns(row)}


def build_company_columns(month: Month, company: ConnectedCompany) -> dict[str, object]:
    """Return the first columns of a file about many companies."""
    return {
        "month": month.written,
        "company": company.display_name,
        "company_id": company.realm,
    }


def _build_age_columns(row: WaitingAmount | Ages) -> dict[str, object]:
    """Return the numbers and amounts of each age as a file has them."""
    cells: dict[str, object] = {"currency": row.currency}
    for name, age in zip(AGE_NAMES, row.ages, strict=True):
        amount = round_amount(age.amount, row.currency)
        cells |= {name: age.count, f"{name}_amount": amount}
    return cells


def _build_approval_columns(row: PersonApprovals | CompanyApproval) -> dict[str, object]:
    """Return the columns of a person's approvals in a file."""
    return {
        "approved_by": row.who,
        "currency": row.currency,
        "documents": row.documents,
        "amount": round_amount(row.amount, row.currency),
    }
