"""The report about all companies that a person may see: a month's totals, and what waits."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from flask import Response, render_template, request
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.models import ConnectedCompany
from hub.web import checklist, company_totals, exports, report_charts, report_tables
from hub.web.access import load_scope
from hub.web.company_choice import BY_NAME, COMPANIES_PER_PAGE, select_visible_companies
from hub.web.company_totals import CurrencyTotal
from hub.web.layout import today
from hub.web.paging import page
from hub.web.report_tables import Period

COLUMNS = (
    "month",
    "company",
    "company_id",
    "currency",
    *report_tables.SUM_COLUMNS,
)


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
        return render_template("reports_of_all.html", is_empty=True, checklist=steps)
    newest, month = _months(session)
    totals = company_totals.load_totals_of_month(session, load_scope().documents(), month)
    offered = company_totals.list_months_until(newest)
    companies = page(
        session, select_visible_companies(), by=BY_NAME, down=False, size=COMPANIES_PER_PAGE
    )
    return render_template(
        "reports_of_all.html",
        month=month,
        months=offered if month in offered else [month, *offered],
        sums=company_totals.sum_by_currency(totals.values()),
        page=companies,
        rows=[_row(company, totals) for company in companies.rows],
        waiting=waiting,
        age_labels=report_tables.AGE_LABELS,
        age_chart=report_charts.build_waiting_chart(waiting),
    )


def download(session: Session) -> Response:
    """Download the totals of each company in a month."""
    _, month = _months(session)
    totals = company_totals.load_totals_of_month(session, load_scope().documents(), month)

    def to_rows(look: Session, companies: Sequence[Any]) -> Iterator[exports.Row]:
        """Yield the totals of companies as a file has them."""
        for company in companies:
            for total in _row(company, totals).totals:
                yield _export_row(month, company, total)

    rows = exports.read_in_chunks(select_visible_companies(), BY_NAME, to_rows, down=False)
    return exports.download(f"totals-of-companies-{month.written}", COLUMNS, rows)


def _months(session: Session) -> tuple[Period, Period]:
    """Return the newest month with documents, and the one that the address names or else this."""
    newest = company_totals.find_newest_month(session, load_scope().documents(), today())
    return newest, report_tables.parse_month(request.args.get("month", "")) or newest


def _row(company: ConnectedCompany, totals: dict[int, dict[str, CurrencyTotal]]) -> CompanyTotals:
    """Return the totals of a company in the order of their currencies."""
    own = totals.get(company.id, {})
    return CompanyTotals(company, [own[currency] for currency in sorted(own)])


def _export_row(month: Period, company: ConnectedCompany, total: CurrencyTotal) -> exports.Row:
    """Return the total of a company and currency as a file has it."""
    return {
        "month": month.written,
        "company": company.name or company.realm,
        "company_id": company.realm,
        "currency": total.currency,
        **report_tables.columns_of_sums(total.sums.__getitem__, total.currency or "USD"),
    }
