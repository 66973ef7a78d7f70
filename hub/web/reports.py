"""The reports about one company: control totals, approvals, and the age of what waits."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.context import current
from hub.db.engine import reading
from hub.models import Company, SourceDocument
from hub.money import to_cents
from hub.web import exports, report_tables
from hub.web.access import ANYWHERE, chosen_company_id, needs, scope
from hub.web.layout import app_name
from hub.web.report_tables import ControlTotal

EXPORTED = (
    "month",
    "app",
    "currency",
    "posted",
    "posted_amount",
    "needs_attention",
    "needs_attention_amount",
    "missing_or_removed",
    "missing_or_removed_amount",
    "other",
    "other_amount",
)
pages = Blueprint("reports", __name__, url_prefix="/reports")


@pages.get("/")
@needs("viewer", of=ANYWHERE)
def show() -> str | Response:
    """Show the reports about the chosen company; ask for one if there are several."""
    with reading() as session:
        company = _company(session)
        if company is None:
            return redirect(url_for("company_choice.show", next=url_for("reports.show")))
        documents = _documents(company)
        years = report_tables.years(session, documents)
        year = _year(years)
        home = company.currency
        now = current().clock.now()
        totals = report_tables.control_totals(session, documents, year, home)
        return render_template(
            "reports.html",
            company=company,
            years=years,
            year=year,
            totals=totals,
            approvals=report_tables.approvals(session, documents, year, home),
            waiting=report_tables.waiting(session, documents, now, home),
            age_labels=report_tables.AGE_LABELS,
        )


@pages.get("/export")
@needs("viewer", of=ANYWHERE)
def export() -> Response:
    """Download the control totals of a year."""
    with reading() as session:
        company = _company(session)
        if company is None:
            return redirect(url_for("company_choice.show", next=url_for("reports.show")))
        documents = _documents(company)
        year = _year(report_tables.years(session, documents))
        totals = report_tables.control_totals(session, documents, year, company.currency)
    return exports.download(f"control-totals-{year}", EXPORTED, _rows(totals))


def _company(session: Session) -> Company | None:
    """Return the chosen company, or the only one that the person may see."""
    company_id = chosen_company_id()
    if company_id is not None:
        return session.get(Company, company_id)
    visible = select(Company).where(*scope().companies()).order_by(Company.id).limit(2)
    companies = session.scalars(visible).all()
    return companies[0] if len(companies) == 1 else None


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
            "month": f"{total.period.year}-{total.period.month:02}",
            "app": app_name(total.slug),
            "currency": currency,
            "posted": total.posted.count,
            "posted_amount": to_cents(total.posted.amount, currency),
            "needs_attention": total.attention.count,
            "needs_attention_amount": to_cents(total.attention.amount, currency),
            "missing_or_removed": total.lost.count,
            "missing_or_removed_amount": to_cents(total.lost.amount, currency),
            "other": total.other.count,
            "other_amount": to_cents(total.other.amount, currency),
        }
