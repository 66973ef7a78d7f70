"""The reports about one company, or all: control totals, approvals, and the age of what waits."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.context import current_hub
from hub.db.engine import read_only_session
from hub.models import ConnectedCompany, Installation, SourceDocument
from hub.money import round_amount
from hub.translations import dates
from hub.translations.messages import gettext
from hub.web.administration import checklist
from hub.web.authentication.access import ANYWHERE, company_id_of_address, load_scope, require_role
from hub.web.frame.company_choice import find_chosen_or_only_company
from hub.web.frame.moments import today
from hub.web.frame.names import app_name
from hub.web.frame.paging import load_page
from hub.web.lists import exports
from hub.web.reporting import (
    all_companies_report,
    report_cells,
    report_charts,
    report_files,
    report_tables,
)
from hub.web.reporting.report_cells import AnyCell, ApproverCell, Cell, CellRow
from hub.web.reporting.report_tables import GROUP_LABELS, ControlTotal, Group
from hub.web.request import row_ids

EXPORT_COLUMNS = (
    "month",
    "app",
    "currency",
    *report_tables.SUM_COLUMNS,
)
DOCUMENT_COLUMNS = (
    "id",
    "app",
    "source_id",
    "kind",
    "number",
    "party",
    "date",
    "state",
    "currency",
    "amount",
)
CELL_ARGUMENTS = ("month", "installation", "currency", "group", "year", "approver", "company")
CELL_ORDER = (SourceDocument.date, SourceDocument.id)
pages = Blueprint("reports", __name__, url_prefix="/reports")


@pages.get("/")
@require_role("viewer", of=ANYWHERE)
def show() -> str:
    """Show the reports about the chosen company, or about all of several."""
    with read_only_session() as session:
        company = find_chosen_or_only_company(session)
        if company is None:
            return all_companies_report.render(session)
        documents = _build_document_conditions(company)
        is_company_named = company_id_of_address() is not None
        years = report_tables.list_years(session, documents)
        home = company.currency
        now = current_hub().clock.now()
        waiting = report_tables.sum_waiting(session, documents, now, home)
        if not years and not waiting:
            steps = checklist.read_until_posted(session)
            return render_template(
                "reports.html",
                company=company,
                is_company_named=is_company_named,
                is_empty=True,
                checklist=steps,
            )
        year = _choose_year(years)
        totals = report_tables.load_control_totals(session, documents, year, home)
        delays = report_tables.load_delays(session, documents, year)
        return render_template(
            "reports.html",
            company=company,
            is_company_named=is_company_named,
            years=years,
            year=year,
            totals=totals,
            approvals=report_tables.load_approvals(session, documents, year, home),
            waiting=waiting,
            age_labels=report_tables.AGE_LABELS,
            delays=delays,
            delay_labels=report_tables.DELAY_LABELS,
            charts=report_charts.build_posted_charts(totals),
            age_chart=report_charts.build_waiting_chart(waiting),
            delay_chart=report_charts.build_delay_chart(delays),
        )


@pages.get("/export")
@require_role("viewer", of=ANYWHERE)
def export() -> Response:
    """Download a table about a company, the control totals if the address names no other.

    If no company is chosen, the tables are about all companies in one month.
    """
    table = request.args.get("table", "")
    with read_only_session() as session:
        company = find_chosen_or_only_company(session)
        if company is None:
            return all_companies_report.download(session)
        documents, home = _build_document_conditions(company), company.currency
        if table == "age":
            waiting = report_tables.sum_waiting(session, documents, current_hub().clock.now(), home)
            rows = report_files.iter_waiting(waiting)
            return exports.download("needs-attention-by-age", report_files.AGE_COLUMNS, rows)
        year = _choose_year(report_tables.list_years(session, documents))
        if table == "delays":
            rows = report_files.iter_delay_rows(report_tables.load_delays(session, documents, year))
            return exports.download(f"time-to-books-{year}", report_files.DELAY_COLUMNS, rows)
        if table == "approvals":
            approvals = report_tables.load_approvals(session, documents, year, home)
            rows = report_files.iter_approver_rows(approvals)
            return exports.download(f"posted-by-whom-{year}", report_files.APPROVER_COLUMNS, rows)
        totals = report_tables.load_control_totals(session, documents, year, home)
    return exports.download(f"control-totals-{year}", EXPORT_COLUMNS, _iter_rows(totals))


@pages.get("/documents")
@require_role("viewer", of=ANYWHERE)
def documents() -> str | Response:
    """List exactly the documents that make up a number of the control totals."""
    with read_only_session() as session:
        company = _find_company_of_cell(session)
        cell = _parse_cell(company) if company else None
        if company is None or cell is None:
            return redirect(url_for("reports.show"))
        visible = _build_document_conditions(company)
        query = report_cells.select_documents(cell, visible)
        page = load_page(session, query, order_by=CELL_ORDER)
        return render_template(
            "report_documents.html",
            company=company,
            cell=cell,
            title=_build_title(cell),
            subtitle=_describe_cell(session, cell),
            total=report_cells.load_sum(session, cell, visible),
            page=replace(page, rows=report_cells.load_rows(session, cell, page.rows)),
            cell_arguments={
                name: request.args[name] for name in CELL_ARGUMENTS if name in request.args
            },
        )


@pages.get("/documents/export")
@require_role("viewer", of=ANYWHERE)
def export_documents() -> Response:
    """Download the documents that make up a number of the control totals."""
    with read_only_session() as session:
        company = _find_company_of_cell(session)
        cell = _parse_cell(company) if company else None
        if company is None or cell is None:
            return redirect(url_for("reports.show"))
        query = report_cells.select_documents(cell, _build_document_conditions(company))

    def list_rows(session: Session, ids: Sequence[int]) -> Iterator[exports.Row]:
        """Yield documents as a file has them."""
        for row in report_cells.load_rows(session, cell, ids):
            yield _build_exported_document(row, cell.currency)

    rows = exports.read_in_chunks(query, CELL_ORDER, list_rows)
    return exports.download("documents-of-control-total", DOCUMENT_COLUMNS, rows)


def _parse_installation_id() -> int | None:
    """Return the app whose number the address names."""
    return row_ids.parse(request.args.get("installation", ""))


def _find_company_of_cell(session: Session) -> ConnectedCompany | None:
    """Return the company of the app that the address names, whichever company is chosen."""
    installation_id = _parse_installation_id()
    if installation_id is None or not load_scope().has_installation(installation_id):
        return find_chosen_or_only_company(session)
    installation = session.get(Installation, installation_id)
    return session.get(ConnectedCompany, installation.company_id) if installation else None


def _parse_cell(company: ConnectedCompany) -> AnyCell | None:
    """Return the number of the reports that the address names, None if it names none."""
    if "approver" in request.args:
        return _parse_approver_cell(company)
    period = report_tables.parse_month(request.args.get("month", ""))
    installation_id = _parse_installation_id()
    group = request.args.get("group", "")
    if period is None or installation_id is None or group not in GROUP_LABELS:
        return None
    currency = request.args.get("currency", "")[:3]
    return Cell(period, installation_id, currency, Group(group), company.currency)


def _parse_approver_cell(company: ConnectedCompany) -> ApproverCell | None:
    """Return the cell of a person's approvals in the address; None if it has no year or month."""
    currency = request.args.get("currency", "")[:3]
    who = request.args["approver"]
    period = report_tables.parse_month(request.args.get("month", ""))
    if period is not None:
        return ApproverCell(who, period.year, currency, company.currency, period)
    year = row_ids.parse(request.args.get("year", ""))
    if year is None or not dt.MINYEAR <= year <= dt.MAXYEAR:
        return None
    return ApproverCell(who, year, currency, company.currency)


