"""The newest reconciliation of each company that a person may see, as a page and as a file."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from flask import Response, render_template
from sqlalchemy.orm import Session

from hub.models import ConnectedCompany
from hub.translations.messages import gettext_noop
from hub.web.authentication.access import load_scope
from hub.web.frame.company_choice import BY_NAME, COMPANIES_PER_PAGE, select_visible_companies
from hub.web.frame.paging import ListPage, load_page
from hub.web.lists import exports
from hub.web.reconcile.reconciliation_summary import (
    ReconciliationSummary,
    load_newest_reconciliations,
)

COLUMNS = (
    "company",
    "company_id",
    "result",
    "reconciled_at",
    "documents",
    "matching",
    "currency",
    "difference",
    "differing",
    "needs_attention",
    "accepted",
    "later_failure",
    "run",
)


class Result(StrEnum):
    """The result of the newest reconciliation of a company."""

    RECONCILED = "reconciled"
    DIFFERS = "differs"
    OLD = "old"
    NONE = "none"
    HIDDEN = "hidden"


# What a page calls each result, and the color of its badge.
RESULT_LABELS = {
    Result.RECONCILED: (gettext_noop("Reconciled"), "good"),
    Result.DIFFERS: (gettext_noop("Differs"), "bad"),
    Result.OLD: (gettext_noop("Not recent"), "look"),
    Result.NONE: (gettext_noop("Not reconciled yet"), "calm"),
    Result.HIDDEN: (gettext_noop("For the whole company only"), "calm"),
}


class CompanyReconciliation(NamedTuple):
    """A company and its newest reconciliation; None if the person sees the company in part."""

    company: ConnectedCompany
    result: Result
    summary: ReconciliationSummary | None

    @property
    def label(self) -> str:
        """Return the result in words."""
        return RESULT_LABELS[self.result][0]

    @property
    def tone(self) -> str:
        """Return the color of the badge."""
        return RESULT_LABELS[self.result][1]


def render(session: Session) -> str:
    """Render the page: a row for each company, by name."""
    companies = load_page(
        session,
        select_visible_companies(),
        order_by=BY_NAME,
        is_descending=False,
        size=COMPANIES_PER_PAGE,
    )
    rows = _load_rows(session, companies.rows)
    page = ListPage(rows, companies.newer, companies.older)
    return render_template("all_reconciliations.html", page=page)


def download() -> Response:
    """Download the newest reconciliation of each company."""

    def list_rows(session: Session, companies: Sequence[ConnectedCompany]) -> Iterator[exports.Row]:
        """Yield a row for each company and currency that differs."""
        for row in _load_rows(session, companies):
            yield from _export_rows(row)

    rows = exports.read_in_chunks(
        select_visible_companies(), BY_NAME, list_rows, is_descending=False
    )
    return exports.download("reconciliations", COLUMNS, rows)


def _load_rows(
    session: Session, companies: Sequence[ConnectedCompany]
) -> list[CompanyReconciliation]:
    """Return the newest reconciliation of each company, in a few queries for all."""
    whole_ids = [company.id for company in companies if load_scope().has_company(company.id)]
    summaries = load_newest_reconciliations(session, whole_ids)
    rows = []
    for company in companies:
        summary = summaries.get(company.id)
        result = _describe_result(summary) if company.id in whole_ids else Result.HIDDEN
        rows.append(CompanyReconciliation(company, result, summary))
    return rows


def _describe_result(summary: ReconciliationSummary | None) -> Result:
    """Return the result of a reconciliation; one that failed later, or long ago, is old."""
    if summary is None:
        return Result.NONE
    if not summary.is_good:
        return Result.DIFFERS
    return Result.RECONCILED if summary.is_fresh else Result.OLD


def _export_rows(row: CompanyReconciliation) -> Iterator[exports.Row]:
    """Yield a company as a file has it: a row for each currency that differs, one at least."""
    values: dict[str, Any] = dict.fromkeys(COLUMNS)
    values |= {
        "company": row.company.display_name,
        "company_id": row.company.realm,
        "result": row.label,
    }
    if row.summary is None:
        yield values
        return
    values |= {
        "reconciled_at": row.summary.at,
        "documents": row.summary.documents,
        "matching": row.summary.matching,
        "differing": row.summary.differing,
        "needs_attention": row.summary.troubles,
        "accepted": row.summary.accepted,
        "later_failure": row.summary.failed,
        "run": row.summary.run_id,
    }
    for currency, amount in row.summary.stated_differences.items():
        yield values | {"currency": currency, "difference": amount}
