"""The report about all companies that a person may see: a month's tables, and what waits."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from flask import Response, render_template, request
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.models import ConnectedCompany
from hub.web.administration import checklist
from hub.web.authentication.access import load_scope
from hub.web.frame.company_choice import BY_NAME, COMPANIES_PER_PAGE, select_visible_companies
from hub.web.frame.moments import today
from hub.web.frame.paging import load_page
from hub.web.lists import exports
from hub.web.reporting import (
    company_postings,
    company_totals,
    report_charts,
    report_files,
    report_tables,
)
from hub.web.reporting.company_totals import CurrencyTotal
from hub.web.reporting.report_tables import Month

COLUMNS = (*report_files.COMPANY_COLUMNS, "currency", *report_tables.SUM_COLUMNS)


ToRows = Callable[[Session, Sequence[Any]], Iterator[exports.Row]]


class CompanyTotals(NamedTuple):
    """A company, and its totals by currency."""

    company: ConnectedCompany
    totals: Sequence[CurrencyTotal]


def render(session: Session) -> str:
    """Render the page: the totals by currency and by company, and what needs attention."""
    now = current_hub().clock.now()
    waiting = company_totals.load_waiting_totals(session, load_scope().installations(), now)
    if not waiting and company_totals.find_newest_date(session, load_scope().documents()) is None:
        steps = checklist.read_until_posted(session)
        return render_template("all_reports.html", is_empty=True, checklist=steps)
    newest, month = _find_months(session)
    documents = load_scope().documents()
    totals = company_totals.load_totals_of_month(session, documents, month)
    delays = company_postings.count_delays(session, documents, month)
    months = company_totals.list_months_until(newest)
    companies = load_page(
        session,
        select_visible_companies(),
        order_by=BY_NAME,
        is_descending=False,
        size=COMPANIES_PER_PAGE,
    )
    return render_template(
        "all_reports.html",
        month=month,
        months=months if month in months else [month, *months],
        sums=company_totals.sum_by_currency(totals.values()),
        page=companies,
        rows=[_build_row(company, totals) for company in companies.rows],
        delays=company_postings.load_delays(session, documents, month, companies.rows),
        delay_sums=delays,
        delay_labels=report_tables.DELAY_LABELS,
        delay_chart=report_charts.build_chart_of_counts(delays),
        approvals=company_postings.load_approvals(session, documents, month, companies.rows),
        waiting=waiting,
        age_labels=report_tables.AGE_LABELS,
        age_chart=report_charts.build_waiting_chart(waiting),
    )


def download(session: Session) -> Response:
    """Download a table of the companies in a month: the totals if the address names no other.

    What waits is of all months, as on the page.
    """
    if request.args.get("table") == "age":
        now = current_hub().clock.now()
        waiting = company_totals.load_waiting_totals(session, load_scope().installations(), now)
        waiting_rows = report_files.iter_waiting_of_currencies(waiting)
        columns_of_ages = report_files.AGE_COLUMNS_OF_CURRENCY
        return exports.download("needs-attention-by-age", columns_of_ages, waiting_rows)
    _, month = _find_months(session)
    name, columns, list_rows = _choose_file(session, month)
    rows = exports.read_in_chunks(
        select_visible_companies(), BY_NAME, list_rows, is_descending=False
    )
    return exports.download(f"{name}-{month.written}", columns, rows)


def _choose_file(session: Session, month: Month) -> tuple[str, Sequence[str], ToRows]:
    """Return name and columns of a file, and what makes its rows of some companies."""
    documents = load_scope().documents()
    table = request.args.get("table", "")
    if table == "delays":

        def iter_delays(session: Session, companies: Sequence[Any]) -> Iterator[exports.Row]:
            """Yield the times until the documents of companies were posted."""
            delays = company_postings.load_delays(session, documents, month, companies)
            return report_files.iter_company_delays(month, delays)

        return "time-to-books-of-companies", report_files.COMPANY_DELAY_COLUMNS, iter_delays
    if table == "approvals":

        def iter_approvals(session: Session, companies: Sequence[Any]) -> Iterator[exports.Row]:
            """Yield who approved what was posted for companies."""
            approvals = company_postings.load_approvals(session, documents, month, companies)
            return report_files.iter_company_approvals(month, approvals)

        columns = report_files.COMPANY_APPROVER_COLUMNS
        return "posted-by-whom-of-companies", columns, iter_approvals
    totals = company_totals.load_totals_of_month(session, documents, month)

    def iter_totals(_: Session, companies: Sequence[Any]) -> Iterator[exports.Row]:
        """Yield the totals of companies as a file has them."""
        for company in companies:
            for total in _build_row(company, totals).totals:
                yield _export_row(month, company, total)

    return "totals-of-companies", COLUMNS, iter_totals


def _find_months(session: Session) -> tuple[Month, Month]:
    """Return the newest month with documents, and the one that the page is about.

    That is the month of the address, or else the newest one that is not ahead.
    """
    documents = load_scope().documents()
    newest = company_totals.find_newest_month(session, documents, today())
    month = report_tables.parse_month(request.args.get("month", ""))
    if month is None:
        month = company_totals.find_opening_month(session, documents, today()) or newest
    return newest, month


def _build_row(
    company: ConnectedCompany, totals: dict[int, dict[str, CurrencyTotal]]
) -> CompanyTotals:
    """Return the totals of a company in the order of their currencies."""
    own = totals.get(company.id, {})
    return CompanyTotals(company, [own[currency] for currency in sorted(own)])


def _export_row(month: Month, company: ConnectedCompany, total: CurrencyTotal) -> exports.Row:
    """Return the total of a company and currency as a file has it."""
    return {
        **report_files.build_company_columns(month, company),
        "currency": total.currency,
        **report_tables.build_sum_columns(total.sums.__getitem__, total.currency),
    }