def _build_title(cell: AnyCell) -> str:
    """Return the title of the list of documents behind a number."""
    if isinstance(cell, Cell):
        return f"{gettext(GROUP_LABELS[cell.group])} · {dates.month(cell.period.first_day)}"
    time = dates.month(cell.period.first_day) if cell.period else str(cell.year)
    if cell.who:
        return gettext("Approved by %(who)s, %(year)s", who=cell.who, year=time)
    return gettext("Posted automatically, %(year)s", year=time)


def _describe_cell(session: Session, cell: AnyCell) -> str:
    """Return the app, if the person may see it, and the currency of a number."""
    installation_id = cell.installation_id if isinstance(cell, Cell) else None
    if installation_id is None or not load_scope().has_installation(installation_id):
        return cell.currency
    installation = session.get(Installation, installation_id)
    return f"{app_name(installation.slug)} · {cell.currency}" if installation else cell.currency


def _build_exported_document(row: CellRow, currency: str) -> exports.Row:
    """Return a document as a file has it."""
    return {
        "id": row.document.id,
        "app": app_name(row.document.slug),
        "source_id": row.document.source_id,
        "kind": row.kind,
        "number": row.document.number,
        "party": row.document.party,
        "date": row.document.date,
        "state": row.state,
        "currency": currency,
        "amount": round_amount(row.amount, currency),
    }


def _build_document_conditions(company: ConnectedCompany) -> tuple[Any, ...]:
    """Return the conditions of the company's documents that the person may see."""
    return SourceDocument.company_id == company.id, *load_scope().documents()


def _choose_year(years: list[int]) -> int:
    """Return the year that the address names, or else the newest one with documents.

    A year that is ahead counts only if there is no other: documents may be dated ahead, and sources
    write a date such as 9999-12-31 for “never”.
    """
    name = request.args.get("year", "")
    if name.isdecimal() and int(name) in years:
        return int(name)
    return report_tables.choose_newest_year(years, today())


def _iter_rows(totals: list[ControlTotal]) -> Iterator[exports.Row]:
    """Yield the rows of the file."""
    for total in totals:
        currency = total.currency
        yield {
            "month": total.period.written,
            "app": app_name(total.slug),
            "currency": currency,
            **report_tables.build_sum_columns(total.sum_for, currency),
        }
