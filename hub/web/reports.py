"""The reports about one company, or all: control totals, approvals, and the age of what waits."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.context import current
from hub.db.engine import reading
from hub.models import Company, Installation, SourceDocument
from hub.money import to_cents
from hub.translations.messages import gettext_noop
from hub.web import all_companies_report, checklist, exports, report_charts, report_tables, row_ids
from hub.web.access import ANYWHERE, company_id_of_address, needs, scope
from hub.web.company_choice import chosen_or_only
from hub.web.layout import app_name
from hub.web.paging import page
from hub.web.report_tables import Cell, CellRow, ControlTotal, Group

EXPORTED = (
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
CELL_ARGUMENTS = ("month", "installation", "currency", "group")
CELL_ORDER = (SourceDocument.date, SourceDocument.id)
GROUP_LABELS = {
    Group.POSTED: gettext_noop("Posted"),
    Group.ATTENTION: gettext_noop("Needs attention"),
    Group.LOST: gettext_noop("Missing or removed"),
    Group.OTHER: gettext_noop("Neither posted nor in need of attention"),
}
pages = Blueprint("reports", __name__, url_prefix="/reports")


@pages.get("/")
@needs("viewer", of=ANYWHERE)
def show() -> str:
    """Show the reports about the chosen company, or about all of several."""
    with reading() as session:
        company = chosen_or_only(session)
        if company is None:
            return all_companies_report.render(session)
        documents = _documents(company)
        is_named = company_id_of_address() is not None
        years = report_tables.years(session, documents)
        home = company.currency
        now = current().clock.now()
        waiting = report_tables.waiting(session, documents, now, home)
        if not years and not waiting:
            steps = checklist.read_until_posted(session)
            return render_template(
                "reports.html", company=company, is_named=is_named, is_empty=True, checklist=steps
            )
        year = _year(years)
        totals = report_tables.control_totals(session, documents, year, home)
        delays = report_tables.delays(session, documents, year)
        return render_template(
            "reports.html",
            company=company,
            is_named=is_named,
            years=years,
            year=year,
            totals=totals,
            approvals=report_tables.approvals(session, documents, year, home),
            waiting=waiting,
            age_labels=report_tables.AGE_LABELS,
            delays=delays,
            delay_labels=report_tables.DELAY_LABELS,
            charts=report_charts.posted_by_month(totals),
            age_chart=report_charts.waiting_by_age(waiting),
            delay_chart=report_charts.time_until_posted(delays),
        )


@pages.get("/export")
@needs("viewer", of=ANYWHERE)
def export() -> Response:
    """Download the control totals of a year, or of all companies those of a month."""
    with reading() as session:
        company = chosen_or_only(session)
        if company is None:
            return all_companies_report.download(session)
        documents = _documents(company)
        year = _year(report_tables.years(session, documents))
        totals = report_tables.control_totals(session, documents, year, company.currency)
    return exports.download(f"control-totals-{year}", EXPORTED, _rows(totals))


@pages.get("/documents")
@needs("viewer", of=ANYWHERE)
def documents() -> str | Response:
    """List exactly the documents that make up a number of the control totals."""
    with reading() as session:
        company = _company_of_cell(session)
        cell = _cell(company) if company else None
        if company is None or cell is None:
            return redirect(url_for("reports.show"))
        visible = _documents(company)
        query = report_tables.documents_of(cell, visible)
        listed = page(session, query, by=CELL_ORDER)
        installation = session.get(Installation, cell.installation_id)
        return render_template(
            "report_documents.html",
            company=company,
            cell=cell,
            installation=installation,
            label=GROUP_LABELS[cell.group],
            total=report_tables.sum_of(session, cell, visible),
            page=replace(listed, rows=report_tables.rows_of(session, cell, listed.rows)),
            chosen={name: request.args[name] for name in CELL_ARGUMENTS if name in request.args},
        )


@pages.get("/documents/export")
@needs("viewer", of=ANYWHERE)
def export_documents() -> Response:
    """Download the documents that make up a number of the control totals."""
    with reading() as session:
        company = _company_of_cell(session)
        cell = _cell(company) if company else None
        if company is None or cell is None:
            return redirect(url_for("reports.show"))
        query = report_tables.documents_of(cell, _documents(company))

    def to_rows(look: Session, ids: Sequence[int]) -> Iterator[exports.Row]:
        """Yield documents as a file has them."""
        for row in report_tables.rows_of(look, cell, ids):
            yield _exported_document(row, cell.currency)

    rows = exports.read_in_chunks(query, CELL_ORDER, to_rows)
    return exports.download("documents-of-control-total", DOCUMENT_COLUMNS, rows)


def _installation_id() -> int | None:
    """Return the app whose number the address names."""
    return row_ids.parse(request.args.get("installation", ""))


def _company_of_cell(session: Session) -> Company | None:
    """Return the company of the app that the address names, whichever company is chosen."""
    installation_id = _installation_id()
    if installation_id is None or not scope().has_installation(installation_id):
        return chosen_or_only(session)
    installation = session.get(Installation, installation_id)
    return session.get(Company, installation.company_id) if installation else None


def _cell(company: Company) -> Cell | None:
    """Return the number of the control totals that the address names, None if it names none."""
    period = report_tables.parse_month(request.args.get("month", ""))
    installation_id = _installation_id()
    group = request.args.get("group", "")
    if period is None or installation_id is None or group not in GROUP_LABELS:
        return None
    currency = request.args.get("currency", "")[:3]
    return Cell(period, installation_id, currency, Group(group), company.currency)


def _exported_document(row: CellRow, currency: str) -> exports.Row:
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
        "amount": to_cents(row.amount, currency or "USD"),
    }


def _documents(company: Company) -> tuple[Any, ...]:
    """Return the conditions of the company's documents that the person may see."""
    return SourceDocument.company_id == company.id, *scope().documents()


def _year(years: list[int]) -> int:
    """Return the year that the address names, or else the newest one with documents."""
    name = request.args.get("year", "")
    if name.isdecimal() and int(name) in years:
        return int(name)
    today: dt.date = current().clock.now().date()
    return years[0] if years else today.year


def _rows(totals: list[ControlTotal]) -> Iterator[exports.Row]:
    """Yield the rows of the file."""
    for total in totals:
        currency = total.currency
        yield {
            "month": total.period.written,
            "app": app_name(total.slug),
            "currency": currency,
            **report_tables.columns_of_sums(total.sum_for, currency),
        }
